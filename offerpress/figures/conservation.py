"""The conservation report: every line of the ledger in its place, kept beside the build that it belongs to."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ledger import Snapshot
from rewards import Conserved, Rules, Tally, Total, conserved_json, day_text, equations

REPORT = "reports/conservation.json"


def conserved(tally: Tally, snapshot: Snapshot, rules: Rules) -> list[Conserved]:
    """The tally of all of the snapshot's statements beside what the snapshot's own lines add up to."""
    return equations(tally, snapshot.totals(), rules)


def holds(found: Iterable[Conserved]) -> bool:
    """Whether nothing is lost or doubled."""
    return all(one.difference == Total(0, 0) for one in found)


def write_conservation(private: Path, found: Sequence[Conserved], snapshot: Snapshot, as_of: int) -> Path:
    """Writes `reports/conservation.json` in the private folder, unless it says the same already."""
    path = private / REPORT
    report = {
        "as_of": day_text(as_of),
        "snapshot": snapshot.digest,
        "holds": holds(found),
        "equations": [conserved_json(one) for one in found],
    }
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
    return path
