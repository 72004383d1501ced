"""Proof that every channel tells the same figures: recompute from the frozen snapshot, open each channel, compare.

Packs are decrypted, batches are read message by message, exports line by line; each difference is named. Everything is
recomputed by the rules that were frozen with it, or by today's if an earlier version made it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from generator import FORMER_FOLDER, read_content
from ledger import LedgerError, Snapshot
from mailer import Batch, MailerError
from offerpress.build.manifest import Manifest, NothingBuilt, read_manifest
from offerpress.figures.exports import Export, read_exports
from offerpress.figures.frozen_rules import read_rules, rules_digest
from offerpress.figures.journals import journal_of
from offerpress.figures.sign_offs import SignOff, SignOffDamaged, all_sign_offs, read_sign_off, read_sign_offs
from offerpress.plans.status import untold
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
from offerpress.site.folder import APPROVALS, FORGETTING_SIGNED, RULES, SIGN_OFFS
from offerpress.site.keys import SiteKeys
from offerpress.site.site import Site
from offerpress.site.state import DamagedState
from rewards import Fault, Faulty, JournalLine, Policy, Rules, compute_statement, rules_on

FORMER_PACKS = f"statement/packs/{FORMER_FOLDER}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The channels that were compared, in words, every difference found, and remarks that are no failure."""

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()


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
        verifier.batch(file, named=plan is not None)
    verifier.signatures(plan)
    return Verification(tuple(verifier.checked), tuple(verifier.findings), tuple(verifier.remarks()))


class _Registered(NamedTuple):
    """The digest under which a plan is registered, and why nobody was or will be told its figures; empty otherwise."""

    digest: str
    untold: str


def _registered(site: Site) -> Mapping[str, _Registered]:
    """Return what the outbox knows of each plan; empty if the site has no batch."""
    if not site.batches.is_dir():
        return {}
    with site.open_outbox() as outbox:
        records = outbox.plans()
        approved = {record.plan for record in records if outbox.approvals(record.plan)}
    return {one.plan: _Registered(one.digest, untold(one, records, approved)) for one in records}


