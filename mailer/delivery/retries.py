"""What to do next, decided from values alone: when to try again, how much to claim, whether a plan is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from mailer.batch.header import instant_text
from mailer.rules.states import Cause
from mailer.settings import RetrySettings
from mailer.transports.base import Outcome


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a notice moves. `not_before` (an instant as text, empty for at once) keeps a ready one waiting.

    `refusals` is added to the count of refusals that were about this notice.
    """

    partner_id: str
    cause: Cause
    detail: str
    not_before: str = ""
    refusals: Literal[0, 1] = 0


def backoff(times: int, settings: RetrySettings) -> float:
    """Seconds to wait after the `times`-th refusal in a row (from 1): doubling, up to the longest."""
    return min(float(settings.longest_seconds), float(settings.first_seconds) * 2.0 ** min(times - 1, 32))


def settlement(
    partner_id: str, outcome: Outcome, refusals: int, now: datetime, settings: RetrySettings
) -> Settlement:
    """What an outcome means for a notice that was refused `refusals` times before.

    A refusal of the notice lets it wait, and after the last attempt rejects it; a refusal by the
    transport as such leaves it ready at once, because the delivery as a whole waits.
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
    """How many notices may be claimed and not settled at once, after a turn in which `settled` were.

    It doubles while half of them come back within one group's wait, so that the connections always have something to
    do, and shrinks where they are slow, so that a crash leaves few unknown; always between `width` and `width + group`.
    """
    if settled * 2 >= depth:
        depth *= 2
    elif settled < depth // 4:
        depth //= 2
    return max(width, min(depth, width + group))


class Timing(Enum):
    """Whether a plan may begin now."""

    EARLY = "early"
    DUE = "due"
    LATE = "late"


def timing(send_at: datetime | None, latest_start_hours: int | None, now: datetime) -> Timing:
    """Early before `send_at`, late more than `latest_start_hours` after it; without `send_at` always due."""
    if send_at is None:
        return Timing.DUE
    if now < send_at:
        return Timing.EARLY
    late = latest_start_hours is not None and now > send_at + timedelta(hours=latest_start_hours)
    return Timing.LATE if late else Timing.DUE
