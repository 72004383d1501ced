"""The screens about partners: the search, and the page of one partner."""

from collections.abc import Iterator

from mailer import Outbox, Status, Suppression
from offerpress.figures.statements import UnknownPartner
from offerpress.plans.draft import Barred, Drafting, skipped_for
from offerpress.plans.returns import suppressible
from offerpress.plans.status import minute
from offerpress.plans.told import ToldNotice, became, difference_text, told_notices
from offerpress.reports.texts import day_words, grouped_amount, grouped_figure
from offerpress.site.keys import private_address
from offerpress.studio.plans.skipped import SKIPPED
from offerpress.studio.plans.standing import program_zone, visit_name
from offerpress.studio.previews.draft_pages import drafts_for, partner_row
from offerpress.studio.state.commands import run_command
from offerpress.studio.state.current_figures import CurrentFigures
from offerpress.studio.state.studio import Context, Done, NoPartner, NotDone, Visit, address_of, clock_words
from rewards import address_key, derive, totals

MOST_FOUND = 50
MOST_MAILS = 20
_LEAST_LETTERS = 2
SUPPRESSED = {
    "bounced": "mail came back",
    "complained": "the partner reported it as spam",
    "manual": "a person suppressed it",
    "unsubscribed": "the partner unsubscribed from announcements",
}
RESULTS = {
    "delivered": "delivered",
    "bounced": "came back",
    "blocked": "was blocked",
    "dropped": "was not sent on by the provider",
    "complained": "was reported as spam",
    "deferred": "is delayed",
}


def search_page(visit: Visit) -> Context:
    """Show the search and what it found."""
    return {"find": visit.query.get("find", ""), "partners": len(visit.current().people), **found(visit)}


def found(visit: Visit) -> dict[str, object]:
    """Return the partners and mails that hold the words: id, name, address, reference or subject."""
    wanted = " ".join(visit.query.get("find", "").split()).casefold()
    if len(wanted) < _LEAST_LETTERS:
        return {"rows": [], "more": 0, "mails": [], "asked": False}
    current = visit.current()
    ids = [one for text, one in current.searched if wanted in text]
    return {
        "rows": [partner_row(visit, *current.people[one]) for one in ids[:MOST_FOUND]],
        "more": max(0, len(ids) - MOST_FOUND),
        "mails": _mails(visit, wanted),
        "asked": True,
    }


def _mails(visit: Visit, wanted: str) -> list[Context]:
    """Return mails whose subject holds the words, the newest plan first."""
    rows: list[Context] = []
    with visit.site.open_outbox() as outbox:
        plans = [record.plan for record in reversed(outbox.plans())]
    for plan in plans:
        if not (visit.site.batches / f"{plan}.batch").is_file():
            continue
        with visit.site.open_batch(plan) as batch:
            facts = visit.studio.facts(batch)
        hits = [row for row in facts.rows.values() if wanted in row.subject.casefold()]
        rows += [
            {
                "plan": plan,
                "subject": row.subject,
                "id": row.partner_id,
                "name": row.name,
                "href": address_of("/plan/mail", plan=plan, partner=row.partner_id),
            }
            for row in hits[: MOST_MAILS - len(rows)]
        ]
        if len(rows) >= MOST_MAILS:
            break
    return rows


def partner_page(visit: Visit) -> Context:
    """Show one partner: figures with every line, mails and what became of them, and why there was none."""
    visit.need("support", "finance", "operator", "approver", "writer")
    current, partner_id = visit.current(), visit.query.get("id", "")
    try:
        account, statement = current.figures.statement(partner_id)
    except UnknownPartner as error:
        raise NoPartner from error
    keys = current.figures.keys
    with visit.site.open_outbox() as outbox:
        told = told_notices(visit.site, outbox, partner_id)
        suppressed = _suppressed(outbox, account.partner.email)
        missing = list(_missing(outbox, current, partner_id, {one.planned.plan for one in told}))
    visit.record("looked at a partner", partner=partner_id)
    link = keys.link(partner_id) if keys else None
    return {
        "partner": account.partner,
        "row": partner_row(visit, *current.people[partner_id]),
        "as_of": day_words(current.figures.rules.as_of),
        "statement": statement,
        "totals": [
            (grouped_amount(amount, currency), currency) for currency, amount in totals(statement).items()
        ],
        "offers": _money_first(derive(account, current.figures.rules)["offers"]),
        "suppressed": [f"{SUPPRESSED.get(one.reason, one.reason)}, {minute(one.at)}" for one in suppressed],
        "no_notices": any(one.reason != "unsubscribed" for one in suppressed),
        "mails": [_mail(visit, one) for one in reversed(told)],
        "drafts": drafts_for(visit, partner_id),
        "statement_href": address_of("/partner/statement", partner=partner_id),
        "missing": missing,
        "link": private_address(visit.site, link) if link else "",
        "reference": link.reference if link else "",
    }


