"""A real Dask cluster of processes on this machine, under TLS: a scheduler, and workers to start and kill."""

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dask
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from distributed import Client

_DASK = (sys.executable, "-m", "dask")
_PATIENCE_S = 60


@dataclass
class Cluster:
    """A running scheduler at `address`; `client` looks into it, `log` takes what its processes say.

    `environment` is what a program needs to be let in.
    """

    client: Client
    address: str
    log: Path
    environment: Mapping[str, str]
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
                env={**kept, **self.environment, **environment},
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
    options = ["--protocol", "tls", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter"]
    settings = _certified(folder)
    environment = {_variable(name): str(value) for name, value in settings.items()}
    with log.open("wb") as output:
        scheduler = subprocess.Popen(
            [*_DASK, "scheduler", *options, "--scheduler-file", str(where)],
            env=os.environ | environment,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    try:
        with (
            dask.config.set(settings),
            Client(scheduler_file=str(where), set_as_default=False, timeout=_PATIENCE_S) as client,
        ):
            cluster = Cluster(
                client, json.loads(where.read_text(encoding="utf-8"))["address"], log, environment
            )
            try:
                yield cluster
            finally:
                cluster.stop()
    finally:
        scheduler.kill()
        scheduler.wait()


def _certified(folder: Path) -> dict[str, str | bool]:
    """Dask's settings for an authority of our own and one certificate, which are made in `folder`."""
    authority = folder / "ca.pem", ec.generate_private_key(ec.SECP256R1())
    node = folder / "node.pem", ec.generate_private_key(ec.SECP256R1())
    _certificate(*authority, authority[1], is_authority=True)
    _certificate(*node, authority[1], is_authority=False)
    key = folder / "node.key"
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(node[1].private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    tls = "distributed.comm.tls"
    roles = ("scheduler", "worker", "client")
    return {
        "distributed.comm.require-encryption": True,
        f"{tls}.ca-file": str(authority[0]),
        **{f"{tls}.{role}.cert": str(node[0]) for role in roles},
        **{f"{tls}.{role}.key": str(key) for role in roles},
    }


def _certificate(
    path: Path, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> None:
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
    subject = issuer if is_authority else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node")])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _variable(setting: str) -> str:
    """The environment variable of a setting of Dask's."""
    return "DASK_" + setting.upper().replace(".", "__").replace("-", "_")
