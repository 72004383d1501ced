"""Send windows: when one is open, what is held, and a plan over three zones, paused, resumed and cancelled midway."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from mailer.batch.batch import Batch
from mailer.delivery.delivery import check_sendable, deliver, start_late
from mailer.delivery.run import Delivery
from mailer.errors import TooLate
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Outcome, Status
from mailer.rules.windows import next_opening
from mailer.transports.base import Attempt
from rewards import Notice, WindowSettings, parse_window
from tests.samples.mail import PLAN, approved, mail_settings, notice

ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/New_York")
WINDOW = WindowSettings.model_validate({"from": "09:00", "to": "17:00"})
FRIDAY = datetime(2024, 3, 8, tzinfo=UTC)  # the clocks of New York are put forward on Sunday, the 10th


def at(text: str) -> datetime:
    """An instant of that March, such as `08 14:30`, in UTC."""
    return datetime.fromisoformat(f"2024-03-{text.replace(' ', 'T')}+00:00")


@dataclass
class Taking:
    """A transport that takes everything, and notes to whom and when."""

    clock: datetime = FRIDAY
    taken: list[tuple[str, datetime]] = field(default_factory=list)
    refuses: bool = False
    name = "folder"
    width = 1

    def connect(self) -> "Taking":
        """Itself."""
        return self

    def hand(self, attempt: Attempt) -> Outcome:
        """Take it, or refuse it for now."""
        if self.refuses:
            return Outcome(Cause.REFUSAL, "451 later")
        self.taken.append((attempt.notice.partner_id, attempt.date))
        return Outcome(Cause.ACCEPTANCE, "250 ok")

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox."""
    with Outbox.open(tmp_path / "outbox.sqlite") as opened:
        yield opened


def planned(count: int = 9) -> list[Notice]:
    """Notices to partners of the three zones in turn."""
    return [notice(number, window=WINDOW.text(ZONES[number % len(ZONES)])) for number in range(1, count + 1)]


def sent(outbox: Outbox, batch: Batch, way: Taking, now: datetime, limit: int | None = None) -> Delivery:
    """One call of `deliver` at an instant."""
    way.clock = now
    return deliver(outbox, batch, way, clock=lambda: now, settings=mail_settings(), limit=limit)


def test_three_zones_are_written_to_in_their_own_windows(outbox: Outbox, tmp_path: Path) -> None:
    """Called every half hour for four days, each partner gets one message, on a weekday from 9 to 17 where it is."""
    batch, way = approved(outbox, tmp_path, planned(), send_at=at("08 12:00")), Taking()
    opened: dict[str, set[datetime]] = {zone: set() for zone in ZONES}
    for half_hours in range(24, 2 * 24 * 4):
        report = sent(outbox, batch, way, FRIDAY + timedelta(minutes=30 * half_hours))
        assert report.stopped == "" or report.goes_on
    for partner_id, instant in way.taken:
        zone = ZONES[int(partner_id.removeprefix("P-")) % len(ZONES)]
        opened[zone].add(instant)
    assert {
        "Europe/Berlin": {at("08 12:00")},  # 13:00 there
        "America/New_York": {at("08 14:00")},  # 9:00, in winter time
        "Asia/Tokyo": {at("11 00:00")},  # 9:00 on Monday: on Friday it was 21:00 there
    } == opened
    assert Counter(one.partner_id for one in planned()) == Counter(partner for partner, _ in way.taken)


def test_pause_resume_and_cancel_midway_keep_the_balance(outbox: Outbox, tmp_path: Path) -> None:
    """At every step all notices stand somewhere, and nothing leaves of what is paused or cancelled."""
    batch, way = approved(outbox, tmp_path, planned()), Taking()

    def balance() -> tuple[int, int, int]:
        counts = outbox.counts(PLAN)
        assert 9 == sum(counts.values())
        return counts[Status.ACCEPTED], counts[Status.READY], counts[Status.SKIPPED]

    sent(outbox, batch, way, at("08 10:00"), limit=2)
    assert (2, 7, 0) == balance()
    outbox.pause(PLAN, "Ada", at("08 12:00"))
    with pytest.raises(Exception, match="it is paused"):
        sent(outbox, batch, way, at("08 15:00"))
    assert (2, 7, 0) == balance()
    outbox.resume(PLAN, "Ada", at("08 12:00"))
    assert "2024-03-11T00:00:00.000000Z" == sent(outbox, batch, way, at("08 15:00")).goes_on
    assert (6, 3, 0) == balance()
    assert 3 == outbox.cancel(PLAN, "Ada", at("08 16:00"))
    with pytest.raises(Exception, match="it was cancelled"):
        sent(outbox, batch, way, at("11 01:00"))
    assert (6, 0, 3) == balance()
    assert 6 == len(way.taken)


