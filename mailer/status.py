"""Where a plan stands, as the command line reports it."""

from mailer.outbox import Outbox

EVENTS = ("delivered", "deferred", "bounced", "dropped", "complained")
"""What providers may tell later of accepted notices; for information only."""


def status_json(outbox: Outbox, plan: str) -> dict[str, str | int]:
    """`plan`, `planned` and one count for each status, whose sum is `planned`.

    Of the accepted, how many events told of.
    """
    record = outbox.plan(plan)
    counts = {status.value: number for status, number in outbox.counts(plan).items()}
    return {"plan": plan, "planned": record.planned, **counts, **dict.fromkeys(EVENTS, 0)}
