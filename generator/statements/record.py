"""A statement as the record that a link opens: its JSON and its formatted values, compressed and padded.

The values have the structure of the statement's JSON, so that a shell finds the text of an amount at the path of the
amount. Values without a place in the JSON stand beside it. Keys are sorted. Nothing here is markup.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from generator.errors import GeneratorError
from generator.statements.table import line_values
from generator.templating.formats import Formats
from generator.templating.values import contained
from rewards import (
    LISTS,
    CashbackEntry,
    FreeSubscriptionEntry,
    LevelEntry,
    LineGroup,
    Months,
    Partner,
    Statement,
    canonical_json,
    day_text,
    published_fields,
    totals,
)

_Text = Callable[[Any], object]
"""Makes text for people of a value in an entry."""
Values = dict[str, object]
"""JSON values: text for people, numbers for a drawing; a key that is absent stands for nothing to show."""

_MOST_MONTHS = 24
_HEIGHT = 100
_WHOLE = 1000

LOCATOR_SIZE, NONCE_SIZE, TAG_SIZE = 16, 12, 16
SIZE_CLASSES = (1024, 2048, 4096, 16_384, 131_072)
_LENGTH_SIZE = 4
_OVERHEAD = LOCATOR_SIZE + NONCE_SIZE + TAG_SIZE
_HEADROOM = 1.2
_RAW, _LEVEL, _MEMORY = -15, 6, 5

# The preset dictionary of the compression: the keys that all records share.

_FIGURES = (
    '{"bonuses":[{"amount":"","attained_level":"","currency":"USD","level":"","offer":"","status":"final"}],'
    '"cashback":[{"already_credited":"0.00","amount":".00","credited_on":"20-12-31","currency":"EUR",'
    '"eligible_sales":".00","offer":"cashback-20","rate":"0.1","status":"accruing","to_credit":""}],'
    '"extensions":[{"expires_on":"202","extended_to":"202","offer":"","product":"PRO ","subscription_id":"S-0"},'
    '{"expires_on":"2023-0","extended_to":"2024-0"],"free_subscriptions":[{"allowed":10,"held":0,"offer":"",'
    '"product":"","register_by":"2023-12-31","remaining":0,"subscriptions":[]}],"level":"silver",'
    '"levels":[{"attained_level":"bronze","attained_sales":".00","currency":"EUR","next_level":"gold",'
    '"next_quota":"000.00","offer":"","remaining":"","secured_level":"","secured_until":"20-12-31"}],'
    '"partner_id":"P-"}\n'
)
_SHOWN = (
    '{"cashback":[{"already_credited":"","amount":"","best":"20","best_amount":"","credited":1,'
    '"credited_on":"December 31, 2023","due":"plus","eligible_sales":"","limited":1,'
    '"months":[{"amount":"0.00","height":,"month":"2023-01","y":},{"amount":"","month":"2023-02"},'
    + ",".join(f'{{"amount":"","month":"2023-{month:02}"}}' for month in range(3, 13))
    + '],"rate":"15","rounded":"","to_credit":""}],"contact":"","credit":"due","extended":"1","extended_form":1,'
    '"extensions":[{"expires_on":"","extended_to":"20"}],"free_subscriptions":[{"allowed":"","held":"0",'
    '"register_by":"","remaining":"","remaining_form":1,"share":0,"subscriptions":[]}],"language":"en",'
    '"levels":[{"attained_sales":"","next_quota":"","remaining":"","secured_until":"","share":}],"manager":"",'
    '"manager_link":"mailto:","manager_mail":"","name":"","reference":"","total":""}'
)
_LINES = (
    '"forms":{"EUR":["",""],"USD":["$","","-$","",",",".",1000]},"growing":1,"region":"en-GB","until":"2023-12-31",'
    '"basis":"reached"},"lines":[{"count":"1","count_form":1,"currency":"EUR","kind":"sales","offers":[{"offer":"'
    'cashback-2023"},{"offer":""}],"rows":[["2023-01-01","S-10","PRO ","0.00"],["2023-12-"],["2023-10-","","","100.00"'
    ']],"total":""},{"count":"1","count_form":0,"currency":"USD","kind":"credits","offers":[{"offer":"cashback-20"}],'
    '"rows":[["2023-'
)
DICTIONARY = _LINES + _FIGURES + _SHOWN
"""ASCII only, so that it has as many bytes as characters.

