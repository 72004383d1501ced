"""From a site folder to every partner's statement: one frozen snapshot, one set of rules, one stream of figures.

Every command that shows, publishes or mails a figure takes it from here, so no two of them can disagree.
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from generator import TEXT_RESULTS, Content, read_content, read_sound_content
from ledger import LedgerError, Snapshot
from offerpress.figures.statements import (
    REMARKS_FILE,
    SOURCE_FILE,
    StatementSource,
    keep_policy,
    known_snapshot,
    opened_snapshot,
    source_key,
    wanted_keys,
)
from offerpress.site.folder import CONSERVATION_FILE, TEXTS_FILE
from offerpress.site.inputs import CODE, DAY, Digests, TakenInputs, parts_digest
from offerpress.site.keys import SiteKeys
from offerpress.site.locking import sole_writer
from offerpress.site.site import Site
from offerpress.site.state import json_text, write_cache, write_state
from offerpress.site.unread import unread_templates_and_tables
from rewards import Conserved, Fault, Faulty, Total, conserved_json, day_text, rules_on

if TYPE_CHECKING:  # it is loaded if data changed
    from ledger import Ledger


def remember_snapshot(snapshot: Snapshot, source: str, remarks: Sequence[Fault]) -> None:
    """Note beside the snapshot the source that it was frozen from last, and the remarks about that source."""
    write_state(snapshot.folder / REMARKS_FILE, json_text([asdict(one) for one in remarks]))
    write_state(snapshot.folder / SOURCE_FILE, source)


def holds(found: Iterable[Conserved]) -> bool:
    """Return whether no line is lost or doubled."""
    return all(one.difference == Total(0, 0) for one in found)


def write_conservation(site: Site, found: Sequence[Conserved], snapshot: Snapshot, as_of: int) -> None:
    """Write `private/reports/conservation.json`."""
    report = {
        "as_of": day_text(as_of),
        "snapshot": snapshot.digest,
        "holds": holds(found),
        "equations": [conserved_json(one) for one in found],
    }
    write_state(site.make_private() / CONSERVATION_FILE, json_text(report))


@dataclass(frozen=True, slots=True)
class Figures(StatementSource):
    """That from which statements are computed, and the content that tells of them.

    `inputs` are the digests of all files, taken before they were read. `remarks` are about content and data.
    """

    content: Content
    partner_count: int
    remarks: tuple[Fault, ...]
    inputs: Digests


Convert = Callable[[Site], None]


@contextmanager
def open_figures(
    site: Site,
    *,
    need_keys: bool = True,
    snapshots: Path | None = None,
    taken: TakenInputs | None = None,
    convert: Convert | None = None,
) -> Iterator[Figures]:
    """Read content, data and keys, and freeze the snapshot in `snapshots` (by default in the private folder).

    A snapshot of the same sources in the private folder is used as it is. Digests that were `taken` before are used,
    unless the settings name other data by now. If no earlier command kept what its texts give, `convert` may make
    that known first.

    Raises `Faulty` with every fault of all three. If the caller raises `Faulty` inside the block, the snapshot that
    this call made is removed, so that a refused command leaves nothing behind.
    """
    paths = site.settings.data.paths
    if taken is None or taken.paths != paths:
        taken = TakenInputs.of(site, paths)
    data, inputs = taken.data, dict(taken.inputs)
    faults: list[Fault] = []
    content = _content(site, inputs[CODE], convert, faults)
    faults.extend(unread_templates_and_tables(site, data))
    keys = wanted_keys(site, need_keys=need_keys, faults=faults)
    before, source = len(faults), None
    if content is not None and not any(fault.severity == "fault" for fault in faults):
        source = source_key(site, content.policy, keys, inputs[CODE], data)
    with ExitStack() as stack:
        known = known_snapshot(site.snapshots, source) if source else None
        if known:
            snapshot, remarks = known
            faults = [*sorted_faults(faults), *remarks]  # in the order of `_read`
        else:
            ledger = _read(site, content, faults, inputs[CODE])
            frozen = _frozen(site, ledger, keys, snapshots)
            snapshot = stack.enter_context(frozen)
            if source and snapshots is None:
                stack.enter_context(_remembered(site, snapshot, source, faults[before:]))
        assert content is not None
        as_of = site.day(content.policy.program.timezone)
        rules = rules_on(content.policy, snapshot.rates, as_of)
        inputs[DAY] = day_text(as_of)
        yield Figures(site, rules, snapshot, keys, content, snapshot.account_count, tuple(faults), inputs)
        if snapshots is None and TEXT_RESULTS.has_new:
            write_cache(site.private / TEXTS_FILE, TEXT_RESULTS.written(inputs[CODE]))
        if snapshots is None:
            keep_policy(site, inputs, content.policy)


def _content(site: Site, code: str, convert: Convert | None, faults: list[Fault]) -> Content | None:
    know_texts(site, code)
    if convert and TEXT_RESULTS.is_empty:
        convert(site)
    return read_content(site.folder, site.settings.site, faults)


def know_texts(site: Site, code: str) -> None:
    """Know the results that an earlier command kept of the texts of the site; `code` is the program's digest."""
    with suppress(OSError):
        TEXT_RESULTS.read((site.private / TEXTS_FILE).read_bytes(), code)


