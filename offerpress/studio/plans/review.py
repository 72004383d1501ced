"""The review of one plan: all that an approver judges."""

from contextlib import suppress

from mailer import Batch, BatchError, Outbox, Status
from offerpress.plans.status import needs
from offerpress.reports.plan_report import plan_view
from offerpress.reports.texts import country_word, day_words, grouped_amount, language_word
from offerpress.studio.people.signed_forms import proof_context
from offerpress.studio.plans.checklist import checklist
from offerpress.studio.plans.plan_changes import due_row, plan_change
from offerpress.studio.plans.skipped import skipped_rows
from offerpress.studio.plans.standing import (
    partner_name,
    plan_refusal,
    plan_standing,
    plan_steps,
    program_zone,
    visit_name,
)
from offerpress.studio.state.plan_facts import PlanFacts
from offerpress.studio.state.studio import Context, Visit, address_of, clock_words


def plan_page(visit: Visit) -> Context:
    """Show all that an approver judges."""
    plan = visit.query.get("plan", "")
    with visit.site.open_outbox() as outbox:
        record = outbox.plan(plan)
        found_needs = needs(outbox, plan, visit.site.settings.mail, visit.now)
        view: Context = {
            "plan": plan,
            "record": record,
            "standing": plan_standing(outbox, record, visit),
            "steps": list(plan_steps(outbox, record, visit)),
            "report": plan_view(visit.site, outbox, plan, visit.now),
            "unknown": outbox.notices_at(plan, Status.UNKNOWN),
            "fences": [
                clock_words(fence.cancel_before, program_zone(visit))
                for fence in outbox.fences_in_doubt(plan)
                if visit.now < fence.cancel_before
            ],
            "counts": {status.value: number for status, number in outbox.counts(plan).items()},
            "made_by": visit_name(visit, record.made_by),
            "approved": bool(outbox.approvals(plan)),
            "refusal": plan_refusal(visit, outbox, record),
            "late": any("latest start" in one.what for one in found_needs),
            "sender": visit.studio.sender,
            **proof_context(visit),
            "send_at": clock_words(record.send_at, program_zone(visit)) if record.send_at else "",
            "fresh_address": address_of("/plan/fresh", plan=plan),
            "live_address": address_of("/plan/live", plan=plan),
            "facts": None,
            "why_no_facts": "",
        }
        with suppress(KeyError):
            view["rejected"] = visit.studio.rejections(visit.site)[plan]
        try:
            with visit.site.open_batch(plan) as batch:
                return view | _review(visit, batch, outbox)
        except BatchError as error:
            return view | {"why_no_facts": str(error)}


def _review(visit: Visit, batch: Batch, outbox: Outbox) -> Context:
    """Return what is judged. It follows from batch and figures; who is skipped, also from what the outbox has sent."""
    current, header = visit.studio.reader.last, batch.header
    stamp = (batch.digest, batch.forgotten, current and current.number)
    of_outbox = (
        [(one.plan, outbox.counts(one.plan)) for one in outbox.plans() if one.campaign == header.campaign],
        outbox.suppressed(header.category),
    )
    return {
        **visit.studio.remembered(f"review {header.plan}", stamp, lambda: _facts(visit, batch)),
        "skipped": visit.studio.remembered(
            f"skipped {header.plan}", (stamp, of_outbox), lambda: list(skipped_rows(visit, batch, outbox))
        ),
        "change": plan_change(visit, batch, outbox),
        "checklist": list(checklist(visit, batch, outbox)),
        **_looked_at(visit, batch),
    }


def _looked_at(visit: Visit, batch: Batch) -> Context:
    """Return who has looked at each mail to read, and the sentence about all of them."""
    plan, to_read = batch.header.plan, [row.partner_id for _, row in visit.studio.facts(batch).samples]
    looks = visit.studio.looks(visit.site, plan, batch.digest)
    done = [one for one in to_read if one in looks]
    names = sorted({name for one in done for name in looks[one].values()})
    by = f", by {' and '.join(names)}" if names else ""
    return {
        "looked": {one: ", ".join(sorted(looks[one].values())) for one in done},
        "looked_words": f"{len(done)} of {len(to_read)} looked at{by}.",
    }


def _facts(visit: Visit, batch: Batch) -> Context:
    header, facts = batch.header, visit.studio.facts(batch)
    current = visit.studio.reader.last
    countries: dict[str, int] = {}
    for one in facts.rows:
        account = current.people.get(one) if current else None
        country = country_word(account[0].partner.country) if account else ""
        countries[country] = countries.get(country, 0) + 1
    return {
        "facts": facts,
        "as_of": day_words(header.as_of),
        "recipients": f"{header.recipients:,}",
        "subject": _subject(facts),
        "languages": facts.counted(lambda one: language_word(one.language)),
        "levels": facts.counted(lambda one: visit.level_word(one.level)),
        "countries": sorted(countries.items(), key=lambda pair: (-pair[1], pair[0])),
        "totals": [
            {
                "currency": currency,
                "partners": f"{row.partners:,}",
                "credit": grouped_amount(row.credit, currency),
                "debit": grouped_amount(row.debit, currency) if row.debit else "",
                "amount": grouped_amount(row.amount, currency),
            }
            for currency, row in sorted(header.totals.items())
        ],
        "accruing": facts.accruing,
        "largest": [due_row(visit, header.plan, one) for one in facts.largest],
        "negative": [due_row(visit, header.plan, one) for one in facts.negative],
        "skipped_total": sum(header.skipped.values()),
        "samples": [
            {
                "why": why,
                "language": language_word(row.language),
                "row": row,
                "name": partner_name(visit, row.partner_id) or row.name,
                "href": address_of("/plan/mail", plan=header.plan, partner=row.partner_id),
            }
            for why, row in facts.samples
        ],
        "control_currency": facts.control[0],
        "digest": header.digest,
    }


def _subject(facts: PlanFacts) -> str:
    """Return a subject in the language of most mails."""
    most = next((language for language, _ in facts.counted(lambda one: one.language)), "")
    return next((one.subject for one in facts.rows.values() if one.language == most), "")
