"""Proof that every channel tells the same figures: recompute from the frozen snapshot, open each channel, compare.

Packs are decrypted, batches are read message by message, exports line by line; each difference is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from generator import FORMER_FOLDER, read_content
from ledger import LedgerError, Snapshot
from mailer import Batch, MailerError
from offerpress.build.manifest import Manifest, NothingBuilt, read_manifest
from offerpress.figures.exports import Export, read_exports
from offerpress.figures.journals import journal_of
from offerpress.figures.sign_offs import (
    SignOff,
    SignOffDamaged,
    all_sign_offs,
    read_sign_off,
    read_sign_offs,
)
from offerpress.proofs.channels import (
    Finding,
    check_batch,
    check_export,
    check_journal,
    check_leaks,
    check_output,
    check_packs,
    check_sign_off,
    check_snapshot,
    recompute,
)
from offerpress.site.keys import SiteKeys
from offerpress.site.site import Site
from offerpress.site.state import DamagedState
from rewards import (
    Fault,
    Faulty,
    JournalLine,
    Policy,
    compute_statement,
    rules_on,
)

FORMER_PACKS = f"statement/packs/{FORMER_FOLDER}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The channels that were compared, in words, and every difference found."""

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]


def verify(site: Site, plan: str | None) -> Verification:
    """Compare every channel that exists, or one plan's batch; raises `Faulty` if content or keys cannot be read."""
    faults: list[Fault] = []
    content = read_content(site.folder, site.settings.site, faults)
    wanted = site.settings.statements.access == "link"
    keys = site.read_keys(faults if wanted else [])
    if content is None or any(fault.severity == "fault" for fault in faults):
        raise Faulty(faults)
    verifier = _Verifier(site, content.policy, _registered(site))
    if plan is None:
        verifier.build(keys)
        for export in verifier.recorded_exports():
            verifier.export(export)
        for path in all_sign_offs(site):
            verifier.sign_off(path)
    for file in [site.batches / f"{plan}.batch"] if plan else sorted(site.batches.glob("*.batch")):
        verifier.batch(file)
    return Verification(tuple(verifier.checked), tuple(verifier.findings))


def _registered(site: Site) -> Mapping[str, str]:
    """Return the registered digest of each plan; empty if the site has no batch."""
    if not site.batches.is_dir():
        return {}
    with site.open_outbox() as outbox:
        return {record.plan: record.digest for record in outbox.plans()}


