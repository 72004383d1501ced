"""Sending an approved plan, with a folder and with transports that answer as they are told."""

import signal
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from mailer.batch.freezing import freeze_batch
from mailer.delivery.delivery import deliver, start_late, stop_on_signals
from mailer.delivery.run import Delivery
from mailer.errors import (
    BatchTampered,
    ConfigurationError,
    NotApproved,
    NotDue,
    OtherDigest,
    OutboxOwned,
    PlanCancelled,
    PlanPaused,
    SendRefused,
    TooLate,
)
from mailer.outbox.database import SendingProcess
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Outcome, Status
from mailer.settings import MailSettings
from mailer.transports.base import Attempt, Transport
from mailer.transports.folder import FolderTransport
from tests.samples.mail import NOW, PLAN, approved, header, mail_settings, notices

ACCEPTED = Outcome(Cause.ACCEPTANCE, "ok")


class Scripted:
    """A transport whose answers come from a function; it remembers every attempt."""

    name = "scripted"

    def __init__(self, answer: Callable[[Attempt, int], Outcome], width: int = 1) -> None:
        self.answer = answer
        self.width = width
        self.seen: list[str] = []
        self.closed = 0

    def connect(self) -> "Scripted":
        """Itself is the connection."""
        return self

    def hand(self, attempt: Attempt) -> Outcome:
        """What the function says of this attempt, and of how many there were for this partner."""
        partner_id = attempt.notice.partner_id
        self.seen.append(partner_id)
        return self.answer(attempt, self.seen.count(partner_id))

    def close(self) -> None:
        """Count it."""
        self.closed += 1


def send(outbox: Outbox, batch: Batch, transport: Transport, **changes: object) -> Delivery:
    """One delivery under a pinned clock, with settings that try again at once."""
    options: dict[str, object] = {"clock": lambda: NOW, "settings": mail_settings(), **changes}
    return deliver(outbox, batch, transport, **options)  # type: ignore[arg-type]


def counts(outbox: Outbox) -> dict[str, int]:
    """The statuses that occur."""
    return {status.value: number for status, number in outbox.counts(PLAN).items() if number}


def test_every_notice_arrives_in_the_folder_once(outbox: Outbox, tmp_path: Path) -> None:
    """One file for each partner, readable by any mail program; sending again adds nothing."""
    batch = approved(outbox, tmp_path, notices(60))
    folder = FolderTransport(tmp_path / "mail")
    first = send(outbox, batch, folder)
    files = sorted((tmp_path / "mail" / "new").iterdir())
    assert (first.accepted, len(files), counts(outbox)) == (60, 60, {"accepted": 60})
    messages = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    recipients = {message["To"].addresses[0].addr_spec for message in messages}
    assert {f"partner{number}@reseller.example" for number in range(1, 61)} == recipients
    assert send(outbox, batch, folder) == Delivery(PLAN)
    assert sorted((tmp_path / "mail" / "new").iterdir()) == files
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


def test_the_folder_keeps_a_message_that_was_read_from_arriving_again(outbox: Outbox, tmp_path: Path) -> None:
    """A mail program moves what it showed to `cur`; handing it over again is noticed by its name."""
    batch = approved(outbox, tmp_path, notices(1))
    transport = FolderTransport(tmp_path / "mail").connect()
    frozen = batch.frozen("P-0001")
    attempt = Attempt(frozen.notice, frozen.message_id, frozen.key, NOW)
    assert transport.hand(attempt).detail == f"new/{frozen.key}"
    new = tmp_path / "mail" / "new" / frozen.key
    assert transport.hand(attempt).detail == "it was there already"
    new.rename(tmp_path / "mail" / "cur" / f"{frozen.key}:2,S")
    assert transport.hand(attempt).detail == "it was there already"
    assert not new.exists()


