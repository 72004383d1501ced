"""SendGrid's events in our own terms, and which requests are believed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from mailer.errors import ConfigurationError
from mailer.events.events import Event, EventKind
from mailer.providers.sendgrid.events import read_events
from mailer.providers.sendgrid.signatures import SIGNATURE_HEADER, SignedRequests, recent
from tests.servers.provider_events import SIGNATURE, EventDouble

KEY = "a1" * 20
AT = 1_704_024_000
NOW = datetime.fromtimestamp(AT, UTC)


def sent(event: str, **more: object) -> dict[str, object]:
    """An event as the provider posts it."""
    own = {
        "email": "jo@x.example",
        "timestamp": AT,
        "event": event,
        "offerpress_notice": KEY,
        "sg_event_id": "1",
    }
    return {**own, **more}


def read(*events: object) -> tuple[Event, ...]:
    """The events in a posted array."""
    return read_events(json.dumps(events).encode()).events


@pytest.mark.parametrize(
    ("event", "more", "kind", "suppresses"),
    [
        ("processed", {}, EventKind.PROCESSED, None),
        ("deferred", {"response": "451 later"}, EventKind.DEFERRED, None),
        ("delivered", {"response": "250 ok"}, EventKind.DELIVERED, None),
        ("bounce", {"type": "bounce", "status": "5.1.1"}, EventKind.BOUNCED, "bounced"),
        ("bounce", {"type": "blocked", "status": "5.7.1"}, EventKind.BLOCKED, None),
        ("dropped", {"reason": "Bounced Address"}, EventKind.DROPPED, "bounced"),
        ("dropped", {"reason": "Spam Reporting Address"}, EventKind.DROPPED, "complained"),
        ("dropped", {"reason": "Unsubscribed Address"}, EventKind.DROPPED, "unsubscribed"),
        ("dropped", {"reason": "Spam Content"}, EventKind.DROPPED, None),
        ("spamreport", {}, EventKind.COMPLAINED, "complained"),
        ("unsubscribe", {}, EventKind.UNSUBSCRIBED, "unsubscribed"),
        ("group_unsubscribe", {"asm_group_id": 7}, EventKind.UNSUBSCRIBED, "unsubscribed"),
        ("group_resubscribe", {"asm_group_id": 7}, EventKind.RESUBSCRIBED, None),
        ("bounce", {"type": "bounce", "status": "5.2.2"}, EventKind.BLOCKED, None),
        ("bounce", {"status": "5.0.0", "reason": "552 mailbox is full"}, EventKind.BLOCKED, None),
        ("bounce", {"status": "5.4.1", "reason": "no answer from host"}, EventKind.BLOCKED, None),
    ],
)
def test_each_kind_of_event(
    event: str, more: dict[str, object], kind: EventKind, suppresses: str | None
) -> None:
    """Its notice, recipient and instant, and whether its address is written to no more."""
    (found,) = read(sent(event, **more))
    assert (KEY, kind, NOW, "jo@x.example", suppresses) == (
        found.key,
        found.kind,
        found.at,
        found.address,
        found.suppresses,
    )


def test_a_bounce_keeps_its_code_and_words() -> None:
    """The enhanced status, else the provider's class."""
    one, other = read(
        sent("bounce", status="5.1.1", reason="550 no such user"),
        sent("bounce", bounce_classification="Invalid Address", status=None),
    )
    assert ("5.1.1", "550 no such user", "Invalid Address") == (one.code, one.detail, other.code)


def test_what_is_of_no_use_is_counted() -> None:
    """Opens and clicks, another program's events, and what is no event; the others are taken."""
    foreign = {"email": "jo@x.example", "timestamp": AT, "event": "delivered"}
    damaged: list[object] = [
        7,
        {"event": "bounce"},
        sent("bounce", timestamp=-1),
        sent("bounce", timestamp=10**30),
    ]
    found = read_events(json.dumps([sent("open"), sent("delivered"), foreign, *damaged]).encode())
    assert (1, 2, 4) == (len(found.events), found.ignored, found.damaged)