Streams refer back from its end: what is put before it lets streams that are already published open as before.
"""
_DICTIONARY = DICTIONARY.encode()


@dataclass(frozen=True, slots=True)
class StatementValues:
    """The values of statements in one language; `form` is the index of a number's plural form (gettext).

    `base_level` is the level that needs no sales.
    """

    language: str
    formats: Formats
    form: Callable[[int], int]
    base_level: str = ""
    _texts: dict[type, Sequence[tuple[str, _Text | None]]] = field(default_factory=dict)

    def of(
        self,
        partner: Partner,
        statement: Statement,
        reference: str,
        months: Months,
        lines: Sequence[LineGroup] = (),
    ) -> Values:
        """The values of one statement; `months` are its counted sales by month, `lines` the lines that it counts."""
        values: Values = {
            "language": self.language,
            "reference": reference,
            "name": contained(partner.name),
            "contact": contained(partner.contact_name),
            "manager": contained(partner.manager_name),
            "manager_mail": contained(partner.manager_email),
            "next": self._coming(statement),
            **{name: [self._entry(one, months) for one in statement.entries(name)] for name in LISTS},
        }
        if self.formats.language != self.language:
            values["region"] = self.formats.language
        if partner.manager_email:
            values["manager_link"] = f"mailto:{quote(partner.manager_email, safe='@')}"
        if statement.cashback:
            values |= self._total(statement)
        if not any(map(statement.entries, LISTS)):
            values["empty"] = 1
        if statement.extensions:
            values["extended"] = self.formats.number_text(len(statement.extensions))
            values["extended_form"] = self.form(len(statement.extensions))
            if len({entry.offer for entry in statement.extensions}) > 1:
                values["several_extensions"] = 1
        values |= line_values(lines, self.formats, self.form)
        return {key: value for key, value in values.items() if value not in ("", [])}

    def _coming(self, statement: Statement) -> list[Values]:
        """Return the days on which something happens, in order; `on` is the day, `kind` names the sentence.

        Currencies and offers with the same day and sentence share a line. Whoever shows the list leaves out days that
        are past: a record does not change with the day.
        """
        sums: dict[tuple[int, str], dict[str, int]] = {}
        for entry in statement.cashback:
            growing = entry.status == "accruing"
            if entry.to_credit > 0 or (entry.to_credit and not growing):
                kind = "correct" if entry.to_credit < 0 else "grow" if growing else "add"
                amounts = sums.setdefault((entry.credited_on, kind), {})
                amounts[entry.currency] = amounts.get(entry.currency, 0) + abs(entry.to_credit)
        found = [self._day(*key, amount=self._amounts(amounts)) for key, amounts in sums.items()]
        found += [
            self._day(
                one.register_by,
                "register",
                product=contained(one.product),
                remaining=self.formats.number_text(one.remaining),
                remaining_form=self.form(one.remaining),
            )
            for one in statement.free_subscriptions
            if one.remaining
        ]
        levels = [one for one in statement.levels if one.basis(self.base_level) != "below"]
        kept = dict.fromkeys((one.secured_until, one.secured_level) for one in levels)
        found += [self._day(day, "secured", level=level) for day, level in kept]
        return sorted(found, key=itemgetter("on", "kind"))

    def _day(self, day: int, kind: str, **values: object) -> Values:
        return {"day": self.formats.day_text(day), "kind": kind, "on": day_text(day), **values}

    def _amounts(self, amounts: Mapping[str, int]) -> str:
        texts = [self.formats.money_text(minor, currency) for currency, minor in sorted(amounts.items())]
        return self.formats.listed(texts)

    def _total(self, statement: Statement) -> Values:
        """`credit` says what `total` means: due, back (nothing is due, something negative) or settled (all zero).

        `back` is what is negative while something else is due; amounts that are taken back have no sign.
        """
        sums = totals(statement)
        due = {currency: minor for currency, minor in sums.items() if minor > 0}
        back = {currency: -minor for currency, minor in sums.items() if minor < 0}
        if not due and not back:
            nothing = not any(entry.amount or entry.already_credited for entry in statement.cashback)
            settled: Values = {"credit": "settled"}
            return settled | {"nothing": 1} if nothing else settled
        values: Values = {"credit": "due" if due else "back", "total": self._amounts(due or back)}
        if due and back:
            values |= {"mixed": 1, "back": self._amounts(back)}
        if any(entry.status == "accruing" and entry.to_credit for entry in statement.cashback):
            values["growing"] = 1
        return values

    def _entry(self, entry: object, months: Months) -> Values:
        """The money, days, rates and counts of an entry for people, and what its kind draws beside them."""
        currency = getattr(entry, "currency", "")
        amount = self.formats.amounts(currency) if currency else str
        values: Values = {}
        for name, text in self._texts_of(type(entry)):
            value = getattr(entry, name)
            if value is not None:
                values[name] = (text or amount)(value)
        if isinstance(entry, CashbackEntry):
            values |= self._cashback(entry, months.get((entry.offer, currency), {}))
        elif isinstance(entry, FreeSubscriptionEntry):
            values |= self._free(entry)
            if not entry.remaining:
                del values["remaining"]
        elif isinstance(entry, LevelEntry):
            values |= self._level(entry)
        return values

    def _texts_of(self, entry: type) -> Sequence[tuple[str, _Text | None]]:
        """Return the fields of a type of entry that are shown, and what makes text of each; None for amounts."""
        found = self._texts.get(entry)
        if found is None:
            texts: dict[str, _Text | None] = {
                "money": None,
                "day": self.formats.day_text,
                "rate": lambda rate: str(self.formats.percent(rate)),
                "count": self.formats.number_text,
                "items": lambda items: [self._entry(item, {}) for item in items],
            }
            shown = [one for one in published_fields(entry) if one.form in texts]
            found = self._texts[entry] = [(one.name, texts[one.form]) for one in shown]
        return found

    def _cashback(self, entry: CashbackEntry, months: Mapping[int, int]) -> Values:
        values: Values = {"rounded": self.formats.money_text(entry.rounded, entry.currency)}
        if entry.rounded != entry.amount:
            values["limited"] = 1
        if entry.eligible_sales < 0:
            values["below_zero"] = 1
        if entry.already_credited:
            values["credited"] = 1
        if entry.to_credit:
            values["due"] = "plus" if entry.to_credit > 0 else "minus"
        if months and len(months) <= _MOST_MONTHS:
            values |= self._months(months, entry.currency)
        return values

    def _months(self, months: Mapping[int, int], currency: str) -> Values:
        """A bar for each month with sales: where it begins and how high it is, of 100; `zero` if some are negative."""
        top, bottom = max(*months.values(), 0), min(*months.values(), 0)
        height = top - bottom or 1
        zero = _HEIGHT * top // height
        text = self.formats.amounts(currency)
        nothing = text(0)
        bars: list[Values] = []
        for first, minor in months.items():
            if minor:
                size = min(-(-_HEIGHT * abs(minor) // height), zero if minor > 0 else _HEIGHT - zero)
                y = zero - size if minor > 0 else zero
                bars.append({"amount": text(minor), "height": size, "month": month_key(first), "y": y})
            else:
                bars.append({"amount": nothing, "month": month_key(first)})
        values: Values = {"months": bars}
        if bottom:
            values["zero"] = zero
        if top:
            best = max(months, key=months.__getitem__)
            values |= {"best": month_key(best), "best_amount": self.formats.money_text(top, currency)}
        return values

    def _level(self, entry: LevelEntry) -> Values:
        values: Values = {"basis": entry.basis(self.base_level)}
        if entry.last:
            values["until"] = day_text(entry.last)
        if entry.next_quota is not None:
            values["share"] = _share(entry.attained_sales, entry.next_quota)
        return values

    def _free(self, entry: FreeSubscriptionEntry) -> Values:
        values: Values = {"share": _share(entry.held, entry.allowed)}
        if entry.remaining:
            values["remaining_form"] = self.form(entry.remaining)
        return values


def coming_days(values: Values, as_of: int) -> Values:
    """Return the values without the days of `next` that are past on the day `as_of`."""
    listed = values.get("next", [])
    first = day_text(as_of)
    coming = [one for one in listed if str(one["on"]) >= first] if isinstance(listed, list) else []
    return {**values, "next": coming}


def with_past(merged: Mapping[str, object], as_of: int) -> Mapping[str, object]:
    """Mark with `over` each item of a merged statement whose last day, `until` or its new expiry, is past."""
    first = day_text(as_of)
    found = dict(merged)
    for name in LISTS:
        items = merged.get(name)
        if isinstance(items, list):
            found[name] = [{**item, "over": 1} if _last_day(item) < first else item for item in items]
    return found


def _last_day(item: Mapping[str, Any]) -> str:
    return str(item.get("until") or item["raw"].get("extended_to") or "9999-12-31")


@cache
def month_key(ordinal: int) -> str:
    """The month of a day as `2023-01`, by which a shell finds its name."""
    return day_text(ordinal)[: len("2023-01")]


def _share(part: int, whole: int) -> int:
    """How much of a bar of 1000 is filled: less than all of it while anything is missing."""
    return max(0, min(_WHOLE, _WHOLE * part // whole)) if whole > 0 else 0


class StatementTooLarge(GeneratorError):
    """A statement of `partner_id` that does not fit into any size class."""

    def __init__(self, size: int, partner_id: str = "") -> None:
        self.size = size
        self.partner_id = partner_id
        whose = f"of partner {partner_id!r} " if partner_id else ""
        super().__init__(
            f"a statement {whose}takes {size} bytes compressed, and the largest size class holds "
            f"{SIZE_CLASSES[-1] - _OVERHEAD - _LENGTH_SIZE}; "
            "split its subscriptions over several partner ids"
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A partner's statement as the reader's browser receives it.

    `shown` is the canonical JSON of the values that fill a shell. `figures` is the statement's canonical JSON without
    `as_of`, so that a record changes only when its figures do. Each is one line.
    """

    shown: str
    figures: str

    def without_rows(self) -> "Record":
        """Return the record without the rows of its lines, whose numbers and sums stay."""
        if '"rows":[[' not in self.shown:
            return self
        values = json.loads(self.shown)
        values["lines"] = [{**group, "rows": []} for group in values["lines"]]
        return Record(canonical_json(values | {"rows_left_out": 1}), self.figures)

    def packed(self) -> bytes:
        """Compress figures, a line break and values (UTF-8) as a raw deflate stream (RFC 1951) with `DICTIONARY`."""
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, zdict=_DICTIONARY)
        return compressor.compress(f"{self.figures}\n{self.shown}".encode()) + compressor.flush()


