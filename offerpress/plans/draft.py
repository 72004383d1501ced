"""The draft of a plan: its recipients, the skipped partners with reasons, and the figures a person looks at first."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING

from generator import Campaign
from ledger import Snapshot
from mailer import (
    BatchError,
    BatchHeader,
    CurrencyTotals,
    Outbox,
    PlanRecord,
    Recipient,
    Status,
    Suppressed,
    message_key,
    pseudonym,
)
from offerpress.figures.checking import campaign_renderer
from offerpress.figures.figures import Figures, open_figures
from offerpress.figures.frozen_rules import read_rules
from offerpress.figures.statements import conserved
from offerpress.plans.dues import Due, dues
from offerpress.plans.told import ToldBefore, ToldFigures, told_figures
from offerpress.site.folder import OfferpressError
from offerpress.site.keys import private_address, unsubscribing
from offerpress.site.site import Site
from rewards import (
    Account,
    Difference,
    Fault,
    Faulty,
    Notice,
    Partner,
    Rules,
    Statement,
    Tally,
    compute_statement,
    require_conserved,
    running_offers,
    totals,
)

if TYPE_CHECKING:  # a fresh plan is approved without rendering
    from generator import NoticeFacts


class UnknownCampaign(OfferpressError):
    """There is no campaign of that slug."""

    def __init__(self, slug: str, known: Collection[str]) -> None:
        names = ", ".join(sorted(known)) or "none yet"
        super().__init__(
            f"no campaign: {slug!r}: content/campaigns holds {names}; `offerpress add campaign TITLE` makes one"
        )


class Drafting:
    """Decides on and renders one campaign's notices over one set of figures.

    With `told` they are corrections, only for partners whose figures differ from what they were told.
    """

    def __init__(self, figures: Figures, slug: str, told: ToldBefore | None = None) -> None:
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
        self._running: dict[tuple[str, int], Collection[str]] = {}

    def notices(self, group: Iterable[tuple[Account, Statement]]) -> list[Notice]:
        """Render the messages to these partners, with their private links if the site has such links."""
        return self.renderer.notices(
            [self._facts(account.partner, statement) for account, statement in group]
        )

    def _facts(self, partner: Partner, statement: Statement) -> "NoticeFacts":
        from generator import NoticeFacts  # noqa: PLC0415 - likewise

        keys = self.figures.keys
        last = self.told.by_partner.get(partner.partner_id) if self.told else None
        told = last.statement if last else None
        address = reference = ""
        if keys is not None:
            link = keys.link(partner.partner_id)
            address, reference = private_address(self.figures.site, link), link.reference
        leave, window = self._leave(partner.partner_id), self.window(partner)
        return NoticeFacts(partner, statement, address, reference, told, leave, window)

    def _leave(self, partner_id: str) -> str:
        """Return where an announcement's reader unsubscribes, by a token of its own; empty until there is a plan."""
        if self.header is None or self.campaign.category != "announcement":
            return ""
        return self.unsubscribing.url(message_key(self.header, partner_id))

    def window(self, partner: Partner) -> str:
        """Return when the partner may be written to, in its own zone or else the program's; empty for any time."""
        if self._window is None:
            return ""
        return self._window.text(partner.timezone or self.figures.content.policy.program.timezone)

    def uncorrected(self, statement: Statement) -> str | None:
        """Return why a corrections plan skips a partner; None for another plan, or if there is a correction.

        A partner whose last notice is not settled is not written to before it is. A sum that was told while its period
        was running, and only grew, is no correction unless the terms changed.
        """
        if self.told is None:
            return None
        last = self.told.by_partner.get(statement.partner_id)
        if last is None:
            return "told_is_lost" if statement.partner_id in self.told.lost else "not_told"
        settled = last.status is Status.ACCEPTED
        return None if settled and last.differences(statement, self._running_for(last)) else "already_sent"

    def _running_for(self, last: ToldFigures) -> Collection[str]:
        """Return the offers that were running when those figures were told, and whose terms are the same now.

        A plan of an earlier version names no rules: then today's terms of its day are taken for those that it told.
        """
        key = (last.rules, last.as_of)
        if key not in self._running:
            rules, site = self.figures.rules, self.figures.site
            told_by = read_rules(site, last.rules) if last.rules else rules.policy
            self._running[key] = running_offers(rules.policy, rules.as_of, told_by, last.as_of)
        return self._running[key]


