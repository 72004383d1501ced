"""A proxy that ends TLS, as one stands before the studio, and a browser that finds its hosts on this machine."""

import asyncio
import shutil
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from queue import Queue

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser

from tests.servers.mail import certificate


@contextmanager
def behind_proxy(browser: Browser, folder: Path, ports: Mapping[str, int]) -> Iterator[Browser]:
    """A browser of its own to which each of these https hosts is a port of this machine.

    It takes the certificate as valid. A page whose certificate it only tolerates may not use passkeys.
    """
    context = certificate(folder)[0]
    made = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    key = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with _passing(context, ports) as places:
        rules = ", ".join(f"MAP {host} 127.0.0.1:{port}" for host, port in places.items())
        options = (
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            f"--host-resolver-rules={rules}",
            f"--ignore-certificate-errors-spki-list={b64encode(sha256(key).digest()).decode()}",
        )
        program = shutil.which("chromium") or shutil.which("google-chrome")
        own = browser.browser_type.launch(executable_path=program, args=list(options))
        try:
            yield own
        finally:
            own.close()


@contextmanager
def _passing(context: ssl.SSLContext, ports: Mapping[str, int]) -> Iterator[Mapping[str, int]]:
    """Pass what arrives by TLS at a free port for each host to that host's port, until the end of the block."""
    begun: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, dict[str, int]]] = Queue()

    async def run() -> None:
        ended, servers = asyncio.Event(), {}
        for host, port in ports.items():
            answer = partial(_passed, port)
            servers[host] = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        places = {host: server.sockets[0].getsockname()[1] for host, server in servers.items()}
        begun.put((asyncio.get_running_loop(), ended, places))
        await ended.wait()
        for server in servers.values():
            server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for one in left:
            one.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    loop, ended, places = begun.get(timeout=120)
    try:
        yield places
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


async def _passed(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass one connection on, both ways, until one side ends it."""
    behind, before = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_copied(reader, before), _copied(behind, writer))
    finally:
        for one in (before, writer):
            one.transport.abort()
        await asyncio.sleep(0)


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
