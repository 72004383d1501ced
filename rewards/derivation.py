"""How a statement's figures come about: terms, counted and excluded lines, rates, each step and the rounding.

A derivation is plain JSON values throughout; amounts, days and rates are text, as in a statement's JSON.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction

from rewards.account import Account, Sale
from rewards.cashback import CashbackEntry, CashbackRule, rate_text
from rewards.days import day_text
from rewards.extension import ExtensionRule
from rewards.free_subscription import FreeSubscriptionEntry, FreeSubscriptionRule
from rewards.level_quota import LevelEntry, LevelQuotaRule
from rewards.lines import NOT_ELIGIBLE, excluded_sales, exclusion, listed_credits, listed_sales, total_of
from rewards.money import format_amount, scale
from rewards.policy import Rules
from rewards.statement import Statement, compute_statement, sales_of_the_year
from rewards.terms import OfferTerms, ProductFilter

Derived = dict[str, object]
Rule = CashbackRule | ExtensionRule | FreeSubscriptionRule | LevelQuotaRule
_ROUNDING = "once, half away from zero, to the minor unit of {}"


def derive(account: Account, rules: Rules) -> Derived:
    """Derive every figure of the account's statement.

    `offers` has an item for each offer that exists as of the day, by slug: its terms in force with the
    amendment that formed them, its `entries`, and the `excluded` sales by reason and currency. Counted and
    excluded sales of an offer together are all the sales of the account.
    """
    statement = compute_statement(account, rules, [])
    all_rules: list[Rule] = [
        *rules.cashback,
        *rules.extensions,
        *rules.free_subscriptions,
        *rules.level_quotas,
    ]
    return {
        "partner_id": statement.partner_id,
        "as_of": day_text(rules.as_of),
        "timezone": rules.program.timezone,
        "refunds_after_period": rules.program.refunds_after_period,
        "level": _assigned(account, statement),
        "offers": [
            _offer(rule, account, statement, rules) for rule in sorted(all_rules, key=lambda rule: rule.offer)
        ],
    }


def _assigned(account: Account, statement: Statement) -> Derived:
    since = max((day for day, _ in account.levels if day <= statement.as_of), default=None)
    return {
        "assigned": statement.level,
        "table": "partners" if since is None else "levels",
        "from": None if since is None else day_text(since),
    }


def _offer(rule: Rule, account: Account, statement: Statement, rules: Rules) -> Derived:
    eligible = rule.terms.is_for(account.partner, statement.level)
    derived: Derived = {
        "offer": rule.offer,
        "kind": rule.terms.kind,
        "terms": _terms(rule.offer, rule.terms, rules),
        "eligible": eligible,
        "entries": _entries(rule, account, statement, rules) if eligible else [],
    }
    excludes = _exclusion_of(rule, rules)
    if excludes is not None:
        reasons = ((excludes(sale) if eligible else NOT_ELIGIBLE, sale) for sale in account.sales)
        derived["excluded"] = excluded_sales((reason, sale) for reason, sale in reasons if reason is not None)
    return derived


def _terms(slug: str, terms: OfferTerms, rules: Rules) -> Derived:
    version = rules.version(slug)
    amendment = version.amendment
    return {
        "title": terms.title,
        "in_force_from": day_text(max(version.effective_on, rules.policy.offer(slug).announced_on)),
        "amendment": None
        if amendment is None
        else {"effective_on": day_text(amendment.effective_on), "note": amendment.note},
    }


def _exclusion_of(rule: Rule, rules: Rules) -> Callable[[Sale], str | None] | None:
    """How an offer with a period decides on a sale; None for the other kinds."""
    if not isinstance(rule, CashbackRule | LevelQuotaRule):
        return None
    period = rule.terms.period
    products: ProductFilter | None = rule.products if isinstance(rule, CashbackRule) else None
    return lambda sale: exclusion(sale, period.first, period.last, rules.as_of, products, deduct=rules.deduct)


def _entries(rule: Rule, account: Account, statement: Statement, rules: Rules) -> list[Derived]:
    if isinstance(rule, CashbackRule):
        mine = [entry for entry in statement.cashback if entry.offer == rule.offer]
        return [_cashback(rule, entry, account, rules) for entry in mine]
    if isinstance(rule, LevelQuotaRule):
        return [
            _level(rule, entry, account, rules) for entry in statement.levels if entry.offer == rule.offer
        ]
    if isinstance(rule, FreeSubscriptionRule):
        free = [entry for entry in statement.free_subscriptions if entry.offer == rule.offer]
        return [_free(rule, entry, account, statement, rules) for entry in free]
    return _extensions(rule, statement)


def _step(name: str, value: str) -> dict[str, str]:
    return {"step": name, "value": value}


def _cashback(rule: CashbackRule, entry: CashbackEntry, account: Account, rules: Rules) -> Derived:
    currency = entry.currency
    counted = [
        sale
        for sale in rule.counted(account.sales, rules.as_of, deduct=rules.deduct)
        if sale.currency == currency
    ]
    credited = [
        credit
        for credit in account.credits
        if credit.offer == rule.offer and credit.currency == currency and credit.credited_on <= rules.as_of
    ]
    return {
        "currency": currency,
        "counted": listed_sales(counted, currency),
        "credits": listed_credits(credited, currency),
        "steps": _cashback_steps(rule, entry),
        "rounding": _ROUNDING.format(currency),
    }


def _cashback_steps(rule: CashbackRule, entry: CashbackEntry) -> list[dict[str, str]]:
    currency = entry.currency

    def text(minor: int) -> str:
        return f"{format_amount(minor, currency)} {currency}"

    base = max(entry.eligible_sales, 0)
    steps = [
        _step("sum of the counted sales", text(entry.eligible_sales)),
        _step("base, not below 0", text(base)),
    ]
    for part in rule.slices(base, currency):
        share = f"{rate_text(part.rate * 100)} % of {exact_text(part.base, currency)}"
        tier = "share" if entry.rate is not None else f"{rule.terms.mode} tier from {part.start}"
        steps.append(_step(tier, f"{share} = {exact_text(part.base * part.rate, currency)}"))
    steps.append(_step("rounded", text(entry.rounded)))
    if currency in rule.minimum:
        steps.append(_step("minimum", f"{text(rule.minimum[currency])}; below it nothing"))
    if currency in rule.cap:
        steps.append(_step("cap", f"at most {text(rule.cap[currency])}"))
    steps.append(_step("amount", text(entry.amount)))
    steps.append(_step("already credited", text(entry.already_credited)))
    steps.append(
        _step("to credit", f"{text(entry.amount)} - {text(entry.already_credited)} = {text(entry.to_credit)}")
    )
    return steps


def exact_text(minor: Fraction, currency: str) -> str:
    """An exact sum of minor units as text in units of the currency: every decimal place, or a fraction."""
    units = minor / scale(currency)
    rest = units.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{units.numerator}/{units.denominator} {currency}"
    with localcontext() as context:
        context.prec = len(str(units.numerator)) + units.denominator.bit_length() + 10
        decimal = Decimal(units.numerator) / Decimal(units.denominator)
        places = max(-int(decimal.as_tuple().exponent), len(str(scale(currency))) - 1)
        return f"{decimal:.{places}f} {currency}"


def _level(rule: LevelQuotaRule, entry: LevelEntry, account: Account, rules: Rules) -> Derived:
    counted = rule.counted(account, rules.as_of, deduct=rules.deduct)
    currency = entry.currency
    steps = [
        _step("exact sum", exact_text(entry.exact_sales, currency)),
        _step("shown", f"{format_amount(entry.attained_sales, currency)} {currency}"),
        _step("attained level", entry.attained_level),
    ]
    if entry.next_level is not None and entry.next_quota is not None and entry.remaining is not None:
        quota = f"{format_amount(entry.next_quota, currency)} {currency}"
        missing = exact_text(entry.next_quota - entry.exact_sales, currency)
        steps.append(_step("next level", f"{entry.next_level} at {quota}"))
        steps.append(
            _step("missing", f"{missing}, shown as {format_amount(entry.remaining, currency)} {currency}")
        )
    steps.append(_step("secured level", f"{entry.secured_level} until {day_text(entry.secured_until)}"))
    return {
        "currency": currency,
        "counted": [listed_sales(sales, one) for one, sales in _by_currency(counted).items()],
        "rates": _rates_used(counted, rules),
        "quotas": {level: format_amount(quota, currency) for level, quota in rule.quotas},
        "steps": steps,
        "rounding": f"{_ROUNDING.format(currency)}, for show only: levels follow from the exact sum",
    }


def _by_currency(sales: list[Sale]) -> Mapping[str, list[Sale]]:
    groups: dict[str, list[Sale]] = {}
    for sale in sales:
        groups.setdefault(sale.currency, []).append(sale)
    return dict(sorted(groups.items()))


def _rates_used(counted: list[Sale], rules: Rules) -> list[Derived]:
    """Each row of `rates` that converts a counted sale, with what it converts, by currency and day."""
    groups: dict[tuple[str, int, Fraction], list[Sale]] = {}
    for sale in counted:
        row = rules.conversion.row(sale.currency, sale.day)
        if row is not None:
            groups.setdefault((row.source, row.on, row.rate), []).append(sale)
    target = rules.conversion.target
    return [
        {
            "from": source,
            "to": target,
            "on": day_text(on),
            "rate": _number(rate),
            "count": len(sales),
            "total": total_of(sales, source),
            "converted": exact_text(rules.conversion.total(sales, []), target),
        }
        for (source, on, rate), sales in sorted(groups.items())
    ]


def _number(rate: Fraction) -> str:
    try:
        return rate_text(rate)
    except ValueError:
        return f"{rate.numerator}/{rate.denominator}"


def _extensions(rule: ExtensionRule, statement: Statement) -> list[Derived]:
    terms = rule.terms
    return [
        {
            "subscription_id": entry.subscription_id,
            "steps": [
                _step("expires on", day_text(entry.expires_on)),
                _step("active on", f"{day_text(terms.active_on)} or later"),
                _step("extended", f"{terms.months} months, at most to the month's last day"),
                _step("extended to", day_text(entry.extended_to)),
            ],
        }
        for entry in statement.extensions
        if entry.offer == rule.offer
    ]


def _free(
    rule: FreeSubscriptionRule,
    entry: FreeSubscriptionEntry,
    account: Account,
    statement: Statement,
    rules: Rules,
) -> Derived:
    late = rules.as_of > entry.register_by
    remaining = (
        f"0, because registering ended on {day_text(entry.register_by)}" if late else str(entry.remaining)
    )
    steps = [_step("level that decides", f"{entry.level} ({rules.program.allowance_level})")]
    if rules.program.allowance_level != "assigned" and not statement.levels:
        total = exact_text(sales_of_the_year(account, rules, []), rules.program.currency)
        steps.append(_step("sales of the calendar year", total))
    steps += [
        _step("allowed", str(entry.allowed)),
        _step("run at least until", day_text(rule.terms.expires_on)),
        _step("held", str(entry.held)),
        _step("remaining", remaining),
    ]
    return {"product": entry.product, "steps": steps}
