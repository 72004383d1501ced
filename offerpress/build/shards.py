"""A shard's statements, rendered and sealed: the unit that a build spreads over processes.

A task holds paths and numbers only. A worker reads content and keys itself, from the site folder and its own
environment, so that no secret and no partner data travels as an argument.
"""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from generator import (
    PACKS_INDEX,
    ArtifactContent,
    NewTree,
    PlacedFile,
    SealedShard,
    StatementRenderer,
    former_packs,
    merged_index,
    offer_words,
    packs_of,
    read_content,
    seal,
    statement_artifacts,
)
from ledger import Snapshot
from offerpress import __version__
from offerpress.build.sharing import (
    SITE,
    SNAPSHOT,
    Shared,
    fetched,
    shared,
)
from offerpress.build.workers import Engine
from offerpress.figures.figures import Figures
from offerpress.site.folder import OfferpressError
from offerpress.site.keys import SiteKeys
from offerpress.site.site import Site
from rewards import (
    Fault,
    Faulty,
    Rules,
    Tally,
    compute_statement,
    monthly_sales,
    rules_on,
)


@dataclass(frozen=True, slots=True)
class Job:
    """Which snapshot of which site; `base_url` may differ from the settings' in a preview.

    `keys` and `version` are what the worker's own keys and code must be: their digest (empty where statements have no
    page), and the version of this package. With `former` the keys are those before the last rotation, on that day. What
    was `shared` takes the place of both folders.
    """

    folder: Path
    base_url: str
    snapshot: Path
    as_of: int
    keys: str
    former: int = 0
    version: str = __version__
    shared: Shared | None = None


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard of a job; plain files are placed in `tree` if there is one."""

    job: Job
    shard: int
    tree: NewTree | None = None


class UnfitWorker(OfferpressError):
    """A worker that cannot give the bytes that the build needs."""


@dataclass(frozen=True, slots=True)
class BuiltShard:
    """What became of a shard: sealed records or plain files, or the faults that stand in the way.

    `tally` says where each line of the shard's accounts went. Plain files are in `plain` until they are `placed`.
    """

    shard: int
    partners: int
    tally: Tally
    sealed: SealedShard
    plain: Mapping[str, bytes]
    faults: tuple[Fault, ...]
    placed: Mapping[str, PlacedFile] = field(default_factory=dict)

    def placed_in(self, tree: NewTree | None) -> "BuiltShard":
        """The same with its plain files in `tree`, if there is one."""
        if tree is None:
            return self
        placed = {
            path: PlacedFile(sha256(content).hexdigest(), tree.place(path, content))
            for path, content in self.plain.items()
        }
        return replace(self, plain={}, placed=placed)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every shard of one build needs; `keys` is None where statements have no page."""

    site: Site
    rules: Rules
    snapshot: Snapshot
    keys: SiteKeys | None
    renderer: StatementRenderer

    def build(self, shard: int) -> BuiltShard:
        """Every statement of that shard, in order of partner id."""
        access = self.site.settings.statements.access
        keys = None if access == "none" else self.keys
        faults: list[Fault] = []
        tally = Tally()
        sealed = []
        plain: dict[str, bytes] = {}
        partners = 0
        for account in self.snapshot.accounts(shard):
            partners += 1
            statement = compute_statement(account, self.rules, faults)
            if faults:
                continue  # Nothing will be published: only the other faults are still of interest.
            tally.add(account, statement, self.rules)
            if keys is None:
                continue
            link = keys.link(account.partner.partner_id)
            months = monthly_sales(account, self.rules)
            if access == "plain":
                plain |= self.renderer.plain(account.partner, statement, link, months)
            else:
                record = self.renderer.record(account.partner, statement, link.reference, months)
                sealed.append(seal(link, record, account.partner.partner_id))
        return BuiltShard(shard, partners, tally, SealedShard.of(sealed), plain, tuple(faults))


