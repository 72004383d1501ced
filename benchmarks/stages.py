"""Where the time of a command, or of a page of the studio, goes: wall and CPU of every process by stage.

python benchmarks/stages.py --partners 25000 --json docs/benchmarks/stages-25000.json

The stages of a case add up to the CPU that the operating system counted, but for `not seen`: the end of a process, and
what the instrument cannot see.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from measuring import processor_seconds
from ours import AS_OF, CAMPAIGN, ENVIRONMENT, ONE, PROGRAM, Ours, make_ours, plainly
from studio import PAGES, signed_in

INSTRUMENT = Path(__file__).with_name("instrument")
_LOOKS = 20
Measured = dict[str, object]


def instrumented(place: str) -> dict[str, str]:
    """The environment of a process that writes its stages into a folder."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(INSTRUMENT), "OFFERPRESS_STAGES": place}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def measured(folder: Path, *command: str) -> Measured:
    """Run one command of ours under the instrument."""
    with tempfile.TemporaryDirectory() as place:
        before, began = getrusage(RUSAGE_CHILDREN), time.perf_counter()
        ran = subprocess.run(
            [PROGRAM, *command],
            cwd=folder,
            env=instrumented(place),
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.perf_counter() - began, getrusage(RUSAGE_CHILDREN)
        if ran.returncode:
            raise SystemExit(f"{command}: {ran.returncode}\n{ran.stderr[-2000:]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return stages_in(Path(place), wall, cpu)


def measured_page(folder: Path, path: str) -> Measured:
    """Look at a page of the studio under the instrument once it is warm: the mean of some looks."""
    with tempfile.TemporaryDirectory() as place, signed_in(folder, instrumented(place)) as studio:
        told = Path(place) / f"{studio.pid}.json"
        for _ in range(_LOOKS):
            studio.page(path)
        _begin_anew(studio.pid, told)
        before, began = processor_seconds(studio.pid), time.perf_counter()
        for _ in range(_LOOKS):
            studio.page(path)
        wall, cpu = time.perf_counter() - began, processor_seconds(studio.pid) - before
        _begin_anew(studio.pid, told)
        return stages_in(Path(place), wall, cpu, _LOOKS)


def _begin_anew(process: int, told: Path) -> None:
    """Have a process write what it counted, and count from now on."""
    told.unlink(missing_ok=True)
    os.kill(process, signal.SIGUSR1)
    while not told.exists():
        time.sleep(0.01)


def stages_in(place: Path, wall: float, cpu: float, times: int = 1) -> Measured:
    """The stages that processes wrote, beside the wall and CPU time of all, which were spent so many times."""
    written = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(place.glob("*.json"))]
    stages: dict[str, list[float]] = {}
    for process in written:
        for stage, (spent_wall, spent_cpu) in process["spent"].items():
            found = stages.setdefault(stage, [0.0, 0.0])
            found[0], found[1] = found[0] + spent_wall, found[1] + spent_cpu
    stages["not seen"] = [0.0, max(0.0, cpu - sum(spent for _, spent in stages.values()))]
    rounded = {stage: [round(one / times, 3) for one in spent] for stage, spent in stages.items()}
    return {
        "wall_s": round(wall / times, 3),
        "cpu_s": round(cpu / times, 3),
        "processes": len(written),
        "stages": rounded,
    }


def cases(ours: Ours) -> dict[str, Callable[[], Measured]]:
    """The commands in the order of a site's life."""

    def run(*command: str) -> Callable[[], Measured]:
        return lambda: measured(ours.folder, *command)

    def sale() -> Measured:
        ours.correct_a_sale()
        return measured(ours.folder, "build", *AS_OF)

    def sentence() -> Measured:
        ours.add_a_sentence()
        return measured(ours.folder, "build", *AS_OF)

    def plain() -> Measured:
        return measured(plainly(ours, ours.folder.parent / "plain").folder, "build", *AS_OF)

    plan = f"{CAMPAIGN}-1.1"
    return {
        "build": run("build", *AS_OF),
        "build, nothing changed": run("build", *AS_OF),
        "build, one announcement changed": sentence,
        "check": run("check", *AS_OF),
        "build, one sale changed": sale,
        "statement": run("statement", ONE, *AS_OF),
        "plan": run("plan", CAMPAIGN, *AS_OF, "--by", "Mia"),
        "studio, review of the plan": lambda: measured_page(ours.folder, PAGES["plan review"]),
        "approve": run("approve", plan, "--by", "Finn"),
        "send": run("send", plan, "--transport", "folder"),
        "notice": run("notice", plan, ONE),
        "told": run("told", ONE),
        "status": run("status"),
        "build, plain": plain,
    }


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


if __name__ == "__main__":
    main()
