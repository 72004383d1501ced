"""Fences: what the provider holds back, and is proved to have discarded."""

import json
import shutil
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from mailer.delivery.delivery import deliver
from mailer.delivery.fencing import Fences, FenceWithdrawal, withdraw
from mailer.delivery.run import Delivery
from mailer.errors import FenceRefused, OutboxOwned
from mailer.outbox.database import SendingProcess
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.payload import request_body
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.rules.fences import Fence
from mailer.rules.states import Cause, Settlement, Status
from mailer.transports.base import Attempt
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notice, notices
from tests.servers.provider import Answer, Provider, provider
from tests.servers.request_rules import broken_rules

MINUTE = timedelta(minutes=1)


def transport(server: Provider) -> SendGridTransport:
    """The transport to the stand-in."""
    return SendGridTransport("SG.key", base_url=server.base_url)


def fenced(outbox: Outbox, tmp_path: Path, server: Provider, number: int = 5) -> Delivery:
    """One delivery of a plan behind a fence."""
    batch = approved(outbox, tmp_path, notices(number))
    way = transport(server)
    return deliver(outbox, batch, way, clock=lambda: NOW, settings=mail_settings(), fences=way.fences)


def test_a_request_says_when_it_leaves_and_under_which_id() -> None:
    """Both at the top of a request that breaks no rule; without a fence neither."""
    attempt = Attempt(notice(), "<m@vendor.example>", "key-1", NOW, Fence.opened("fence-1", NOW))
    body = json.loads(request_body(attempt))
    assert ("fence-1", int((NOW + 60 * MINUTE).timestamp())) == (body["batch_id"], body["send_at"])
    assert broken_rules(body) == []
    plain = json.loads(request_body(Attempt(notice(), "<m@vendor.example>", "key-1", NOW)))
    assert {"batch_id", "send_at"} & set(plain) == set()


def test_a_fence_leaves_time_to_submit_and_to_cancel() -> None:
    """The provider's 30 and 10 minutes are kept with room for clocks; nothing is held longer than its 72 hours."""
    fence = Fence.opened("fence-1", NOW.replace(microsecond=999_999))
    assert fence.send_at == NOW + 60 * MINUTE
    assert (fence.closes_at, fence.cancel_before) == (NOW + 28 * MINUTE, NOW + 48 * MINUTE)


def test_a_message_is_not_handed_over_when_its_fence_has_closed() -> None:
    """It waits for another one: a late submission could not be proved absent."""
    fence = Fence.opened("fence-1", NOW)
    attempt = Attempt(notice(), "<m@vendor.example>", "key-1", NOW + 28 * MINUTE, fence)
    with provider() as server:
        outcome = transport(server).connect().hand(attempt)
    assert (outcome.cause, outcome.about, server.taken) == (Cause.REFUSAL, "notice", [])


def test_a_fence_is_recorded_takes_so_many_and_closes(outbox: Outbox, tmp_path: Path) -> None:
    """A new one is opened when the former is full or closed."""
    approved(outbox, tmp_path, notices(1))
    with provider() as server:
        fences = Fences(outbox, PLAN, transport(server).fences)
        first = [fences.current(NOW, 50).key for _ in range(21)]
        later = fences.current(NOW + 28 * MINUTE, 50)
    assert first == ["fence-1"] * 20 + ["fence-2"]
    assert later == Fence.opened("fence-3", NOW + 28 * MINUTE) == fences.of("fence-3")
    assert fences.of("") is None


def test_what_a_withdrawn_fence_held_goes_out_once(outbox: Outbox, tmp_path: Path) -> None:
    """An unknown that was taken, one that was not, and what was accepted: discarded together, then delivered once."""
    taken, lost = Answer(cut="after body"), Answer(503, takes=False)
    with provider(Answer(), taken, Answer(), lost, Answer()) as server:
        settings = mail_settings(sendgrid={"requests": 1})
        way = SendGridTransport("SG.key", settings.sendgrid, base_url=server.base_url)
        batch = approved(outbox, tmp_path, notices(6))
        first = deliver(outbox, batch, way, clock=lambda: NOW, settings=settings, fences=way.fences)
        assert (first.accepted, first.unknown) == (4, 2)
        found = withdraw(outbox, PLAN, way.fences, "Ada", lambda: NOW + 40 * MINUTE)
        assert (found, server.cancelled) == (FenceWithdrawal(1, 6), ["fence-1"])
        assert (outbox.counts(PLAN)[Status.READY], server.delivered) == (6, [])
        again = deliver(
            outbox, batch, way, clock=lambda: NOW + 41 * MINUTE, settings=settings, fences=way.fences
        )
    assert (again.accepted, again.unknown) == (6, 0)
    assert Counter(server.delivered) == {batch.key(partner): 1 for partner in batch.partner_ids()}
    assert withdraw(outbox, PLAN, way.fences, "Ada", lambda: NOW + 42 * MINUTE) == FenceWithdrawal()


