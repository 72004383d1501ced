"""The durable queue: plans, approvals, claims, decisions and suppressions."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.batch.freezing import freeze_batch
from mailer.errors import (
    ApprovalRefused,
    DecisionRefused,
    OtherDigest,
    OutboxError,
    OutboxOwned,
    PlanCancelled,
    UnknownPlan,
)
from mailer.outbox.database import SendingProcess, migrations
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox, outbox_file
from mailer.outbox.records import HandedNotice
from mailer.rules.states import Cause, Settlement, Status
from tests.samples.mail import NOW, PLAN, approved, header, notice, notices, status_json

ME = Claimant(PLAN, "1@here", "folder")


def claimed(outbox: Outbox, most: int = 10, plan: str = PLAN) -> list[str]:
    """The partners that one turn claims."""
    return [one.partner_id for one in outbox.turn(ME._replace(plan=plan), [], most, NOW).claimed]


def settled(outbox: Outbox, partner_id: str, cause: Cause, plan: str = PLAN) -> None:
    """Record what came of a claimed notice."""
    outbox.turn(ME._replace(plan=plan), [Settlement(partner_id, cause, "said so")], 0, NOW)


def test_every_notice_of_a_registered_plan_is_ready(outbox: Outbox, tmp_path: Path) -> None:
    """Registering enters the header's facts and one ready notice for each recipient."""
    batch = freeze_batch(tmp_path, header(send_at=NOW), notices(3))
    outbox.register(batch, NOW)
    record = outbox.plan(PLAN)
    assert (record.campaign, record.edition, record.digest, record.planned) == (
        "thank-you",
        1,
        batch.digest,
        3,
    )
    assert (record.send_at, record.standing, record.begun) == (NOW, "open", False)
    assert outbox.counts(PLAN) == {status: 3 if status is Status.READY else 0 for status in Status}
    assert [record] == outbox.plans()


def test_registering_again_changes_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """A crash between freezing and the next step is repaired by registering once more."""
    batch = approved(outbox, tmp_path, notices(2))
    claimed(outbox, 1)
    outbox.register(batch, NOW)
    assert outbox.counts(PLAN)[Status.SENDING] == 1


def test_another_batch_under_the_same_name_is_refused(outbox: Outbox, tmp_path: Path) -> None:
    """A plan's name stands for one digest for ever."""
    approved(outbox, tmp_path, notices(2))
    (tmp_path / "other").mkdir()
    other = freeze_batch(tmp_path / "other", header(), notices(3))
    with pytest.raises(OtherDigest):
        outbox.register(other, NOW)


@pytest.mark.parametrize("by", ["Anna", " anna ", "ANNA", "\uff21nna", "", "  "])
def test_the_maker_cannot_approve(outbox: Outbox, tmp_path: Path, by: str) -> None:
    """However the maker writes the name, and with no name at all, there is no approval."""
    batch = freeze_batch(tmp_path, header(), notices(1))
    outbox.register(batch, NOW)
    with pytest.raises(ApprovalRefused):
        outbox.approve(PLAN, batch.digest, by, NOW)
    assert outbox.approvals(PLAN) == []


def test_the_maker_may_approve_where_the_settings_say_so(outbox: Outbox, tmp_path: Path) -> None:
    """With self-approval the maker's name is enough; no name still is not."""
    batch = freeze_batch(tmp_path, header(), notices(1))
    outbox.register(batch, NOW)
    outbox.approve(PLAN, batch.digest, "Anna", NOW, self_approval=True)
    assert [approval.by for approval in outbox.approvals(PLAN)] == ["Anna"]
    with pytest.raises(ApprovalRefused):
        outbox.approve(PLAN, batch.digest, "", NOW, self_approval=True)


def test_an_approval_is_for_one_digest(outbox: Outbox, tmp_path: Path) -> None:
    """Approving another digest than the plan's is refused."""
    batch = freeze_batch(tmp_path, header(), notices(1))
    outbox.register(batch, NOW)
    with pytest.raises(OtherDigest):
        outbox.approve(PLAN, "00" * 32, "Bert", NOW)
    with pytest.raises(UnknownPlan):
        outbox.approve("other", batch.digest, "Bert", NOW)


