"""A real Dask cluster of processes on this machine: a scheduler, and workers that can be started and killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

_DASK = (sys.executable, "-m", "dask")
_PATIENCE_S = 60


@dataclass
class Cluster:
    """A running scheduler at `address`; `client` looks into it, `log` takes what its processes say."""

    client: Client
    address: str
    log: Path
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_worker(self, name: str, environment: Mapping[str, str]) -> None:
        """Starts a worker that has `environment` besides this process's, less our own variables."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OFFERPRESS_")}
        with self.log.open("ab") as log:
            self.workers[name] = subprocess.Popen(
                [
                    *_DASK,
                    "worker",
                    self.address,
                    "--name",
                    name,
                    "--no-nanny",
                    "--nthreads",
                    "1",
                    "--no-dashboard",
                ],
                env=kept | dict(environment),
                cwd=self.log.parent,
                stdout=log,
                stderr=log,
            )
        self._wait(lambda: name in self.addresses())

    def addresses(self) -> dict[str, str]:
        """The address of each worker that the scheduler knows, by name."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return {worker["name"]: address for address, worker in workers.items()}

    def await_work(self, name: str) -> None:
        """Returns once that worker has more than one task to compute."""
        self._wait(lambda: len(self.client.processing().get(self.addresses()[name], ())) > 1)

    def kill_worker(self, name: str) -> None:
        """Kills it (SIGKILL), and returns once the scheduler has noticed."""
        worker = self.workers.pop(name)
        worker.kill()
        worker.wait()
        self._wait(lambda: name not in self.addresses())

    def stop(self) -> None:
        """Kills what still runs."""
        for name in list(self.workers):
            self.kill_worker(name)

    def _wait(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not is_so():
            if time.monotonic() > until:
                raise TimeoutError(self.log.read_text(encoding="utf-8"))
            time.sleep(0.02)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Cluster]:
    """A scheduler on a free port, without workers yet."""
    where, log = folder / "scheduler.json", folder / "cluster.log"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter"]
    with log.open("wb") as output:
        scheduler = subprocess.Popen(
            [*_DASK, "scheduler", *options, "--scheduler-file", str(where)],
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    try:
        with Client(scheduler_file=str(where), set_as_default=False, timeout=_PATIENCE_S) as client:
            cluster = Cluster(client, json.loads(where.read_text(encoding="utf-8"))["address"], log)
            try:
                yield cluster
            finally:
                cluster.stop()
    finally:
        scheduler.kill()
        scheduler.wait()
