"""What rows say about partners: those they name must exist, and mergers must end in an active one."""

from ledger.database import Database, Row, whole
from ledger.findings import Findings, Place, quote
from ledger.tables import TABLES, quoted
from ledger.values import Words, report

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
