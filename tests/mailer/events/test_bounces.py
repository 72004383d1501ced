"""What comes back by mail, in the forms of many mail systems: whom it suppresses, and whom it does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.batch.unsubscribe import UnsubscribeTokens
from mailer.events.bounces import ReturnedMail, read_returned
from mailer.events.events import Event, EventKind, failure_of
from mailer.rules.status_codes import code_in

SAMPLES = Path(__file__).parent / "returned"
KEY = "5a" * 20
HOST = "reseller.example"
ADDRESS = f"jo.smith@{HOST}"
NOW = datetime(2024, 1, 2, tzinfo=UTC)
TOKENS = UnsubscribeTokens([b"secret"])
SYSTEMS = (
    "amazon-ses",
    "courier",
    "domino",
    "exchange-365",
    "exim",
    "gmail",
    "groupwise",
    "icloud",
    "microsoft-smtpsvc",
    "opensmtpd",
    "postfix",
    "qmail",
    "sendmail",
    "yahoo",
)


def returned(name: str, *, key: str = KEY, address: str = ADDRESS) -> ReturnedMail:
    """A sample about a message with that own id to that address."""
    text = (SAMPLES / f"{name}.eml").read_text(encoding="utf-8")
    filled = text.replace("{KEY}", key).replace("{ADDRESS}", address).replace("{HOST}", HOST)
    return read_returned(filled.encode(), TOKENS, NOW)


def events(name: str, *recipients: str) -> list[Event]:
    """The events that it makes of a notice to `recipients`."""
    return returned(name).events(KEY, recipients or (ADDRESS,))


def test_there_is_a_sample_of_each_system() -> None:
    """Each bounces an address that does not exist."""
    others = {file.stem for file in SAMPLES.glob("*.eml")} - set(SYSTEMS)
    assert 14 == len(SYSTEMS)
    assert {"none", "reply", "other", "complaint", "forwarded"} == {name.partition("-")[0] for name in others}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_bounce_suppresses_exactly_its_address(name: str) -> None:
    """The one that failed, of all to whom the notice went, under the notice's own id."""
    found = returned(name)
    assert ("report", (KEY,)) == (found.kind, found.keys)
    (event,) = events(name, ADDRESS, f"copy@{HOST}")
    assert (EventKind.BOUNCED, ADDRESS, "bounced") == (event.kind, event.address, event.suppresses)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_copys_bounce_suppresses_the_copys_address(name: str) -> None:
    """The partner is left alone."""
    (event,) = events(name, f"partner@{HOST}", ADDRESS)
    assert (ADDRESS, "bounced") == (event.address, event.suppresses)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_report_about_others_suppresses_nobody(name: str) -> None:
    """One that names an address we never wrote to is no reason to stop writing to those we did."""
    assert [None] == [event.suppresses for event in events(name, "partner@elsewhere.example")]
    assert [] == events(name, "one@elsewhere.example", "two@elsewhere.example")


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("none-postfix-delayed", EventKind.DEFERRED, "4.4.1"),
        ("none-exim-warning", EventKind.DEFERRED, "4.0.0"),
        ("none-expired", EventKind.BLOCKED, "4.4.1"),
        ("none-mailbox-full", EventKind.BLOCKED, "5.2.2"),
        ("none-policy", EventKind.BLOCKED, "5.7.1"),
        ("none-qmail-full", EventKind.BLOCKED, ""),
        ("none-delivered", EventKind.DELIVERED, "2.0.0"),
        ("forwarded", EventKind.BLOCKED, "5.1.1"),
    ],
)
def test_what_is_not_the_addresss_fault_suppresses_nobody(name: str, kind: EventKind, code: str) -> None:
    """Delays, full mailboxes, policies, servers that are away, and a forwarding that broke; but it is recorded."""
    (event,) = events(name)
    assert (kind, code, None) == (event.kind, event.code, event.suppresses)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reply-vacation", "reply"),
        ("reply-outlook", "reply"),
        ("reply-receipt", "reply"),
        ("other-answer", "other"),
    ],
)
def test_replies_suppress_nobody(name: str, kind: str) -> None:
    """Notes of absence, receipts, and a person who quotes a bounce."""
    assert (kind, []) == (returned(name).kind, events(name))


def test_a_complaint_is_the_partners() -> None:
    """Its provider takes the address out of the report: the notice's own id says whose it is."""
    (event,) = events("complaint", ADDRESS, f"copy@{HOST}")
    assert (EventKind.COMPLAINED, ADDRESS, "complained") == (event.kind, event.address, event.suppresses)


def test_a_message_unsubscribes_by_its_token() -> None:
    """With the subject that the message's own header asks for; a forged token is an ordinary message."""
    text = f"From: Jo <{ADDRESS}>\nSubject: unsubscribe {{}}\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\n"
    found = read_returned(text.format(TOKENS.token(KEY)).encode(), TOKENS, NOW)
    (event,) = found.events(KEY, (ADDRESS,))
    assert ("unsubscribe", KEY, "unsubscribed") == (found.kind, event.key, event.suppresses)
    forged = UnsubscribeTokens([b"other"]).token(KEY)
    assert "other" == read_returned(text.format(forged).encode(), TOKENS, NOW).kind


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff" * 100, b"Content-Type: multipart/report\n\n--", b"Date: nonsense\n\n"]
)
def test_nothing_in_a_message_is_an_error(content: bytes) -> None:
    """Whatever comes to a public address is read to an end, and is of nobody."""
    found = read_returned(content, None, NOW)
    assert ((), ()) == (found.keys, found.verdicts)


def test_samples_cut_anywhere_are_read() -> None:
    """No prefix of any sample raises, or suppresses another address than its own."""
    suppressed = set()
    for name in SYSTEMS:
        text = (SAMPLES / f"{name}.eml").read_bytes().replace(b"{ADDRESS}", ADDRESS.encode())
        for end in range(0, len(text), 97):
            for event in read_returned(text[:end], TOKENS, NOW).events(KEY, (ADDRESS,)):
                suppressed |= {event.address} if event.suppresses else set()
    assert {ADDRESS} == suppressed


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("5.1.1", "550-5.1.1 no such user"),
        ("5.1.10", "550 5.1.10 RESOLVER"),
        ("5.1.1", "550 5.0.0 then 5.1.1"),
        ("5.0.0", "5.0.0"),
        ("5.1.1", "(#5.1.1)"),
        ("", "from 192.5.1.1 and 5.1.1.7, version 15.2.3"),
        ("", ""),
    ],
)
def test_the_code_in_a_servers_words(expected: str, text: str) -> None:
    """RFC 3463's form, which no address of a machine is taken for."""
    assert expected == code_in(text)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (EventKind.BOUNCED, ["", "5.0.0", "5.1.1", "5.1.10", "5.2.1", "5.4.4", "5.4.1", "5.5.0"]),
        (
            EventKind.BLOCKED,
            ["4.4.7", "4.2.2", "5.2.2", "5.2.3", "5.3.4", "5.4.7", "5.6.0", "5.7.1", "5.7.26"],
        ),
    ],
)
def test_which_codes_are_about_the_address(kind: EventKind, codes: list[str]) -> None:
    """A mailbox that does not exist, or is disabled; not its size, the message, or a policy."""
    assert [kind] * len(codes) == [failure_of(code) for code in codes]
