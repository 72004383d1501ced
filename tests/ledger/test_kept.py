"""Kept tables: whatever was edited or damaged, a reading that goes on from them finds what one from nothing finds."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from ledger import DataSettings, KeptTables, TableSource, read
from ledger.tables import TABLES as TABLES_OF_LEDGER
from rewards import Fault, Policy

SETTINGS = DataSettings(
    sales=TableSource(path="data/sales*.csv"),
    subscriptions=TableSource(path="data/subscriptions.xlsx"),
    credits=TableSource(path="data/credits.csv", dates=("%d.%m.%Y",)),
)
Facts = tuple[list[Fault], object]


def sales_rows(first: int, count: int) -> str:
    """Return a table of so many sales."""
    rows = (
        f"A{n},P{n % 600},2023-0{n % 9 + 1}-12,{n % 97}.50,EUR,PRO 8SC,\n"
        for n in range(first, first + count)
    )
    return "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n" + "".join(rows)


class Tables:
    """Tables of some size, with the edits and accidents that happen to them."""

    def __init__(self, site: Path, policy: Policy, seed: int) -> None:
        self.site = site
        self.kept = site / "kept"
        self.policy = policy
        self.random = random.Random(seed)
        self.made: list[str] = []
        self.program = "one"
        self.sound: dict[Path, bytes] = {}
        data = site / "data"
        data.mkdir()
        partners = "".join(
            f"P{n},Name {n},p{n}@{n}.example,EUR,bronze,{'closed' * (n % 50 == 1)}\n" for n in range(600)
        )
        (data / "partners.csv").write_text("partner_id,name,email,currency,level,status\n" + partners)
        (data / "sales-1.csv").write_text(sales_rows(0, 1500))
        (data / "sales-2.csv").write_text(sales_rows(1500, 900))
        (data / "credits.csv").write_text(
            "credit_id,partner_id,offer,amount,currency,credited_on\nC1,'P1,cashback,1.00,EUR,30.06.2023\n"
        )
        self._subscribe("paid")

    def _subscribe(self, plan: str) -> None:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["subscription_id", "partner_id", "product", "plan", "expires_on"])
        for number in range(9):
            sheet.append([f"S{number}", f"P{number}", "N/A", plan, "2023-11-30"])
        book.save(self.site / "data" / "subscriptions.xlsx")

    def read(self, kept: KeptTables | None) -> Facts:
        """Return the faults and remarks, and every row with its place."""
        faults: list[Fault] = []
        ledger = read(SETTINGS, self.site, self.policy, faults, None, kept)
        if ledger is None:
            return faults, None
        with ledger:
            query = "SELECT * FROM {} ORDER BY file_number, row_number"
            rows = [ledger.database.rows(query.format(table.name)) for table in TABLES_OF_LEDGER]
            if ledger.kept is not None:
                ledger.kept.store()
            return faults, (ledger.digest, ledger.partner_ids, rows)

    def mend(self, *, faulty: bool) -> None:
        """Bring back the last tables without a fault: with one, nothing is kept anew."""
        if faulty:
            for path, data in self.sound.items():
                path.write_bytes(data)
        self.sound = {path: path.read_bytes() for path in (self.site / "data").iterdir()}

    def edit(self) -> None:
        """Make one edit, or two at once."""
        others = {"edit", "mend", "read"}
        names = [name for name in vars(Tables) if not name.startswith("_") and name not in others]
        for name in self.random.choices(names, k=self.random.randrange(1, 3)):
            self.made.append(name)
            getattr(self, name)()

    def _lines(self, change: Callable[[list[str]], object]) -> None:
        name = self.random.choice(["partners.csv", "sales-1.csv", "sales-1.csv", "sales-2.csv"])
        path = self.site / "data" / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        change(lines)
        path.write_text("".join(lines), encoding="utf-8")

    def _place(self, lines: list[str]) -> int:
        return self.random.choice([1, len(lines) - 1, self.random.randrange(1, len(lines))])

    def _replace(self, old: str, new: str) -> None:
        def change(lines: list[str]) -> None:
            place = self._place(lines)
            lines[place] = lines[place].replace(old, new)

        self._lines(change)

    def change_digits(self) -> None:
        """Another amount, or name, of the same length."""
        digits = "".join(self.random.sample("0123456789", 10))
        self._replace(digits[0], digits[1])

    def lengthen(self) -> None:
        """A field that is longer."""
        self._replace("2023-", " 2023-")
        self._replace(".50", ".500")

    def remove_rows(self) -> None:
        """A few rows less."""

        def change(lines: list[str]) -> None:
            place = self._place(lines)
            del lines[place : place + 3]

        self._lines(change)

    def repeat_a_row(self) -> None:
        """A row that stands there twice, which is remarked."""
        self._lines(lambda lines: lines.append(lines[self._place(lines)]))

    def addsales_rows(self) -> None:
        """New rows at the end, with a refund among them."""
        number = 10_000 + self.random.randrange(9_000)
        path = self.site / "data" / "sales-1.csv"
        with path.open("a", encoding="utf-8") as file:
            file.write(
                f"B{number},P7,2023-05-05,7.50,EUR,PRO 8SC,\nR{number},P7,2023-06-05,-1.00,EUR,,B{number}\n"
            )

    def reorder(self) -> None:
        """The same rows in another order."""
        self._lines(lambda lines: lines.insert(self._place(lines), lines.pop(self._place(lines))))

    def shuffle(self) -> None:
        """All rows in another order."""

        def change(lines: list[str]) -> None:
            rest = lines[1:]
            self.random.shuffle(rest)
            lines[1:] = rest

        self._lines(change)

    def name_nothing(self) -> None:
        """A word for nothing, which is remarked with its row."""
        self._replace("PRO 8SC", "N/A")

    def quote_a_field(self) -> None:
        """Quotes around a field; a line break within them makes lines and rows two things."""
        self._replace("PRO 8SC", self.random.choice(['"PRO, 8SC"', '"PRO\n8SC"', '"PRO 8SC"']))

    def break_a_row(self) -> None:
        """A fault in a row: too many fields, an unknown partner, no amount, a word, an open quote."""
        bad = [
            ",,,,,,,,",
            ",P0000,2023-01-01,1.00,EUR,,",
            ",P1,2023-13-01,1.00,EUR,,",
            '"',
            ",P1,2023-01-01,x,EUR,,",
        ]
        text = self.random.choice(bad)
        place = self.site / "data" / "sales-2.csv"
        before = place.read_bytes()
        lines = before.splitlines(keepends=True)
        lines.insert(self.random.randrange(1, len(lines)), f"X1{text}\n".encode())
        place.write_bytes(b"".join(lines))
        assert self.read(KeptTables(self.kept, self.program)) == self.read(None), self.made
        place.write_bytes(before)

    def end_lines_otherwise(self) -> None:
        """Other line ends, a mark at the start, blank lines, or no line end at the end."""
        path = self.site / "data" / "sales-1.csv"
        text = path.read_bytes().replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf").rstrip(b"\n") + b"\n"
        ends = [text.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + text, text + b"\n\n\n", text[:-1], text]
        path.write_bytes(self.random.choice(ends))

    def rename_a_column(self) -> None:
        """Other columns, and a delimiter that is named."""
        path = self.site / "data" / "sales-2.csv"
        head, _, rest = path.read_text(encoding="utf-8").partition("\n")
        heads = [f"sep=,\n{head}" if not head.startswith("sep") else head, head.replace("product", "kind")]
        path.write_text(f"{self.random.choice(heads)}\n{rest}", encoding="utf-8")

    def rename_a_file(self) -> None:
        """A file that comes first, or last, under another name."""
        old, new = "sales-2.csv", self.random.choice(["sales-0.csv", "sales-3.csv", "sales-2.csv"])
        (self.site / "data" / old).rename(self.site / "data" / new)
        assert self.read(KeptTables(self.kept, self.program)) == self.read(None), self.made
        (self.site / "data" / new).rename(self.site / "data" / old)

    def subscribe_otherwise(self) -> None:
        """Another plan in the workbook, whose rows have remarks."""
        self._subscribe(self.random.choice(["paid", "trial"]))

    def change_the_program(self) -> None:
        """Another version of the program."""
        self.program += "!"

    def spoil(self) -> None:
        """A bit of each kept file flipped, its end cut off, or another file in its place."""
        for path in sorted(self.kept.glob("*")):
            data = bytearray(path.read_bytes())
            kind = self.random.randrange(5)
            if kind == 0:
                data[self.random.randrange(len(data))] ^= 1
            elif kind == 1:
                del data[self.random.randrange(len(data)) :]
            elif kind == 2:
                other = self.random.choice(sorted(self.kept.glob(f"*{path.suffix}")))
                data = bytearray(other.read_bytes())
            path.write_bytes(data)

    def lose(self) -> None:
        """All that was kept is gone."""
        shutil.rmtree(self.kept, ignore_errors=True)


@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 10), *(pytest.param(seed, 40, marks=pytest.mark.long) for seed in (2, 3, 4))]
)
def test_kept_tables_change_nothing(tmp_path: Path, policy: Policy, seed: int, steps: int) -> None:
    """After any edits and damage: rows, places, faults, remarks and digest are those of a reading from nothing."""
    tables = Tables(tmp_path, policy, seed)
    used = 0
    for _ in range(steps):
        kept = KeptTables(tables.kept, tables.program)
        found = tables.read(kept)
        used += kept.is_used
        assert tables.read(None) == found, tables.made
        tables.mend(faulty=found[1] is None)
        tables.edit()
    assert used > steps / 4


def test_lines_that_did_not_change_are_not_read(tmp_path: Path, policy: Policy) -> None:
    """Another amount: of that file few lines are read, of other files none; the rows that are kept stay there."""
    tables = Tables(tmp_path, policy, 1)
    (tmp_path / "data" / "sales-1.csv").write_text(sales_rows(10_000, 9_000))
    tables.read(KeptTables(tables.kept, "one"))
    before = {path.name: path.stat().st_ino for path in tables.kept.iterdir()}
    sales = tmp_path / "data" / "sales-1.csv"
    sales.write_text(sales.read_text().replace("A12345,P345,2023-07-12,26.50", "A12345,P345,2023-07-12,7.50"))
    kept = KeptTables(tables.kept, "one")
    assert tables.read(None) == tables.read(kept)
    assert "row_number < " in next(file.query for file in kept.files if "sales" in file.place.name)
    assert all(file.query for file in kept.files)
    assert before == {path.name: path.stat().st_ino for path in tables.kept.iterdir()}
    assert 0o700 == tables.kept.stat().st_mode & 0o777


def test_a_table_that_is_saved_meanwhile_is_not_kept(tmp_path: Path, policy: Policy) -> None:
    """A file that was replaced after it was looked at: nothing is kept of it under the bytes that it had before."""
    tables = Tables(tmp_path, policy, 1)
    kept = KeptTables(tables.kept, "one")
    sales = tmp_path / "data" / "sales-1.csv"
    with_other = sales.read_text().replace(",27.50,", ",28.50,")
    ledger = read(SETTINGS, tmp_path, policy, [], None, kept)
    assert ledger is not None
    with ledger:
        sales.write_text(with_other)
        kept.store()
    assert 2 == len(list(tables.kept.glob("sales-*")))
    assert tables.read(None) == tables.read(KeptTables(tables.kept, "one"))
