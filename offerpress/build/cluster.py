"""A Dask cluster that computes shards. It needs the extra `dask`."""

import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import cast

import dask
from distributed import Client, KilledWorker
from distributed.versions import VersionMismatchWarning

from offerpress.site.folder import OfferpressError


@contextmanager
def open_cluster(scheduler: str) -> Iterator[Executor]:
    """Open the executor of the cluster behind `scheduler` (`tcp://HOST:PORT`, `tls://HOST:PORT`).

    Dask repeats the shards of a dead worker on another one. Certificates and timeouts come from Dask's own
    configuration. Raises `OfferpressError` if no scheduler answers, there is no worker, versions differ, or several
    workers die over one shard.
    """
    with _connected(scheduler) as client:
        _require_workers(client, scheduler)
        executor = cast("Executor", client.get_executor())
        try:
            yield executor
        except KilledWorker as error:
            raise OfferpressError(
                f"build: {error.allowed_failures + 1} workers died over the same shard, the last at "
                f"{error.last_worker.address}; the old site stays; look at their logs (mostly it is memory) "
                "and build again"
            ) from error
        finally:
            executor.shutdown(wait=False)


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    try:
        with warnings.catch_warnings():
            # A mismatch is refused below, with the whole table.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(scheduler, set_as_default=False)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        why = str(error) or type(error).__name__
        raise OfferpressError(
            f"no scheduler: {scheduler}: {why}; start one with `dask scheduler`, or name its address as "
            "tcp://HOST:PORT or tls://HOST:PORT"
        ) from error
    with client:
        yield client


def _require_workers(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=dask.config.get("distributed.comm.timeouts.connect"))
    except TimeoutError as error:
        raise OfferpressError(
            f"no workers: {scheduler}: none has joined; start some with `dask worker {scheduler}`"
        ) from error
    try:
        client.get_versions(check=True)
    except ValueError as error:
        raise OfferpressError(
            f"the cluster differs from this machine: {scheduler}: {error}; install the same versions everywhere"
        ) from error