def test_a_refused_notice_is_not_tried_again_outside_its_window(outbox: Outbox, tmp_path: Path) -> None:
    """A retry that comes due at night waits for the morning."""
    batch = approved(outbox, tmp_path, [notice(1, window=WINDOW.text("Europe/Berlin"))])
    way = Taking(refuses=True)
    settings = mail_settings(retries={"first_seconds": 3600, "patience_seconds": 0})
    first = deliver(outbox, batch, way, clock=lambda: at("07 15:30"), settings=settings)
    assert (1, "") == (first.refused, first.goes_on)
    way.refuses = False
    assert "2024-03-08T08:00:00.000000Z" == sent(outbox, batch, way, at("07 16:30")).goes_on
    assert 1 == sent(outbox, batch, way, at("08 08:00")).accepted


def test_the_latest_start_counts_from_the_first_window(outbox: Outbox, tmp_path: Path) -> None:
    """A plan due on Friday evening is not late on Monday morning, and is when Monday is over."""
    made = [notice(1, window=WINDOW.text("Europe/Berlin"))]
    batch = approved(outbox, tmp_path, made, send_at=at("08 18:00"))
    settings = mail_settings(latest_start_hours=4)
    assert not check_sendable(outbox, batch, settings, at("11 12:00")).begun
    with pytest.raises(TooLate, match="2024-03-11T08:00:00"):
        check_sendable(outbox, batch, settings, at("11 12:01"))
    start_late(outbox, batch, settings, "Cleo", at("11 20:00"))  # the evening: it may begin on Tuesday
    assert "Cleo" == check_sendable(outbox, batch, settings, at("12 12:00")).late_by


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        ("Europe/Berlin 09:00-17:00 mon,fri", "08 07:59", "08 08:00"),
        ("Europe/Berlin 09:00-17:00 mon,fri", "08 15:59", "08 15:59"),
        ("Europe/Berlin 09:00-17:00 mon,fri", "08 16:00", "11 08:00"),
        ("America/New_York 09:00-17:00 fri", "08 22:00", "15 13:00"),  # an hour earlier in UTC since the 10th
        ("America/New_York 02:30-04:00 sun", "10 00:00", "10 07:30"),  # 2:30 was skipped: 3:30 there
        ("Pacific/Auckland 00:00-24:00 sat", "08 10:59", "08 11:00"),
        ("Pacific/Apia 00:00-24:00 fri", "08 12:00", "14 11:00"),
    ],
)
def test_when_a_window_opens(window: str, now: str, opens: str) -> None:
    """The first instant from now on at which the wall clock there is within it."""
    assert at(opens) == next_opening(parse_window(window), at(now))


def test_clocks_that_are_put_back_open_a_window_twice() -> None:
    """Between two and three it is 2:30 in Berlin twice on that night."""
    window = parse_window("Europe/Berlin 02:30-02:45 sun")
    first = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert first == next_opening(window, first - timedelta(hours=5))
    assert first + timedelta(hours=1) == next_opening(window, first + timedelta(minutes=15))


def test_a_day_that_a_zone_skipped_is_waited_out() -> None:
    """There was no Friday, 30 December 2011, in Samoa."""
    window = parse_window("Pacific/Apia 09:00-10:00 fri")
    assert datetime(2012, 1, 5, 19, tzinfo=UTC) == next_opening(window, datetime(2011, 12, 28, tzinfo=UTC))


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ({"from": "9:00"}, "is no time of day; write it as 09:00"),
        ({"to": 17}, "is no time of day"),
        ({"from": "17:00", "to": "09:00"}, "let it close later on the same day"),
        ({"days": []}, "at least 1"),
        ({"days": ["monday"]}, "Input should be 'mon'"),
    ],
)
def test_windows_that_are_none_are_refused(written: dict[str, object], wrong: str) -> None:
    """A window has real times, closes after it opens, and has a day."""
    with pytest.raises(ValidationError, match=wrong):
        WindowSettings.model_validate(written)


def test_an_unknown_zone_is_refused() -> None:
    """And so is a text that is no window."""
    with pytest.raises(ValueError, match="'Europe/Berlim' is no time zone"):
        parse_window("Europe/Berlim 09:00-17:00 mon")
    with pytest.raises(ValueError, match="is no send window"):
        parse_window("Europe/Berlin always")


def test_a_shared_outbox_keeps_windows_too(shared_place: str, tmp_path: Path) -> None:
    """In PostgreSQL as in SQLite: what is closed is held, and leaves when it opens."""
    way = Taking()
    with Outbox.open(shared_place, tmp_path / "receipts") as outbox:
        batch = approved(outbox, tmp_path, planned(6))
        first = sent(outbox, batch, way, at("08 15:00"))
        assert (4, "2024-03-11T00:00:00.000000Z") == (first.accepted, first.goes_on)
        assert 2 == sent(outbox, batch, way, at("11 00:00")).accepted
    assert 6 == len({partner for partner, _ in way.taken}) == len(way.taken)
