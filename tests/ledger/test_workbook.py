"""Workbooks as programs write them: what their cells do not surely say is a fault with its row, and nothing is lost.

Parts are written by hand where no library writes them; their form is that of ECMA-376 part 1.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.chart import BarChart

from ledger import DataSettings, Ledger
from ledger.errors import SourceUnreadable
from ledger.reading.typed import Unusable
from ledger.reading.workbook import open_workbook
from rewards import Fault, Source, validated

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]
HEADER = ["sale_id", "partner_id", "sold_on", "amount", "currency", "product"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def parts(rows: str, sheets: str = '<sheet name="One" sheetId="1" r:id="a"/>', **more: str) -> dict[str, str]:
    """The parts of a small workbook: `rows` is the content of its first sheet's data."""
    found = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="m" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr/>'
        f"<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="a" Type="{OFFICE}/worksheet" Target="worksheets/one.xml"/>'
        f'<Relationship Id="b" Type="{OFFICE}/worksheet" Target="/xl/worksheets/two.xml"/>'
        f'<Relationship Id="c" Type="{OFFICE}/chartsheet" Target="chartsheets/c.xml"/></Relationships>',
        "xl/worksheets/one.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return found | {name.replace("__", "/"): text for name, text in more.items()}


def write(path: Path, content: Mapping[str, str]) -> None:
    """A workbook of these parts."""
    with ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}')


def row(number: int, *cells: str) -> str:
    """A row of cells without references, as several writers leave them out."""
    return f'<row r="{number}">{"".join(cells)}</row>'


def text(value: str) -> str:
    """A cell that holds its own text."""
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def read(path: Path, sheet: str = "") -> list[list[object]]:
    """The header and the rows of a workbook."""
    with open_workbook(path, sheet) as found:
        return [list(found.names), *(list(values) for _, values in found.rows)]


def sales(**sources: object) -> DataSettings:
    """`[data]` with these sources."""
    faults: list[Fault] = []
    found = validated(DataSettings, sources, Source("offerpress.toml"), faults)
    assert found is not None, faults
    return found


def save(path: Path, *rows: list[object]) -> openpyxl.Workbook:
    """A workbook of one sheet with the header of sales and these rows."""
    book = openpyxl.Workbook()
    for values in (HEADER, *rows):
        book.active.append(values)
    book.save(path)
    return book


def said(faults: list[Fault]) -> list[tuple[int | None, str, str, str]]:
    """Row, field, severity and text of each."""
    return [(fault.row, fault.field, fault.severity, fault.what) for fault in faults]


GOOD: list[object] = ["A1", "P1", date(2023, 1, 31), 10, "EUR", "PRO"]


@pytest.mark.parametrize(("formula", "place"), [("=1+2", 3), ('="P"&"1"', 1), ("=TODAY()", 2)])
def test_a_formula_without_a_stored_value_is_a_fault(
    reading: Reading, tmp_path: Path, formula: str, place: int
) -> None:
    """A library writes formulas and no values (ECMA-376 part 1, 18.3.1.40 and 18.3.1.96): the row must not vanish."""
    second = [*GOOD]
    second[0], second[place] = "A2", formula
    save(tmp_path / "s.xlsx", GOOD, second)
    _, faults = reading(sales(sales="s.xlsx"))
    assert [(3, HEADER[place], "fault", "the formula has no stored value")] == said(faults)


def test_the_stored_value_of_a_formula_counts(tmp_path: Path) -> None:
    """A number, a text, an empty text and an error that are stored with a formula are what people see."""
    cells = [
        '<c><f>1+1</f><v>2</v></c><c t="str"><f>"a"</f><v>a</v></c><c t="str"><f>""</f><v></v></c>',
        '<c t="e"><f>1/0</f><v>#DIV/0!</v></c><c><f>A1</f></c><c><f>A1</f><v/></c>',
    ]
    write(tmp_path / "s.xlsx", parts(row(1, text("a"), text("b")) + row(2, cells[0]) + row(3, cells[1])))
    _, first, second = read(tmp_path / "s.xlsx")
    assert [2.0, "a", ""] == first
    assert ["the formula gives #DIV/0!", *["the formula has no stored value"] * 2] == [
        value.what  # type: ignore[attr-defined]
        for value in second
    ]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_the_first_visible_sheet_is_read(reading: Reading, tmp_path: Path, state: str) -> None:
    """People see the first sheet that is not hidden (ECMA-376 part 1, 18.18.68); a named one is read."""
    book = save(tmp_path / "s.xlsx", GOOD)
    hidden = book.create_sheet("Old", 0)
    hidden.append(HEADER)
    hidden.append(["A9", "P1", date(2023, 1, 31), 7, "EUR", "OLD"])
    hidden.sheet_state = state
    book.save(tmp_path / "s.xlsx")
    assert "PRO" == read(tmp_path / "s.xlsx")[1][5]
    assert "OLD" == read(tmp_path / "s.xlsx", "Old")[1][5]
    ledger, faults = reading(sales(sales="s.xlsx"))
    assert ledger is not None
    assert [] == faults


