"""Makes the sample's tables, always the same bytes: `python tests/sites/generate_sample.py --output data`.

Only `random.Random.random` is drawn from, because Python promises the same numbers for it in every version.
"""

import argparse
import csv
import io
import random
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from tests.sites.sample_partners import PARTNERS

SEED = 20231231
FIRST, LAST = date(2022, 1, 1), date(2023, 12, 31)
PLACES = {"JPY": 0, "KWD": 3}
RATES = {  # one unit in EUR, invented
    "BRL": "0.1860",
    "CHF": "1.0280",
    "GBP": "1.1500",
    "JPY": "0.006710",
    "KWD": "3.0200",
    "PLN": "0.2190",
    "SEK": "0.0885",
    "USD": "0.9270",
}
LISTED = {  # product and its invented list price in EUR
    "PRO 4SC": 175,
    "PRO 8SC": 345,
    "PRO 16SC": 695,
    "ENT 16SC": 995,
    "ENT 32SC": 1895,
    "ENT 64SC": 3790,
}
SIZES = {  # sales over the two years, and how many of the listed products, from the cheapest, are sold
    "-": (0, 1),
    "a": (6, 2),
    "b": (21, 3),
    "s": (44, 4),
    "g": (60, 5),
    "p": (88, 6),
    "t": (140, 6),
}
ZONES = {
    "JP": "Asia/Tokyo",
    "US": "America/Chicago",
    "KW": "Asia/Kuwait",
    "GB": "Europe/London",
    "BR": "America/Sao_Paulo",
}
OFFSETS = {"JP": "+09:00", "US": "-06:00", "KW": "+03:00", "GB": "Z"}
MONTH_ENDS = (
    "2022-11-30",
    "2023-03-31",
    "2023-05-31",
    "2023-08-31",
    "2023-11-29",
    "2023-11-30",
    "2023-12-31",
    "2024-01-31",
    "2024-02-29",
)
CUSTOMERS = (
    "Bakery",
    "Dentist",
    "Hotel",
    "Law office",
    "Library",
    "School",
    "Surveyor",
    "Vet",
    "Winery",
    "Workshop",
)
Row = dict[str, str]


class Draw:
    """Seeded choices that depend on `random.Random.random` alone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def one(self, choices: Sequence[str]) -> str:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def day(self, first: date, last: date) -> date:
        """A day from `first` to `last`, both included."""
        return first + timedelta(self.below((last - first).days + 1))


@dataclass
class Sample:
    """The tables as they grow; `partners` come first, everything else refers to them."""

    draw: Draw
    partners: list[Row] = field(default_factory=list)
    sizes: dict[str, str] = field(default_factory=dict)
    sales: list[Row] = field(default_factory=list)
    subscriptions: list[Row] = field(default_factory=list)


def tables() -> dict[str, str]:
    """The text of each file of the sample's `data/`, by file name."""
    sample = Sample(Draw(SEED))
    _add_partners(sample)
    for partner in sample.partners:
        _add_sales(sample, partner)
    _add_edges(sample)
    for number in range(300):
        _add_subscription(sample, number)
    return {
        "partners.csv": _csv(sample.partners),
        "sales.csv": _csv(_numbered(sample.sales)),
        "subscriptions.csv": _csv(sample.subscriptions),
        "credits.csv": _csv(_credits()),
        "rates.csv": _csv(_rates(sample.draw)),
        "levels.csv": _csv(_levels()),
    }


