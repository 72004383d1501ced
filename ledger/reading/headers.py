"""The header of a source: in which row it stands, and where our columns stand among its names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from unicodedata import combining, normalize

from ledger.findings import Findings, Place, quote
from ledger.reading.csv_text import CONTROL, HeaderJudge
from ledger.reading.forms import toml_text
from ledger.settings import TableSource
from ledger.tables import Column, Table
from rewards import suggestion

_DECISIVE = frozenset({"status", "merged_into", "refund_of", "product", "started_on"})
"""Optional columns that decide who is active, what is counted or how much. The others that do so are required."""

_CALLED: Mapping[str, str] = {
    "partner_id": "partner id, partner number, customer id, customer number, account, kunde, kundennummer, kundennr, "
    "kunden-nr, partnernummer, debitor, client, n° client, cliente, id cliente, nº cliente, 顧客番号, 得意先コード, "
    "رقم العميل, رقم الشريك, العميل",
    "name": "company, firma, firmenname, kundenname, société, raison sociale, nom, nombre, empresa, "
    "razón social, 会社名, 得意先名, الشركة, اسم الشركة, الاسم",
    "email": "e-mail, mail, email address, e-mail-adresse, mailadresse, courriel, adresse e-mail, correo, "
    "correo electrónico, メール, البريد الإلكتروني, البريد",
    "currency": "währung, waehrung, currency code, curr, devise, monnaie, moneda, divisa, 通貨, العملة",
    "level": "stufe, partnerstufe, tier, rank, niveau, nivel, ランク, المستوى",
    "language": "sprache, lang, langue, idioma, 言語, اللغة",
    "country": "land, pays, país, country code, 国, البلد, الدولة",
    "status": "zustand, account status, kundenstatus, statut, état, estado, active, aktiv, 状態, الحالة",
    "merged_into": "merged, merged with, zusammengeführt mit, fusionné avec, fusionado con",
    "sale_id": "sale, sale number, invoice, invoice number, invoice no, beleg, belegnummer, belegnr, rechnung, "
    "rechnungsnummer, facture, numéro de facture, n° facture, factura, número de factura, n° factura, "
    "nº factura, 伝票番号, رقم الفاتورة, الفاتورة",
    "sold_on": "date, sale date, invoice date, datum, belegdatum, rechnungsdatum, verkaufsdatum, date de vente, "
    "date facture, fecha, fecha de venta, fecha factura, 日付, 売上日, التاريخ, تاريخ البيع, تاريخ الفاتورة",
    "amount": "net amount, amount net, net, total, value, betrag, nettobetrag, netto, umsatz, summe, montant, "
    "montant ht, importe, importe neto, monto, 金額, المبلغ, القيمة, "
    "صافي المبلغ",
    "product": "item, article, artikel, produkt, produit, producto, artículo, 商品, المنتج, الصنف",
    "refund_of": "refund, original sale, original invoice, storno von, gutschrift zu, ursprungsbeleg, avoir de, "
    "abono de, 元伝票, مرتجع من",
    "subscription_id": "subscription, licence, license, lizenz, abonnement, vertrag, suscripción, "
    "licencia, contrato, 契約, الاشتراك, الترخيص",
    "plan": "type, licence type, art, lizenzart, formule, tipo, 区分, النوع, الخطة",
    "expires_on": "expiry, expires, expiry date, end, end date, valid until, ablauf, ablaufdatum, gültig bis, ende, "
    "échéance, date de fin, fin, vencimiento, fecha de vencimiento, fecha de fin, 満了日, تاريخ الانتهاء",
    "started_on": "start, start date, begin, beginn, startdatum, gültig ab, début, date de début, inicio, "
    "fecha de inicio, 開始日, تاريخ البدء",
    "credit_id": "credit, credit number, gutschrift, gutschriftnummer, avoir, abono, 入金番号, "
    "الإشعار الدائن",
    "credited_on": "date, credit date, booked on, datum, gebucht am, buchungsdatum, gutschriftdatum, crédité le, "
    "date de crédit, fecha, abonado el, 入金日, تاريخ الإضافة",
    "offer": "campaign, promotion, aktion, angebot, offre, oferta, 特典, العرض",
    "rate": "kurs, exchange rate, wechselkurs, taux, cours, tipo de cambio, tasa, سعر الصرف",
    "on": "date, day, datum, tag, jour, fecha, التاريخ",
    "from": "from currency, source, von, de, valid from, gültig ab, depuis, desde, من",
    "to": "to currency, target, nach, vers, hacia, إلى",
}
"""The names that programs in several languages give to what our columns hold."""

_CLOSE = 0.8
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a source's columns, and where each known column that it has stands.

    `joined` gives the places of those columns of which one of ours is made.
    """

    names: tuple[str, ...]
    places: dict[str, int]
    constant: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def column(self, position: int) -> str:
        """What the column at `position` is called in a fault: our name where it is known."""
        ours = next((name for name, place in self.places.items() if place == position), "")
        return ours or CONTROL.sub("", self.names[position] if position < len(self.names) else "")


