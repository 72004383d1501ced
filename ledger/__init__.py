"""Partner data in: six tables read, checked against a policy, and frozen as a columnar snapshot with a digest."""

from typing import TYPE_CHECKING

from rewards.faces import lazy_face

if TYPE_CHECKING:
    from ledger.errors import LedgerError, SnapshotDamaged
    from ledger.freezing import erase, family, freeze
    from ledger.ledger import ExplainedRow, Ledger, explain, read
    from ledger.settings import ControlTotals, DataSettings, TableSource
    from ledger.snapshot import Snapshot
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ControlTotals",
    "DataSettings",
    "ExplainedRow",
    "Ledger",
    "LedgerError",
    "Snapshot",
    "SnapshotDamaged",
    "TableSource",
    "erase",
    "explain",
    "family",
    "freeze",
    "read",
]
