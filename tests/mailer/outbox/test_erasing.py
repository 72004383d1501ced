"""Forgetting in the outbox: what is kept, in SQLite and in PostgreSQL, and what later events do."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from mailer.batch.freezing import erase_messages
from mailer.delivery.delivery import deliver
from mailer.events.events import Event, EventKind
from mailer.outbox.database import SendingProcess
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Settlement, Status
from mailer.rules.suppression import pseudonym
from mailer.transports.folder import FolderTransport
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notice, notices

LATER = NOW + timedelta(hours=1)
ADDRESS = "partner1@reseller.example"


@pytest.fixture(params=["sqlite", "postgresql"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox of each kind."""
    place: Path | str = tmp_path / "outbox.sqlite"
    if request.param == "postgresql":
        place = request.getfixturevalue("shared_place")
    with Outbox.open(place, tmp_path / "receipts") as opened:
        yield opened


def forget(outbox: Outbox, partner_id: str = "P-0001") -> tuple[int, int, int]:
    """Forget a partner; notices, ended, suppressions."""
    with outbox.alone(SendingProcess.here("now"), LATER):
        done = outbox.forget({partner_id}, set(), "Dana", LATER)
    return done.notices, done.ended, done.suppressions


def test_what_was_sent_stays_counted_and_names_nobody(outbox: Outbox, tmp_path: Path) -> None:
    """The notice keeps its status and attempts under a pseudonym, and an event of it suppresses a digest."""
    batch = approved(outbox, tmp_path, notices(3))
    deliver(outbox, batch, FolderTransport(tmp_path / "mail"), clock=lambda: NOW, settings=mail_settings())
    assert (1, 0, 0) == forget(outbox)
    assert [] == outbox.told("P-0001")
    (told,) = outbox.told(pseudonym("P-0001"))
    assert (Status.ACCEPTED, "") == (told.status, told.reason)
    assert [("acceptance", "")] == [(one.cause, one.detail) for one in told.attempts]
    assert 3 == outbox.counts(PLAN)[Status.ACCEPTED]
    bounced = Event(told.key, EventKind.BOUNCED, LATER, ADDRESS, "5.1.1", suppresses="bounced")
    taken = outbox.take_in([bounced], "webhook", LATER)
    assert (1, 1) == (taken.new, taken.suppressed)
    assert 1 == outbox.delivery_results(PLAN)[EventKind.BOUNCED]
    (suppression,) = outbox.suppressions()
    assert suppression.address.startswith("sha256:")
    assert "suppressed" == outbox.suppressed("notice").reason(ADDRESS.upper())
    assert 1 == outbox.unsuppress(ADDRESS)


def test_what_waited_is_ended_and_others_at_the_address_are_kept_from_it(
    outbox: Outbox, tmp_path: Path
) -> None:
    """A ready notice is cancelled; one to another partner at the same suppressed address is skipped in time."""
    approved(outbox, tmp_path, [notice(1), notice(2, to_address=ADDRESS), notice(3)])
    outbox.suppress(ADDRESS, "manual", "by hand", NOW)
    assert (1, 1, 1) == forget(outbox)
    counts = outbox.counts(PLAN)
    assert (2, 1) == (counts[Status.SKIPPED], counts[Status.READY])
    assert {"cancelled": 1, "suppressed": 1} == outbox.reasons(PLAN)[Status.SKIPPED]


def test_the_partners_mail_domain_is_forgotten(tmp_path: Path) -> None:
    """No byte of the database names it, in notice, event or pace, nor in the words of a later event."""
    file, me = tmp_path / "outbox.sqlite", Claimant(PLAN, "me", "smtp")
    made = [notice(1, to_address="jo@very-own.example"), notice(2, to_address="two@other.example")]
    with Outbox.open(file) as outbox:
        batch = approved(outbox, tmp_path, made)
        turn = outbox.turn(me, [], 2, NOW, {"*": 1})
        words = {"P-0001": "host mx.very-own.example: busy", "P-0002": "host mx.other.example: busy"}
        settled = [
            Settlement(one.partner_id, Cause.ACCEPTANCE, words[one.partner_id]) for one in turn.claimed
        ]
        outbox.turn(me, settled, 0, NOW)
        events = [Event(batch.key(one), EventKind.DEFERRED, NOW, detail=words[one]) for one in words]
        outbox.take_in(events, "relay", NOW)
        assert (1, 0, 0) == forget(outbox)
        later = Event(batch.key("P-0001"), EventKind.BLOCKED, LATER, detail=words["P-0001"])
        assert 1 == outbox.take_in([later], "relay", LATER).new
        (event,) = outbox.events_of(PLAN, "P-0002")
        assert words["P-0002"] == event.detail
        with closing(sqlite3.connect(file)) as database:
            assert [("other.example",)] == list(database.execute("SELECT domain FROM paces"))
    assert b"very-own" not in file.read_bytes()


def test_every_column_of_a_notice_is_known_to_hold_nobody(tmp_path: Path) -> None:
    """Who adds a column decides here what forgetting does with it."""
    with (
        Outbox.open(tmp_path / "outbox.sqlite"),
        closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as database,
    ):
        columns = {name for (name,) in database.execute("SELECT name FROM pragma_table_info('notices')")}
    erased = {"partner_id", "address_key", "domain", "reason"}
    nobody = "plan key campaign edition status changed_at not_before claims refusals sender transport handed_before"
    assert erased | {*nobody.split(), "fence", "send_window"} == columns


def test_a_batch_keeps_its_digest_without_a_message(tmp_path: Path) -> None:
    """The first message, which the others were deflated by, the last and all of them."""
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    with outbox:
        batch = approved(outbox, tmp_path, notices(5))
    digest, kept = batch.digest, batch.message("P-0003")
    batch.close()
    for partners, left in (({"P-0001"}, 4), ({"P-0005", "P-9999"}, 3), ({"P-9999"}, 3)):
        erase_messages(batch.file, partners)
        with Batch.open(batch.file) as again:
            assert (digest, left, 5) == (again.verify(digest), len(again), again.header.recipients)
            assert kept == again.message("P-0003")
            for partner_id in partners:
                with pytest.raises(KeyError):
                    again.message(partner_id)
            assert not any(one.encode() in batch.file.read_bytes() for one in partners)
    assert 3 == erase_messages(batch.file, {"P-0002", "P-0003", "P-0004"})
    with Batch.open(batch.file) as empty:
        assert (digest, []) == (empty.verify(digest), list(empty.messages()))
