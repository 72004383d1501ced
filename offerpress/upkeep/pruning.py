"""`prune`: deletes what is old and no longer needed. Sent notices stay counted, and are never handed over again.

A batch is needed while a notice of its plan may still move. A snapshot, and a file of frozen rules, is needed while a
kept batch, the last build, an export or a sign-off was made from it. A damaged batch does not say what it was made
from: it stays, and with it every snapshot and every file of rules.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from mailer import Batch, BatchError, Outbox, PlanRecord, Status
from offerpress.build.manifest import last_build
from offerpress.figures.exports import read_exports
from offerpress.figures.frozen_rules import rules_files
from offerpress.figures.sign_offs import all_sign_offs, read_sign_off
from offerpress.site.folder import PRUNED_FILE
from offerpress.site.locking import sole_writer
from offerpress.site.mail import pruned_plans
from offerpress.site.site import Site
from offerpress.site.state import json_text, write_state
from offerpress.writing.versions import drop_texts, old_texts

MOVING: Final = (Status.READY, Status.SENDING, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Old:
    """An item to delete: its kind (`batch`, `snapshot`, `rules`, `report`, `text`), path, bytes, a batch's digest."""

    kind: str
    path: Path
    size: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Pruning:
    """The items older than the day `before` that may be deleted, and those still needed, each with the reason.

    `damaged` are the batches that cannot be read, each with what is wrong and how many partners it told something.
    """

    before: date
    old: tuple[Old, ...]
    kept: tuple[tuple[Path, str], ...]
    damaged: tuple[tuple[Path, str, int], ...] = ()

    @property
    def size(self) -> int:
        """The number of bytes that may be freed."""
        return sum(one.size for one in self.old)


def find_old(site: Site, outbox: Outbox, before: date) -> Pruning:
    """Find items older than the beginning of that day (UTC), by a plan's making or a file's time."""
    found = _old_batches(site, outbox, before)
    old, kept = list(found.old), list(found.kept)
    unknown = "a damaged batch may have been made from it" if found.damaged else ""
    needed = {snapshot: "an export or a sign-off was made from it" for snapshot, _ in _named(site)}
    for folder in sorted(site.snapshots.glob("[!.]*/")):
        if not _is_older(folder / "snapshot.json", before):
            continue
        staying = "a batch that stays was made from it" if folder.name[:16] in found.snapshots else unknown
        if why := needed.get(folder.name) or staying:
            kept.append((folder, why))
        else:
            old.append(Old("snapshot", folder, sum(path.stat().st_size for path in folder.iterdir())))
    rules = found.rules | {digest for _, digest in _named(site)}
    for path in rules_files(site):
        if path.stem not in rules and _is_older(path, before):
            if unknown:
                kept.append((path, unknown))
            else:
                old.append(Old("rules", path, path.stat().st_size))
    reports = (path for path in sorted((site.private / "reports").glob("*.html")) if _is_older(path, before))
    old += (Old("report", path, path.stat().st_size) for path in reports)
    old += (Old("text", path, path.stat().st_size) for path in old_texts(site, before))
    return Pruning(before, tuple(old), tuple(kept), tuple(found.damaged))


@dataclass(slots=True)
class _Batches:
    """The batches that may go, stay or are damaged; what the staying ones were made from."""

    old: list[Old] = field(default_factory=list)
    kept: list[tuple[Path, str]] = field(default_factory=list)
    damaged: list[tuple[Path, str, int]] = field(default_factory=list)
    snapshots: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


def _old_batches(site: Site, outbox: Outbox, before: date) -> _Batches:
    found = _Batches()
    plans = {record.plan: record for record in outbox.plans()}
    for file in sorted(site.batches.glob("*.batch")):
        try:
            with Batch.open(file) as batch:
                header, digest = batch.header, batch.digest
        except BatchError as error:
            told = outbox.counts(file.stem)[Status.ACCEPTED] if file.stem in plans else 0
            found.damaged.append((file, str(error), told))
            continue
        why = _why_needed(outbox, plans.get(file.stem), before)
        if why is None:
            found.old.append(Old("batch", file, file.stat().st_size, digest))
            continue
        found.snapshots.add(header.snapshot[:16])
        found.rules.add(header.rules)
        found.kept += [(file, why)] if why else []
    return found


def prune(site: Site, found: Pruning, now: datetime) -> None:
    """Delete the items, and record the digests of the batches, so that they do not count as lost."""
    with sole_writer(site):
        _record(site, [one for one in found.old if one.kind == "batch"], now)
        drop_texts(site, [one.path for one in found.old if one.kind == "text"], found.before)
        for one in found.old:
            if one.kind == "text":
                continue
            if one.path.is_dir():
                # Hidden first: a folder of which only a part is deleted must not be taken for a snapshot.
                shutil.rmtree(one.path.rename(one.path.with_name(f".{one.path.name}")))
            else:
                one.path.unlink()


def _why_needed(outbox: Outbox, record: PlanRecord | None, before: date) -> str | None:
    """Return why a batch stays: an empty text for its age, None if it does not stay."""
    if record is None:
        return "the outbox does not know its plan; `offerpress reconcile` registers it"
    if record.made_at >= before.isoformat():
        return ""
    counts = outbox.counts(record.plan)
    moving = sum(counts[status] for status in MOVING)
    return f"{moving:,} of its notices may still move" if moving else None


def _named(site: Site) -> Iterator[tuple[str, str]]:
    """Yield snapshot (the folder's name) and rules (the digest) of the last build, each export and each sign-off."""
    built = last_build(site)
    if built:
        yield built.snapshot, built.rules
    yield from ((export.snapshot, export.rules) for export in read_exports(site))
    for path in all_sign_offs(site):
        signed = read_sign_off(path)
        yield signed.snapshot, signed.rules


def _is_older(path: Path, before: date) -> bool:
    return path.is_file() and datetime.fromtimestamp(path.stat().st_mtime, UTC).date() < before


def _record(site: Site, batches: Sequence[Old], now: datetime) -> None:
    known = {**pruned_plans(site), **{one.path.stem: one.digest for one in batches}}
    write_state(site.private / PRUNED_FILE, json_text({"at": now.isoformat(), "batches": known}))
