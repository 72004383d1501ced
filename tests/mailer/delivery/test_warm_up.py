"""Warming up a new sender: so many notices a day, counted from what the outbox handed over."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest

from mailer.delivery.delivery import deliver
from mailer.delivery.throttle import allowance
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Outcome, Settlement
from mailer.settings import WarmUpSettings
from mailer.transports.base import Attempt
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notices

WARM_UP = WarmUpSettings(since=date(2023, 12, 31), daily=(5, 8))
SETTINGS = mail_settings(warm_up=WARM_UP.model_dump(), retries={"first_seconds": 0, "attempts": 3})
DAY = timedelta(days=1)


class Answering:
    """A transport that answers each notice as it is told, else accepts it."""

    name = "answering"
    width = 2

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)

    def connect(self) -> "Answering":
        """Itself is the connection."""
        return self

    def hand(self, attempt: Attempt) -> Outcome:  # noqa: ARG002 - the interface's
        """The next answer."""
        return self.answers.pop() if self.answers else Outcome(Cause.ACCEPTANCE, "ok")

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("handed", "left"),
    [
        ({}, 5),
        ({"2023-12-31": 3}, 2),
        ({"2023-12-31": 9}, 0),
        ({"2023-12-30": 900}, 5),
    ],
)
def test_the_first_day_has_the_first_allowance(handed: dict[str, int], left: int) -> None:
    """Less what left today; what left before `since` is of another sender."""
    found = allowance(WARM_UP, handed, NOW)
    assert found is not None
    assert (found.notices, found.left, found.next, found.goes_on) == (5, left, 8, "2024-01-01")


def test_a_day_without_mail_is_no_day_of_the_schedule() -> None:
    """A week later it is the second day; the day after the last has no limit, nor has one before the first."""
    later = allowance(WARM_UP, {"2023-12-31": 5}, NOW + 7 * DAY)
    assert later is not None
    assert (later.notices, later.left, later.next) == (8, 8, None)
    assert allowance(WARM_UP, {"2023-12-31": 5, "2024-01-07": 1}, NOW + 8 * DAY) is None
    assert allowance(WARM_UP, {}, NOW - DAY) is None


def test_days_are_those_of_utc() -> None:
    """Whatever zone the clock tells."""
    east = datetime(2024, 1, 1, 1, 0, tzinfo=timezone(2 * timedelta(hours=1)))
    found = allowance(WARM_UP, {}, east)
    assert found is not None
    assert found.day == date(2023, 12, 31) == east.astimezone(UTC).date()


def moved(days: int) -> datetime:
    """The test's instant, so many days later."""
    return NOW + days * DAY


def test_a_plan_leaves_by_the_schedule(outbox: Outbox, tmp_path: Path) -> None:
    """Each day's call hands over the allowance and says when to go on; when warming up is over, all that is left."""
    batch = approved(outbox, tmp_path, notices(20))
    told = []
    for days in range(3):
        for _ in range(2):
            done = deliver(outbox, batch, Answering(), clock=partial(moved, days), settings=SETTINGS)
            told.append((done.accepted, done.goes_on, done.stopped))
    words = "today's {} notices of the warm-up have left; call send again from {} (UTC) on, when {} may leave"
    first = words.format(5, "2024-01-01", "8 more")
    second = words.format(8, "2024-01-02", "the rest")
    assert told == [
        (5, "2024-01-01", first),
        (0, "2024-01-01", first),
        (8, "2024-01-02", second),
        (0, "2024-01-02", second),
        (7, "", ""),
        (0, "", ""),
    ]


def test_a_day_that_is_enough_says_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """With nothing left to send, an allowance that is used up stops nothing."""
    batch = approved(outbox, tmp_path, notices(5))
    done = deliver(outbox, batch, Answering(), clock=lambda: NOW, settings=SETTINGS)
    assert (done.accepted, done.stopped, done.goes_on) == (5, "", "")


def test_what_was_refused_or_given_back_is_not_counted(outbox: Outbox, tmp_path: Path) -> None:
    """Neither reached a mailbox provider; a rejection, and an answer that was lost, may have."""
    batch = approved(outbox, tmp_path, notices(9))
    me = Claimant(PLAN, "1@here", "answering")
    claimed = outbox.turn(me, [], 2, NOW).claimed
    outbox.turn(me, [Settlement(one.partner_id, Cause.RELEASED, "") for one in claimed], 0, NOW)
    answers = [
        Outcome(Cause.REFUSAL, "450"),
        Outcome(Cause.LOST_ANSWER, "cut"),
        Outcome(Cause.REJECTION, "550"),
    ]
    done = deliver(outbox, batch, Answering(*answers), clock=lambda: NOW, settings=SETTINGS)
    assert (done.accepted, done.unknown, done.rejected, done.refused) == (3, 1, 1, 1)
    assert outbox.handed_by_day("answering", WARM_UP.since) == {"2023-12-31": 5}
    assert outbox.handed_by_day("other", WARM_UP.since) == {}
