"""How long after a change of a Markdown file a browser shows it, on the sample site of 60 partners.

    python benchmarks/preview.py [--changes 20] [--json FILE]

Each change is written to the file in one step, as editors do, and is over when Chromium has painted the new sentence.
Beside it, in the same run: what a reload of the same page by hand takes, and the preview's processor time, because the
clock also counts what other programs do on the machine.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from measuring import processor_seconds
from ours import PROGRAM
from playwright.sync_api import sync_playwright

PAGE = "content/announcements/thank-you.md"
PAINTED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


def main() -> None:
    """Measures and prints; with --json, writes the figures to a file."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--changes", type=int, default=20)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        subprocess.run(
            [PROGRAM, "new", site], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        result = measured(site, chosen.changes)
    print(json.dumps(result, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measured(site: Path, changes: int) -> dict[str, object]:
    """Seconds from each change to its being visible."""
    command = [str(PROGRAM), "serve", "--as-of", "2023-12-31", "--port", "0"]
    with subprocess.Popen(command, cwd=site, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        serving = next(line for line in process.stderr if line.startswith("Serving "))
        origin = serving.split()[1].rstrip("/")
        try:
            before = processor_seconds(process.pid)
            seconds, reloads = seen_in_browser(site, origin, changes)
            spent = processor_seconds(process.pid) - before
        finally:
            process.terminate()
    return {
        "changes": changes,
        "median_s": round(median(seconds), 3),
        "slowest_s": round(max(seconds), 3),
        "fastest_s": round(min(seconds), 3),
        "reload_by_hand_median_s": round(median(reloads), 3),
        "preview_cpu_s_per_change": round(spent / changes, 3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def seen_in_browser(site: Path, origin: str, changes: int) -> tuple[list[float], list[float]]:
    """The same, from one tab that nobody touches; and what reloads of it take when nothing changed."""
    path = site / PAGE
    text = path.read_text(encoding="utf-8")
    seconds, reloads = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{origin}/announcements/thank-you/")
        for number in range(changes):
            page.wait_for_selector("offerpress-preview[data-ready]", state="attached")
            beside = path.with_suffix(".part")
            beside.write_text(f"{text}\nThis is change number {number}.\n", encoding="utf-8")
            began = time.perf_counter()
            beside.replace(path)
            page.get_by_text(f"This is change number {number}.").wait_for()
            page.evaluate(PAINTED)
            seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
            page.reload(wait_until="commit")
            page.get_by_text(f"This is change number {number}.").wait_for()
            page.evaluate(PAINTED)
            reloads.append(time.perf_counter() - began)
        browser.close()
    return seconds, reloads


if __name__ == "__main__":
    main()
