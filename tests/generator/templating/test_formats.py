"""Amounts, days, rates and numbers in a reader's language."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from babel import Locale
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from generator.templating.formats import (
    Formats,
    UnknownLanguage,
    direction,
    formats,
    known_language,
    plural_chooser,
    regional_language,
)

LANGUAGES = ("en", "de", "da", "fr", "nl", "pt-BR", "de-CH", "ja", "hi", "sv", "ru", "tr")
EXACT = {"EUR": 2, "USD": 2, "GBP": 2}


@given(st.sampled_from(LANGUAGES), st.sampled_from(sorted(EXACT)), st.integers(-(10**13), 10**13))
def test_amounts_look_as_babel_writes_them(language: str, currency: str, minor: int) -> None:
    """What was learnt about a language gives the same text as Babel's own call, for any amount and sign."""
    amount = Decimal(minor).scaleb(-EXACT[currency])
    expected = format_currency(amount, currency, locale=Locale.parse(language, sep="-"))
    assert formats(language).money(minor, currency) == expected


@pytest.mark.parametrize(
    ("language", "currency", "expected"),
    [
        ("en", "SEK", "SEK\N{NO-BREAK SPACE}8,636.73"),
        ("en", "USD", "$8,636.73"),
        ("de", "SEK", "8.636,73\N{NO-BREAK SPACE}SEK"),
    ],
)
def test_a_code_stands_apart_from_the_digits(language: str, currency: str, expected: str) -> None:
    """A currency whose symbol is letters has a no-break space before the digits, as CLDR asks."""
    assert expected == formats(language).money(863673, currency)


@pytest.mark.parametrize(
    ("language", "four", "five", "amount"),
    [
        ("es", "9876", "98.765", "1234,50 €"),
        ("es-MX", "9,876", "98,765", "EUR 1,234.50"),
        ("pl", "9876", "98 765", "1234,50 €"),
        ("pt-PT", "9876", "98 765", "1234,50 €"),
        ("pt-BR", "9.876", "98.765", "€ 1.234,50"),
        ("hu", "9876", "98 765", "1234,50 EUR"),
        ("bg", "9876", "98 765", "1234,50 €"),
        ("it", "9876", "98.765", "1234,50 €"),
        ("lv", "9876", "98 765", "1234,50 €"),
        ("et", "9876", "98 765", "1234,50 €"),
        ("sl", "9876", "98.765", "1234,50 €"),
        ("de", "9.876", "98.765", "1.234,50 €"),
        ("fr", "9 876", "98 765", "1 234,50 €"),
    ],
)
def test_numbers_of_four_digits(language: str, four: str, five: str, amount: str) -> None:
    """Where CLDR has minimumGroupingDigits = 2 a number is grouped from five digits on (CLDR 48, as ICU writes it)."""

    def plain(text: str) -> str:
        return text.translate(dict.fromkeys((0xA0, 0x202F), " "))

    shown = formats(language)
    assert (four, five) == (plain(shown.number(9876)), plain(shown.number(98765)))
    assert amount == plain(shown.money(123450, "EUR"))


@pytest.mark.parametrize(
    ("language", "amount", "rate"),
    [
        ("ar", "\u200f\u200e-355.50\xa0€", "\u200e-25\u200e%\u200e"),
        ("he", "\u200f\u200e-355.50\xa0\u200f€", "\u200e-25%"),
        ("fa", "\u200e\u2212\u200e€\xa0355.50", "\u200e\u221225%"),
        ("de", "-355,50\xa0€", "-25\xa0%"),
    ],
)
def test_signs_keep_their_side(language: str, amount: str, rate: str) -> None:
    """In right-to-left languages signs carry the marks of CLDR 48, as ICU writes them; others stay as they were."""
    shown = formats(language)
    assert (amount, rate) == (shown.money(-35550, "EUR"), shown.percent(Fraction(-1, 4)))


@given(st.sampled_from(LANGUAGES), st.integers(-(10**12), 10**12))
def test_numbers_look_as_babel_writes_them(language: str, number: int) -> None:
    """Whole numbers are grouped as Babel groups them."""
    expected = format_decimal(number, locale=Locale.parse(language, sep="-"))
    assert formats(language).number(number) == expected


@given(st.sampled_from(LANGUAGES), st.sampled_from(["EUR", "JPY", "KWD"]), st.integers(-(10**9), 10**9))
def test_raw_is_the_exact_amount(language: str, currency: str, minor: int) -> None:
    """`raw` is the amount with ISO's places, whatever the language shows."""
    shown = formats(language).money(minor, currency)
    places = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    assert Decimal(shown.raw) == Decimal(minor).scaleb(-places)
    assert len(shown.raw.partition(".")[2]) == places


