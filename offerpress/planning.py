"""Campaign + figures → a frozen batch, and whether a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Final

from generator import Campaign
from mailer import Batch, BatchHeader, Outbox, Totals, freeze_prepared, pseudonym
from offerpress.conserving import conserved
from offerpress.corrections import ToldFigures
from offerpress.drafting import Drafting
from offerpress.engines import Engine, alone
from offerpress.figures import Figures
from offerpress.rendering import rendered, same_messages, stale
from offerpress.reporting import Progress
from offerpress.reports.dues import Due, dues
from rewards import Account, Difference, Fault, Faulty, Partner, Statement, Tally, require_conserved, totals

_LOOK_UP_COSTS: Final = 64  # times as much as reading an account with its whole shard

CLIPPED_BYTES: Final = 102_000
"""Gmail cuts a message's HTML after 102 kB."""


@dataclass(slots=True)
class Draft:
    """Whom a plan would write to, who is skipped and why, and what of their figures is shown to who plans.

    `reasons` is by partner id, `totals` are the sums that the plan tells. `dues` are those of the recipients and of
    who is skipped only because of having to pay back, without names; `corrected` has what corrections correct.
    """

    recipients: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    dues: list[Due] = field(default_factory=list)
    corrected: list[tuple[str, list[Difference]]] = field(default_factory=list)
    totals: dict[str, Totals] = field(default_factory=dict)

    @property
    def skipped(self) -> dict[str, int]:
        """How many partners are skipped for each reason."""
        return dict(sorted(Counter(self.reasons.values()).items()))


def draft(drafting: Drafting, outbox: Outbox) -> Draft:
    """Every partner is either a recipient or skipped for one reason; no account is kept.

    Raises `Faulty` where any figure cannot be computed, and `NotConserved` where together they are not the ledger.
    """
    figures, campaign, made = drafting.figures, drafting.campaign, Draft()
    handed = outbox.handed(campaign.slug, campaign.edition)
    faults: list[Fault] = []
    tally, sums = Tally(), Sums()
    for account, statement in figures.statements(faults):
        if faults:
            continue  # nothing will be frozen: only the other faults are still of interest
        tally.add(account, statement, figures.rules)
        reason = _reason(drafting, outbox, account, statement, handed)
        _enter(made, drafting, account, statement, reason)
        if reason is None:
            sums.add(statement)
    if faults:
        raise Faulty(faults)
    require_conserved(conserved(tally, figures.snapshot, figures.rules))
    for partner in without_statement(figures):
        made.reasons[partner.partner_id] = "merged" if partner.merged_into else "closed"
    made.totals = sums.totals()
    return made


def _enter(
    made: Draft, drafting: Drafting, account: Account, statement: Statement, reason: str | None
) -> None:
    partner_id = account.partner.partner_id
    if reason is None:
        made.recipients.append(partner_id)
        if drafting.told is not None:
            made.corrected.append((partner_id, drafting.told[partner_id].differences(statement)))
    else:
        made.reasons[partner_id] = reason
    if reason is None or _only_pays_back(drafting, account, statement):
        made.dues += (
            due._replace(partner_id=partner_id, name="", level="", country="", currency=intern(due.currency))
            for due in dues([(account, statement)])
        )


def _only_pays_back(drafting: Drafting, account: Account, statement: Statement) -> bool:
    pays_back = any(amount < 0 for amount in totals(statement).values())
    return pays_back and drafting.renderer.reason(account.partner, statement) == "negative"


def without_statement(figures: Figures) -> list[Partner]:
    """The closed and merged partners, who are in no plan."""
    return [
        partner
        for partner in figures.snapshot.partners()
        if partner.merged_into or partner.status == "closed"
    ]


def _reason(
    drafting: Drafting, outbox: Outbox, account: Account, statement: Statement, handed: Collection[str]
) -> str | None:
    """The first reason that applies, in the order of the reference."""
    if uncorrected := drafting.uncorrected(statement):
        return uncorrected
    reason = drafting.renderer.reason(account.partner, statement)
    if reason in {"audience", "nothing_to_say"}:
        return reason
    suppressed = outbox.suppression(account.partner.email, drafting.campaign.category)
    if suppressed or reason:
        return suppressed or reason
    partner_id = account.partner.partner_id
    again = partner_id in handed or pseudonym(partner_id) in handed  # who was forgotten may have come back
    return "already_sent" if drafting.told is None and again else None