def _money_first(offers: object) -> list[Context]:
    """Sort offers that pay money first, then those with an entry."""
    assert isinstance(offers, list)
    return sorted(offers, key=lambda one: (one["kind"] != "cashback", not one["entries"], one["offer"]))


def _mail(visit: Visit, one: ToldNotice) -> Context:
    planned, zone = one.planned, program_zone(visit)
    result = became(one.events)
    return {
        "plan": planned.plan,
        "plan_href": address_of("/plan", plan=planned.plan),
        "href": address_of("/plan/mail", plan=planned.plan, partner=visit.query["id"]) if one.notice else "",
        "correction": one.header is not None and one.header.corrections,
        "subject": one.notice.subject if one.notice else "The text is gone (deleted or forgotten).",
        "status": planned.status.value,
        "gloss": planned.status.gloss,
        "wrong": planned.status in {Status.UNKNOWN, Status.REJECTED},
        "at": clock_words(planned.changed_at, zone),
        "reason": planned.reason,
        "became": RESULTS.get(result, result) if result else "",
        "approved_by": ", ".join(visit_name(visit, by) for by in one.approved_by),
        "changes": [difference_text(change, grouped_figure) for change in one.changes],
        "events": [
            f"{minute(event.at)}: {event.kind} {event.code} {event.detail}".strip() for event in one.events
        ],
        "decisions": [
            f"{minute(each.at)}: {each.decision} by {visit_name(visit, each.by)}: {each.reason}"
            for each in planned.decisions
        ],
    }


def _missing(outbox: Outbox, current: CurrentFigures, partner_id: str, have: set[str]) -> Iterator[Context]:
    """Yield each plan that has no mail to the partner, with the reason that today's figures give."""
    account, statement = current.people[partner_id]
    for record in reversed(outbox.plans()):
        if record.plan in have or record.corrections or record.standing == "cancelled":
            continue
        reason = ""
        if record.campaign in current.figures.content.campaigns:
            drafting = Drafting(current.figures, record.campaign)
            barred = Barred.of(drafting.campaign, outbox)
            reason = skipped_for(drafting, barred, account.partner, statement) or ""
        what, remedy = SKIPPED.get(reason, ("left out for a reason that is over now", "Plan it again."))
        yield {
            "plan": record.plan,
            "href": address_of("/plan", plan=record.plan),
            "what": what,
            "reason": reason,
            "remedy": remedy,
        }


def revoke_link(visit: Visit) -> Done:
    """Give a partner a new private link, in a process of its own."""
    visit.need("support", "operator")
    partner = visit.query.get("partner", "")
    with visit.doing("revoked a private link", partner=partner):
        run_command(visit.site, "link", "--revoke", "--", partner)
    now = "The partner has a new link and a new reference."
    until = "Until an operator builds and publishes the site, the old link still opens the statement."
    return Done(address_of("/partner", id=partner), "The link is revoked", (now, until))


def suppress_address(visit: Visit) -> Done:
    """Let no plan write to a partner's address again."""
    partner, email, reason = _address_and_reason(visit, "why nobody may write to the address")
    try:
        address = suppressible(email)
    except ValueError as error:
        raise NotDone("The partner has no address that mail can go to, so nothing was done.") from error
    doing = visit.doing("suppressed an address", partner=partner, note=reason)
    with visit.site.open_outbox() as outbox, doing:
        outbox.suppress(address, "manual", f"studio: {visit.person.person}", visit.now)
    return Done(address_of("/partner", id=partner))


def unsuppress_address(visit: Visit) -> Done:
    """Let plans write to a partner's address again, whatever the reason was why they did not."""
    partner, address, reason = _address_and_reason(visit, "why the address may be written to again")
    doing = visit.doing("let an address be written to again", partner=partner, note=reason)
    with visit.site.open_outbox() as outbox:
        if not _suppressed(outbox, address):
            raise NotDone("Nobody has suppressed this address, or somebody lifted it already.")
        with doing:
            outbox.unsuppress(address)
    return Done(address_of("/partner", id=partner))


def _address_and_reason(visit: Visit, asked: str) -> tuple[str, str, str]:
    """Return the partner of the form, the partner's address and the reason. Raises `NotDone` unless all are there."""
    visit.need("support", "operator")
    partner = visit.query.get("partner", "")
    found = visit.current().people.get(partner)
    reason = " ".join(visit.query.get("reason", "").split())
    if found is None or not reason:
        raise NotDone(f"Open the page of a partner, and write {asked}.")
    return partner, found[0].partner.email, reason


def _suppressed(outbox: Outbox, address: str) -> list[Suppression]:
    """Return why an address is not written to, in announcements at least."""
    key = address_key(address)
    return [one for one in outbox.suppressions() if address_key(one.address) == key] if key else []