def main() -> None:
    """Writes the tables into the folder that `--output` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    output: Path = parser.parse_args().output
    for name, text in tables().items():
        (output / name).write_text(text, encoding="utf-8", newline="")


def _add_partners(sample: Sample) -> None:
    for number, line in enumerate(PARTNERS.splitlines(), start=1001):
        name, contact, country, language, currency, size, level = line.split("|")
        host = _host(name, number)
        sample.sizes[f"P-{number}"] = size
        sample.partners.append(
            {
                "partner_id": f"P-{number}",
                "name": name,
                "email": f"orders@{host}" if number != 1022 else "orders at vento-norte",
                "currency": currency,
                "level": level,
                "language": language,
                "country": country,
                "timezone": ZONES.get(country, "Europe/Berlin"),
                "status": "closed" if number == 1059 else "active",
                "contact_name": contact,
                "cc": f"books@{host}" if number % 9 == 0 else "",
                "manager_name": ("Ines Aldermoor", "Theo Vance", "Pilar Roca")[number % 3],
                "manager_email": ("ines", "theo", "pilar")[number % 3] + "@ostrabell.example",
            }
        )


def _host(name: str, number: int) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z]+", plain)[:2]
    return f"{'-'.join(words) or 'partner'}-{number}.example"


def _add_sales(sample: Sample, partner: Row) -> None:
    count, width = SIZES[sample.sizes[partner["partner_id"]]]
    for _ in range(count):
        draw = sample.draw
        day = draw.day(FIRST, LAST)
        product = draw.one(list(LISTED)[:width])
        currency = "EUR" if partner["country"] in {"CH", "PL"} and draw.below(6) == 0 else partner["currency"]
        listed = LISTED[product] * (1 + draw.below(3)) * (7000 + draw.below(2500))
        amount = _converted(Decimal(listed) / 10000, currency)
        sale = {
            "sale_id": f"draft-{len(sample.sales)}",
            "partner_id": partner["partner_id"],
            "sold_on": _moment(draw, day, partner["country"]),
            "amount": str(amount),
            "currency": currency,
            "product": product,
            "refund_of": "",
            "kind": draw.one(("new", "new", "renewal", "upgrade")),
        }
        sample.sales.append(sale)
        if draw.below(16) == 0:
            _add_refund(sample, sale, amount, day)


def _add_refund(sample: Sample, sale: Row, amount: Decimal, day: date) -> None:
    draw = sample.draw
    later = day + timedelta(3 + draw.below(60))
    if later > LAST:
        return
    whole = draw.below(2) == 0
    taken = amount if whole else (amount / 3).quantize(amount, ROUND_HALF_EVEN)
    sample.sales.append(
        sale
        | {
            "sale_id": f"draft-{len(sample.sales)}",
            "sold_on": later.isoformat(),
            "amount": str(-taken),
            "product": sale["product"] if draw.below(2) else "",
            "refund_of": sale["sale_id"] if draw.below(5) else "",
            "kind": "refund",
        }
    )


def _converted(euros: Decimal, currency: str) -> Decimal:
    rate = Decimal(RATES.get(currency, "1"))
    return (euros / rate).quantize(Decimal(1).scaleb(-PLACES.get(currency, 2)), ROUND_HALF_EVEN)


def _moment(draw: Draw, day: date, country: str) -> str:
    offset = OFFSETS.get(country)
    if offset is None or draw.below(5) > 0:
        return day.isoformat()
    return f"{day}T{8 + draw.below(10):02}:{draw.below(60):02}:{draw.below(60):02}{offset}"


def _add_edges(sample: Sample) -> None:
    """Sales at midnight of a year's end, a refund across it, and a partner with more refunds than sales."""
    edges = (
        ("P-1005", "2022-12-31T23:30:00Z", "480.00", "GBP", "PRO 8SC"),
        ("P-1007", "2022-12-31T16:30:00-06:00", "640.00", "USD", "PRO 8SC"),
        ("P-1007", "2023-12-31T18:30:00-06:00", "995.50", "USD", "ENT 16SC"),
        ("P-1008", "2024-01-01T07:15:00+09:00", "333", "JPY", "PRO 4SC"),
        ("P-1013", "2023-12-31", "1.001", "KWD", "PRO 4SC"),
        ("P-1045", "2023-06-30", "-2410.00", "EUR", ""),
    )
    for partner_id, moment, amount, currency, product in edges:
        sample.sales.append(
            {
                "sale_id": f"draft-{len(sample.sales)}",
                "partner_id": partner_id,
                "sold_on": moment,
                "amount": amount,
                "currency": currency,
                "product": product,
                "refund_of": "",
                "kind": "refund" if amount.startswith("-") else "new",
            }
        )


