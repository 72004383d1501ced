"""What people do on the screens. Each calls the function of the command of the same name, and adds no rule."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mailer import Batch, Outbox, instant_text, start_late
from offerpress.plans.returns import suppressible
from offerpress.plans.sending import send_sample
from offerpress.plans.signing import (
    SignedApproval,
    approval_challenge,
    request_options,
    signed_approval,
    write_signed,
)
from offerpress.plans.staleness import refuse_stale
from offerpress.studio.commands import run_command
from offerpress.studio.mail_pages import mark_looked
from offerpress.studio.overview_pages import check_channels
from offerpress.studio.plan_pages import plan_refusal
from offerpress.studio.sign_in import (
    add_passkey,
    begin_passkey,
    invite,
    remove,
    remove_passkey,
    require_passphrase,
)
from offerpress.studio.studio import (
    APPROVED,
    BEGAN_LATE,
    MADE,
    NOTED,
    PAUSED,
    REJECTED,
    RESUMED,
    SETTLED,
    STOPPED,
    TESTED,
    NotDone,
    Pending,
    Visit,
    address_of,
)

_SIGN_WITHIN = timedelta(minutes=5)
_DIGITS = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Done:
    """What follows an action: the address to go to, or words to show once, such as a link."""

    to: str = "/"
    title: str = ""
    show: tuple[str, ...] = ()
    link: str = ""


def _to_plan(visit: Visit) -> Done:
    return Done(address_of("/plan", plan=visit.query.get("plan", "")))


def _plan(visit: Visit) -> Done:
    """Plan a campaign, in a process of its own."""
    visit.need("writer")
    campaign = visit.query.get("campaign", "")
    options = ["--corrections"] if visit.query.get("kind") == "corrections" else []
    if visit.site.as_of:
        options += ["--as-of", visit.site.as_of.isoformat()]
    made = run_command(visit.site, "plan", *options, "--by", visit.person.person, "--", campaign)
    plan = str(made["plan"])
    with visit.studio.change:
        if not any(  # the history may have been completed meanwhile
            (one.person, one.action, one.subject) == (visit.person.person, MADE, plan)
            for one in visit.studio.history(visit.site)
        ):
            visit.record(MADE, plan)
    return Done(address_of("/plan", plan=plan))


def _test(visit: Visit) -> Done:
    """Send one mail of a plan to one address."""
    visit.need("writer", "approver", "operator")
    plan, partner, address = (visit.query.get(name, "") for name in ("plan", "partner", "address"))
    answer = send_sample(visit.site, plan, partner, address, visit.site.transport(), visit.now)
    visit.record(TESTED, plan, partner, note=address)
    words = (f"The mail to {partner} was sent to {address}, marked as a test. The provider says: {answer}",)
    return Done(address_of("/plan", plan=plan), "The test mail is on its way", words)


def _looked(visit: Visit) -> Done:
    """Keep that the person has looked at a mail to read."""
    return Done(mark_looked(visit))


def begin_approval(visit: Visit) -> dict[str, object]:
    """Check everything that `approve` checks, and return what the person's passkey is to sign."""
    plan, digest = visit.query.get("plan", ""), visit.query.get("digest", "")
    with visit.open_outbox() as outbox, visit.site.open_batch(plan) as batch:
        _require_approvable(visit, outbox, batch)
    challenge = approval_challenge(plan, digest, visit.person.person, instant_text(visit.now))
    visit.studio.pending[visit.session.form_token] = Pending(f"{plan} {digest}", visit.now, challenge)
    return request_options(visit.person, challenge)


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


def _approve(visit: Visit) -> Done:
    """Approve a plan with a passkey, or, where the site allows it, with the passphrase."""
    plan, digest, who = visit.query.get("plan", ""), visit.query.get("digest", ""), visit.person
    with visit.open_outbox() as outbox, visit.site.open_batch(plan) as batch:
        _require_approvable(visit, outbox, batch)
        signed = _signed(visit, plan, digest) if visit.query.get("signed") else None
        if signed is None:
            if visit.site.settings.mail.approvals == "signed":
                raise NotDone(
                    "This site takes signed approvals only. Add a passkey: your name at the top leads there."
                )
            require_passphrase(visit)
        else:
            write_signed(visit.site, signed)
        at = datetime.fromisoformat(signed.at) if signed else visit.now
        allowed = visit.site.settings.mail.self_approval
        to_read = {row.partner_id for _, row in visit.studio.facts(batch).samples}
        seen = visit.studio.looks(visit.site, plan, digest).keys()
        way = "signed with a passkey" if signed else "with the passphrase"
        looked = f"{len(seen & to_read)} of {len(to_read)} mails to read looked at"
        with visit.studio.change:
            outbox.approve(plan, digest, who.person, at, self_approval=allowed)
            visit.record(APPROVED, plan, note=f"{way}, digest {digest}, {looked}")
    return _to_plan(visit)