class Sums:
    """Per currency: recipients, and the net, positive and negative parts of `to_credit` in minor units."""

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def add(self, statement: Statement) -> None:
        """Add one recipient's."""
        for currency, amount in totals(statement).items():
            row = self._sums.setdefault(currency, [0, 0, 0])
            row[0] += 1
            row[1 if amount >= 0 else 2] += amount

    def totals(self) -> dict[str, Totals]:
        """The sums by currency, sorted."""
        return {
            currency: Totals(partners=partners, amount=credit + debit, credit=credit, debit=debit)
            for currency, (partners, credit, debit) in sorted(self._sums.items())
        }


def make_plan(
    drafting: Drafting,
    by: str,
    now: datetime,
    outbox: Outbox,
    folder: Path,
    progress: Progress,
    engine: Engine = alone,
) -> tuple[Batch, Draft]:
    """Freezes a batch into `folder`; it is not registered yet, so nothing of it can be sent.

    `engine` says who renders; the messages are the same whoever does. Raises `WorkerDied` and what `draft` does.
    """
    figures, campaign = drafting.figures, drafting.campaign
    drafting.header = header = BatchHeader(
        plan=_name(campaign, outbox),
        campaign=campaign.slug,
        edition=campaign.edition,
        category=campaign.category,
        as_of=figures.rules.as_of,
        made_by=by,
        made_at=now,
        send_at=None if drafting.told is not None else campaign.send_at,
        corrections=drafting.told is not None,
        snapshot=figures.snapshot.digest,
        templates=templates_digest(figures),
    )
    made = draft(drafting, outbox)
    whole = header.model_copy(update={"skipped": made.skipped, "totals": made.totals})
    folder.mkdir(parents=True, exist_ok=True)
    messages = rendered(drafting, whole, made.recipients, folder, engine, progress)
    return freeze_prepared(folder, whole, messages), made


def clipped(batch: Batch) -> list[str]:
    """The partners whose message is so long that Gmail shows its beginning only."""
    long = [partner for partner, parts, _ in batch.stored() if partner and len(parts) > CLIPPED_BYTES]
    return [partner for partner in long if len(batch.message(partner).html.encode()) > CLIPPED_BYTES]


def windows(batch: Batch) -> dict[str, int]:
    """How many recipients have each send window; none where the campaign has no window."""
    if not any(one.window for one in islice(batch.recipients(), 1)):
        return {}  # all have one, or none has
    return dict(sorted(Counter(one.window for one in batch.recipients()).items()))


def _name(campaign: Campaign, outbox: Outbox) -> str:
    """`CAMPAIGN-EDITION.N`, N counting the plans of that edition."""
    earlier = [p for p in outbox.plans() if (p.campaign, p.edition) == (campaign.slug, campaign.edition)]
    return f"{campaign.slug}-{campaign.edition}.{len(earlier) + 1}"


def templates_digest(figures: Figures) -> str:
    """Over the content and every template file that a message can be made from."""
    whole = sha256(figures.content.digest.encode())
    for folder in figures.site.template_folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            whole.update(
                file.relative_to(folder).as_posix().encode() + b"\0" + sha256(file.read_bytes()).digest()
            )
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Since:
    """How a batch differs from the one before it of the same campaign: counts of partners."""

    plan: str
    new: int
    gone: int
    changed: int


def since(batch: Batch, earlier: Batch) -> Since:
    """Who is new, who is gone, and whose figures are others."""
    now, then = _figures_digests(batch), _figures_digests(earlier)
    changed = sum(now[partner] != then[partner] for partner in now.keys() & then.keys())
    return Since(earlier.header.plan, len(now.keys() - then.keys()), len(then.keys() - now.keys()), changed)


def _figures_digests(batch: Batch) -> dict[str, bytes]:
    return {partner_id: sha256(figures.encode()).digest() for partner_id, figures in batch.figures()}


def stale_partners(
    batch: Batch, figures: Figures, told: Mapping[str, ToldFigures] | None = None, engine: Engine = alone
) -> list[str]:
    """The recipients, sorted, whose message would be another one, or none at all, if it were rendered now.

    `told` is what corrections correct; those are rendered here, others where `engine` says. Raises `WorkerDied`.
    """
    drafting = Drafting(figures, batch.header.campaign, told)
    drafting.header = batch.header
    if len(batch) * _LOOK_UP_COSTS < figures.partner_count:
        found = {one: figures.snapshot.account(one) for one in batch.partner_ids()}
        return [one for one, account in found.items() if account is None or stale(drafting, batch, account)]
    same = bytearray(len(batch))
    for places in same_messages(drafting, batch, engine):
        for place in places:
            same[place] = 1
    return [one for one, is_same in zip(batch.partner_ids(), same, strict=True) if not is_same]
