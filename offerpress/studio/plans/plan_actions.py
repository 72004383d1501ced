"""What people do about a plan. Each calls the function of the command of the same name, and adds no rule."""

import re
from collections.abc import Callable
from datetime import datetime

from mailer import Batch, Outbox, Status, start_late, withdraw
from mailer.outbox.records import Decision
from offerpress.plans.sending import fences_of, send_sample
from offerpress.plans.staleness import refuse_stale
from offerpress.signing.acts import decision_facts
from offerpress.signing.signatures import write_signed
from offerpress.studio.people.signed_forms import ask_signature, given_proof, way_words
from offerpress.studio.plans.standing import plan_refusal
from offerpress.studio.state.studio import (
    APPROVED,
    BEGAN_LATE,
    NOTED,
    PAUSED,
    REJECTED,
    RESUMED,
    SETTLED,
    STOPPED,
    TESTED,
    WITHDREW,
    Done,
    NotDone,
    Visit,
    address_of,
)
from offerpress.terminal import count

_DIGITS = re.compile(r"\D+")


def _to_plan(visit: Visit) -> Done:
    return Done(address_of("/plan", plan=visit.query.get("plan", "")))


def send_test(visit: Visit) -> Done:
    """Send one mail of a plan to one address."""
    visit.need("writer", "approver", "operator")
    plan, partner, address = (visit.query.get(name, "") for name in ("plan", "partner", "address"))
    with visit.doing(TESTED, plan, partner, note=address):
        answer = send_sample(visit.site, plan, partner, address, visit.site.transport(), visit.now)
    words = (f"The mail to {partner} was sent to {address}, marked as a test. The provider says: {answer}",)
    return Done(address_of("/plan", plan=plan), "The test mail is on its way", words)


def begin_approval(visit: Visit) -> dict[str, object]:
    """Check everything that `approve` checks, and return what the person's passkey is to sign."""
    plan, digest = visit.query.get("plan", ""), visit.query.get("digest", "")
    with visit.site.open_outbox() as outbox, visit.site.open_batch(plan) as batch:
        _require_approvable(visit, outbox, batch)
    return ask_signature(visit, "approval", (plan, digest))


def _require_approvable(visit: Visit, outbox: Outbox, batch: Batch) -> None:
    """Raise unless the person may approve the bytes that they looked at, by digest and typed total."""
    visit.need("approver")
    plan = batch.header.plan
    why = plan_refusal(visit, outbox, outbox.plan(plan))
    if why:
        raise NotDone(why)
    currency, amount = visit.studio.facts(batch).control
    if currency and _DIGITS.sub("", visit.query.get("total", "")) != _DIGITS.sub("", amount):
        raise NotDone(
            f"The total in {currency} that you typed is another than that of the plan. Compare both."
        )
    batch.verify(visit.query.get("digest", ""))
    refuse_stale(visit.site, batch, outbox)


def approve_plan(visit: Visit) -> Done:
    """Approve a plan with a passkey, or, where the site allows it, with the passphrase."""
    plan, digest, who = visit.query.get("plan", ""), visit.query.get("digest", ""), visit.person
    with visit.site.open_outbox() as outbox, visit.site.open_batch(plan) as batch:
        _require_approvable(visit, outbox, batch)
        signed = given_proof(visit, "approval", (plan, digest))
        if signed is not None:
            write_signed(visit.site, signed)
        at = datetime.fromisoformat(signed.at) if signed else visit.now
        allowed = visit.site.settings.mail.self_approval
        to_read = {row.partner_id for _, row in visit.studio.facts(batch).samples}
        seen = visit.studio.looks(visit.site, plan, digest).keys()
        looked = f"{len(seen & to_read)} of {len(to_read)} mails to read looked at"
        with visit.studio.change:
            outbox.approve(plan, digest, who.person, at, self_approval=allowed)
            visit.record_kept(at, APPROVED, plan, note=f"{way_words(signed)}, digest {digest}, {looked}")
    return _to_plan(visit)


def reject_plan(visit: Visit) -> Done:
    """Stop a plan that nobody approved, with a note for its maker."""
    visit.need("approver")
    plan, note = visit.query.get("plan", ""), " ".join(visit.query.get("note", "").split())
    if not note:
        raise NotDone("Write a note: the maker has to know what to change.")
    with visit.site.open_outbox() as outbox:
        if outbox.plan(plan).begun or outbox.approvals(plan):
            raise NotDone("It was approved in the meantime. Stop it instead, if it must not go on.")
        with visit.studio.change:
            visit.record(NOTED, plan, note=note)  # first, so that a crash loses no word for the maker
            outbox.cancel(plan, visit.person.person, visit.now)
            visit.record_kept(visit.now, REJECTED, plan, note=note)
    return _to_plan(visit)


