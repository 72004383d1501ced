"""Proof that every channel tells the same figures: recompute from the frozen snapshot, open each channel, compare.

Packs are decrypted, batches are read message by message, exports line by line; each difference is named.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from generator import PackError, PackReader, figures_without_day, read_content
from ledger import LedgerError, Snapshot
from mailer import Batch, MailerError
from offerpress.building import Manifest, read_manifest
from offerpress.conserving import conserved
from offerpress.exports import EXPORTS, Export, read_exports
from offerpress.folder import OfferpressError
from offerpress.leaks import leaked
from offerpress.mailing import open_outbox
from offerpress.moment import Moment
from offerpress.site import Site
from offerpress.site_keys import SiteKeys, read_site_keys
from rewards import (
    Fault,
    Faulty,
    NotConserved,
    Policy,
    Tally,
    canonical_json,
    compute_statement,
    require_conserved,
    rules_on,
    statement_json,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree: the channel (`packs`, `batch`, …), which of it, and what is wrong."""

    channel: str
    which: str
    what: str

    def __str__(self) -> str:
        return f"{self.channel}: {self.which}: {self.what}"


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Every statement of one snapshot as of one day, as canonical JSON by partner id, and what is not conserved."""

    figures: Mapping[str, str]
    findings: tuple[Finding, ...]


def recompute(snapshot: Snapshot, policy: Policy, as_of: int) -> Recomputed:
    """The statements once more, and whether together they are the snapshot's lines."""
    rules = rules_on(policy, snapshot.rates, as_of)
    tally = Tally()
    figures = {}
    for shard in snapshot.shards:
        for account in snapshot.accounts(shard):
            statement = compute_statement(account, rules, [])
            tally.add(account, statement, rules)
            figures[account.partner.partner_id] = canonical_json(statement_json(statement))
    findings = []
    try:
        require_conserved(conserved(tally, snapshot, rules))
    except NotConserved as error:
        findings = [Finding("conservation", snapshot.folder.name, str(one)) for one in error.broken]
    return Recomputed(figures, tuple(findings))


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
    packs = {
        name: (manifest.output / name).read_bytes() for name in names if (manifest.output / name).is_file()
    }
    try:
        reader = PackReader(packs)
    except PackError as error:
        yield Finding("packs", error.path, str(error))
        return
    yield from (Finding("packs", error.path, str(error)) for error in reader.verify())
    for partner_id, expected in sorted(figures.items()):
        try:
            told = reader.open(keys.link(partner_id)).figures
        except PackError as error:
            yield Finding("packs", partner_id, str(error))
            continue
        if told != figures_without_day(json.loads(expected)):
            yield Finding("packs", partner_id, "the record tells other figures than the snapshot gives")


