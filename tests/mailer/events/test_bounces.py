"""What comes back by mail, in the forms of many mail systems: whom it suppresses, and whom it does not."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from random import Random

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


def test_a_complaint_without_an_address_is_the_only_recipients() -> None:
    """Its provider takes the address out of the report: the notice's own id says whose it is, unless it had copies."""
    (event,) = events("complaint", ADDRESS)
    assert (EventKind.COMPLAINED, ADDRESS, "complained") == (event.kind, event.address, event.suppresses)
    assert [] == events("complaint", ADDRESS, f"copy@{HOST}")


def test_a_message_unsubscribes_by_its_token() -> None:
    """With the subject that the message's own header asks for; a forged token is an ordinary message."""
    text = f"From: Jo <{ADDRESS}>\nSubject: unsubscribe {{}}\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\n"
    found = read_returned(text.format(TOKENS.token(KEY)).encode(), TOKENS, NOW)
    (event,) = found.events(KEY, (ADDRESS,))
    assert ("unsubscribe", KEY, "unsubscribed") == (found.kind, event.key, event.suppresses)
    forged = UnsubscribeTokens([b"other"]).token(KEY)
    assert "other" == read_returned(text.format(forged).encode(), TOKENS, NOW).kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff" * 100,
        b"Content-Type: multipart/report\n\n--",
        b"Date: nonsense\n\n",
        b"From: mailer-daemon@\xff.example\nX-Mailer: \xfe\n\nundeliverable\n",
        b"From: mailer-daemon@x.example\nFrom: \n\n" + b"a" * 1_000_000,
        b"Content-Type: message/rfc822\n\n" * 3_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1_500)),
        b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\n",
    ],
)
def test_nothing_in_a_message_is_an_error(content: bytes) -> None:
    """Whatever comes to a public address is read to an end, in a second, and is of nobody."""
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
        (EventKind.BOUNCED, ["", "5.0.0", "5.1.1", "5.1.10", "5.2.1", "5.5.0"]),
        (
            EventKind.BLOCKED,
            [
                "4.4.7",
                "4.2.2",
                "5.1.7",
                "5.1.8",
                "5.2.2",
                "5.2.3",
                "5.3.4",
                "5.4.1",
                "5.4.4",
                "5.4.7",
                "5.6.0",
                "5.7.26",
            ],
        ),
    ],
)
def test_which_codes_are_about_the_address(kind: EventKind, codes: list[str]) -> None:
    """A mailbox that does not exist, or is disabled; not its size, the message, or a policy."""
    assert [kind] * len(codes) == [failure_of(code) for code in codes]


def report(*fields: str, kind: str = "delivery-status", encoding: str = "8bit", copied: str = "") -> bytes:
    """A delivery report with these fields of its recipient, and `copied` from our message."""
    content = "Reporting-MTA: dns; mx.example\n\n" + "".join(f"{field}\n" for field in fields)
    body = b64encode(content.encode()) if encoding == "base64" else content.encode()
    head = (
        "From: Mail Delivery <MAILER-DAEMON@mx.example>\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n--B\n'
        f"Content-Type: message/{kind}\nContent-Transfer-Encoding: {encoding}\n\n"
    )
    copied = copied or f"Message-ID: <{KEY}@vendor.example>"
    return head.encode() + body + f"\n--B\nContent-Type: text/rfc822-headers\n\n{copied}\n\n--B--\n".encode()


