"""Partner data in: six tables read, checked against a policy, and frozen as a columnar snapshot with a digest."""

from typing import TYPE_CHECKING

from rewards.faces import lazy_face

if TYPE_CHECKING:
    from ledger.errors import LedgerError, SnapshotDamaged
    from ledger.freezing import erase, family, freeze
    from ledger.ledger import ExplainedRow, Ledger, Rehearsal, explain, read, rehearse
    from ledger.reading.kept import KeptTables
    from ledger.reading.proposal import Known, ProposedSettings, propose_settings
    from ledger.reading.raw import RawFile, file_suffix, open_raw
    from ledger.settings import ControlTotals, DataSettings, TableSource
    from ledger.snapshot import ACCOUNTS_A_GROUP, Snapshot
else:
    __getattr__, __all__ = lazy_face(__name__)
