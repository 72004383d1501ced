"""Formats of amounts, days, numbers and lists in a reader's language, and values in texts of that language.

Babel decides the look, never the value. One call of Babel takes 60 µs. The module therefore derives a fast pattern
once per language and currency and compares it with Babel on sample numbers. Where the two differ (Hindi groups by
two digits), Babel is called.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, get_month_names
from babel.lists import format_list
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern
from babel.units import format_unit

from generator.errors import GeneratorError
from generator.templating.values import Shown, ShownCount
from rewards import day_text, format_amount, minor_units

Direction = Literal["ltr", "rtl"]
# Where CLDR 48 has minimumGroupingDigits = 2: a number is grouped from five digits on. Babel does not know it.
_FIVE_DIGITS = 10_000
_UNGROUPED_LANGUAGES = frozenset(
    ["be", "bg", "et", "hu", "hy", "ia", "ie", "it", "ka", "lv", "pl", "sl", "sq"]
)
_UNGROUPED_TERRITORIES = {
    "es": frozenset(["", "EA", "ES", "GQ", "IC", "PH"]),
    "pt": frozenset(["CH", "CV", "GQ", "GW", "LU", "MO", "MZ", "PT", "ST", "TL"]),
    "ru": frozenset(["UA"]),
}
_PROBES = (0, 1, 12, 123, 1000, 9999, 12345, 123456, 1234567, 1234567890, 98765432100)


class UnknownLanguage(GeneratorError):
    """Babel has no formats for the language code `language`."""

    def __init__(self, language: str) -> None:
        self.language = language
        super().__init__(f"no formats for the language {language!r}: write a code such as en, de or pt-BR")


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise UnknownLanguage(language) from error


def known_language(language: str) -> bool:
    """Return whether Babel has formats for the language."""
    try:
        _locale(language)
    except UnknownLanguage:
        return False
    return True


@cache
def direction(language: str) -> Direction:
    """Return the writing direction of the language; `ltr` for an unknown one."""
    return "rtl" if known_language(language) and _locale(language).text_direction == "rtl" else "ltr"


def language_name(language: str) -> str:
    """Return the language's own name, such as `Deutsch`. Raises `UnknownLanguage`."""
    name = _locale(language).get_display_name() or language
    return name[:1].upper() + name[1:]


