"""Watches the files of a site by their names, so that no change is missed, whatever an editor or a checkout does."""

from collections.abc import Collection, Iterator
from glob import has_magic
from pathlib import Path
from threading import Event
from typing import Final

from watchfiles import watch

from offerpress.site.folder import SETTINGS_FILE
from offerpress.site.settings import read_settings

WATCHED: Final = ("content", "data", "templates")
WRITTEN: Final = ("output", "private")
_TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")
_WAKE_MS = 250


def watched_changes(folder: Path, ended: Event | None = None) -> Iterator[Collection[Path]]:
    """Yield the changed files of the site until `ended` is set; first an empty collection, once changes are watched.

    Folders are watched by their names: if one appears, goes or is replaced, watching begins again. The settings file is
    looked at by its name too, because many editors replace it.
    """
    file = folder / SETTINGS_FILE
    settings, names = _seen(file), _names(folder)
    places = _places(names)
    changed: set[Path] = set()
    while True:
        watcher = watch(
            *(_outermost(places) or [file]),
            watch_filter=lambda _, path: _counts(folder, path),
            debounce=50,
            step=20,
            rust_timeout=_WAKE_MS,
            yield_on_timeout=True,
            stop_event=ended,
        )
        # From here on the watcher runs, and no change is missed.
        if next(watcher, None) is None:
            return
        yield changed
        for found in watcher:
            changed = {Path(path) for _, path in found}
            if settings != _seen(file):
                settings, names = _seen(file), _names(folder)
                changed.add(file)
            before, places = places, _places(names)
            if places != before:
                changed |= {path for path in {*places, *before} if places.get(path) != before.get(path)}
                break
            if changed:
                yield changed
        watcher.close()
        if ended is not None and ended.is_set():
            return


def _names(folder: Path) -> list[Path]:
    """Return the folders of a site and the other folders that hold its data, whether they exist or not."""
    names = [folder / name for name in WATCHED]
    try:
        settings = read_settings(folder, [])
    except OSError:
        settings = None
    for table in _TABLES if settings else ():
        source = settings.data.of(table).path if settings else ""
        place = (folder / source).parent
        if "://" not in source and not has_magic(str(place)):
            names.append(place)
    return names


def _places(names: Collection[Path]) -> dict[Path, tuple[int, ...]]:
    """Return the folders that exist, each with its device and inode."""
    return {path: _seen(path)[:2] for path in names if path.is_dir()}


def _outermost(places: Collection[Path]) -> list[Path]:
    """Return the places that lie in no other one; the parent of none is a folder that always exists."""
    return [path for path in places if not any(other in path.parents for other in places)]


def _seen(path: Path) -> tuple[int, ...]:
    """Return what tells one state of a file from another: device, inode, size and time; empty without a file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _counts(folder: Path, path: str) -> bool:
    """Return whether a change of that file may change the preview. Files that commands write do not."""
    return not any(Path(path).is_relative_to(folder / name) for name in WRITTEN)