@pytest.mark.parametrize("broken", ["no", "[" * 90_000, '{"event":', "9" * 5_000])
def test_a_damaged_line_keeps_no_other_out(broken: str) -> None:
    """In lines of JSON each line stands for itself; U+2028 in a text ends none (RFC 8259 7)."""
    words = json.dumps(sent("delivered", response="a\u2028b"), ensure_ascii=False)
    found = read_events(f"{words}\n{broken}\n{json.dumps(sent('deferred'))}\n".encode())
    assert (2, 1) == (len(found.events), found.damaged)


def test_events_in_lines() -> None:
    """A file of one event a line, or of one posted array a line."""
    lines = f"{json.dumps(sent('processed'))}\n\n{json.dumps([sent('delivered'), sent('open')])}\n"
    found = read_events(lines.encode())
    assert ([EventKind.PROCESSED, EventKind.DELIVERED], 1) == (
        [one.kind for one in found.events],
        found.ignored,
    )


@pytest.mark.parametrize("content", [b"{", b"7", b"\xff\xfe", b"no\nno"])
def test_what_holds_no_events_is_refused(content: bytes) -> None:
    """No JSON in any line, or JSON that is neither an object nor an array."""
    with pytest.raises(ValueError, match=r"."):
        read_events(content)


def test_only_the_providers_signature_is_believed() -> None:
    """Over timestamp and raw body: another body, timestamp, key or no signature at all is refused."""
    double, body = EventDouble(), b'[{"event": "processed"}]'
    signed = SignedRequests(double.public_key)
    signature = double.headers(body, AT)[SIGNATURE]
    assert SIGNATURE == SIGNATURE_HEADER
    assert signed.genuine(body, signature, str(AT))
    other = EventDouble().headers(body, AT)[SIGNATURE]
    attempts = [
        (body + b" ", signature, str(AT)),
        (body, signature, str(AT + 1)),
        (body, other, str(AT)),
        (body, "", str(AT)),
        (body, "not base64!", str(AT)),
        (b"\xff", signature, str(AT)),
    ]
    assert [False] * len(attempts) == [signed.genuine(*attempt) for attempt in attempts]


@pytest.mark.parametrize("key", ["no key", "AAAA"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    """With a sentence that says where the right one stands."""
    with pytest.raises(ConfigurationError, match="copy it from"):
        SignedRequests(key)


@pytest.mark.parametrize(
    ("expected", "timestamp"),
    [
        (True, str(AT)),
        (True, str(AT - 600)),
        (False, str(AT - 601)),
        (True, str(AT + 300)),
        (False, str(AT + 301)),
        (False, ""),
        (False, "soon"),
        (False, "-1"),
        (False, "9" * 40),
        (False, "１７"),
    ],
)
def test_how_old_a_request_may_be(expected: bool, timestamp: str) -> None:  # noqa: FBT001 - a table's column
    """Ten minutes here, five ahead for clocks that differ; what is no timestamp is never recent."""
    assert expected is recent(timestamp, NOW, timedelta(minutes=10))


@pytest.mark.parametrize(
    "broken",
    [
        r'"email": "\ud83djo@x.example"',
        r'"reason": "\udc00"',
        r'"email": "jo\u0000@x.example"',
        r'"status": "5.1.1\ud800"',
        '"email": 7',
    ],
)
def test_a_damaged_event_keeps_no_other_out(broken: str) -> None:
    """Half a surrogate pair (RFC 8259 8.2) and NUL are in no text that a database holds: counted, and left out."""
    good = json.dumps(sent("delivered"))
    found = read_events(f"[{good[:-1]}, {broken}}}, {good}]".encode())
    assert (1, 1) == (len(found.events), found.damaged)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"[" + b"9" * 5_000 + b"]",
        b"[" * 90_000 + b"\n" + b"[" * 90_000,
    ],
)
def test_content_that_breaks_a_parser_is_refused(content: bytes) -> None:
    """Deep nesting and endless numbers are no events (RFC 8259 9 lets a parser set limits)."""
    with pytest.raises(ValueError, match=r"."):
        read_events(content)
