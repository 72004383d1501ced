"""What the service for events says, and what its recorder does with events that no database takes."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mailer.batch.batch_header import message_key
from mailer.events.events import Event, EventKind
from mailer.outbox.outbox import Outbox
from offerpress.hooks.recorder import EventRecorder
from offerpress.hooks.service import stop_message
from tests.samples.mail import NOW, approved, header, notices


@pytest.mark.parametrize(
    ("taken", "refused", "expected"),
    [
        (0, {}, "Stopped; 0 events taken in"),
        (1200, {"damaged event": 2}, "Stopped; 1,200 events taken in; left out: 2 damaged event"),
        (3, {"size": 1, "rate": 7}, "Stopped; 3 events taken in; left out: 7 rate, 1 size"),
    ],
)
def test_the_last_word_tells_what_was_left_out(taken: int, refused: Mapping[str, int], expected: str) -> None:
    """Each reason with its number, so that nobody has to have asked in time."""
    assert expected == stop_message(taken, refused)


@pytest.mark.parametrize("broken", ["\ud83d", "5.1.1\udc00"])
def test_what_no_database_takes_keeps_nothing_else_out(tmp_path: Path, broken: str) -> None:
    """The request fails alone, and the thread goes on."""
    file = tmp_path / "outbox.sqlite"
    with Outbox.open(file) as outbox:
        approved(outbox, tmp_path, notices(2)).close()
    keys = [message_key(header(), f"P-000{number}") for number in (1, 2)]
    good = [Event(key, EventKind.DELIVERED, NOW) for key in keys]
    recorder = EventRecorder(lambda: Outbox.open(file), lambda: NOW)
    with recorder.at_work():
        poison = Event(keys[0], EventKind.BLOCKED, NOW, code=broken)
        asked = [recorder.record([one], "hook") for one in (good[0], poison, good[1])]
        with pytest.raises(UnicodeEncodeError):
            asked[1].result(30)
        assert [1, 1] == [asked[place].result(30).new for place in (0, 2)]
    assert 2 == recorder.total.new
