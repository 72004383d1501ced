"""A shard's statements, rendered and sealed: the unit that a build spreads over processes.

A task holds paths and numbers only. A worker reads content and keys itself, from the site folder and its own
environment, so that no secret and no partner data travels as an argument.
"""

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from generator import SealedRecord, StatementRenderer, offer_words, read_content, seal
from ledger import Snapshot
from offerpress.figures import Figures
from offerpress.folder import OfferpressError
from offerpress.site import Site, open_site
from offerpress.site_keys import SiteKeys, read_site_keys
from rewards import Fault, Faulty, Rules, Tally, compute_statement, rules_on


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Which shard of which snapshot, and for which site; `base_url` may differ from the settings' in a preview."""

    folder: Path
    base_url: str
    snapshot: Path
    as_of: int
    shard: int


@dataclass(frozen=True, slots=True)
class BuiltShard:
    """What became of a shard: sealed records or plain files, or the faults that stand in the way.

    `tally` says where each line of the shard's accounts went.
    """

    partners: int
    tally: Tally
    sealed: tuple[SealedRecord, ...]
    plain: Mapping[str, bytes]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every shard of one build needs."""

    site: Site
    rules: Rules
    snapshot: Snapshot
    keys: SiteKeys
    renderer: StatementRenderer

    def build(self, shard: int) -> BuiltShard:
        """Every statement of that shard, in order of partner id."""
        plainly = self.site.settings.statements.access == "plain"
        faults: list[Fault] = []
        tally = Tally()
        sealed: list[SealedRecord] = []
        plain: dict[str, bytes] = {}
        partners = 0
        for account in self.snapshot.accounts(shard):
            partners += 1
            statement = compute_statement(account, self.rules, faults)
            if faults:
                continue  # Nothing will be published: only the other faults are still of interest.
            tally.add(account, statement, self.rules)
            link = self.keys.link(account.partner.partner_id)
            if plainly:
                plain |= self.renderer.plain(account.partner, statement, link)
            else:
                record = self.renderer.record(account.partner, statement, link.reference)
                sealed.append(seal(link, record, account.partner.partner_id))
        return BuiltShard(partners, tally, tuple(sealed), plain, tuple(faults))


def built_shards(figures: Figures, jobs: int) -> Iterator[BuiltShard]:
    """Every shard in order, in this process or in `jobs` others; raises `OfferpressError` if one of them dies."""
    shards = figures.snapshot.shards
    if jobs == 1 or len(shards) == 1:
        yield from map(_workshop_of(figures).build, shards)
        return
    site = figures.site
    place = (site.folder, site.settings.site.base_url, figures.snapshot.folder, figures.rules.as_of)
    with ProcessPoolExecutor(min(jobs, len(shards)), multiprocessing.get_context("spawn")) as executor:
        try:
            yield from executor.map(build_shard, [ShardTask(*place, shard) for shard in shards])
        except BrokenProcessPool as error:
            raise OfferpressError("build: a worker process died; the old site stays; build again") from error


def build_shard(task: ShardTask) -> BuiltShard:
    """One task, in a worker process."""
    return _workshop_at(task.folder, task.base_url, task.snapshot, task.as_of).build(task.shard)


def plain_assets(figures: Figures) -> Mapping[str, bytes]:
    """What all plain statements share."""
    return _workshop_of(figures).renderer.plain_artifacts()


def _workshop_of(figures: Figures) -> Workshop:
    if figures.keys is None:
        raise OfferpressError("no statements: the site has no secret; set OFFERPRESS_SITE_SECRET")
    site = figures.site
    words = offer_words(figures.content, site.settings.site, figures.rules.as_of)
    renderer = StatementRenderer(site.template_folders, site.settings.site, figures.rules.policy, words)
    return Workshop(site, figures.rules, figures.snapshot, figures.keys, renderer)


@lru_cache(maxsize=1)
def _workshop_at(folder: Path, base_url: str, snapshot_folder: Path, as_of: int) -> Workshop:
    site = open_site(folder)
    settings = replace(site.settings, site=site.settings.site.model_copy(update={"base_url": base_url}))
    site = replace(site, settings=settings)
    faults: list[Fault] = []
    content = read_content(folder, settings.site, faults)
    keys = read_site_keys(site.private, os.environ, faults)
    if content is None or keys is None:
        raise Faulty(faults)
    snapshot = Snapshot.open(snapshot_folder)
    rules = rules_on(content.policy, snapshot.rates, as_of)
    return _workshop_of(Figures(site, content, rules, snapshot, keys, 0, ()))
