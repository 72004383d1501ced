"""Addresses that may hold a password are never repeated in an error, whole or in a library's words."""

from collections.abc import Callable

import pytest

from mailer.errors import MailerError
from mailer.events.inboxes import ImapInbox
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.transports.smtp_session import parse_smtp_url

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