def test_a_folder_that_cannot_be_made_is_a_configuration_error(outbox: Outbox, tmp_path: Path) -> None:
    """Nothing is lost by it: every notice is ready again."""
    batch = approved(outbox, tmp_path, notices(3))
    (tmp_path / "mail").write_text("a file is in the way")
    with pytest.raises(ConfigurationError, match="mail"):
        send(outbox, batch, FolderTransport(tmp_path / "mail"))
    assert counts(outbox) == {"ready": 3}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ("unapproved", NotApproved),
        ("maker", NotApproved),
        ("paused", PlanPaused),
        ("cancelled", PlanCancelled),
        ("early", NotDue),
        ("late", TooLate),
        ("other batch", OtherDigest),
        ("tampered", BatchTampered),
    ],
)
def test_a_plan_that_may_not_be_sent_is_not(
    outbox: Outbox, tmp_path: Path, spoil: str, error: type[SendRefused]
) -> None:
    """Whatever forbids it is named before anything is claimed, and nothing reaches the transport."""
    instant = {"early": NOW.replace(year=2024), "late": NOW.replace(year=2022)}.get(spoil)
    batch = freeze_batch(tmp_path, header(send_at=instant), notices(3))
    outbox.register(batch, NOW)
    if spoil == "maker":
        outbox.approve(PLAN, batch.digest, "Anna", NOW, self_approval=True)
    elif spoil != "unapproved":
        outbox.approve(PLAN, batch.digest, "Bert", NOW)
    batch = spoilt(outbox, batch, spoil)
    transport = Scripted(lambda *_: ACCEPTED)
    with pytest.raises(error):
        send(outbox, batch, transport, settings=mail_settings(latest_start_hours=48))
    assert transport.seen == []
    assert set(counts(outbox)) <= {"ready", "skipped"}


def spoilt(outbox: Outbox, batch: Batch, spoil: str) -> Batch:
    """The plan or its batch, changed as the case says."""
    if spoil == "paused":
        outbox.pause(PLAN, "Ada", NOW)
    elif spoil == "cancelled":
        outbox.cancel(PLAN, "Ada", NOW)
    elif spoil == "other batch":
        batch.file.rename(batch.file.with_suffix(".away"))
        return freeze_batch(batch.file.parent, header(), notices(4))
    elif spoil == "tampered":
        content = bytearray(batch.file.read_bytes())
        content[60] ^= 1
        batch.file.chmod(stat.S_IRUSR | stat.S_IWUSR)
        batch.file.write_bytes(content)
    return batch


def test_the_maker_may_send_what_was_self_approved(outbox: Outbox, tmp_path: Path) -> None:
    """The setting that lets the maker approve counts when it is sent, too."""
    batch = freeze_batch(tmp_path, header(), notices(2))
    outbox.register(batch, NOW)
    outbox.approve(PLAN, batch.digest, "Anna", NOW, self_approval=True)
    assert (
        send(
            outbox, batch, Scripted(lambda *_: ACCEPTED), settings=mail_settings(self_approval=True)
        ).accepted
        == 2
    )


def test_a_begun_plan_goes_on_after_its_latest_start(outbox: Outbox, tmp_path: Path) -> None:
    """The latest start is about beginning: what has begun is finished."""
    batch = approved(outbox, tmp_path, notices(4), send_at=NOW)
    limits = mail_settings(latest_start_hours=1)
    assert send(outbox, batch, Scripted(lambda *_: ACCEPTED), settings=limits, limit=2).accepted == 2
    later = NOW.replace(year=2025)
    done = send(outbox, batch, Scripted(lambda *_: ACCEPTED), settings=limits, clock=lambda: later)
    assert done.accepted == 2


def test_a_named_person_begins_a_plan_late(outbox: Outbox, tmp_path: Path) -> None:
    """The decision is kept with its name; missed again by as many hours, the plan waits again."""
    batch = approved(outbox, tmp_path, notices(2), send_at=NOW - timedelta(hours=50))
    limits = mail_settings(latest_start_hours=48)
    transport = Scripted(lambda *_: ACCEPTED)
    with pytest.raises(TooLate, match="--late-by NAME"):
        send(outbox, batch, transport, settings=limits)
    with pytest.raises(SendRefused, match="name"):
        start_late(outbox, batch, limits, " ", NOW)
    start_late(outbox, batch, limits, " Cleo ", NOW)
    assert (outbox.plan(PLAN).late_by, outbox.plan(PLAN).late_at) == ("Cleo", NOW)
    with pytest.raises(TooLate):
        send(outbox, batch, transport, settings=limits, clock=lambda: NOW + timedelta(hours=49))
    assert transport.seen == []
    begun = send(outbox, batch, transport, settings=limits, clock=lambda: NOW + timedelta(hours=47))
    assert begun.accepted == 2