def test_what_a_killed_sender_left_is_withdrawn(outbox: Outbox, tmp_path: Path) -> None:
    """Its claims carry the fence, so that orphans are found with it."""
    approved(outbox, tmp_path, notices(3))
    with provider() as server:
        way = transport(server)
        fence = Fences(outbox, PLAN, way.fences).current(NOW, 3)
        outbox.turn(Claimant(PLAN, "1@dead", "sendgrid", fence.key), [], 2, NOW)
        assert withdraw(outbox, PLAN, way.fences, "Ada", lambda: NOW + MINUTE) == FenceWithdrawal(1, 2)
    assert outbox.counts(PLAN)[Status.READY] == 3
    assert "as Ada asked" in outbox.reasons(PLAN)[Status.READY].popitem()[0]


@pytest.mark.parametrize("after", [48, 70])
def test_cancelling_too_late_proves_nothing(outbox: Outbox, tmp_path: Path, after: int) -> None:
    """The notices stay unknown, and the provider is not asked."""
    with provider(Answer(408)) as server:
        fenced(outbox, tmp_path, server)
        found = withdraw(outbox, PLAN, transport(server).fences, "Ada", lambda: NOW + after * MINUTE)
    assert (found.fences, found.ready, [one.key for one in found.late]) == (0, 0, ["fence-1"])
    assert (server.cancelled, outbox.counts(PLAN)[Status.UNKNOWN]) == ([], 5)


def test_a_cancellation_that_ends_too_late_proves_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """The provider took so long to answer that the time was over."""
    with provider(Answer(408)) as server:
        fenced(outbox, tmp_path, server)
        way = transport(server).fences
        found = withdraw(outbox, PLAN, way, "Ada", lambda: NOW + (50 if server.cancelled else 40) * MINUTE)
    assert (found.ready, len(found.late), outbox.counts(PLAN)[Status.UNKNOWN]) == (0, 1, 5)


def test_a_provider_that_does_not_say_so_proves_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """Refused or gone: nothing moves; a cancellation from before, whose answer was lost, counts."""
    with provider(Answer(408)) as server:
        fenced(outbox, tmp_path, server)
        way = transport(server).fences
        server.refuses_fences = True
        with pytest.raises(FenceRefused, match=r"403, then 403.*right to change scheduled sends"):
            withdraw(outbox, PLAN, way, "Ada", lambda: NOW)
        assert outbox.counts(PLAN)[Status.UNKNOWN] == 5
        server.refuses_fences, server.cancelled = False, ["fence-1"]
        assert withdraw(outbox, PLAN, way, "Ada", lambda: NOW) == FenceWithdrawal(1, 5)
    with pytest.raises(FenceRefused, match="gives none"):
        way.open(NOW)


def test_without_a_fence_nothing_leaves(outbox: Outbox, tmp_path: Path) -> None:
    """A provider that gives none, or whose clock is another: all is ready."""
    with provider() as server:
        server.refuses_fences = True
        with pytest.raises(FenceRefused, match="send without --fence"):
            fenced(outbox, tmp_path, server)
        server.refuses_fences, server.date = False, format_datetime(NOW + 2 * MINUTE, usegmt=True)
        with pytest.raises(FenceRefused, match="120 seconds"):
            transport(server).fences.open(NOW)
        server.date = format_datetime(NOW, usegmt=True)
        assert transport(server).fences.open(NOW) == "fence-2"
    assert (server.taken, outbox.counts(PLAN)[Status.READY]) == ([], 5)


def test_nothing_is_withdrawn_while_somebody_sends(file_outbox: Outbox, tmp_path: Path) -> None:
    """A sender could hand more over under the fence; and a name is asked for."""
    with provider(Answer(408)) as server:
        fenced(file_outbox, tmp_path, server)
        way = transport(server).fences
        with (
            file_outbox.sending(SendingProcess(1, "elsewhere", "before"), 60, NOW),
            pytest.raises(OutboxOwned, match="elsewhere"),
        ):
            withdraw(file_outbox, PLAN, way, "Ada", lambda: NOW)
        with pytest.raises(FenceRefused, match="name"):
            withdraw(file_outbox, PLAN, way, " ", lambda: NOW)
    assert server.cancelled == []


def test_a_fence_proves_nothing_of_a_claim_that_a_backup_forgot(tmp_path: Path) -> None:
    """Refused under one fence, then taken under another that the restored outbox does not know: it stays in doubt."""
    file, copy = tmp_path / "outbox.sqlite", tmp_path / "backup.sqlite"
    me = Claimant(PLAN, "1@here", "sendgrid", "fence-1")
    with Outbox.open(file) as outbox:
        approved(outbox, tmp_path, notices(1))
        outbox.open_fence(PLAN, Fence.opened("fence-1", NOW), NOW)
        outbox.turn(me, [], 1, NOW)
        outbox.turn(me, [Settlement("P-0001", Cause.REFUSAL, "429")], 0, NOW)
    shutil.copyfile(file, copy)
    with Outbox.open(file) as outbox:
        outbox.turn(me._replace(fence="fence-2"), [], 1, NOW)
    shutil.copyfile(copy, file)
    with Outbox.open(file) as outbox:
        assert outbox.reconcile("Ada", NOW) == 1
        assert outbox.fences_in_doubt(PLAN) == []
