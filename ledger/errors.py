"""What can go wrong with a frozen ledger; mistakes in the data themselves are faults, not errors."""

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
