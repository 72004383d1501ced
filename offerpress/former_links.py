"""What a build publishes beside the present statements while the links of a former site secret still open."""

from collections.abc import Mapping
from dataclasses import replace

from generator import pack_artifacts, with_former
from offerpress.figures import Figures
from offerpress.shards import workshop_of
from offerpress.site_keys import SiteKeys


def with_former_links(figures: Figures, former: SiteKeys, artifacts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The artifacts under `statement/`, and every statement once more as the former links open it."""
    workshop = workshop_of(replace(figures, keys=former))
    built = [workshop.build(shard) for shard in figures.snapshot.shards]
    if figures.site.settings.statements.access == "plain":
        return {**artifacts, **{path: data for one in built for path, data in one.plain.items()}}
    sealed = [record for one in built for record in one.sealed]
    return with_former(artifacts, pack_artifacts(sealed, former.secret, former.key_version))
