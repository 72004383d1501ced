"""Writes the export folders of five systems beside this file.

Run `python -m tests.exports.generate`. Each folder has `exports/` as its system writes them, and the `offerpress.toml`
that connects them. All names are invented.
"""

import csv
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from ledger.tables import TABLES
from tests.exports.shapes import LedgerRows, Rows, Shape, write_ledger

HERE = Path(__file__).parent


@dataclass(frozen=True)
class System:
    """A system: the shape in which it exports, the names of partners and products, and its currencies."""

    shape: Shape
    partners: tuple[str, ...]
    products: tuple[str, ...]
    currencies: tuple[str, ...]


GERMAN = Shape(
    encoding="cp1252",
    delimiter=";",
    titles=[["Umsatzliste Wiederverkäufer"], ["Stand: 31.12.2023", "", "Büro Süd"], []],
    totals="stop",
    totals_word="Summe",
    dates=("%d.%m.%Y",),
    decimal=",",
    thousands=".",
    currency="sign",
    words={"status": {"active": "aktiv", "closed": "gekündigt"}, "plan": {"paid": "bezahlt", "free": "frei"}},
    names={
        "partner_id": "Kundennr",
        "name": "Firma",
        "email": "E-Mail",
        "currency": "Währung",
        "level": "Stufe",
        "language": "Sprache",
        "status": "Zustand",
        "sale_id": "Beleg",
        "sold_on": "Datum",
        "amount": "Betrag",
        "product": "Artikel",
        "refund_of": "Storno von",
        "subscription_id": "Lizenz",
        "plan": "Art",
        "expires_on": "Ablauf",
        "started_on": "Beginn",
        "credit_id": "Gutschrift",
        "offer": "Aktion",
        "credited_on": "Gebucht am",
        "on": "Tag",
        "from": "Von",
        "to": "Nach",
        "rate": "Kurs",
    },
    leaves_out_language=True,
)
FRENCH = Shape(
    delimiter=";",
    encoding="utf-8-sig",
    quoting=csv.QUOTE_ALL,
    dates=("%d/%m/%Y",),
    decimal=",",
    thousands=" ",
    space="\u202f",
    minus="\u2212x",
    currency="cell",
    words={"status": {"active": "actif", "closed": "résilié"}, "plan": {"paid": "payant", "free": "gratuit"}},
    names={
        "partner_id": "N° client",
        "email": "Courriel",
        "currency": "Devise",
        "level": "Niveau",
        "language": "Langue",
        "status": "État",
        "sale_id": "N° facture",
        "sold_on": "Date",
        "amount": "Montant HT",
        "product": "Produit",
        "refund_of": "Avoir de",
        "subscription_id": "Abonnement",
        "plan": "Formule",
        "expires_on": "Échéance",
        "started_on": "Début",
        "credit_id": "Avoir",
        "offer": "Offre",
        "credited_on": "Crédité le",
        "on": "Jour",
        "from": "De",
        "to": "Vers",
        "rate": "Taux",
    },
    splits_names=True,
    is_shuffled=True,
    files=2,
)
AMERICAN = Shape(
    titles=[["Reseller Revenue Report"], ["Period: 01/01/2023 - 12/31/2023"]],
    totals="skip",
    totals_word="GRAND TOTAL",
    has_subtotals=True,
    dates=("%m/%d/%Y",),
    thousands=",",
    minus="(x)",
    currency="sign",
    code_first=True,
    space="",
    names={
        "partner_id": "Customer ID",
        "name": "Company",
        "email": "Email Address",
        "currency": "Curr",
        "level": "Tier",
        "status": "Account Status",
        "sale_id": "Invoice #",
        "sold_on": "Invoice Date",
        "amount": "Net Amount",
        "product": "Item",
        "refund_of": "Original Invoice",
        "plan": "License Type",
        "subscription_id": "License",
        "expires_on": "Expiry Date",
        "started_on": "Start Date",
    },
    words={"status": {"active": "Active", "closed": "Closed"}},
)
JAPANESE = Shape(
    encoding="utf-16",
    delimiter="\t",
    dates=("%Y/%m/%d",),
    thousands=",",
    currency="constant",
    names={
        "partner_id": "得意先コード",
        "name": "得意先名",
        "email": "メール",
        "level": "ランク",
        "status": "状態",
        "sale_id": "伝票番号",
        "sold_on": "売上日",
        "amount": "金額",
        "product": "商品",
        "refund_of": "元伝票",
        "subscription_id": "契約",
        "plan": "区分",
        "expires_on": "満了日",
        "started_on": "開始日",
        "credit_id": "入金番号",
        "offer": "特典",
        "credited_on": "入金日",
        "currency": "通貨",
        "language": "言語",
    },
    words={"status": {"active": "取引中", "closed": "終了"}, "plan": {"paid": "有償", "free": "無償"}},
)
WORKBOOK = Shape(
    suffix=".xlsx",
    titles=[["Partner sales"], [], ["Exported by", "", "", "Finance"]],
    totals="stop",
    totals_word="Total",
    has_blanks=True,
    dates=("serial", "%d.%m.%Y"),
    decimal=",",
    thousands=".",
    minus="x-",
    names={"partner_id": "Partner", "sold_on": "Date", "amount": "Net", "status": "Status of account"},
    words={"status": {"active": "A", "closed": "X"}},
    is_shuffled=True,
    typed=0.6,
)
SYSTEMS: Mapping[str, System] = {
    "german": System(
        GERMAN,
        ("Müller & Söhne", "Bäckerei Weiß", "Käthe Öst", "Groß; Klein"),
        ("PRO 8SC", "Größe L"),
        ("EUR",),
    ),
    "french": System(
        FRENCH,
        ("Élodie Lefèvre", "Maison Garçon", "Atelier Cœur", "L'Hôte"),
        ("PRO 8SC", "Édition 2"),
        ("EUR", "JPY"),
    ),
    "american": System(
        AMERICAN, ("Acme, Inc.", 'Joe "J" Doe', "Main St. LLC", "O'Neil"), ("PRO 8SC", "4SC"), ("USD",)
    ),
    "japanese": System(
        JAPANESE, ("山田商店", "スズキ株式会社", "さくら工房", "田中　一郎"), ("PRO 8SC", "標準版"), ("JPY",)
    ),
    "workbook": System(
        WORKBOOK, ("Østergaard", "Łódź Trade", "Čapek", "Ünal"), ("PRO 8SC", "4SC"), ("EUR", "KWD")
    ),
}
PLACES = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