def of_report(content: bytes, *recipients: str) -> list[tuple[EventKind, str, str | None]]:
    """Kind, address and suppression of the events that a report makes of our notice."""
    found = read_returned(content, TOKENS, NOW)
    assert (KEY,) == found.keys
    return [(one.kind, one.address, one.suppresses) for one in found.events(KEY, recipients or (ADDRESS,))]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.8", "550 5.1.8 Domain of sender does not exist"),  # RFC 3463 3.2
        ("5.4.1", "550 5.4.1 No answer from host"),  # RFC 3463 3.5
        ("5.4.4", "550 5.4.4 Unable to route"),
        ("5.4.6", "554 5.4.6 Routing loop detected"),
        ("5.0.0", "552 The mailbox is full"),
        ("5.0.0", "550 account is over quota"),
        ("5.0.0", "554 rejected, 192.0.2.1 is on a blacklist"),
        ("5.0.0", "550 rejected by DMARC policy of vendor.example"),
        ("5.0.0", "550 Relaying denied"),
        ("5.0.0", "550 Sender address rejected"),
        ("5.0.0", "554 message refused as spam"),
        ("5.0.0", "554 transaction failed"),
    ],
)
def test_a_report_about_the_way_or_about_us_suppresses_nobody(status: str, words: str) -> None:
    """The address is not the reason (RFC 3463 3, RFC 5321 4.2.3), so the notice is blocked only."""
    content = report(
        f"Final-Recipient: rfc822; {ADDRESS}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {words}",
    )
    assert [(EventKind.BLOCKED, ADDRESS, None)] == of_report(content)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.0.0", "550 no such user here"),
        ("5.0.0", "550 The account that you tried to reach does not exist"),
        ("5.5.0", "550 Requested action not taken: mailbox unavailable"),
        ("5.2.1", "550 5.2.1 mailbox disabled"),
        ("5.1.10", "556 5.1.10 the domain takes no mail"),  # RFC 7505
        ("5.0.0", "550"),
    ],
)
def test_a_report_about_the_address_suppresses_it(status: str, words: str) -> None:
    """Without a telling code the server's words decide, and without words the SMTP reply (RFC 5321 4.2.3)."""
    content = report(
        f"Final-Recipient: rfc822; {ADDRESS}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {words}",
    )
    assert [(EventKind.BOUNCED, ADDRESS, "bounced")] == of_report(content)


@pytest.mark.parametrize(
    ("original", "final", "expected"),
    [
        (ADDRESS, "jo@alias.example", [(EventKind.BLOCKED, ADDRESS, None)]),
        (ADDRESS, ADDRESS.upper(), [(EventKind.BOUNCED, ADDRESS, "bounced")]),
        (f"copy@{HOST}", "team@alias.example", [(EventKind.BLOCKED, f"copy@{HOST}", None)]),
        ("list@alias.example", f"copy@{HOST}", [(EventKind.BOUNCED, f"copy@{HOST}", "bounced")]),
        ("one@alias.example", "two@alias.example", []),
    ],
)
def test_only_the_address_that_failed_is_suppressed(
    original: str, final: str, expected: list[tuple[EventKind, str, str | None]]
) -> None:
    """Original-Recipient is the one we wrote to, Final-Recipient the one that failed (RFC 3464 2.3.1 and 2.3.2)."""
    content = report(
        f"Original-Recipient: rfc822; {original}",
        f"Final-Recipient: rfc822; {final}",
        "Action: failed",
        "Status: 5.1.1",
    )
    assert expected == of_report(content, ADDRESS, f"copy@{HOST}")


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("jo@b\u00fccher.example", "jo@b\u00fccher.example"),
        (r"jo@b\x{FC}cher.example", "jo@xn--bcher-kva.example"),
        (ADDRESS, ADDRESS),
    ],
)
def test_internationalised_reports_are_read(named: str, address: str, encoding: str) -> None:
    """message/global-delivery-status and its utf-8 addresses (RFC 6533 3), in any transfer encoding."""
    content = report(
        f"Final-Recipient: utf-8; {named}",
        "Action: failed",
        "Status: 5.1.1",
        kind="global-delivery-status",
        encoding=encoding,
    )
    assert [(EventKind.BOUNCED, address, "bounced")] == of_report(content, address)


@pytest.mark.parametrize(
    "copied",
    [
        f"Message-ID: <0102018c-0000@relay.example>\nX-Offerpress-Notice: {KEY}",
        f"Message-ID: <0102018c-0000@relay.example>\nx-offerpress-notice:  {KEY}\nSubject: credit",
        f"Return-Path: <bounces+{KEY}@vendor.example>",
    ],
)
def test_a_report_from_behind_a_relay_that_renames_messages_is_found(copied: str) -> None:
    """Our own header and the return path carry the notice's id where the Message-ID is replaced."""
    content = report(f"Final-Recipient: rfc822; {ADDRESS}", "Action: failed", "Status: 5.1.1", copied=copied)
    assert [(EventKind.BOUNCED, ADDRESS, "bounced")] == of_report(content)