def _read(site: Site, content: Content | None, faults: list[Fault], code: str) -> "Ledger":
    """Read the ledger; raises `Faulty` with every fault of content and ledger."""
    from ledger import KeptTables, read  # noqa: PLC0415 - only data that changed is read

    sound = content or read_sound_content(site.folder, site.settings.site)
    data = site.settings.data
    of_data: list[Fault] = []
    ledger = None
    if sound:
        facts = (sound.policy.program, sorted(sound.policy.cashback_slugs))
        kept = KeptTables(site.tables, parts_digest(code, *map(repr, facts)))
        ledger = read(data, site.folder, sound.policy, of_data, site.environment, kept)
    # Those of data come in an order of their own: causes first.
    faults[:] = [*sorted_faults(faults), *of_data]
    if content is None or ledger is None or any(fault.severity == "fault" for fault in faults):
        if ledger is not None:
            ledger.close()
        raise Faulty(sorted(faults, key=lambda fault: fault.severity != "fault"))
    return ledger


def sorted_faults(faults: list[Fault]) -> list[Fault]:
    """Sort faults before remarks, then by file and place."""
    return sorted(
        faults, key=lambda f: (f.severity != "fault", f.file, f.line or f.row or 0, f.field, f.what)
    )


@contextmanager
def _remembered(site: Site, snapshot: Snapshot, source: str, remarks: Sequence[Fault]) -> Iterator[None]:
    """Remember the snapshot under its source, unless the block fails."""
    yield
    with sole_writer(site):
        remember_snapshot(snapshot, source, remarks)


@contextmanager
def _frozen(
    site: Site, ledger: "Ledger", keys: SiteKeys | None, snapshots: Path | None
) -> Iterator[Snapshot]:
    """Freeze that ledger under those keys unless it is frozen already, and close it; removed again on `Faulty`."""
    from generator import shard_bits  # noqa: PLC0415 - only data that changed is frozen
    from ledger import freeze  # noqa: PLC0415 - likewise

    folder = snapshots or site.snapshots
    of_keys = keys.digest[:8] if keys else "nokeys"
    with ledger:
        bits = shard_bits(len(ledger.partner_ids))
        known = _known_shards(site.snapshots, of_keys, bits)
        # While the database writes the rows that the digest is over, Python derives links, and asks it nothing.
        with ThreadPoolExecutor(1) as beside:
            digest = beside.submit(lambda: ledger.digest)
            shards = {
                partner: known[partner] if partner in known else _shard(partner, keys, bits)
                for partner in ledger.partner_ids
            }
        place = folder / f"{digest.result()[:16]}-{of_keys}"
        made = [path for path in (place, site.tables, folder, site.private) if not path.exists()]
        with nullcontext() if snapshots else sole_writer(site):
            snapshot = opened_snapshot(place)
            # A snapshot is frozen again if it is damaged, if an older version wrote it, or if a forgotten partner has
            # returned to the data.
            if snapshot is None or not snapshot.has_digests or snapshot.digest != ledger.digest:
                folder.mkdir(parents=True, exist_ok=True)
                snapshot = freeze(ledger, shards, place)
        if snapshots is None and ledger.kept is not None:
            ledger.kept.store()
    try:
        yield snapshot
    except Faulty:
        _take_back(made, (place, site.tables))
        raise


def _take_back(made: Sequence[Path], whole: Collection[Path]) -> None:
    """Remove what was made: the folders that are not `whole` as far as they are empty."""
    for path in made:
        if path in whole:
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _known_shards(folder: Path, of_keys: str, bits: int) -> dict[str, int]:
    """Return the shards in the newest snapshot under the same keys: they cost a link for each partner."""
    from generator import shard_bits  # noqa: PLC0415 - only data that changed is frozen

    with suppress(LedgerError, OSError):
        found = folder.glob(f"[!.]*-{of_keys}")
        newest = max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
        snapshot = Snapshot.open(newest) if newest else None
        if snapshot and not snapshot.erased and shard_bits(snapshot.account_count) == bits:
            return snapshot.partner_shards()
    return {}


def _shard(partner_id: str, keys: SiteKeys | None, bits: int) -> int:
    if keys:
        return keys.link(partner_id).shard(bits)
    # Without keys nothing is published, and any even spread will do.
    return int.from_bytes(sha256(partner_id.encode()).digest()[:4]) >> (32 - bits)
