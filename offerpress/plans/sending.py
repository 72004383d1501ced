"""`send`: the checks before the first claim, the delivery of one plan, the due plans, and the sample to one address."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from mailer import (
    Attempt,
    Cause,
    Delivery,
    FenceProvider,
    Outbox,
    PlanRecord,
    SendGridTransport,
    Status,
    Transport,
    check_sendable,
    deliver,
    start_late,
    stop_on_signals,
)
from offerpress.site.folder import OfferpressError
from offerpress.site.mail import frozen_message
from offerpress.site.site import Site
from rewards import Category, bare_address

WATCH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sending:
    """The result of one call of `send`: what it did, and where all notices of the plan stand now."""

    delivery: Delivery
    counts: dict[Status, int]
    limited: bool = False

    @property
    def needs_person(self) -> bool:
        """Whether a person must act: a notice is unknown, or the delivery broke off."""
        broke_off = self.delivery.stopped and not self.limited and not self.delivery.goes_on
        return bool(self.counts[Status.UNKNOWN] or broke_off)


def send_plan(
    site: Site,
    outbox: Outbox,
    plan: str,
    transport: Transport,
    *,
    limit: int | None = None,
    late_by: str | None = None,
    fence: bool = False,
    clock: Callable[[], datetime],
    stop: threading.Event | None = None,
) -> Sending:
    """Send the ready notices of an approved plan; raises, with nothing sent, if something forbids it.

    `late_by` allows a plan to start after its latest start time. With `fence` the provider holds all messages back.
    `stop` ends the delivery in place of a signal. Staleness is checked before the first claim only: a plan that has
    begun goes on as it was approved.
    """
    settings = site.mail_settings
    _refuse_sandbox(plan, transport)
    with site.open_batch(plan) as batch:
        if late_by is not None:
            start_late(outbox, batch, settings, late_by, clock())
        record = check_sendable(outbox, batch, settings, clock())
        if settings.approvals == "signed":
            from offerpress.signing.signatures import require_signed  # noqa: PLC0415 - only such a site needs it

            require_signed(site, outbox, batch)
        if not record.begun and record.planned:
            # Only this path needs the ledger and the templates; resuming must work without them.
            from offerpress.plans.staleness import refuse_stale  # noqa: PLC0415

            refuse_stale(replace(site, now=clock()), batch, outbox)
        with nullcontext(stop) if stop else stop_on_signals() as asked:
            delivery = deliver(
                outbox,
                batch,
                transport,
                clock=clock,
                settings=settings,
                stop=asked,
                limit=limit,
                fences=fences_of(transport) if fence else None,
            )
    handed = delivery.accepted + delivery.rejected + delivery.unknown + delivery.refused
    return Sending(delivery, outbox.counts(plan), limited=limit is not None and handed >= limit)


def fences_of(transport: Transport) -> FenceProvider:
    """Return how the transport's provider holds messages back; raises if it cannot."""
    if not isinstance(transport, SendGridTransport):
        raise OfferpressError(f"no fence: {transport.name}: only sendgrid holds messages back; send without")
    return transport.fences


def _refuse_sandbox(plan: str, transport: Transport) -> None:
    """Raise in the provider's sandbox, where every notice would count as sent without being delivered."""
    if isinstance(transport, SendGridTransport) and transport.settings.sandbox:
        raise OfferpressError(
            f"not sent: {plan}: the sandbox sends nothing; take [mail.sendgrid] sandbox out, or send a sample "
            "with --test"
        )


def held_plans(outbox: Outbox) -> list[str]:
    """Return approved, paused plans that still hold ready notices, the oldest first."""
    return [record.plan for record in _ready(outbox, "paused")]


def waiting_plans(outbox: Outbox, now: datetime) -> dict[str, str]:
    """Return the due plans that only wait for a send window, each with the instant (text) at which it opens."""
    found = {plan: outbox.next_window(plan, now) for plan in _come(outbox, now)}
    return {plan: opens for plan, opens in found.items() if opens}


def due_plans(outbox: Outbox, now: datetime, later: Mapping[str, str]) -> list[str]:
    """Return approved open plans whose `send_at` has come and that hold ready notices that may leave, the oldest first.

    `later` names the day or the instant (UTC, as text) at which a stopped plan goes on.
    """
    here = now.astimezone(UTC).isoformat()
    return [
        plan
        for plan in _come(outbox, now)
        if later.get(plan, "") <= here and not outbox.next_window(plan, now)
    ]


def _come(outbox: Outbox, now: datetime) -> list[str]:
    """Return approved open plans whose `send_at` has come and that still hold ready notices, the oldest first."""
    ready = _ready(outbox, "open")
    return [record.plan for record in ready if record.send_at is None or record.send_at <= now]


def _ready(outbox: Outbox, standing: str) -> Iterator[PlanRecord]:
    """Yield the approved plans of that standing that still hold ready notices, the oldest first."""
    for record in outbox.plans():
        plan = record.plan
        if record.standing == standing and outbox.approvals(plan) and outbox.counts(plan)[Status.READY]:
            yield record


def rounds(stop: threading.Event, *, watch: bool) -> Iterator[None]:
    """Yield once, or every 20 seconds until `stop` is set."""
    yield
    while watch and not stop.wait(WATCH_SECONDS):
        yield


def send_sample(
    site: Site, plan: str, partner_id: str, address: str, transport: Transport, now: datetime
) -> str:
    """Hand one frozen message to `address` alone, marked as a test, and return the answer; it counts as no notice."""
    with site.open_batch(plan) as batch:
        frozen = frozen_message(batch, partner_id)
    address = _sample_address(site, address, frozen.notice.category)
    sample = frozen.notice.model_copy(
        update={"to_address": address, "to_name": "", "cc": (), "subject": f"[Test] {frozen.notice.subject}"}
    )
    key = sha256(f"sample {frozen.key} {address} {now.isoformat()}".encode()).hexdigest()[:40]
    message_id = f"<{key}@{frozen.message_id.rstrip('>').rpartition('@')[2]}>"
    connection = transport.connect()
    try:
        outcome = connection.hand(Attempt(sample, message_id, key, now))
    finally:
        connection.close()
    if outcome.cause is not Cause.ACCEPTANCE:
        raise OfferpressError(f"test mail: {address}: {outcome.detail}; nothing of the plan was touched")
    return outcome.detail


def _sample_address(site: Site, text: str, category: Category) -> str:
    """Return the bare address in a text; raises for a text without one, and for a suppressed address."""
    try:
        address = bare_address(text)
    except ValueError as error:
        raise OfferpressError(f"test mail: {error}; nothing of the plan was touched") from error
    with site.open_outbox() as outbox:
        if outbox.withheld(category, [address]):
            raise OfferpressError(
                f"test mail: {address}: the address is suppressed; name another, or lift it with 'unsuppress {address}'"
            )
    return address
