"""The screens about one frozen mail: how it arrives, and the word of a person that they have looked at it."""

from mailer import Batch, message_bytes
from offerpress.preview.answers import MailView, framed, framed_mail, turned
from offerpress.reports.texts import language_word, sum_words
from offerpress.studio.plans.standing import partner_name
from offerpress.studio.state.plan_facts import PlanRow
from offerpress.studio.state.studio import (
    LOOKED,
    Context,
    Done,
    NotDone,
    NotThere,
    Visit,
    address_of,
    looked_note,
    view_choices,
)


def mail_page(visit: Visit) -> Context:
    """Show one frozen mail: how it looks, its text, its headers."""
    plan, partner = visit.query.get("plan", ""), visit.query.get("partner", "")
    with visit.site.open_batch(plan) as batch:
        facts = visit.studio.facts(batch)
        if partner not in facts.rows:
            raise NotThere("The plan has no mail to this partner.")
        everybody = [row.partner_id for _, row in facts.samples]
        notice = batch.message(partner)
        digest = batch.digest
        view = framed(visit.query)
        frame = visit.mail_frame(_framed_message(batch, partner, view))
    looks = visit.studio.looks(visit.site, plan, digest).get(partner, {})
    choices = view_choices(view, "/plan/mail", plan=plan, partner=partner)
    place = everybody.index(partner) if partner in everybody else -1
    visit.record("looked at a mail", plan, partner)

    return {
        "plan": plan,
        "plan_href": address_of("/plan", plan=plan),
        "row": facts.rows[partner],
        "name": partner_name(visit, partner) or facts.rows[partner].name or partner,
        **_row_words(visit, facts.rows[partner]),
        "notice": notice,
        "partner_href": address_of("/partner", id=partner),
        "view": view,
        "choices": [[one for one in group if one[0] != "Source"] for group in choices],
        "digest": digest,
        "looked_by": sorted(looks.values()),
        "looked_by_me": visit.person.person in looks,
        "may_look": place >= 0,
        "frame": frame,
        **turned(
            everybody,
            place,
            lambda other: address_of("/plan/mail", **view.query, plan=plan, partner=other),
        ),
    }


def _row_words(visit: Visit, row: PlanRow) -> Context:
    return {
        "language": language_word(row.language),
        "level": visit.level_word(row.level),
        "sums": sum_words(row.sums),
    }


def _framed_message(batch: Batch, partner: str, view: MailView) -> bytes:
    frozen = batch.frozen(partner)
    shown = batch.header.send_at or batch.header.made_at
    wire = message_bytes(frozen.notice, frozen.message_id, shown)
    return framed_mail(frozen.notice, wire, view)


def mark_looked(visit: Visit) -> Done:
    """Keep in the history that the person has looked at a mail to read, once, and go on to the next one."""
    visit.need("approver", "writer", "operator", "finance")
    plan, partner = visit.query.get("plan", ""), visit.query.get("partner", "")
    with visit.site.open_batch(plan) as batch:
        facts, digest = visit.studio.facts(batch), batch.digest
    to_read = [row.partner_id for _, row in facts.samples]
    if partner not in to_read or digest != visit.query.get("digest", ""):
        raise NotDone("This is not one of the plan's mails to read as they are now. Open the plan again.")
    with visit.studio.change:
        looks = visit.studio.looks(visit.site, plan, digest)
        mine = {one for one, who in looks.items() if visit.person.person in who}
        if partner not in mine:
            visit.record(LOOKED, plan, partner, looked_note(digest))
    place = to_read.index(partner)
    after = [one for one in to_read[place + 1 :] + to_read[:place] if one not in mine]
    return Done(
        address_of("/plan/mail", plan=plan, partner=after[0])
        if after
        else f"{address_of('/plan', plan=plan)}#read"
    )
