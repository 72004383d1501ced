"""Collects what is wrong in the tables, each with its place: causes first, each kind by files, rows and columns."""

from collections import Counter
from dataclasses import dataclass, replace

from ledger.tables import Table
from rewards import Fault, Severity

_MOST_LISTED = 10_000
"""The number of listed faults of one rule; a closing fault counts the others."""

_MOST_QUOTED = 60
"""The number of characters of a wrong value that a message quotes."""

_CAUSES: tuple[frozenset[str], ...] = (
    frozenset({"missing file", "empty file", "unreadable", "encoding", "open workbook"}),
    frozenset(
        {"missing column", "missing part", "unmapped column", "two names", "constant"}
        | {"repeated column", "unknown column", "source", "other serials"}
    ),
    frozenset({"format", "ragged row", "no end", "left out", "dropped", "totals"}),
)
"""The rules of files, headers and rows, in the order in which one can be the cause of another; then come cells."""

_CONSEQUENCES = frozenset(
    {"unknown partner", "merged into nobody", "merged into closed", "circular merger", "colliding ids"}
    | {"repeated", "repeated with other values", "two levels", "positive refund", "refund of nothing"}
    | {"refund across partners", "refund across currencies", "early refund", "large refund"}
)
"""The rules of rows that name others; last come control totals."""


def _rank(rule: str) -> int:
    for rank, rules in enumerate(_CAUSES):
        if rule in rules:
            return rank
    cells = len(_CAUSES)
    return cells + 2 if rule == "control total" else cells + 1 if rule in _CONSEQUENCES else cells


_LOSES_ROWS = {"missing file", "empty file", "unreadable", "encoding", "format"}


def quote(value: object) -> str:
    """Return `value` as a message shows it: escaped, and cut if it is long."""
    text = repr(value)
    return text if len(text) <= _MOST_QUOTED else text[: _MOST_QUOTED - 1] + "…"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file (or query) of a table; `label` is its path relative to the site folder.

    `field` is what is named instead of a column where the settings themselves are wrong.
    """

    table: Table
    label: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a mistake: the number of a file, its row (the header is row 1) and column."""

    file: int
    row: int | None = None
    column: str = ""
    line: int | None = None


Remarks = list[tuple[str, int | None, str, int | None, str, str]]
"""Rule, row, column, line, what and remedy of each remark about a file."""


class Findings:
    """The faults and remarks of one reading. A cell with several mistakes is listed with the first that was found."""

    def __init__(self) -> None:
        self.files: list[TableFile] = []
        self._found: list[tuple[int, Place, Fault]] = []
        self._cells: set[Place] = set()
        self._incomplete: set[str] = set()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last: dict[tuple[str, str], tuple[Place, Fault]] = {}

    @property
    def faulty(self) -> bool:
        """Whether there is a fault; remarks do not count."""
        return any(fault.severity == "fault" for *_, fault in self._found)

    @property
    def has_unlisted(self) -> bool:
        """Whether there are more of one rule than are listed."""
        return any(count > _MOST_LISTED for count in self._counts.values())

    def remarks_of(self, number: int) -> Remarks:
        """Return the remarks about that file; `repeat` adds them again."""
        return [
            (fault.rule, place.row, place.column, place.line, fault.what, fault.remedy)
            for _, place, fault in self._found
            if place.file == number and fault.severity == "remark"
        ]

    def repeat(self, number: int, remarks: Remarks) -> None:
        """Add remarks that an earlier reading of that file gave."""
        for rule, row, column, line, what, remedy in remarks:
            self.add(rule, Place(number, row, column, line), what, remedy, "remark")

    def incomplete(self, table: Table) -> bool:
        """Return whether rows of `table`, or their ids, could not be read.

        A row that names one of them may then be right.
        """
        return table.name in self._incomplete

    def register(self, table: Table, label: str, field: str = "") -> int:
        """Return the number under which the rows of a file name it."""
        self.files.append(TableFile(table, label, field))
        return len(self.files) - 1

    def full(self, rule: str, severity: Severity, more: int) -> bool:
        """Return whether `rule` has as many faults as are listed, and then count `more` as not listed."""
        is_full = self._counts[rule, severity] >= _MOST_LISTED
        if is_full:
            self._counts[rule, severity] += more
        return is_full

    def add(self, rule: str, place: Place, what: str, remedy: str, severity: Severity = "fault") -> None:
        """Add a mistake; `rule` names what is broken and groups faults for counting."""
        if self.full(rule, severity, 1) or (severity == "fault" and self._repeats(place)):
            return
        file = self.files[place.file]
        if rule in _LOSES_ROWS or (rule == "missing column" and place.column in file.table.key):
            self._incomplete.add(file.table.name)
        named = place.column or file.field
        fault = Fault(what, remedy, file.label, place.line, place.row, named, severity, rule)
        self._counts[rule, severity] += 1
        self._found.append((_rank(rule), place, fault))
        self._last[rule, severity] = (place, fault)

    def sorted(self) -> list[Fault]:
        """Return everything, causes first, by tables, files, rows and columns; then the counts of the unlisted."""
        ordered = sorted(self._found, key=lambda found: (found[0], self._order(found[1])))
        return [fault for *_, fault in ordered] + self._counted()

    def _repeats(self, place: Place) -> bool:
        if place.row is None or place in self._cells:
            return place.row is not None
        self._cells.add(place)
        return False

    def _order(self, place: Place) -> tuple[int, int, int]:
        names = self.files[place.file].table.names
        column = names.index(place.column) if place.column in names else len(names)
        return place.file, place.row or place.line or 0, column

    def _counted(self) -> list[Fault]:
        closing = []
        for key, count in sorted(self._counts.items()):
            if count > _MOST_LISTED:
                place, last = self._last[key]
                what = f"{count - _MOST_LISTED:,} more of the same are not listed, such as: {last.what}"
                closing.append(replace(last, what=what, line=None, row=None, field=place.column))
        return closing
