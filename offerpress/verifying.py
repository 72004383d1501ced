"""Proof that every channel tells the same figures: recompute from the frozen snapshot, open each channel, compare.

Packs are decrypted, batches are read message by message, exports line by line; each difference is named.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from generator import MissingRecord, open_record
from ledger import LedgerError, Snapshot
from mailer import Batch, MailerError
from rewards import Policy, Statement, canonical_json, compute_statement, rules_on, statement_json

from offerpress.building import Manifest
from offerpress.exports import EXPORTS, Export
from offerpress.leaks import leaked
from offerpress.site_keys import SiteKeys


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree: the channel (`packs`, `batch`, …), which of it, and what is wrong."""

    channel: str
    which: str
    what: str

    def __str__(self) -> str:
        return f"{self.channel}: {self.which}: {self.what}"


class Recomputation:
    """Every statement of one snapshot as of one day, as canonical JSON by partner id."""

    def __init__(self, snapshot: Snapshot, policy: Policy, as_of: int) -> None:
        self.snapshot = snapshot
        rules = rules_on(policy, snapshot.rates, as_of)
        self.figures: dict[str, str] = {}
        for shard in snapshot.shards:
            for account in snapshot.accounts(shard):
                statement: Statement = compute_statement(account, rules, [])
                self.figures[account.partner.partner_id] = canonical_json(statement_json(statement))


def check_snapshot(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the frozen columns still give the digest that they were frozen under."""
    try:
        if snapshot.verify() == snapshot.digest:
            return
        what = "its columns no longer give its digest: it was changed after it was frozen"
    except LedgerError as error:
        what = str(error)
    yield Finding("snapshot", snapshot.folder.name, what)


def check_output(manifest: Manifest) -> Iterator[Finding]:
    """Whether `output/` still holds exactly the bytes that were published."""
    for path, digest in manifest.files.items():
        file = manifest.output / path
        if not file.is_file():
            yield Finding("output", path, "it is missing")
        elif sha256(file.read_bytes()).hexdigest() != digest:
            yield Finding("output", path, "its bytes are not those that were published")


def check_packs(manifest: Manifest, keys: SiteKeys, figures: Mapping[str, str]) -> Iterator[Finding]:
    """Whether every partner's link opens, from the published packs, exactly the recomputed statement."""
    names = [name for name in manifest.files if name.startswith("statement/packs/")]
    packs = {name: (manifest.output / name).read_bytes() for name in names if (manifest.output / name).is_file()}
    for partner_id, expected in sorted(figures.items()):
        try:
            told = open_record(packs, keys.link(partner_id)).statement
        except MissingRecord as error:
            yield Finding("packs", partner_id, str(error))
            continue
        if canonical_json(told) != expected:
            yield Finding("packs", partner_id, "the record tells other figures than the snapshot gives")


def check_batch(batch: Batch, figures: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the batch is as it was frozen, and every message tells exactly the recomputed statement."""
    plan = batch.header.plan
    try:
        batch.verify()
    except MailerError as error:
        yield Finding("batch", plan, str(error))
        return
    for notice in batch.messages():
        if notice.figures != figures.get(notice.partner_id):
            yield Finding("batch", f"{plan} {notice.partner_id}", "the message tells other figures than the snapshot gives")


def check_export(export: Export, figures: Mapping[str, str]) -> Iterator[Finding]:
    """Whether an exported file of statements still holds exactly the recomputed lines."""
    if not export.path.is_file():
        yield Finding(EXPORTS, str(export.path), "it is missing")
        return
    seen = set()
    for number, line in enumerate(export.path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        partner_id, text = _parsed(line)
        seen.add(partner_id)
        if text != figures.get(partner_id):
            yield Finding(EXPORTS, f"{export.path}:{number} {partner_id}", "the line is not what the snapshot gives")
    for partner_id in sorted(figures.keys() - seen):
        yield Finding(EXPORTS, f"{export.path} {partner_id}", "its line is missing")


def _parsed(line: str) -> tuple[str, str]:
    try:
        value = json.loads(line)
        return str(value["partner_id"]), canonical_json(value)
    except (ValueError, TypeError, KeyError):
        return "", ""


def check_leaks(manifest: Manifest, snapshot: Snapshot) -> Iterator[Finding]:
    """Whether any partner's id, address or name stands in the open in a published file outside the packs."""
    files = [name for name in manifest.files if not name.startswith("statement/packs/")]
    needles = {word for p in snapshot.partners() for word in (p.partner_id, p.email, p.name)}
    for name, word in leaked(manifest.output, files, needles):
        yield Finding("output", name, f"it holds a partner's particulars in the open: {word!r}")


def open_snapshot(snapshots: Path, name: str) -> Snapshot:
    """The snapshot of that folder name; raises `LedgerError` where it is gone or damaged."""
    return Snapshot.open(snapshots / name)