def test_another_visible_sheet_of_the_same_table_is_a_remark(reading: Reading, tmp_path: Path) -> None:
    """Only one sheet is read; another with all required columns could be meant, so that people learn of it."""
    book = save(tmp_path / "s.xlsx", GOOD)
    book.create_sheet("2022").append(HEADER)
    book.create_sheet("Notes").append(["sale_id", "what we know"])
    book.save(tmp_path / "s.xlsx")
    _, faults = reading(sales(sales="s.xlsx"))
    assert [(None, "", "remark", "the sheet '2022' has the same columns and is not read")] == said(faults)
    assert [] == reading(sales(sales={"path": "s.xlsx", "sheet": "Sheet"}))[1]


def test_chart_sheets_are_no_tables(tmp_path: Path) -> None:
    """A chart sheet before the table is passed over; a workbook of charts only has nothing to read."""
    book = save(tmp_path / "s.xlsx", GOOD)
    book.create_chartsheet("Chart", 0).add_chart(BarChart())
    book.save(tmp_path / "s.xlsx")
    assert "A1" == read(tmp_path / "s.xlsx")[1][0]
    write(
        tmp_path / "c.xlsx",
        parts("", '<sheet name="C" sheetId="1" r:id="c"/>', xl__chartsheets__c="<chartsheet/>"),
    )
    with pytest.raises(SourceUnreadable, match="no visible sheet"):
        read(tmp_path / "c.xlsx")


@pytest.mark.parametrize(
    "styles",
    [
        "<fills><fill/><fill><patternFill/></fill></fills>",
        '<fonts count="0"/><borders><border><left style="odd"/></border></borders>',
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><dxfs><dxf><nothing/></dxf></dxfs>',
    ],
)
def test_styles_may_be_written_in_any_way(tmp_path: Path, styles: str) -> None:
    """Spreadsheet programs open empty fills and unknown borders; only number formats of cells matter here."""
    formats = '<numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd;@"/></numFmts>'
    sheet = f'<styleSheet xmlns="{MAIN}">{formats}{styles}<cellXfs><xf/><xf numFmtId="164"/></cellXfs></styleSheet>'
    rows = row(1, text("a"), text("b")) + row(2, '<c s="1"><v>45000</v></c><c s="0"><v>45000</v></c>')
    write(tmp_path / "s.xlsx", {**parts(rows), "xl/styles.xml": sheet})
    assert [date(2023, 3, 15), 45000.0] == read(tmp_path / "s.xlsx")[1]


@pytest.mark.parametrize(
    ("code", "serial", "expected"),
    [
        ("dd.mm.yyyy", "45291", date(2023, 12, 31)),
        ("m/d/yy h:mm", "45291.5", datetime.fromisoformat("2023-12-31T12:00")),
        ("[$-407]d. mmmm yyyy", "59", date(1900, 2, 28)),
        ("yyyy", "61", date(1900, 3, 1)),
        ('0.00" days"', "45291", 45291.0),
        ('#,##0.00\\ "d"', "45291", 45291.0),
        ("[Red]0", "3", 3.0),
        ("General", "45291", 45291.0),
    ],
)
def test_a_number_format_tells_days_from_numbers(
    tmp_path: Path, code: str, serial: str, expected: object
) -> None:
    """Serial 1 is 1900-01-01, and 60 a day that never was (ECMA-376 part 1, 18.17.4.1); quoted letters show no date."""
    escaped = code.replace('"', "&quot;")
    sheet = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="{escaped}"/></numFmts>'
        '<cellXfs><xf/><xf numFmtId="170"/></cellXfs></styleSheet>'
    )
    rows = row(1, text("a")) + row(2, f'<c s="1"><v>{serial}</v></c>')
    write(tmp_path / "s.xlsx", {**parts(rows), "xl/styles.xml": sheet})
    assert [expected] == read(tmp_path / "s.xlsx")[1]


@pytest.mark.parametrize(
    ("code", "serial", "what"),
    [
        ("yyyy-mm-dd", "60", "the cell holds 1900-02-29, which is no day"),
        ("yyyy-mm-dd", "-1", "the cell holds no date of the calendar"),
        ("[h]:mm", "1.5", "the cell holds a duration"),
    ],
)
def test_a_number_that_shows_as_no_day_is_a_fault(tmp_path: Path, code: str, serial: str, what: str) -> None:
    """Serial 60 is the leap day that 1900 did not have, days begin with serial 0, and `[h]` counts hours."""
    sheet = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="{code}"/></numFmts>'
        '<cellXfs><xf/><xf numFmtId="170"/></cellXfs></styleSheet>'
    )
    rows = row(1, text("a")) + row(2, f'<c s="1"><v>{serial}</v></c>')
    write(tmp_path / "s.xlsx", {**parts(rows), "xl/styles.xml": sheet})
    ((found,),) = read(tmp_path / "s.xlsx")[1:]
    assert isinstance(found, Unusable)
    assert what == found.what