def test_claims_come_in_order_and_once(outbox: Outbox, tmp_path: Path) -> None:
    """Each notice is claimed once, sorted by partner id, at most as many as were asked for."""
    approved(outbox, tmp_path, notices(5))
    assert [claimed(outbox, 2), claimed(outbox, 2), claimed(outbox, 2), claimed(outbox, 2)] == [
        ["P-0001", "P-0002"],
        ["P-0003", "P-0004"],
        ["P-0005"],
        [],
    ]
    assert outbox.plan(PLAN).begun


def test_a_move_that_the_table_does_not_know_changes_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """Settling what was never claimed is an error, and the whole write is undone."""
    approved(outbox, tmp_path, notices(2))
    assert claimed(outbox, 1) == ["P-0001"]
    both = [Settlement(partner, Cause.ACCEPTANCE, "") for partner in ("P-0001", "P-0002")]
    with pytest.raises(OutboxError):
        outbox.turn(ME, both, 0, NOW)
    assert outbox.counts(PLAN)[Status.SENDING] == 1
    assert outbox.counts(PLAN)[Status.ACCEPTED] == 0


@pytest.mark.parametrize("cause", [Cause.ACCEPTANCE, Cause.LOST_ANSWER, None])
def test_another_plan_of_the_edition_skips_who_was_handed_it(
    outbox: Outbox, tmp_path: Path, cause: Cause | None
) -> None:
    """Accepted, unknown or still being sent: the partner is not claimed again, and the reason is told."""
    approved(outbox, tmp_path, notices(1))
    approved(outbox, tmp_path, notices(2), "second")
    claimed(outbox)
    if cause is not None:
        settled(outbox, "P-0001", cause)
    assert outbox.handed("thank-you", 1) == {"P-0001"}
    assert claimed(outbox, plan="second") == ["P-0002"]
    assert outbox.reasons("second")[Status.SKIPPED] == {"already_sent": 1}


def test_who_was_rejected_may_be_handed_it_by_another_plan(outbox: Outbox, tmp_path: Path) -> None:
    """A rejection proves that the provider did not take it."""
    approved(outbox, tmp_path, notices(1))
    approved(outbox, tmp_path, notices(1), "second")
    claimed(outbox)
    settled(outbox, "P-0001", Cause.REJECTION)
    assert outbox.handed("thank-you", 1) == frozenset()
    assert claimed(outbox, plan="second") == ["P-0001"]


@pytest.mark.parametrize("changes", [{"corrections": True}, {"edition": 2}])
def test_a_correction_or_a_new_edition_opens_a_further_notice(
    outbox: Outbox, tmp_path: Path, changes: dict[str, object]
) -> None:
    """Only these two ways lead to another notice of a campaign."""
    approved(outbox, tmp_path, notices(1))
    claimed(outbox)
    settled(outbox, "P-0001", Cause.ACCEPTANCE)
    approved(outbox, tmp_path, notices(1), "second", **changes)
    assert claimed(outbox, plan="second") == ["P-0001"]


def test_two_corrections_of_the_same_handing_are_not_both_handed(outbox: Outbox, tmp_path: Path) -> None:
    """A correction is made after what was told before; once something else was told since, it is skipped."""
    approved(outbox, tmp_path, notices(1))
    claimed(outbox)
    settled(outbox, "P-0001", Cause.ACCEPTANCE)
    for plan in ("second", "third"):
        approved(outbox, tmp_path, notices(1), plan, corrections=True)
    assert claimed(outbox, plan="third") == ["P-0001"]
    assert claimed(outbox, plan="second") == []
    assert outbox.reasons("second")[Status.SKIPPED] == {"already_sent": 1}
    settled(outbox, "P-0001", Cause.ACCEPTANCE, "third")
    approved(outbox, tmp_path, notices(1), "fourth", corrections=True)
    assert claimed(outbox, plan="fourth") == ["P-0001"]


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (None, Status.SENDING),
        (Cause.ACCEPTANCE, Status.ACCEPTED),
        (Cause.LOST_ANSWER, Status.UNKNOWN),
        (Cause.REJECTION, None),
    ],
)
def test_what_was_handed_last_is_known_by_partner(
    outbox: Outbox, tmp_path: Path, cause: Cause | None, status: Status | None
) -> None:
    """The latest handing of any edition, and before it one that is not settled; a rejected notice told nothing."""
    approved(outbox, tmp_path, notices(2))
    claimed(outbox)
    for partner in ("P-0001", "P-0002"):
        settled(outbox, partner, Cause.ACCEPTANCE)
    approved(outbox, tmp_path, notices(1), "second", edition=2)
    claimed(outbox, plan="second")
    if cause is not None:
        settled(outbox, "P-0001", cause, "second")
    first = HandedNotice(PLAN, Status.ACCEPTED)
    last = HandedNotice("second", status) if status else first
    assert outbox.handed_last("thank-you") == {"P-0001": last, "P-0002": first}