class _Verifier:
    """Collects findings; a snapshot is recomputed once for each day that a channel uses."""

    def __init__(self, site: Site, policy: Policy, registered: Mapping[str, str]) -> None:
        self.site = site
        self.registered = registered
        self.policy = policy
        self.checked: list[str] = []
        self.findings: list[Finding] = []
        self._opened: dict[str, Snapshot | None] = {}
        self._figures: dict[tuple[str, int], Mapping[str, str]] = {}

    def build(self, keys: SiteKeys | None) -> None:
        """Check the published output, its packs, and that it reveals no partner."""
        try:
            manifest = read_manifest(self.site)
        except NothingBuilt:
            return
        except DamagedState as error:
            self.findings.append(Finding("output", "manifest", str(error)))
            return
        self.checked.append("output")
        self.findings += check_output(manifest)
        snapshot = self._snapshot(manifest.snapshot)
        if snapshot is None:
            return
        # Plain statements are open by choice: their host decides who may read them.
        sealed = "statement/" if self.site.settings.statements.access == "plain" else "statement/packs/"
        self.findings += check_leaks(manifest, snapshot, sealed)
        self.checked.append("conservation")
        figures = self._recomputed(snapshot, manifest.as_of)
        if keys and self.site.settings.statements.access == "link":
            self.checked.append("packs")
            self.findings += check_packs(manifest, keys, figures)
            self._former(manifest, keys, figures)

    def _former(self, manifest: Manifest, keys: SiteKeys, figures: Mapping[str, str]) -> None:
        """Check the packs under a former secret, and whether they should be there today."""
        published = any(name.startswith(FORMER_PACKS) for name in manifest.files)
        former = keys.former_keys(self.site.today)
        if former and published:
            self.checked.append("former packs")
            self.findings += check_packs(manifest, former, figures)
        elif former or published:
            what = "are missing" if former else "still open, though their grace is over"
            self.findings.append(Finding("packs", "former links", f"they {what}; build again, and publish"))

    def recorded_exports(self) -> list[Export]:
        """Return the exports that were recorded; a damaged record is a finding."""
        try:
            return read_exports(self.site)
        except DamagedState as error:
            self.findings.append(Finding("exports", "record", str(error)))
            return []

    def export(self, export: Export) -> None:
        """Check one exported file of statements, or a journal."""
        self.checked.append(f"export {export.path.name}")
        snapshot = self._snapshot(export.snapshot)
        if snapshot is None:
            return
        if not export.offer:
            self.findings += check_export(export, self._recomputed(snapshot, export.as_of))
            return
        signed = self._signed_before(export.offer, export.sign_offs + 1)
        self.findings += check_journal(export, self._journal(snapshot, export.offer, export.as_of, signed))

    def sign_off(self, path: Path) -> None:
        """Check one signed journal."""
        self.checked.append(f"sign-off {path.stem}")
        try:
            one = read_sign_off(path)
        except SignOffDamaged as error:
            self.findings.append(Finding("sign-off", path.stem, str(error)))
            return
        snapshot = self._snapshot(one.snapshot)
        if snapshot:
            signed = self._signed_before(one.offer, one.number)
            self.findings += check_sign_off(one, self._journal(snapshot, one.offer, one.as_of, signed))

    def batch(self, file: Path) -> None:
        """Check one batch against a snapshot with the digest that the batch names."""
        self.checked.append(f"batch {file.stem}")
        try:
            batch = Batch.open(file)
        except MailerError as error:
            self.findings.append(Finding("batch", file.stem, str(error)))
            return
        with batch:
            names = sorted(path.name for path in self.site.snapshots.glob(f"{batch.header.snapshot[:16]}-*"))
            if not names:
                self.findings.append(
                    Finding("batch", file.stem, "the snapshot that it was made from is gone")
                )
                return
            snapshot = self._snapshot(names[0])
            if snapshot:
                figures = self._recomputed(snapshot, batch.header.as_of)
                self.findings += check_batch(batch, self.registered.get(file.stem), figures)

    def _signed_before(self, offer: str, number: int) -> list[SignOff]:
        """Return the sign-offs of the offer below that number; a damaged one is a finding of its own."""
        try:
            return [
                one for one in read_sign_offs(self.site, offer, date.max.toordinal()) if one.number < number
            ]
        except SignOffDamaged:
            return []

    def _journal(
        self, snapshot: Snapshot, offer: str, as_of: int, signed: Sequence[SignOff]
    ) -> Sequence[JournalLine]:
        rules = rules_on(self.policy, snapshot.rates, as_of)
        accounts = (account for shard in snapshot.shards for account in snapshot.accounts(shard))
        statements = ((account, compute_statement(account, rules, [])) for account in accounts)
        return journal_of(offer, statements, rules, signed)

    def _snapshot(self, name: str) -> Snapshot | None:
        """Return the snapshot of that name, checked once; None if it is damaged."""
        if name not in self._opened:
            self._opened[name] = self._checked(name)
        return self._opened[name]

    def _checked(self, name: str) -> Snapshot | None:
        try:
            snapshot = Snapshot.open(self.site.snapshots / name)
        except LedgerError as error:
            self.findings.append(Finding("snapshot", name, str(error)))
            return None
        found = list(check_snapshot(snapshot))
        self.findings += found
        return None if found else snapshot

    def _recomputed(self, snapshot: Snapshot, as_of: int) -> Mapping[str, str]:
        key = (snapshot.folder.name, as_of)
        if key not in self._figures:
            found = recompute(snapshot, self.policy, as_of)
            self.findings += found.findings
            self._figures[key] = found.figures
        return self._figures[key]
