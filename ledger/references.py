"""Finds rows that name others wrongly or stand for the same thing.

The checks cover repeated ids, partner ids that people would take for one, partners that do not exist, mergers that do
not end in an active partner, and refunds that do not fit their sale.
"""

from collections.abc import Callable, Sequence
from unicodedata import normalize

from ledger.database import Database, Row
from ledger.findings import Findings, Place, quote
from ledger.tables import BY_NAME, TABLES, SqlValue, Table, identifier, whole
from ledger.values import Explanation, report
from rewards import day_text, format_amount

_COLLIDING = """
SELECT later.file_number, later.row_number, later.partner_id,
    first.partner_id, first.file_number, first.row_number
FROM (
    SELECT *, first_value(struct_pack(f := file_number, r := row_number))
        OVER (PARTITION BY folded ORDER BY file_number, row_number) AS origin
    FROM folded
    WHERE folded IN (SELECT folded FROM folded WHERE folded <> '' GROUP BY folded HAVING count(*) > 1)
) AS later
JOIN folded AS first ON first.file_number = later.origin.f AND first.row_number = later.origin.r
WHERE later.partner_id <> first.partner_id ORDER BY 1, 2
"""


def settle_repeats(database: Database, findings: Findings, table: Table) -> None:
    """Keep the first row of each key of the parsed `table`.

    An equal repetition is a remark, another value a fault; `levels` allows one row per partner and day.
    """
    if not database.number(f"SELECT count(*) FROM {table.name}"):
        return
    key = ", ".join(map(identifier, table.key))
    filled = " AND ".join(f"CAST({identifier(name)} AS VARCHAR) <> ''" for name in table.key)
    database.run(
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT *, row_number() OVER "
        f"(PARTITION BY {key} ORDER BY file_number, row_number) AS nth FROM {table.name} "
        f"WHERE ({key}) IN (SELECT ({key}) FROM {table.name} WHERE {filled} GROUP BY {key} HAVING count(*) > 1)"
    )
    if not database.number("SELECT count(*) FROM repeated"):
        return
    others = [name for name in table.names if name not in table.key]
    differs = ", ".join(
        f"CASE WHEN later.{identifier(name)} IS DISTINCT FROM first.{identifier(name)} THEN '{name}' END"
        for name in others
    )
    keys = ", ".join(f"later.{identifier(name)}" for name in table.key)
    query = f"""
        SELECT later.file_number, later.row_number, first.file_number, first.row_number,
            concat_ws(', ', {differs}), {keys}
        FROM repeated AS later JOIN repeated AS first USING ({key})
        WHERE later.nth > 1 AND first.nth = 1 ORDER BY 1, 2
    """
    for batch in database.batches(query):
        for row in batch:
            _add_repeat(findings, table, row)
    database.run(
        f"DELETE FROM {table.name} WHERE (file_number, row_number) IN "
        "(SELECT (file_number, row_number) FROM repeated WHERE nth > 1)"
    )


def _add_repeat(findings: Findings, table: Table, row: Row) -> None:
    file, number, first_file, first_row, changed, *key = row
    place = Place(whole(file), whole(number), table.key[0])
    where = _where(findings, place, first_file, first_row)
    name = _key_text(table, key)
    if table.name == "levels":
        findings.add(
            "two levels",
            place,
            f"{name} has a level from that day in {where} already",
            "keep one of the rows",
        )
    elif changed:
        what = f"{name} has other values than in {where} ({changed})"
        findings.add(
            "repeated with other values", place, what, "keep the right row, or give the other its own id"
        )
    else:
        what = f"{name} stands in {where} with the same values and counts once"
        findings.add("repeated", place, what, "remove one of the rows", "remark")


def _where(findings: Findings, place: Place, file: SqlValue, row: SqlValue) -> str:
    """Return a row as seen from `place`, with its file's name if that is another file."""
    return f"row {row}" if file == place.file else f"row {row} of {findings.files[whole(file)].label}"


def _key_text(table: Table, key: Sequence[SqlValue]) -> str:
    if table.name == "rates":
        return f"the rate from {key[1]} to {key[2]} on that day"
    return f"{table.key[0]} {quote(key[0])}"