def test_the_database_itself_refuses_two_live_handings(file_outbox: Outbox, tmp_path: Path) -> None:
    """Even a statement that goes round every check cannot make a second handing of one edition."""
    approved(file_outbox, tmp_path, notices(1))
    approved(file_outbox, tmp_path, notices(1), "second")
    claimed(file_outbox)
    connection = sqlite3.connect(file_outbox.name)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE notices SET status = 'sending' WHERE plan = 'second'")
    connection.close()


def test_recovery_makes_orphans_unknown_in_every_plan(outbox: Outbox, tmp_path: Path) -> None:
    """What a dead sender claimed is unknown, never ready, and says why."""
    approved(outbox, tmp_path, notices(3))
    approved(outbox, tmp_path, notices(2), "second", edition=2)
    claimed(outbox, 2)
    claimed(outbox, 1, "second")
    assert outbox.recover(NOW) == 3
    assert [one.partner_id for one in outbox.notices_at(PLAN, Status.UNKNOWN)] == ["P-0001", "P-0002"]
    assert [one.partner_id for one in outbox.notices_at("second", Status.UNKNOWN)] == ["P-0001"]
    assert outbox.told("P-0001")[0].attempts[0].cause == Cause.ORPHANED
    assert outbox.recover(NOW) == 0


def test_a_person_sends_an_unknown_again_or_gives_it_up(outbox: Outbox, tmp_path: Path) -> None:
    """Both decisions are recorded with name, reason and instant, and move the notice."""
    approved(outbox, tmp_path, notices(2))
    claimed(outbox)
    outbox.recover(NOW)
    outbox.resolve(PLAN, "P-0001", "resend", by="Bert", reason="the relay's log has no trace", at=NOW)
    outbox.resolve(PLAN, "P-0002", "give-up", by="Bert", reason="told by telephone", at=NOW)
    counts = outbox.counts(PLAN)
    assert (counts[Status.READY], counts[Status.ABANDONED]) == (1, 1)
    (told,) = outbox.told("P-0002")
    decision = told.decisions[0]
    assert (decision.decision, decision.by, decision.reason) == ("give-up", "Bert", "told by telephone")
    assert claimed(outbox) == ["P-0001"]


@pytest.mark.parametrize(
    ("partner_id", "by", "reason", "why"),
    [
        ("P-0001", "Bert", "because", "ready"),
        ("P-0009", "Bert", "because", "no notice"),
        ("P-0002", " ", "because", "name"),
        ("P-0002", "Bert", "", "reason"),
    ],
)
def test_a_decision_needs_an_unknown_a_name_and_a_reason(
    outbox: Outbox, tmp_path: Path, partner_id: str, by: str, reason: str, why: str
) -> None:
    """Anything else is refused, and says what is missing."""
    approved(outbox, tmp_path, notices(2))
    claimed(outbox)
    outbox.recover(NOW)
    outbox.resolve(PLAN, "P-0001", "resend", by="Bert", reason="because", at=NOW)
    with pytest.raises(DecisionRefused, match=why):
        outbox.resolve(PLAN, partner_id, "resend", by=by, reason=reason, at=NOW)


def test_cancelling_skips_what_is_ready_for_good(outbox: Outbox, tmp_path: Path) -> None:
    """What is on its way is still settled; nothing more is claimed, and nothing brings the plan back."""
    batch = approved(outbox, tmp_path, notices(4))
    assert claimed(outbox, 1) == ["P-0001"]
    assert outbox.cancel(PLAN, "Ada", NOW) == 3
    settled(outbox, "P-0001", Cause.ACCEPTANCE)
    assert claimed(outbox) == []
    assert outbox.reasons(PLAN)[Status.SKIPPED] == {"cancelled": 3}
    for attempt in (outbox.resume, outbox.pause):
        with pytest.raises(PlanCancelled):
            attempt(PLAN, "Ada", NOW)
    assert [("cancel", "Ada")] == [(one.act, one.by) for one in outbox.acts(PLAN)]
    with pytest.raises(PlanCancelled):
        outbox.approve(PLAN, batch.digest, "Carla", NOW)


