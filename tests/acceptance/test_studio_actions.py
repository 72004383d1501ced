"""What support and finance do in the studio: revoke a link, suppress an address, sign off a journal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offerpress.site.people import read_history
from offerpress.site.site import Site
from tests.acceptance.conftest import called
from tests.servers.studio import PASSPHRASE, Desk, signed_in, small_site, started

PARTNER = "/partner?id=A-1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site with people."""
    return small_site(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def ada(site: Path) -> Iterator[Desk]:
    """Ada, of finance and support, in a studio as of a day after the period."""
    office = started(site, ("--as-of", "2024-01-02"))
    yield signed_in(office.origin, "Ada")
    office.process.terminate()
    office.process.communicate()


def last_line(site: Path) -> tuple[str, str, str, str]:
    """Person, action, partner or subject, and note of the newest action that is no look."""
    rows = read_history(Site(site, datetime.now(UTC), {}))
    one = next(row for row in rows if not row.action.startswith(("looked", "signed in")))
    return one.person, one.action, one.partner or one.subject, one.note


def test_a_link_is_revoked(site: Path, ada: Desk) -> None:
    """The partner has another link, the page says when the old one ends, and the history names who did it."""
    before = called(site, "link", "A-1").out
    assert ada.found(PARTNER, "(Revoke the link)")
    text = ada.press("/partner/revoke", partner="A-1")[0]
    assert "the old link still opens the statement" in text
    assert before != called(site, "link", "A-1").out
    assert ("ada", "revoked a private link", "A-1", "") == last_line(site)


def test_an_address_is_suppressed(site: Path, ada: Desk) -> None:
    """The address of the figures is suppressed, with a reason only, and the page says so."""
    assert "write why nobody may write" in ada.press("/partner/suppress", partner="A-1", reason=" ")[0]
    assert PARTNER == ada.act("/partner/suppress", partner="A-1", reason="They asked.")
    assert "alder@alder.example" in called(site, "suppressions", "--csv").out
    assert ada.found(PARTNER, "(No plan writes to this address)")
    assert ("ada", "suppressed an address", "A-1", "They asked.") == last_line(site)


def test_a_journal_is_signed_off(site: Path, ada: Desk) -> None:
    """The journal of a period that is over is frozen under the person's id, once."""
    assert ada.found("/finance", "(Sign off year)")
    assert "That is not your passphrase." in ada.press("/finance/sign-off", offer="year")[0]
    assert "/finance#journals" == ada.act("/finance/sign-off", offer="year", passphrase=PASSPHRASE)
    person, action, offer, note = last_line(site)
    assert ("ada", "signed off a journal", "year") == (person, action, offer)
    assert note.startswith("with the passphrase, 2 lines, digest ")
    assert "Nothing has changed since the last sign-off" in ada.press("/finance/sign-off", offer="year")[0]
    assert "nothing is open" in ada.ask("GET", "/finance")[0]


def test_others_may_not(ada: Desk) -> None:
    """Whoever only writes campaigns does none of this."""
    mia = signed_in(ada.origin, "Mia")
    for path, form in (
        ("/partner/revoke", {"partner": "A-1"}),
        ("/partner/suppress", {"partner": "A-1", "reason": "So."}),
        ("/finance/sign-off", {"offer": "year"}),
    ):
        assert "can do this. Ask somebody with that task." in mia.press(path, **form)[0]
