"""A report's figures as the template reads them: text, in the order in which they are shown."""

from generator import PartnerText
from offerpress.figures.figures import holds
from offerpress.plans.dues import Due, Liability
from offerpress.reports.facts import Facts
from offerpress.reports.outlook import Near, Outlook
from offerpress.reports.pictures import without_rate
from offerpress.reports.words import amount_text, bin_text, day_words, percent_text
from rewards import CashbackRule, Conserved, Rules, Total

View = dict[str, object]
MOST_LISTED = 50
"""How many partners one table of the report names; of the rest it says how many they are."""


def report_view(facts: Facts, rules: Rules) -> View:
    """Everything but the charts; texts that a partner supplied are `PartnerText`."""
    program = rules.program
    return {
        "as_of": day_words(facts.as_of),
        "program_currency": program.currency,
        "without_rate": without_rate(facts.by_currency, rules),
        "summary": [_sum(currency, "", row) for (currency, _), row in facts.by_currency.items()],
        "levels": [program.level_name(level) for level in program.level_ids],
        "by_level": [
            {"currency": currency, "cells": [_cell(facts, currency, level) for level in program.level_ids]}
            for currency, _ in facts.by_currency
        ],
        "by_country": [
            _sum(currency, PartnerText(where), row) for (currency, where), row in facts.by_country.items()
        ],
        "outlooks": [
            {
                "rule": _heading(rule, rules),
                "rows": [_outlook(one) for one in facts.outlooks if one.offer == rule.offer],
            }
            for rule in rules.cashback
            if any(one.offer == rule.offer for one in facts.outlooks)
        ],
        "distribution": [
            {
                "currency": currency,
                "bins": [{"step": bin_text(one), "partners": one.partners} for one in bins],
            }
            for currency, bins in facts.distribution.items()
        ],
        **_partners(facts, rules),
        "conserved": [_equation(one) for one in facts.conserved],
        "holds": holds(facts.conserved),
        "snapshot": facts.snapshot,
        "sources": facts.sources,
    }


def _partners(facts: Facts, rules: Rules) -> View:
    """Whoever is named, and of each list how many it leaves out."""
    return {
        "near": [_near(one, rules) for one in facts.near[:MOST_LISTED]],
        "near_more": max(0, len(facts.near) - MOST_LISTED),
        "largest": [_due(one) for one in facts.largest],
        "negative": [_due(one) for one in facts.negative[:MOST_LISTED]],
        "negative_more": max(0, len(facts.negative) - MOST_LISTED),
        "since": facts.since,
        "jumped": [
            {
                **_due(one.due),
                "before": amount_text(one.before, one.due.currency),
                "change": amount_text(one.due.to_credit - one.before, one.due.currency),
            }
            for one in facts.jumped[:MOST_LISTED]
        ],
        "jumped_more": max(0, len(facts.jumped) - MOST_LISTED),
    }


def _sum(currency: str, name: str, row: Liability) -> View:
    return {
        "currency": currency,
        "name": name,
        "partners": f"{row.partners:,}",
        "amount": amount_text(row.amount, currency),
        "credited": amount_text(row.already_credited, currency),
        "to_credit": amount_text(row.to_credit, currency),
        "debit": amount_text(row.debit, currency) if row.debit else "",
    }


def _cell(facts: Facts, currency: str, level: str) -> View | None:
    """What partners of one level are due in one currency; None where there are none."""
    row = facts.by_level.get((currency, level))
    if row is None:
        return None
    return {
        "to_credit": amount_text(row.to_credit, currency),
        "partners": row.partners,
        "debit": row.to_credit < 0,
    }


def _heading(rule: CashbackRule, rules: Rules) -> View:
    days = rule.last - rule.first + 1
    return {
        "title": rule.terms.title,
        "offer": rule.offer,
        "until": day_words(rule.last),
        "final": rules.as_of > rule.last,
        "elapsed": min(days, rules.as_of - rule.first + 1),
        "days": days,
    }


def _outlook(one: Outlook) -> View:
    return {
        "currency": one.currency,
        "sales": amount_text(one.sales, one.currency),
        "amount": amount_text(one.amount, one.currency),
        "by_days": amount_text(one.by_days, one.currency),
        "by_pace": amount_text(one.by_pace, one.currency),
    }


def _due(due: Due) -> View:
    return {
        "partner_id": PartnerText(due.partner_id),
        "name": PartnerText(due.name),
        "currency": due.currency,
        "amount": amount_text(due.amount, due.currency),
        "credited": amount_text(due.already_credited, due.currency),
        "to_credit": amount_text(due.to_credit, due.currency),
    }


def _near(one: Near, rules: Rules) -> View:
    entry = one.entry
    name = rules.program.level_name
    assert entry.next_level is not None
    assert entry.next_quota is not None
    assert entry.remaining is not None
    return {
        "partner_id": PartnerText(one.partner_id),
        "name": PartnerText(one.name),
        "offer": entry.offer,
        "attained": name(entry.attained_level),
        "next": name(entry.next_level),
        "currency": entry.currency,
        "sales": amount_text(entry.attained_sales, entry.currency),
        "quota": amount_text(entry.next_quota, entry.currency),
        "remaining": amount_text(entry.remaining, entry.currency),
        "missing": percent_text(one.missing),
        "reached": max(0, 100 - round(one.missing * 100)),
    }


def _equation(one: Conserved) -> View:
    parts = dict(one.parts)
    counted = parts.pop("counted", Total(0, 0))
    lines, amount = one.difference
    return {
        "table": one.table,
        "offer": one.offer,
        "currency": one.currency,
        "counted": amount_text(counted.amount, one.currency),
        "excluded": [
            {"reason": reason, "amount": amount_text(part.amount, one.currency), "lines": f"{part.lines:,}"}
            for reason, part in parts.items()
        ],
        "ledger": amount_text(one.ledger.amount, one.currency),
        "lines": f"{one.ledger.lines:,}",
        "difference": amount_text(amount, one.currency),
        "holds": not lines and not amount,
    }