@dataclass(frozen=True, slots=True)
class Barred:
    """The partners that get nothing whatever their figures: this edition was handed to them, or they are suppressed."""

    handed: Collection[str]
    suppressed: Suppressed

    @classmethod
    def of(cls, campaign: Campaign, outbox: Outbox) -> "Barred":
        """Read them from the outbox as it is now."""
        return cls(outbox.handed(campaign.slug, campaign.edition), outbox.suppressed(campaign.category))

    def was_handed(self, partner_id: str) -> bool:
        """Return whether the edition was handed to that partner, also under the pseudonym of a forgotten one."""
        handed = self.handed
        return bool(handed) and (partner_id in handed or pseudonym(partner_id) in handed)


@dataclass(slots=True)
class Draft:
    """The result of planning one shard or all of them, without accounts and messages.

    `recipients` are those whose messages were written; `reasons` says by partner id why others are skipped. `sums`
    are the totals of the recipients. `dues`, without names, are those of the recipients and of partners skipped only
    because they owe. `languages` counts the recipients by the language of their message, `fallbacks` those whose own
    language is another, by both. `corrected` holds the corrections, `clipped` the partners whose message Gmail cuts
    off. With `faults` nothing may be frozen and the other fields are incomplete; `unwritten` are the faults of the
    first message that could not be rendered.
    """

    recipients: list[Recipient] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    sums: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    dues: list[Due] = field(default_factory=list)
    corrected: list[tuple[str, list[Difference]]] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[tuple[str, str]] = field(default_factory=Counter)
    clipped: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    faults: list[Fault] = field(default_factory=list)
    unwritten: list[Fault] = field(default_factory=list)

    def entered(self, drafting: Drafting, barred: Barred, shard: int) -> Iterator[tuple[Account, Statement]]:
        """Enter the partners of one shard, and return those who are written to."""
        figures = drafting.figures
        for account in figures.snapshot.accounts(shard):
            found: list[Fault] = []
            statement = compute_statement(account, figures.rules, found)
            self.faults += map(figures.placed, found)
            if self.faults:
                continue  # nothing will be frozen: only the other faults are still of interest
            self.tally.add(account, statement, figures.rules)
            reason = skipped_for(drafting, barred, account.partner, statement)
            self._enter(drafting, account, statement, reason)
            if reason is None:
                yield account, statement

    def _enter(self, drafting: Drafting, account: Account, statement: Statement, reason: str | None) -> None:
        partner_id, sums = account.partner.partner_id, totals(statement)
        if reason is not None:
            self.reasons[partner_id] = reason
            pays_back = any(amount < 0 for amount in sums.values())
            if not pays_back or drafting.renderer.reason(account.partner, statement) != "negative":
                return
        else:
            self._count_language(account.partner, drafting.renderer.language(account.partner))
            for currency, amount in sums.items():
                self._add(currency, 1, max(amount, 0), min(amount, 0))
            if drafting.told is not None:
                self.corrected.append(
                    (partner_id, drafting.told.by_partner[partner_id].differences(statement))
                )
        self.dues += (
            due._replace(partner_id=partner_id, name="", level="", country="", currency=intern(due.currency))
            for due in dues([(account, statement)])
        )

    def _count_language(self, partner: Partner, used: str) -> None:
        self.languages[used] += 1
        own = partner.language.replace("_", "-").partition("-")[0].casefold()
        if own and own != used.partition("-")[0].casefold():
            self.fallbacks[own, used] += 1

    def _add(self, currency: str, partners: int, credit: int, debit: int) -> None:
        before = self.sums.get(currency, (0, 0, 0))
        self.sums[currency] = (before[0] + partners, before[1] + credit, before[2] + debit)

    def merge(self, other: "Draft") -> None:
        """Add another draft, which must hold other partners."""
        self.recipients += other.recipients
        self.reasons |= other.reasons
        for currency, (partners, credit, debit) in other.sums.items():
            self._add(currency, partners, credit, debit)
        self.dues += other.dues
        self.corrected += other.corrected
        self.languages += other.languages
        self.fallbacks += other.fallbacks
        self.clipped += other.clipped
        self.tally.merge(other.tally)
        self.faults += other.faults
        self.unwritten = self.unwritten or other.unwritten

    def complete(self, snapshot: Snapshot, rules: Rules) -> None:
        """Add the partners without a statement, after every shard is in.

        Raises `Faulty` if a figure cannot be computed, and `NotConserved` if the figures do not add up to the ledger.
        """
        if self.faults or self.unwritten:
            raise Faulty(self.faults or self.unwritten)
        require_conserved(conserved(self.tally, snapshot, rules))
        for partner in without_statement(snapshot):
            self.reasons[partner.partner_id] = "merged" if partner.merged_into else "closed"
        self.recipients.sort()

    @property
    def skipped(self) -> dict[str, int]:
        """The number of skipped partners for each reason."""
        return dict(sorted(Counter(self.reasons.values()).items()))

    @property
    def totals(self) -> dict[str, CurrencyTotals]:
        """The recipients' sums by currency, sorted."""
        return {
            currency: CurrencyTotals(partners=partners, amount=credit + debit, credit=credit, debit=debit)
            for currency, (partners, credit, debit) in sorted(self.sums.items())
        }


