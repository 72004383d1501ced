"""Accounts and rates made of rows in memory, after merging: what the ledger does with files."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from rewards import Account, Credit, Partner, Rates, Sale, Subscription, day_in_zone, parse_amount, parse_day
from rewards.rates import RateRow
from tests.reference.naive import Row, Tables


def rates_of(tables: Tables) -> Rates:
    """The `rates` rows."""
    return Rates(
        RateRow(parse_day(row["on"]), row["from"], row["to"], Fraction(row["rate"]))
        for row in tables["rates"]
    )


def accounts_of(tables: Tables, zone: str) -> list[Account]:
    """The accounts that have a statement, by partner id; each table's rows are in the order given."""
    partners = {row["partner_id"]: row for row in tables["partners"]}

    def survivor(partner_id: str) -> str:
        merged_into = partners[partner_id]["merged_into"]
        return survivor(merged_into) if merged_into else partner_id

    sales = {row["sale_id"]: row for row in tables["sales"]}
    return [
        Account(
            Partner(**row),
            tuple(_sale(one, sales, zone) for one in _of(partner_id, tables["sales"], survivor)),
            tuple(_subscription(one) for one in _of(partner_id, tables["subscriptions"], survivor)),
            tuple(_credit(one) for one in _of(partner_id, tables["credits"], survivor)),
            tuple(
                sorted(
                    (parse_day(one["from"]), one["level"])
                    for one in tables["levels"]
                    if one["partner_id"] == partner_id
                )
            ),
        )
        for partner_id, row in sorted(partners.items())
        if row["status"] != "closed" and not row["merged_into"]
    ]


def _of(partner_id: str, rows: Sequence[Row], survivor: Callable[[str], str]) -> list[Row]:
    return [row for row in rows if survivor(row["partner_id"]) == partner_id]


def _sale(row: Row, sales: dict[str, Row], zone: str) -> Sale:
    named = sales.get(row["refund_of"])
    return Sale(
        row["sale_id"],
        row["partner_id"],
        day_in_zone(row["sold_on"], zone),
        parse_amount(row["amount"], row["currency"]),
        row["currency"],
        row["product"] or (named["product"] if named else ""),
        row["refund_of"],
        day_in_zone(named["sold_on"], zone) if named else None,
    )


def _subscription(row: Row) -> Subscription:
    started_on = parse_day(row["started_on"]) if row["started_on"] else None
    return Subscription(
        row["subscription_id"], row["product"], row["plan"], started_on, parse_day(row["expires_on"]), ""
    )


def _credit(row: Row) -> Credit:
    amount = parse_amount(row["amount"], row["currency"])
    return Credit(row["credit_id"], row["offer"], amount, row["currency"], parse_day(row["credited_on"]))