class _Verifier:
    """Collects findings; a snapshot is recomputed once for each day and set of rules that a channel uses."""

    def __init__(self, site: Site, policy: Policy, registered: Mapping[str, _Registered]) -> None:
        self.site = site
        self.registered = registered
        self.policy = policy
        self.checked: list[str] = []
        self.findings: list[Finding] = []
        self._opened: dict[str, Snapshot | None] = {}
        self._policies: dict[str, Policy | None] = {"": policy}
        self._figures: dict[tuple[str, int, str], Mapping[str, str]] = {}
        self._changed: dict[str, list[str]] = {}
        self._untold: list[str] = []
        self._signed: list[str] = []

    def signatures(self, plan: str | None) -> None:
        """Check who signed the acts on that plan, or all acts; nothing if none is signed or has to be."""
        has_to_be = self.site.mail_settings.approvals == "signed"
        stored = (
            self.site.private / APPROVALS,
            self.site.private / FORGETTING_SIGNED,
            *(self.site.private / SIGN_OFFS).glob("*.signed"),
        )
        if not has_to_be and not any(path.exists() for path in stored):
            return
        # Sites without signatures need not load what checks them.
        from offerpress.signing.signatures import signed_findings  # noqa: PLC0415

        self.checked.append("signatures")
        with self.site.open_outbox() if self.registered else nullcontext() as outbox:
            self._signed, wrong = signed_findings(self.site, outbox, plan)
        self.findings += [Finding("signature", *what.split(": ", 1)) for what in wrong]

    def remarks(self) -> Iterator[str]:
        """Yield who signed what, each set of rules that changed since, and the plans that nobody was told."""
        yield from self._signed
        for digest, names in sorted(self._changed.items()):
            yield (
                f"the rules have changed since: {', '.join(names)} follow the rules frozen as "
                f"private/{RULES}/{digest}.json, and not today's in content/"
            )
        if self._untold:
            yield f"figures not recomputed, because nobody was told them: {', '.join(self._untold)}"

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
        policy = self._policy(manifest.rules, "output", manifest.as_of)
        if policy is None:
            return
        self.checked.append("conservation")
        figures = self._recomputed(snapshot, policy, manifest.as_of, manifest.rules)
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
        policy = self._policy(export.rules, f"export {export.path.name}", export.as_of)
        if snapshot is None or policy is None:
            return
        if not export.offer:
            figures = self._recomputed(snapshot, policy, export.as_of, export.rules)
            self.findings += check_export(export, figures)
            return
        signed = self._signed_before(export.offer, export.sign_offs + 1)
        rules = rules_on(policy, snapshot.rates, export.as_of)
        self.findings += check_journal(export, self._journal(snapshot, export.offer, rules, signed))

    def sign_off(self, path: Path) -> None:
        """Check one signed journal."""
        self.checked.append(f"sign-off {path.stem}")
        try:
            one = read_sign_off(path)
        except SignOffDamaged as error:
            self.findings.append(Finding("sign-off", path.stem, str(error)))
            return
        snapshot = self._snapshot(one.snapshot)
        policy = self._policy(one.rules, f"sign-off {path.stem}", one.as_of)
        if snapshot and policy:
            signed = self._signed_before(one.offer, one.number)
            rules = rules_on(policy, snapshot.rates, one.as_of)
            self.findings += check_sign_off(one, self._journal(snapshot, one.offer, rules, signed))

    def batch(self, file: Path, *, named: bool) -> None:
        """Check one batch; its figures are not recomputed if nobody was told them, unless the user `named` it."""
        self.checked.append(f"batch {file.stem}")
        known = self.registered.get(file.stem)
        try:
            batch = Batch.open(file)
        except MailerError as error:
            self.findings.append(Finding("batch", file.stem, str(error)))
            return
        with batch:
            figures = None
            if known and known.untold and not named:
                self._untold.append(f"{file.stem} ({known.untold})")
            else:
                figures = self._batch_figures(batch)
                if figures is None:
                    return
            self.findings += check_batch(batch, known.digest if known else None, figures)

    def _batch_figures(self, batch: Batch) -> Mapping[str, str] | None:
        """Return the figures by the snapshot and the rules that the batch names; None with a finding if one is gone."""
        header = batch.header
        names = sorted(path.name for path in self.site.snapshots.glob(f"{header.snapshot[:16]}-*"))
        if not names:
            what = "the snapshot that it was made from is gone"
            self.findings.append(Finding("batch", header.plan, what))
            return None
        snapshot = self._snapshot(names[0])
        policy = self._policy(header.rules, f"batch {header.plan}", header.as_of)
        if snapshot is None or policy is None:
            return None
        return self._recomputed(snapshot, policy, header.as_of, header.rules)

    def _signed_before(self, offer: str, number: int) -> list[SignOff]:
        """Return the sign-offs of the offer below that number; a damaged one is a finding of its own."""
        try:
            return [
                one for one in read_sign_offs(self.site, offer, date.max.toordinal()) if one.number < number
            ]
        except SignOffDamaged:
            return []

    def _policy(self, digest: str, which: str, as_of: int) -> Policy | None:
        """Return the rules frozen under that digest, and note if today's differ; None with a finding if damaged."""
        if digest not in self._policies:
            self._policies[digest] = self._read(digest)
        policy = self._policies[digest]
        if policy and digest and digest != rules_digest(self.policy, as_of):
            self._changed.setdefault(digest, []).append(which)
        return policy

    def _read(self, digest: str) -> Policy | None:
        try:
            return read_rules(self.site, digest)
        except DamagedState as error:
            self.findings.append(Finding("rules", digest[:16], str(error)))
            return None

    def _journal(
        self, snapshot: Snapshot, offer: str, rules: Rules, signed: Sequence[SignOff]
    ) -> Sequence[JournalLine]:
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

    def _recomputed(self, snapshot: Snapshot, policy: Policy, as_of: int, rules: str) -> Mapping[str, str]:
        key = (snapshot.folder.name, as_of, rules)
        if key not in self._figures:
            found = recompute(snapshot, policy, as_of)
            self.findings += found.findings
            self._figures[key] = found.figures
        return self._figures[key]
