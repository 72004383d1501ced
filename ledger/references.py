"""What rows say about partners: those they name must exist, and mergers must end in an active one."""

from collections.abc import Callable

from ledger.database import Database, Row, whole
from ledger.findings import Findings, Place, quote
from ledger.tables import BY_NAME, TABLES, quoted
from ledger.values import Words, report
from rewards import day_text, format_amount

_INTO_NOBODY = """
SELECT file_number, row_number, merged_into FROM partners
ANTI JOIN partners AS survivor ON survivor.partner_id = partners.merged_into WHERE merged_into <> ''
"""
_INTO_CLOSED = """
SELECT merged.file_number, merged.row_number, merged.merged_into
FROM partners AS merged JOIN partners AS survivor ON survivor.partner_id = merged.merged_into
WHERE survivor.status = 'closed' AND survivor.merged_into = ''
"""
_UNMERGED = """
CREATE TABLE owners AS SELECT partner_id, partner_id AS owner FROM partners WHERE merged_into = ''
"""
_MERGED = """
SELECT file_number, row_number, partner_id, merged_into FROM partners WHERE merged_into <> '' ORDER BY 1, 2
"""


_GUARDED = """
UPDATE credits SET partner_id = substr(partner_id, 2)
WHERE starts_with(partner_id, '''') AND partner_id NOT IN (SELECT partner_id FROM partners)
  AND substr(partner_id, 2) IN (SELECT partner_id FROM partners)
"""


def take_off_guards(database: Database) -> None:
    """A credit of `'=1` belongs to partner `=1`: a journal guards such ids against formulas, and its rows come back."""
    database.run(_GUARDED)


def check_partners(database: Database, findings: Findings) -> None:
    """Every row must name a partner of the `partners` table."""
    for table in TABLES:
        for column in table.of_kind("partner"):
            name = quoted(column.name)
            query = (
                f"SELECT file_number, row_number, {name} FROM {table.name} "
                f"ANTI JOIN partners ON partners.partner_id = {table.name}.{name} WHERE {table.name}.{name} <> ''"
            )
            report(database, findings, "unknown partner", column.name, query, _no_partner)


def _no_partner(row: Row) -> Words:
    return f"no partner has the id {quote(row[0])}", "correct it, or add the partner to the partners table"


def resolve_mergers(database: Database, findings: Findings) -> None:
    """`owners`: every partner with the one at the end of its `merged_into` chain, which may be itself."""
    report(database, findings, "merged into nobody", "merged_into", _INTO_NOBODY, _no_partner)
    report(database, findings, "merged into closed", "merged_into", _INTO_CLOSED, _closed_survivor)
    database.run(_UNMERGED)
    rows = database.rows(_MERGED)
    chains = {str(partner_id): str(into) for _, _, partner_id, into in rows}
    ends = chain_ends(chains)
    database.append("owners", [(partner_id, end) for partner_id, end in ends.items() if end is not None])
    named: set[str] = set()
    for file, row, partner_id, into in rows:
        circle = circle_from(str(partner_id), chains) if ends[str(partner_id)] is None else ()
        if circle and named.isdisjoint(circle):
            what = f"merged into {quote(into)}, which leads back to {quote(partner_id)}"
            findings.add(
                "circular merger",
                Place(whole(file), whole(row), "merged_into"),
                what,
                "let one of them survive",
            )
        named.update(circle)


def _closed_survivor(row: Row) -> Words:
    return f"merged into {quote(row[0])}, which is closed", "name a partner that is active"


def chain_ends(chains: dict[str, str]) -> dict[str, str | None]:
    """Where each chain ends, None where it runs in a circle."""
    ends: dict[str, str | None] = {}
    for start in chains:
        walked: dict[str, None] = {}
        at = start
        while at in chains and at not in ends and at not in walked:
            walked[at] = None
            at = chains[at]
        end = None if at in walked else ends.get(at, at)
        ends.update(dict.fromkeys(walked, end))
    return ends


def circle_from(start: str, chains: dict[str, str]) -> tuple[str, ...]:
    """The circle that comes back to `start`; empty where the chain only leads into one, or ends."""
    walked = {start: None}
    at = chains.get(start, "")
    while at in chains and at not in walked:
        walked[at] = None
        at = chains[at]
    return tuple(walked) if at == start else ()


# Refunds: what `refund_of` must name, what is worth a remark, and what a refund takes over from its sale.