@pytest.mark.parametrize("number", [1234567890123456789, 4006381333931000000, 9999999999999999])
def test_an_id_that_a_number_cannot_keep_is_a_fault(reading: Reading, tmp_path: Path, number: int) -> None:
    """A number has 15 sure digits (IEEE 754 double): two longer ids would become one, and a sale would be dropped."""
    save(tmp_path / "s.xlsx", [number, *GOOD[1:]], [number + 1, *GOOD[1:]])
    _, faults = reading(sales(sales="s.xlsx"))
    assert [(2, "sale_id", "fault"), (3, "sale_id", "fault")] == [found[:3] for found in said(faults)]
    assert "as text" in faults[0].remedy


def test_long_numbers_in_ignored_columns_do_not_matter(reading: Reading, tmp_path: Path) -> None:
    """An extra column may hold bar codes, formulas and errors, because nothing is taken from it."""
    book = openpyxl.Workbook()
    for values in (
        [*HEADER, "ean"],
        [*GOOD, 4006381333931000000],
        ["A2", *GOOD[1:], "=1+1"],
        ["A3", *GOOD[1:], "#N/A"],
    ):
        book.active.append(values)
    book.save(tmp_path / "s.xlsx")
    ledger, faults = reading(sales(sales="s.xlsx"))
    assert ledger is not None
    assert ["remark"] == [fault.severity for fault in faults]


def test_cells_merged_over_rows_and_hidden_rows_are_told(reading: Reading, tmp_path: Path) -> None:
    """Only the first of merged cells has a value (ECMA-376 part 1, 18.3.1.55); hidden rows count like others."""
    book = save(tmp_path / "s.xlsx", GOOD, ["A2", *GOOD[1:5], None])
    book.active.merge_cells("F2:F3")
    book.active.row_dimensions[3].hidden = True
    book.save(tmp_path / "s.xlsx")
    _, faults = reading(sales(sales="s.xlsx"))
    assert [("remark", None), ("fault", 2)] == [(fault.severity, fault.row) for fault in faults]


def test_strings_are_what_people_read(tmp_path: Path) -> None:
    """Runs are joined, hints of pronunciation left out (18.4.6), escapes undone (22.9.2.19), spaces kept."""
    strings = f"""<sst xmlns="{MAIN}"><si><r><t>PRO </t></r><r><t>8</t></r><rPh><t>puro</t></rPh></si>
    <si><t xml:space="preserve"> a_x0041__x005F_x_</t></si></sst>"""
    relations = parts("")["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="s" Type="{OFFICE}/sharedStrings" Target="Strings.XML"/></Relationships>',
    )
    rows = row(1, text("a\n (b)"), text("b")) + row(
        2, '<c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="b"><v>1</v></c>'
    )
    content = {**parts(rows), "xl\\strings.xml": strings, "xl/_rels/workbook.xml.rels": relations}
    write(tmp_path / "s.xlsx", content)
    assert [["a (b)", "b"], ["PRO 8", " aA_x_", "TRUE"]] == read(tmp_path / "s.xlsx")


@pytest.mark.parametrize(
    "damage",
    [
        {"xl/workbook.xml": "<workbook>"},
        {"xl/workbook.xml": '<!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>'},
        {
            "xl/worksheets/one.xml": "<worksheet><sheetData><row><c t='s'><v>7</v></c></row></sheetData></worksheet>"
        },
        {
            "xl/worksheets/one.xml": "<worksheet><sheetData><row><c><v>one</v></c></row></sheetData></worksheet>"
        },
        {"xl/worksheets/one.xml": "<worksheet><row>" + "<c>" * 200_000},
        {"xl/_rels/workbook.xml.rels": "<Relationships/>"},
        {"xl/styles.xml": "<styleSheet><cellXfs><xf numFmtId='x'/></cellXfs>"},
    ],
)
def test_a_damaged_workbook_is_a_fault(tmp_path: Path, damage: dict[str, str]) -> None:
    """Whatever a part lacks, and entities that could grow without end, are no traceback."""
    write(tmp_path / "s.xlsx", parts(row(1, text("a")) + row(2, text("b"))) | damage)
    with pytest.raises(SourceUnreadable, match="cannot be read as a workbook"):
        read(tmp_path / "s.xlsx")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "encrypted"),
        (b"a,b\n1,2\n", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_what_only_is_called_a_workbook_is_a_fault(tmp_path: Path, content: bytes, what: str) -> None:
    """An encrypted workbook is a compound file ([MS-OFFCRYPTO] 2.3.4); a text may have any name."""
    (tmp_path / "s.xlsx").write_bytes(content)
    with pytest.raises(SourceUnreadable, match=what):
        read(tmp_path / "s.xlsx")


def test_a_workbook_that_is_open_is_told(reading: Reading, tmp_path: Path) -> None:
    """Excel keeps `~$NAME` beside a workbook that is open: it is no table, and what is unsaved is not read."""
    (tmp_path / "months").mkdir()
    save(tmp_path / "months" / "may.xlsx", GOOD)
    (tmp_path / "months" / "~$may.xlsx").write_bytes(b"\x04Mia " + bytes(160))
    ledger, faults = reading(sales(sales="months/*.xlsx"))
    assert ledger is not None
    assert ["remark"] == [fault.severity for fault in faults]
    assert "'may.xlsx' is open" in faults[0].what