def _numbered(sales: list[Row]) -> list[Row]:
    """The sales in order of their day as written, with ids in that order instead of the drafts'."""
    ordered = sorted(sales, key=lambda sale: sale["sold_on"])
    ids = {sale["sale_id"]: f"A-{number:05}" for number, sale in enumerate(ordered, start=1)}
    return [
        sale | {"sale_id": ids[sale["sale_id"]], "refund_of": ids.get(sale["refund_of"], "")}
        for sale in ordered
    ]


def _add_subscription(sample: Sample, number: int) -> None:
    draw = sample.draw
    partner = sample.partners[number % 60 if number < 60 else draw.below(60)]
    crowded = number >= 296  # one partner holds more free subscriptions than its level allows
    if crowded:
        partner = sample.partners[21]
    plan = (
        "free"
        if crowded
        else ("paid", "paid", "paid", "free", "paid", "trial", "paid", "free", "nfr", "paid")[number % 10]
    )
    if crowded:
        expires = date(2023, 6, 30)
    elif draw.below(2) == 0:
        expires = date.fromisoformat(draw.one(MONTH_ENDS))
    else:
        expires = draw.day(date(2022, 10, 1), date(2025, 3, 31))
    product = "4SC" if plan == "free" else draw.one(tuple(LISTED))
    started = expires - timedelta(30 if plan == "trial" else 365)
    sample.subscriptions.append(
        {
            "subscription_id": f"S-{number + 1:04}",
            "partner_id": partner["partner_id"],
            "product": product,
            "plan": plan,
            "expires_on": expires.isoformat(),
            "started_on": started.isoformat(),
            "customer": f"{draw.one(CUSTOMERS)} {number + 1}",
        }
    )


def _credits() -> list[Row]:
    """What was credited during 2023: parts, one reversal, and one partner who was given too much."""
    rows = (
        ("P-1003", "500.00", "EUR", "2023-07-15"),
        ("P-1005", "1200.00", "GBP", "2023-07-15"),
        ("P-1005", "-200.00", "GBP", "2023-08-02"),
        ("P-1007", "2500.00", "USD", "2023-07-15"),
        ("P-1008", "15000", "JPY", "2023-07-15"),
        ("P-1013", "120.500", "KWD", "2023-07-15"),
        ("P-1015", "3000.00", "EUR", "2023-07-15"),
        ("P-1015", "1500.00", "EUR", "2023-10-16"),
        ("P-1030", "900.00", "EUR", "2023-07-15"),
        ("P-1047", "25.00", "EUR", "2023-07-15"),
    )
    posted: list[Row] = []
    for partner_id, amount, currency, day in rows:
        triple = f"cashback-2023:{partner_id}:{currency}"
        earlier = sum(row["credit_id"].startswith(f"{triple}:") for row in posted)
        posted.append(
            {
                "credit_id": f"{triple}:{earlier + 1}",
                "partner_id": partner_id,
                "offer": "cashback-2023",
                "amount": amount,
                "currency": currency,
                "credited_on": day,
            }
        )
    return posted


def _rates(draw: Draw) -> list[Row]:
    """One row a month and currency, wandering by at most 3 % around the invented rate."""
    months = [date(year, month, 1) for year in (2022, 2023) for month in range(1, 13)]
    return [
        {"on": month.isoformat(), "from": currency, "to": "EUR", "rate": _wandered(draw, rate)}
        for month in months
        for currency, rate in RATES.items()
    ]


def _wandered(draw: Draw, rate: str) -> str:
    exact = Decimal(rate)
    return str((exact * (9700 + draw.below(601)) / 10000).quantize(exact, ROUND_HALF_EVEN))


def _levels() -> list[Row]:
    rows = (
        ("P-1009", "gold", "2023-07-01"),
        ("P-1018", "silver", "2023-01-01"),
        ("P-1050", "platinum", "2024-01-01"),
    )
    return [{"partner_id": partner_id, "level": level, "from": day} for partner_id, level, day in rows]


def _csv(rows: Iterable[Mapping[str, str]]) -> str:
    listed = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()


if __name__ == "__main__":
    main()
