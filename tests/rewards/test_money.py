"""Amounts, their text, their minor units and the one rounding rule."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import (
    MINOR_UNITS,
    Money,
    UnknownCurrency,
    format_amount,
    minor_units,
    parse_amount,
    round_half_away,
)
from rewards.money import UnlikeCurrencies

CODES = st.sampled_from(sorted(MINOR_UNITS))


@pytest.mark.parametrize(
    ("places", "codes"),
    [
        (0, "JPY KRW CLP ISK UGX VND XAF XOF XPF PYG"),
        (2, "EUR USD GBP CHF SEK HUF IDR MGA MRU TWD XCG"),
        (3, "KWD BHD JOD OMR TND IQD LYD"),
        (4, "CLF UYW"),
    ],
)
def test_minor_units_are_those_of_the_standard(places: int, codes: str) -> None:
    """The places of a currency are ISO 4217's, also where shops and CLDR use others."""
    assert {places} == {minor_units(code) for code in codes.split()}


def test_the_table_holds_every_active_code() -> None:
    """List one of 2026-01-01 has 165 codes with a minor unit; six withdrawn ones are kept for old ledger lines."""
    assert len(MINOR_UNITS) == 139 + 7 + 17 + 2 + 6


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12345.67", "EUR", 1234567),
        (" 5 ", "EUR", 500),
        ("-0.5", "EUR", -50),
        ("333", "JPY", 333),
        ("1.001", "KWD", 1001),
        ("0007.10", "USD", 710),
        ("-0", "EUR", 0),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    """An amount becomes an integer of its currency's minor unit."""
    assert minor == parse_amount(text, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1,000.00", "EUR"),
        ("1.000,00", "EUR"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("+1", "EUR"),
        (".5", "EUR"),
        ("5.", "EUR"),
        ("", "EUR"),
        ("--1", "EUR"),
        ("1.001", "EUR"),
        ("1.0", "JPY"),
        ("1.0000", "KWD"),
        ("\uff11\uff12", "EUR"),
        ("1_000", "EUR"),
        ("9" * 19, "EUR"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_remedy(text: str, currency: str) -> None:
    """Grouping, exponents, foreign digits and too many places are refused, and the message says what is right."""
    with pytest.raises(ValueError, match="; "):
        parse_amount(text, currency)


@pytest.mark.parametrize(
    ("code", "remedy"), [("eur", "did you mean 'EUR'"), ("XAU", "minor unit"), ("€", "'EUR'")]
)
def test_an_unknown_currency_says_what_to_write(code: str, remedy: str) -> None:
    """A code in lower case, one without minor units and a symbol are each refused with a remedy."""
    with pytest.raises(UnknownCurrency, match=remedy):
        minor_units(code)


@given(st.integers(-(10**17), 10**17), CODES)
def test_text_and_amount_are_inverse(minor: int, currency: str) -> None:
    """What is written is read back, in every currency."""
    assert minor == parse_amount(format_amount(minor, currency), currency)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        (Fraction(1, 2), 1),  # 0.005 EUR is 0.01
        (Fraction(-1, 2), -1),  # -0.005 EUR is -0.01
        (Fraction(4999, 10000), 0),
        (Fraction(5, 2), 3),
        (Fraction(999, 20), 50),  # 15 % of JPY 333 is 49.95
        (Fraction(15015, 100), 150),  # 15 % of KWD 1.001 is 0.15015
    ],
)
def test_halves_are_rounded_away_from_zero(exact: Fraction, rounded: int) -> None:
    """A tie goes away from zero, on both sides of it."""
    assert rounded == round_half_away(exact)


@given(st.fractions(), st.fractions())
def test_rounding_is_monotone_and_symmetric(one: Fraction, other: Fraction) -> None:
    """A larger number never rounds lower, and a sign never changes a magnitude."""
    low, high = sorted((one, other))
    assert round_half_away(low) <= round_half_away(high)
    assert -round_half_away(one) == round_half_away(-one)
    assert abs(round_half_away(one) - one) <= Fraction(1, 2)


def test_money_adds_and_compares_within_its_currency() -> None:
    """Sums of one currency are exact, and the text has the currency's places."""
    assert str(Money.parse("0.10", "EUR") + Money.parse("0.20", "EUR")) == "0.30 EUR"
    assert str(-(Money(50, "JPY") - Money(70, "JPY"))) == "20 JPY"
    assert Money(1, "EUR") < Money(2, "EUR")
    assert Money(2, "EUR") <= Money(2, "EUR")


def test_unlike_currencies_do_not_mix() -> None:
    """Adding or comparing amounts of two currencies is an error that names both."""
    with pytest.raises(UnlikeCurrencies, match="EUR and JPY"):
        Money(1, "EUR") + Money(1, "JPY")
    with pytest.raises(UnlikeCurrencies, match="EUR and USD"):
        assert Money(1, "EUR") < Money(1, "USD")
