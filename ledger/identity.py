"""Rows that stand for the same thing: repeated ids, and partner ids that people would take for one."""

from collections.abc import Sequence
from unicodedata import normalize

from ledger.database import Database, Row, Value, whole
from ledger.findings import Findings, Place, quote
from ledger.tables import Table, quoted

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
    key = ", ".join(map(quoted, table.key))
    filled = " AND ".join(f"CAST({quoted(name)} AS VARCHAR) <> ''" for name in table.key)
    database.run(
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT *, row_number() OVER "
        f"(PARTITION BY {key} ORDER BY file_number, row_number) AS nth FROM {table.name} "
        f"WHERE ({key}) IN (SELECT ({key}) FROM {table.name} WHERE {filled} GROUP BY {key} HAVING count(*) > 1)"
    )
    if not database.number("SELECT count(*) FROM repeated"):
        return
    others = [name for name in table.names if name not in table.key]
    differs = ", ".join(
        f"CASE WHEN later.{quoted(name)} IS DISTINCT FROM first.{quoted(name)} THEN '{name}' END"
        for name in others
    )
    keys = ", ".join(f"later.{quoted(name)}" for name in table.key)
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


def _where(findings: Findings, place: Place, file: Value, row: Value) -> str:
    """A row as seen from `place`: its file is named where it is another one."""
    return f"row {row}" if file == place.file else f"row {row} of {findings.files[whole(file)].label}"


def _key_text(table: Table, key: Sequence[Value]) -> str:
    if table.name == "rates":
        return f"the rate from {key[1]} to {key[2]} on that day"
    return f"{table.key[0]} {quote(key[0])}"


def check_collisions(database: Database, findings: Findings) -> None:
    """Partner ids that differ, but are equal after NFKC and case folding."""
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
    """`text` without the differences that people overlook: NFKC, case folding, and NFKC of what that gives."""
    return normalize("NFKC", normalize("NFKC", text).casefold())
