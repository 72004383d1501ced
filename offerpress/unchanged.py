"""The build that has nothing to do: found out before anything is loaded that could do it."""

from datetime import date
from hashlib import sha256
from pathlib import Path

from offerpress.folder import SiteFolder
from offerpress.inputs import DATABASE, data_digests, input_digests
from offerpress.manifest import last_build
from offerpress.moment import Moment
from offerpress.outcome import Outcome


def unchanged_build(site: SiteFolder, output: Path, moment: Moment) -> Outcome | None:
    """What a build would say now, if it would make the same of the same and find it published; None if that is open."""
    last = last_build(site.private)
    if last is None or last.output != output or not last.zone or DATABASE in last.inputs:
        return None
    data = data_digests(site.folder, last.data, moment.environment)
    day = date.fromordinal(moment.day(last.zone)).isoformat()
    if input_digests(site, data, moment, day) != dict(last.inputs):
        return None
    snapshot = site.snapshots / last.snapshot / "snapshot.json"
    if not snapshot.is_file() or sha256(snapshot.read_bytes()).hexdigest() != last.stamp:
        return None
    if not last.still_there:
        return None
    return Outcome(last.as_of, last.partners, last.snapshot_digest, len(last.places))
