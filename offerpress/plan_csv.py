"""Who would get what, as a table that opens in a spreadsheet: a row for each partner and currency, skipped ones too."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from generator import SiteSettings, guarded, reader_language
from rewards import Account, Partner, Statement, format_amount, totals

COLUMNS = ("partner_id", "name", "language", "to_address", "currency", "to_credit", "skipped")


def plan_csv(
    statements: Iterable[tuple[Account, Statement]],
    without_statement: Iterable[Partner],
    reasons: Mapping[str, str],
    settings: SiteSettings,
) -> str:
    """The table by partner id and currency, lines ending in CR LF (RFC 4180).

    `reasons` has why a partner is skipped; a recipient has none. A partner without cashback has one row without an
    amount. A text that a spreadsheet could take for a formula begins with `'`; amounts stay numbers.
    """
    rows = [row for account, statement in statements for row in _rows(account.partner, totals(statement))]
    rows += [row for partner in without_statement for row in _rows(partner, {})]
    table = StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for partner, currency, to_credit in sorted(rows, key=lambda row: (row[0].partner_id, row[1])):
        language = reader_language(partner.language, settings)
        texts = (partner.partner_id, partner.name, language, partner.email)
        writer.writerow([*map(guarded, texts), currency, to_credit, reasons.get(partner.partner_id, "")])
    return table.getvalue()


def _rows(partner: Partner, sums: Mapping[str, int]) -> Iterator[tuple[Partner, str, str]]:
    if not sums:
        yield partner, "", ""
    for currency, minor in sums.items():
        yield partner, currency, format_amount(minor, currency)
