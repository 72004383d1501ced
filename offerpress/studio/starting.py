"""The start of the studio: its ports, what it says, and what it reads before the first person asks."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from socket import socket
from threading import Thread

from offerpress.preview.serving import close_all, is_local, listen, port_of, serving
from offerpress.preview.state import FAILURES
from offerpress.site.folder import OfferpressError
from offerpress.site.people import read_people
from offerpress.site.settings_file import StudioSettings, read_section
from offerpress.site.site import Site
from offerpress.studio.application import StudioServer
from offerpress.studio.overview.finance_page import finance_figures
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.deeds import mend_history
from offerpress.studio.state.sessions import Sessions
from offerpress.studio.state.studio import Studio
from offerpress.terminal import count
from rewards import Fault, Faulty, day_text

_WARMED = 3
_TRIES = 20
_LONGEST_READING = 20.0
_LOOKED_EVERY = 0.5


def run_studio(
    site_now: Callable[[], Site],
    place: tuple[str, int],
    random_text: Callable[[int], str],
    say: Callable[[str], None],
) -> None:
    """Answer at a host and port of this machine until SIGTERM or Ctrl-C; port 0 takes a free one.

    Where nobody was added yet, the printed address holds a code with which the first person joins, once.
    """
    site = site_now()
    settings = _settings(site, place[0])
    studio = Studio(site_now, FiguresReader(site_now), Sessions(random_text), random_text, settings)
    first = not any(one.active for one in read_people(site).values())
    listening = open_ports(studio, *place)
    beside = partial(_warm, studio, say), partial(studio.preview.follow, studio.ended), studio.follow_texts
    threads = [Thread(target=_once_begun, args=(studio, one), daemon=True) for one in beside]
    try:
        studio.first_code = random_text(24) if first else ""
        say(f"Studio: {studio.origin}/" + (f"join#{studio.first_code}" if first else ""))
        if first:
            say("Nobody was added yet. Open this address: it works once, and makes you the first person.")
        who = "Only the proxy can" if settings.origin else "Only this machine can"
        say(f"{who} reach it. Ctrl-C stops it; nothing that was approved or sent changes by that.")
        if settings.origin:
            ports = f"{settings.origin} to port {studio.port}, {settings.frames} to port {studio.frames.port}"
            say(f"The proxy passes {ports}.")
        for each in threads:
            each.start()
        serving(StudioServer(studio), seconds=5, interrupted=studio.end_live).run(sockets=listening)
    finally:
        studio.close()
        close_all(listening)
        # A database must not be closed while one of them reads it.
        for each in filter(Thread.is_alive, threads):
            each.join(_LONGEST_READING)


def _once_begun(studio: Studio, work: Callable[[], None]) -> None:
    """Do the work as soon as there is a site: in an empty folder, the first person makes one in the browser."""
    while not studio.site_now().is_begun:
        if studio.ended.wait(_LOOKED_EVERY):
            return
    work()


def _settings(site: Site, host: str) -> StudioSettings:
    """Return `[studio]`. Where its file has faults, the studio is for this machine, and its pages name the faults."""
    faults: list[Fault] = []
    settings = (
        read_section(site.folder, "studio", StudioSettings, faults) if site.is_begun else StudioSettings()
    )
    if is_local(host):
        return settings or StudioSettings()
    if settings is None:
        raise Faulty(faults)
    if settings.origin is None:
        raise OfferpressError(
            f"no studio: --host {host}: other machines could reach it; set [studio] origin, frames and proxies first"
        )
    return settings


def open_ports(studio: Studio, host: str, port: int) -> list[socket]:
    """Listen on the studio's port and on that of the author origin: the next one behind a proxy, else a free one."""
    tries = 1 if port else _TRIES
    while True:
        own = listen(port, host)
        studio.port = port_of(own)
        tries -= 1
        try:
            frames = listen(studio.port + 1 if studio.settings.origin else 0, host)
            break
        except OfferpressError:
            close_all(own)
            if not tries:
                raise
    studio.frames.at(port_of(frames), studio.settings.frames)
    studio.preview.origin = studio.frames.origin
    return [*own, *frames]


def _warm(studio: Studio, say: Callable[[str], None]) -> None:
    """Complete the history after a crash, and read the figures and the newest plans before the first person asks."""
    with suppress(*FAILURES):  # the page of the history tries it again
        mend_history(studio, studio.site_now())
    say("Reading the figures …")
    current = studio.reader.open()
    faults = len(studio.reader.faults)
    ready = (
        f"Ready: {len(current.people):,} partners as of {day_text(current.figures.rules.as_of)}"
        if current
        else "Ready"
    )
    say(f"{ready}; {count(faults, 'fault')}: the page Today names them" if faults else ready)
    with suppress(*FAILURES):  # whoever opens the plan is told
        _read_newest(studio)
    if current is not None:
        with suppress(*FAILURES):  # likewise
            _ = current.searched
            if studio.site_now().batches.is_dir():
                finance_figures(studio, studio.site_now(), current)


def _read_newest(studio: Studio) -> None:
    site = studio.site_now()
    if not site.batches.is_dir():
        return
    with site.open_outbox() as outbox:
        newest = [record.plan for record in outbox.plans()][-_WARMED:]
    for plan in reversed(newest):
        with site.open_batch(plan) as batch:
            studio.facts(batch)
