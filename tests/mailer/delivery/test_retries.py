"""Retries, claims, timing and pace, each decided from values alone."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from mailer.delivery.retries import Timing, backoff, next_depth, settlement, timing
from mailer.delivery.throttle import Throttle
from mailer.rules.states import Cause, Outcome, Settlement
from mailer.settings import RetrySettings
from tests.samples.mail import NOW, mail_settings

RETRIES = RetrySettings(attempts=3, first_seconds=10, longest_seconds=100, patience_seconds=15)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (1, 10),  # 10
        (2, 20),  # 10 * 2
        (3, 40),  # 10 * 2 * 2
        (4, 80),  # 10 * 2 * 2 * 2
        (5, 100),  # 160, but no longer than the longest
        (5000, 100),
    ],
)
def test_waits_double_up_to_the_longest(times: int, seconds: float) -> None:
    """Each refusal in a row doubles the wait."""
    assert backoff(times, RETRIES) == seconds


@pytest.mark.parametrize(
    ("outcome", "refusals", "expected"),
    [
        (Outcome(Cause.ACCEPTANCE, "250 ok"), 0, Settlement("P", Cause.ACCEPTANCE, "250 ok")),
        (Outcome(Cause.REJECTION, "550 no"), 0, Settlement("P", Cause.REJECTION, "550 no")),
        (Outcome(Cause.LOST_ANSWER, "cut"), 2, Settlement("P", Cause.LOST_ANSWER, "cut")),
        (
            Outcome(Cause.REFUSAL, "451 later"),
            1,  # the second refusal: 10 * 2 seconds
            Settlement("P", Cause.REFUSAL, "451 later", "2023-12-31T12:00:20.000000Z", 1),
        ),
        (
            Outcome(Cause.REFUSAL, "451 later", wait_seconds=60),
            0,  # the provider asks for more than our 10 seconds
            Settlement("P", Cause.REFUSAL, "451 later", "2023-12-31T12:01:00.000000Z", 1),
        ),
        (
            Outcome(Cause.REFUSAL, "451 later"),
            2,  # the third of three attempts
            Settlement("P", Cause.GAVE_UP_RETRYING, "refused 3 times, at last: 451 later", "", 1),
        ),
        (
            Outcome(Cause.REFUSAL, "421 closing", "transport"),
            2,  # not about this notice: it does not use up an attempt, but lets the others go first
            Settlement("P", Cause.REFUSAL, "421 closing", "2023-12-31T12:00:00.000000Z", 0),
        ),
    ],
)
def test_an_outcome_decides_where_a_notice_goes(
    outcome: Outcome, refusals: int, expected: Settlement
) -> None:
    """Only a refusal of the notice itself counts against its attempts."""
    assert settlement("P", outcome, refusals, NOW, RETRIES) == expected


@pytest.mark.parametrize(
    ("depth", "settled", "expected"),
    [
        (1, 1, 2),  # all came back: claim more
        (32, 16, 51),  # never more than the connections and one group
        (51, 20, 51),  # less than half: enough are on their way
        (51, 2, 25),  # slow: claim less ahead
        (2, 0, 2),
        (1, 0, 1),  # never less than the connections
    ],
)
def test_claims_ahead_follow_the_speed(depth: int, settled: int, expected: int) -> None:
    """As many are claimed ahead as keep the connections busy, so that a crash leaves few unknown."""
    assert next_depth(depth, settled, width=1, group=50) == expected


@pytest.mark.parametrize(
    ("hours", "latest", "expected"),
    [
        (-1, None, Timing.EARLY),
        (0, None, Timing.DUE),
        (1000, None, Timing.DUE),
        (48, 48, Timing.DUE),
        (49, 48, Timing.LATE),
    ],
)
def test_a_plan_begins_when_it_is_due(hours: int, latest: int | None, expected: Timing) -> None:
    """Not before its instant, and not later than the latest start after it."""
    assert timing(NOW, latest, NOW + timedelta(hours=hours)) is expected
    assert timing(None, latest, NOW + timedelta(hours=hours)) is Timing.DUE


class Watch:
    """Seconds that pass only when the test lets them."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """The seconds now."""
        return self.seconds


def test_the_pace_is_kept_between_claims() -> None:
    """After a burst nothing is claimed until so many would have been sent at the rate."""
    watch = Watch()
    patience = Throttle(lambda: NOW, watch, mail_settings(per_second=200))
    assert patience.burst() == 4  # 200 a second * 20 ms
    patience.sent(4)
    assert patience.seconds_held() == pytest.approx(0.02)
    watch.seconds += 0.03
    assert patience.seconds_held() == 0.0


def test_without_a_rate_nothing_is_held() -> None:
    """A whole group may be claimed at once, and the next one after it."""
    patience = Throttle(lambda: NOW, Watch(), mail_settings())
    patience.sent(50)
    assert (patience.burst(), patience.seconds_held()) == (50, 0.0)


def test_a_refusing_transport_is_left_alone_longer_each_time() -> None:
    """One rest however many connections report it; when the next would outlast patience the words say so."""
    watch = Watch()
    patience = Throttle(
        lambda: NOW, watch, mail_settings(retries={"first_seconds": 10, "patience_seconds": 15})
    )
    refusal = Outcome(Cause.REFUSAL, "429 slow down", "transport")
    assert (patience.refused(refusal), patience.refused(refusal)) == ("", "")
    assert patience.seconds_held() == 10.0
    watch.seconds += 11
    assert "429 slow down" in patience.refused(refusal)


def test_a_transport_that_works_again_starts_from_the_beginning() -> None:
    """What was served in between ends the row of refusals."""
    watch = Watch()
    patience = Throttle(
        lambda: NOW, watch, mail_settings(retries={"first_seconds": 10, "patience_seconds": 15})
    )
    refusal = Outcome(Cause.REFUSAL, "429", "transport")
    patience.refused(refusal)
    watch.seconds += 11
    patience.served()
    assert not patience.refused(refusal)


def test_what_was_waited_for_has_come_even_under_a_pinned_clock() -> None:
    """After waiting for an instant, now is not before it."""
    patience = Throttle(lambda: NOW, Watch(), mail_settings())
    due = NOW + timedelta(milliseconds=5)
    assert patience.outlasts(due.isoformat())
    patience.wait_until(due.isoformat(), threading.Event(), lambda: None)
    assert patience.now() == due
    assert not patience.outlasts(datetime(2024, 1, 1, tzinfo=UTC).isoformat())
    assert patience.outlasts("")
