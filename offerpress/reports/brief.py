"""The short form of a report, for a terminal: three lines about what to look at before an approval."""

from collections.abc import Iterable, Sequence

from offerpress.plans.dues import Due, Jump, jumped, largest, negative
from offerpress.reports.facts import Told
from rewards import format_amount

SHOWN = 3


def brief(rows: Iterable[Due], told: Told | None) -> list[str]:
    """The largest credit of each currency, the negatives, and who jumped since `told`; one line each."""
    rows = list(rows)
    top = "; ".join(_due_text(due) for due in largest(rows, 1))
    lines = [f"Largest: {top or 'none'}", _listed("Negative", [_due_text(due) for due in negative(rows)])]
    if told is None:
        return [*lines, "Jumped: no earlier plan of this campaign"]
    return [
        *lines,
        _listed(f"Jumped since {told.plan}", [_jump_text(one) for one in jumped(rows, told.amounts)]),
    ]


def _listed(name: str, texts: Sequence[str]) -> str:
    if not texts:
        return f"{name}: none"
    rest = f"; and {len(texts) - SHOWN:,} more" if len(texts) > SHOWN else ""
    return f"{name}: {len(texts):,}: {'; '.join(texts[:SHOWN])}{rest}"


def _due_text(due: Due) -> str:
    return f"{format_amount(due.to_credit, due.currency)} {due.currency} {due.partner_id}"


def _jump_text(one: Jump) -> str:
    before = format_amount(one.before, one.due.currency)
    return f"{before} to {_due_text(one.due)}"