def unpacked(stream: bytes) -> Record:
    """Return the record in a stream from `Record.packed`."""
    inflated = zlib.decompressobj(_RAW, _DICTIONARY).decompress(stream)
    figures, _, shown = inflated.decode().partition("\n")
    return Record(shown, figures)


def figures_without_day(statement: dict[str, object]) -> str:
    """Return a statement's JSON for a record: without `as_of`, keys sorted, no spaces."""
    figures = {key: value for key, value in statement.items() if key != "as_of"}
    return canonical_json(figures)


def size_class(packed_size: int) -> int:
    """Return the slot size in bytes for a packed record: the smallest with a fifth to spare.

    A record's size class is public, and with this reserve it seldom changes when a figure gains a digit. The largest
    class has no reserve; raises StatementTooLarge beyond.
    """
    for size in SIZE_CLASSES[:-1]:
        if packed_size * _HEADROOM <= _capacity(size):
            return size
    if packed_size <= _capacity(SIZE_CLASSES[-1]):
        return SIZE_CLASSES[-1]
    raise StatementTooLarge(packed_size)


def padded(packed: bytes, slot: int) -> bytes:
    """Return the length in four big-endian bytes, the stream, and zeros up to the capacity of the slot."""
    framed = len(packed).to_bytes(_LENGTH_SIZE, "big") + packed
    return framed.ljust(_capacity(slot) + _LENGTH_SIZE, b"\0")


def unpadded(framed: bytes) -> bytes:
    """Return the stream in what `padded` returned."""
    length = int.from_bytes(framed[:_LENGTH_SIZE], "big")
    return framed[_LENGTH_SIZE : _LENGTH_SIZE + length]


def _capacity(slot: int) -> int:
    return slot - _OVERHEAD - _LENGTH_SIZE