def feedback(kind: str, *fields: str) -> bytes:
    """A feedback report (RFC 5965) of that kind about our notice."""
    lines = [f"Feedback-Type: {kind}", "User-Agent: Reporter/1.0", "Version: 1", *fields]
    return (
        "From: reports@provider.example\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\n\n--B\n'
        "Content-Type: message/feedback-report\n\n" + "\n".join(lines) + "\n\n--B\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: <{KEY}@vendor.example>\n\n--B--\n"
    ).encode()


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus", "other", ""])
def test_feedback_that_is_no_complaint_suppresses_nobody(kind: str) -> None:
    """Not-spam (RFC 6430), failures of DMARC (RFC 6591), and whatever a person has to read."""
    found = read_returned(feedback(kind, f"Original-Rcpt-To: <{ADDRESS}>"), TOKENS, NOW)
    assert ("other", []) == (found.kind, found.events(KEY, (ADDRESS,)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((f"Original-Rcpt-To: <copy@{HOST}>",), [f"copy@{HOST}"]),
        ((f"Original-Rcpt-To: {ADDRESS}",), [ADDRESS]),
        (
            (f"Original-Rcpt-To: rfc822; {ADDRESS}", f"Original-Rcpt-To: <copy@{HOST}>"),
            [ADDRESS, f"copy@{HOST}"],
        ),
        (("Original-Rcpt-To: <jo@alias.example>",), []),
        ((), []),
    ],
)
def test_a_complaint_suppresses_who_complained(fields: tuple[str, ...], expected: list[str]) -> None:
    """Original-Rcpt-To names the readers (RFC 5965 3.2); without a name nobody is taken for one of several."""
    found = read_returned(feedback("abuse", *fields), TOKENS, NOW).events(KEY, (ADDRESS, f"copy@{HOST}"))
    assert expected == [one.address for one in found if one.suppresses == "complained"]


@pytest.mark.parametrize(
    "subject",
    [
        "Re: unsubscribe {}",
        "=?utf-8?B?{base64}?=",
        "=?iso-8859-1?Q?AW=3A_unsubscribe_{}?=",
        "=?utf-8?Q?R=C3=A9=3A?= unsubscribe\n {}",
    ],
)
def test_an_encoded_subject_unsubscribes(subject: str) -> None:
    """Mail programs encode the subjects of answers (RFC 2047)."""
    token = TOKENS.token(KEY)
    coded = b64encode(f"Re: unsubscribe {token}".encode()).decode()
    text = f"From: {ADDRESS}\nSubject: {subject.format(token, base64=coded)}\n\n"
    (event,) = read_returned(text.encode(), TOKENS, NOW).events(KEY, (ADDRESS,))
    assert (KEY, ADDRESS, "unsubscribed") == (event.key, event.address, event.suppresses)


def test_who_got_a_copy_unsubscribes_the_copy() -> None:
    """The token is the notice's, and so in the copy too; an unknown sender means the partner."""
    for sender, address in ((f"copy@{HOST}", f"copy@{HOST}"), ("jo@alias.example", ADDRESS)):
        text = f"From: {sender}\nSubject: unsubscribe {TOKENS.token(KEY)}\n\n"
        (event,) = read_returned(text.encode(), TOKENS, NOW).events(KEY, (ADDRESS, f"copy@{HOST}"))
        assert (address, "unsubscribed") == (event.address, event.suppresses)


PIECES = (
    b"\n\n",
    b"\x00\xff\xfe",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Type: message/global-delivery-status\n",
    b"Date: Mon, 99 Jan 99999 10:00:00 +9999\n",
    b"From: \xff\xfe@x\n",
    b"=?utf-8?q?=?=",
    rb"\x{110000}\x{d800}",
)


def test_broken_mail_is_read_to_its_end() -> None:
    """Samples with pieces cut, doubled and strewn in, drawn from a seed: none raises, none suppresses a stranger."""
    random = Random(17)
    samples = [
        (SAMPLES / f"{name}.eml").read_bytes().replace(b"{ADDRESS}", ADDRESS.encode()) for name in SYSTEMS
    ]
    suppressed = set()
    for _ in range(300):
        mail = bytearray(random.choice(samples))
        for _ in range(random.randint(1, 20)):
            at = random.randrange(len(mail) + 1)
            other = random.choice(samples)
            piece = random.choice((b"", *PIECES, other[: random.randrange(200)]))
            mail[at : at + random.randrange(20)] = piece
        for event in read_returned(bytes(mail), TOKENS, NOW).events(KEY, (ADDRESS,)):
            suppressed |= {event.address} if event.suppresses else set()
    assert {ADDRESS} == suppressed