def test_a_late_start_allows_nothing_else(outbox: Outbox, tmp_path: Path) -> None:
    """It sends nothing that is paused or not due, and is not kept where it is not needed."""
    limits = mail_settings(latest_start_hours=48)
    batch = approved(outbox, tmp_path, notices(1), send_at=NOW)
    with pytest.raises(NotDue):
        start_late(outbox, batch, limits, "Cleo", NOW - timedelta(hours=1))
    start_late(outbox, batch, limits, "Cleo", NOW)
    outbox.pause(PLAN, "Ada", NOW)
    with pytest.raises(PlanPaused):
        start_late(outbox, batch, limits, "Cleo", NOW + timedelta(hours=90))
    assert (outbox.plan(PLAN).late_by, outbox.plan(PLAN).late_at) == ("", None)


def test_a_limit_ends_the_call_and_the_next_goes_on(outbox: Outbox, tmp_path: Path) -> None:
    """At most so many are handed over; the rest stays ready."""
    batch = approved(outbox, tmp_path, notices(10))
    transport = Scripted(lambda *_: ACCEPTED)
    first = send(outbox, batch, transport, limit=4)
    assert (first.accepted, first.stopped) == (4, "the limit is reached")
    assert counts(outbox) == {"accepted": 4, "ready": 6}
    assert send(outbox, batch, transport).accepted == 6
    assert max(Counter(transport.seen).values()) == 1


def test_a_refused_notice_is_tried_again_and_at_last_rejected(outbox: Outbox, tmp_path: Path) -> None:
    """Two refusals and an acceptance; a partner that is always refused is given up after the last attempt."""
    batch = approved(outbox, tmp_path, notices(3))
    refused = Outcome(Cause.REFUSAL, "450 later")

    def answer(attempt: Attempt, number: int) -> Outcome:
        never = attempt.notice.partner_id == "P-0002"
        return refused if never or number < 3 else ACCEPTED

    transport = Scripted(answer)
    report = send(outbox, batch, transport, settings=retrying(attempts=4))
    assert Counter(transport.seen) == {"P-0001": 3, "P-0002": 4, "P-0003": 3}
    assert (report.accepted, report.rejected, counts(outbox)) == (2, 1, {"accepted": 2, "rejected": 1})
    assert "refused 4 times" in outbox.told("P-0002")[0].reason


def retrying(**changes: int) -> MailSettings:
    """Settings that try again at once, with other retries."""
    return mail_settings(retries={"first_seconds": 0, **changes})


def test_a_retry_that_is_far_away_is_left_for_a_later_call(outbox: Outbox, tmp_path: Path) -> None:
    """The call ends and says when; a later one, at that time, goes on."""
    batch = approved(outbox, tmp_path, notices(2))
    settings = mail_settings(retries={"first_seconds": 600, "patience_seconds": 1})
    transport = Scripted(lambda _, number: ACCEPTED if number > 1 else Outcome(Cause.REFUSAL, "450 later"))
    report = send(outbox, batch, transport, settings=settings)
    assert report.stopped == "what is left is not tried again before 2023-12-31T12:10:00.000000Z"
    assert counts(outbox) == {"ready": 2}
    later = NOW.replace(minute=11)
    assert send(outbox, batch, transport, settings=settings, clock=lambda: later).accepted == 2


def test_a_near_retry_is_waited_for_under_a_pinned_clock(outbox: Outbox, tmp_path: Path) -> None:
    """A wait within patience ends by itself, whatever the clock says."""
    batch = approved(outbox, tmp_path, notices(2))
    transport = Scripted(
        lambda _, number: ACCEPTED if number > 1 else Outcome(Cause.REFUSAL, "450", wait_seconds=0.2)
    )
    assert send(outbox, batch, transport).accepted == 2


