"""Reads the texts of dates, numbers and words in the form that `[data]` declares: strictly, and never by a guess.

A reader takes a text and returns ours. It raises `ValueError` ("what; remedy") for any other text. Where a setting
would read a text that is a fault as it stands, `cure` names the setting with the line to write.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from ledger.findings import quote
from ledger.settings import SERIALS
from ledger.tables import PLANS, STATUSES, Column, ColumnKind
from rewards import MINOR_UNITS

Reader = Callable[[str], str]

# Days.

_DAY_ZERO = dict(zip(SERIALS, (date(1899, 12, 30), date(1904, 1, 1)), strict=True))
_FIRST_SURE = 61
"""Serial 60 is 1900-02-29, which never was, so the serials up to it are one day off in some programs."""
_SERIAL = re.compile(r"[0-9]{1,7}(?:\.0+)?")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ].+")
_DATE_PARTS = {
    "%d": r"(?P<d>0?[1-9]|[12][0-9]|3[01])",
    "%m": r"(?P<m>0?[1-9]|1[0-2])",
    "%Y": r"(?P<Y>[0-9]{4})",
}
_PACKED = {"%d": r"(?P<d>[0-9]{2})", "%m": r"(?P<m>[0-9]{2})", "%Y": r"(?P<Y>[0-9]{4})"}
USUAL_FORMS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
"""The forms of days that programs usually write."""


def date_reader(forms: Sequence[str]) -> Reader:
    """Return the reader of a day in one of the forms, or as `YYYY-MM-DD`; an instant stays as it is.

    A day that two forms read as two days is none, and so is one that the calendar lacks.
    """
    readers = [_serial_reader(form) if form in SERIALS else _form_reader(form) for form in forms]

    @lru_cache(maxsize=16_384)  # many rows have one day
    def read(text: str) -> str:
        trimmed = text.strip()
        if _ISO_INSTANT.fullmatch(trimmed):
            return trimmed
        days = {day for reader in readers if (day := reader(trimmed))}
        days |= {trimmed} if _ISO_DAY.fullmatch(trimmed) else set()
        if len(days) > 1:
            several = " and ".join(sorted(days))
            raise ValueError(
                f"{quote(text)} fits two of the forms in dates, as {several}; write the day as YYYY-MM-DD, or leave "
                f'one form, such as dates = "{forms[0]}"'
            )
        if not days:
            listed = ", ".join(map(repr, forms))
            raise ValueError(
                f"{quote(text)} has not the form that dates declares, {listed}; correct it, or declare its form too"
            )
        return days.pop()

    return read


def _form_reader(form: str) -> Callable[[str], str]:
    """Return the reader of one form; it gives "" for what has another form."""
    parts = re.split("(%.)", form)
    known = _PACKED if re.search("%.%.", form) else _DATE_PARTS
    pattern = re.compile("".join(known.get(part, re.escape(part)) for part in parts))

    def read(text: str) -> str:
        match = pattern.fullmatch(text)
        if match is None:
            return ""
        try:
            return date(int(match["Y"]), int(match["m"]), int(match["d"])).isoformat()
        except ValueError:
            return ""

    return read


def _serial_reader(form: str) -> Callable[[str], str]:
    start, least = _DAY_ZERO[form], _FIRST_SURE if form == "serial" else 0

    def read(text: str) -> str:
        if _SERIAL.fullmatch(text) is None or int(text.partition(".")[0]) < least:
            return ""
        try:
            return (start + timedelta(days=int(text.partition(".")[0]))).isoformat()
        except OverflowError:
            return ""

    return read


# Numbers, with signs of currencies.

_MARKS = str.maketrans(
    dict.fromkeys("\u00a0\u2009\u202f\u3000", " ")
    | {"\u2212": "-", "\uff0d": "-", "\u2019": "'", "\uff08": "(", "\uff09": ")"}
)
_SPREAD = re.compile(r"([^0-9]*)([0-9](?:.*[0-9])?)([^0-9]*)")
_SIGNS: Mapping[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "$": (
        *("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "JMD"),
        *("BSD", "BBD", "BZD", "BMD", "FJD", "GYD", "KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD", "BND"),
    ),
    "US$": ("USD",),
    "CA$": ("CAD",),
    "C$": ("CAD", "NIO"),
    "A$": ("AUD",),
    "NZ$": ("NZD",),
    "S$": ("SGD",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "£": ("GBP", "GIP", "FKP", "SHP", "EGP", "LBP", "SYP", "SDG", "SSP"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "円": ("JPY",),
    "元": ("CNY", "TWD", "HKD"),
    "₩": ("KRW", "KPW"),
    "₹": ("INR",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₴": ("UAH",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "฿": ("THB",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("SEK", "NOK", "DKK", "ISK"),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "Fr.": ("CHF",),
    "SFr.": ("CHF",),
}


_MINUS = frozenset({(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 1)})
"""How often a minus stands before and after the digits, and a bracket opens and closes."""


class Written(NamedTuple):
    """A number in our form, and the currencies that its sign or code may mean; none where it has neither."""

    number: str
    currencies: tuple[str, ...] = ()


def number_reader(decimal: str, thousands: str) -> Callable[[str], Written]:
    """Return the reader of numbers: digits in groups of three or without any, with one minus or in brackets.

    The minus may stand before or after the digits. The sign or code of a currency may stand at either end. Spaces of
    every width are one.
    """
    parse = _parser(decimal, thousands)

    def read(text: str) -> Written:
        found = parse(text)
        if found is None:
            forms = f"decimal = {toml_text(decimal)}"
            forms += f", thousands = {toml_text(thousands)}" if thousands else ""
            other = cure("amount", text, without=(decimal, thousands))
            raise ValueError(
                f"{quote(text)} has not the form that {forms} declares; correct it{', or ' if other else ''}{other}"
            )
        return found

    return read


@cache
def _parser(decimal: str, thousands: str) -> Callable[[str], Written | None]:
    """Return the parser of numbers; it gives None for digits in another form, and refuses signs that contradict."""
    mark, group = re.escape(decimal), re.escape(thousands)
    digits = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    pattern = re.compile(rf"({digits})(?:{mark}([0-9]+))?")

    def parse(text: str) -> Written | None:
        parts = _SPREAD.fullmatch(text.translate(_MARKS).strip())
        match = pattern.fullmatch(parts[2]) if parts else None
        if parts is None or match is None:
            return None
        minus, currencies, wrong = _around(parts[1], parts[3])
        if wrong:
            raise ValueError(f"{quote(text)} {wrong}")
        whole, places = match.groups()
        number = whole.replace(thousands, "") if thousands else whole
        return Written(f"{minus}{number}.{places}" if places else minus + number, currencies)

    return parse


@lru_cache(maxsize=4096)  # a table has few of them
def _around(before: str, after: str) -> tuple[str, tuple[str, ...], str]:
    """Return the sign, the currencies, and what is wrong with the texts before and after digits."""
    before, after = before.replace(" ", ""), after.replace(" ", "")
    minus = before.count("-"), after.count("-"), before.count("("), after.count(")")
    if minus not in _MINUS:
        return "", (), "has more than one sign, or half a bracket; correct it"
    signs = [sign for sign in (re.sub("[-(]", "", before), re.sub("[-)]", "", after)) if sign]
    meant = [_SIGNS.get(sign, (sign,) if sign in MINOR_UNITS else ()) for sign in signs]
    common = tuple(code for code in meant[0] if all(code in other for other in meant)) if meant else ()
    if signs and not common:
        shown = " and ".join(map(repr, signs))
        return (
            "",
            (),
            f"holds {shown}, which names no one currency; write an ISO 4217 code such as EUR, or none",
        )
    return "-" if any(minus) else "", common, ""


def agreed(text: str, written: Written, currency: str) -> str:
    """Return the currency of an amount: that of its column, which must be one that the amount's sign may mean.

    `currency` is empty where the row names none elsewhere.
    """
    if not written.currencies:
        return currency
    if currency:
        if currency not in written.currencies:
            named = " or ".join(written.currencies[:3])
            raise ValueError(
                f"{quote(text)} is in {named}, and the currency of its row is {currency}; correct one of them"
            )
        return currency
    if len(written.currencies) > 1:
        named = ", ".join(written.currencies[:3])
        raise ValueError(
            f"{quote(text)} may be in {named}; name the currency in a column of its own, or declare "
            f'constant = {{currency = "{written.currencies[0]}"}}'
        )
    return written.currencies[0]


# Words.


def word_reader(column: Column, words: Mapping[str, str]) -> Reader:
    """Return the reader of a source's words as ours. Our own words stay."""
    known: Mapping[ColumnKind, Collection[str]] = {"status": STATUSES, "plan": PLANS, "currency": MINOR_UNITS}
    ours = {*words.values(), *known.get(column.kind, ())}
    is_judged_later = column.kind in {"level", "offer", "zone"}

    def read(text: str) -> str:
        word = text.strip()
        if word in words:
            return words[word]
        if text in ours or is_judged_later:
            return text
        example = f"{toml_text(word)} = {toml_text(next(iter(words.values()), '…'))}"
        raise ValueError(
            f"{quote(text)} is none of the words that values declares; correct it, or add "
            f"values = {{{column.name} = {{{example}}}}}"
        )

    return read


