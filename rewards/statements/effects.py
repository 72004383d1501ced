"""What another version of an offer would change: every statement as it is, and computed whole by the other rules.

Nothing is skipped: a rule may depend on what earlier rules found, such as an allowance on the level attained, and
25,000 statements take less than a second.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rewards.account import Account
from rewards.faults import Fault
from rewards.offers.kinds import KIND_OF_LIST
from rewards.offers.terms import OfferTerms
from rewards.statements.policy import Rules
from rewards.statements.statement import LISTS, Statement, compute_statement, statement_json, totals

Numbers = Mapping[tuple[str, str], int]
"""(Offer, unit) -> a number of which more is better; an amount in minor units of the currency that is its unit."""


class PartnerShift(NamedTuple):
    """One partner's number before and after."""

    partner_id: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        """How much it rises; below 0 if it falls."""
        return self.after - self.before


@dataclass(slots=True)
class Shift:
    """The numbers of one offer in one unit over all partners; `jumps` are those that differ, the largest first."""

    offer: str
    unit: str
    before: int = 0
    after: int = 0
    jumps: list[PartnerShift] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Effect:
    """What differs as of a day, in lists of partner ids.

    `gaining` have a number that rises and none that falls, `losing` one that falls. `otherwise` are those whose
    statement differs in something else, such as a day. `overpaid` were credited more than the other rules give, and not
    more than the present ones. `shifts` are sorted by offer and unit. `faults` name the lines that the other rules
    cannot use; the figures that they touch must not be shown.
    """

    as_of: int
    gaining: tuple[str, ...]
    losing: tuple[str, ...]
    otherwise: tuple[str, ...]
    overpaid: tuple[str, ...]
    shifts: tuple[Shift, ...]
    faults: tuple[Fault, ...]

    @property
    def affected(self) -> int:
        """The number of partners whose statement differs."""
        return len(self.gaining) + len(self.losing) + len(self.otherwise)


def compute_effect(
    statements: Iterable[tuple[Account, Statement]], rules: Rules, others: Rules, offers: Collection[str]
) -> Effect:
    """Compare the statements, which follow from `rules`, with those of `others`, which are of the same day.

    `offers` are those whose numbers are summed in any case. Of the rest only those with a difference are.
    """
    found: list[Fault] = []
    shifts: dict[tuple[str, str], Shift] = {}
    groups: dict[str, list[str]] = {"gaining": [], "losing": [], "otherwise": [], "overpaid": []}
    terms_before, terms_after = _terms(rules), _terms(others)
    for account, told in statements:
        now = compute_statement(account, others, found)
        before = _numbers(told, terms_before, rules)
        after = _numbers(now, terms_after, others)
        _add(shifts, told.partner_id, before, after)
        if now == told:
            continue
        group = _group(before, after)
        # Fields that no partner reads, such as the rate beside an amount of 0, are no difference.
        if group != "otherwise" or statement_json(now) != statement_json(told):
            groups[group].append(told.partner_id)
            if _is_overpaid(now) and not _is_overpaid(told):
                groups["overpaid"].append(told.partner_id)
    for shift in shifts.values():
        shift.jumps.sort(key=lambda one: (-abs(one.difference), one.partner_id))
    kept = [one for key, one in sorted(shifts.items()) if one.offer in offers or one.jumps]
    faults = tuple(dict.fromkeys(found))
    gaining, losing, otherwise, overpaid = (tuple(sorted(group)) for group in groups.values())
    return Effect(others.as_of, gaining, losing, otherwise, overpaid, tuple(kept), faults)


def _terms(rules: Rules) -> Mapping[str, OfferTerms]:
    return {rule.offer: rule.terms for of_list in rules.by_list.values() for rule in of_list}


def _numbers(statement: Statement, terms: Mapping[str, OfferTerms], rules: Rules) -> Numbers:
    """Return the sum of each offer and unit of a statement."""
    sums: dict[tuple[str, str], int] = {}
    for name in LISTS:
        worth = KIND_OF_LIST[name].worth
        for entry in statement.entries(name):
            for unit, number in worth(entry, terms[entry.offer], rules.program):
                key = (entry.offer, unit)
                sums[key] = sums.get(key, 0) + number
    return sums


def _add(shifts: dict[tuple[str, str], Shift], partner_id: str, before: Numbers, after: Numbers) -> None:
    for key in before.keys() | after.keys():
        shift = shifts.get(key)
        if shift is None:
            shift = shifts[key] = Shift(*key)
        was, becomes = before.get(key, 0), after.get(key, 0)
        shift.before += was
        shift.after += becomes
        if was != becomes:
            shift.jumps.append(PartnerShift(partner_id, was, becomes))


def _group(before: Numbers, after: Numbers) -> str:
    differences = [after.get(key, 0) - before.get(key, 0) for key in before.keys() | after.keys()]
    if any(one < 0 for one in differences):
        return "losing"
    return "gaining" if any(differences) else "otherwise"


def _is_overpaid(statement: Statement) -> bool:
    return any(minor < 0 for minor in totals(statement).values())
