"""Builds by several processes: the same bytes as by one, and a process that dies costs nothing but the build."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from ast import literal_eval
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread, Timer
from time import monotonic
from typing import ParamSpec, TypeVar

import pytest

from generator.statements.record import StatementTooLarge, size_class
from mailer.batch.batch import Batch
from offerpress.build.workers import WorkerDied, Workers, choose_workers
from tests.acceptance.conftest import AS_OF, ROOT, Call, called, copy_sample, finished, installed, tree

MORE = 1_040
SUPPRESSED = "orders@birkhaug-telefoni-1002.example"  # P-1002

Given = TypeVar("Given")
Arguments = ParamSpec("Arguments")
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


@dataclass(frozen=True)
class Nothing:
    """Work that needs no means."""

    def prepare(self) -> None:
        """Make none."""


def results(team: Workers, work: Callable[[None, Given], Made], tasks: Iterable[Given]) -> list[Made]:
    """All results of work without means."""
    return list(team.results(Nothing(), None, work, tasks))


def no_threads() -> None:
    """There are none to end."""


def workers(parent: int) -> list[int]:
    """The processes that compute for `parent`."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return list(map(int, children))


def is_running(process: int) -> bool:
    """Whether it has not ended; a process that nobody waited for yet has."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


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


def test_workers_of_a_killed_build_end_with_it(large: Path) -> None:
    """After SIGKILL of the build alone no process of it goes on, and the next build need not wait for one."""
    process = installed(large, "build", "--as-of", "2023-05-31", "--jobs", "2")
    while not (found := workers(process.pid)):
        assert process.poll() is None
    process.kill()
    finished(process)
    end = monotonic() + 60
    while any(map(is_running, found)):
        assert monotonic() < end
    assert 0 == called(large, "build", *AS_OF, "--jobs", "2").code


def given_means(means: str, task: int) -> tuple[str, int]:
    """What a worker worked with, and its parent."""
    return f"{means} {task}", os.getppid()


@dataclass(frozen=True)
class Means:
    """Means that tell who made them."""

    def prepare(self) -> str:
        """Make them in a worker."""
        return "prepared"


def means_given(*, beside: bool) -> list[tuple[str, int]]:
    """What two workers of this process worked with, while another thread of it runs or none does."""
    go_on = Event()
    if beside:
        Thread(target=go_on.wait).start()
    try:
        with choose_workers(2)(2, no_threads) as team:
            return list(team.results(Means(), "inherited", given_means, [1, 1]))
    finally:
        go_on.set()


@pytest.mark.parametrize(("beside", "expected"), [(False, "inherited 1"), (True, "prepared 1")])
def test_workers_inherit_only_from_a_process_without_threads(*, beside: bool, expected: str) -> None:
    """A fork takes one thread along, so beside another thread each worker begins anew and gives the same results."""
    code = f"from tests.acceptance.test_pool import means_given; import os; print(os.getpid(), means_given({beside=}))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    process, _, found = run.stdout.partition(" ")
    assert [(expected, int(process))] * 2 == literal_eval(found)


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


def class_of(_: None, size: int) -> int:
    """The size class, in a worker."""
    return size_class(size)


def test_an_error_in_a_worker_is_told_as_it_was_raised() -> None:
    """The text and the facts of an error survive the way between processes."""
    with choose_workers(2)(2, no_threads) as team, pytest.raises(StatementTooLarge) as told:
        results(team, class_of, [10, 10**9])
    assert (str(StatementTooLarge(10**9)), 10**9) == (str(told.value), told.value.size)


class Hesitant(ProcessPoolExecutor):
    """A pool that goes on telling its tasks of a death only once `heard` is set."""

    heard = Event()

    def submit(
        self, fn: Callable[Arguments, Made], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Made]:
        """The pool's own, but that whoever hears of a failure keeps the pool waiting."""
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(lambda done: self.heard.wait(60) if done.exception() else None)
        return future


def killed_soon(_: None, after_s: float) -> bytes:
    """A large result, and the death of the process that gives it, likely on the result's way."""
    Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return bytes(64 * 2**20)


@pytest.mark.parametrize("after_s", [0.03, 0.06, 0.1])
def test_a_worker_killed_while_it_gives_its_result_is_not_waited_for(after_s: float) -> None:
    """Whatever was on its way then, the death is told, and nothing of the result is left."""
    teams = []

    def given() -> list[bytes]:
        with choose_workers(2)(8, no_threads) as team:
            teams.append(team)
            return results(team, killed_soon, [after_s] * 8)

    with pytest.raises(WorkerDied):
        given()
    assert not Path(teams[0].spool).exists()
    assert not multiprocessing.active_children()


def ended(_: None, code: int) -> None:
    """The death of a worker."""
    os._exit(code)


def test_a_death_that_is_heard_early_leaves_no_process_behind() -> None:
    """Whoever hears of it before the pool has told every task lets the pool end its other processes."""
    with Hesitant(2, multiprocessing.get_context("spawn")) as pool:
        with pytest.raises(WorkerDied):
            results(Workers(pool), ended, range(1, 5))
        pool.heard.set()
    assert [] == multiprocessing.active_children()


def test_progress_is_for_people_only(offerpress: Call) -> None:
    """Under `--json` nothing but JSON is said, whoever computes."""
    assert "partners" in offerpress("build", *AS_OF, "--jobs", "2", "--json").json