def language_names(languages: Sequence[str], language: str) -> str:
    """Return the names of languages in one of them, joined: `Englisch und Spanisch`. Raises `UnknownLanguage`."""
    names = [_locale(one).get_display_name(language) or one for one in languages]
    return formats(language).listed(names)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The way a locale writes a number with `places` decimals, derived from samples."""

    places: int
    positive: tuple[str, str]
    negative: tuple[str, str]
    group: str
    decimal: str
    ungrouped_below: int

    def apply(self, scaled: int) -> str:
        """Return the text of the number `scaled` / 10**places."""
        prefix, suffix = self.positive if scaled >= 0 else self.negative
        whole, part = divmod(abs(scaled), 10**self.places)
        digits = f"{whole:,}".replace(",", self.group) if whole >= self.ungrouped_below else str(whole)
        tail = f"{self.decimal}{str(part).zfill(self.places)}" if self.places else ""
        return f"{prefix}{digits}{tail}{suffix}"


def _learnt(slow: Callable[[int], str], locale: Locale, places: int) -> Callable[[int], str]:
    """Return a fast function that equals `slow` on all probes, or `slow` itself."""
    unit = 10**places
    positive, negative = slow(unit), slow(-unit)
    symbols = locale.number_symbols["latn"]
    decimal = slow(0).partition("0")[2][:1] if places else ""
    one = "1" + (decimal + "0" * places if places else "")
    if positive.count(one) != 1 or negative.count(one) != 1:
        return slow
    before, _, after = positive.partition(one)
    minus_before, _, minus_after = negative.partition(one)
    grouped = slow(1000 * unit)
    pattern = _Pattern(
        places,
        (before, after),
        (minus_before, minus_after),
        str(symbols["group"]),
        decimal,
        1000 if f"1{symbols['group']}000" in grouped else 10000,
    )
    probes = [probe * unit + offset for probe in _PROBES for offset in (0, unit // 3, unit - 1)]
    same = all(pattern.apply(number) == slow(number) for probe in probes for number in (probe, -probe))
    return pattern.apply if same else slow


def _is_grouped(number: Decimal, locale: Locale) -> bool:
    """Return whether a number has group separators: `1234` has none in Spanish, `12.345` has."""
    if abs(number) >= _FIVE_DIGITS:
        return True
    exceptions = _UNGROUPED_TERRITORIES.get(locale.language)
    in_territory = exceptions is not None and (locale.territory or "") in exceptions
    return locale.language not in _UNGROUPED_LANGUAGES and not in_territory


def _signed(text: str, locale: Locale) -> str:
    """Write the signs of right-to-left languages with their marks, which Babel omits: they stay on their side."""
    if locale.text_direction != "rtl":
        return text
    symbols = locale.number_symbols["latn"]
    return text.replace("-", str(symbols["minusSign"])).replace("%", str(symbols["percentSign"]))


def _with_places(pattern: NumberPattern, places: int) -> NumberPattern:
    own = parse_pattern(pattern.pattern)
    own.frac_prec = (places, places)
    return own


class Formats:
    """Formats values in one language. Raises `UnknownLanguage` for a language without formats."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = _locale(language)
        # Each is remembered: a site shows the same days, rates and counts to thousands of partners, and a message most
        # of its amounts in several places.
        self.amounts: Callable[[str], Callable[[int], str]] = cache(self._amounts)
        self.money_form: Callable[[str], list[object] | None] = cache(self._money_form)
        self.money: Callable[[int, str], Shown] = lru_cache(1024)(self._money)
        self.day: Callable[[int], Shown] = cache(self._day)
        self.day_text: Callable[[int], str] = cache(self._day_text)
        self.percent: Callable[[Fraction], Shown] = cache(self._percent)
        self.number_text: Callable[[int], str] = lru_cache(4096)(_learnt(self._number, self._locale, 0))

    def _money(self, minor: int, currency: str) -> Shown:
        """Format `minor` units of a currency with exactly ISO 4217's places; raises `rewards.UnknownCurrency`."""
        return Shown(self.money_text(minor, currency), format_amount(minor, currency))

    def money_text(self, minor: int, currency: str) -> str:
        """Return the text of `money` without its exact form."""
        return self.amounts(currency)(minor)

    def _money_form(self, currency: str) -> list[object] | None:
        """Return the way amounts of a currency are written, for a script; None where no simple pattern gives it.

        The texts around a positive and a negative number, the signs between groups and before decimals, and the
        number from which groups are parted.
        """
        pattern = getattr(self.amounts(currency), "__self__", None)
        if not isinstance(pattern, _Pattern):
            return None
        return [*pattern.positive, *pattern.negative, pattern.group, pattern.decimal, pattern.ungrouped_below]

    def _day(self, ordinal: int) -> Shown:
        """Format a day with the month's name; `ordinal` is that of `date.toordinal`."""
        return Shown(self.day_text(ordinal), day_text(ordinal))

    def _day_text(self, ordinal: int) -> str:
        """Return the text of `day` without its exact form."""
        return format_date(date.fromordinal(ordinal), "long", locale=self._locale)

    def month_text(self, ordinal: int) -> str:
        """Return the month of a day with its year, such as `January 2023`."""
        return format_skeleton("yMMMM", date.fromordinal(ordinal), locale=self._locale)

    def month_letter(self, ordinal: int) -> str:
        """Return the narrow name of a day's month, such as `J`."""
        return str(get_month_names("narrow", "stand-alone", self._locale)[date.fromordinal(ordinal).month])

    def listed(self, texts: Sequence[str]) -> str:
        """Join texts with the language's commas and its word for "and"."""
        return format_list(list(texts), locale=self._locale) if len(texts) > 1 else "".join(texts)

    def _percent(self, rate: Fraction) -> Shown:
        """Format a rate such as 3/20 as `15%` with its own decimals, at most 10; `raw` is `0.15`."""
        raw = _plain(rate, 10)
        pattern = parse_pattern(self._locale.percent_formats[None].pattern)
        pattern.frac_prec = (0, 10)
        share = Decimal(raw)
        grouped = _is_grouped(100 * share, self._locale)
        return Shown(_signed(pattern.apply(share, self._locale, group_separator=grouped), self._locale), raw)

    def number(self, number: int) -> Shown:
        """Format a whole number with the language's grouping."""
        return Shown(self.number_text(number), str(number))

    def decimal_text(self, number: Decimal) -> str:
        """Format a number with the decimals that it is written with."""
        places = max(0, -int(number.as_tuple().exponent))
        pattern = _with_places(self._locale.decimal_formats[None], places)
        grouped = _is_grouped(number, self._locale)
        return _signed(pattern.apply(number, self._locale, group_separator=grouped), self._locale)

    def count(self, number: int) -> ShownCount:
        """Format a whole number that templates can also compare and compute with."""
        return ShownCount(number, self.number_text(number))

    def _amounts(self, currency: str) -> Callable[[int], str]:
        """Return the function that writes minor units of a currency as `money` does, without the exact form."""
        places = minor_units(currency)
        pattern = _with_places(self._locale.currency_formats["standard"], places)
        # CLDR parts a symbol that ends in a letter from the digits after it (currencySpacing); Babel does not.
        symbol = get_currency_symbol(currency, self._locale)
        tight = re.compile(rf"{re.escape(symbol)}(?=\d)") if symbol[-1:].isalpha() else None

        def slow(minor: int) -> str:
            amount = Decimal(minor).scaleb(-places)
            grouped = _is_grouped(amount, self._locale)
            text = str(
                pattern.apply(
                    amount, self._locale, currency=currency, currency_digits=False, group_separator=grouped
                )
            )
            text = _signed(text, self._locale)
            return tight.sub(f"{symbol}\N{NO-BREAK SPACE}", text) if tight else text

        return _learnt(slow, self._locale, places)

    def _number(self, number: int) -> str:
        """Return the text of `number` without its exact form."""
        pattern = _with_places(self._locale.decimal_formats[None], 0)
        grouped = _is_grouped(Decimal(number), self._locale)
        return _signed(pattern.apply(number, self._locale, group_separator=grouped), self._locale)


