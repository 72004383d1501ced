"""A stand-in for a mail provider's HTTP interface that answers, delays and cuts as it is told."""

import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Answer:
    """One answer: a status with headers and body, or a cut of the line; `close` ends it after the answer.

    The cut comes before the body is read, or after; or half of the answer comes; or the line is closed in one direction
    while the body is still read.

    `takes` says whether the provider kept the message, whatever it then answers.
    """

    status: int = 202
    headers: tuple[tuple[str, str], ...] = (("X-Message-Id", "abc123"),)
    body: str = ""
    cut: Literal["", "before body", "after body", "half answer", "half close"] = ""
    takes: bool = True
    close: bool = False


class _Dialogue(socketserver.StreamRequestHandler):
    """One kept connection."""

    server: "Provider"

    def handle(self) -> None:
        """Answer one request after the other."""
        with self.server.lock:
            self.server.connections += 1
        with suppress(ConnectionError, ssl.SSLError):
            while self._one():
                pass

    def _one(self) -> bool:
        line = self.rfile.readline()
        if not line:
            return False
        head = dict(self._head())
        if "content-length" not in head:
            return False
        answer = self.server.next_answer()
        if answer.cut == "before body":
            return False
        if answer.cut == "half close":
            socket.socket.shutdown(self.connection, socket.SHUT_WR)  # TLS's own would end reading too
        length = int(head["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return False
        if answer.takes:
            self.server.take(line.decode().split(" ")[1], head, json.loads(body))
        time.sleep(self.server.delay)
        if answer.cut in {"after body", "half close"}:
            return False
        headers = {**dict(answer.headers), "Content-Length": str(len(answer.body))}
        lines = [
            f"HTTP/1.1 {answer.status} said so",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        out = ("\r\n".join(lines) + "\r\n\r\n" + answer.body).encode()
        self.wfile.write(out[: len("HTTP/1.1 2") if answer.cut else None])
        return not (answer.cut or answer.close)

    def _head(self) -> Iterator[tuple[str, str]]:
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            yield name.strip().lower(), value.strip()


class Provider(socketserver.ThreadingTCPServer):
    """Gives each request the next of its answers, the last of them for ever, after `delay` seconds."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers: Sequence[Answer], delay: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.answers = list(answers) or [Answer()]
        self.delay = delay
        self.tls = tls
        self.lock = threading.Lock()
        self.taken: list[dict[str, Any]] = []
        self.heads: list[tuple[str, dict[str, str]]] = []
        self.connections = 0

    def get_request(self) -> tuple[socket.socket, object]:
        """The next connection, secured where the provider does so; its own thread shakes hands."""
        line, address = super().get_request()
        if self.tls is not None:
            line = self.tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False)
        return line, address

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    @property
    def ids(self) -> list[str]:
        """Our own id in each message that was taken."""
        return [one["personalizations"][0]["custom_args"]["offerpress_notice"] for one in self.taken]

    def next_answer(self) -> Answer:
        """The next answer."""
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def take(self, path: str, head: dict[str, str], body: dict[str, Any]) -> None:
        """Keep a message."""
        with self.lock:
            self.heads.append((path, head))
            self.taken.append(body)


@contextmanager
def provider(*answers: Answer, delay: float = 0.0, tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    """A provider at work on a free port."""
    with Provider(answers, delay, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
