"""Sending an approved plan: check that it may be sent, become the sender, recover after a dead one, and run."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from mailer.batch.batch import Batch
from mailer.delivery.fencing import Fences
from mailer.delivery.retries import Timing, timing
from mailer.delivery.run import Delivery, Run
from mailer.errors import NotApproved, NotDue, OtherDigest, PlanCancelled, PlanPaused, TooLate
from mailer.outbox.database import SendingProcess
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.outbox.records import PlanRecord
from mailer.rules.approval import valid_approval
from mailer.rules.fences import FenceProvider
from mailer.rules.states import instant_text
from mailer.settings import MailSettings
from mailer.transports.base import Transport


def check_sendable(outbox: Outbox, batch: Batch, settings: MailSettings, now: datetime) -> PlanRecord:
    """Return the plan's record if it may be sent now; otherwise raise SendRefused or BatchTampered with the reason.

    Every message's digest is recomputed from the file's bytes, and the batch's digest compared with the approved one.
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
    """Allow a plan to start after its latest start time, and record who allowed it. Does nothing for plans on time.

    Raises any other reason against sending the plan. The permission lasts as long as a `send_at` does.
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
    progress: Callable[[Delivery], None] = lambda _: None,
) -> Delivery:
    """Send the `ready` notices of an approved plan, `limit` at most, until all are settled.

    With `fences` the provider holds every message back for an hour, so that an unknown one can be withdrawn.

    Raises SendRefused or BatchTampered with nothing sent; OutboxOwned if another sender is at work; LeaseLost if this
    sender of a shared outbox was silent for too long; OutboxRestored if the outbox is older than its receipts;
    ConfigurationError if the transport cannot work as it is set up. Every claimed notice is settled or given back
    before the error is raised.
    """
    started = clock()
    sender = SendingProcess.here(instant_text(started))
    with outbox.sending(sender, settings.lease_seconds, started):
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
        )
        return run.until_done(replace(run.report, recovered=recovered), progress)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Provide an event that SIGTERM and Ctrl-C set instead of ending the process; only in the main thread."""
    stop = threading.Event()
    former = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _check_timing(outbox: Outbox, record: PlanRecord, settings: MailSettings, now: datetime) -> None:
    due_at, hours = record.due_at, settings.latest_start_hours
    if due_at is not None and timing(due_at, None, now) is Timing.EARLY:
        raise NotDue(record.plan, due_at)
    if hours is None or record.begun:
        return
    first = outbox.first_start(record)  # a plan cannot miss a start that its send windows did not allow
    if first is not None and timing(first, hours, now) is Timing.LATE:
        raise TooLate(record.plan, first, hours)
