"""Accounts: the lines of one partner after merging, as flat tuples, because the rules read millions of lines.

Days are proleptic ordinals (`datetime.date.toordinal`), amounts are integers of the currency's minor unit.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

_FORMULA = re.compile("[-=+@\uff0d\uff1d\uff0b\uff20\t\r]")


class Sale(NamedTuple):
    """A ledger line of `sales`; a negative `amount` is a refund.

    `day` is the day in the program's zone. `product` of a refund whose own is empty is its sale's.
    `refunded_day` is the day of the sale that `refund_of` names, None without `refund_of`.
    `partner_id` is the partner the line names, which differs from the account's after a merge.
    """

    sale_id: str
    partner_id: str
    day: int
    amount: int
    currency: str
    product: str
    refund_of: str
    refunded_day: int | None


class Subscription(NamedTuple):
    """A ledger line of `subscriptions`; `expires_on` is the date before any of our extensions."""

    subscription_id: str
    product: str
    plan: str
    started_on: int | None
    expires_on: int
    customer: str


class Credit(NamedTuple):
    """A ledger line of `credits`: what was already credited for an offer (negative: a reversal)."""

    credit_id: str
    offer: str
    amount: int
    currency: str
    credited_on: int


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's own row; text columns that the export lacks are empty.

    `level` is the row's, before the `levels` table.
    """

    partner_id: str
    name: str
    email: str
    currency: str
    level: str
    language: str = ""
    country: str = ""
    timezone: str = ""
    status: str = "active"
    contact_name: str = ""
    cc: str = ""
    manager_name: str = ""
    manager_email: str = ""
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A partner that has a statement, and the lines that belong to it, each sorted by its id.

    `levels` are the rows of the `levels` table as (from, level), sorted by day.
    """

    partner: Partner
    sales: tuple[Sale, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    credits: tuple[Credit, ...] = ()
    levels: tuple[tuple[int, str], ...] = ()


def guarded(text: str) -> str:
    """Put `'` before a text that a spreadsheet could take for a formula; return any other text as it is."""
    return f"'{text}" if _FORMULA.match(text.lstrip(" ")) else text


def csv_table(head: Iterable[object], rows: Iterable[Iterable[object]], end: str = "\r\n") -> str:
    """Return a table as CSV (RFC 4180); `end` ends each line."""
    table = StringIO(newline="")
    csv.writer(table, lineterminator=end).writerows([head, *rows])
    return table.getvalue()
