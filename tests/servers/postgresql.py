"""A real PostgreSQL server of its own for a test run: a new cluster in a temporary folder, on a free port."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.servers.ports import free_port

USER = "postgres"


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a running server, which is stopped and removed afterwards.

    The server refuses to run as root: then it runs as the system's user `postgres`. It stays a child of this process,
    so that its CPU seconds count for who asked for it.
    """
    folder = Path(tempfile.mkdtemp(prefix="offerpress-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    try:
        initdb = "initdb -D data -A trust -E UTF8 --locale=C.UTF-8 -N -U"
        with _started(folder, *initdb.split(), USER) as made:
            _require(folder, made, made.wait(timeout=120) == 0)
        url = f"postgresql://{USER}@127.0.0.1:{(port := free_port())}/postgres"
        settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off")
        options = (word for setting in settings for word in ("-c", setting))
        with _started(folder, "postgres", "-D", "data", "-p", str(port), *options) as server:
            try:
                _await(folder, server, url)
                yield url
            finally:
                _stop(folder)
    finally:
        shutil.rmtree(folder)


def _await(folder: Path, server: subprocess.Popen[bytes], url: str) -> None:
    """Return once the server answers."""
    until = time.monotonic() + 120
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            _require(folder, server, server.poll() is None and time.monotonic() < until)
            time.sleep(0.05)
        else:
            return


def _stop(folder: Path) -> None:
    """End the server at once: nobody needs its data any more."""
    process_id = int((folder / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
    os.kill(process_id, signal.SIGQUIT)


def _require(folder: Path, process: subprocess.Popen[bytes], fine: bool) -> None:  # noqa: FBT001 - one condition
    if not fine:
        process.kill()
        said = {path.name: path.read_text(errors="replace") for path in folder.glob("*.out")}
        raise RuntimeError(f"PostgreSQL did not start: {said}")


def empty_schema(url: str, name: str) -> str:
    """The URL of a new schema of that name, in which nothing is."""
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}?options=-csearch_path%3D{name}"


def _started(folder: Path, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    as_user: Sequence[str] = ("runuser", "-u", USER, "--") if os.geteuid() == 0 else ()
    command = [*as_user, str(_binaries() / program), *arguments]
    with (folder / f"{program}.out").open("w") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    path = Path(found).resolve() if found else next(reversed(installed), None)
    if path is None:
        raise FileNotFoundError("PostgreSQL's server programs are needed: install Debian's `postgresql`")
    return path.parent
