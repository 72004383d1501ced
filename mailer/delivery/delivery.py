"""Sending an approved plan: may it be sent, is anyone else sending, what did a dead sender leave."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime

from mailer.batch.batch import Batch
from mailer.batch.header import instant_text
from mailer.delivery.ahead import WORTH_IT, WrittenAhead
from mailer.delivery.fencing import Fences
from mailer.delivery.retries import Timing, timing
from mailer.delivery.run import Delivery, Run
from mailer.errors import NotApproved, NotDue, OtherDigest, PlanCancelled, PlanPaused, TooLate
from mailer.outbox.database import Sender
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.outbox.records import PlanRecord
from mailer.rules.approval import valid_approval
from mailer.rules.fences import FenceProvider
from mailer.settings import MailSettings
from mailer.transports.base import MailTransport, Transport


def check_sendable(outbox: Outbox, batch: Batch, settings: MailSettings, now: datetime) -> PlanRecord:
    """The plan's record, if it may be sent now; else the SendRefused or BatchTampered that says why not.

    Every message's digest is recomputed from the file's bytes and compared with the digest that was approved.
    """
    record = outbox.plan(batch.header.plan)
    if record.standing == "cancelled":
        raise PlanCancelled(record.plan)
    if record.digest != batch.digest:
        raise OtherDigest(
            record.plan, f"the batch has digest {batch.digest}, registered is {record.digest}; restore it"
        )
    approvals = outbox.approvals(record.plan)
    approval = valid_approval(approvals, batch.digest, record.made_by, self_approval=settings.self_approval)
    if approval is None:
        raise NotApproved(
            record.plan, f"no valid approval for its digest; 'approve {record.plan} --by NAME' gives one"
        )
    batch.verify(approval.digest)
    if record.standing == "paused":
        raise PlanPaused(record.plan)
    _check_timing(outbox, record, settings, now)
    return record


def start_late(outbox: Outbox, batch: Batch, settings: MailSettings, by: str, now: datetime) -> None:
    """Record that `by` lets a plan begin that missed its latest start; nothing, if that does not keep it.

    Raises what else forbids to send it. The decision holds as long as a `send_at` does.
    """
    try:
        check_sendable(outbox, batch, settings, now)
    except TooLate:
        outbox.start_late(batch.header.plan, by, now)


def deliver(
    outbox: Outbox,
    batch: Batch,
    transport: Transport,
    *,
    clock: Callable[[], datetime],
    settings: MailSettings,
    stop: threading.Event | None = None,
    limit: int | None = None,
    fences: FenceProvider | None = None,
    ahead_from: int = WORTH_IT,
    progress: Callable[[Delivery], None] = lambda _: None,
) -> Delivery:
    """Send what is `ready` of an approved plan, at most `limit` notices, until all is settled.

    A transport that takes mail has it written out by a second process, in plans of `ahead_from` notices on.
    With `fences` the provider holds everything back for an hour, so that an unknown can be withdrawn.

    Raises SendRefused or BatchTampered with nothing sent, OutboxOwned if another sender is at work
    (LeaseLost if this one was silent for too long, where the outbox is for several),
    OutboxRestored if the outbox is older than its receipts,
    ConfigurationError if the transport cannot work as it is set up. Whatever is raised, what was
    claimed has been settled or given back before.
    """
    started = clock()
    sender = Sender.here(instant_text(started))
    with (
        outbox.sending(sender, settings.lease_seconds, started),
        _written_ahead(batch, transport, ahead_from) as ahead,
    ):
        outbox.require_current()
        recovered = outbox.recover(started)
        record = check_sendable(outbox, batch, settings, started)
        claimant = Claimant(record.plan, str(sender), transport.name)
        run = Run(
            outbox,
            batch,
            transport,
            claimant,
            settings,
            clock=clock,
            stop=stop or threading.Event(),
            limit=limit,
            fences=None if fences is None else Fences(outbox, record.plan, fences),
            ahead=ahead,
        )
        return run.until_done(replace(run.report, recovered=recovered), progress)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set instead of breaking in; only in the main thread."""
    stop = threading.Event()
    former = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _written_ahead(
    batch: Batch, transport: Transport, least: int
) -> AbstractContextManager[WrittenAhead | None]:
    takes_mail = isinstance(transport, MailTransport)
    return WrittenAhead.of(batch) if takes_mail and len(batch) >= least else nullcontext()


def _check_timing(outbox: Outbox, record: PlanRecord, settings: MailSettings, now: datetime) -> None:
    due_at, hours = record.due_at, settings.latest_start_hours
    if due_at is not None and timing(due_at, None, now) is Timing.EARLY:
        raise NotDue(record.plan, due_at)
    if hours is None or record.begun:
        return
    first = outbox.first_start(record)  # it cannot have missed what its send windows did not let it do
    if first is not None and timing(first, hours, now) is Timing.LATE:
        raise TooLate(record.plan, first, hours)
