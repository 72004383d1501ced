"""Campaign + figures → a frozen batch, and whether a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from generator import Campaign
from mailer import Batch, BatchHeader, Outbox, Totals, freeze_prepared, pseudonym
from offerpress.corrections import ToldFigures
from offerpress.drafting import Drafting, Statements
from offerpress.engines import Engine, alone
from offerpress.figures import Figures
from offerpress.rendering import rendered, same_messages, stale
from offerpress.reporting import Progress
from rewards import Account, Difference, Partner, Statement, totals

_LOOK_UP_COSTS: Final = 64  # times as much as reading an account with its whole shard

CLIPPED_BYTES: Final = 102_000
"""Gmail cuts a message's HTML after 102 kB."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Whom a plan would write to, sorted by partner id, who is skipped and why, and the sums it tells.

    `reasons` is by partner id, `skipped` counts it.
    """

    recipients: tuple[tuple[Account, Statement], ...]
    reasons: Mapping[str, str]
    skipped: Mapping[str, int]
    totals: Mapping[str, Totals]


def draft(drafting: Drafting, statements: Statements, outbox: Outbox) -> Draft:
    """Every partner is either a recipient or skipped for one reason."""
    campaign = drafting.campaign
    handed = outbox.handed(campaign.slug, campaign.edition)
    reasons = {
        p.partner_id: "merged" if p.merged_into else "closed" for p in without_statement(drafting.figures)
    }
    recipients: list[tuple[Account, Statement]] = []
    for account, statement in statements:
        reason = _reason(drafting, outbox, account, statement, handed)
        if reason:
            reasons[account.partner.partner_id] = reason
        else:
            recipients.append((account, statement))
    skipped = dict(sorted(Counter(reasons.values()).items()))
    return Draft(tuple(recipients), reasons, skipped, sum_up([statement for _, statement in recipients]))


def without_statement(figures: Figures) -> list[Partner]:
    """The closed and merged partners, who are in no plan."""
    return [
        partner
        for partner in figures.snapshot.partners()
        if partner.merged_into or partner.status == "closed"
    ]


def concerned(
    drafting: Drafting, statements: Statements, batch: Batch
) -> Iterator[tuple[Account, Statement]]:
    """The recipients of a batch, and those who are skipped only because they would have to pay back."""
    recipients = set(batch.partner_ids())
    for account, statement in statements:
        pays_back = any(amount < 0 for amount in totals(statement).values())
        if statement.partner_id in recipients or (
            pays_back and drafting.renderer.reason(account.partner, statement) == "negative"
        ):
            yield account, statement


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


def sum_up(statements: Collection[Statement]) -> dict[str, Totals]:
    """Per currency: recipients, and the net, positive and negative parts of `to_credit` in minor units."""
    sums: dict[str, list[int]] = {}
    for statement in statements:
        for currency, amount in totals(statement).items():
            row = sums.setdefault(currency, [0, 0, 0])
            row[0] += 1
            row[1 if amount >= 0 else 2] += amount
    return {
        currency: Totals(partners=partners, amount=credit + debit, credit=credit, debit=debit)
        for currency, (partners, credit, debit) in sorted(sums.items())
    }


def make_plan(
    drafting: Drafting,
    statements: Statements,
    by: str,
    now: datetime,
    outbox: Outbox,
    folder: Path,
    progress: Progress,
    engine: Engine = alone,
) -> Batch:
    """Freezes a batch into `folder`; it is not registered yet, so nothing of it can be sent.

    `engine` says who renders; the messages are the same whoever does. Raises `WorkerDied`.
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
    made = draft(drafting, statements, outbox)
    whole = header.model_copy(update={"skipped": made.skipped, "totals": made.totals})
    folder.mkdir(parents=True, exist_ok=True)
    return freeze_prepared(
        folder, whole, rendered(drafting, whole, made.recipients, folder, engine, progress)
    )


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


def corrected(
    drafting: Drafting, statements: Statements, batch: Batch
) -> Iterator[tuple[str, list[Difference]]]:
    """The recipients of a corrections plan, each with what it was told otherwise."""
    told, recipients = drafting.told or {}, set(batch.partner_ids())
    for _, statement in statements:
        if statement.partner_id in recipients:
            yield statement.partner_id, told[statement.partner_id].differences(statement)