def _signed(visit: Visit, plan: str, digest: str) -> SignedApproval:
    """Return the approval that the passkey signed. What it was asked to sign is used up by that."""
    pending = visit.studio.pending.pop(visit.session.form_token, None)
    if pending is None or pending.about != f"{plan} {digest}" or visit.now - pending.at > _SIGN_WITHIN:
        raise NotDone("The signature came too late, or was used before. Press the button again.")
    try:
        assertion = json.loads(visit.query["signed"])
    except ValueError as error:
        raise NotDone("The device gave no signature. Press the button again.") from error
    person = visit.person
    made = SignedApproval(
        plan=plan,
        digest=digest,
        person=person.person,
        name=person.name,
        at=instant_text(pending.at),
        assertion=assertion if isinstance(assertion, dict) else {},
    )
    return signed_approval(made, person)


def _reject(visit: Visit) -> Done:
    """Stop a plan that nobody approved, with a note for its maker."""
    visit.need("approver")
    plan, note = visit.query.get("plan", ""), " ".join(visit.query.get("note", "").split())
    if not note:
        raise NotDone("Write a note: the maker has to know what to change.")
    with visit.open_outbox() as outbox:
        if outbox.plan(plan).begun or outbox.approvals(plan):
            raise NotDone("It was approved in the meantime. Stop it instead, if it must not go on.")
        with visit.studio.change:
            visit.record(NOTED, plan, note=note)  # first, so that a crash loses no word for the maker
            outbox.cancel(plan, visit.person.person, visit.now)
            visit.record(REJECTED, plan, note=note)
    return _to_plan(visit)


def _act(visit: Visit, act: Callable[[Outbox, str], object], action: str) -> Done:
    plan = visit.query.get("plan", "")
    with visit.open_outbox() as outbox, visit.studio.change:
        act(outbox, plan)
        visit.record(action, plan)
    return _to_plan(visit)


def _pause(visit: Visit) -> Done:
    visit.need("operator", "approver")
    return _act(visit, lambda outbox, plan: outbox.pause(plan, visit.person.person, visit.now), PAUSED)


def _resume(visit: Visit) -> Done:
    visit.need("operator", "approver")
    return _act(visit, lambda outbox, plan: outbox.resume(plan, visit.person.person, visit.now), RESUMED)


def _stop(visit: Visit) -> Done:
    visit.need("operator", "approver")
    return _act(
        visit,
        lambda outbox, plan: outbox.cancel(plan, visit.person.person, visit.now),
        STOPPED,
    )


def _late(visit: Visit) -> Done:
    """Let a plan begin that missed its latest start."""
    visit.need("approver")
    plan = visit.query.get("plan", "")
    with visit.open_outbox() as outbox, visit.site.open_batch(plan) as batch, visit.studio.change:
        start_late(outbox, batch, visit.site.settings.mail, visit.person.person, visit.now)
        visit.record(BEGAN_LATE, plan)
    return _to_plan(visit)


def _resolve(visit: Visit) -> Done:
    """Settle one mail whose outcome is unknown."""
    visit.need("approver")
    plan, partner = visit.query.get("plan", ""), visit.query.get("partner", "")
    reason = " ".join(visit.query.get("reason", "").split())
    decisions: dict[str, Literal["resend", "give-up"]] = {"resend": "resend", "give-up": "give-up"}
    decision = decisions.get(visit.query.get("decision", ""))
    if decision is None or not reason:
        raise NotDone("Choose what to do with the mail, and write why.")
    with visit.open_outbox() as outbox, visit.studio.change:
        outbox.resolve(plan, partner, decision, by=visit.person.person, reason=reason, at=visit.now)
        visit.record(f"{SETTLED}{decision}", plan, partner, reason)
    return _to_plan(visit)


