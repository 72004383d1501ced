"""Where shards are computed: in this process, in a pool on this machine, or on a cluster. The bytes are the same."""

import multiprocessing
import os
import pickle
import select
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from offerpress.site.folder import OfferpressError

FEWEST_TASKS = 4
"""A pool by default from so many tasks on: before that its start takes longer than it saves."""

_AHEAD_ON_A_CLUSTER = 64
_IN_ONE_WRITE = select.PIPE_BUF // 2
"""Bytes of a result that surely go into a pipe in one write, with what the pool adds to it (POSIX, `write`)."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerDied(OfferpressError):
    """A process of the pool was killed, or ran out of memory, in the middle of a task."""

    def __init__(self) -> None:
        super().__init__("stopped: a worker process died; nothing was published or frozen; run it again")


@dataclass(frozen=True, slots=True)
class Team:
    """Who works: `executor`, None for this process itself, with at most `ahead` tasks handed out at a time.

    `is_here` says whether its processes are on this machine, and so see its folders. Large results stand in files below
    `spool` on their way, if there is one: of a worker that is killed in the middle of writing into a pipe half a result
    would be left, and the pool would wait for the other half for ever. `share` is the URL of a store from which its
    processes are to have what they need, because they do not see this machine's disk.
    """

    executor: Executor | None = None
    ahead: int = 1
    is_here: bool = True
    spool: str = ""
    share: str = ""

    def results(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """What `function` gives for each task, in their order; few results are in memory at a time.

        Function, tasks and results travel pickled. Raises `WorkerDied`, and what `function` raises.
        """
        if self.executor is None:
            yield from map(function, tasks)
            return
        under_way: deque[Future[Result | _Failure | _Spooled]] = deque()
        try:
            for task in tasks:
                under_way.append(_submitted(self.executor, function, task, self.spool))
                if len(under_way) >= self.ahead:
                    yield _result(under_way.popleft())
            while under_way:
                yield _result(under_way.popleft())
        except BrokenExecutor as error:
            raise WorkerDied from error


def _submitted(
    executor: Executor, function: Callable[[Task], Result], task: Task, spool: str
) -> "Future[Result | _Failure | _Spooled]":
    try:
        return executor.submit(_attempt, function, task, spool)
    except (OSError, ValueError) as error:
        # A pool starts its processes as tasks come; it cannot once a death has made it close its pipes.
        raise WorkerDied from error


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error on its way between processes: pickled by itself it would be made again by its constructor."""

    kind: type[Exception]
    arguments: tuple[object, ...]
    attributes: dict[str, object]
    where: str

    def error(self) -> Exception:
        """The error as it was raised."""
        made = self.kind.__new__(self.kind, *self.arguments)
        vars(made).update(self.attributes)
        made.add_note(self.where)
        return made


@dataclass(frozen=True, slots=True)
class _Spooled:
    """A result or failure that a worker left in a file."""

    path: str


def _attempt(function: Callable[[Task], Result], task: Task, spool: str) -> Result | _Failure | _Spooled:
    found: Result | _Failure
    try:
        found = function(task)
    except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
        found = _Failure(type(error), error.args, vars(error), traceback.format_exc())
    if not spool:
        return found
    pickled = pickle.dumps(found)
    if len(pickled) <= _IN_ONE_WRITE:
        return found
    handle, path = tempfile.mkstemp(dir=spool)
    with os.fdopen(handle, "wb") as file:
        file.write(pickled)
    return _Spooled(path)


def _result(future: Future[Result | _Failure | _Spooled]) -> Result:
    found = future.result()
    if isinstance(found, _Spooled):
        path = Path(found.path)
        found = cast("Result | _Failure", pickle.loads(path.read_bytes()))  # noqa: S301 - our own worker's, in our own folder
        path.unlink()
    if isinstance(found, _Failure):
        raise found.error()
    return found


Engine = Callable[[int], AbstractContextManager[Team]]
"""From the number of tasks to who works at them."""


def alone(tasks: int) -> AbstractContextManager[Team]:
    """This process itself, for any number of tasks."""
    del tasks
    return nullcontext(Team())


def engine(jobs: int | None = None, scheduler: str | None = None, share: str | None = None) -> Engine:
    """The cluster at `scheduler`, else a pool of up to `jobs` processes.

    By default these are as many as this process may use cores, and for few tasks it stays alone. A cluster has what it
    needs from the store `share`, if that is given, else from the same disk. Opening it raises `OfferpressError` where
    the cluster cannot be used.
    """
    return _cluster(scheduler, share or "") if scheduler else _pool(jobs)


def _pool(jobs: int | None) -> Engine:
    @contextmanager
    def opened(tasks: int) -> Iterator[Team]:
        wanted = jobs or (_cores() if tasks >= FEWEST_TASKS else 1)
        workers = min(wanted, tasks)
        if workers <= 1:
            yield Team()
            return
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        spool = tempfile.TemporaryDirectory(prefix="offerpress-results-")
        try:
            yield Team(pool, 2 * workers, spool=spool.name)
        except WorkerDied:
            # The pool does not end a process that it was starting while another one died.
            for process in multiprocessing.active_children():
                process.kill()
            raise
        finally:
            # Only the pool itself may cancel: a task cancelled from here while the pool tells all tasks that a worker
            # died stops its thread halfway, with workers left that nobody ends.
            pool.shutdown(cancel_futures=True)
            spool.cleanup()

    return opened


def _cluster(scheduler: str, share: str) -> Engine:
    @contextmanager
    def opened(tasks: int) -> Iterator[Team]:
        if not tasks:
            yield Team()
            return
        try:
            from offerpress.build.cluster import open_cluster  # noqa: PLC0415 - an extra, loaded only when it is asked for
        except ModuleNotFoundError as error:
            raise OfferpressError(
                f"no cluster: {error.name} is not installed; install offerpress with the extra `dask`"
            ) from error
        with open_cluster(scheduler) as executor:
            yield Team(executor, _AHEAD_ON_A_CLUSTER, is_here=False, share=share)

    return opened


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
