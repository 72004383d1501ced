"""The processes that compute shards: this one, a pool on this machine, or a cluster; the bytes are the same."""

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
"""The fewest tasks for which a pool starts by default: for fewer its start takes longer than it saves."""

_AHEAD_ON_A_CLUSTER = 64
_IN_ONE_WRITE = select.PIPE_BUF // 2
"""The most bytes of a result that one write surely puts into a pipe, with what the pool adds (POSIX, `write`)."""

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class WorkerDied(OfferpressError):
    """A process of the pool died in the middle of a task: it was killed, or ran out of memory."""

    def __init__(self) -> None:
        super().__init__("stopped: a worker process died; nothing was published or frozen; run it again")


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that work at tasks: those of `executor`, or this process alone if that is None.

    At most `ahead` tasks are handed out at a time. `is_here` says whether the processes run on this machine and see its
    folders. `share` is the URL of a store from which they fetch their input if they do not. Large results pass through
    files below `spool`: a worker that is killed while it writes into a pipe leaves half a result, and the pool would
    wait for the other half for ever.
    """

    executor: Executor | None = None
    ahead: int = 1
    is_here: bool = True
    spool: str = ""
    share: str = ""

    def results(self, function: Callable[[_Task], _Result], tasks: Iterable[_Task]) -> Iterator[_Result]:
        """Return the result of `function` for each task, in the order of the tasks; few are in memory at a time.

        Function, tasks and results travel pickled. Raises `WorkerDied`, and what `function` raises.
        """
        if self.executor is None:
            yield from map(function, tasks)
            return
        under_way: deque[Future[_Result | _Failure | _Spooled]] = deque()
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
    executor: Executor, function: Callable[[_Task], _Result], task: _Task, spool: str
) -> "Future[_Result | _Failure | _Spooled]":
    try:
        return executor.submit(_attempt, function, task, spool)
    except (OSError, ValueError) as error:
        # A pool starts its processes as tasks come; it cannot once a death has made it close its pipes.
        raise WorkerDied from error


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error on its way between processes, where pickle would call its constructor again."""

    kind: type[Exception]
    arguments: tuple[object, ...]
    attributes: dict[str, object]
    where: str

    def error(self) -> Exception:
        made = self.kind.__new__(self.kind, *self.arguments)
        vars(made).update(self.attributes)
        made.add_note(self.where)
        return made


@dataclass(frozen=True, slots=True)
class _Spooled:
    """A result or failure in a file."""

    path: str


def _attempt(function: Callable[[_Task], _Result], task: _Task, spool: str) -> _Result | _Failure | _Spooled:
    found: _Result | _Failure
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


def _result(future: Future[_Result | _Failure | _Spooled]) -> _Result:
    found = future.result()
    if isinstance(found, _Spooled):
        path = Path(found.path)
        found = cast("_Result | _Failure", pickle.loads(path.read_bytes()))  # noqa: S301 - our own worker's, in our own folder
        path.unlink()
    if isinstance(found, _Failure):
        raise found.error()
    return found


OpenWorkers = Callable[[int], AbstractContextManager[Workers]]
"""Opens the workers for a number of tasks."""


def in_process(tasks: int) -> AbstractContextManager[Workers]:
    """Let this process itself do any number of tasks."""
    del tasks
    return nullcontext(Workers())


def choose_workers(
    jobs: int | None = None, scheduler: str | None = None, share: str | None = None
) -> OpenWorkers:
    """Return the cluster at `scheduler`, else a pool of up to `jobs` processes.

    By default the pool has as many processes as this one may use cores, and few tasks are done without a pool. The
    cluster's processes fetch their input from the store `share` if one is given, else from the same disk. Opening the
    workers raises `OfferpressError` if the cluster cannot be used.
    """
    return _cluster(scheduler, share or "") if scheduler else _pool(jobs)


def _pool(jobs: int | None) -> OpenWorkers:
    @contextmanager
    def opened(tasks: int) -> Iterator[Workers]:
        wanted = jobs or (_cores() if tasks >= FEWEST_TASKS else 1)
        workers = min(wanted, tasks)
        if workers <= 1:
            yield Workers()
            return
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        spool = tempfile.TemporaryDirectory(prefix="offerpress-results-")
        try:
            yield Workers(pool, 2 * workers, spool=spool.name)
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


def _cluster(scheduler: str, share: str) -> OpenWorkers:
    @contextmanager
    def opened(tasks: int) -> Iterator[Workers]:
        if not tasks:
            yield Workers()
            return
        try:
            from offerpress.build.cluster import open_cluster  # noqa: PLC0415 - an extra, loaded only when it is asked for
        except ModuleNotFoundError as error:
            raise OfferpressError(
                f"no cluster: {error.name} is not installed; install offerpress with the extra `dask`"
            ) from error
        with open_cluster(scheduler) as executor:
            yield Workers(executor, _AHEAD_ON_A_CLUSTER, is_here=False, share=share)

    return opened


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
