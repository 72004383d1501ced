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
        head = dict(self._head()) if line else {}
        method, path, _ = line.decode().split(" ") if line else ("", "", "")
        if path.startswith(("/v3/mail/batch", "/v3/user/scheduled_sends")):
            body = self.rfile.read(int(head.get("content-length", "0")))
            return self._say(*self.server.fence(method, path, json.loads(body or "{}")))
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
            self.server.take(path, head, json.loads(body))
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

    def _say(self, status: int, body: object) -> bool:
        text = json.dumps(body)
        date = f"Date: {self.server.date}\r\n" if self.server.date else ""
        self.wfile.write(
            f"HTTP/1.1 {status} said so\r\n{date}Content-Length: {len(text)}\r\n\r\n{text}".encode()
        )
        return True

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
        self.date = ""
        self.refuses_fences = False
        self.opened: list[str] = []
        self.cancelled: list[str] = []

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

    @property
    def delivered(self) -> list[str]:
        """Our own id in each message that was taken and is not discarded with its fence."""
        kept = [one for one in self.taken if one.get("batch_id") not in self.cancelled]
        return [one["personalizations"][0]["custom_args"]["offerpress_notice"] for one in kept]

    def fence(self, method: str, path: str, body: dict[str, str]) -> tuple[int, object]:
        """What the provider says of scheduled messages: a new id, a cancellation, or what is cancelled."""
        with self.lock:
            if self.refuses_fences:
                return 403, {"errors": [{"message": "access forbidden"}]}
            if path == "/v3/mail/batch":
                self.opened.append(f"fence-{len(self.opened) + 1}")
                return 201, {"batch_id": self.opened[-1]}
            if method == "POST" and body["batch_id"] in self.cancelled:
                return 400, {"errors": [{"message": "a status for this batch exists already"}]}
            if method == "POST":
                self.cancelled.append(body["batch_id"])
                return 201, body
            key = path.rpartition("/")[2]
            return 200, [{"batch_id": key, "status": "cancel"}] if key in self.cancelled else []

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