def check_batch(batch: Batch, digest: str | None, figures: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the batch has the digest it was registered under, and its messages tell the recomputed statements."""
    plan = batch.header.plan
    if digest is None:
        yield Finding("batch", plan, "the outbox knows no such plan; plan the campaign again")
        return
    try:
        batch.verify(digest)
    except MailerError as error:
        yield Finding("batch", plan, str(error))
        return
    for notice in batch.messages():
        if notice.figures != figures.get(notice.partner_id):
            yield Finding(
                "batch",
                f"{plan} {notice.partner_id}",
                "the message tells other figures than the snapshot gives",
            )


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
            yield Finding(
                EXPORTS, f"{export.path}:{number} {partner_id}", "the line is not what the snapshot gives"
            )
    for partner_id in sorted(figures.keys() - seen):
        yield Finding(EXPORTS, f"{export.path} {partner_id}", "its line is missing")


def _parsed(line: str) -> tuple[str, str]:
    try:
        value = json.loads(line)
        return str(value["partner_id"]), canonical_json(value)
    except (ValueError, TypeError, KeyError):
        return "", ""


def check_leaks(manifest: Manifest, snapshot: Snapshot, sealed: str) -> Iterator[Finding]:
    """Whether any partner's id, address or name stands in the open in a published file outside the folder `sealed`."""
    files = [name for name in manifest.files if not name.startswith(sealed)]
    needles = {word for p in snapshot.partners() for word in (p.partner_id, p.email, p.name)}
    for name, word in leaked(manifest.output, files, needles):
        yield Finding("output", name, f"it holds a partner's particulars in the open: {word!r}")


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, in words, and every difference found."""

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]


def verify(site: Site, moment: Moment, plan: str | None) -> Verification:
    """Compares everything that exists, or one plan's batch; raises `Faulty` where content or keys cannot be read."""
    faults: list[Fault] = []
    content = read_content(site.folder, site.settings.site, faults)
    wanted = site.settings.statements.access == "link"
    keys = read_site_keys(site.private, moment.environment, faults if wanted else [])
    if content is None or any(fault.severity == "fault" for fault in faults):
        raise Faulty(faults)
    verifier = _Verifier(site.snapshots, content.policy, _registered(site, moment))
    if plan is None:
        verifier.build(site, keys)
        for export in read_exports(site.private):
            verifier.export(export)
    for file in [site.batches / f"{plan}.batch"] if plan else sorted(site.batches.glob("*.batch")):
        verifier.batch(file)
    return Verification(tuple(verifier.checked), tuple(verifier.findings))


def _registered(site: Site, moment: Moment) -> Mapping[str, str]:
    """The digest under which each plan was registered; none where the site has no batch."""
    if not site.batches.is_dir():
        return {}
    with open_outbox(site, moment.environment) as outbox:
        return {record.plan: record.digest for record in outbox.plans()}


class _Verifier:
    """Collects findings; a snapshot is recomputed once for each day that a channel tells of."""

    def __init__(self, snapshots: Path, policy: Policy, registered: Mapping[str, str]) -> None:
        self.snapshots = snapshots
        self.registered = registered
        self.policy = policy
        self.checked: list[str] = []
        self.findings: list[Finding] = []
        self._opened: dict[str, Snapshot | None] = {}
        self._figures: dict[tuple[str, int], Mapping[str, str]] = {}

    def build(self, site: Site, keys: SiteKeys | None) -> None:
        """The published output, its packs, and what stands in the open."""
        try:
            manifest = read_manifest(site.private)
        except OfferpressError:
            return
        self.checked.append("output")
        self.findings += check_output(manifest)
        snapshot = self._snapshot(manifest.snapshot)
        if snapshot is None:
            return
        # Plain statements are open by choice: their host decides who may read them.
        sealed = "statement/" if site.settings.statements.access == "plain" else "statement/packs/"
        self.findings += check_leaks(manifest, snapshot, sealed)
        self.checked.append("conservation")
        figures = self._recomputed(snapshot, manifest.as_of)
        if keys and site.settings.statements.access == "link":
            self.checked.append("packs")
            self.findings += check_packs(manifest, keys, figures)

    def export(self, export: Export) -> None:
        """One exported file of statements."""
        self.checked.append(f"export {export.path.name}")
        snapshot = self._snapshot(export.snapshot)
        if snapshot:
            self.findings += check_export(export, self._recomputed(snapshot, export.as_of))

    def batch(self, file: Path) -> None:
        """One batch, against a snapshot of the digest that it was made from."""
        self.checked.append(f"batch {file.stem}")
        try:
            batch = Batch.open(file)
        except MailerError as error:
            self.findings.append(Finding("batch", file.stem, str(error)))
            return
        with batch:
            names = sorted(path.name for path in self.snapshots.glob(f"{batch.header.snapshot[:16]}-*"))
            if not names:
                self.findings.append(
                    Finding("batch", file.stem, "the snapshot that it was made from is gone")
                )
                return
            snapshot = self._snapshot(names[0])
            if snapshot:
                figures = self._recomputed(snapshot, batch.header.as_of)
                self.findings += check_batch(batch, self.registered.get(file.stem), figures)

    def _snapshot(self, name: str) -> Snapshot | None:
        """The snapshot of that name, checked once; None where it is damaged, so that nothing is compared with it."""
        if name not in self._opened:
            self._opened[name] = self._checked(name)
        return self._opened[name]

    def _checked(self, name: str) -> Snapshot | None:
        try:
            snapshot = Snapshot.open(self.snapshots / name)
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
