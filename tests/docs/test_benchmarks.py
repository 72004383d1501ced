"""Checks that the docs say what the results of the benchmarks say, and that the instrument fits the program."""

import ast
import importlib
import json
import os
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTRUMENT = ROOT / "benchmarks" / "instrument" / "sitecustomize.py"


def stages() -> dict[str, str]:
    """Return the functions of each stage as the instrument names them."""
    nodes = ast.parse(INSTRUMENT.read_text(encoding="utf-8")).body
    assigned = {ast.unparse(node.targets[0]): node.value for node in nodes if isinstance(node, ast.Assign)}
    found: dict[str, str] = ast.literal_eval(assigned["STAGES"])
    return found


def test_documents_say_what_the_results_say() -> None:
    """Every table that is made from a result file is as `make pages` writes it."""
    command = [sys.executable, str(ROOT / "benchmarks" / "pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_stages_name_functions_that_exist() -> None:
    """The instrument finds each function whose time it counts."""
    missing = []
    for stage, places in stages().items():
        for module, names in (place.split(":") for place in places.split()):
            for name in names.split(","):
                try:
                    attrgetter(name)(importlib.import_module(module))
                except (ImportError, AttributeError):
                    missing.append(f"{stage}: {module}:{name}")
    assert missing == []


MEASURED = """
import multiprocessing, os, signal, sys, offerpress.cli
os.kill(os.getpid(), signal.SIGUSR1)
print(open(f"{os.environ['OFFERPRESS_STAGES']}/{os.getpid()}.json").read())
worker = multiprocessing.get_context("fork").Process(target=print)
worker.start()
worker.join()
"""


def test_the_instrument_counts_by_stage_and_begins_anew(tmp_path: Path) -> None:
    """A process writes its stages at the signal, then only what it spent after that, and a forked worker its own."""
    environment = {**os.environ, "PYTHONPATH": str(INSTRUMENT.parent), "OFFERPRESS_STAGES": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    first = json.loads(done.stdout)["spent"]
    last = [json.loads(path.read_text(encoding="utf-8"))["spent"] for path in tmp_path.glob("*.json")]
    assert set(first) >= {"start Python", "load modules", "the rest"}
    assert ["start Python" in spent for spent in last] == [False, False]