def as_names(cells: Iterable[str]) -> list[str]:
    """Return the names in the cells of a header; a line break in a name counts as a space."""
    return [" ".join(cell.split()) for cell in cells]


def completeness(table: Table, source: TableSource, names: Sequence[str]) -> tuple[bool, int]:
    """Return whether all required columns are among `names`, and how many of our columns are."""
    there = set(names)
    wanted = [name for name in table.names if name not in source.constant and name not in source.join]
    found = {name for name in wanted if not there.isdisjoint(source.names_of(name))}
    found |= {name for name, parts in source.join.items() if there.issuperset(parts)}
    return found.issuperset(name for name in table.required if name not in source.constant), len(found)


def judge_of(table: Table, source: TableSource) -> HeaderJudge:
    """Return what finds the header among the first rows of `source`: the first that holds the required columns.

    If there is none, it is the row in which most of our columns, or names like theirs, stand, or the first of the wide
    ones, so that a fault can say what is missing there.
    """

    def judge(rows: Sequence[Sequence[str]]) -> tuple[int, tuple[bool, int]]:
        found = [completeness(table, source, as_names(cells)) for cells in rows]
        whole = next((place for place, (is_complete, _) in enumerate(found) if is_complete), None)
        if whole is not None or not found:
            return whole or 0, found[whole or 0] if found else (False, 0)
        alike = [known + _alike(table, cells) for (_, known), cells in zip(found, rows, strict=True)]
        place = max(range(len(rows)), key=alike.__getitem__)
        if alike[place] < _SURE:
            widths = [sum(bool(cell.strip()) for cell in cells) for cells in rows]
            place = next(at for at, width in enumerate(widths) if width * _SURE >= max(widths))
        return place, (False, alike[place])

    return judge


_SURE = 2


def _alike(table: Table, cells: Sequence[str]) -> int:
    """Return for how many of our columns a cell is one of the names that programs give them."""
    plain = {plain_name(cell) for cell in cells if len(cell) < _LONGEST_NAME}
    return sum(not plain.isdisjoint(called(name)) for name in table.names)


def check_header(
    findings: Findings,
    table: Table,
    names: Sequence[str],
    number: int,
    source: TableSource | None = None,
    row: int = 1,
) -> Header:
    """Where each known column of `table` stands; missing, repeated and unknown ones are added to `findings`."""
    source = source or TableSource(path="")
    joined = _joined(findings, table, names, Place(number, row), source)
    used = {name for parts in source.join.values() for name in parts}
    known = {name for column in table.names for name in source.names_of(column) if column not in source.join}
    unknown = [name for name in names if name not in known | used]
    near = _near(table, names, unknown, source)
    places: dict[str, int] = {}
    for column in table.columns:
        if column.name not in source.join:
            at = _place_of(findings, table, column, names, near, Place(number, row, column.name), source)
            if at is not None:
                places[column.name] = at
    for position, name in enumerate(names):
        place = Place(number, row, CONTROL.sub("", name))
        if name in names[:position] and name not in unknown:
            what = f"the column {quote(name)} stands twice in the header"
            findings.add("repeated column", place, what, "remove one")
        elif name in unknown and name not in near.values():
            what = f"the column {quote(name)} is unknown and ignored"
            what = what if name else f"column {position + 1} has no name"
            findings.add("unknown column", place, what, _meant(table, name, places), "remark")
    constant = {name: text for name, text in source.constant.items() if name not in places}
    return Header(tuple(names), places, constant, joined)


def _meant(table: Table, name: str, places: Mapping[str, int]) -> str:
    """The remedy for an unknown column: the optional column of ours that it probably is, if the source lacks that."""
    ours = next((one for one in table.names if one not in places and plain_name(name) in called(one)), "")
    if not ours:
        return suggestion(name, table.names)
    return f"did you mean columns = {{{ours} = {toml_text(name)}}} in [data.{table.name}]?"


