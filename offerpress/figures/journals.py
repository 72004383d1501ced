"""The credit journal of an offer: made from the same statements as every other channel, as CSV and JSON for finance."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from offerpress.figures.figures import Figures
from offerpress.figures.sign_offs import SignOff, read_sign_offs, signed_lines
from offerpress.site.folder import OfferpressError
from rewards import (
    Account,
    CashbackTerms,
    JournalLine,
    Offer,
    Rules,
    Statement,
    csv_table,
    day_text,
    format_amount,
    guarded,
    journal_lines,
    journal_sums,
    suggestion,
)


class NoJournal(OfferpressError):
    """The offer has no journal; `offer` holds its slug."""

    def __init__(self, offer: str, why: str) -> None:
        self.offer = offer
        super().__init__(f"no journal: {offer}: {why}")


@dataclass(frozen=True, slots=True)
class Journal:
    """The lines still to be credited for one offer as of a day, and the offer's sign-offs.

    `accruing` is True while the offer's period is not over. `remarks` name lines that were posted differently from how
    they were signed off.
    """

    offer: str
    as_of: int
    accruing: bool
    lines: tuple[JournalLine, ...]
    sign_offs: tuple[SignOff, ...]
    remarks: tuple[str, ...] = ()

    @property
    def unsigned(self) -> tuple[JournalLine, ...]:
        """The lines that nobody has signed off."""
        signed = {line.credit_id for one in self.sign_offs for line in signed_lines(one)}
        return tuple(line for line in self.lines if line.credit_id not in signed)


def make_journal(figures: Figures, slug: str) -> Journal:
    """Make the journal of that offer; raises `NoJournal`, `Faulty`, `NotConserved` and `CreditIdTaken`."""
    offer = _offer(figures, slug)
    statements = figures.sorted_statements()
    _refuse_ambiguous_ids(figures, slug)
    signed = read_sign_offs(figures.site, slug, figures.rules.as_of)
    lines = journal_of(slug, statements, figures.rules, signed)
    remarks = tuple(_posted_otherwise(statements, signed))
    return Journal(slug, figures.rules.as_of, accruing(offer, figures.rules), lines, tuple(signed), remarks)


def open_journal(figures: Figures, slug: str) -> Journal:
    """Return the journal that is to be signed off; raises `NoJournal` while its period is not over."""
    journal = make_journal(figures, slug)
    require_over(figures, slug)
    require_final(journal, "sign it off when it is over")
    return journal


def journal_of(
    slug: str, statements: Iterable[tuple[Account, Statement]], rules: Rules, signed: Sequence[SignOff]
) -> tuple[JournalLine, ...]:
    """Return the lines of one offer over all statements, after those sign-offs."""
    frozen = [line for one in signed for line in signed_lines(one)]
    return tuple(journal_lines(slug, statements, rules.as_of, frozen))


def accruing(offer: Offer, rules: Rules) -> bool:
    """Return whether the offer's period is not over on the day of the rules."""
    terms = offer.terms_on(rules.as_of)
    return isinstance(terms, CashbackTerms) and rules.as_of <= terms.period.last


def accruing_offers(rules: Rules) -> list[str]:
    """Return the offers of which an amount is not final on the day of the rules."""
    return sorted(rule.offer for _, rule in rules.counting if rule.last >= rules.as_of)


def require_final(journal: Journal, remedy: str) -> None:
    """Raise `NoJournal` if amounts are accruing, because they can still change."""
    if journal.accruing and journal.lines:
        why = f"its period is not over on {day_text(journal.as_of)}, so its amounts are accruing"
        raise NoJournal(journal.offer, f"{why}; {remedy}")


def require_over(figures: Figures, slug: str) -> None:
    """Raise `NoJournal` unless the offer's period is over by the clock: a named day brings no sales to come."""
    terms = _offer(figures, slug).terms_on(figures.rules.as_of)
    zone = figures.rules.program.timezone
    today = figures.site.clock_day(zone)
    if isinstance(terms, CashbackTerms) and today <= terms.period.last:
        last = day_text(terms.period.last)
        why = f"its period ends on {last}, and today is {day_text(today)} ({zone}), so sales can still come"
        raise NoJournal(slug, f"{why}; sign it off after {last}")


def journal_csv(lines: Iterable[JournalLine]) -> str:
    """Return the rows of the credits table with its header; only texts are guarded against formulas."""
    rows = ([guarded(text) for text in row[:3]] + row[3:] for row in map(_cells, lines))
    return csv_table(JournalLine._fields, rows, end="\n")


def journal_json(journal: Journal) -> dict[str, object]:
    """Return the journal as JSON; amounts are text with their currency's places."""
    return {
        "offer": journal.offer,
        "as_of": day_text(journal.as_of),
        "status": "accruing" if journal.accruing else "final",
        "credits": [dict(zip(JournalLine._fields, _cells(line), strict=True)) for line in journal.lines],
        "totals": {
            currency: format_amount(minor, currency)
            for currency, minor in journal_sums(journal.lines).items()
        },
        "signed_off": [one.model_dump(mode="json", exclude={"lines"}) for one in journal.sign_offs],
    }


def _cells(line: JournalLine) -> list[str]:
    amount = format_amount(line.amount, line.currency)
    return [line.credit_id, line.partner_id, line.offer, amount, line.currency, day_text(line.credited_on)]


def _offer(figures: Figures, slug: str) -> Offer:
    offers = {offer.slug: offer for offer in figures.content.policy.offers if offer.kind == "cashback"}
    if slug not in offers:
        raise NoJournal(slug, f"it is no cashback offer; {suggestion(slug, sorted(offers))}")
    if offers[slug].announced_on > figures.rules.as_of:
        raise NoJournal(slug, f"it is not announced before {day_text(offers[slug].announced_on)}")
    return offers[slug]


def _refuse_ambiguous_ids(figures: Figures, slug: str) -> None:
    """Raise `NoJournal` if a guarded id is another partner's own: its credit would be read back as theirs."""
    ids = {partner.partner_id for partner in figures.snapshot.partners()}
    for one in sorted(ids):
        if guarded(one) != one and guarded(one) in ids:
            raise NoJournal(slug, f"partner ids {one!r} and {guarded(one)!r} cannot be told apart in it")


def _posted_otherwise(
    statements: Iterable[tuple[Account, Statement]], sign_offs: Iterable[SignOff]
) -> Iterator[str]:
    """Describe each credit whose id was signed off with another amount or day."""
    signed = {line.credit_id: line for one in sign_offs for line in signed_lines(one)}
    for account, _ in statements if signed else ():
        for credit in account.credits:
            line = signed.get(credit.credit_id)
            if line and (credit.amount, credit.credited_on) != (line.amount, line.credited_on):
                amount = format_amount(credit.amount, credit.currency)
                posted = f"posted as {amount} on {day_text(credit.credited_on)}"
                yield f"{line.credit_id}: {posted}, not as it was signed off"
