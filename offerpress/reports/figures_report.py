"""The report on the figures: gathered from a site, drawn, rendered and written as one HTML file."""

from pathlib import Path

from markupsafe import Markup

from generator import REPORT_POLICY, PartnerText, environment
from offerpress.figures.figures import Figures, holds, write_conservation
from offerpress.plans.dues import Due, Liability
from offerpress.reports.charts import pictures, without_rate
from offerpress.reports.facts import Facts, SourceTable, ToldAmounts, gather_facts
from offerpress.reports.outlook import Near, Outlook
from offerpress.reports.texts import bin_text, day_words, grouped_amount, percent_text
from offerpress.site.state import write_state
from rewards import CashbackRule, Conserved, Rules, Total, day_text

_TEMPLATE = "reports/figures.html"
_TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")


def write_report(figures: Figures, told: ToldAmounts | None) -> tuple[Path, Facts]:
    """Write `private/reports/figures-AS_OF.html`, and the conservation report beside it. Raises `Faulty`."""
    site, rules = figures.site, figures.rules
    statements = figures.sorted_statements()
    found = figures.equations(statements)
    write_conservation(site, found, figures.snapshot, rules.as_of)
    facts = gather_facts(statements, rules, told, found, figures.snapshot.digest, source_tables(figures))
    html = report_html(figures, facts)
    path = site.private / "reports" / f"figures-{day_text(rules.as_of)}.html"
    write_state(path, html)
    return path, facts


def report_html(figures: Figures, facts: Facts) -> str:
    """Render the report as one HTML file that contains its styles and charts."""
    template = environment(figures.site.template_folders, "en", kind="html").get_template(_TEMPLATE)
    # SVG from our own drawing library, which escapes every text in it.
    charts = {name: Markup(svg) for name, svg in pictures(facts, figures.rules).items()}  # noqa: S704
    site = figures.site.settings.site
    return template.render(
        site_title=site.title, policy=REPORT_POLICY, charts=charts, **report_view(facts, figures.rules)
    )


def source_tables(figures: Figures) -> list[SourceTable]:
    """Return the source of each table. The address of a database is named without its password."""
    data, rows = figures.site.settings.data, figures.snapshot.rows
    return [SourceTable(table, data.of(table).label, rows[table]) for table in _TABLES]


_View = dict[str, object]
_MOST_LISTED = 50
"""How many partners one table of the report names; of the rest it says how many they are."""


def report_view(facts: Facts, rules: Rules) -> _View:
    """Return the report without its charts as texts. Texts that a partner supplied are `PartnerText`."""
    program = rules.program
    return {
        "as_of": day_words(facts.as_of),
        "program_currency": program.currency,
        "without_rate": without_rate(facts.by_currency, rules),
        "summary": [_sum(currency, "", row) for (currency, _), row in facts.by_currency.items()],
        "levels": [program.level_name(level) for level in program.every_level_id],
        "by_level": [
            {
                "currency": currency,
                "cells": [_cell(facts, currency, level) for level in program.every_level_id],
            }
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
        "sources": facts.source_tables,
    }


def _partners(facts: Facts, rules: Rules) -> _View:
    """Return the lists of partners, each with the number of those that it leaves out."""
    return {
        "near": [_near(one, rules) for one in facts.near[:_MOST_LISTED]],
        "near_more": max(0, len(facts.near) - _MOST_LISTED),
        "largest": [_due(one) for one in facts.largest],
        "negative": [_due(one) for one in facts.negative[:_MOST_LISTED]],
        "negative_more": max(0, len(facts.negative) - _MOST_LISTED),
        "since": facts.since,
        "jumped": [
            {
                **_due(one.due),
                "before": grouped_amount(one.before, one.due.currency),
                "change": grouped_amount(one.due.to_credit - one.before, one.due.currency),
            }
            for one in facts.jumped[:_MOST_LISTED]
        ],
        "jumped_more": max(0, len(facts.jumped) - _MOST_LISTED),
    }


def _sum(currency: str, name: str, row: Liability) -> _View:
    return {
        "currency": currency,
        "name": name,
        "partners": f"{row.partners:,}",
        "amount": grouped_amount(row.amount, currency),
        "credited": grouped_amount(row.already_credited, currency),
        "to_credit": grouped_amount(row.to_credit, currency),
        "debit": grouped_amount(row.debit, currency) if row.debit else "",
    }


def _cell(facts: Facts, currency: str, level: str) -> _View | None:
    """Return the amount due to partners of one level in one currency; None without such partners."""
    row = facts.by_level.get((currency, level))
    if row is None:
        return None
    return {
        "to_credit": grouped_amount(row.to_credit, currency),
        "partners": row.partners,
        "debit": row.to_credit < 0,
    }


def _heading(rule: CashbackRule, rules: Rules) -> _View:
    days = rule.last - rule.first + 1
    return {
        "title": rule.terms.title,
        "offer": rule.offer,
        "until": day_words(rule.last),
        "final": rules.as_of > rule.last,
        "elapsed": min(days, rules.as_of - rule.first + 1),
        "days": days,
    }


def _outlook(one: Outlook) -> _View:
    return {
        "currency": one.currency,
        "sales": grouped_amount(one.sales, one.currency),
        "amount": grouped_amount(one.amount, one.currency),
        "by_days": grouped_amount(one.by_days, one.currency),
        "by_pace": grouped_amount(one.by_pace, one.currency),
    }


def _due(due: Due) -> _View:
    return {
        "partner_id": PartnerText(due.partner_id),
        "name": PartnerText(due.name),
        "currency": due.currency,
        "amount": grouped_amount(due.amount, due.currency),
        "credited": grouped_amount(due.already_credited, due.currency),
        "to_credit": grouped_amount(due.to_credit, due.currency),
    }


def _near(one: Near, rules: Rules) -> _View:
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
        "sales": grouped_amount(entry.attained_sales, entry.currency),
        "quota": grouped_amount(entry.next_quota, entry.currency),
        "remaining": grouped_amount(entry.remaining, entry.currency),
        "missing": percent_text(one.missing),
        "reached": max(0, 100 - round(one.missing * 100)),
    }


def _equation(one: Conserved) -> _View:
    parts = dict(one.parts)
    counted = parts.pop("counted", Total(0, 0))
    lines, amount = one.difference
    return {
        "table": one.table,
        "offer": one.offer,
        "currency": one.currency,
        "counted": grouped_amount(counted.amount, one.currency),
        "excluded": [
            {
                "reason": reason,
                "amount": grouped_amount(part.amount, one.currency),
                "lines": f"{part.lines:,}",
            }
            for reason, part in parts.items()
        ],
        "ledger": grouped_amount(one.ledger.amount, one.currency),
        "lines": f"{one.ledger.lines:,}",
        "difference": grouped_amount(amount, one.currency),
        "holds": not lines and not amount,
    }
