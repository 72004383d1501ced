"""How long it takes to read, validate, freeze and compute a large ledger, and how much memory at its peak.

python benchmarks/ledger_scale.py --partners 1000000 --sales 20000000 [--json FILE]
"""

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from workload import SECRET, make_site

from offerpress.figures.figures import open_figures
from offerpress.site.site import Site
from rewards import Fault

AS_OF = date(2023, 12, 31)


def measure(folder: Path) -> dict[str, float]:
    """Seconds of each stage, bytes on disk and the peak of this process in MiB."""
    site = Site(folder, datetime(2023, 12, 31, tzinfo=UTC), {"OFFERPRESS_SITE_SECRET": SECRET}, AS_OF)
    began = time.perf_counter()
    with open_figures(site) as figures:
        frozen = time.perf_counter()
        faults: list[Fault] = []
        partners = sum(1 for _ in figures.statements(faults))
        done = time.perf_counter()
        if faults:
            raise SystemExit(f"the workload is faulty: {faults[0]}")
        disk = sum(path.stat().st_size for path in figures.snapshot.folder.iterdir())
    return {
        "partners": partners,
        "read_validate_freeze_s": round(frozen - began, 1),
        "compute_s": round(done - frozen, 1),
        "us_per_partner": round((done - frozen) / partners * 1e6, 1),
        "csv_mib": round(sum(p.stat().st_size for p in (folder / "data").iterdir()) / 2**20, 1),
        "snapshot_mib": round(disk / 2**20, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "cpu_s": round(sum(os.times()[:2]), 1),
    }


def main() -> None:
    """Makes the workload, measures in this process, prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partners", type=int, default=100_000)
    parser.add_argument("--sales", type=int, default=1_000_000)
    parser.add_argument("--subscriptions", type=int, default=300_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="offerpress-bench-")) / "site"
    try:
        folder.mkdir()
        make_site(folder, options.partners, options.sales, options.subscriptions)
        result = measure(folder)
    finally:
        shutil.rmtree(folder.parent)
    asked = {"sales": options.sales, "subscriptions": options.subscriptions}
    text = json.dumps({**asked, **result}, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
