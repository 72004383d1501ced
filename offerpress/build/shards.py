"""A shard's statements, rendered and sealed: the unit of work that a build hands to processes.

A task holds paths and numbers only. A worker reads content and keys itself, from the site folder and its own
environment, so neither secrets nor partner data travel as arguments.
"""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from generator import (
    NewTree,
    PlacedFile,
    SealedRecord,
    SealedShard,
    StatementRenderer,
    offer_words,
    read_content,
    seal,
    statement_artifacts,
)
from ledger import Snapshot
from offerpress import __version__
from offerpress.build.sharing import (
    SITE,
    SNAPSHOT,
    SharedFiles,
    fetch_files,
    share_files,
)
from offerpress.build.workers import OpenWorkers
from offerpress.figures.figures import Figures, know_texts
from offerpress.site.folder import OfferpressError
from offerpress.site.inputs import code_digest
from offerpress.site.keys import SiteKeys
from offerpress.site.site import Site
from rewards import (
    Account,
    Fault,
    Rules,
    Statement,
    Tally,
    compute_statement,
    counted_lines,
    monthly_sales,
    required,
    rules_on,
)


@dataclass(frozen=True, slots=True)
class Job:
    """The snapshot and the site to build from; in a preview `base_url` differs from the settings'.

    A worker's own keys must have the digest `keys` (empty if statements have no page), and its package must have this
    `version`. If `former` is not 0, the keys are those before the last rotation, on that day. `shared` replaces both
    folders. Plain files go into `tree` if there is one.
    """

    folder: Path
    base_url: str
    snapshot: Path
    as_of: int
    keys: str
    former: int = 0
    version: str = __version__
    shared: SharedFiles | None = None
    tree: NewTree | None = None

    def prepare(self) -> "ShardBuilder":
        """Open the figures in a worker; raises `UnfitWorker`."""
        return shard_builder(figures_at(self), self.tree)


class UnfitWorker(OfferpressError):
    """A worker whose version, keys or data differ from the build's."""


class Part(NamedTuple):
    """What is to be built of a shard: groups of its accounts, or all of it if they are None."""

    shard: int
    groups: frozenset[int] | None = None


class BuiltGroup(NamedTuple):
    """The sealed records of a group of a shard's accounts; `tally` counts every line of these."""

    partners: int
    tally: Tally
    sealed: SealedShard


@dataclass(frozen=True, slots=True)
class BuiltShard:
    """The groups that were built of a shard, with its plain files, or the faults that prevent them.

    Plain files are in `plain` until they are `placed`.
    """

    shard: int
    groups: Mapping[int, BuiltGroup]
    plain: Mapping[str, bytes]
    faults: tuple[Fault, ...]
    placed: Mapping[str, PlacedFile] = field(default_factory=dict)

    @property
    def partners(self) -> int:
        """The number of accounts in the groups that were built."""
        return sum(group.partners for group in self.groups.values())

    @property
    def sealed(self) -> SealedShard:
        """The records of all groups that were built."""
        return SealedShard.joined([group.sealed for _, group in sorted(self.groups.items())])

    def placed_in(self, tree: NewTree | None) -> "BuiltShard":
        """Move the plain files into `tree`, if there is one."""
        if tree is None:
            return self
        placed = {
            path: PlacedFile(sha256(content).hexdigest(), tree.place(path, content))
            for path, content in self.plain.items()
        }
        return replace(self, plain={}, placed=placed)


@dataclass(frozen=True, slots=True)
class ShardBuilder:
    """Builds the shards of one site, rules and snapshot; `keys` is None if statements have no page.

    Plain files go into `tree` if there is one.
    """

    site: Site
    rules: Rules
    snapshot: Snapshot
    keys: SiteKeys | None
    renderer: StatementRenderer
    tree: NewTree | None = None

    def build(self, part: Part) -> BuiltShard:
        """Build every statement of that part of a shard, in the order of partner ids."""
        faults: list[Fault] = []
        groups: dict[int, BuiltGroup] = {}
        plain: dict[str, bytes] = {}
        for number, accounts in self.snapshot.groups(part.shard, part.groups):
            statements = [compute_statement(account, self.rules, faults) for account in accounts]
            if faults:
                continue  # Nothing will be published: only the other faults are still of interest.
            tally = Tally()
            for account, statement in zip(accounts, statements, strict=True):
                tally.add(account, statement, self.rules)
            records, files = self.published(accounts, statements)
            groups[number] = BuiltGroup(len(accounts), tally, SealedShard.of(records))
            plain |= files
        return BuiltShard(part.shard, groups, plain, tuple(faults)).placed_in(self.tree)

    def published(
        self, accounts: Sequence[Account], statements: Sequence[Statement]
    ) -> tuple[list[SealedRecord], Mapping[str, bytes]]:
        """Return the partners' sealed records, or their plain files; neither if statements have no page."""
        access = self.site.settings.statements.access
        if self.keys is None or access == "none":
            return [], {}
        partners = [account.partner for account in accounts]
        months = [monthly_sales(account, self.rules) for account in accounts]
        lines = [counted_lines(*one, self.rules) for one in zip(accounts, statements, strict=True)]
        links = [self.keys.link(partner.partner_id) for partner in partners]
        if access == "plain":
            made = map(self.renderer.plain, partners, statements, links, months, lines)
            return [], {path: content for files in made for path, content in files.items()}
        references = [link.reference for link in links]
        records = list(map(self.renderer.record, partners, statements, references, months, lines))
        return list(map(seal, links, records, (partner.partner_id for partner in partners))), {}


