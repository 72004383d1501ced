"""One check for each channel: whether its written bytes tell what the snapshot gives."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest

from generator import PackError, PackReader, figures_without_day
from ledger import Snapshot, SnapshotDamaged
from mailer import Batch, MailerError
from offerpress.build.manifest import Manifest
from offerpress.figures.exports import EXPORTS, Export
from offerpress.figures.journals import journal_csv
from offerpress.figures.leaks import leaked
from offerpress.figures.sign_offs import SignOff, signed_lines
from offerpress.figures.statements import conserved
from offerpress.site.keys import SiteKeys
from rewards import (
    JournalLine,
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
    """One difference: the channel (`packs`, `batch`, …), the item in it, and what is wrong."""

    channel: str
    which: str
    what: str

    def __str__(self) -> str:
        return f"{self.channel}: {self.which}: {self.what}"


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Every statement of one snapshot as of one day, as canonical JSON by partner id, and the broken equations."""

    figures: Mapping[str, str]
    findings: tuple[Finding, ...]


def recompute(snapshot: Snapshot, policy: Policy, as_of: int) -> Recomputed:
    """Compute the statements again, and check that they add up to the snapshot's lines."""
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
    """Check that the frozen columns still have the digest under which they were frozen."""
    try:
        if snapshot.verify() == snapshot.digest:
            return
        what = "its columns no longer give its digest: it was changed after it was frozen"
    except SnapshotDamaged as error:
        what = str(error)
    yield Finding("snapshot", snapshot.folder.name, what)


def check_output(manifest: Manifest) -> Iterator[Finding]:
    """Check that `output/` still holds exactly the published bytes."""
    for path, digest in manifest.files.items():
        file = manifest.output / path
        if not file.is_file():
            yield Finding("output", path, "it is missing")
        elif sha256(file.read_bytes()).hexdigest() != digest:
            yield Finding("output", path, "its bytes are not those that were published")


def check_packs(manifest: Manifest, keys: SiteKeys, figures: Mapping[str, str]) -> Iterator[Finding]:
    """Check that every partner's link opens exactly the recomputed statement in the published packs."""
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


def check_batch(batch: Batch, digest: str | None, figures: Mapping[str, str] | None) -> Iterator[Finding]:
    """Check that the batch has its registered digest, and that its messages tell the recomputed statements.

    Without `figures` only the bytes are checked.
    """
    plan = batch.header.plan
    if digest is None:
        yield Finding("batch", plan, "the outbox knows no such plan; plan the campaign again")
        return
    try:
        batch.verify(digest)
    except MailerError as error:
        yield Finding("batch", plan, str(error))
        return
    if figures is None:
        return
    for partner_id, told in batch.figures():
        if told != figures.get(partner_id):
            yield Finding(
                "batch",
                f"{plan} {partner_id}",
                "the message tells other figures than the snapshot gives",
            )


def check_export(export: Export, figures: Mapping[str, str]) -> Iterator[Finding]:
    """Check that an exported file of statements still holds exactly the recomputed lines."""
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
    """Check that no partner's id, address or name stands readable in a published file outside the folder `sealed`."""
    files = [name for name in manifest.files if not name.startswith(sealed)]
    needles = {word for p in snapshot.partners() for word in (p.partner_id, p.email, p.name)}
    for name, word in leaked(manifest.output, files, needles):
        yield Finding("output", name, f"it holds a partner's particulars in the open: {word!r}")


def check_journal(export: Export, expected: Sequence[JournalLine]) -> Iterator[Finding]:
    """Check that an exported journal still holds exactly the lines that its snapshot gives."""
    if not export.path.is_file():
        yield Finding(EXPORTS, str(export.path), "it is missing")
        return
    found = export.path.read_text(encoding="utf-8", errors="replace").splitlines()
    wanted = journal_csv(expected).splitlines()
    for number, (line, right) in enumerate(zip_longest(found, wanted), 1):
        if line != right:
            yield Finding(EXPORTS, f"{export.path}:{number}", "the line is not what the snapshot gives")


def check_sign_off(sign_off: SignOff, expected: Sequence[JournalLine]) -> Iterator[Finding]:
    """Check that the signed lines are those that their snapshot gave."""
    for line in signed_lines(sign_off):
        if line not in expected:
            which = f"{sign_off.offer} {sign_off.number} {line.credit_id}"
            yield Finding("sign-off", which, "the line is not what the snapshot gives")
