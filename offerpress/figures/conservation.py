"""The conservation report: every line of the ledger in its place, kept beside the build that it belongs to."""

from collections.abc import Iterable, Sequence

from ledger import Snapshot
from offerpress.site.folder import CONSERVATION_FILE
from offerpress.site.site import Site
from offerpress.site.state import json_text, write_state
from rewards import Conserved, Rules, Tally, Total, conserved_json, day_text, equations


def conserved(tally: Tally, snapshot: Snapshot, rules: Rules) -> list[Conserved]:
    """The tally of all of the snapshot's statements beside what the snapshot's own lines add up to."""
    return equations(tally, snapshot.totals(), rules)


def holds(found: Iterable[Conserved]) -> bool:
    """Whether nothing is lost or doubled."""
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
