"""Campaign + figures → a frozen batch, and whether a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from generator import Campaign
from mailer import (
    Batch,
    BatchHeader,
    Outbox,
    Status,
    Totals,
    freeze,
    message_key,
    pseudonym,
    with_own_headers,
)
from offerpress.checking import campaign_renderer
from offerpress.corrections import ToldFigures
from offerpress.figures import Figures
from offerpress.folder import OfferpressError
from offerpress.reporting import Progress
from offerpress.site_keys import private_address, unsubscribing
from rewards import Account, Difference, Fault, Notice, Partner, Statement, compute_statement, totals

Statements = Sequence[tuple[Account, Statement]]

CLIPPED_BYTES: Final = 102_000
"""Gmail cuts a message's HTML after 102 kB."""


class UnknownCampaign(OfferpressError):
    """No campaign of that slug; `slug` holds it."""

    def __init__(self, slug: str, known: Collection[str]) -> None:
        self.slug = slug
        names = ", ".join(sorted(known)) or "none yet"
        super().__init__(
            f"no campaign: {slug!r}: content/campaigns holds {names}; `offerpress add campaign TITLE` makes one"
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan would hold: its notices by partner id, who is skipped and why, and the sums it tells.

    `reasons` is by partner id, `skipped` counts it.
    """

    notices: tuple[Notice, ...]
    reasons: Mapping[str, str]
    skipped: Mapping[str, int]
    totals: Mapping[str, Totals]


class Drafting:
    """Decides and renders one campaign's notices over one set of figures.

    With `told` they are corrections: for those partners alone whose figures differ from what they were told.
    """

    def __init__(self, figures: Figures, slug: str, told: Mapping[str, ToldFigures] | None = None) -> None:
        campaigns = figures.content.campaigns
        if slug not in campaigns:
            raise UnknownCampaign(slug, campaigns)
        self.figures = figures
        self.campaign: Campaign = campaigns[slug]
        self.told = told
        self.header: BatchHeader | None = None
        """The plan for which the notices are; until it is known they show no address to unsubscribe of their own."""
        self.unsubscribing = unsubscribing(figures.site, figures.keys)
        self._window = self.campaign.window or figures.site.settings.mail.window
        self.renderer = campaign_renderer(figures, slug, corrections=told is not None)

    def notice(self, account: Account, statement: Statement) -> Notice:
        """The message of that partner, with its private link where the site has such links."""
        keys, partner = self.figures.keys, account.partner
        last = self.told.get(partner.partner_id) if self.told else None
        told = last.statement if last else None
        address = reference = ""
        if keys is not None:
            link = keys.link(partner.partner_id)
            address, reference = private_address(self.figures.site, link), link.reference
        leave = self._leave(partner.partner_id)
        made = self.renderer.notice(partner, statement, address, reference, told, unsubscribe=leave)
        return made.model_copy(update={"window": self.window(partner)}) if self._window else made

    def _leave(self, partner_id: str) -> str:
        """Where the partner unsubscribes, by its own token; empty where that is not known."""
        return "" if self.header is None else self.unsubscribing.url(message_key(self.header, partner_id))

    def window(self, partner: Partner) -> str:
        """When the partner may be written to, in its own zone or else the program's; empty for any time."""
        if self._window is None:
            return ""
        return self._window.text(partner.timezone or self.figures.content.policy.program.timezone)

    def uncorrected(self, statement: Statement) -> str | None:
        """Why a corrections plan has nothing for a partner; None for another plan, or where there is a correction.

        Who may be in the middle of being told something is told nothing else before that is settled.
        """
        if self.told is None:
            return None
        last = self.told.get(statement.partner_id)
        if last is None:
            return "not_told"
        settled = last.status is Status.ACCEPTED
        return None if settled and last.differences(statement) else "already_sent"


def draft(drafting: Drafting, statements: Statements, outbox: Outbox, progress: Progress) -> Draft:
    """Every partner is either a recipient or skipped for one reason; notices come sorted by partner id."""
    campaign = drafting.campaign
    handed = outbox.handed(campaign.slug, campaign.edition)
    reasons = {
        p.partner_id: "merged" if p.merged_into else "closed" for p in without_statement(drafting.figures)
    }
    recipients: list[Statement] = []
    notices: list[Notice] = []
    for account, statement in statements:
        progress(1)
        partner = account.partner
        reason = _reason(drafting, outbox, account, statement, handed)
        if reason:
            reasons[partner.partner_id] = reason
            continue
        notices.append(drafting.notice(account, statement))
        recipients.append(statement)
    skipped = dict(sorted(Counter(reasons.values()).items()))
    return Draft(tuple(notices), reasons, skipped, sum_up(recipients))


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
) -> Batch:
    """Freezes a batch into `folder`; it is not registered yet, so nothing of it can be sent."""
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
    made = draft(drafting, statements, outbox, progress)
    whole = header.model_copy(update={"skipped": made.skipped, "totals": made.totals})
    folder.mkdir(parents=True, exist_ok=True)
    return freeze(folder, whole, made.notices, unsubscribe=drafting.unsubscribing)


def clipped(batch: Batch) -> list[str]:
    """The partners whose message is so long that Gmail shows its beginning only."""
    return [notice.partner_id for notice in batch.messages() if len(notice.html.encode()) > CLIPPED_BYTES]


def windows(batch: Batch) -> dict[str, int]:
    """How many recipients have each send window; none where the campaign has no window."""
    if not any(notice.window for notice in islice(batch.messages(), 1)):
        return {}  # all have one, or none has
    return dict(sorted(Counter(notice.window for notice in batch.messages()).items()))


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
    now = {notice.partner_id: notice.figures for notice in batch.messages()}
    then = {notice.partner_id: notice.figures for notice in earlier.messages()}
    changed = sum(now[partner] != then[partner] for partner in now.keys() & then.keys())
    return Since(earlier.header.plan, len(now.keys() - then.keys()), len(then.keys() - now.keys()), changed)


def stale_partners(
    batch: Batch, figures: Figures, told: Mapping[str, ToldFigures] | None = None
) -> list[str]:
    """The recipients whose message would be another one, or none at all, if it were rendered now.

    `told` is what corrections correct.
    """
    drafting = Drafting(figures, batch.header.campaign, told)
    drafting.header = batch.header
    stale = []
    for frozen in batch.messages():
        account = figures.snapshot.account(frozen.partner_id)
        now = _message_now(drafting, account) if account else None
        if now is None or with_own_headers(batch.header, now, drafting.unsubscribing) != frozen:
            stale.append(frozen.partner_id)
    return stale


def _message_now(drafting: Drafting, account: Account) -> Notice | None:
    faults: list[Fault] = []
    statement = compute_statement(account, drafting.figures.rules, faults)
    if faults or drafting.uncorrected(statement) or drafting.renderer.reason(account.partner, statement):
        return None
    return drafting.notice(account, statement)


def corrected(
    drafting: Drafting, statements: Statements, batch: Batch
) -> Iterator[tuple[str, list[Difference]]]:
    """The recipients of a corrections plan, each with what it was told otherwise."""
    told, recipients = drafting.told or {}, set(batch.partner_ids())
    for _, statement in statements:
        if statement.partner_id in recipients:
            yield statement.partner_id, told[statement.partner_id].differences(statement)