def _place_of(
    findings: Findings,
    table: Table,
    column: Column,
    names: Sequence[str],
    likely: Mapping[str, str],
    place: Place,
    source: TableSource,
) -> int | None:
    """Return where a column stands; None if the source lacks it, which is a fault where it may not."""
    wanted = source.names_of(column.name)
    there = [name for name in dict.fromkeys(names) if name in wanted]
    if len(there) > 1:
        what = f"the header has {' and '.join(map(quote, there))}, and columns names both for {column.name}"
        findings.add(
            "two names", place, what, f"leave the one that is meant in columns in [data.{table.name}]"
        )
    if there:
        if column.name in source.constant:
            what = f"the column {quote(there[0])} is in the file, and has a constant in [data] too"
            findings.add("constant", place, what, f"remove it from constant in [data.{table.name}]")
        return names.index(there[0])
    near = likely.get(column.name, "")
    if column.name in source.constant:
        if near and source.constant[column.name]:
            what = f"the column {quote(near)} is not read, because {column.name} has a constant"
            setting = f"columns = {{{column.name} = {toml_text(near)}}} in [data.{table.name}]"
            remedy = f"if it says the {column.name} of its rows, declare {setting} instead"
            findings.add("constant", place, what, remedy, "remark")
        return None
    if column.required or column.name in source.columns:
        what = f"the column {' or '.join(map(quote, wanted))}"
        what += f" for {column.name}" if column.name in source.columns else ""
        findings.add(
            "missing column", place, f"{what} is missing", _added(table, column, names, likely, source)
        )
    elif near and column.name in _DECISIVE:
        what = f"the column {quote(near)} is not read, although {column.name} decides what partners get"
        remedy = (
            f"did you mean columns = {{{column.name} = {toml_text(near)}}} in [data.{table.name}]? "
            f'If it is something else, declare constant = {{{column.name} = ""}}'
        )
        findings.add("unmapped column", place, what, remedy)
    return None


def _added(
    table: Table, column: Column, names: Sequence[str], likely: Mapping[str, str], source: TableSource
) -> str:
    """The remedy for a missing column: the setting that names it, with the name that is probably meant.

    The first of the columns that `likely` names shows the setting for all of them.
    """
    where = f"in [data.{table.name}]"
    needed = {name: likely[name] for name in table.names if name in likely and name not in source.constant}
    if near := needed.get(column.name):
        is_first = column.name == next(iter(needed))
        theirs = {**{name: given[0] for name, given in source.columns.items()}, **needed}
        shown = theirs if is_first and len(needed) > 1 else {column.name: near}
        line = ", ".join(f"{name} = {toml_text(shown[name])}" for name in table.names if name in shown)
        return f"add it; did you mean {near!r}? Then declare columns = {{{line}}} {where}"
    listed = f"the header has: {', '.join(names)}"
    constant = f', or constant = {{{column.name} = "EUR"}}' if column.kind == "currency" else ""
    row = f", and check header_row = {source.header_row}" if source.header_row else ""
    return f'add it, or declare columns = {{{column.name} = "…"}}{constant} {where}{row}; {listed}'


def _near(table: Table, names: Sequence[str], unknown: Sequence[str], source: TableSource) -> dict[str, str]:
    """Return, for columns that are needed and not there, the unknown name that is probably meant, each name once."""
    missing = [
        column.name
        for column in table.columns
        if set(names).isdisjoint(source.names_of(column.name))
        and column.name not in source.join
        and (column.required or column.name in _DECISIVE or column.name in source.columns)
    ]
    found: dict[str, str] = {}
    for test in (lambda column, name: plain_name(name) in called(column), is_like):
        for column in missing:
            free = [name for name in unknown if name not in found.values() and test(column, name)]
            if free and column not in found:
                found[column] = free[0]
    return found


def _joined(
    findings: Findings, table: Table, names: Sequence[str], place: Place, source: TableSource
) -> dict[str, tuple[int, ...]]:
    """Return the places of the columns that are joined; a missing one is a fault."""
    joined: dict[str, tuple[int, ...]] = {}
    for column, parts in source.join.items():
        missing = [name for name in parts if name not in names]
        for name in missing:
            what = f"the column {quote(name)}, of which {column} is joined, is missing"
            remedy = f"correct join in [data.{table.name}]; the header has: {', '.join(names)}"
            findings.add("missing part", Place(place.file, place.row, column), what, remedy)
        if not missing:
            joined[column] = tuple(names.index(name) for name in parts)
    return joined


def is_like(column: str, name: str) -> bool:
    """Return whether a source's name probably means one of our columns."""
    plain = plain_name(name)
    if not plain:
        return False
    return plain in called(column) or SequenceMatcher(None, plain, plain_name(column)).ratio() >= _CLOSE


@cache
def called(column: str) -> frozenset[str]:
    """Return the plain names that programs give to one of our columns."""
    return frozenset(plain_name(word) for word in [column, *_CALLED.get(column, column).split(",")])


def plain_name(name: str) -> str:
    """Return a name without case, accents, spaces and marks."""
    text = "".join(one for one in normalize("NFKD", name.casefold()) if not combining(one))
    return re.sub(r"[\W_]+", "", text)
