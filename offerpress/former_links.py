"""What a build publishes beside the present statements while the links of a former site secret still open.

All of it is made anew by each build, and is in memory at once: a grace does not last.
"""

from collections.abc import Iterator
from dataclasses import replace

from generator import INDEX, ArtifactContent, former_packs, merged_index, packs_of
from offerpress.engines import Engine
from offerpress.figures import Figures
from offerpress.shards import built_shards
from offerpress.site_keys import SiteKeys
from rewards import Faulty

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
            merged_index(content, packs[INDEX]) if path == INDEX and isinstance(content, bytes) else content,
        )
    yield from former_packs(packs).items()