def _act(visit: Visit, act: Callable[[Outbox, str, str, datetime], object], action: str) -> Done:
    visit.need("operator", "approver")
    plan = visit.query.get("plan", "")
    with visit.site.open_outbox() as outbox, visit.studio.change:
        act(outbox, plan, visit.person.person, visit.now)
        visit.record_kept(visit.now, action, plan)
    return _to_plan(visit)


def pause_plan(visit: Visit) -> Done:
    """Hold a plan back until it is resumed."""
    return _act(visit, Outbox.pause, PAUSED)


def resume_plan(visit: Visit) -> Done:
    """Let a paused plan go on."""
    return _act(visit, Outbox.resume, RESUMED)


def stop_plan(visit: Visit) -> Done:
    """Stop for good what a plan has not sent yet."""
    return _act(visit, Outbox.cancel, STOPPED)


def begin_late(visit: Visit) -> Done:
    """Let a plan begin that missed its latest start."""
    visit.need("approver")
    plan = visit.query.get("plan", "")
    with visit.site.open_outbox() as outbox, visit.site.open_batch(plan) as batch, visit.studio.change:
        start_late(outbox, batch, visit.site.settings.mail, visit.person.person, visit.now)
        visit.record_kept(visit.now, BEGAN_LATE, plan)
    return _to_plan(visit)


def begin_settling(visit: Visit) -> dict[str, object]:
    """Check the decision about an unknown mail, and return what the person's passkey is to sign."""
    plan, partner, decision, reason = _decision(visit)
    return ask_signature(visit, "decision", decision_facts(plan, partner, decision, reason))


def settle_unknown(visit: Visit) -> Done:
    """Settle one mail whose outcome is unknown."""
    plan, partner, decision, reason = _decision(visit)
    signed = given_proof(visit, "decision", decision_facts(plan, partner, decision, reason))
    at = datetime.fromisoformat(signed.at) if signed else visit.now
    with visit.site.open_outbox() as outbox, visit.studio.change:
        if signed is not None:
            write_signed(visit.site, signed)
        outbox.resolve(plan, partner, decision, by=visit.person.person, reason=reason, at=at)
        visit.record_kept(at, f"{SETTLED}{decision}", plan, partner, reason)
    return _to_plan(visit)


def _decision(visit: Visit) -> tuple[str, str, Decision, str]:
    """Return plan, partner, decision and reason of the form; raises unless the mail is unknown now."""
    visit.need("approver")
    plan, partner = visit.query.get("plan", ""), visit.query.get("partner", "")
    reason = " ".join(visit.query.get("reason", "").split())
    decisions: dict[str, Decision] = {"resend": "resend", "give-up": "give-up"}
    decision = decisions.get(visit.query.get("decision", ""))
    if decision is None or not reason:
        raise NotDone("Choose what to do with the mail, and write why.")
    with visit.site.open_outbox() as outbox:
        if partner not in {one.partner_id for one in outbox.notices_at(plan, Status.UNKNOWN)}:
            raise NotDone("The outcome of this mail is not unknown any more. Open the plan again.")
    return plan, partner, decision, reason


def withdraw_fences(visit: Visit) -> Done:
    """Have the provider discard the mails that it holds back, so that those with an unknown outcome are ready again."""
    visit.need("operator", "approver")
    plan, who = visit.query.get("plan", ""), visit.person.person
    provider = fences_of(visit.site.transport("sendgrid"))
    with visit.site.open_outbox() as outbox, visit.studio.change, visit.doing(WITHDREW, plan):
        done = withdraw(outbox, plan, provider, who, lambda: visit.studio.site_now().now)
    words = [f"{count(done.fences, 'held group')} discarded, {count(done.ready, 'mail')} ready again."]
    words += [
        f"Too late for the group {fence.key}: it leaves at {fence.send_at.isoformat()}."
        for fence in done.late
    ]
    return Done(address_of("/plan", plan=plan), "The provider discarded what it held back", tuple(words))


def start_sending(visit: Visit) -> Done:
    """Start the process that sends what is due."""
    visit.need("operator")
    with visit.doing("started sending what is due"):
        visit.studio.sender.start(visit.site, visit.person.name)
    return Done(visit.query.get("back", "") if visit.query.get("back", "").startswith("/plan?") else "/")


def stop_sending(visit: Visit) -> Done:
    """Stop the process that sends what is due."""
    visit.need("operator")
    with visit.doing("stopped sending"):
        visit.studio.sender.stop()
    return Done("/")