@cache
def formats(language: str) -> Formats:
    """Return the process-wide `Formats` of a language, which keeps its derived patterns."""
    return Formats(language)


PLURAL_FORMS = ("zero", "one", "two", "few", "many", "other")
"""The categories of CLDR; English has `one` and `other`, Arabic all six."""


@cache
def plural_chooser(language: str) -> Callable[..., str]:
    """Return `plural(number, one=…, other=…)`, which chooses the words for a number by the rules of the language.

    `#` in the words stands for the number. Only `other` is required: it serves for every form that is not given.
    """
    locale, numbers = _locale(language), formats(language)

    def plural(number: int, *, other: str, **forms: str) -> str:
        if unknown := sorted(forms.keys() - set(PLURAL_FORMS)):
            raise TypeError(f"plural() knows no form {unknown[0]!r}; the forms are {', '.join(PLURAL_FORMS)}")
        shown = str(number) if isinstance(number, ShownCount) else numbers.number_text(number)
        return forms.get(locale.plural_form(number), other).replace("#", shown)

    return plural


@cache
def regional_language(language: str, reader: str) -> str:
    """Return the code by which words in `language` show dates and numbers to a reader of the language `reader`.

    The reader's region decides: `en-GB` for a British reader, `en-SE` for a Swedish one who reads English words. A
    reader without a region has that of the language, so that `de` stays `de`. Without formats for the combination,
    English words have the international forms, and other words those of their language.
    """
    code = reader.replace("_", "-")
    if not known_language(code) or not known_language(language):
        return language
    own, read = _locale(language), _locale(code)
    region = read.territory or _usual_region(read.language)
    if region in {None, own.territory or _usual_region(own.language)}:
        return language
    regional = f"{own.language}-{region}"
    if own.script is None and known_language(regional):
        return regional
    return "en-001" if own.language == "en" else language


def _usual_region(language: str) -> str | None:
    """Return the region that CLDR thinks of for a language: DE for `de`."""
    likely = str(get_global("likely_subtags").get(language, ""))
    return likely.rpartition("_")[2] or None


def _plain(rate: Fraction, places: int) -> str:
    digits = f"{Decimal(round(rate * 10**places)).scaleb(-places):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


# The reverse: percentages and dates in a text, as people write them in a language.

_TOKEN = re.compile(r"'(?P<literal>[^']*)'|(?P<letters>[A-Za-z])(?P=letters)*|(?P<other>.)", re.DOTALL)
_NUMBER = r"(?P<number>\d+(?:[.,\u066b]\d+)?)"
_SIGN = r"[%\u066a\uff05]"
_ISO = r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"
_FORMS = ("full", "long", "medium", "short")
_USUAL = ("d MMMM y", "MMMM d y", "d MMM y")
_FIRST_MONTH_LETTERS = 3


class WrittenValue(NamedTuple):
    """A value found in a text: its possible meanings, its spelling, and the index of its first character."""

    values: frozenset[Fraction] | frozenset[int]
    text: str
    start: int