@pytest.mark.parametrize(
    ("minor", "currency", "expected", "raw"),
    [
        (50, "JPY", "50\xa0¥", "50"),
        (150, "KWD", "0,150\xa0KWD", "0.150"),
        (-123456789, "EUR", "-1.234.567,89\xa0€", "-1234567.89"),
        (5, "ISK", "5\xa0ISK", "5"),
        (10000, "UYW", "1,0000\xa0UYW", "1.0000"),
    ],
)
def test_places_are_isos(minor: int, currency: str, expected: str, raw: str) -> None:
    """The places are those of ISO 4217, not of the locale data."""
    shown = formats("de").money(minor, currency)
    assert shown == expected
    assert shown.raw == raw


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "December 31, 2023"), ("de", "31. Dezember 2023"), ("es", "31 de diciembre de 2023")],
)
def test_days_name_their_month(language: str, expected: str) -> None:
    """A day cannot be misread: its month is a word; `raw` is the ISO form."""
    shown = formats(language).day(date(2023, 12, 31).toordinal())
    assert shown == expected
    assert shown.raw == "2023-12-31"


@pytest.mark.parametrize(
    ("rate", "text", "raw"),
    [
        (Fraction(3, 20), "15%", "0.15"),
        (Fraction(1, 8), "12.5%", "0.125"),
        (Fraction(1), "100%", "1"),
        (Fraction(0), "0%", "0"),
    ],
)
def test_rates_are_percentages(rate: Fraction, text: str, raw: str) -> None:
    """A rate shows as a percentage with the decimals it has; `raw` has no trailing zeros."""
    shown = formats("en").percent(rate)
    assert (shown, shown.raw) == (text, raw)


def test_an_amount_of_nothing_is_false_and_compares_with_numbers() -> None:
    """Authors can write `{% if amount %}` and `{% if amount > 0 %}`."""
    money = formats("de").money
    assert not money(0, "EUR")
    assert not money(0, "JPY")
    assert money(-1, "EUR")
    assert money(1000, "EUR") > 9
    assert money(1000, "EUR") < money(20000, "EUR")
    assert money(1000, "EUR") <= 10
    assert not money(1000, "EUR") >= 10.5
    assert formats("de").day(738000)


def test_days_compare_by_their_date() -> None:
    """Days sort by the calendar, not by how they are written."""
    day = formats("de").day
    assert day(date(2023, 12, 31).toordinal()) < day(date(2024, 1, 2).toordinal())


def test_counts_compute_and_print_in_the_language() -> None:
    """A count is a number in conditions and grouped text in output."""
    count = formats("de").count(12345)
    assert count + 1 == 12346
    assert f"{count}" == str(count) == "12.345"
    assert count.raw == 12345


def test_unknown_languages_are_refused() -> None:
    """A language without formats is an error that names it, and can be asked about before."""
    with pytest.raises(UnknownLanguage, match="'xx'") as caught:
        Formats("xx")
    assert caught.value.language == "xx"
    assert known_language("pt-BR")
    assert not known_language("xx")


@pytest.mark.parametrize(
    ("language", "expected"), [("ar", "rtl"), ("he", "rtl"), ("de", "ltr"), ("xx", "ltr")]
)
def test_direction_follows_the_script(language: str, expected: str) -> None:
    """Arabic and Hebrew run from right to left; what is unknown runs from left to right."""
    assert direction(language) == expected


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("en", "2500.50", "2,500.50"),
        ("de", "25000.5", "25.000,5"),
        ("es", "2500.50", "2500,50"),
        ("fr", "1234567.25", "1\u202f234\u202f567,25"),
    ],
)
def test_decimals(language: str, number: str, expected: str) -> None:
    """A number with decimals, such as the start of a tier, has the marks of the language (CLDR)."""
    assert expected == formats(language).decimal_text(Decimal(number))


@pytest.mark.parametrize(
    ("language", "reader", "expected"),
    [
        ("en", "en", "en"),
        ("en", "en-GB", "en-GB"),
        ("de", "de_CH", "de-CH"),
        ("de", "de-DE", "de"),
        ("en", "sv", "en-SE"),
        ("en", "de-AT", "en-AT"),
        ("en", "ja", "en-001"),
        ("es", "sv", "es"),
        ("ar", "ar-KW", "ar-KW"),
        ("pt-BR", "pt-PT", "pt-PT"),
        ("en", "", "en"),
        ("en", "klingon", "en"),
    ],
)
def test_dates_and_numbers_follow_the_region(language: str, reader: str, expected: str) -> None:
    """The words' language with the reader's own or usual region; international English or the words' without one."""
    assert expected == regional_language(language, reader)


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("en", 1, "1 day"),
        ("en", 0, "0 days"),
        ("en", 1234, "1,234 days"),
        ("ar", 0, "zero"),
        ("ar", 2, "two"),
        ("ar", 3, "few"),
        ("ar", 11, "many"),
        ("ar", 100, "100 days"),
    ],
)
def test_words_follow_the_number(language: str, number: int, expected: str) -> None:
    """The form is that of the language, `#` is the number, and `other` serves for a form that is not given."""
    words = {"one": "# day", "zero": "zero", "two": "two", "few": "few", "many": "many"}
    assert expected == plural_chooser(language)(number, other="# days", **words)


def test_a_form_that_no_language_has_is_an_error() -> None:
    """A misspelt form would otherwise never be seen."""
    with pytest.raises(TypeError, match="no form 'ones'"):
        plural_chooser("en")(1, other="# days", ones="# day")
