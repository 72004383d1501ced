"""Derivations: the terms, counted and excluded lines, rates, steps and rounding that lead to a statement's figures.

A derivation is plain JSON values throughout. Amounts, days and rates are text, as in a statement's JSON.
"""

from typing import Any

from rewards.account import Account
from rewards.days import day_text
from rewards.offers.entry import Entry
from rewards.offers.kind import Case, CountingRule, Derived, Rule
from rewards.offers.steps import NOT_ELIGIBLE, excluded_sales, exclusion
from rewards.offers.terms import OfferTerms
from rewards.statements.policy import Rules
from rewards.statements.statement import Statement, case_of, statement_of


def derive(account: Account, rules: Rules) -> Derived:
    """Derive every figure of the account's statement.

    `offers` has an item for each offer that exists as of the day, by slug: its terms in force with the
    amendment that formed them, its `entries`, and the `excluded` sales by reason and currency. Counted and
    excluded sales of an offer together are all the sales of the account.
    """
    case = case_of(account, rules)
    statement = statement_of(case, rules)
    listed = [(rule, name) for name, of_list in rules.by_list.items() for rule in of_list]
    return {
        "partner_id": statement.partner_id,
        "as_of": day_text(rules.as_of),
        "timezone": rules.program.timezone,
        "refunds_after_period": rules.program.refunds_after_period,
        "level": _assigned(account, statement),
        "offers": [
            _offer(
                rule, [entry for entry in statement.entries(name) if entry.offer == rule.offer], case, rules
            )
            for rule, name in sorted(listed, key=lambda pair: pair[0].offer)
        ],
    }


def _assigned(account: Account, statement: Statement) -> Derived:
    since = max((day for day, _ in account.levels if day <= statement.as_of), default=None)
    return {
        "assigned": statement.level,
        "table": "partners" if since is None else "levels",
        "from": None if since is None else day_text(since),
    }


def _offer(rule: Rule[Any], entries: list[Entry], case: Case, rules: Rules) -> Derived:
    eligible = rule.terms.is_for(case.account.partner, case.level)
    derived: Derived = {
        "offer": rule.offer,
        "kind": rule.terms.kind,
        "terms": _terms(rule.offer, rule.terms, rules),
        "eligible": eligible,
        "entries": rule.derived(entries, case) if eligible else [],
    }
    if isinstance(rule, CountingRule):
        derived["excluded"] = _excluded(rule, case, eligible=eligible)
    return derived


def _excluded(rule: CountingRule[Any], case: Case, *, eligible: bool) -> list[Derived]:
    as_of, deduct = case.basis.as_of, case.basis.deduct
    reasons = (
        (
            exclusion(sale, rule.first, rule.last, as_of, rule.products, deduct=deduct)
            if eligible
            else NOT_ELIGIBLE,
            sale,
        )
        for sale in case.account.sales
    )
    return excluded_sales((reason, sale) for reason, sale in reasons if reason is not None)


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