def percentages(text: str, language: str) -> Iterator[WrittenValue]:
    """Yield each percentage as a share of one: `15 %`, `15%`, `12,5 Prozent`."""
    for found in _percentage_pattern(language).finditer(text):
        number = next(value for value in found.groups() if value)
        share = Fraction(Decimal(number.replace(",", ".").replace("\u066b", "."))) / 100
        yield WrittenValue(frozenset({share}), found[0].strip(), found.start())


def dates(text: str, language: str) -> Iterator[WrittenValue]:
    """Yield each date with a year as ordinals: two ordinals where day and month are ambiguous."""
    taken: set[int] = set()
    for pattern, months in _date_patterns(language):
        for found in pattern.finditer(text):
            values = frozenset(_days(found, months))
            if values and not taken & set(range(*found.span())):
                taken.update(range(*found.span()))
                yield WrittenValue(values, found[0], found.start())


@cache
def _percentage_pattern(language: str) -> re.Pattern[str]:
    """Return a pattern of numbers with the percent sign on the language's side, or with its word for percent."""
    locale = _locale(language)
    word = format_unit(2, "concentr-percent", length="long", locale=locale)
    parts = re.split(r"[2\u0662]", word)
    spelt = r"\s*".join(
        [re.escape(parts[0].strip()), _NUMBER.replace("number", "spelt"), re.escape(parts[-1].strip())]
    )
    sign = rf"(?<![\d.,]){_NUMBER}\s?{_SIGN}"
    if locale.percent_formats[None].pattern.startswith("%"):
        sign += rf"|{_SIGN}\s?{_NUMBER.replace('number', 'after')}"
    return re.compile(rf"{sign}|(?<![\d.,]){spelt}\b", re.IGNORECASE)


@cache
def _date_patterns(language: str) -> tuple[tuple[re.Pattern[str], dict[str, int]], ...]:
    """Return patterns of whole dates, the longest first, each with the months' names in lower case."""
    locale = _locale(language)
    months = {
        name.casefold().rstrip("."): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in locale.months[context][width].items()
        if not name.isdecimal()
    }
    own = [locale.date_formats[form].pattern for form in _FORMS]
    written = dict.fromkeys(_as_expression(pattern, months) for pattern in (*own, *_USUAL))
    found = [
        re.compile(expression, re.IGNORECASE) for expression in (*written, _ISO, *_numeric()) if expression
    ]
    return tuple((pattern, months) for pattern in found)


def _numeric() -> Iterator[str]:
    """Yield patterns of numeric dates with points or slashes, whose order of day and month is open."""
    for sign in (r"\.\s?", "/"):
        yield rf"(?<![\d./])(?P<a>\d{{1,2}}){sign}(?P<b>\d{{1,2}}){sign}(?P<y>\d{{4}})(?!\.?\d)"


def _as_expression(pattern: str, months: dict[str, int]) -> str:
    """Turn a CLDR pattern into a regular expression; empty for one with a weekday or a two-digit year."""
    names = "|".join(re.escape(name) for name in sorted(months, key=len, reverse=True))
    parts = []
    for token in _TOKEN.finditer(pattern):
        letters = token[0] if token["letters"] else ""
        if letters.startswith("d"):
            parts.append(r"(?<!\d)(?P<d>\d{1,2})(?!\d)(?:st|nd|rd|th|º|er)?")
        elif letters.startswith(("M", "L")):
            named = len(letters) >= _FIRST_MONTH_LETTERS
            parts.append(rf"(?P<month>{names})\.?" if named else r"(?P<m>\d{1,2})")
        elif letters.startswith("y") and letters != "yy":
            parts.append(r"(?<!\d)(?P<y>\d{4})(?!\d)")
        elif letters:
            return ""
        else:
            parts.append(_between(token["literal"] if token["literal"] is not None else token["other"]))
    return "".join(parts)


def _between(literal: str) -> str:
    """Return an expression for a separator: commas and points are optional, blanks may be line breaks."""
    return "".join(
        r"\s*" if sign.isspace() else f"{re.escape(sign)}?" if sign in ",.،" else re.escape(sign)
        for sign in literal
    )


def _days(found: re.Match[str], months: dict[str, int]) -> Iterator[int]:
    named = found.groupdict()
    year = int(named["y"])
    if named.get("month"):
        readings = [(months[named["month"].casefold()], int(named["d"]))]
    elif "a" in named:
        readings = [(int(named["a"]), int(named["b"])), (int(named["b"]), int(named["a"]))]
    else:
        readings = [(int(named["m"]), int(named["d"]))]
    for month, day in readings:
        try:
            yield date(year, month, day).toordinal()
        except ValueError:
            continue
