"""A table in a workbook (XLSX), as office programs and finance systems write them."""

import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

from ledger.cells import TypedRows, Unusable, cell_text
from ledger.errors import SourceUnreadable

_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}
_NO_WORKBOOK = ("cannot be read as a workbook", "save it again as .xlsx")


class _Sheet(Protocol):
    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, values_only: bool) -> Iterable[tuple[object, ...]]: ...


class _Workbook(Protocol):
    sheetnames: list[str]

    def __getitem__(self, name: str) -> _Sheet: ...

    def close(self) -> None: ...


@contextmanager
def open_workbook(path: Path, sheet: str) -> Iterator[TypedRows]:
    """The rows of a sheet ("" for the first) below the first row that is not empty, with the sheet's row numbers.

    Formulas stand for the values that the office program stored with them. Raises `SourceUnreadable`.
    """
    # The library warns about styles and validations that it does not keep; values are not concerned.
    with warnings.catch_warnings(action="ignore"), closing(_open(path)) as book:
        if sheet and sheet not in book.sheetnames:
            remedy = f"its sheets are: {', '.join(book.sheetnames)}"
            raise SourceUnreadable(f"there is no sheet {sheet!r}", remedy)
        found = book[sheet or book.sheetnames[0]]
        found.reset_dimensions()
        rows = _rows(found)
        _, header = next(rows, (1, ()))
        names = [str(cell_text(value)).strip(" ") for value in header]
        while names and not names[-1]:
            names.pop()
        try:
            yield TypedRows(names, rows)
        except (BadZipFile, EOFError, SyntaxError, zlib.error) as error:
            raise SourceUnreadable(*_NO_WORKBOOK) from error


def _rows(sheet: _Sheet) -> Iterator[tuple[int, Sequence[object]]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if any(isinstance(value, str) and value in _ERRORS for value in row):
            yield number, [_usable(value) for value in row]
        elif any(value is not None for value in row):
            yield number, row


def _usable(value: object) -> object:
    if isinstance(value, str) and value in _ERRORS:
        return Unusable(f"the formula gives {value}", "correct the formula")
    return value


def _open(path: Path) -> _Workbook:
    try:
        library = import_module("openpyxl")
    except ImportError as error:
        raise SourceUnreadable("needs openpyxl to be read", "install offerpress[xlsx]") from error
    try:
        book: _Workbook = library.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, EOFError, SyntaxError, zlib.error) as error:
        raise SourceUnreadable(*_NO_WORKBOOK) from error
    return book
