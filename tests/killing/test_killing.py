"""A sample of what `python -m tests.killing` tries in full: each command that writes, killed on the way (SIGKILL)."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killing.hooks import KilledHooks
from tests.killing.killing import (
    AS_OF,
    CASES,
    PLAN,
    Runner,
    broken,
    library,
    prepared,
    tiny_site,
    wrong_after,
)

SAMPLED = ("plan", "build", "send", "sign-off", "forget", "prune")
FURTHER = [pytest.param(name, marks=pytest.mark.long) for name in CASES if name not in SAMPLED]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The process that forks commands and kills them."""
    folder = tmp_path_factory.mktemp("killing")
    with Runner(library(folder), folder / "temporary") as started:
        yield started


@pytest.mark.parametrize("name", [*SAMPLED, *FURTHER])
def test_the_same_command_mends_what_a_kill_left(runner: Runner, tmp_path: Path, name: str) -> None:
    """Killed on the way, a command succeeds when it is run again, and `verify` agrees."""
    with prepared(runner, CASES[name], tmp_path) as (before, words, changes):
        moments = [1 + 2 * changes // 3, *([changes] if name == "plan" else [])]
        assert {} == {
            at: found for at in moments if (found := broken(runner, CASES[name], before, words, at))
        }


@pytest.mark.parametrize("every", [1000, pytest.param(1, marks=pytest.mark.long)])
def test_a_killed_service_takes_the_same_posts_again(runner: Runner, tmp_path: Path, every: int) -> None:
    """Killed while it takes signed events and a click, the next start records both once, and `verify` agrees."""
    killed = KilledHooks(runner, library(tmp_path), tmp_path)
    changes = killed.changes()
    moments = range(changes, 0, -every)
    assert {} == {at: found for at in moments if (found := killed.broken(at))}


def test_a_batch_that_the_outbox_does_not_know_is_put_away(runner: Runner, tmp_path: Path) -> None:
    """Killed between the batch and the outbox, the next plan has the same name, and a sentence says why."""
    before = tiny_site(tmp_path / "before")
    runner.must(before, "statements", *AS_OF, "--output", "frozen.jsonl")
    changes = runner.run(shutil.copytree(before, tmp_path / "whole"), PLAN).changes
    for at in range(changes - 2, 0, -3):
        site = shutil.copytree(before, tmp_path / str(at))
        assert -9 == runner.run(site, PLAN, at).code
        batch = site / "private/batches/hello-1.1.batch"
        if not batch.exists() or runner.run(site, ("status", "hello-1.1")).code == 0:
            continue
        again = runner.run(site, PLAN)
        assert (0, True) == (again.code, "hello-1.1: an earlier `plan` was interrupted" in again.err)
        assert ["hello-1.1.batch"] == [path.name for path in batch.parent.iterdir()]
        return
    raise AssertionError("no moment left such a batch")


def test_a_batch_of_an_earlier_version_is_registered(runner: Runner, tmp_path: Path) -> None:
    """A batch without a mark, as killed earlier versions left it, is registered; the next plan has another name."""
    site = tiny_site(tmp_path / "site")
    runner.must(site, *PLAN)
    for file in (site / "private").glob("outbox.*"):
        file.unlink()
    again = runner.must(site, *PLAN)
    assert "hello-1.1: its batch was unknown to the outbox, and is registered now" in again.err
    assert ["hello-1.1", "hello-1.2"] == [
        row["plan"] for row in json.loads(runner.must(site, "status", "--json").out)["plans"]
    ]
    runner.must(site, "verify")


@pytest.mark.parametrize(
    "name", ["build", *(pytest.param(name, marks=pytest.mark.long) for name in ("plan", "sign-off"))]
)
def test_a_full_disk_leaves_nothing_stuck(runner: Runner, tmp_path: Path, name: str) -> None:
    """Where no room is left on the way, one line says so and blames no sound file; with room again all is well."""
    with prepared(runner, CASES[name], tmp_path) as (before, words, changes):
        moments = [1 + changes // 2]
        assert {} == {
            at: found
            for at in moments
            if (found := broken(runner, CASES[name], before, words, at, full=True))
        }


ON_SMALL_DISK = ("build", "plan", "sign-off", "link-revoke", "forget", "prune", "events")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory, whose room `resize` sets; the test is skipped only where nothing may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", str(place)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small disk is not permitted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


ROOMY = 64 << 20
PAGE = 4096


def resize(disk: Path, size: int) -> None:
    """Set the size of the file system in memory."""
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


@pytest.mark.long
@pytest.mark.parametrize("room", [0, 1, 4, 16, 64])
@pytest.mark.parametrize("name", ON_SMALL_DISK)
def test_a_small_disk_leaves_nothing_stuck(
    runner: Runner, tmp_path: Path, disk: Path, name: str, room: int
) -> None:
    """On a real disk with room for so many blocks a command says so or succeeds; with more room all is well."""
    with prepared(runner, CASES[name], tmp_path) as (before, words, _):
        site = shutil.copytree(before, disk / "site")
        known = os.statvfs(disk)
        resize(disk, (known.f_blocks - known.f_bfree + room) * PAGE)
        first = runner.run(site, words)
        resize(disk, ROOMY)
        assert [] == wrong_after(runner, CASES[name], site, words, first, full=True)


@pytest.mark.parametrize(
    "partners",
    [("A-1", "A-1"), pytest.param(("A-1", "B-2", "A-1", "B-2"), marks=pytest.mark.long)],
    ids=len,
)
def test_commands_at_once_lose_nothing(runner: Runner, tmp_path: Path, partners: tuple[str, ...]) -> None:
    """Links revoked and two plans made at once: every one counts, and each plan has a name of its own."""
    site = tiny_site(tmp_path / "site")
    runner.must(site, "build", *AS_OF)
    script = Path(sys.executable).with_name("offerpress")
    calls = [("link", partner, "--revoke") for partner in partners]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("OFFERPRESS_")}
    started = [
        subprocess.Popen(
            [script, *call], cwd=site, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for call in (*calls, PLAN, PLAN)
    ]
    assert [0] * len(started) == [process.wait() for process in started]
    epochs = json.loads((site / "private/epochs.json").read_text(encoding="utf-8"))
    assert dict.fromkeys(partners, 2) == epochs
    plans = json.loads(runner.must(site, "status", "--json").out)["plans"]
    assert ["hello-1.1", "hello-1.2"] == sorted(row["plan"] for row in plans)