def _start_sending(visit: Visit) -> Done:
    visit.need("operator")
    visit.studio.sender.start(visit.site, visit.person.name)
    visit.record("started sending what is due")
    return Done(visit.query.get("back", "") if visit.query.get("back", "").startswith("/plan?") else "/")


def _stop_sending(visit: Visit) -> Done:
    visit.need("operator")
    visit.studio.sender.stop()
    visit.record("stopped sending")
    return Done("/")


def _check(visit: Visit) -> Done:
    check_channels(visit)
    return Done("/finance#check")


def _revoke(visit: Visit) -> Done:
    """Give a partner a new private link, in a process of its own."""
    visit.need("support", "operator")
    partner = visit.query.get("partner", "")
    run_command(visit.site, "link", "--revoke", "--", partner)
    visit.record("revoked a private link", partner=partner)
    now = "The partner has a new link and a new reference."
    until = "Until an operator builds and publishes the site, the old link still opens the statement."
    return Done(address_of("/partner", id=partner), "The link is revoked", (now, until))


def _suppress(visit: Visit) -> Done:
    """Let no plan write to a partner's address again."""
    visit.need("support", "operator")
    partner = visit.query.get("partner", "")
    found = visit.current().people.get(partner)
    reason = " ".join(visit.query.get("reason", "").split())
    if found is None or not reason:
        raise NotDone("Open the page of a partner, and write why nobody may write to the address.")
    try:
        address = suppressible(found[0].partner.email)
    except ValueError as error:
        raise NotDone("The partner has no address that mail can go to, so nothing was done.") from error
    with visit.open_outbox() as outbox:
        outbox.suppress(address, "manual", f"studio: {visit.person.person}", visit.now)
    visit.record("suppressed an address", partner=partner, note=reason)
    return Done(address_of("/partner", id=partner))


def _sign_off(visit: Visit) -> Done:
    """Freeze the journal of an offer, in a process of its own."""
    visit.need("finance")
    offer = visit.query.get("offer", "")
    options = ["--as-of", visit.site.as_of.isoformat()] if visit.site.as_of else []
    made = run_command(visit.site, "sign-off", *options, "--by", visit.person.person, "--", offer)
    if not made:
        raise NotDone("Nothing has changed since the last sign-off of this journal.")
    visit.record("signed off a journal", offer, note=f"{made['lines']} lines, digest {made['digest']}")
    return Done("/finance#journals")


def _invite(visit: Visit) -> Done:
    with visit.studio.change:
        name, link = invite(visit)
    words = (
        f"Give this link to {name} and to nobody else. It is shown only now, works once, and ends after 7 days.",
    )
    return Done("/people", f"{name} is invited", words, link)


def _remove(visit: Visit) -> Done:
    with visit.studio.change:
        remove(visit)
    return Done("/people")


def _add_passkey(visit: Visit) -> Done:
    with visit.studio.change:
        add_passkey(visit)
    return Done("/me")


def _remove_passkey(visit: Visit) -> Done:
    with visit.studio.change:
        remove_passkey(visit)
    return Done("/me")


ASKS: Mapping[str, Callable[[Visit], dict[str, object]]] = {
    "/plan/approve/begin": begin_approval,
    "/me/passkey/begin": begin_passkey,
}
"""What a page asks before a device signs; nothing is changed by it."""

ACTIONS: Mapping[str, Callable[[Visit], Done]] = {
    "/campaign/plan": _plan,
    "/plan/test": _test,
    "/plan/looked": _looked,
    "/plan/approve": _approve,
    "/plan/reject": _reject,
    "/plan/pause": _pause,
    "/plan/resume": _resume,
    "/plan/stop": _stop,
    "/plan/late": _late,
    "/plan/resolve": _resolve,
    "/sending/start": _start_sending,
    "/sending/stop": _stop_sending,
    "/partner/revoke": _revoke,
    "/partner/suppress": _suppress,
    "/finance/sign-off": _sign_off,
    "/finance/check": _check,
    "/people/invite": _invite,
    "/people/remove": _remove,
    "/me/passkey/add": _add_passkey,
    "/me/passkey/remove": _remove_passkey,
}
