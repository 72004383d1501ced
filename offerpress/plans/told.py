"""What one partner was told, in which plan, and what became of each notice: the outbox beside the frozen batches."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from mailer import BatchError, BatchHeader, EventRecord, Outbox, Status, delivery_result
from mailer import NoticeHistory as Planned
from offerpress.plans.corrections import difference_text
from offerpress.site.site import Site
from rewards import Difference, Notice, day_text, differences

Figures = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """One notice to a partner: where it stands, and the message with its plan's header, None where the batch is gone.

    `changes` are against what the same campaign had told before. `events` are what was told of it since, the earliest
    first.
    """

    planned: Planned
    header: BatchHeader | None
    notice: Notice | None
    approved_by: tuple[str, ...]
    changes: tuple[Difference, ...]
    events: tuple[EventRecord, ...] = ()

    @property
    def figures(self) -> Figures | None:
        """The statement's JSON form that the message tells."""
        return json.loads(self.notice.figures) if self.notice else None


def told_notices(site: Site, outbox: Outbox, partner_id: str) -> list[ToldNotice]:
    """Every notice that was planned for the partner, the oldest plan first."""
    found = []
    last: dict[str, Figures] = {}
    for planned in outbox.told(partner_id):
        header, notice = _message(site, planned.plan, partner_id)
        approved = tuple(one.by for one in outbox.approvals(planned.plan))
        figures = json.loads(notice.figures) if notice else None
        before = last.get(planned.campaign)
        changes = differences(before, figures) if before and figures else []
        events = tuple(outbox.events_of(planned.plan, partner_id))
        found.append(ToldNotice(planned, header, notice, approved, tuple(changes), events))
        if figures and planned.status is Status.ACCEPTED:
            last[planned.campaign] = figures
    return found


def _message(site: Site, plan: str, partner_id: str) -> tuple[BatchHeader, Notice] | tuple[None, None]:
    try:
        with site.open_batch(plan) as batch:
            return batch.header, batch.message(partner_id)
    except (BatchError, KeyError):  # a forgotten partner's message is gone from its batch
        return None, None


def told_json(partner_id: str, notices: Sequence[ToldNotice]) -> dict[str, object]:
    """All of it, the figures as in the statement's JSON."""
    return {"partner_id": partner_id, "told": [_notice_json(one) for one in notices]}


def _notice_json(one: ToldNotice) -> dict[str, object]:
    planned, header = one.planned, one.header
    return {
        "plan": planned.plan,
        "campaign": planned.campaign,
        "edition": planned.edition,
        "corrections": header.corrections if header else None,
        "as_of": day_text(header.as_of) if header else None,
        "status": planned.status.value,
        "reason": planned.reason,
        "at": planned.changed_at,
        "approved_by": list(one.approved_by),
        "subject": one.notice.subject if one.notice else None,
        "reference": one.notice.reference if one.notice else None,
        "statement": one.figures,
        "changes": [
            {"entry": list(change.key), "figure": change.figure, "told": change.told, "now": change.now}
            for change in one.changes
        ],
        "attempts": [asdict(attempt) for attempt in planned.attempts],
        "decisions": [asdict(decision) for decision in planned.decisions],
        "became": became(one.events),
        "events": [asdict(event) for event in one.events],
    }


def told_text(partner_id: str, notices: Sequence[ToldNotice]) -> str:
    """Many lines for the terminal; amounts and days as in the statement's JSON."""
    if not notices:
        return f"{partner_id}: no plan holds a notice to this partner"
    return "\n\n".join("\n".join(_lines(one)) for one in notices)


def _lines(one: ToldNotice) -> Iterator[str]:
    planned = one.planned
    reason = f" ({planned.reason})" if planned.reason else ""
    yield f"{planned.plan}: {planned.status.value} {planned.changed_at}{reason}"
    if one.header is None or one.notice is None:
        yield "  its message is gone (pruned, forgotten or lost), so what it said is not known; a backup may have it"
        return
    by = ", ".join(one.approved_by) or "nobody"
    kind = "correction" if one.header.corrections else "notice"
    yield f"  {kind} as of {day_text(one.header.as_of)}, made by {one.header.made_by}, approved by {by}"
    yield f"  {one.notice.subject} [{one.notice.reference}]"
    for name, entries in (one.figures or {}).items():
        if isinstance(entries, list):
            yield from (f"    {name}: {_entry(entry)}" for entry in entries)
    for change in one.changes:
        yield f"  changed: {difference_text(change)}"
    for event in one.events:
        words = " ".join(filter(None, (event.code, event.detail, "(of a copy)" if event.copy else "")))
        yield f"  {event.kind} {event.at} {words}".rstrip()
    for decision in planned.decisions:
        yield f"  {decision.decision} by {decision.by} {decision.at}: {decision.reason}"


def became(events: Iterable[EventRecord]) -> str | None:
    """What became of a notice by all that was told of its own recipient; None while nothing is known."""
    kind = delivery_result(event.kind for event in events if not event.copy)
    return kind.value if kind else None


def _entry(entry: Mapping[str, object]) -> str:
    """An entry's figures on one line, its offer first; of the held subscriptions only how many they are."""
    shown = {key: len(value) if isinstance(value, list) else value for key, value in entry.items()}
    figures = (f"{key} {value}" for key, value in shown.items() if key != "offer" and value is not None)
    return ", ".join([str(shown["offer"]), *figures])