def built_shards(
    figures: Figures,
    shards: Sequence[int],
    engine: Engine,
    *,
    former: bool = False,
    tree: NewTree | None = None,
) -> Iterator[BuiltShard]:
    """Those shards in their order, computed where `engine` says; raises `WorkerDied`.

    `former`: the keys of `figures` are those before the last rotation. Whoever works on this machine places plain files
    in `tree`.
    """
    job = job_of(figures, former=former)
    with engine(len(shards)) as team, ExitStack() as stack:
        if team.share:
            what = stack.enter_context(shared(figures.site, figures.snapshot, team.share))
            job = replace(job, folder=Path(), snapshot=Path(), shared=what)
        tree = tree if team.is_here else None
        if team.executor is None:
            workshop = workshop_of(figures)
            yield from (workshop.build(shard).placed_in(tree) for shard in shards)
        else:
            yield from team.results(build_shard, [ShardTask(job, shard, tree) for shard in shards])


def build_shard(task: ShardTask) -> BuiltShard:
    """One task, in a worker process; raises `UnfitWorker` where that cannot give the bytes that the build needs."""
    return _workshop_at(task.job).build(task.shard).placed_in(task.tree)


def statement_page(figures: Figures) -> Mapping[str, bytes]:
    """The page that opens private links and what belongs to it, without packs."""
    site, as_of = figures.site, figures.rules.as_of
    words = offer_words(figures.content, site.settings.site, as_of)
    return statement_artifacts(site.template_folders, site.settings.site, figures.rules.policy, words, as_of)


def workshop_of(figures: Figures) -> Workshop:
    """What building the shards of these figures needs."""
    site = figures.site
    words = offer_words(figures.content, site.settings.site, figures.rules.as_of)
    renderer = StatementRenderer(site.template_folders, site.settings.site, figures.rules.policy, words)
    return Workshop(site, figures.rules, figures.snapshot, figures.keys, renderer)


@lru_cache(maxsize=1)
def _workshop_at(job: Job) -> Workshop:
    return workshop_of(figures_at(job))


def job_of(figures: Figures, *, former: bool = False) -> Job:
    """What a worker needs to know to have the same figures; `former` as of `built_shards`."""
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
    """The figures of a job, in a worker process; raises `UnfitWorker` where they would not be those of the job."""
    if job.version != __version__:
        raise _unfit(f"it runs offerpress {__version__}, the build {job.version}", "install the same version")
    if job.shared is not None:
        folders = fetched(job.shared)
        job = replace(job, folder=folders[SITE], snapshot=folders[SNAPSHOT])
    if not job.folder.is_dir():
        raise _unfit(f"it has no site folder {job.folder}", "put the site there, or mount it")
    if not job.snapshot.is_dir():
        raise _unfit(f"it has no snapshot {job.snapshot}", "share the site's private/snapshots with it")
    site = Site(job.folder, datetime.now(UTC), os.environ)
    settings = replace(site.settings, site=site.settings.site.model_copy(update={"base_url": job.base_url}))
    site = replace(site, given=settings)
    keys = _worker_keys(job, site) if job.keys else None
    faults: list[Fault] = []
    content = read_content(job.folder, settings.site, faults)
    if content is None:
        raise Faulty(faults)
    snapshot = Snapshot.open(job.snapshot)
    rules = rules_on(content.policy, snapshot.rates, job.as_of)
    return Figures(site, content, rules, snapshot, keys, snapshot.account_count, (), {})


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


# What a build publishes beside the present statements while the links of a former site secret still open.

Artifacts = Iterator[tuple[str, ArtifactContent]]


def with_former_links(figures: Figures, former: SiteKeys, artifacts: Artifacts, engine: Engine) -> Artifacts:
    """The artifacts under `statement/`, and every statement once more as the former links open it."""
    shards = figures.snapshot.shards
    built = list(built_shards(replace(figures, keys=former), shards, engine, former=True))
    if faults := [figures.placed(fault) for one in built for fault in one.faults]:
        raise Faulty(faults)
    if figures.site.settings.statements.access == "plain":
        yield from artifacts
        yield from (file for one in built for file in one.plain.items())
        return
    packs = packs_of([one.sealed for one in built], former.secret, former.key_version)
    for path, content in artifacts:
        yield (
            path,
            merged_index(content, packs[PACKS_INDEX])
            if path == PACKS_INDEX and isinstance(content, bytes)
            else content,
        )
    yield from former_packs(packs).items()
