"""The history as people read it."""

from dataclasses import replace

from offerpress.site.people import HistoryEntry
from offerpress.studio.state.deeds import told_history
from offerpress.studio.state.studio import APPROVED, BEGAN, LOOKED, TESTED

LOOK = HistoryEntry("2026-11-30T22:18:00+00:00", "mia", "Mia", LOOKED, "year-end-1.1", "P-1")


def test_an_action_that_was_added_later_stands_at_its_instant() -> None:
    """A plan approved by command is found by the next look at the history, whose own line is older in the file."""
    approved = replace(LOOK, at="2026-11-30T22:16:00+00:00", action=APPROVED, partner="")
    earlier = replace(LOOK, at="2026-11-30T22:15:59+00:00")
    assert told_history([approved, LOOK, earlier]) == [LOOK, approved, earlier]


def test_actions_of_one_second_stay_in_their_order() -> None:
    """The file has the later one last, and it comes first."""
    after, before = replace(LOOK, partner="P-2"), LOOK
    assert told_history([after, before]) == [after, before]


def test_a_damaged_line_is_seen_first() -> None:
    """Nobody knows its instant, so it must not hide behind hundreds of older lines."""
    damaged = HistoryEntry("", "", "", "a damaged line, which cannot be read")
    assert told_history([LOOK, damaged]) == [damaged, LOOK]


def test_a_beginning_is_told_only_without_its_end() -> None:
    """Whatever the order of their instants."""
    test = replace(LOOK, action=TESTED, partner="")
    began = replace(test, action=f"{BEGAN}{TESTED}")
    assert told_history([test, began]) == [test]
    assert told_history([LOOK, began]) == [LOOK, began]
