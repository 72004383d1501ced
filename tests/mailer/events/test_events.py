"""Events in the outbox: what became of notices, whatever the order and the number of times it is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.batch.batch import Batch
from mailer.events.events import DELIVERY_RESULTS, Event, EventKind, delivery_result, without_addresses
from mailer.outbox.database import SendingProcess
from mailer.outbox.intake import Intake
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.fences import Fence
from mailer.rules.states import Cause, Settlement, Status
from tests.samples.mail import NOW, PLAN, approved, notices, status_json

ME = Claimant(PLAN, "me", "sendgrid")
HOOK = "sendgrid webhook"
KINDS = st.lists(st.sampled_from(EventKind), max_size=12)


def at(seconds: int) -> datetime:
    """So many seconds after the plan began."""
    return NOW + timedelta(seconds=seconds)


def told(batch: Batch, number: int, kind: EventKind, seconds: int = 0, **changes: Any) -> Event:  # noqa: ANN401 - as `replace` takes them
    """An event of the `number`-th partner's notice."""
    return replace(Event(batch.key(f"P-{number:04d}"), kind, at(seconds)), **changes)


def claimed(outbox: Outbox, count: int, fence: str = "") -> list[str]:
    """The partners of the next notices, claimed."""
    turn = outbox.turn(ME._replace(fence=fence), [], count, NOW)
    return [one.partner_id for one in turn.claimed]


def sent(outbox: Outbox, folder: Path, causes: dict[int, Cause]) -> Batch:
    """A plan whose notices were handed over with these answers, by the partner's number."""
    batch = approved(outbox, folder, notices(len(causes)))
    claimed(outbox, len(causes))
    outbox.turn(ME, [Settlement(f"P-{n:04d}", cause, "") for n, cause in causes.items()], 0, NOW)
    return batch


def state(outbox: Outbox) -> tuple[object, ...]:
    """Everything that events can change, but for when they came in."""
    partners = [f"P-{number:04d}" for number in range(1, 5)]
    return (
        status_json(outbox, PLAN),
        outbox.suppressions(),
        outbox.results_by_partner(PLAN),
        outbox.event_hours(PLAN),
        [outbox.events_of(PLAN, partner) for partner in partners],
        [outbox.failures(PLAN, kind) for kind in DELIVERY_RESULTS],
    )


def bounce(batch: Batch, number: int, seconds: int) -> Event:
    """A hard bounce."""
    said = "550 5.1.1 <jo@reseller.example>: no such user"
    return told(batch, number, EventKind.BOUNCED, seconds, code="5.1.1", detail=said, suppresses="bounced")


def some_events(batch: Batch) -> list[Event]:
    """What a provider tells of four notices."""
    return [
        *(told(batch, number, EventKind.PROCESSED, 1) for number in range(1, 5)),
        told(batch, 1, EventKind.DEFERRED, 2, detail="451 later"),
        told(batch, 1, EventKind.DELIVERED, 9),
        bounce(batch, 2, 3),
        bounce(batch, 2, 7),
        told(batch, 3, EventKind.DELIVERED, 4),
        told(batch, 3, EventKind.COMPLAINED, 3600, suppresses="complained"),
        told(batch, 4, EventKind.DELIVERED, 5),
        told(batch, 4, EventKind.UNSUBSCRIBED, 7200, suppresses="unsubscribed"),
    ]


def test_events_in_any_order_end_the_same(outbox: Outbox, tmp_path: Path) -> None:
    """Told 46 times, backwards and one by one, they leave what they leave when told once and in order."""
    answers = dict.fromkeys((1, 3, 4), Cause.ACCEPTANCE) | {2: Cause.LOST_ANSWER}
    batch = sent(outbox, tmp_path, answers)
    with Outbox.open(tmp_path / "other.sqlite") as once:
        (tmp_path / "other").mkdir()
        sent(once, tmp_path / "other", answers)
        events = some_events(batch)
        first = once.take_in(events, HOOK, NOW)
        expected = state(once)
    for repeat in range(46):
        for event in reversed(events) if repeat % 2 else events[::2] + events[1::2]:
            outbox.take_in([event], HOOK, at(repeat))
    assert expected == state(outbox)
    assert Intake(new=len(events), proved=1, suppressed=4) == first
    counts = {"accepted": 4, "unknown": 0, "delivered": 2, "bounced": 1, "complained": 1, "unsubscribed": 1}
    assert counts == {name: status_json(outbox, PLAN)[name] for name in counts}


@given(KINDS, st.randoms(use_true_random=False))
def test_the_fate_is_a_fold_without_order(kinds: list[EventKind], random: Random) -> None:
    """No order and no repetition of events changes what became of a notice."""
    shuffled = kinds * 2
    random.shuffle(shuffled)
    assert delivery_result(kinds) == delivery_result(shuffled)


