"""What a statement shows, formatted for its reader: the part of a record that is for people.

The values lie as the statement's JSON does, so that a shell finds an amount for people where the JSON has it for
machines; what the JSON has no place for stands beside it. Keys are sorted. Nothing here is markup, and nothing is the
same for everybody: that is in the shell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from generator.templating.formats import Formats
from generator.templating.values import contained
from rewards import (
    LISTS,
    CashbackEntry,
    FreeSubscriptionEntry,
    LevelEntry,
    Months,
    Partner,
    Statement,
    day_text,
    published_fields,
    totals,
)

Values = dict[str, object]
"""JSON values: text for people, numbers for a drawing; a key that is absent stands for nothing to show."""

_FORMATTED = frozenset({"money", "day", "rate", "count"})
_MOST_MONTHS = 24
_HEIGHT = 100
_WHOLE = 1000


@dataclass(frozen=True, slots=True)
class StatementValues:
    """The values of statements in one language; `form` is the index of a number's plural form (gettext)."""

    language: str
    formats: Formats
    form: Callable[[int], int]

    def of(self, partner: Partner, statement: Statement, reference: str, months: Months) -> Values:
        """The values of one statement; `months` are its counted sales by month."""
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
        if partner.manager_email:
            values["manager_link"] = f"mailto:{quote(partner.manager_email, safe='@')}"
        if statement.cashback:
            values |= self._total(statement)
        if statement.extensions:
            values["extended"] = self._number(len(statement.extensions))
            values["extended_form"] = self.form(len(statement.extensions))
            if len({entry.offer for entry in statement.extensions}) > 1:
                values["several_extensions"] = 1
        return _in_order({key: value for key, value in values.items() if value not in ("", [])})

    def _coming(self, statement: Statement) -> list[Values]:
        """Return the days on which something happens, in order; `on` is the day, `kind` names the sentence.

        Currencies and offers with the same day and sentence share a line. Whoever shows the list leaves out days that
        are past: a record does not change with the day.
        """
        sums: dict[tuple[int, str], dict[str, int]] = {}
        for entry in statement.cashback:
            if entry.to_credit:
                kind = "add" if entry.to_credit > 0 else "correct"
                amounts = sums.setdefault((entry.credited_on, kind), {})
                amounts[entry.currency] = amounts.get(entry.currency, 0) + entry.to_credit
        found = [(*key, {"amount": self._amounts(amounts)}) for key, amounts in sums.items()]
        found += [
            (
                one.register_by,
                "register",
                {"product": contained(one.product), "remaining": self._number(one.remaining)},
            )
            for one in statement.free_subscriptions
            if one.remaining
        ]
        kept = dict.fromkeys((one.secured_until, one.secured_level) for one in statement.levels)
        found += [(day, "secured", {"level": level}) for day, level in kept]
        return [
            _in_order({"day": self.formats.day_text(day), "kind": kind, "on": day_text(day), **values})
            for day, kind, values in sorted(found, key=lambda one: one[:2])
        ]

    def _amounts(self, amounts: Mapping[str, int]) -> str:
        texts = [self.formats.money_text(minor, currency) for currency, minor in sorted(amounts.items())]
        return self.formats.listed(texts)

    def _total(self, statement: Statement) -> Values:
        """`credit` says what `total` means: due, back (nothing is due, something negative) or settled (all zero)."""
        sums = totals(statement)
        shown = [self.formats.money_text(minor, currency) for currency, minor in sums.items() if minor]
        if not shown:
            return {"credit": "settled"}
        due = any(minor > 0 for minor in sums.values())
        values: Values = {"credit": "due" if due else "back", "total": self.formats.listed(shown)}
        if due and any(minor < 0 for minor in sums.values()):
            values["mixed"] = 1
        return values

    def _entry(self, entry: object, months: Months) -> Values:
        """The money, days, rates and counts of an entry for people, and what its kind draws beside them."""
        currency = getattr(entry, "currency", "")
        values: Values = {}
        for one in published_fields(type(entry)):
            value = getattr(entry, one.name)
            if value is not None and one.form in _FORMATTED:
                values[one.name] = self._shown(one.form, value, currency)
            elif one.form == "items":
                values[one.name] = [self._entry(item, months) for item in value]
        if isinstance(entry, CashbackEntry):
            values |= self._cashback(entry, months.get((entry.offer, currency), {}))
        elif isinstance(entry, FreeSubscriptionEntry):
            values |= self._free(entry)
            if not entry.remaining:
                del values["remaining"]
        elif isinstance(entry, LevelEntry) and entry.next_quota is not None:
            values["share"] = _share(entry.attained_sales, entry.next_quota)
        return _in_order(values)

    def _shown(self, form: str, value: Any, currency: str) -> str:  # noqa: ANN401 - the form tells the type
        match form:
            case "money":
                return self.formats.money_text(value, currency)
            case "day":
                return self.formats.day_text(value)
            case "rate":
                return str(self.formats.percent(value))
        return self._number(value)

    def _cashback(self, entry: CashbackEntry, months: Mapping[int, int]) -> Values:
        values: Values = {"rounded": self.formats.money_text(entry.rounded, entry.currency)}
        if entry.rounded != entry.amount:
            values["limited"] = 1
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
        nothing = self.formats.money_text(0, currency)
        bars: list[Values] = []
        for first, minor in months.items():
            bar: Values = {"amount": nothing, "month": month_key(first)}
            if minor:
                size = min(-(-_HEIGHT * abs(minor) // height), zero if minor > 0 else _HEIGHT - zero)
                bar = {
                    "amount": self.formats.money_text(minor, currency),
                    "height": size,
                    "month": month_key(first),
                    "y": zero - size if minor > 0 else zero,
                }
            bars.append(bar)
        values: Values = {"months": bars}
        if bottom:
            values["zero"] = zero
        if top:
            best = max(months, key=months.__getitem__)
            values |= {"best": month_key(best), "best_amount": self.formats.money_text(top, currency)}
        return values

    def _free(self, entry: FreeSubscriptionEntry) -> Values:
        values: Values = {"share": _share(entry.held, entry.allowed)}
        if entry.remaining:
            values["remaining_form"] = self.form(entry.remaining)
        return values

    def _number(self, number: int) -> str:
        return self.formats.number_text(number)


def _in_order(values: Values) -> Values:
    """The values with sorted keys: written as they lie, they are canonical JSON."""
    return dict(sorted(values.items()))


def coming_days(values: Values, as_of: int) -> Values:
    """Return the values without the days of `next` that are past on the day `as_of`."""
    listed = values.get("next", [])
    first = day_text(as_of)
    coming = [one for one in listed if str(one["on"]) >= first] if isinstance(listed, list) else []
    return {**values, "next": coming}


@cache
def month_key(ordinal: int) -> str:
    """The month of a day as `2023-01`, by which a shell finds its name."""
    return day_text(ordinal)[: len("2023-01")]


def _share(part: int, whole: int) -> int:
    """How much of a bar of 1000 is filled: less than all of it while anything is missing."""
    return max(0, min(_WHOLE, _WHOLE * part // whole)) if whole > 0 else 0
