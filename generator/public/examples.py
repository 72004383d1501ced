"""A worked example for an offer's page: an invented account, computed by the rules that make every statement.

The invented sales follow from the terms, so that every step of the rule occurs. All figures come from `rewards`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from generator.statements.view import StatementViews, level_names
from generator.templating.formats import Formats
from generator.templating.values import Shown
from rewards import (
    KINDS,
    Account,
    BonusTerms,
    CashbackTerms,
    Credit,
    ExtensionTerms,
    FreeSubscriptionTerms,
    LevelQuotaTerms,
    Offer,
    OfferTerms,
    Partner,
    Policy,
    Program,
    Rates,
    Rules,
    Sale,
    Statement,
    Subscription,
    add_months,
    compute_statement,
    minor_units,
    parse_amount,
    rules_on,
)

# Three sales and a refund: when, as a percentage of the period, and a share of a round sum that needs rounding.
_SHARES = ((15, 62_043), (40, 45_037), (70, 21_513), (85, -3_555))
_WHOLE = 100_000
_UNTIERED = 10_000
_YEAR = 366
_MIDDLE = 15


class ExampleSale(NamedTuple):
    """A sale of the example, or a refund with a negative amount."""

    day: Shown
    amount: Shown
    refund: bool


class ExampleStep(NamedTuple):
    """A part of the sales, and the rate that applies to it."""

    part: Shown
    rate: Shown


class Example(NamedTuple):
    """An example for templates: `entries` are the offer's in the statement view; `level_name` is the assigned level.

    `unlimited` is a cashback before its minimum or cap, if one of them changes the amount.
    """

    kind: str
    level_name: str
    lines: tuple[ExampleSale, ...]
    steps: tuple[ExampleStep, ...]
    unlimited: Shown | None
    entries: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """An invented account, its statement, and the rules that computed it."""

    account: Account
    statement: Statement
    rules: Rules


def compute_example(offer: Offer, program: Program, as_of: int) -> Computed | None:
    """Compute the example by the offer's terms of `as_of`, after the end of its period; None if it gives nothing."""
    rules = rules_on(Policy(program, (offer,)), Rates(), as_of)
    terms = offer.terms_on(as_of)
    if terms is None or offer.kind not in _ACCOUNTS:
        return None
    account, day = _ACCOUNTS[offer.kind](terms, offer, terms.program_on(program, as_of))
    rules = replace(rules, as_of=day)
    statement = compute_statement(account, rules, [])
    gives = [entry.gives for entry in statement.all_entries()]
    empty = any(not entry.amount for entry in statement.cashback)
    return Computed(account, statement, rules) if any(gives) and not empty else None


def show_example(computed: Computed, offer: Offer, formats: Formats) -> Example:
    """Format the example in one language."""
    policy = computed.rules.policy
    names = level_names(policy, computed.rules.as_of)
    view = StatementViews(formats, names).statement(computed.statement)
    return Example(
        kind=offer.kind,
        level_name=names[computed.statement.level],
        lines=tuple(
            ExampleSale(formats.day(sale.day), formats.money(sale.amount, sale.currency), sale.amount < 0)
            for sale in computed.account.sales
        ),
        steps=tuple(_steps(computed, formats)),
        unlimited=next(
            (
                formats.money(entry.rounded, entry.currency)
                for entry in computed.statement.cashback
                if entry.rounded != entry.amount
            ),
            None,
        ),
        entries=tuple(getattr(view, KINDS[offer.kind].list)),
    )


def _steps(computed: Computed, formats: Formats) -> list[ExampleStep]:
    return [
        ExampleStep(formats.money(int(part.base), entry.currency), formats.percent(part.rate))
        for rule, entry in zip(computed.rules.cashback, computed.statement.cashback, strict=False)
        for part in rule.slices(max(entry.eligible_sales, 0), entry.currency)
    ]


def _partner(terms: OfferTerms, currency: str, level: str) -> Partner:
    """Invent a partner who is eligible for the offer."""
    eligible = terms.eligible
    if eligible is None:
        return Partner("example", "", "", currency, level)
    level = level if not eligible.levels or level in eligible.levels else eligible.levels[0]
    language, country = (listed[0] if listed else "" for listed in (eligible.languages, eligible.countries))
    return Partner("example", "", "", currency, level, language, country)