@pytest.mark.parametrize(
    ("expected", "kinds"),
    [
        (None, ["processed", "unsubscribed"]),
        ("deferred", ["processed", "deferred"]),
        ("delivered", ["deferred", "delivered", "processed"]),
        ("bounced", ["delivered", "bounced"]),
        ("complained", ["complained", "delivered"]),
        ("delivered", ["dropped", "delivered"]),
    ],
)
def test_what_becomes_of_a_notice(expected: str | None, kinds: list[str]) -> None:
    """A late bounce outdoes a delivery, a delivery what went before it; a bare `processed` says nothing yet."""
    assert expected == delivery_result(map(EventKind, kinds))


def test_the_fates_add_up_to_the_accepted(outbox: Outbox, tmp_path: Path) -> None:
    """Each accepted notice has one delivery_result or none; what is not accepted has none."""
    batch = sent(outbox, tmp_path, dict.fromkeys((1, 2, 3, 4), Cause.ACCEPTANCE))
    outbox.take_in([told(batch, 1, EventKind.DELIVERED), told(batch, 2, EventKind.BLOCKED)], HOOK, NOW)
    counts = status_json(outbox, PLAN)
    assert 4 == sum(int(counts[name]) for name in (*DELIVERY_RESULTS, "untold"))
    assert (1, 1, 2) == (counts["delivered"], counts["blocked"], counts["untold"])


@pytest.mark.parametrize("kind", EventKind)
def test_any_event_proves_that_an_unknown_notice_was_taken(
    outbox: Outbox, tmp_path: Path, kind: EventKind
) -> None:
    """Whatever its provider tells of a message, it has it; even what it dropped."""
    batch = sent(outbox, tmp_path, {1: Cause.LOST_ANSWER})
    assert Intake(new=1, proved=1) == outbox.take_in([told(batch, 1, kind)], HOOK, NOW)
    assert 1 == outbox.counts(PLAN)[Status.ACCEPTED]
    (notice,) = outbox.notices_at(PLAN, Status.ACCEPTED)
    assert f"{kind}: {HOOK}" == notice.reason


def test_an_event_may_come_before_the_answer_is_lost(outbox: Outbox, tmp_path: Path) -> None:
    """It is told while the notice is under way: once that is unknown, it is settled at once."""
    batch = approved(outbox, tmp_path, notices(2))
    claimed(outbox, 2)
    events = [told(batch, number, EventKind.DELIVERED) for number in (1, 2)]
    assert Intake(new=2) == outbox.take_in(events, HOOK, NOW)
    outbox.turn(ME, [Settlement("P-0001", Cause.LOST_ANSWER, "cut")], 0, NOW)
    assert 1 == outbox.counts(PLAN)[Status.ACCEPTED]
    assert 0 == outbox.recover(at(3600))
    assert 2 == outbox.counts(PLAN)[Status.ACCEPTED]


def test_what_an_event_shows_to_be_taken_is_not_sent_again(outbox: Outbox, tmp_path: Path) -> None:
    """A person had it sent again, but before that happens its event comes."""
    batch = sent(outbox, tmp_path, {1: Cause.LOST_ANSWER})
    outbox.resolve(PLAN, "P-0001", "resend", by="Finn", reason="no word", at=NOW)
    assert Intake(new=1, proved=1) == outbox.take_in([told(batch, 1, EventKind.DELIVERED)], HOOK, NOW)
    assert [] == claimed(outbox, 1)


def test_events_of_what_was_discarded_prove_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """After a fence was withdrawn only what is told after its time is about another message."""
    batch = approved(outbox, tmp_path, notices(2))
    fence = Fence.opened("fence-1", NOW)
    outbox.open_fence(PLAN, fence, NOW)
    claimed(outbox, 2, fence.key)
    lost = [Settlement(f"P-000{number}", Cause.LOST_ANSWER, "cut") for number in (1, 2)]
    outbox.turn(ME, lost, 0, NOW)
    with outbox.alone(SendingProcess.here("now"), NOW):
        assert 2 == outbox.withdraw(PLAN, fence, "Finn", NOW)
    early = [told(batch, 1, EventKind.PROCESSED, 60), told(batch, 1, EventKind.DROPPED, 7200)]
    assert Intake(new=2) == outbox.take_in(early, HOOK, NOW)
    claimed(outbox, 2)
    outbox.turn(ME, lost, 0, NOW)
    assert 2 == outbox.counts(PLAN)[Status.UNKNOWN]
    late = [told(batch, number, EventKind.DELIVERED, 7200) for number in (1, 2)]
    assert Intake(new=2, proved=2) == outbox.take_in(late, HOOK, NOW)


def test_events_of_others_are_counted_and_forgotten(outbox: Outbox, tmp_path: Path) -> None:
    """The provider's account may serve other programs as well."""
    sent(outbox, tmp_path, {1: Cause.ACCEPTANCE})
    foreign = Event("f" * 40, EventKind.BOUNCED, NOW, "jo@reseller.example", suppresses="bounced")
    assert Intake(foreign=1) == outbox.take_in([foreign], HOOK, NOW)
    assert [] == outbox.suppressions()