def draft(drafting: Drafting, barred: Barred) -> Draft:
    """Return the draft of all shards, without a message; raises what `Draft.complete` raises."""
    made, figures = Draft(), drafting.figures
    for shard in figures.snapshot.shards:
        for _ in made.entered(drafting, barred, shard):
            pass
    made.complete(figures.snapshot, figures.rules)
    return made


def skipped_for(drafting: Drafting, barred: Barred, partner: Partner, statement: Statement) -> str | None:
    """Return the first reason to skip the partner, in the order of the reference; None to write to it."""
    if uncorrected := drafting.uncorrected(statement):
        return uncorrected
    reason = drafting.renderer.reason(partner, statement)
    if reason in {"audience", "nothing_to_say"}:
        return reason
    suppressed = barred.suppressed.reason(partner.email)
    if suppressed or reason:
        return suppressed or reason
    return "already_sent" if drafting.told is None and barred.was_handed(partner.partner_id) else None


def without_statement(snapshot: Snapshot) -> list[Partner]:
    """Return the closed and merged partners, who are in no plan."""
    return [partner for partner in snapshot.partners() if partner.merged_into or partner.status == "closed"]


def why_skipped(site: Site, outbox: Outbox, partner_id: str) -> list[tuple[str, str]]:
    """Return the last plan of each campaign that skipped the partner, and the reason by today's data and content.

    The reason is empty for a partner who would get a notice now. Raises `OfferpressError` for an id that the ledger
    does not have, and `Faulty`.
    """
    last = {record.campaign: record for record in outbox.plans() if record.standing != "cancelled"}
    found = []
    for record in last.values():
        with suppress(BatchError), site.open_batch(record.plan) as batch:
            as_of = batch.header.as_of
            with open_figures(site.on(as_of)) as figures:
                if record.campaign in figures.content.campaigns:
                    found.append((record.plan, _reason(figures, record, outbox, partner_id)))
    return found


def _reason(figures: Figures, record: PlanRecord, outbox: Outbox, partner_id: str) -> str:
    partner = next((one for one in figures.snapshot.partners() if one.partner_id == partner_id), None)
    if partner is None:
        raise OfferpressError(
            f"nobody to ask about: {partner_id!r}: neither a plan nor the ledger has this id; look it up in the "
            "partners table"
        )
    if partner.merged_into or partner.status == "closed":
        return "merged" if partner.merged_into else "closed"
    told = told_figures(figures.site, outbox, record.campaign) if record.corrections else None
    drafting = Drafting(figures, record.campaign, told)
    account, statement = figures.statement(partner_id)
    return skipped_for(drafting, Barred.of(drafting.campaign, outbox), account.partner, statement) or ""