def test_a_paused_plan_is_not_claimed_until_it_is_resumed(outbox: Outbox, tmp_path: Path) -> None:
    """Pausing settles what is on its way and claims nothing more."""
    approved(outbox, tmp_path, notices(2))
    assert claimed(outbox, 1) == ["P-0001"]
    outbox.pause(PLAN, "Ada", NOW)
    turn = outbox.turn(ME, [Settlement("P-0001", Cause.ACCEPTANCE, "")], 5, NOW)
    assert (turn.claimed, turn.standing) == ((), "paused")
    outbox.resume(PLAN, " Finn ", NOW)
    assert claimed(outbox) == ["P-0002"]
    assert [("pause", "Ada"), ("resume", "Finn")] == [(one.act, one.by) for one in outbox.acts(PLAN)]


@pytest.mark.parametrize(
    ("category", "reason", "skipped"),
    [
        ("announcement", "unsubscribed", "unsubscribed"),
        ("notice", "unsubscribed", None),
        ("announcement", "bounced", "suppressed"),
        ("notice", "bounced", "suppressed"),
        ("notice", "complained", "suppressed"),
        ("notice", "manual", "suppressed"),
    ],
)
def test_suppression_depends_on_reason_and_category(
    outbox: Outbox, tmp_path: Path, category: str, reason: str, skipped: str | None
) -> None:
    """Who unsubscribed from announcements still gets notices; every other reason keeps all back."""
    approved(outbox, tmp_path, [notice(1, category=category)], category=category)
    outbox.suppress("Partner1@RESELLER.example", reason, "by hand", NOW)  # type: ignore[arg-type]
    assert outbox.suppressed(category).reason("partner1@reseller.example") == skipped  # type: ignore[arg-type]
    assert claimed(outbox) == ([] if skipped else ["P-0001"])
    assert outbox.reasons(PLAN).get(Status.SKIPPED, {}) == ({skipped: 1} if skipped else {})


def test_a_suppression_is_listed_and_forgotten(outbox: Outbox) -> None:
    """Addresses are compared without regard to case; the same entry twice is one."""
    outbox.suppress("b@c.example", "manual", "by hand", NOW)
    outbox.suppress("A@c.example", "bounced", "event", NOW)
    outbox.suppress("a@C.example", "bounced", "event", NOW)
    assert [(one.address, one.reason) for one in outbox.suppressions()] == [
        ("A@c.example", "bounced"),
        ("b@c.example", "manual"),
    ]
    assert outbox.unsuppress("a@c.EXAMPLE") == 1
    assert outbox.unsuppress("a@c.example") == 0
    assert outbox.suppressed("announcement").reason("a@c.example") is None


def test_a_partner_is_told_in_order_of_plans(outbox: Outbox, tmp_path: Path) -> None:
    """Every plan that held a notice for a partner is there, with each attempt."""
    approved(outbox, tmp_path, notices(2))
    approved(outbox, tmp_path, [notice(1)], "thank-you-2", edition=2)
    claimed(outbox)
    settled(outbox, "P-0001", Cause.REFUSAL)
    claimed(outbox)
    settled(outbox, "P-0001", Cause.ACCEPTANCE)
    first, second = outbox.told("P-0001")
    assert (first.plan, first.status, second.plan, second.status) == (
        PLAN,
        Status.ACCEPTED,
        "thank-you-2",
        Status.READY,
    )
    assert [(one.number, one.cause, one.sender) for one in first.attempts] == [
        (1, "refusal", "1@here"),
        (2, "acceptance", "1@here"),
    ]


def test_the_status_report_balances(outbox: Outbox, tmp_path: Path) -> None:
    """`planned` is the sum of the statuses, whatever has happened."""
    approved(outbox, tmp_path, notices(6))
    claimed(outbox, 4)
    for partner, cause in (
        ("P-0001", Cause.ACCEPTANCE),
        ("P-0002", Cause.REJECTION),
        ("P-0003", Cause.LOST_ANSWER),
    ):
        settled(outbox, partner, cause)
    report = status_json(outbox, PLAN)
    assert {name: report[name] for name in ("planned", *Status)} == {
        "planned": 6,
        "ready": 2,
        "sending": 1,
        "accepted": 1,
        "rejected": 1,
        "unknown": 1,
        "skipped": 0,
        "abandoned": 0,
    }


