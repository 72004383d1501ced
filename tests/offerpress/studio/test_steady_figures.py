"""A site that changes while it is read: the faults of a moment are nobody's."""

import gc
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Thread
from weakref import ref

import pytest

from generator import Content
from offerpress.preview.ledger import LedgerReader, ReadLedger
from offerpress.preview.state import Preview
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.sessions import Sessions
from offerpress.studio.state.studio import Studio, page
from tests.offerpress.studio.test_content_list import visit
from tests.servers.studio import small_site


class Replacing(LedgerReader):
    """Another program takes the partners away while they are read, so many times, and writes them anew afterwards."""

    times = 0

    def read(self, site: Site, content: Content | None) -> ReadLedger:
        """Read without the partners for the first times."""
        if not self.times:
            return super().read(site, content)
        self.times -= 1
        partners = site.folder / "data" / "partners.csv"
        content_before = partners.read_bytes()
        partners.unlink()
        try:
            return super().read(site, content)
        finally:
            partners.write_bytes(content_before)


HISTORY: dict[str, object] = {"zone": "UTC", "entries": [], "more": 0}


class Slow(LedgerReader):
    """A reading that has begun and ends when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = Event(), Event()

    def read(self, site: Site, content: Content | None) -> ReadLedger:
        """Wait, then read."""
        self.begun.set()
        assert self.go.wait(120)
        return super().read(site, content)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A small site on the last day of 2023."""
    return Site(
        small_site(tmp_path),
        datetime.now(UTC),
        {"OFFERPRESS_SITE_SECRET": secrets.token_hex(32)},
        date(2023, 12, 31),
    )


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_first_look_while_files_are_replaced_shows_figures(site: Site, times: int) -> None:
    """A fault that another program's replacing caused is not shown: the studio reads again."""
    ledger = Replacing()
    ledger.times = times
    reader = FiguresReader(lambda: site, ledger)
    assert ["A-1", "B-2"] == list((reader.open() or pytest.fail(str(reader.faults))).people)
    assert () == reader.faults


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_preview_that_begins_while_files_are_replaced_shows_figures(site: Site, times: int) -> None:
    """The same in the preview, from which the studio takes mails and statements."""
    ledger = Replacing()
    ledger.times = times
    state = Preview(lambda: site, "", ledger).opened()
    assert state.staff, state.faults
    assert () == state.faults


def test_a_site_that_stands_still_has_its_faults_and_the_page_names_the_first(site: Site) -> None:
    """What is wrong on the disk is said, with the file and the remedy."""
    (site.folder / "data" / "partners.csv").unlink()
    studio = Studio(
        lambda: site, FiguresReader(lambda: site), Sessions(secrets.token_urlsafe), secrets.token_urlsafe
    )
    seen = visit(studio)
    for ask in (seen.current, seen.drafts):
        with pytest.raises(OfferpressError, match=r"no figures yet.*The first: data/partners\.csv.*“Today”"):
            ask()


def test_a_look_does_not_wait_for_newer_figures(site: Site) -> None:
    """While somebody's look reads newer figures, others see the last ones, and the page says of when they are."""
    ledger = Slow()
    ledger.go.set()
    studio = Studio(
        lambda: site,
        FiguresReader(lambda: site, ledger),
        Sessions(secrets.token_urlsafe),
        secrets.token_urlsafe,
    )
    seen = visit(studio)
    first = seen.current()
    assert b"newer ones are being read" not in page("overview/history.html", seen, HISTORY)
    ledger.begun.clear()
    ledger.go.clear()
    partners = site.folder / "data" / "partners.csv"
    partners.write_text(partners.read_text(encoding="utf-8").replace("Alder Works", "Alder Mills"), "utf-8")
    reading = Thread(target=studio.reader.open)
    reading.start()
    assert ledger.begun.wait(120)
    assert first is seen.current()
    assert b"newer ones are being read" in page("overview/history.html", seen, HISTORY)
    ledger.go.set()
    reading.join()
    assert "Alder Mills" == seen.current().people["A-1"][0].partner.name
    assert b"newer ones are being read" not in page("overview/history.html", seen, HISTORY)


def test_figures_are_spared_the_search_for_garbage(site: Site) -> None:
    """What was read is not searched for unreachable objects, which stops everybody; older figures go all the same."""
    reader = FiguresReader(lambda: site)
    current = reader.open() or pytest.fail(str(reader.faults))
    assert not any(one is current.people for one in gc.get_objects())
    former = ref(current)
    partners = site.folder / "data" / "partners.csv"
    partners.write_text(partners.read_text(encoding="utf-8").replace("Alder Works", "Alder Mills"), "utf-8")
    del current
    assert reader.open()
    assert former() is None