def test_a_copys_bounce_is_not_the_partners(outbox: Outbox, tmp_path: Path) -> None:
    """The copy's address is suppressed, and the notice counts as delivered."""
    batch = sent(outbox, tmp_path, {1: Cause.ACCEPTANCE})
    own = told(batch, 1, EventKind.DELIVERED, address="partner1@reseller.example")
    copy = told(batch, 1, EventKind.BOUNCED, address="Copy@Reseller.example", suppresses="bounced")
    outbox.take_in([own, copy], HOOK, NOW)
    assert 1 == outbox.delivery_results(PLAN)[EventKind.DELIVERED]
    assert ["Copy@Reseller.example"] == [one.address for one in outbox.suppressions()]
    assert [True, False] == [one.copy for one in outbox.events_of(PLAN, "P-0001")]


def test_a_repeated_bounce_does_not_undo_what_a_person_lifted(outbox: Outbox, tmp_path: Path) -> None:
    """A mailbox was repaired and its address taken off the list: the old bounce told again changes nothing."""
    batch = sent(outbox, tmp_path, {1: Cause.ACCEPTANCE})
    outbox.take_in([bounce(batch, 1, 0)], HOOK, NOW)
    assert ("suppressed", 1) == (
        outbox.suppressed("notice").reason("partner1@reseller.example"),
        outbox.unsuppress("partner1@reseller.example"),
    )
    assert Intake(repeated=1) == outbox.take_in([bounce(batch, 1, 0)], HOOK, at(60))
    assert outbox.suppressed("notice").reason("partner1@reseller.example") is None


def test_events_come_in_while_a_sender_owns_the_outbox(outbox: Outbox, tmp_path: Path) -> None:
    """The sender's lock is for senders."""
    batch = sent(outbox, tmp_path, {1: Cause.ACCEPTANCE})
    with outbox.sending(SendingProcess.here("now"), 60, NOW):
        assert 1 == outbox.take_in([told(batch, 1, EventKind.DELIVERED)], HOOK, NOW).new


def test_failures_are_counted_by_domain_and_code(outbox: Outbox, tmp_path: Path) -> None:
    """With an example of the words, in which no address is left."""
    batch = sent(outbox, tmp_path, dict.fromkeys((1, 2, 3), Cause.ACCEPTANCE))
    outbox.take_in([bounce(batch, 1, 0), bounce(batch, 2, 0)], HOOK, NOW)
    (failure,) = outbox.failures(PLAN, EventKind.BOUNCED)
    assert ("reseller.example", "5.1.1", "550 5.1.1 <…>: no such user", 2) == (
        failure.domain,
        failure.code,
        failure.example,
        failure.notices,
    )


def test_words_are_kept_without_addresses() -> None:
    """Nor line breaks, nor more than fits a line."""
    assert "550 <…> or …" == without_addresses('550\r\n<jo@x.example>  or "a@b"'.replace('"', ""))
    assert 300 == len(without_addresses("x" * 1000))


def test_a_claimed_notice_is_left_to_its_sender(outbox: Outbox, tmp_path: Path) -> None:
    """What is under way is not moved by an event; its sender settles it."""
    batch = approved(outbox, tmp_path, notices(1))
    assert ["P-0001"] == claimed(outbox, 1)
    outbox.take_in([told(batch, 1, EventKind.DELIVERED)], HOOK, NOW)
    assert 1 == outbox.counts(PLAN)[Status.SENDING]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(("left", "joined", "suppressed"), [(0, 60, 0), (60, 0, 1), (0, 0, 0)])
def test_whoever_joins_again_gets_announcements_again(
    file_outbox: Outbox, tmp_path: Path, order: tuple[int, int], left: int, joined: int, suppressed: int
) -> None:
    """The later of the two counts, in whatever order they are told; at one instant the reader has joined."""
    batch = sent(file_outbox, tmp_path, {1: Cause.ACCEPTANCE, 2: Cause.ACCEPTANCE})
    leaving = told(batch, 1, EventKind.UNSUBSCRIBED, left, suppresses="unsubscribed")
    events = [leaving, told(batch, 1, EventKind.RESUBSCRIBED, joined)]
    for place in order:
        file_outbox.take_in([events[place]], HOOK, NOW)
    assert suppressed == len(file_outbox.suppressions())
    file_outbox.take_in(events, HOOK, NOW)
    assert suppressed == len(file_outbox.suppressions())


def test_joining_again_lifts_no_other_suppression(file_outbox: Outbox, tmp_path: Path) -> None:
    """A bounce, a complaint, and other partners' addresses stay as they are."""
    batch = sent(file_outbox, tmp_path, {1: Cause.ACCEPTANCE, 2: Cause.ACCEPTANCE})
    left = [told(batch, number, EventKind.UNSUBSCRIBED, suppresses="unsubscribed") for number in (1, 2)]
    file_outbox.take_in([*left, told(batch, 1, EventKind.BOUNCED, suppresses="bounced")], HOOK, NOW)
    file_outbox.take_in([told(batch, 1, EventKind.RESUBSCRIBED, 60)], HOOK, NOW)
    found = [(one.address, one.reason) for one in file_outbox.suppressions()]
    assert [("partner1@reseller.example", "bounced"), ("partner2@reseller.example", "unsubscribed")] == found
