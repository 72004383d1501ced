"""The statements once more, as simply as they can be said: fractions, lists and loops, nothing prepared.

It shares no code with the packages, so that a mistake would have to be made twice. It takes valid input only:
rows as a CSV reader gives them (text by column) and terms as a YAML or TOML reader gives them.
"""

import datetime as dt
import fnmatch
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tests.reference.naive_values import (
    PLACES,
    Terms,
    amendment_days,
    day,
    levels_on,
    listed,
    mapping,
    money,
    months_later,
    number,
    percent,
    plain,
    rounded,
    terms_on,
)

Row: TypeAlias = dict[str, str]
Tables: TypeAlias = Mapping[str, Sequence[Row]]
Json: TypeAlias = dict[str, object]

KEYS = {
    "sales": "sale_id",
    "subscriptions": "subscription_id",
    "credits": "credit_id",
}


class Site:
    """A program, its offers by slug, and the tables."""

    def __init__(self, program: Terms, offers: Mapping[str, Terms], tables: Tables, as_of: str) -> None:
        self.program, self.as_of = program, day(as_of)
        self.zone = ZoneInfo(str(program["timezone"]))
        self.offers = {
            slug: terms_on(offers[slug], self.as_of)
            for slug in sorted(offers)
            if day(offers[slug]["announced_on"]) <= self.as_of
        }
        self.tables = {name: self.unique(name, tables.get(name, [])) for name in tables}
        self.partners = {row["partner_id"]: row for row in self.table("partners")}
        self.sales = {row["sale_id"]: row for row in self.table("sales")}

    def unique(self, name: str, rows: Sequence[Row]) -> list[Row]:
        """The rows, those with one id counted once."""
        key = KEYS.get(name)
        return list({row[key]: row for row in rows}.values()) if key else list(rows)

    def table(self, name: str) -> list[Row]:
        """The rows of a table, none where it is missing."""
        return self.tables.get(name, [])

    def survivor(self, partner_id: str) -> str:
        """The end of the chain of merges."""
        while self.partners[partner_id].get("merged_into"):
            partner_id = self.partners[partner_id]["merged_into"]
        return partner_id

    def of(self, partner_id: str, table: str) -> list[Row]:
        """The rows of a table that belong to a partner after merges."""
        return [row for row in self.table(table) if self.survivor(row["partner_id"]) == partner_id]

    def day_of(self, sale: Row) -> dt.date:
        """The day of a sale in the program's zone."""
        text = sale["sold_on"].strip()
        if len(text) == len("2023-12-31"):
            return dt.date.fromisoformat(text)
        return dt.datetime.fromisoformat(text.upper()).astimezone(self.zone).date()

    def level_of(self, partner_id: str) -> str:
        """The assigned level."""
        rows = [row for row in self.table("levels") if row["partner_id"] == partner_id]
        rows = [row for row in rows if day(row["from"]) <= self.as_of]
        return (
            max(rows, key=lambda row: day(row["from"]))["level"]
            if rows
            else self.partners[partner_id]["level"]
        )

    def levels(self, on: dt.date) -> dict[str, Fraction]:
        """The levels above the base that are in force on a day, each with its quota."""
        return levels_on(self.program, on)

    def ranks(self) -> list[str]:
        """The level ids of every day by rank, the base first: the next is one that none of the rest stands below."""
        lists = [list(self.levels(one)) for one in [dt.date.min, *amendment_days(self.program)]]
        left = {level for levels in lists for level in levels}
        ranked = [str(self.program["base_level"])]
        while left:
            above = {level for levels in lists for n, level in enumerate(levels) if left & set(levels[:n])}
            named = [level for levels in lists for level in levels]
            lowest = min(left - above, key=named.index)
            ranked.append(lowest)
            left.remove(lowest)
        return ranked

    def counted(self, partner_id: str, first: dt.date, last: dt.date) -> list[Row]:
        """The counted sales of a period."""
        found = []
        for sale in self.of(partner_id, "sales"):
            deciding = self.day_of(sale)
            if self.program["refunds_after_period"] == "deduct" and sale.get("refund_of"):
                deciding = self.day_of(self.sales[sale["refund_of"]])
            if first <= deciding <= last and self.day_of(sale) <= self.as_of:
                found.append(sale)
        return found

    def eligible(self, terms: Terms, partner_id: str) -> bool:
        """Whether an offer is for a partner."""
        partner = self.partners[partner_id]
        asked = mapping(terms, "eligible")
        values = {
            "levels": self.level_of(partner_id),
            "countries": partner.get("country") or "",
            "languages": partner.get("language") or "",
        }
        return all(values[key] != "" and values[key] in listed(asked, key) for key in asked)

    def product_of(self, sale: Row) -> str:
        """A sale's product; a refund without one has that of its sale."""
        if not sale.get("product") and sale.get("refund_of"):
            return self.product_of(self.sales[sale["refund_of"]])
        return sale.get("product") or ""

    def product_counts(self, terms: Terms, product: str) -> bool:
        """Whether a product is counted."""
        asked = mapping(terms, "products")
        if "include" in asked and not any(
            fnmatch.fnmatchcase(product, one) for one in listed(asked, "include")
        ):
            return False
        return not any(
            fnmatch.fnmatchcase(product, one) for one in listed({"exclude": [], **asked}, "exclude")
        )

    def converted(self, sales: Sequence[Row]) -> Fraction:
        """The exact sum of sales in the program's currency."""
        total = Fraction(0)
        target = str(self.program["currency"])
        for sale in sales:
            rate = Fraction(1)
            if sale["currency"] != target:
                rows = [
                    row
                    for row in self.table("rates")
                    if row["from"] == sale["currency"] and row["to"] == target
                ]
                rows = [row for row in rows if day(row["on"]) <= self.day_of(sale)]
                rate = number(max(rows, key=lambda row: day(row["on"]))["rate"])
            total += number(sale["amount"]) * rate
        return total

    def attained(self, exact: Fraction, quotas: Mapping[str, Fraction]) -> str:
        """The highest level whose quota is reached."""
        level = str(self.program["base_level"])
        for name in quotas:
            if quotas[name] <= exact:
                level = name
        return level

    def quotas(self, terms: Terms) -> dict[str, Fraction]:
        """The offer's quotas over those of the program, for the levels of the period's last day or of today."""
        ends = [day(mapping(terms, "period")["to"])] if "period" in terms else []
        own = self.levels(min([self.as_of, *ends]))
        named = mapping(terms, "quotas")
        return {level: number(named.get(level, quota)) for level, quota in own.items()}

    def higher(self, one: str, other: str) -> str:
        """The level of the higher rank."""
        return max(one, other, key=self.ranks().index)

    def statements(self) -> list[Json]:
        """The statements in their JSON form, by partner id."""
        return [
            self.statement(partner_id)
            for partner_id, partner in sorted(self.partners.items())
            if partner.get("status") != "closed" and not partner.get("merged_into")
        ]

    def statement(self, partner_id: str) -> Json:
        """One statement in its JSON form."""
        mine = {slug: terms for slug, terms in self.offers.items() if self.eligible(terms, partner_id)}

        def of_kind(kind: str) -> dict[str, Terms]:
            return {slug: terms for slug, terms in mine.items() if terms["kind"] == kind}

        levels = [self.level_entry(slug, terms, partner_id) for slug, terms in of_kind("level_quota").items()]
        return {
            "partner_id": partner_id,
            "as_of": self.as_of.isoformat(),
            "level": self.level_of(partner_id),
            "cashback": [
                e for slug, t in of_kind("cashback").items() for e in self.cashback(slug, t, partner_id)
            ],
            "extensions": [
                e for slug, t in of_kind("extension").items() for e in self.extensions(slug, t, partner_id)
            ],
            "free_subscriptions": [
                self.free(slug, terms, partner_id, levels)
                for slug, terms in of_kind("free_subscription").items()
            ],
            "levels": levels,
            "bonuses": [e for slug, t in of_kind("bonus").items() for e in self.bonus(slug, t, partner_id)],
        }

    def cashback(self, slug: str, terms: Terms, partner_id: str) -> list[Json]:
        """The cashback of an offer, by currency."""
        period = mapping(terms, "period")
        sales = self.counted(partner_id, day(period["from"]), day(period["to"]))
        sales = [sale for sale in sales if self.product_counts(terms, self.product_of(sale))]
        credited = [row for row in self.of(partner_id, "credits") if row["offer"] == slug]
        credited = [row for row in credited if day(row["credited_on"]) <= self.as_of]
        entries: list[Json] = []
        for currency in sorted({row["currency"] for row in [*sales, *credited]}):
            total = sum((number(row["amount"]) for row in sales if row["currency"] == currency), Fraction(0))
            before = sum(
                (number(row["amount"]) for row in credited if row["currency"] == currency), Fraction(0)
            )
            amount = rounded(self.share(terms, max(total, Fraction(0))), currency)
            minimum, cap = mapping(terms, "minimum"), mapping(terms, "cap")
            if currency in minimum and amount < number(minimum[currency]):
                amount = Fraction(0)
            if currency in cap:
                amount = min(amount, number(cap[currency]))
            entries.append(
                {
                    "offer": slug,
                    "currency": currency,
                    "eligible_sales": money(total, currency),
                    "rate": plain(percent(terms["rate"])) if "rate" in terms else None,
                    "amount": money(amount, currency),
                    "already_credited": money(before, currency),
                    "to_credit": money(amount - before, currency),
                    "status": "final" if self.as_of > day(period["to"]) else "accruing",
                    "credited_on": day(terms["credited_on"]).isoformat(),
                }
            )
        return entries

    def share(self, terms: Terms, base: Fraction) -> Fraction:
        """What the rate or the tiers give, before rounding."""
        if "rate" in terms:
            return base * percent(terms["rate"])
        tiers = terms["tiers"]
        assert isinstance(tiers, list)
        steps = [(number(tier["from"]), percent(tier["rate"])) for tier in tiers]
        if terms["mode"] == "retroactive":
            rates = [rate for start, rate in steps if start <= base]
            return base * (rates[-1] if rates else 0)
        ends = [*(start for start, _ in steps[1:]), None]
        total = Fraction(0)
        for (start, rate), end in zip(steps, ends, strict=True):
            top = base if end is None else min(base, end)
            total += max(top - start, Fraction(0)) * rate
        return total

    def extensions(self, slug: str, terms: Terms, partner_id: str) -> list[Json]:
        """The extended subscriptions of an offer."""
        entries: list[Json] = []
        plans = listed(terms, "plans") if "plans" in terms else ["paid"]
        for row in sorted(self.of(partner_id, "subscriptions"), key=lambda row: row["subscription_id"]):
            if row["plan"] not in plans or day(row["expires_on"]) < day(terms["active_on"]):
                continue
            if "bought_before" in terms and day(row["started_on"]) >= day(terms["bought_before"]):
                continue
            entries.append(
                {
                    "offer": slug,
                    "subscription_id": row["subscription_id"],
                    "product": row["product"],
                    "expires_on": day(row["expires_on"]).isoformat(),
                    "extended_to": months_later(
                        day(row["expires_on"]), int(str(terms["months"]))
                    ).isoformat(),
                }
            )
        return entries

    def free(self, slug: str, terms: Terms, partner_id: str, levels: Sequence[Json]) -> Json:
        """The free subscriptions of an offer."""
        held: list[Json] = []
        for row in sorted(self.of(partner_id, "subscriptions"), key=lambda row: row["subscription_id"]):
            expires = day(row["expires_on"])
            if (
                row["plan"] != "free"
                or row["product"] != terms["product"]
                or expires < day(terms["announced_on"])
            ):
                continue
            until = max(expires, day(terms["expires_on"]))
            if until >= self.as_of:
                held.append(
                    {
                        "subscription_id": row["subscription_id"],
                        "expires_on": expires.isoformat(),
                        "extended_to": until.isoformat(),
                    }
                )
        named = mapping(terms, "allowance")
        level = self.allowance_level(partner_id, levels)
        while level not in named:
            level = self.ranks()[self.ranks().index(level) - 1]
        allowed = int(str(named[level]))
        return {
            "offer": slug,
            "product": terms["product"],
            "allowed": allowed,
            "held": len(held),
            "remaining": 0 if self.as_of > day(terms["register_by"]) else max(0, allowed - len(held)),
            "register_by": day(terms["register_by"]).isoformat(),
            "subscriptions": held,
        }

    def allowance_level(self, partner_id: str, levels: Sequence[Json]) -> str:
        """The level that decides an allowance."""
        assigned = self.level_of(partner_id)
        if self.program["allowance_level"] == "assigned":
            return assigned
        if levels:
            attained = max((str(entry["attained_level"]) for entry in levels), key=self.ranks().index)
        else:
            first, last = dt.date(self.as_of.year, 1, 1), dt.date(self.as_of.year, 12, 31)
            attained = self.attained(self.converted(self.counted(partner_id, first, last)), self.quotas({}))
        return self.higher(assigned, attained) if self.program["allowance_level"] == "best" else attained

    def level_entry(self, slug: str, terms: Terms, partner_id: str) -> Json:
        """The way to the next level."""
        period, currency = mapping(terms, "period"), str(self.program["currency"])
        exact = self.converted(self.counted(partner_id, day(period["from"]), day(period["to"])))
        quotas = self.quotas(terms)
        attained = self.attained(exact, quotas)
        above = [level for level in self.ranks()[self.ranks().index(attained) + 1 :] if level in quotas]
        missing = None
        if above:
            missing = rounded(quotas[above[0]] - exact, currency)
            if missing == 0:
                missing = Fraction(1, 10 ** PLACES.get(currency, 2))
        return {
            "offer": slug,
            "currency": currency,
            "attained_sales": money(exact, currency),
            "attained_level": attained,
            "next_level": above[0] if above else None,
            "next_quota": money(quotas[above[0]], currency) if above else None,
            "remaining": None if missing is None else money(missing, currency),
            "secured_level": self.higher(self.level_of(partner_id), attained),
            "secured_until": day(terms["secured_until"]).isoformat(),
        }

    def bonus(self, slug: str, terms: Terms, partner_id: str) -> list[Json]:
        """The bonus of an offer: nothing, or one entry."""
        period, amounts = mapping(terms, "period"), mapping(terms, "amount")
        currency = self.partners[partner_id]["currency"]
        if currency not in amounts:
            return []
        sold = self.converted(self.counted(partner_id, day(period["from"]), day(period["to"])))
        quotas = self.levels(min(self.as_of, day(period["to"])))
        reached = [level for level, quota in quotas.items() if sold >= quota]
        if terms["level"] not in reached:
            return []
        return [
            {
                "offer": slug,
                "currency": currency,
                "amount": money(number(amounts[currency]), currency),
                "level": terms["level"],
                "attained_level": reached[-1],
                "status": "accruing" if self.as_of <= day(period["to"]) else "final",
            }
        ]