_REFUNDS = """
CREATE TEMP TABLE refunds AS
SELECT refund.*, owner.owner, sale.sale_id AS of_id, sale.amount AS of_amount, sale.currency AS of_currency,
    sale.sold_on AS of_day, sale.partner_id AS of_partner, sale_owner.owner AS of_owner,
    sale.file_number AS of_file, sale.row_number AS of_row
FROM sales AS refund
LEFT JOIN sales AS sale ON sale.sale_id = refund.refund_of
LEFT JOIN owners AS owner ON owner.partner_id = refund.partner_id
LEFT JOIN owners AS sale_owner ON sale_owner.partner_id = sale.partner_id
WHERE refund.refund_of <> ''
"""
_EARLY = """
SELECT file_number, row_number, sold_on, refund_of, of_day FROM refunds WHERE sold_on < of_day ORDER BY 1, 2
"""
_LARGE = """
SELECT of_file, of_row, of_id, any_value(currency), CAST(-sum(amount) AS VARCHAR), any_value(of_amount)
FROM refunds WHERE amount < 0 AND currency = of_currency
GROUP BY of_file, of_row, of_id HAVING -sum(amount) > any_value(of_amount) ORDER BY 1, 2
"""
_TAKE_DAY = """
UPDATE sales SET refunded_day = of_day FROM refunds WHERE refunds.sale_id = sales.sale_id AND of_day IS NOT NULL
"""
_WITHOUT_PRODUCT = """
CREATE OR REPLACE TEMP TABLE without_product AS SELECT refund.sale_id, sale.product
FROM refunds JOIN sales AS refund ON refund.sale_id = refunds.sale_id
JOIN sales AS sale ON sale.sale_id = refunds.refund_of WHERE refund.product = '' AND sale.product <> ''
"""
_TAKE_PRODUCT = """
UPDATE sales SET product = found.product FROM without_product AS found WHERE found.sale_id = sales.sale_id
"""


def check_refunds(database: Database, findings: Findings) -> None:
    """`refund_of` names a sale of the same partner and currency; the refund takes over what it lacks from it."""
    database.run(_REFUNDS)
    for rule, values, condition, words in _RULES:
        if words is _no_sale and findings.incomplete(BY_NAME["sales"]):
            continue
        query = f"SELECT file_number, row_number, {values} FROM refunds WHERE {condition}"
        report(database, findings, rule, "refund_of", query, words)
    _remark_early(database, findings)
    _remark_large(database, findings)
    _take_over(database)


def _positive(row: Row) -> Words:
    return (
        f"refund_of {quote(row[0])} with an amount above 0",
        "a refund's amount is negative; or clear refund_of",
    )


def _no_sale(row: Row) -> Words:
    return f"no sale has the id {quote(row[0])}", "name the sale_id of the refunded sale, or clear it"


def _other_partner(row: Row) -> Words:
    return (
        f"sale {quote(row[0])} belongs to another partner, {quote(row[1])}",
        "name a sale of the same partner",
    )


def _other_currency(row: Row) -> Words:
    return (
        f"sale {quote(row[0])} is in {row[1]}, the refund in {row[2]}",
        "a refund is in its sale's currency",
    )


_RULES: tuple[tuple[str, str, str, Callable[[Row], Words]], ...] = (
    ("positive refund", "refund_of", "amount > 0", _positive),
    ("refund of nothing", "refund_of", "of_id IS NULL", _no_sale),
    ("refund across partners", "refund_of, of_partner", "owner <> of_owner", _other_partner),
    (
        "refund across currencies",
        "refund_of, of_currency, currency",
        "currency <> of_currency",
        _other_currency,
    ),
)


def _remark_early(database: Database, findings: Findings) -> None:
    for file, row, day, sale_id, of_day in database.rows(_EARLY):
        days = day_text(whole(day)), day_text(whole(of_day))
        what = f"refunded on {days[0]}, before its sale {quote(sale_id)} of {days[1]}"
        place = Place(whole(file), whole(row), "sold_on")
        findings.add("early refund", place, what, "check both dates", "remark")


def _remark_large(database: Database, findings: Findings) -> None:
    for file, row, sale_id, currency, refunded, amount in database.rows(_LARGE):
        code = str(currency)
        sums = format_amount(int(str(refunded)), code), format_amount(whole(amount), code)
        what = f"the refunds of {quote(sale_id)} together, {sums[0]} {code}, are larger than it, {sums[1]} {code}"
        place = Place(whole(file), whole(row), "amount")
        findings.add("large refund", place, what, "check the refunds' amounts", "remark")


def _take_over(database: Database) -> None:
    """The refunded sale's day, and its product where the refund names none, along refunds of refunds too."""
    database.run("ALTER TABLE sales ADD COLUMN refunded_day INTEGER")
    database.run(_TAKE_DAY)
    database.run(_WITHOUT_PRODUCT)
    while database.number("SELECT count(*) FROM without_product"):
        database.run(_TAKE_PRODUCT)
        database.run(_WITHOUT_PRODUCT)
    database.run("DROP TABLE refunds")
