"""Whom a plan would write to, who is skipped and why, and what a person is told of their figures before approving."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from sys import intern

from generator import Campaign
from ledger import Snapshot
from mailer import Outbox, Recipient, Suppressed, Totals, pseudonym
from offerpress.conserving import conserved
from offerpress.drafting import Drafting
from offerpress.reports.dues import Due, dues
from rewards import (
    Account,
    Difference,
    Fault,
    Faulty,
    Partner,
    Rules,
    Statement,
    Tally,
    compute_statement,
    require_conserved,
    totals,
)


@dataclass(frozen=True, slots=True)
class Barred:
    """Who gets nothing whatever its figures: whom the edition was handed to already, and suppressed addresses."""

    handed: Collection[str]
    suppressed: Suppressed

    @classmethod
    def of(cls, campaign: Campaign, outbox: Outbox) -> "Barred":
        """As the outbox has it now."""
        return cls(outbox.handed(campaign.slug, campaign.edition), outbox.suppressed(campaign.category))

    def was_handed(self, partner_id: str) -> bool:
        """Whether the edition was handed to that partner; who was forgotten may have come back."""
        handed = self.handed
        return bool(handed) and (partner_id in handed or pseudonym(partner_id) in handed)


@dataclass(slots=True)
class Draft:
    """What a plan comes to, of one shard or of all: no account and no message is kept.

    `recipients` are those whose messages were written; `reasons` says by partner id why others are skipped. `sums` are
    what the recipients are told, `dues` are theirs and those of who is skipped only because of having to pay back,
    without names. `corrected` has what corrections correct, `clipped` whose message is so long that Gmail shows its
    beginning only. With `faults` nothing may be frozen, and nothing else is whole; `unwritten` are those of the first
    message that could not be rendered.
    """

    recipients: list[Recipient] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    sums: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    dues: list[Due] = field(default_factory=list)
    corrected: list[tuple[str, list[Difference]]] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    faults: list[Fault] = field(default_factory=list)
    unwritten: list[Fault] = field(default_factory=list)

    def entered(self, drafting: Drafting, barred: Barred, shard: int) -> Iterator[tuple[Account, Statement]]:
        """Enters the partners of one shard, and gives those who are written to."""
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
            for currency, amount in sums.items():
                self._add(currency, 1, max(amount, 0), min(amount, 0))
            if drafting.told is not None:
                self.corrected.append((partner_id, drafting.told[partner_id].differences(statement)))
        self.dues += (
            due._replace(partner_id=partner_id, name="", level="", country="", currency=intern(due.currency))
            for due in dues([(account, statement)])
        )

    def _add(self, currency: str, partners: int, credit: int, debit: int) -> None:
        before = self.sums.get(currency, (0, 0, 0))
        self.sums[currency] = (before[0] + partners, before[1] + credit, before[2] + debit)

    def merge(self, other: "Draft") -> None:
        """Adds what `other` holds, whose partners are not in this one."""
        self.recipients += other.recipients
        self.reasons |= other.reasons
        for currency, (partners, credit, debit) in other.sums.items():
            self._add(currency, partners, credit, debit)
        self.dues += other.dues
        self.corrected += other.corrected
        self.clipped += other.clipped
        self.tally.merge(other.tally)
        self.faults += other.faults
        self.unwritten = self.unwritten or other.unwritten

    def complete(self, snapshot: Snapshot, rules: Rules) -> None:
        """Adds who has no statement, once every shard is in.

        Raises `Faulty` where any figure cannot be computed, and `NotConserved` where together they are not the ledger.
        """
        if self.faults or self.unwritten:
            raise Faulty(self.faults or self.unwritten)
        require_conserved(conserved(self.tally, snapshot, rules))
        for partner in without_statement(snapshot):
            self.reasons[partner.partner_id] = "merged" if partner.merged_into else "closed"
        self.recipients.sort()

    @property
    def skipped(self) -> dict[str, int]:
        """How many partners are skipped for each reason."""
        return dict(sorted(Counter(self.reasons.values()).items()))

    @property
    def totals(self) -> dict[str, Totals]:
        """The recipients' sums by currency, sorted."""
        return {
            currency: Totals(partners=partners, amount=credit + debit, credit=credit, debit=debit)
            for currency, (partners, credit, debit) in sorted(self.sums.items())
        }


def draft(drafting: Drafting, barred: Barred) -> Draft:
    """Every partner is either a recipient or skipped for one reason; raises what `Draft.complete` does."""
    made, figures = Draft(), drafting.figures
    for shard in figures.snapshot.shards:
        for _ in made.entered(drafting, barred, shard):
            pass
    made.complete(figures.snapshot, figures.rules)
    return made


def skipped_for(drafting: Drafting, barred: Barred, partner: Partner, statement: Statement) -> str | None:
    """The first reason that applies, in the order of the reference; None to write to the partner."""
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
    """The closed and merged partners, who are in no plan."""
    return [partner for partner in snapshot.partners() if partner.merged_into or partner.status == "closed"]
