"""A real PostgreSQL server of its own for a test run: a new cluster in a temporary folder, on a free port."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

USER = "postgres"


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a running server, which is stopped and removed afterwards.

    The server refuses to run as root: then it runs as the system's user `postgres`.
    """
    folder = Path(tempfile.mkdtemp(prefix="offerpress-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    try:
        _run(
            folder, "initdb", "-D", "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        port = _free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _run(folder, "pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            _run(folder, "pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def empty_schema(url: str, name: str) -> str:
    """The URL of a new schema of that name, in which nothing is."""
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}?options=-csearch_path%3D{name}"


def _run(folder: Path, program: str, *arguments: str) -> None:
    as_user: Sequence[str] = ("runuser", "-u", USER, "--") if os.geteuid() == 0 else ()
    command = [*as_user, str(_binaries() / program), *arguments]
    # The server keeps the output open that it is started with, so it goes to a file.
    with (folder / f"{program}.out").open("w") as output:
        subprocess.run(command, cwd=folder, check=True, stdout=output, stderr=output, timeout=120)


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    path = Path(found).resolve() if found else next(reversed(installed), None)
    if path is None:
        raise FileNotFoundError("PostgreSQL's server programs are needed: install Debian's `postgresql`")
    return path.parent


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
