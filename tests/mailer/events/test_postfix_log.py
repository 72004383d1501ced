"""What a relay's log shows of our messages."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailer.events.events import Event, EventKind
from mailer.events.postfix_log import PostfixLog

KEY = "5a" * 20
NOW = datetime(2024, 1, 2, tzinfo=UTC)
TO = "to=<jo@reseller.example>, relay=mx.reseller.example[192.0.2.25]:25, delay=1, delays=0/0/0/1"


def logged(*rest: str, now: datetime = NOW) -> list[tuple[Event, tuple[str, ...]]]:
    """What these lines of one message show."""
    lines = [f"Dec 31 12:00:0{n} relay postfix/{line}\n" for n, line in enumerate(rest)]
    return [(one.event, one.addresses) for one in PostfixLog(now).events(lines)]


TAKEN = (
    "smtpd[7]: 4Tq2Xk1zZ9z1: client=sender.vendor.example[192.0.2.10]",
    f"cleanup[8]: 4Tq2Xk1zZ9z1: message-id=<{KEY}@vendor.example>",
)
ACTIVE = "qmgr[9]: 4Tq2Xk1zZ9z1: from=<partners@vendor.example>, size=9000, nrcpt=1 (queue active)"


def test_a_message_in_the_queue_was_taken() -> None:
    """By the queue manager's line; what was only begun to be read may have broken off."""
    ((event, addresses),) = logged(*TAKEN, ACTIVE)
    at = datetime(2023, 12, 31, 12, 0, 2, tzinfo=UTC)
    assert (KEY, EventKind.PROCESSED, at, ()) == (event.key, event.kind, event.at, addresses)
    assert [] == logged(*TAKEN)


@pytest.mark.parametrize(
    ("result", "kind", "code"),
    [
        ("dsn=2.0.0, status=sent (250 2.0.0 ok)", EventKind.DELIVERED, "2.0.0"),
        ("dsn=5.1.1, status=bounced (host said: 550 5.1.1 unknown)", EventKind.BOUNCED, "5.1.1"),
        ("dsn=5.7.1, status=bounced (host said: 550 5.7.1 policy)", EventKind.BLOCKED, "5.7.1"),
        ("dsn=4.4.1, status=deferred (timed out)", EventKind.DEFERRED, "4.4.1"),
        ("dsn=4.4.1, status=expired, returned to sender", EventKind.BLOCKED, "4.4.1"),
    ],
)
def test_what_became_of_it(result: str, kind: EventKind, code: str) -> None:
    """For the recipient of the line, under the address that we wrote and the one it was made to."""
    aliased = TO.replace("relay=", "orig_to=<old@reseller.example>, relay=")
    ((event, addresses),) = logged(*TAKEN, f"smtp[10]: 4Tq2Xk1zZ9z1: {aliased}, {result}")
    assert (kind, code) == (event.kind, event.code)
    assert ("old@reseller.example", "jo@reseller.example") == addresses


def test_other_messages_are_left_alone() -> None:
    """Ids that are not ours, a queue id that comes again for another message, and lines of other programs."""
    other = "cleanup[8]: 4Tq2Xk1zZ9z1: message-id=<20231231@elsewhere.example>"
    assert [] == logged(other, ACTIVE)
    assert [] == logged(*TAKEN, "qmgr[9]: 4Tq2Xk1zZ9z1: removed", other, ACTIVE)
    lines = ["", "nonsense", f"Dec 31 12:00:00 relay dovecot: message-id=<{KEY}@vendor.example>"]
    assert [] == list(PostfixLog(NOW).events(lines))


@pytest.mark.parametrize(
    ("expected", "when", "now"),
    [
        (datetime(2023, 12, 31, 12, tzinfo=UTC), "Dec 31 12:00:00", NOW),
        (datetime(2024, 1, 1, 12, tzinfo=UTC), "Jan  1 12:00:00", NOW),
        (datetime(2020, 2, 29, 12, tzinfo=UTC), "Feb 29 12:00:00", NOW),
        (datetime(2023, 12, 31, 11, tzinfo=UTC), "2023-12-31T12:00:00.5+01:00", NOW),
        (NOW.replace(microsecond=0), "2023-99-99T12:00:00+01:00", NOW),
        (
            datetime(2023, 12, 31, 17, tzinfo=UTC),
            "Dec 31 12:00:00",
            NOW.astimezone(timezone(timedelta(hours=-5))),
        ),
    ],
)
def test_when_a_line_was_written(expected: datetime, when: str, now: datetime) -> None:
    """In the last year that it can have been, in the machine's own zone, unless the line says both."""
    lines = [f"{when} relay postfix/{line}" for line in (*TAKEN, ACTIVE)]
    (found,) = PostfixLog(now).events(lines)
    assert expected == found.event.at.astimezone(UTC).replace(microsecond=0)
