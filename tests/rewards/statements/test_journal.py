"""The credit journal: what is still to be credited, line by line, before and after it was signed off and posted."""

import pytest

from rewards import (
    Account,
    CashbackEntry,
    Credit,
    JournalLine,
    Partner,
    Statement,
    journal_lines,
    journal_sums,
)
from rewards.statements.journal import CreditIdTaken

OFFER, DAY = "cash", 738_886


def entry(amount: int, credited: int, currency: str = "EUR", offer: str = OFFER) -> CashbackEntry:
    """An entry with that amount, of which so much is credited already."""
    return CashbackEntry(
        offer, currency, amount, None, amount, amount, credited, amount - credited, "final", DAY
    )


def credit(number: int, amount: int, day: int = DAY, currency: str = "EUR") -> Credit:
    """A row of the credits table that came from a journal."""
    return Credit(f"{OFFER}:P:{currency}:{number}", OFFER, amount, currency, day)


def pair(
    *entries: CashbackEntry, rows: tuple[Credit, ...] = (), partner: str = "P"
) -> tuple[Account, Statement]:
    """A partner with these entries and credits."""
    account = Account(Partner(partner, "", "", "EUR", "base"), credits=rows)
    return account, Statement(partner, DAY, "base", entries)


def line(number: int, amount: int, partner: str = "P", currency: str = "EUR") -> JournalLine:
    """A line of the journal of that day."""
    return JournalLine(f"{OFFER}:{partner}:{currency}:{number}", partner, OFFER, amount, currency, DAY)


def test_a_line_for_each_partner_and_currency_with_something_to_credit() -> None:
    """Lines come by partner id and currency; what comes to 0, and other offers, have none; a reversal is negative."""
    statements = [
        pair(entry(700, 0, "CHF"), entry(1000, 0), partner="Q"),
        pair(entry(1000, 1000), entry(5, 0, offer="other"), rows=(credit(1, 1000),)),
        pair(entry(0, 250), rows=(Credit("K-7", OFFER, 250, "EUR", DAY),), partner="R"),
    ]
    lines = journal_lines(OFFER, statements, DAY, ())
    assert lines == [line(1, 700, "Q", "CHF"), line(1, 1000, "Q"), line(2, -250, "R")]
    assert journal_sums(lines) == {"CHF": 700, "EUR": 1000 - 250}


def test_the_number_follows_the_earlier_credits() -> None:
    """N - 1 credits of the same offer, partner and currency are in the table, whatever their ids are."""
    rows = (Credit("K-1", OFFER, 10, "EUR", DAY), credit(2, 20), credit(1, 99, currency="CHF"))
    (found,) = journal_lines(OFFER, [pair(entry(100, 30), rows=rows)], DAY, ())
    assert found == line(3, 70)


def test_posted_lines_leave_nothing() -> None:
    """Once its rows are in the credits table, the next journal is empty."""
    posted = (credit(1, 1000),)
    assert journal_lines(OFFER, [pair(entry(1000, 1000), rows=posted)], DAY, ()) == []


def test_a_signed_line_stays_and_the_change_is_a_line_of_its_own() -> None:
    """Before the signed line is posted both are due, afterwards only the difference."""
    signed = [line(1, 1000)]
    assert journal_lines(OFFER, [pair(entry(1100, 0))], DAY, signed) == [*signed, line(2, 100)]
    posted = pair(entry(1100, 1000), rows=(credit(1, 1000),))
    assert journal_lines(OFFER, [posted], DAY, signed) == [line(2, 100)]


def test_a_signed_line_stands_without_an_entry() -> None:
    """Who is no longer eligible has no entry, and still what was signed off; it is not taken back by itself."""
    assert journal_lines(OFFER, [pair()], DAY, [line(1, 1000)]) == [line(1, 1000)]


def test_an_id_of_a_later_credit_is_not_given_again() -> None:
    """A credit dated after the journal does not count yet, but its id is taken: appending would be a fault."""
    with pytest.raises(CreditIdTaken, match="cash:P:EUR:1"):
        journal_lines(OFFER, [pair(entry(100, 0), rows=(credit(1, 100, DAY + 1),))], DAY, ())
