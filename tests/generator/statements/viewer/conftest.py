"""The made-up site on a server, and readers in one real browser."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from tests.samples.statement_site import site_files
from tests.servers.browsing import Reader, Server


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """The made-up site's files, made once."""
    return site_files()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Mapping[str, bytes]], Server]]:
    """Puts files into a folder and serves them until the test ends."""
    servers: list[Server] = []

    def start(files: Mapping[str, bytes]) -> Server:
        folder = tmp_path / str(len(servers))
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        servers.append(Server(folder))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(serve: Callable[[Mapping[str, bytes]], Server], files: dict[str, bytes]) -> Server:
    """The made-up site as it was built."""
    return serve(files)


@pytest.fixture
def read(browser: Browser) -> Iterator[Callable[..., Reader]]:
    """Makes readers, each in a fresh profile: with a language, with or without scripts, on some screen."""
    contexts: list[BrowserContext] = []

    def start(*, locale: str = "en-US", scripted: bool = True, width: int = 1000) -> Reader:
        viewport = ViewportSize(width=width, height=900)
        contexts.append(browser.new_context(locale=locale, java_script_enabled=scripted, viewport=viewport))
        return Reader(contexts[-1])

    yield start
    for context in contexts:
        context.close()