def test_a_transport_that_refuses_as_such_is_not_held_against_the_notices(
    outbox: Outbox, tmp_path: Path
) -> None:
    """The call gives up after the last rest; every notice is ready, and none has used up an attempt."""
    batch = approved(outbox, tmp_path, notices(30))
    transport = Scripted(lambda *_: Outcome(Cause.REFUSAL, "cannot be reached", "transport"))
    report = send(outbox, batch, transport, settings=retrying(attempts=3))
    assert report.stopped == "the transport cannot be used now: cannot be reached"
    assert counts(outbox) == {"ready": 30}
    assert send(outbox, batch, Scripted(lambda *_: ACCEPTED)).accepted == 30


def test_one_message_that_breaks_the_line_does_not_hold_up_the_others(outbox: Outbox, tmp_path: Path) -> None:
    """A notice at which the transport always refuses goes behind those that were never tried."""
    batch = approved(outbox, tmp_path, notices(20))

    def answer(attempt: Attempt, _: int) -> Outcome:
        if attempt.notice.partner_id == "P-0001":
            return Outcome(Cause.REFUSAL, "connection lost", "transport")
        return ACCEPTED

    report = send(outbox, batch, Scripted(answer), settings=retrying(attempts=3))
    assert (report.accepted, counts(outbox)) == (19, {"accepted": 19, "ready": 1})


def test_a_lost_answer_is_unknown_and_never_sent_again(outbox: Outbox, tmp_path: Path) -> None:
    """Only a person's decision lets it leave again."""
    batch = approved(outbox, tmp_path, notices(3))
    transport = Scripted(lambda _, number: ACCEPTED if number > 1 else Outcome(Cause.LOST_ANSWER, "cut"))
    assert send(outbox, batch, transport).unknown == 3
    assert send(outbox, batch, transport) == Delivery(PLAN)
    assert len(transport.seen) == 3
    outbox.resolve(PLAN, "P-0002", "resend", by="Bert", reason="not in the relay's log", at=NOW)
    assert send(outbox, batch, transport).accepted == 1
    assert counts(outbox) == {"accepted": 1, "unknown": 2}


def test_an_error_inside_a_transport_proves_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """The notice it happened to is unknown, the rest is given back, and the error is raised."""
    batch = approved(outbox, tmp_path, notices(5))

    def answer(attempt: Attempt, _: int) -> Outcome:
        if attempt.notice.partner_id == "P-0002":
            raise RuntimeError("a mistake of ours")
        return ACCEPTED

    with pytest.raises(RuntimeError, match="a mistake of ours"):
        send(outbox, batch, Scripted(answer))
    found = counts(outbox)
    assert found["unknown"] == 1
    assert found["ready"] + found["accepted"] == 4


def test_a_configuration_error_gives_everything_back(outbox: Outbox, tmp_path: Path) -> None:
    """A wrong password is about no notice: all are ready again."""
    batch = approved(outbox, tmp_path, notices(5))

    def answer(*_: object) -> Outcome:
        raise ConfigurationError("wrong password")

    with pytest.raises(ConfigurationError):
        send(outbox, batch, Scripted(answer))
    assert counts(outbox) == {"ready": 5}


def test_a_suppression_counts_up_to_the_last_moment(outbox: Outbox, tmp_path: Path) -> None:
    """Who was suppressed after the approval is skipped when it is sent."""
    batch = approved(outbox, tmp_path, notices(3))
    outbox.suppress("partner2@reseller.example", "complained", "by hand", NOW)
    transport = Scripted(lambda *_: ACCEPTED)
    report = send(outbox, batch, transport)
    assert (report.accepted, report.skipped, transport.seen) == (2, 1, ["P-0001", "P-0003"])


