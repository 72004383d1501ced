"""Where the time of a command goes: wall and CPU of every process by stage, as JSON and as stacked bars.

python benchmarks/stages.py --partners 25000 --json docs/benchmarks/stages.json

The stages of a case add up to the CPU that the operating system counted, but for `not seen`: the end of a process, and
what the instrument cannot see. The bars show CPU, because other programs lengthen wall time.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from ours import AS_OF, CAMPAIGN, ENVIRONMENT, ONE, PROGRAM, Ours, make_ours

INSTRUMENT = Path(__file__).with_name("instrument")
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#000000")
_SHOWN = 0.03  # a smaller part of a bar has no words
Measured = dict[str, object]


def measured(folder: Path, *command: str) -> Measured:
    """Run one command of ours under the instrument."""
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(INSTRUMENT), "OFFERPRESS_STAGES": place}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        before, began = getrusage(RUSAGE_CHILDREN), time.perf_counter()
        ran = subprocess.run(
            [PROGRAM, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        wall, after = time.perf_counter() - began, getrusage(RUSAGE_CHILDREN)
        if ran.returncode:
            raise SystemExit(f"{command}: {ran.returncode}\n{ran.stderr[-2000:]}")
        processes = [
            json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(place).glob("*.json"))
        ]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    stages: dict[str, list[float]] = {}
    for process in processes:
        for stage, (spent_wall, spent_cpu) in process["spent"].items():
            found = stages.setdefault(stage, [0.0, 0.0])
            found[0], found[1] = found[0] + spent_wall, found[1] + spent_cpu
    stages["not seen"] = [0.0, max(0.0, cpu - sum(spent for _, spent in stages.values()))]
    rounded = {stage: [round(one, 3) for one in spent] for stage, spent in stages.items()}
    return {"wall_s": round(wall, 3), "cpu_s": round(cpu, 3), "processes": len(processes), "stages": rounded}


def cases(ours: Ours) -> dict[str, Callable[[], Measured]]:
    """The commands in the order of a site's life."""

    def run(*command: str) -> Callable[[], Measured]:
        return lambda: measured(ours.folder, *command)

    def sale() -> Measured:
        ours._correct_a_sale()  # noqa: SLF001 - the same edit as that of the other benchmarks
        return measured(ours.folder, "build", *AS_OF)

    def sentence() -> Measured:
        page = ours.folder / "content" / "announcements" / "follow-up.md"
        page.write_text(page.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
        return measured(ours.folder, "build", *AS_OF)

    plan = f"{CAMPAIGN}-1.1"
    return {
        "build": run("build", *AS_OF),
        "build, nothing changed": run("build", *AS_OF),
        "build, one sentence changed": sentence,
        "check": run("check", *AS_OF),
        "build, one sale changed": sale,
        "statement": run("statement", ONE, *AS_OF),
        "plan": run("plan", CAMPAIGN, *AS_OF, "--by", "Mia"),
        "approve": run("approve", plan, "--by", "Finn"),
        "send": run("send", plan, "--transport", "folder"),
        "notice": run("notice", plan, ONE),
        "told": run("told", ONE),
        "status": run("status"),
    }


def bars(found: dict[str, Measured], title: str) -> str:
    """Draw a bar for each case, whose parts are its stages by CPU."""
    row, left, width = 34, 210, 760
    parts, words = [], []
    for place, (case, one) in enumerate(found.items()):
        top, x = 40 + place * row, float(left)
        total = sum(cpu for _, cpu in one["stages"].values()) or 1.0  # type: ignore[attr-defined]
        words.append(f'<text x="{left - 8}" y="{top + 16}" text-anchor="end">{escape(case)}</text>')
        words.append(f'<text x="{left + width + 8}" y="{top + 16}">{one["cpu_s"]:.2f} s</text>')
        ordered = sorted(one["stages"].items(), key=lambda pair: -pair[1][1])  # type: ignore[attr-defined]
        for number, (stage, (_, cpu)) in enumerate(ordered):
            wide = width * cpu / total
            colour = _COLOURS[number % len(_COLOURS)]
            parts.append(
                f'<rect x="{x:.1f}" y="{top}" width="{wide:.1f}" height="22" fill="{colour}" fill-opacity="0.35">'
                f"<title>{escape(stage)}: {cpu:.3f} s</title></rect>"
            )
            if cpu / total > 2 * _SHOWN:
                shown = escape(stage)[: int(wide / 6)]
                words.append(f'<text x="{x + 3:.1f}" y="{top + 16}">{shown}</text>')
            x += wide
    height = 50 + row * len(found)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {height}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{left}" y="24" font-size="14">{escape(title)}</text>{"".join(parts)}{"".join(words)}</svg>\n'
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all cases on a generated site, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--partners", type=int, default=25_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as workspace:
        ours = make_ours(Path(workspace) / "site", given.partners)
        for name, case in cases(ours).items():
            found[name] = case()
            print(f"{name}: {found[name]['cpu_s']} CPU s", flush=True)
    if given.json:
        told = {"partners": given.partners, "cases": found}
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        title = f"CPU seconds by stage, {given.partners:,} partners"
        given.json.with_suffix(".svg").write_text(bars(found, title), encoding="utf-8")


if __name__ == "__main__":
    main()