def _sales(total: int, currency: str, first: int, last: int, product: str = "") -> tuple[Sale, ...]:
    """Invent sales within a period; their sum is a quarter above `total` (minor units)."""
    return tuple(
        Sale(
            str(n),
            "example",
            first + (last - first) * percent // 100,
            total * share // _WHOLE,
            currency,
            product,
            "",
            None,
        )
        for n, (percent, share) in enumerate(_SHARES)
    )


def _cashback(terms: CashbackTerms, offer: Offer, program: Program) -> tuple[Account, int]:
    currency, period = program.currency, terms.period
    highest = max((Fraction(tier.start) for tier in terms.tiers or ()), default=Fraction(0))
    total = int((highest or _UNTIERED) * 10 ** minor_units(currency))
    included = terms.products.include if terms.products else None
    product = re.sub(r"[*?]", "A", included[0]) if included else ""
    sales = _sales(total, currency, period.first, period.last, product)
    credited = Credit("1", offer.slug, total // 50, currency, period.first)
    partner = _partner(terms, currency, program.level_ids[1])
    return Account(partner, sales, credits=(credited,)), period.last + 1


def _extension(terms: ExtensionTerms, offer: Offer, program: Program) -> tuple[Account, int]:
    """Invent a subscription that ends in the middle of a month, and one whose new end is clamped to a shorter month."""
    days = range(terms.active_on + 45, terms.active_on + 45 + _YEAR)
    middle = next(day for day in days if date.fromordinal(day).day == _MIDDLE)
    clamped = next((day for day in days if _shortened(day, terms.months)), middle + 100)
    started = (terms.bought_before or terms.active_on) - _YEAR
    subscriptions = tuple(
        Subscription(str(n), "", terms.plans[0], started, day, "") for n, day in enumerate((middle, clamped))
    )
    partner = _partner(terms, program.currency, program.level_ids[1])
    return Account(partner, subscriptions=subscriptions), offer.announced_on


def _shortened(day: int, months: int) -> bool:
    return date.fromordinal(add_months(day, months)).day != date.fromordinal(day).day


def _free(terms: FreeSubscriptionTerms, offer: Offer, program: Program) -> tuple[Account, int]:
    """Invent two held subscriptions of a partner at the middle level."""
    level = program.level_ids[(len(program.level_ids) + 1) // 2]
    expiry = offer.announced_on + 60
    held = tuple(Subscription(str(n), terms.product, "free", None, expiry, "") for n in range(2))
    partner = _partner(terms, program.currency, level)
    return Account(partner, subscriptions=held), min(offer.announced_on, terms.register_by)


def _levels(terms: LevelQuotaTerms, offer: Offer, program: Program) -> tuple[Account, int]:
    """Invent sales between two quotas, for a partner whose assigned level is lower."""
    del offer
    quotas = dict(program.quotas)
    middle = program.level_ids[max(1, len(program.levels) // 2)]
    named = terms.quotas.get(middle)
    quota = parse_amount(named, program.currency) if named else quotas[middle]
    sales = _sales(quota, program.currency, terms.period.first, terms.period.last)
    below = program.level_ids[program.level_ids.index(middle) - 1]
    return Account(_partner(terms, program.currency, below), sales), terms.period.last + 1


def _bonus(terms: BonusTerms, offer: Offer, program: Program) -> tuple[Account, int]:
    """Invent sales above the quota of the level."""
    del offer
    sales = _sales(dict(program.quotas)[terms.level], program.currency, terms.period.first, terms.period.last)
    currency = program.currency if program.currency in terms.amount else min(terms.amount)
    return Account(_partner(terms, currency, program.base_level), sales), terms.period.last + 1


_Maker = Callable[..., tuple[Account, int]]
_ACCOUNTS: Mapping[str, _Maker] = {
    "cashback": _cashback,
    "extension": _extension,
    "free_subscription": _free,
    "level_quota": _levels,
    "bonus": _bonus,
}
