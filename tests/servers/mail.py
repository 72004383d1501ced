"""Mail servers for the tests: a real one that records, and one that answers as it is told."""

import asyncio
import ipaddress
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CUT = ""
"""Instead of an answer: close the connection."""


@dataclass
class Recorder:
    """What a real server accepted: each message with its envelope. It waits `pause` seconds before it answers.

    From the message number `hold_from` on it answers only once `go` is set. It cuts the line, instead of an answer,
    after a message to an address of `cut`.
    """

    pause: float = 0.0
    cut: frozenset[str] = frozenset()
    hold_from: int = 1 << 30
    go: threading.Event = field(default_factory=threading.Event)
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take the message."""
        del session
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.contents.append(content)
        self.messages.append(message)
        self.envelopes.append((str(envelope.mail_from), tuple(envelope.rcpt_tos)))
        await asyncio.sleep(self.pause)
        if len(self.messages) >= self.hold_from:
            await asyncio.to_thread(self.go.wait)
        if self.cut.intersection(envelope.rcpt_tos) and server.transport is not None:
            server.transport.close()
        return "250 2.0.0 queued"

    @property
    def message_ids(self) -> list[str]:
        """The Message-ID of every message that was accepted, in order."""
        return [str(message["Message-ID"]) for message in self.messages]


@contextmanager
def recording_server(
    recorder: Recorder,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    account: tuple[bytes, bytes] | None = None,
) -> Iterator[int]:
    """A real SMTP server on a free port of this machine; gives the port.

    It speaks TLS from the start or offers STARTTLS, and lets one account log in.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncio.Server:
        def authenticate(*arguments: object) -> AuthResult:
            given = arguments[-1]
            right = isinstance(given, LoginPassword) and (given.login, given.password) == account
            return AuthResult(success=right, handled=False)

        def protocol() -> SMTP:
            # it does not see TLS that was there before it
            return SMTP(
                recorder,
                hostname="127.0.0.1",
                loop=loop,
                tls_context=starttls,
                authenticator=authenticate,
                auth_require_tls=tls is None,
            )

        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)

    async def leave() -> None:
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(leave(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Dialogue(socketserver.StreamRequestHandler):
    """One connection to the double."""

    server: "Double"

    def handle(self) -> None:
        """Answer each line as told, until the script says to cut or the client has gone."""
        with self.server.lock:
            self.server.connections += 1
        with suppress(ConnectionError, ssl.SSLError):
            self._talk()

    def _talk(self) -> None:
        self.recipients = 0
        withheld: list[str] = []
        if not self._answer("greeting"):
            return
        while line := self.rfile.readline():
            word = line[:4].upper().strip().decode()
            if word == "RCPT":
                self.server.recipients.append(line.decode().strip()[len("RCPT TO:<") : -1])
            if self.server.waits and word in {"MAIL", "RCPT"}:
                withheld.append(word)
                continue
            answers = [self._answer(one) for one in [*withheld, word]]
            if CUT in answers or word == "QUIT":
                return
            withheld.clear()
            if word == "DATA" and answers[-1] == "354 go ahead" and not self._body():
                return

    def _body(self) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
            if self.server.cut_in_body or not line:
                return CUT
        body = b"".join(lines)
        answer = self.server.next_answer("BODY")
        with self.server.lock:
            self.server.bodies.append(body)
            if self.recipients and (answer == CUT or answer.startswith("2")):
                self.server.taken.append(body)
        time.sleep(self.server.pause)
        return self._say(answer)

    def _answer(self, stage: str) -> str:
        answer = self.server.next_answer(stage)
        if stage == "MAIL":
            self.recipients = 0
        elif stage == "RCPT":
            self.recipients += answer.startswith("2")
        return self._say(answer)

    def _say(self, answer: str) -> str:
        self.wfile.write(b"" if answer == CUT else f"{answer}\r\n".encode())
        return answer


class Double(socketserver.ThreadingTCPServer):
    """Answers each stage with the next of its answers, the last of them for ever; `CUT` closes the connection.

    `recipients` are those that it was told of.

    `taken` are the bodies that it keeps, if it said yes to a recipient: those it said yes to, and those after which it
    cut the line.

    One that `waits` answers nothing about sender and recipients before it has read DATA. With `tls` it speaks nothing
    else, and a cut drops it without a goodbye. `pause` seconds go by before it answers a body.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self,
        answers: Mapping[str, Sequence[str]],
        *,
        cut_in_body: bool,
        waits: bool,
        tls: ssl.SSLContext | None,
        pause: float,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        usual = {"greeting": ["220 ready"], "DATA": ["354 go ahead"], "QUIT": ["221 bye"]}
        self.answers = {stage: list(told) for stage, told in {**usual, **answers}.items()}
        self.cut_in_body = cut_in_body
        self.waits = waits
        self.tls = tls
        self.pause = pause
        self.lock = threading.Lock()
        self.bodies: list[bytes] = []
        self.taken: list[bytes] = []
        self.connections = 0
        self.recipients: list[str] = []

    def get_request(self) -> tuple[socket.socket, object]:
        """The next connection; its own thread shakes hands."""
        line, address = super().get_request()
        if self.tls is not None:
            line = self.tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False)
        return line, address

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def next_answer(self, stage: str) -> str:
        """The next answer of a stage, `250 ok` where nothing was told."""
        with self.lock:
            told = self.answers.get(stage, ["250 ok"])
            return told.pop(0) if len(told) > 1 else told[0]


@contextmanager
def double(
    answers: Mapping[str, Sequence[str]] | None = None,
    *,
    cut_in_body: bool = False,
    waits: bool = False,
    tls: ssl.SSLContext | None = None,
    pause: float = 0.0,
) -> Iterator[Double]:
    """A double at work on a free port."""
    with Double(answers or {}, cut_in_body=cut_in_body, waits=waits, tls=tls, pause=pause) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a new certificate for 127.0.0.1, and a client's that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test server")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "server.pem"
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(secret + made.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=made.public_bytes(pem).decode())
