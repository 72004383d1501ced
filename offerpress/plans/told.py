"""The notices that partners were told, read from the outbox and the frozen batches."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import rewards  # a name that is taken from it where it is used loads its module there
from mailer import Batch, BatchError, BatchHeader, EventRecord, NoticeHistory, Outbox, Status, delivery_result
from offerpress.site.mail import pruned_plans
from offerpress.site.site import Site
from rewards import Notice, day_text

if TYPE_CHECKING:  # they load the offers
    from rewards import Difference, Statement

_StatementJson = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToldFigures:
    """The notice that a partner was handed last: its plan, its status and the statement's JSON text.

    `as_of` is the day of its plan, `rules` the digest of its frozen rules.
    """

    plan: str
    status: Status
    figures: str
    as_of: int
    rules: str = ""

    @property
    def statement(self) -> "Statement":
        """The statement that the notice tells."""
        return rewards.told_statement(self.figures)

    def differences(self, now: "Statement", running: Collection[str] = ()) -> "list[Difference]":
        """Return the figures that differ from the statement `now`; sums of `running` offers that only grew do not."""
        return rewards.differences(json.loads(self.figures), rewards.statement_json(now), running)


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """What a campaign told last, by partner id.

    `lost` are the partners whose last notice is in a batch that is pruned or damaged: what it said is not known, so it
    cannot be corrected. `damaged` says by plan what is wrong with its batch.
    """

    by_partner: Mapping[str, ToldFigures]
    lost: Collection[str] = frozenset()
    damaged: Mapping[str, str] = field(default_factory=dict)


def told_figures(site: Site, outbox: Outbox, campaign: str) -> ToldBefore:
    """Return what the campaign told last."""
    damaged: dict[str, str] = {}
    batches: dict[str, Batch] = {}
    found = {}
    pruned = pruned_plans(site)
    last = outbox.handed_last(campaign)
    with ExitStack() as stack:
        for partner_id, handed in last.items():
            if handed.plan in pruned or handed.plan in damaged:
                continue
            try:
                if handed.plan not in batches:
                    batches[handed.plan] = stack.enter_context(site.open_batch(handed.plan))
                batch = batches[handed.plan]
                figures, header = batch.message(partner_id).figures, batch.header
            except BatchError as error:
                damaged[handed.plan] = str(error)
                continue
            found[partner_id] = ToldFigures(handed.plan, handed.status, figures, header.as_of, header.rules)
    known = {partner_id: told for partner_id, told in found.items() if told.plan not in damaged}
    return ToldBefore(known, last.keys() - known.keys(), damaged)


def difference_text(one: "Difference", shown: Callable[[object], str] = str) -> str:
    """Return a difference as text, such as `cashback-2023 EUR amount: 1851.85 → 1866.85`; `shown` writes a figure."""
    told, now = ("none" if value is None else shown(value) for value in (one.told, one.now))
    return f"{' '.join(one.key)} {one.figure}: {told} → {now}"


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """One notice to a partner: its status, its message and its plan's header, both None if the batch is gone.

    `changes` are the differences from what the same campaign told before. `events` are in order of time.
    """

    planned: NoticeHistory
    header: BatchHeader | None
    notice: Notice | None
    approved_by: tuple[str, ...]
    changes: "tuple[Difference, ...]"
    events: tuple[EventRecord, ...] = ()

    @property
    def figures(self) -> _StatementJson | None:
        """The JSON form of the statement that the message tells."""
        return json.loads(self.notice.figures) if self.notice else None


def told_notices(site: Site, outbox: Outbox, partner_id: str) -> list[ToldNotice]:
    """Return every notice that was planned for the partner, the oldest plan first."""
    found = []
    last: dict[str, _StatementJson] = {}
    for planned in outbox.told(partner_id):
        header, notice = _message(site, planned.plan, partner_id)
        approved = tuple(one.by for one in outbox.approvals(planned.plan))
        figures = json.loads(notice.figures) if notice else None
        before = last.get(planned.campaign)
        changes = rewards.differences(before, figures) if before and figures else []
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
    """Return the notices as JSON, with figures in the form of the statement's JSON."""
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
    """Return the lines for the terminal, with amounts and days in the form of the statement's JSON."""
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
    """Return what events say about a notice's own recipient; None if there are none."""
    kind = delivery_result(event.kind for event in events if not event.copy)
    return kind.value if kind else None


def _entry(entry: Mapping[str, object]) -> str:
    """Return an entry's figures on one line: its offer first, and of held subscriptions only their number."""
    shown = {key: len(value) if isinstance(value, list) else value for key, value in entry.items()}
    figures = (f"{key} {value}" for key, value in shown.items() if key != "offer" and value is not None)
    return ", ".join([str(shown["offer"]), *figures])
