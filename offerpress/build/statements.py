"""The statements of a build: shards sealed and packed, or a plain folder for every partner.

Shards that did not change keep their sealed records, and packs without a changed shard stay as they were published.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from generator import (
    PACKS_INDEX,
    ArtifactContent,
    NewTree,
    Packing,
    SealedShard,
    bits_of,
    former_packs,
    merged_index,
    packs_of,
    shard_bits,
)
from offerpress.build.changes import Comparison
from offerpress.build.sealed import SealedFolder
from offerpress.build.shards import BuiltShard, Part, built_shards, shard_builder
from offerpress.build.workers import OpenWorkers
from offerpress.figures.figures import Figures, write_conservation
from offerpress.figures.statements import conserved
from offerpress.site.folder import CONSERVATION_FILE
from offerpress.site.inputs import parts_digest
from offerpress.site.keys import SiteKeys
from offerpress.terminal import Progress
from rewards import Fault, Faulty, require_conserved

Artifacts = Iterator[tuple[str, ArtifactContent]]


@dataclass
class StatementBuild:
    """Computes the statements of one build, and returns their files; `reasons` says why each shard was made anew.

    `conserved` is a digest over the sums and lines that were found equal.
    """

    figures: Figures
    comparison: Comparison
    sealed: SealedFolder
    open_workers: OpenWorkers
    progress: Progress
    faults: list[Fault] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    bits: dict[int, int] = field(default_factory=dict)
    conserved: str = ""

    @contextmanager
    def computed(self) -> Iterator[None]:
        """Seal every shard that changed; workers begin before the block and are waited for after it.

        Raises `Faulty` and `NotConserved`. Plain statements are computed while they are published: they are too large
        to be kept until then.
        """
        if self._access == "plain":
            yield
            return
        keys = self.comparison.shards
        wanted = [self._lacking(shard) for shard in keys if not self._is_kept(shard, keys[shard])]
        with built_shards(self.figures, wanted, self.open_workers) as shards:
            yield
            for built in shards:
                self._take(built)
        self._require_sound()

    def artifacts(self) -> Artifacts:
        """Return every file of the statements; its content is None if the published one stays."""
        keys = self.figures.keys
        if keys is None or self._access == "none":
            return
        present = self._packs(keys) if self._access == "link" else self._plain()
        former = keys.former_keys(self.figures.site.today)
        yield from self._with_former_links(former, present) if former else present

    @property
    def _access(self) -> str:
        return self.figures.site.settings.statements.access

    def _is_kept(self, shard: int, key: str) -> bool:
        return self.comparison.same_snapshot and self.sealed.has(shard, key)

    def _group_keys(self, shard: int) -> list[str]:
        """Return the key of each group of a shard; none if the snapshot does not tell groups apart."""
        digests = self.figures.snapshot.group_digests(shard)
        return [parts_digest(self.comparison.statements, one) for one in digests]

    def _lacking(self, shard: int) -> Part:
        """Return the groups of a shard that differ from those in its last file, by the keys of all their inputs."""
        keys = self._group_keys(shard)
        return Part(
            shard, self.sealed.lacking(shard, keys) if keys and self.comparison.same_snapshot else None
        )

    def _take(self, built: BuiltShard) -> None:
        """Keep a shard that was made anew."""
        self.faults += map(self.figures.placed, built.faults)
        if not self.faults:
            keys = self._group_keys(built.shard)
            whole = self.sealed.completed(built, keys)
            built = whole or shard_builder(self.figures).build(Part(built.shard))
            self.sealed.put(built, self.comparison.shards[built.shard], keys)
        self.progress(built.partners)
        self.reasons.append((f"statements of shard {built.shard}", self.comparison.why_shard))

    def _require_sound(self) -> None:
        """Raise `Faulty`, and `NotConserved` if lines were lost or doubled."""
        if self.faults:
            raise Faulty(self.faults)
        figures, before, tally = self.figures, self.comparison.before, self.sealed.tally()
        sums = map(repr, sorted(tally.rows()))
        self.conserved = parts_digest(figures.snapshot.stamp, self.comparison.statements, *sums)
        report = figures.site.private / CONSERVATION_FILE
        if before and before.conserved == self.conserved and report.is_file():
            return  # the last build compared the same sums with the same lines
        found = conserved(tally, figures.snapshot, figures.rules)
        write_conservation(figures.site, found, figures.snapshot, figures.rules.as_of)
        require_conserved(found)

    def _packs(self, keys: SiteKeys) -> Artifacts:
        figures, changed = self.figures, self.comparison.changed_shards
        self.bits = bits_of(self.sealed.prefixes())
        before = self.comparison.before.bits if self.comparison.before else {}
        packing = Packing(self.bits, shard_bits(figures.partner_count), keys.secret, keys.key_version)

        def wanted(slot: int, shards: range) -> bool:
            return before.get(slot) != self.bits[slot] or not changed.isdisjoint(shards)

        return packing.artifacts(lambda shards: self.sealed.shards(shards, self._rebuilt), wanted)

    def _rebuilt(self, shard: int) -> SealedShard:
        """Build a shard again whose file was damaged after it was written."""
        return shard_builder(self.figures).build(Part(shard)).sealed

    def _plain(self) -> Artifacts:
        """Return every partner's own folder, a shard at a time; unchanged shards stay as they were published."""
        yield from shard_builder(self.figures).renderer.plain_artifacts().items()
        keys, changed = self.comparison.shards, self.comparison.changed_shards
        kept = {n for n in keys.keys() - changed if self.sealed.has(n, keys[n])}
        yield from ((path, None) for path in self.sealed.files(sorted(kept)))
        wanted = [Part(n) for n in keys if n not in kept]
        tree = NewTree.of(self.comparison.output)
        with built_shards(self.figures, wanted, self.open_workers, tree=tree) as shards:
            for built in shards:
                self._take(built)
                yield from built.plain.items()
                yield from built.placed.items()
        self._require_sound()

    def _with_former_links(self, former: SiteKeys, present: Artifacts) -> Artifacts:
        """Add every statement as the links of a former site secret open it."""
        figures = replace(self.figures, keys=former)
        parts = [Part(shard) for shard in figures.snapshot.shards]
        with built_shards(figures, parts, self.open_workers, former=True) as shards:
            built = list(shards)
        if faults := [figures.placed(fault) for one in built for fault in one.faults]:
            raise Faulty(faults)
        if self._access == "plain":
            yield from present
            yield from (file for one in built for file in one.plain.items())
            return
        packs = packs_of([one.sealed for one in built], former.secret, former.key_version)
        for path, content in present:
            if path == PACKS_INDEX and isinstance(content, bytes):
                yield path, merged_index(content, packs[PACKS_INDEX])
            else:
                yield path, content
        yield from former_packs(packs).items()
