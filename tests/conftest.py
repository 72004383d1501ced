"""What holds for every test, and the CPU seconds that a run took."""

import resource
import shutil
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.servers.browsing import CHROMIUM
from tests.servers.postgresql import empty_schema, postgresql_server

# A deadline is an assertion about time, which a busy machine breaks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_PATIENCE_MS = 120_000
"""How long a browser waits for what must come. A machine at work on other things takes long; only a failure waits."""
_SCHEMAS = count(1)
_WORKERS = pytest.StashKey[list[float]]()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server."""
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a worker, with its back/forward cache as people have it."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=list(CHROMIUM),
            ignore_default_args=["--disable-back-forward-cache"],
        )
        started.on("context", lambda context: context.set_default_timeout(_PATIENCE_MS))
        yield started
        started.close()


@pytest.fixture
def shared_place(postgresql: str) -> str:
    """The address of a shared outbox that is not there yet."""
    return empty_schema(postgresql, f"outbox_{next(_SCHEMAS)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of xdist hands its CPU seconds to the process that began the run."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["cpu_seconds"] = _cpu_seconds(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Keep what a worker handed over; a worker that crashed handed over nothing."""
    config, output = getattr(node, "config", None), getattr(node, "workeroutput", {})
    if isinstance(config, pytest.Config):
        config.stash.setdefault(_WORKERS, []).append(output.get("cpu_seconds", 0.0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report user and system time of this process, of the workers, and of every process that they started."""
    workers = config.stash.get(_WORKERS, [])
    own = (resource.RUSAGE_SELF,) if workers else (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    terminalreporter.write_line(f"CPU seconds of all processes: {_cpu_seconds(*own) + sum(workers):.0f}")


def _cpu_seconds(*whose: int) -> float:
    used = [resource.getrusage(one) for one in whose]
    return sum(one.ru_utime + one.ru_stime for one in used)
