"""Addresses that may hold a password are never repeated in an error, whole or in a library's words."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from mailer.errors import MailerError
from mailer.events.inboxes import ImapInbox
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.transports.base import Attempt
from mailer.transports.smtp import SmtpTransport
from mailer.transports.smtp_session import parse_smtp_url
from tests.samples.mail import NOW, notice
from tests.servers.mail import double

PASSWORDS = (
    "hunter2",
    "hunter2/x",
    "hunter2#x",
    "hunter2?x",
    "hunter2@x",
    "12hunter2:x",
    "hunter2 x",
    "%hunter2",
    "[hunter2",
)


def sendgrid(url: str) -> SendGridTransport:
    """A transport at that base address."""
    return SendGridTransport("SG.key", base_url=url)


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    ("opened", "url"),
    [
        (Outbox.open, "postgresql://offers:{}@127.0.0.1:1/offers"),
        (Outbox.open, "postgresql://offers:{}@nowhere.invalid:port/offers"),
        (Outbox.open, "postgres:/offers:{}@127.0.0.1/offers"),
        (Outbox.open, "{}@127.0.0.1/offers"),
        (parse_smtp_url, "smtp+tls://offers:{}@relay.example:587"),
        (parse_smtp_url, "smtp+starttls://offers:{}@relay.example:587/x"),
        (parse_smtp_url, "smtp://offers:{}@relay.example:port"),
        (ImapInbox, "imap://offers:{}@imap.example/INBOX"),
        (ImapInbox, "imaps://offers:{}@127.0.0.1:port/INBOX"),
        (sendgrid, "http://offers:{}@api.example"),
        (sendgrid, "https://offers:{}@[api.example"),
    ],
)
def test_a_damaged_address_is_never_echoed(opened: Callable[[str], object], url: str, password: str) -> None:
    """Neither the password nor a part of it, in the error or in what it came from."""
    with pytest.raises(MailerError) as raised:
        opened(url.format(password))
    told: BaseException | None = raised.value
    assert told is not None
    assert "hunter2" not in str(told)
    assert "write" in str(told) or "see" in str(told)


LONG = f"{'a' * 70}.example"  # a label of the DNS has 63 characters at most (RFC 1035 2.3.4)
ATTEMPT = Attempt(notice(1), "<id-1@vendor.example>", "id-1", NOW)


class _Echo(socketserver.StreamRequestHandler):
    """A mail store that repeats what it cannot do."""

    def handle(self) -> None:
        """Answer each command in its own words."""
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().strip():
            tag, _, command = line.partition(b" ")
            known = command in {b"CAPABILITY", b"LOGOUT"}
            self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n" if command == b"CAPABILITY" else b"")
            self.wfile.write(tag + (b" OK done\r\n" if known else b" NO cannot: " + command + b"\r\n"))


@contextmanager
def echo() -> Iterator[int]:
    """The port of such a mail store."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def test_a_servers_echo_of_the_password_is_not_repeated() -> None:
    """Some servers answer a failed login with the whole command."""
    with echo() as port, pytest.raises(MailerError) as raised:
        ImapInbox(f"imap://jo:hunter2@127.0.0.1:{port}/INBOX")
    assert "hunter2" not in str(raised.value)
    assert "see user and password" in str(raised.value)


@pytest.mark.parametrize(
    "url", [f"imaps://jo:hunter2@{LONG}/INBOX", "imap://jo:hunter2%C3%BC@127.0.0.1:{port}/INBOX"]
)
def test_a_mailbox_that_cannot_be_written_in_ascii_is_refused(url: str) -> None:
    """Its host, or the user and password that the protocol takes in ASCII (RFC 3501 9)."""
    with echo() as port, pytest.raises(MailerError, match=r"see its address|correct its address") as raised:
        ImapInbox(url.replace("{port}", str(port)))
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("place", [LONG, "jo:hunter2%C3%BC@127.0.0.1:{port}"])
def test_a_relay_that_cannot_be_written_in_ascii_is_refused(place: str) -> None:
    """Before anything has left, and without a part of the password."""
    with double({"EHLO": ["250-here\r\n250 AUTH PLAIN"]}) as server:
        way = SmtpTransport(f"smtp://{place.replace('{port}', str(server.port))}")
        with closing(way.connect()) as connection, pytest.raises(MailerError, match="ASCII") as raised:
            connection.hand(ATTEMPT)
    assert "hunter2" not in str(raised.value)


def test_a_provider_without_a_usable_host_is_refused() -> None:
    """The base address of the provider is checked by the same rule."""
    with (
        closing(sendgrid(f"https://{LONG}").connect()) as connection,
        pytest.raises(MailerError, match="host"),
    ):
        connection.hand(ATTEMPT)


def test_a_long_address_of_a_mailbox_is_judged_at_once() -> None:
    """50,000 slashes took minutes with a pattern that looked for a sign behind two of them."""
    with pytest.raises(MailerError):
        ImapInbox(f"imaps://127.0.0.1:1/{'/' * 50_000}")
