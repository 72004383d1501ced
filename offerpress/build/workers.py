"""The processes that compute shards: this one, a pool on this machine, or a cluster; the bytes are the same."""

import multiprocessing
import os
import pickle
import select
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing.context import BaseContext
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, TypeVar, cast

from offerpress.site.folder import OfferpressError

FEWEST_TASKS = 4
"""The fewest tasks for which a pool starts by default: for fewer its start takes longer than it saves."""

_AHEAD = 64
"""So many tasks are handed out at a time. Their results wait in files, or at the cluster."""

_IN_ONE_WRITE = select.PIPE_BUF // 2
"""The most bytes of a result that one write surely puts into a pipe, with what the pool adds (POSIX, `write`)."""

_Means = TypeVar("_Means")
_Means_co = TypeVar("_Means_co", covariant=True)
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_Made = TypeVar("_Made")


class Preparation(Hashable, Protocol[_Means_co]):
    """From this a worker makes the means of its work. It holds paths and numbers only: it travels with each task."""

    def prepare(self) -> _Means_co:
        """Make the means, once in each process."""


_prepared: dict[Hashable, Any] = {}
"""The means of this process by their preparation. A forked process has them from the start."""


class WorkerDied(OfferpressError):
    """A process of the pool died in the middle of a task: it was killed, or ran out of memory."""

    def __init__(self) -> None:
        super().__init__("stopped: a worker process died; nothing was published or frozen; run it again")


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that work at tasks: those of `executor`, or this process alone if that is None.

    `is_here` says whether the processes run on this machine and see its folders. `share` is the URL of a store from
    which they fetch their input if they do not. Large results pass through files below `spool`: a worker that is killed
    while it writes into a pipe leaves half a result, and the pool would wait for the other half for ever.
    """

    executor: Executor | None = None
    is_here: bool = True
    spool: str = ""
    share: str = ""

    def results(
        self,
        preparation: Preparation[_Means],
        own: _Means,
        work: Callable[[_Means, _Task], _Result],
        tasks: Iterable[_Task],
    ) -> Iterator[_Result]:
        """Return the result of `work` for each task, in the order of the tasks; few are in memory at a time.

        This process, and those forked from it, work with the means `own`; any other makes the same by `preparation`.
        Processes begin at once, even if no result is asked for yet. Preparation, `work`, tasks and results travel
        pickled. Raises `WorkerDied`, and what `work` raises.
        """
        if self.executor is None:
            return (work(own, task) for task in tasks)
        attempt = partial(_attempt, work, preparation, self.spool)
        submitted = (_submitted(self.executor, attempt, task) for task in tasks)
        _prepared[preparation] = own
        try:
            under_way = deque(islice(submitted, _AHEAD))
        finally:
            del _prepared[preparation]
        return _awaited(under_way, submitted)


def _submitted(executor: Executor, attempt: Callable[[_Task], _Made], task: _Task) -> Future[_Made]:
    try:
        return executor.submit(attempt, task)
    except (OSError, ValueError, BrokenExecutor) as error:
        # A pool starts its processes as tasks come; it cannot once a death has made it close its pipes.
        raise WorkerDied from error


def _awaited(
    under_way: "deque[Future[_Result | _Failure | _Spooled]]",
    submitted: "Iterator[Future[_Result | _Failure | _Spooled]]",
) -> Iterator[_Result]:
    try:
        while under_way:
            yield _result(under_way.popleft())
            under_way.extend(islice(submitted, 1))
    except BrokenExecutor as error:
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


def _attempt(
    work: Callable[[_Means, _Task], _Result], preparation: Preparation[_Means], spool: str, task: _Task
) -> _Result | _Failure | _Spooled:
    found: _Result | _Failure
    try:
        means = _prepared.get(preparation)
        if means is None:
            means = preparation.prepare()
            _prepared.clear()
            _prepared[preparation] = means
        found = work(means, task)
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


OpenWorkers = Callable[[int, Callable[[], None]], AbstractContextManager[Workers]]
"""Opens the workers for a number of tasks; before it starts processes it calls the function, which ends threads."""


def in_process(tasks: int, end_threads: Callable[[], None]) -> AbstractContextManager[Workers]:
    """Let this process itself do any number of tasks."""
    del tasks, end_threads
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
    def opened(tasks: int, end_threads: Callable[[], None]) -> Iterator[Workers]:
        wanted = jobs or (_cores() if tasks >= FEWEST_TASKS else 1)
        workers = min(wanted, tasks)
        if workers <= 1:
            yield Workers()
            return
        end_threads()
        pool = ProcessPoolExecutor(workers, _way_to_start(), _end_with_parent)
        spool = tempfile.TemporaryDirectory(prefix="offerpress-results-")
        try:
            yield Workers(pool, spool=spool.name)
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


def _way_to_start() -> BaseContext:
    """Fork this process if it has one thread, so that workers have all that it read and loaded; else start new ones.

    A fork copies one thread. What another one had locked would stay locked for ever. Only Linux tells of all threads.
    """
    threads = Path("/proc/self/task")
    alone = threads.is_dir() and len(list(threads.iterdir())) == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def _end_with_parent() -> None:
    """Let this worker end with its parent. The pool would wait for tasks for ever if the parent is killed."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _cluster(scheduler: str, share: str) -> OpenWorkers:
    @contextmanager
    def opened(tasks: int, end_threads: Callable[[], None]) -> Iterator[Workers]:
        del end_threads
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
            yield Workers(executor, is_here=False, share=share)

    return opened


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
