"""Errors of sources and frozen ledgers; mistakes in the data themselves are faults, not errors."""

from pathlib import Path


class LedgerError(Exception):
    """Root of the errors of this package; `path` is the file or folder concerned, where there is one."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        self.path = path
        super().__init__(message)


class SnapshotDamaged(LedgerError):
    """A snapshot's folder is absent, incomplete, or does not hold what its manifest says."""


class TablesUnreadable(LedgerError):
    """The database that reads the tables refused a file or a statement."""


class NotWritten(LedgerError):
    """A file that the database was to write, of a snapshot or for a digest, has no room or is not to be written."""

    def __init__(self, path: Path, why: str) -> None:
        remedy = "make room there; temporary files go where TMPDIR says"
        super().__init__(f"{path} cannot be written ({why}); {remedy}", path)


class SourceUnreadable(LedgerError):
    """A workbook, file or query that should hold a table cannot be read; `what` and `remedy` say why."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}")
