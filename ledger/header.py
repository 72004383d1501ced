"""The names above the columns of a source, and where the columns of a table stand among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.findings import Findings, Place, quote
from ledger.inspection import CONTROL
from ledger.tables import Table
from rewards import suggestion


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a source's columns, and where each known column that it has stands."""

    names: tuple[str, ...]
    places: dict[str, int]

    def column(self, position: int) -> str:
        """What the column at `position` is called in a fault: our name where it is known."""
        ours = next((name for name, place in self.places.items() if place == position), "")
        return ours or CONTROL.sub("", self.names[position] if position < len(self.names) else "")


def check_header(
    findings: Findings, table: Table, names: Sequence[str], number: int, renamed: Mapping[str, str]
) -> Header:
    """Where each known column of `table` stands; missing, repeated and unknown ones are added to `findings`.

    `renamed` gives the source's name for some of our columns.
    """
    theirs = {column: renamed.get(column, column) for column in table.names}
    unknown = [name for name in names if name not in theirs.values()]
    for column in (*table.required, *(column for column in renamed if column not in table.required)):
        if theirs[column] not in names:
            remedy = suggestion(theirs[column], unknown) if unknown else f"the header has: {', '.join(names)}"
            of = f" for {column}" if column in renamed else ""
            what = f"the column {quote(theirs[column])}{of} is missing"
            findings.add("missing column", Place(number, 1, column), what, f"add it; {remedy}")
    for position, name in enumerate(names):
        place = Place(number, 1, CONTROL.sub("", name))
        if name in names[:position] and name not in unknown:
            what = f"the column {quote(name)} stands twice in the header"
            findings.add("repeated column", place, what, "remove one")
        elif name in unknown:
            what = (
                f"the column {quote(name)} is unknown and ignored"
                if name
                else f"column {position + 1} has no name"
            )
            findings.add("unknown column", place, what, suggestion(name, table.names), "remark")
    places = {column: names.index(name) for column, name in theirs.items() if name in names}
    return Header(tuple(names), places)
