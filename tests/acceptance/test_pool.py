"""Builds by several processes: the same bytes as by one, and a process that dies costs nothing but the build."""

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from threading import Event, Timer
from typing import ParamSpec, TypeVar

import pytest

from generator.statements.record import StatementTooLarge, size_class
from mailer.batch.batch import Batch
from offerpress.build.workers import WorkerDied, Workers, choose_workers
from tests.acceptance.conftest import AS_OF, Call, called, copy_sample, finished, installed, tree

MORE = 1_040
SUPPRESSED = "orders@birkhaug-telefoni-1002.example"  # P-1002

Given = ParamSpec("Given")
Made = TypeVar("Made")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with so many more partners that there are two shards."""
    folder = copy_sample(tmp_path_factory.mktemp("large"))
    path = folder / "data" / "partners.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    filled = {"currency": "EUR", "level": "bronze", "language": "de"}
    with path.open("a", encoding="utf-8") as file:
        for number in range(MORE):
            row = {
                **filled,
                "partner_id": f"X-{number}",
                "name": f"X {number}",
                "email": f"x{number}@x.example",
            }
            file.write(",".join(row.get(name, "") for name in header) + "\n")
    return folder


def workers(parent: int) -> list[int]:
    """The processes that compute for `parent`; the one that only tracks resources is none of them."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    lines = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return [child for child, line in lines.items() if b"spawn_main" in line]


def test_any_number_of_processes_gives_the_same_bytes(large: Path) -> None:
    """The outputs of one process and of two are the same files with the same bytes."""
    for jobs in ("1", "2"):
        call = ("build", *AS_OF, "--jobs", jobs, "--output", f"output-{jobs}")
        assert 0 == called(large, *call).code
        for sealed in (large / "private" / "sealed").iterdir():
            sealed.unlink()
    one = tree(large / "output-1")
    assert 4 < len(one)
    assert one == tree(large / "output-2")


def test_a_killed_worker_fails_the_build_with_one_line(large: Path) -> None:
    """After SIGKILL the build says so, and the old site stays to the last byte; the next build succeeds."""
    assert 0 == called(large, "build", "--as-of", "2023-06-30").code
    before = tree(large / "output")
    process = installed(large, "build", *AS_OF, "--jobs", "2")
    while not (found := workers(process.pid)):
        assert process.poll() is None
    os.kill(found[0], signal.SIGKILL)
    said = finished(process)
    assert 1 == said.code
    assert ["stopped: a worker process died; nothing was published or frozen; run it again"] == [
        line.removeprefix("error: ") for line in said.err.splitlines() if line.startswith("error")
    ]
    assert before == tree(large / "output")
    assert 0 == called(large, "build", *AS_OF, "--jobs", "2").code
    assert before != tree(large / "output")


def test_any_number_of_processes_plans_the_same(large: Path) -> None:
    """Two plans, made by one process and by two, hold the same bytes of messages to the same partners."""
    assert 0 == called(large, "suppress", SUPPRESSED).code
    frozen = []
    for number, jobs in enumerate(("1", "2"), start=1):
        said = called(large, "plan", "year-end-credit", *AS_OF, "--jobs", jobs, "--json")
        plan = json.loads(said.out)
        file = large / "private" / "batches" / f"year-end-credit-1.{number}.batch"
        with Batch.open(file) as batch:
            digests = {partner: batch.digest_of(partner) for partner in batch.partner_ids()}
        stored = file.read_bytes()
        messages = stored[: stored.index(b"P-1001")]  # The ids stand after all messages and dictionaries.
        frozen.append((plan["recipients"], plan["skipped"], plan["totals"], digests, messages))
    assert 1 == frozen[0][1]["suppressed"]
    assert 50 < len(frozen[0][3])
    assert frozen[0] == frozen[1]
    assert not list((large / "private" / "batches").glob(".rendering-*"))


@pytest.mark.parametrize(
    "audience",
    ["audience: {partners: [P-1001, P-1002, P-1003]}\n", pytest.param("", marks=pytest.mark.long)],
)
def test_a_plan_is_stale_for_those_alone_whose_message_changed(
    large: Path, tmp_path: Path, audience: str
) -> None:
    """For many recipients or few, another address and a closed account are named, and nobody else is."""
    site = Path(shutil.copytree(large, tmp_path / "site"))
    campaign = site / "content" / "campaigns" / "thank-you.md"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("category:", f"{audience}category:"), encoding="utf-8")
    assert 0 == called(site, "plan", "thank-you", *AS_OF).code
    partners = site / "data" / "partners.csv"
    rows = partners.read_text(encoding="utf-8")
    edited = rows.replace("orders@aldergrove", "moved@aldergrove").replace("active,Lucía", "closed,Lucía")
    partners.write_text(edited, encoding="utf-8")
    said = called(site, "approve", "thank-you-1.1", "--by", "Finn")
    assert 1 == said.code
    assert "so 2 messages would be others now (P-1001, P-1003)" in said.err
    partners.write_text(rows, encoding="utf-8")
    assert 0 == called(site, "approve", "thank-you-1.1", "--by", "Finn").code


def test_an_error_in_a_worker_is_told_as_it_was_raised() -> None:
    """The text and the facts of an error survive the way between processes."""
    with choose_workers(2)(2) as team, pytest.raises(StatementTooLarge) as told:
        list(team.results(size_class, [10, 10**9]))
    assert (str(StatementTooLarge(10**9)), 10**9) == (str(told.value), told.value.size)


class Hesitant(ProcessPoolExecutor):
    """A pool that goes on telling its tasks of a death only once `heard` is set."""

    heard = Event()

    def submit(self, fn: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Made]:
        """The pool's own, but that whoever hears of a failure keeps the pool waiting."""
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(lambda done: self.heard.wait(60) if done.exception() else None)
        return future


def killed_soon(after_s: float) -> bytes:
    """A large result, and the death of the process that gives it, likely on the result's way."""
    Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return bytes(64 * 2**20)


@pytest.mark.parametrize("after_s", [0.03, 0.06, 0.1])
def test_a_worker_killed_while_it_gives_its_result_is_not_waited_for(after_s: float) -> None:
    """Whatever was on its way then, the death is told, and nothing of the result is left."""
    teams = []

    def given() -> list[bytes]:
        with choose_workers(2)(8) as team:
            teams.append(team)
            return list(team.results(killed_soon, [after_s] * 8))

    with pytest.raises(WorkerDied):
        given()
    assert not Path(teams[0].spool).exists()
    assert not multiprocessing.active_children()


def test_a_death_that_is_heard_early_leaves_no_process_behind() -> None:
    """Whoever hears of it before the pool has told every task lets the pool end its other processes."""
    with Hesitant(2, multiprocessing.get_context("spawn")) as pool:
        with pytest.raises(WorkerDied):
            list(Workers(pool, 4).results(os._exit, range(1, 5)))
        pool.heard.set()
    assert [] == multiprocessing.active_children()


def test_progress_is_for_people_only(offerpress: Call) -> None:
    """Under `--json` nothing but JSON is said, whoever computes."""
    assert "partners" in offerpress("build", *AS_OF, "--jobs", "2", "--json").json
