"""What another version of an offer would change, against the statements of the other implementation, computed twice."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

from rewards import Account, Effect, Partner, compute_effect, compute_statement, format_amount
from tests.reference.naive import Json, Site
from tests.reference.naive_values import day, terms_on
from tests.reference.opening import opened
from tests.reference.samples import account, credit, offer, rules, sale, subscription
from tests.reference.worlds import KINDS, World, world, worlds

WORLDS = 150
Numbers = dict[tuple[str, str], Decimal]


def changed(before: World, seed: int) -> tuple[World, str]:
    """The world with other terms of one of its offers, of the same kind, which are valid in it; and the offer."""
    slug = sorted(before.offers)[seed % len(before.offers)]
    kind = str(before.offers[slug]["kind"])
    for number in count(1):
        donor = world(seed * 1000 + number, (kind,)).offers["a-offer"]
        after = replace(before, offers={**before.offers, slug: donor})
        if is_valid(after):
            return after, slug
    raise AssertionError


def is_valid(one: World) -> bool:
    """Whether every offer of a world is valid beside its program."""
    try:
        opened(one)
    except AssertionError:
        return False
    return True


def effect(before: World, after: World, slug: str) -> Effect:
    """What the packages compute."""
    now, accounts = opened(before)
    then, _ = opened(after)
    found = compute_effect(((one, compute_statement(one, now, [])) for one in accounts), now, then, {slug})
    assert () == found.faults
    return found


def site(of: World) -> Site:
    """The world as the other implementation reads it."""
    return Site(of.program, of.offers, of.tables, of.as_of)


def numbers(statement: Json, of: World) -> Numbers:
    """The numbers of a statement of which more is better, counted from its JSON form alone."""
    found: Numbers = defaultdict(Decimal)
    for one in [*rows(statement, "cashback"), *rows(statement, "bonuses")]:
        found[str(one["offer"]), str(one["currency"])] += Decimal(str(one["amount"]))
    for one in rows(statement, "extensions"):
        slug = str(one["offer"])
        longer = one["extended_to"] != one["expires_on"]
        found[slug, "months"] += longer * Decimal(str(terms_on(of.offers[slug], day(of.as_of))["months"]))
    for one in rows(statement, "free_subscriptions"):
        found[str(one["offer"]), "subscriptions"] += Decimal(str(one["held"])) + Decimal(
            str(one["remaining"])
        )
        for held in rows(one, "subscriptions"):
            found[str(one["offer"]), "days"] += (day(held["extended_to"]) - day(held["expires_on"])).days
    for one in rows(statement, "levels"):
        found[str(one["offer"]), "level"] += site(of).ranks().index(str(one["secured_level"]))
    return found


def rows(statement: Json, name: str) -> list[Json]:
    """The entries of a list."""
    entries = statement[name]
    assert isinstance(entries, list)
    return entries


def differing(before: World, after: World) -> Iterator[tuple[str, Numbers, Numbers]]:
    """Each partner whose statement differs, with the numbers of both."""
    for one, other in zip(site(before).statements(), site(after).statements(), strict=True):
        if one != other:
            yield str(one["partner_id"]), numbers(one, before), numbers(other, after)


def text(unit: str, number: int) -> Decimal:
    """A number as the JSON form has it: an amount in units of its currency."""
    return Decimal(format_amount(number, unit)) if unit.isupper() else Decimal(number)


def test_it_is_what_two_computations_of_the_other_implementation_differ_in() -> None:
    """In random worlds partners, groups, sums and jumps are those counted from two sets of naive statements."""
    met: Counter[str] = Counter()
    for seed, before in worlds(WORLDS):
        after, slug = changed(before, seed)
        found = effect(before, after, slug)
        partners = list(differing(before, after))
        groups: dict[str, list[str]] = {"gaining": [], "losing": [], "otherwise": []}
        for partner, was, becomes in partners:
            differences: list[Decimal] = [becomes[key] - was[key] for key in was.keys() | becomes.keys()]
            name = (
                "losing"
                if any(one < 0 for one in differences)
                else "gaining"
                if any(differences)
                else "otherwise"
            )
            groups[name].append(partner)
        assert groups == {name: list(getattr(found, name)) for name in groups}, seed
        assert len(partners) == found.affected
        check_shifts(found, before, after, seed)
        met.update([str(before.offers[slug]["kind"]), *(name for name, of in groups.items() if of)])
    assert set(met) == {*KINDS, "gaining", "losing", "otherwise"}


def check_shifts(found: Effect, before: World, after: World, seed: int) -> None:
    """Compare sums and jumps of every offer and unit."""
    sums: tuple[Numbers, Numbers] = defaultdict(Decimal), defaultdict(Decimal)
    jumps: dict[tuple[str, str], list[tuple[Decimal, str]]] = {}
    pairs = zip(site(before).statements(), site(after).statements(), strict=True)
    for one, other in pairs:
        was, becomes = numbers(one, before), numbers(other, after)
        for total, some in zip(sums, (was, becomes), strict=True):
            for key, number in some.items():
                total[key] += number
        for key in was.keys() | becomes.keys():
            if was[key] != becomes[key]:
                jumps.setdefault(key, []).append((becomes[key] - was[key], str(one["partner_id"])))
    for shift in found.shifts:
        key = (shift.offer, shift.unit)
        expected = [sums[0][key], sums[1][key]]
        assert expected == [text(shift.unit, shift.before), text(shift.unit, shift.after)], (seed, key)
        shown = [(text(shift.unit, one.difference), one.partner_id) for one in shift.jumps]
        assert sorted(jumps.pop(key, []), key=lambda one: (-abs(one[0]), one[1])) == shown, (seed, key)
    assert {} == jumps, seed


def test_who_was_credited_more_than_is_due_is_named() -> None:
    """A lower rate leaves out who sold nothing, and names whoever has more than the new amount already."""
    kept, cut = rules(offer("cashback")), rules(offer("cashback", rate="1%"))
    sums = [("10.00", "1.00"), ("0.00", "0.00"), ("10.00", "0.05")]
    statements = [(one, compute_statement(one, kept, [])) for one in (paid(*each) for each in sums)]
    found = compute_effect(statements, kept, cut, {"cashback"})
    assert (("P-10.00-0.05", "P-10.00-1.00"), ("P-10.00-1.00",)) == (found.losing, found.overpaid)


def paid(sold: str, credited: str) -> Account:
    """A partner with a sale and a credit."""
    partner = Partner(f"P-{sold}-{credited}", "", "", "EUR", "bronze")
    return account(sale("1", sold), credit(credited), partner=partner)


def test_lines_that_the_other_terms_cannot_use_are_named() -> None:
    """An extension that asks for the start of a subscription which has none names it."""
    kept = rules(offer("extension"))
    asking = rules(offer("extension", bought_before="2023-06-01"))
    partner = account(sale("1", "5.00"), subscription("2", "2023-11-30"))
    found = compute_effect([(partner, compute_statement(partner, kept, []))], kept, asking, {"extension"})
    assert "offer 'extension' needs" in found.faults[0].what
