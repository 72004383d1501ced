"""An offer's text that is not saved: on which day it is compared, what counts as published, and what it refuses."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from offerpress.figures.figures import Figures, open_figures
from offerpress.figures.proposals import proposed_effect, read_proposal
from offerpress.site.site import Site
from rewards import Effect, day_text
from tests.acceptance.conftest import SECRET, copy_sample

AMENDMENT = "amendments:\n  - effective_on: {}\n    note: More.\n    rate: 20%\n---\n"


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    """The figures of the sample as of the last day of 2023."""
    folder = copy_sample(tmp_path_factory.mktemp("site"))
    site = Site(folder, datetime.now(UTC), {"OFFERPRESS_SITE_SECRET": SECRET}, date(2023, 12, 31))
    with open_figures(site) as opened:
        yield opened


def text(figures: Figures, slug: str = "cashback-2023") -> str:
    """The file of an offer."""
    return Path(figures.site.folder, "content", "offers", f"{slug}.md").read_text(encoding="utf-8")


def effect(figures: Figures, slug: str, written: str) -> Effect:
    """What that text would change."""
    proposal = read_proposal(figures, slug, written)
    assert proposal.offer is not None, proposal.faults
    return proposed_effect(figures, figures.sorted_statements(), proposal.offer)


def amended(figures: Figures, day: str) -> str:
    """The cashback with another rate from a day."""
    head, body = text(figures).split("\n---\n")
    return f"{head}\n{AMENDMENT.format(day)}{body}"


def test_the_saved_text_changes_nothing(figures: Figures) -> None:
    """An offer as it stands, and one of which only words differ, affects nobody."""
    for written in (
        text(figures),
        text(figures).replace("title: ", "title: New: ", 1).replace(": New:", ": New"),
    ):
        assert 0 == effect(figures, "cashback-2023", written).affected


@pytest.mark.parametrize(("day", "compared"), [("2023-06-01", "2023-12-31"), ("2024-02-01", "2024-02-01")])
def test_terms_of_a_later_day_are_compared_on_that_day(figures: Figures, day: str, compared: str) -> None:
    """An amendment is compared as of today, or as of the later day on which it begins."""
    found = effect(figures, "cashback-2023", amended(figures, day))
    assert (compared, 0) == (day_text(found.as_of), len(found.losing))
    assert found.gaining
    for shift in found.shifts:
        assert 3 * shift.after == pytest.approx(4 * shift.before, abs=4 * figures.partner_count)


def test_a_draft_is_taken_as_published(figures: Figures) -> None:
    """A draft that is in no statement is compared as if it were published on its day."""
    written = text(figures).replace("kind: cashback", "kind: cashback\ndraft: true")
    found = effect(figures, "second-cashback", written)
    assert {"second-cashback"} == {one.offer for one in found.shifts}
    assert ({0}, True) == ({one.before for one in found.shifts}, len(found.gaining) > 0)


def test_a_text_with_a_fault_gives_no_offer(figures: Figures) -> None:
    """Faults are those of a build, with their line."""
    found = read_proposal(figures, "cashback-2023", text(figures).replace("15%", "15"))
    assert found.offer is None
    assert ["content/offers/cashback-2023.md"] == [one.file for one in found.faults]
    assert found.faults[0].line