@pytest.mark.parametrize(("call", "words"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_plan_that_is_stopped_meanwhile_claims_nothing_more(
    file_outbox: Outbox, tmp_path: Path, call: str, words: str
) -> None:
    """Another process pauses or cancels the plan under the sender's hands."""
    batch = approved(file_outbox, tmp_path, notices(40))

    def answer(attempt: Attempt, _: int) -> Outcome:
        if attempt.notice.partner_id == "P-0005":
            with Outbox.open(Path(file_outbox.name)) as other:
                other.pause(PLAN, "Ada", NOW) if call == "pause" else other.cancel(PLAN, "Ada", NOW)
        return ACCEPTED

    report = send(file_outbox, batch, Scripted(answer))
    assert report.stopped == f"the plan is {words}"
    found = counts(file_outbox)
    assert found["accepted"] < 40
    assert found["accepted"] + found.get("ready", 0) + found.get("skipped", 0) == 40


def test_a_stop_finishes_what_is_held_and_gives_back_the_rest(outbox: Outbox, tmp_path: Path) -> None:
    """After the event is set nothing new is begun, and every notice is accepted or ready."""
    batch = approved(outbox, tmp_path, notices(60))
    stop = threading.Event()

    def answer(attempt: Attempt, _: int) -> Outcome:
        if attempt.notice.partner_id == "P-0020":
            stop.set()
        return ACCEPTED

    report = send(outbox, batch, Scripted(answer), stop=stop)
    assert report.stopped == "asked to stop"
    assert counts(outbox) == {"accepted": report.accepted, "ready": 60 - report.accepted}
    assert 20 <= report.accepted < 60


def test_several_connections_share_the_work(outbox: Outbox, tmp_path: Path) -> None:
    """Every connection is used and closed, and each notice is handed over once."""
    batch = approved(outbox, tmp_path, notices(40))
    together = threading.Barrier(4)

    def answer(_: Attempt, __: int) -> Outcome:
        together.wait(30)  # nobody passes before four are there
        return ACCEPTED

    transport = Scripted(answer, width=4)
    assert send(outbox, batch, transport).accepted == 40
    assert sorted(transport.seen) == [f"P-{number:04d}" for number in range(1, 41)]
    assert transport.closed == 4


def test_progress_is_told_after_each_write(outbox: Outbox, tmp_path: Path) -> None:
    """The counts rise up to what the call returns."""
    batch = approved(outbox, tmp_path, notices(70))
    told: list[int] = []
    report = send(
        outbox, batch, Scripted(lambda *_: ACCEPTED), progress=lambda one: told.append(one.accepted)
    )
    assert told == sorted(told)
    assert told[-1] == report.accepted == 70


def test_a_plan_without_recipients_is_done_at_once(outbox: Outbox, tmp_path: Path) -> None:
    """There is nothing to send, and that is no error."""
    assert send(outbox, approved(outbox, tmp_path, []), Scripted(lambda *_: ACCEPTED)) == Delivery(PLAN)


def test_what_a_dead_sender_left_is_unknown_and_counted(outbox: Outbox, tmp_path: Path) -> None:
    """The next delivery recovers before it claims, and says how many it found."""
    batch = approved(outbox, tmp_path, notices(5))
    outbox.turn(Claimant(PLAN, "1@dead", "scripted"), [], 1, NOW)
    report = send(outbox, batch, Scripted(lambda *_: ACCEPTED))
    assert (report.recovered, report.accepted) == (1, 4)
    assert [one.partner_id for one in outbox.notices_at(PLAN, Status.UNKNOWN)] == ["P-0001"]


def test_a_second_sender_sends_nothing(file_outbox: Outbox, tmp_path: Path) -> None:
    """While one has the outbox another is refused, and leaves what the first claimed alone."""
    batch = approved(file_outbox, tmp_path, notices(2))
    transport = Scripted(lambda *_: ACCEPTED)
    with (
        file_outbox.sending(SendingProcess(1, "elsewhere", "before"), 60, NOW),
        pytest.raises(OutboxOwned, match="elsewhere"),
    ):
        send(file_outbox, batch, transport)
    assert transport.seen == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_set_the_event_and_are_restored(number: signal.Signals) -> None:
    """Within the block a signal only sets the event; after it the former handler is back."""
    script = (
        "import os, signal, sys; from mailer import stop_on_signals\n"
        "before = signal.getsignal(int(sys.argv[1]))\n"
        "with stop_on_signals() as stop:\n"
        "    os.kill(os.getpid(), int(sys.argv[1]))\n"
        "    print(stop.wait(30))\n"
        "print(signal.getsignal(int(sys.argv[1])) is before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(int(number))], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]
    with stop_on_signals() as stop:
        assert not stop.is_set()
