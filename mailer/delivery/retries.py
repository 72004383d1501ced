"""Pure decisions of a delivery: when to retry a notice, how many to claim, and whether a plan is due."""

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from mailer.rules.states import Cause, Outcome, Settlement, instant_text

if TYPE_CHECKING:  # the outbox is read without settings
    from mailer.settings import RetrySettings


def backoff(times: int, settings: "RetrySettings") -> float:
    """Return the seconds to wait after the `times`-th refusal in a row (from 1): doubling, up to the longest."""
    return min(float(settings.longest_seconds), float(settings.first_seconds) * 2.0 ** min(times - 1, 32))


def settlement(
    partner_id: str, outcome: Outcome, refusals: int, now: datetime, settings: "RetrySettings"
) -> Settlement:
    """Return the settlement of a notice that was refused `refusals` times before.

    A refusal of the notice delays it, and rejects it after the last attempt. A refusal by the transport as such leaves
    the notice ready at once, because the delivery as a whole waits.
    """
    if outcome.cause is not Cause.REFUSAL:
        return Settlement(partner_id, outcome.cause, outcome.detail)
    if outcome.about == "transport":
        # behind those never tried: one message that always breaks the line must not hold up the others
        return Settlement(partner_id, Cause.REFUSAL, outcome.detail, instant_text(now))
    if refusals + 1 >= settings.attempts:
        detail = f"refused {refusals + 1} times, at last: {outcome.detail}"
        return Settlement(partner_id, Cause.GAVE_UP_RETRYING, detail, refusals=1)
    wait = max(backoff(refusals + 1, settings), outcome.wait_seconds or 0.0)
    until = instant_text(now + timedelta(seconds=wait))
    return Settlement(partner_id, Cause.REFUSAL, outcome.detail, until, refusals=1)


def next_depth(depth: int, settled: int, *, width: int, group: int) -> int:
    """Return how many notices may be claimed and unsettled at once, after a turn that settled `settled` of them.

    The number doubles while half of them come back within one group's wait, so that the connections always have work.
    It halves if they are slow, so that a crash leaves few unknown. It stays between `width` and `width + group`.
    """
    if settled * 2 >= depth:
        depth *= 2
    elif settled < depth // 4:
        depth //= 2
    return max(width, min(depth, width + group))


class Timing(Enum):
    """The time relative to a plan's start."""

    EARLY = "early"
    DUE = "due"
    LATE = "late"


def timing(send_at: datetime | None, latest_start_hours: int | None, now: datetime) -> Timing:
    """Return early before `send_at`, late more than `latest_start_hours` after it; always due without `send_at`."""
    if send_at is None:
        return Timing.DUE
    if now < send_at:
        return Timing.EARLY
    late = latest_start_hours is not None and now > send_at + timedelta(hours=latest_start_hours)
    return Timing.LATE if late else Timing.DUE