@contextmanager
def built_shards(
    figures: Figures,
    parts: Sequence[Part],
    open_workers: OpenWorkers,
    *,
    former: bool = False,
    tree: NewTree | None = None,
) -> Iterator[Iterator[BuiltShard]]:
    """Build those parts of shards with the workers that `open_workers` opens, in their order.

    Processes begin at once, and end with the block. With `former` the keys of `figures` are those before the last
    rotation. Workers on this machine write plain files into `tree`. Raises `WorkerDied`.
    """
    with open_workers(len(parts), figures.snapshot.close) as workers, ExitStack() as stack:
        tree = tree if workers.is_here else None
        job = replace(job_of(figures, former=former), tree=tree)
        if workers.share:
            what = stack.enter_context(share_files(figures.site, figures.snapshot, workers.share))
            job = replace(job, folder=Path(), snapshot=Path(), shared=what)
        yield workers.results(job, shard_builder(figures, tree), ShardBuilder.build, parts)


def statement_page(figures: Figures) -> Mapping[str, bytes]:
    """Return the page that opens private links and its assets, without packs."""
    site, as_of = figures.site, figures.rules.as_of
    words = offer_words(figures.content, site.settings.site, as_of)
    return statement_artifacts(site.template_folders, site.settings.site, figures.rules.policy, words, as_of)


def shard_builder(figures: Figures, tree: NewTree | None = None) -> ShardBuilder:
    """Return the builder of these figures' shards; plain files go into `tree` if there is one."""
    site = figures.site
    words = offer_words(figures.content, site.settings.site, figures.rules.as_of)
    renderer = StatementRenderer(site.template_folders, site.settings.site, figures.rules.policy, words)
    return ShardBuilder(site, figures.rules, figures.snapshot, figures.keys, renderer, tree)


def job_of(figures: Figures, *, former: bool = False) -> Job:
    """Return the job from which a worker gets the same figures; `former` is that of `built_shards`."""
    site, keys = figures.site, figures.keys
    return Job(
        site.folder,
        site.settings.site.base_url,
        figures.snapshot.folder,
        figures.rules.as_of,
        keys.digest if keys else "",
        figures.site.today if former else 0,
    )


def figures_at(job: Job) -> Figures:
    """Open the figures of a job in a worker process; raises `UnfitWorker` if they would differ from the job's."""
    if job.version != __version__:
        raise _unfit(f"it runs offerpress {__version__}, the build {job.version}", "install the same version")
    if job.shared is not None:
        folders = fetch_files(job.shared)
        job = replace(job, folder=folders[SITE], snapshot=folders[SNAPSHOT])
    if not job.folder.is_dir():
        raise _unfit(f"it has no site folder {job.folder}", "put the site there, or mount it")
    if not job.snapshot.is_dir():
        raise _unfit(f"it has no snapshot {job.snapshot}", "share the site's private/snapshots with it")
    site = Site(job.folder, datetime.now(UTC), os.environ)
    settings = replace(site.settings, site=site.settings.site.model_copy(update={"base_url": job.base_url}))
    site = replace(site, given=settings)
    keys = _worker_keys(job, site) if job.keys else None
    know_texts(site, code_digest())
    content = required(lambda faults: read_content(job.folder, settings.site, faults))
    snapshot = Snapshot.open(job.snapshot)
    rules = rules_on(content.policy, snapshot.rates, job.as_of)
    return Figures(site, rules, snapshot, keys, content, snapshot.account_count, (), {})


def _unfit(why: str, remedy: str) -> UnfitWorker:
    return UnfitWorker(f"the worker on {platform.node()} cannot build: {why}; {remedy}")


def _worker_keys(job: Job, site: Site) -> SiteKeys:
    faults: list[Fault] = []
    keys = site.read_keys(faults)
    if keys is None:
        raise _unfit(faults[0].what, faults[0].remedy)
    if job.former:
        keys = keys.former_keys(job.former)
    if keys is None or keys.digest != job.keys:
        remedy = "give it the same OFFERPRESS_SITE_SECRET and private/epochs.json"
        raise _unfit("its site secret or epochs are not those of the build", remedy)
    return keys
