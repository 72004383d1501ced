"""`serve`: watches the files of a site and shows what comes of them on this machine, until it is interrupted."""

import threading
from collections.abc import Callable, Iterator
from glob import has_magic
from pathlib import Path

from watchfiles import Change, watch

from offerpress.preview.server import PreviewServer
from offerpress.preview.staff import STAFF
from offerpress.site.folder import SETTINGS_FILE, OfferpressError
from offerpress.site.settings import read_settings
from offerpress.site.site import Site
from offerpress.terminal import say, show_faults
from rewards import Fault

WATCHED = ("content", "data", "templates", SETTINGS_FILE)
WRITTEN = ("output", "private")
TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")
WAKE_MS = 250
LAST_WORDS_SECONDS = 1.0


def serve(site_now: Callable[[], Site], port: int) -> None:
    """Shows the site of that folder on a port of this machine, and every change of it; port 0 takes a free one."""
    folder = site_now().folder
    try:
        server = PreviewServer(site_now, port)
    except OSError as error:
        remedy = "name another one with --port N"
        raise OfferpressError(f"no preview: port {port}: {error.strerror}; {remedy}") from error
    origin, preview = server.origin, server.preview

    def counts(_: Change, path: str) -> bool:
        return _counts(folder, path)

    watched = tuple(_watched(folder))
    changes = watch(
        *watched, watch_filter=counts, debounce=50, step=20, rust_timeout=WAKE_MS, yield_on_timeout=True
    )
    try:
        next(changes)  # from here on the watcher stands, and no change is missed
        preview.update()
        server.start()
        say(f"Serving {origin}/ (partners and mail: {origin}{STAFF}); Ctrl-C stops it")
        told = _tell((), preview.look.faults)
        for changed in changes:
            if changed:
                preview.update({Path(path) for _, path in changed})
                told = _tell(told, preview.look.faults)
    finally:
        preview.stop()
        server.stop()
        # DuckDB complains at the interpreter's end of whatever a thread still holds.
        for thread in threading.enumerate():
            if thread.daemon:
                thread.join(LAST_WORDS_SECONDS)


def _tell(before: tuple[Fault, ...], faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Names faults on the terminal when they change, and says when there are none any more."""
    if faults and faults != before:
        show_faults(faults)
    elif before and not faults:
        say("No faults any more")
    return faults


def _watched(folder: Path) -> Iterator[Path]:
    """The folders of a site, and where else its data come from."""
    yield from (folder / name for name in WATCHED if (folder / name).exists())
    settings = read_settings(folder, [])
    for table in TABLES if settings else ():
        source = settings.data.of(table).path if settings else ""
        place = (folder / source).parent
        if "://" not in source and not has_magic(str(place)) and place.is_dir():
            yield place


def _counts(folder: Path, path: str) -> bool:
    """Whether a change of that file may change what is shown; what commands write themselves does not."""
    return not any(Path(path).is_relative_to(folder / name) for name in WRITTEN)