def check_collisions(database: Database, findings: Findings) -> None:
    """Find partner ids that differ, but are equal after NFKC and case folding."""
    database.run("CREATE TEMP TABLE folds (partner_id VARCHAR, folded VARCHAR)")
    wide = "SELECT partner_id FROM partners WHERE strlen(partner_id) <> length(partner_id)"
    database.append("folds", [(text, folded(str(text))) for (text,) in database.rows(wide)])
    database.run(
        "CREATE TEMP TABLE folded AS SELECT file_number, row_number, partner_id, "
        "coalesce(folds.folded, lower(partner_id)) AS folded FROM partners LEFT JOIN folds USING (partner_id)"
    )
    for file, row, partner_id, other, other_file, other_row in database.rows(_COLLIDING):
        place = Place(whole(file), whole(row), "partner_id")
        where = _where(findings, place, other_file, other_row)
        what = f"{quote(partner_id)} is taken for {quote(other)} of {where}: they differ in case or Unicode form only"
        findings.add("colliding ids", place, what, "give the partners ids that differ otherwise")


def folded(text: str) -> str:
    """Return `text` without the differences that people overlook, by NFKC, case folding and NFKC again."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


# Partners that rows name, and mergers.

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
    """Give a credit of `'=1` to partner `=1`: a journal guards such ids against formulas, and its rows come back."""
    database.run(_GUARDED)


def check_partners(database: Database, findings: Findings) -> None:
    """Check that every row names a partner of the `partners` table."""
    for table in TABLES:
        for column in table.of_kind("partner"):
            name = identifier(column.name)
            query = (
                f"SELECT file_number, row_number, {name} FROM {table.name} "
                f"ANTI JOIN partners ON partners.partner_id = {table.name}.{name} WHERE {table.name}.{name} <> ''"
            )
            report(database, findings, "unknown partner", column.name, query, _no_partner)


def _no_partner(row: Row) -> Explanation:
    return f"no partner has the id {quote(row[0])}", "correct it, or add the partner to the partners table"


def resolve_mergers(database: Database, findings: Findings) -> None:
    """Create `owners`: every partner with the one at the end of its `merged_into` chain, which may be itself."""
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


def _closed_survivor(row: Row) -> Explanation:
    return f"merged into {quote(row[0])}, which is closed", "name a partner that is active"


def chain_ends(chains: dict[str, str]) -> dict[str, str | None]:
    """Return the end of each chain, None for one that runs in a circle."""
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
    """Return the circle that comes back to `start`; it is empty if the chain ends or only leads into a circle."""
    walked = {start: None}
    at = chains.get(start, "")
    while at in chains and at not in walked:
        walked[at] = None
        at = chains[at]
    return tuple(walked) if at == start else ()


# Refunds: the sale that `refund_of` must name, remarks, and the values that a refund copies from its sale.

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
    """Check that `refund_of` names a sale of the same partner and currency, and complete the refund from its sale."""
    database.run(_REFUNDS)
    for rule, values, condition, words in _RULES:
        if words is _no_sale and findings.incomplete(BY_NAME["sales"]):
            continue
        query = f"SELECT file_number, row_number, {values} FROM refunds WHERE {condition}"
        report(database, findings, rule, "refund_of", query, words)
    _remark_early(database, findings)
    _remark_large(database, findings)
    _take_over(database)


def _positive(row: Row) -> Explanation:
    return (
        f"refund_of {quote(row[0])} with an amount above 0",
        "a refund's amount is negative; or clear refund_of",
    )


def _no_sale(row: Row) -> Explanation:
    return f"no sale has the id {quote(row[0])}", "name the sale_id of the refunded sale, or clear it"


def _other_partner(row: Row) -> Explanation:
    return (
        f"sale {quote(row[0])} belongs to another partner, {quote(row[1])}",
        "name a sale of the same partner",
    )


def _other_currency(row: Row) -> Explanation:
    return (
        f"sale {quote(row[0])} is in {row[1]}, the refund in {row[2]}",
        "a refund is in its sale's currency",
    )


_RULES: tuple[tuple[str, str, str, Callable[[Row], Explanation]], ...] = (
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
    """Copy the sale's day, and its product if the refund names none, along refunds of refunds too."""
    database.run("ALTER TABLE sales ADD COLUMN refunded_day INTEGER")
    database.run(_TAKE_DAY)
    database.run(_WITHOUT_PRODUCT)
    while database.number("SELECT count(*) FROM without_product"):
        database.run(_TAKE_PRODUCT)
        database.run(_WITHOUT_PRODUCT)
    database.run("DROP TABLE refunds")