# The settings that would read a text.


def cure(
    kind: ColumnKind,
    text: str,
    others: tuple[str, ...] = (),
    places: int = 99,
    without: tuple[str, str] | None = None,
) -> str:
    """Return which settings would read a text that is a fault as it stands; "" if there are none.

    A text that fits two readings names both, because only its writer knows which of them is meant, unless one of them
    alone reads the `others` of its column too. `places` is the number of decimal places that an amount may have,
    `without` the signs that are declared already.
    """
    readings: dict[str, str] = {}
    found = _lines(kind, text, places, without)
    shared = [one for one in found if one[1] in _lines_of_all(kind, others)] if others else []
    for reading, line in shared or found:
        readings.setdefault(reading, line)
    if len(readings) == 1:
        return f"declare {readings.popitem()[1]}"
    listed = " or ".join(f"{line} ({reading})" for reading, line in list(readings.items())[:3])
    return f"declare which it is: {listed}" if listed else ""


def _lines(
    kind: ColumnKind, text: str, places: int = 99, without: tuple[str, str] | None = None
) -> list[tuple[str, str]]:
    """Return each reading of a text with the settings that give it, the simplest first."""
    return list(_of_dates(text) if kind in {"day", "instant"} else _of_numbers(text, places, without))


@lru_cache(maxsize=64)
def _lines_of_all(kind: ColumnKind, texts: tuple[str, ...]) -> frozenset[str]:
    """Return the settings that read every one of `texts`."""
    return frozenset.intersection(*(frozenset(line for _, line in _lines(kind, text)) for text in texts))


def _of_dates(text: str) -> Iterator[tuple[str, str]]:
    trimmed = text.strip()
    for form in USUAL_FORMS:
        if day := _form_reader(form)(trimmed):
            yield day, f'dates = "{form}"'
    if re.fullmatch("[2-6][0-9]{4}", trimmed):
        yield _serial_reader("serial")(trimmed), 'dates = "serial"'


def _of_numbers(text: str, places: int, without: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    for thousands, decimal in product(("", ".", ",", " ", "'"), (".", ",")):
        if thousands == decimal or (decimal, thousands) == without:
            continue
        try:
            found = _parser(decimal, thousands)(text)
        except ValueError:
            continue
        is_plain = without is None and found is not None and found.number == text.strip()
        if found and not is_plain and len(found.number.partition(".")[2]) <= places:
            group = f", thousands = {toml_text(thousands)}" if thousands else ""
            yield found.number, f"decimal = {toml_text(decimal)}{group}"


def toml_text(text: str) -> str:
    """Return a text as TOML writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