def ledger_of(name: str) -> LedgerRows:
    """The ledger that a system exports: partners, sales with refunds, subscriptions, credits, rates and levels."""
    system, random = SYSTEMS[name], Random(name)
    language = {"german": "de", "french": "fr", "japanese": "ja"}.get(name, "en")
    partners = [
        {
            "partner_id": f"K-{1000 + n}",
            "name": company,
            "email": f"k{n}@partner.example",
            "currency": random.choice(system.currencies),
            "level": random.choice(["bronze", "silver"]),
            "language": "en" if n == 2 else language,
            "status": "closed" if n == 3 else "active",
        }
        for n, company in enumerate(system.partners)
    ]
    rows: dict[str, Rows] = {table.name: [] for table in TABLES} | {"partners": partners}
    for n in range(24):
        owner, currency = random.choice(partners)["partner_id"], random.choice(system.currencies)
        sale = {
            "sale_id": f"R{n:03}",
            "partner_id": owner,
            "sold_on": _day(random, 2023),
            "amount": _amount(random, currency),
            "currency": currency,
            "product": random.choice(system.products),
        }
        rows["sales"].append(sale)
        if n % 6 == 0:
            back = {"sale_id": f"G{n:03}", "sold_on": "2023-12-31", "refund_of": sale["sale_id"]}
            rows["sales"].append({**sale, **back, "amount": f"-{sale['amount']}"})
    for n, partner in enumerate(partners):
        owner, product = partner["partner_id"], random.choice(system.products)
        plan, started = random.choice(["paid", "free"]), "" if n % 2 else _day(random, 2022)
        lasts = {"product": product, "plan": plan, "expires_on": _day(random, 2024), "started_on": started}
        rows["subscriptions"].append({"subscription_id": f"L{n}", "partner_id": owner, **lasts})
        currency = system.currencies[0]
        paid = {"amount": _amount(random, currency), "currency": currency, "credited_on": _day(random, 2023)}
        rows["credits"].append({"credit_id": f"C{n}", "partner_id": owner, "offer": "cashback", **paid})
        rows["levels"].append({"partner_id": owner, "level": "bronze", "from": _day(random, 2022)})
    if "EUR" not in system.currencies:
        rows["rates"].append(
            {"on": "2023-01-01", "from": system.currencies[0], "to": "EUR", "rate": "0.0070"}
        )
    return {
        table.name: [{name: row.get(name, "") for name in table.names} for row in rows[table.name]]
        for table in TABLES
    }


def _day(random: Random, year: int) -> str:
    return date.fromordinal(date(year, 1, 1).toordinal() + random.randrange(365)).isoformat()


def _amount(random: Random, currency: str) -> str:
    places = PLACES[currency]
    whole = random.choice([random.randrange(1, 100), random.randrange(1000, 2_000_000)])
    return f"{whole}.{random.randrange(10**places):0{places}}" if places else str(whole)


def write_system(name: str, folder: Path) -> None:
    """Write the exports of a system and the settings that connect them."""
    data = write_ledger(folder, ledger_of(name), SYSTEMS[name].shape, Random(name))
    lines = [
        "# Made by tests/exports/generate.py; all names are invented.",
        "[site]",
        f'title = "{name.title()}"',
    ]
    lines += ['base_url = "https://partners.example"', "", "[mail]", 'from = "offers@vendor.example"']
    for table, settings in data.items():
        lines += ["", f"[data.{table}]", *(f"{key} = {_toml(value)}" for key, value in settings.items())]
    (folder / "offerpress.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _toml(value: Any) -> str:  # noqa: ANN401 - whatever settings hold
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return (
        str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )


if __name__ == "__main__":
    for each in SYSTEMS:
        shutil.rmtree(HERE / each, ignore_errors=True)
        write_system(each, HERE / each)