@pytest.mark.parametrize("call", ["plan", "counts", "pause", "resume", "cancel", "status"])
def test_an_unknown_plan_is_named(outbox: Outbox, call: str) -> None:
    """Asking for a plan that is not there says so."""
    calls: dict[str, Callable[[], object]] = {
        "plan": lambda: outbox.plan("gone"),
        "counts": lambda: outbox.counts("gone"),
        "pause": lambda: outbox.pause("gone", "Ada", NOW),
        "resume": lambda: outbox.resume("gone", "Ada", NOW),
        "cancel": lambda: outbox.cancel("gone", "Ada", NOW),
        "status": lambda: status_json(outbox, "gone"),
    }
    with pytest.raises(UnknownPlan, match="gone"):
        calls[call]()


def test_the_outbox_is_recognised_and_durable(tmp_path: Path) -> None:
    """It is marked as ours with its version, in WAL mode, and opens again with what it held."""
    file = tmp_path / "outbox.sqlite"
    with Outbox.open(file) as outbox:
        approved(outbox, tmp_path, notices(1))
    assert file.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(file)
    found = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "journal_mode")
    ]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    assert (found, version) == ([0x4F504F42, "wal"], len(migrations()))
    with Outbox.open(f"sqlite:///{file}") as again:
        assert again.counts(PLAN)[Status.READY] == 1


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("CREATE TABLE theirs (x)", "another program's"),
        ("PRAGMA application_id = 1330663234; PRAGMA user_version = 99", "newer version"),
    ],
)
def test_a_file_that_is_no_outbox_of_ours_is_left_alone(tmp_path: Path, prepare: str, words: str) -> None:
    """Another program's database and a newer version's outbox are refused."""
    file = tmp_path / "theirs.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(prepare)
    connection.close()
    with pytest.raises(OutboxError, match=words):
        Outbox.open(file)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A text file and a missing folder are errors with the file's name."""
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look like one\n" * 100)
    for place in (file, tmp_path / "no" / "outbox.sqlite"):
        with pytest.raises(OutboxError, match=str(place)):
            Outbox.open(place)


def test_addresses_of_outboxes_name_a_file(tmp_path: Path) -> None:
    """Three slashes and a path, relative or absolute; other databases are refused by name."""
    assert outbox_file("sqlite:///private/outbox.sqlite") == Path("private/outbox.sqlite")
    assert outbox_file(f"sqlite:///{tmp_path}/o.sqlite") == tmp_path / "o.sqlite"
    for url in ("mysql://host/db", "sqlite:///", "outbox.sqlite"):
        with pytest.raises(OutboxError):
            outbox_file(url)


def test_a_second_sender_is_told_who_has_the_outbox(file_outbox: Outbox) -> None:
    """Process, host and since when; and the lock is free again afterwards."""
    with file_outbox.sending(SendingProcess(4711, "mailhost", "2023-12-31T12:00:00.000000Z"), 60, NOW):
        with (
            pytest.raises(OutboxOwned, match=r"process 4711 on mailhost since 2023-12-31T12") as caught,
            file_outbox.sending(SendingProcess.here("now"), 60, NOW),
        ):
            pass
        assert "owned by process 4711 on mailhost since" in str(caught.value)
    with file_outbox.sending(SendingProcess.here("now"), 60, NOW):
        pass


def test_a_lock_dies_with_its_process(file_outbox: Outbox) -> None:
    """After SIGKILL of the owner the next sender gets the lock at once."""
    script = (
        "import sys, time; from datetime import UTC, datetime; from pathlib import Path\n"
        "from mailer import Outbox, SendingProcess\n"
        "with Outbox.open(Path(sys.argv[1])) as outbox:\n"
        "    with outbox.sending(SendingProcess.here('now'), 60, datetime.now(UTC)):\n"
        "        print('got it', flush=True); time.sleep(600)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, file_outbox.name], stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "got it\n"
        with (
            pytest.raises(OutboxOwned, match=str(owner.pid)),
            file_outbox.sending(SendingProcess.here("now"), 60, NOW),
        ):
            pass
        owner.kill()
        owner.wait()
    with file_outbox.sending(SendingProcess.here("now"), 60, NOW):
        pass
