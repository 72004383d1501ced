"""Which snapshot was frozen from which sources, so that a ledger whose files did not change is not read again."""

from collections.abc import Mapping
from pathlib import Path

from ledger import LedgerError, Snapshot
from offerpress.inputs import DATABASE, Digests, digest_of
from offerpress.site import Site
from offerpress.site_keys import SiteKeys
from rewards import Policy

FILE = "source"


def source_key(
    site: Site,
    policy: Policy,
    keys: SiteKeys | None,
    code: str,
    files: Digests,
    environment: Mapping[str, str],
) -> str | None:
    """One digest over all that a snapshot follows from: files, how they are read and checked, and the site's keys.

    `code` is the program's digest, `files` are the `data_digests`. None where a database is among the sources, because
    nobody knows whether it changed.
    """
    if DATABASE in files:
        return None
    data = site.settings.data
    used = sorted((name, value) for name, value in environment.items() if f"${{{name}}}" in repr(data))
    facts = (data, used, policy.program, sorted(policy.cashback_slugs), sorted(files.items()))
    return digest_of(code, keys.digest if keys else "", *map(repr, facts))


def known_snapshot(folder: Path, source: str) -> Snapshot | None:
    """The snapshot in `folder` that was frozen from `source`; None where there is none, or it cannot be opened."""
    for note in folder.glob(f"*/{FILE}"):
        if note.read_text(encoding="ascii") == source:
            try:
                return Snapshot.open(note.parent)
            except LedgerError:
                return None
    return None


def remember_snapshot(snapshot: Snapshot, source: str) -> None:
    """Notes beside the snapshot what it was frozen from last."""
    beside = snapshot.folder / f"{FILE}.new"
    beside.write_text(source, encoding="ascii")
    beside.replace(snapshot.folder / FILE)
