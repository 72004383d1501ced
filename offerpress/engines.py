"""Where shards are computed: in a pool of processes on this machine, or on a cluster. The same code, the same bytes."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext

from offerpress.folder import OfferpressError


@contextmanager
def open_engine(jobs: int, scheduler: str | None, shards: int) -> Iterator[Executor | None]:
    """The executor for so many shards: of the cluster at `scheduler`, else of up to `jobs` processes.

    None stands for this process alone.

    Raises `OfferpressError` where the cluster cannot be used, and where a process of the pool dies.
    """
    engine: AbstractContextManager[Executor | None]
    if scheduler:
        engine = _cluster(scheduler)
    else:
        processes = min(jobs, shards)
        engine = _pool(processes) if processes > 1 else nullcontext()
    with engine as executor:
        yield executor


@contextmanager
def _pool(processes: int) -> Iterator[Executor]:
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as executor:
        try:
            yield executor
        except BrokenProcessPool as error:
            raise OfferpressError("build: a worker process died; the old site stays; build again") from error


def _cluster(scheduler: str) -> AbstractContextManager[Executor]:
    try:
        from offerpress.cluster import open_cluster  # noqa: PLC0415 - an extra, loaded only when it is asked for
    except ModuleNotFoundError as error:
        raise OfferpressError(
            f"no cluster: {error.name} is not installed; install offerpress with the extra `dask`"
        ) from error
    return open_cluster(scheduler)
