"""Content + snapshot → `output/`: nothing of the old site is touched before every figure and page is known to be right.

What the last build made from the same inputs is left as it is; `offerpress.build.changes` decides that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from generator import (
    ArtifactContent,
    NewTree,
    Packing,
    Publication,
    SealedShard,
    bits_of,
    publish_tree,
    shard_bits,
)
from offerpress.build.changes import Comparison
from offerpress.build.manifest import (
    Manifest,
    last_build,
    places_in,
    write_manifest,
)
from offerpress.build.sealed import SealedFolder
from offerpress.build.shards import (
    BuiltShard,
    built_shards,
    statement_page,
    with_former_links,
    workshop_of,
)
from offerpress.build.unchanged import BuildReport
from offerpress.build.workers import Engine, alone
from offerpress.figures.checking import campaign_faults, rendered_site
from offerpress.figures.conservation import conserved, write_conservation
from offerpress.figures.figures import Figures, open_figures
from offerpress.site.keys import SiteKeys
from offerpress.site.site import Site
from offerpress.terminal import Progress, progress
from rewards import (
    Fault,
    Faulty,
    Tally,
    require_conserved,
)

PUBLIC = "public pages"
Artifacts = Iterator[tuple[str, ArtifactContent]]


@dataclass(frozen=True, slots=True)
class Build:
    """What a build did: how many partners it holds, what became of the files, and why each part was made anew."""

    partners: int
    publication: Publication
    reasons: tuple[tuple[str, str], ...] = ()


def build(
    figures: Figures,
    output: Path,
    progress: Progress,
    *,
    engine: Engine = alone,
    remember: bool = True,
) -> Build:
    """Computes, renders and seals what changed, then publishes it in one exchange.

    Before that it raises `Faulty`, `NotConserved` where the figures do not add up to the ledger, and `WorkerDied`.
    `engine` says who computes; the bytes are the same whoever does. `remember` writes the manifest that the next build
    and `verify` compare with; a preview does not.
    """
    site = figures.site
    last = last_build(site) if remember else None
    folder = site.sealed if remember else site.private / "preview-sealed"
    with SealedFolder.opened(folder) as sealed:
        comparison = Comparison.of(figures, last, output)
        building = _Building(figures, output, comparison, sealed, progress, engine, remember=remember)
        building.compute()
        files: dict[str, str] = {}
        publication = publish_tree(output, _digested(building.artifacts(), comparison.before, files))
        sealed.keep()
        if remember:
            write_manifest(site, building.manifest(files))
    return Build(figures.partner_count, publication, tuple(building.reasons))


@dataclass
class _Building:
    """One build on its way."""

    figures: Figures
    output: Path
    comparison: Comparison
    sealed: SealedFolder
    progress: Progress
    engine: Engine
    remember: bool
    faults: list[Fault] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    bits: dict[int, int] = field(default_factory=dict)
    public: dict[str, bytes | None] = field(default_factory=dict)

    def compute(self) -> None:
        """Public pages and sealed shards; raises `Faulty` and `NotConserved`.

        Plain statements are left for later: they are too large to be kept until then.
        """
        self.public = self._public_pages()
        if self.figures.site.settings.statements.access == "plain":
            return
        self._seal()
        self.tally = self.sealed.tally()
        self._require_sound()

    def artifacts(self) -> Artifacts:
        """Every file with its content, which is None where the published one stays."""
        yield from self.public.items()
        keys = self.figures.keys
        if keys is None or self.figures.site.settings.statements.access == "none":
            return
        former = keys.former_keys(self.figures.site.today)
        statements = self._statements(keys)
        yield from with_former_links(self.figures, former, statements, self.engine) if former else statements

    def manifest(self, files: dict[str, str]) -> Manifest:
        """What is to be remembered of this build."""
        figures, comparison = self.figures, self.comparison
        return Manifest(
            as_of=figures.rules.as_of,
            snapshot=figures.snapshot.folder.name,
            snapshot_digest=figures.snapshot.digest,
            output=self.output,
            files=dict(sorted(files.items())),
            partners=figures.partner_count,
            stamp=figures.snapshot.stamp,
            zone=figures.rules.program.timezone,
            data=figures.site.settings.data.paths,
            inputs=comparison.inputs,
            places=places_in(self.output),
            public=comparison.public,
            statements=comparison.statements,
            shards=comparison.shards,
            bits=self.bits,
        )

    def _public_pages(self) -> dict[str, bytes | None]:
        """Everything but statements: the same for every ledger."""
        figures, before = self.figures, self.comparison.before
        if before and self.comparison.keeps_public:
            access = figures.site.settings.statements.access
            of_partners = "statement/" if access == "plain" else "statement/packs/"
            return dict.fromkeys(path for path in before.files if not path.startswith(of_partners))
        self.reasons.append((PUBLIC, self.comparison.why_public))
        site, as_of = figures.site, figures.rules.as_of
        pages: dict[str, bytes | None] = {**rendered_site(figures.content, site, as_of, self.faults)}
        self.faults += campaign_faults(figures.content, site, as_of)
        if site.settings.statements.access == "link":
            pages |= statement_page(figures)
        return pages

    def _seal(self) -> None:
        """Every shard whose records are not kept from an earlier build."""
        keys = self.comparison.shards
        trusted = self.comparison.same_snapshot
        wanted = [n for n, key in keys.items() if not (trusted and self.sealed.has(n, key))]
        for built in built_shards(self.figures, wanted, self.engine):
            self._take(built)

    def _plain(self) -> Artifacts:
        """Every partner's own folder, a shard at a time; those stay whose shards did not change."""
        keys, changed = self.comparison.shards, self.comparison.changed_shards
        kept = {n for n in keys.keys() - changed if self.sealed.has(n, keys[n])}
        yield from ((path, None) for path in self.sealed.files(sorted(kept)))
        wanted = [n for n in keys if n not in kept]
        for built in built_shards(self.figures, wanted, self.engine, tree=NewTree.of(self.output)):
            self._take(built)
            yield from built.plain.items()
            yield from built.placed.items()
        self.tally = self.sealed.tally()

    def _take(self, built: BuiltShard) -> None:
        """Notes what became of a shard that was made anew."""
        self.faults += map(self.figures.placed, built.faults)
        self.progress(built.partners)
        if not self.faults:
            self.sealed.put(built, self.comparison.shards[built.shard])
        self.reasons.append((f"statements of shard {built.shard}", self.comparison.why_shard))

    def _require_sound(self) -> None:
        """Raises `Faulty`, and `NotConserved` where lines were lost or doubled."""
        if self.faults:
            raise Faulty(self.faults)
        figures = self.figures
        found = conserved(self.tally, figures.snapshot, figures.rules)
        if self.remember:
            write_conservation(figures.site, found, figures.snapshot, figures.rules.as_of)
        require_conserved(found)

    def _statements(self, keys: SiteKeys) -> Artifacts:
        """What the present links open."""
        if self.figures.site.settings.statements.access == "link":
            yield from self._packs(keys)
            return
        yield from workshop_of(self.figures).renderer.plain_artifacts().items()
        yield from self._plain()
        self._require_sound()

    def _packs(self, keys: SiteKeys) -> Artifacts:
        """The packs; those stay whose shards did not change."""
        figures, changed = self.figures, self.comparison.changed_shards
        self.bits = bits_of(self.sealed.prefixes())
        before = self.comparison.before.bits if self.comparison.before else {}
        packing = Packing(self.bits, shard_bits(figures.partner_count), keys.secret, keys.key_version)

        def wanted(slot: int, shards: range) -> bool:
            return before.get(slot) != self.bits[slot] or not changed.isdisjoint(shards)

        return packing.artifacts(lambda shards: self.sealed.shards(shards, self._anew), wanted)

    def _anew(self, shard: int) -> SealedShard:
        """The records of a shard whose file was damaged after it was written."""
        return workshop_of(self.figures).build(shard).sealed


def _digested(artifacts: Artifacts, before: Manifest | None, files: dict[str, str]) -> Artifacts:
    """The same artifacts; on the way `files` gets the SHA-256 of each."""
    for path, content in artifacts:
        if content is None:
            assert before is not None
            files[path] = before.files[path]
        else:
            files[path] = sha256(content).hexdigest() if isinstance(content, bytes) else content.digest
        yield path, content


# A build from a site folder: figures opened, computed by a pool, and told.


def rebuild(site: Site, output: Path, engine: Engine, *, quiet: bool) -> BuildReport:
    """Builds the site into `output`; raises what `open_figures` and `build` raise."""
    with (
        open_figures(site) as figures,
        progress("Building", figures.partner_count, quiet=quiet) as advance,
    ):
        done = build(figures, output, advance, engine=engine)
    files = done.publication
    day, digest = figures.rules.as_of, figures.snapshot.digest
    return BuildReport(day, done.partners, digest, files.kept, files.changed, files.gone, done.reasons)
