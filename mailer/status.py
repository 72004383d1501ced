"""Where a plan stands, as the command line reports it."""

from mailer.outbox import Outbox
from mailer.states import Status


def status_json(outbox: Outbox, plan: str) -> dict[str, str | int]:
    """`plan`, `planned` and one count for each status, whose sum is `planned`; then what `fates_json` gives."""
    record = outbox.plan(plan)
    counts = {status.value: number for status, number in outbox.counts(plan).items()}
    return {"plan": plan, "planned": record.planned, **counts, **fates_json(outbox, plan)}


def fates_json(outbox: Outbox, plan: str) -> dict[str, int]:
    """Of the accepted, how many became what; `untold` has no events yet, and all these add up to the accepted.

    Beside them `unsubscribed`: of how many notices the recipient unsubscribed, whatever else became of them.
    """
    fates = {kind.value: number for kind, number in outbox.fates(plan).items()}
    untold = outbox.counts(plan)[Status.ACCEPTED] - sum(fates.values())
    return {**fates, "untold": untold, "unsubscribed": outbox.unsubscribed(plan)}
