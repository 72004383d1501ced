"""The screens about campaigns: the list, the review of one plan, and one frozen mail of it."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from mailer import Batch, BatchError, MailerError, Outbox, PlanRecord, Status
from mailer.rules.approval import approval_refusal
from offerpress.build.manifest import last_build
from offerpress.plans.draft import Barred, Drafting, skipped_for, without_statement
from offerpress.plans.dues import Due
from offerpress.plans.staleness import PlanAhead, PostponedPlan, StalePlan, refuse_stale
from offerpress.plans.status import minute, needs
from offerpress.plans.told import told_figures
from offerpress.reports.plan_report import plan_view
from offerpress.reports.texts import country_word, day_words, grouped_amount, language_word
from offerpress.site.folder import OfferpressError
from offerpress.studio.state.plan_facts import PlanFacts, PlanRow, change_since
from offerpress.studio.state.studio import (
    Context,
    Visit,
    address_of,
    ago_words,
    clock_words,
)
from rewards import Faulty

_MOST_NAMED = 200
_MOST_STALE = 5
SKIPPED: Mapping[str, tuple[str, str]] = {
    "audience": ("not in the audience of this campaign", "Nothing to do, or change the audience."),
    "nothing_to_say": ("no entry in the statement, so there is nothing to say", "Nothing to do."),
    "bad_address": (
        "no address that mail can go to",
        "Correct the address in the data, then plan again.",
    ),
    "negative": ("a negative amount", "Write to them in person, or let the campaign include them."),
    "closed": ("closed", "Nothing to do."),
    "merged": ("merged into another partner", "Nothing to do: the other one gets the mail."),
    "already_sent": ("this edition was sent to them already", "Nothing to do."),
    "not_told": ("nothing was told before that could be corrected", "Nothing to do."),
    "told_is_lost": (
        "told before by a batch that is pruned or damaged, so the words are not known",
        "Restore the batch from a backup, or write to them in person.",
    ),
    "suppressed": ("not to be written to: mail came back, or somebody complained", "Find another address."),
    "unsubscribed": ("unsubscribed from announcements", "Nothing to do: respect it."),
}


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Where a plan stands, in one word and one sentence; `tone` is good, open or wrong."""

    word: str
    sentence: str
    tone: str = "open"


def plan_standing(outbox: Outbox, record: PlanRecord, visit: Visit) -> PlanStep:
    """Return where the plan stands now."""
    counts = outbox.counts(record.plan)
    unknown, ready, accepted = counts[Status.UNKNOWN], counts[Status.READY], counts[Status.ACCEPTED]
    if record.standing == "cancelled":
        sentence = f"Stopped for good. {accepted:,} of {record.planned:,} were sent before."
        return PlanStep("Stopped", sentence, "wrong")
    if unknown:
        return PlanStep("Needs you", f"{unknown:,} of {record.planned:,} have an unknown outcome.", "wrong")
    if not ready and not counts[Status.SENDING]:
        return PlanStep("Done", f"{accepted:,} of {record.planned:,} were sent.", "good")
    if not outbox.approvals(record.plan):
        sentence = f"{record.planned:,} mails wait for the approval of another person than the maker."
        return PlanStep("Waits for approval", sentence)
    return _approved(outbox, record, visit, ready)


def _approved(outbox: Outbox, record: PlanRecord, visit: Visit, ready: int) -> PlanStep:
    now, zone = visit.now, program_zone(visit)
    if record.standing == "paused":
        return PlanStep("Paused", f"{ready:,} of {record.planned:,} wait until somebody lets it go on.")
    if record.begun:
        opens = outbox.next_window(record.plan, now)
        wait = f" The next send window opens at {clock_words(opens, zone)}." if opens else ""
        return PlanStep("Sending", f"{record.planned - ready:,} of {record.planned:,} are handed over.{wait}")
    first = outbox.first_start(record)
    if first and first > now:
        when = f"{clock_words(first, zone)}, {ago_words(first, now)}"
        return PlanStep("Approved", f"It leaves from {when} on.", "good")
    return PlanStep("Due", "It is approved and may leave now.", "good")


def program_zone(visit: Visit) -> str:
    """Return the zone of the program, in which people read due times."""
    current = visit.studio.reader.last
    return current.figures.content.policy.program.timezone if current else "UTC"


def plan_rows(visit: Visit, outbox: Outbox) -> list[Context]:
    """Return every plan, the newest first."""
    return [
        {
            "plan": record.plan,
            "href": address_of("/plan", plan=record.plan),
            "campaign": record.campaign,
            "corrections": record.corrections,
            "planned": f"{record.planned:,}",
            "made_by": visit_name(visit, record.made_by),
            "made_at": minute(record.made_at),
            "standing": plan_standing(outbox, record, visit),
        }
        for record in reversed(outbox.plans())
    ]


def visit_name(visit: Visit, who: str) -> str:
    """Return the name of a person by the id that the outbox keeps, or the text that a command was given."""
    found = visit.studio.people(visit.site).get(who)
    return found.name if found else who


def plans_page(visit: Visit) -> Context:
    """List the plans, and the campaigns that can be planned."""
    current = visit.current()
    content = current.figures.content
    language = current.figures.site.settings.site.default_language
    with visit.open_outbox() as outbox:
        plans = plan_rows(visit, outbox)
    return {
        "plans": plans,
        "campaigns": [
            {
                "slug": slug,
                "subject": one.texts[language].subject,
                "send_at": clock_words(one.send_at, program_zone(visit)) if one.send_at else "at once",
                "planned": sum(row["campaign"] == slug for row in plans),
            }
            for slug, one in content.campaigns.items()
        ],
    }


def plan_page(visit: Visit) -> Context:
    """Show all that an approver judges."""
    plan = visit.query.get("plan", "")
    with visit.open_outbox() as outbox:
        record = outbox.plan(plan)
        found_needs = needs(outbox, plan, visit.site.settings.mail, visit.now)
        view: Context = {
            "plan": plan,
            "record": record,
            "standing": plan_standing(outbox, record, visit),
            "steps": list(_steps(outbox, record, visit)),
            "report": plan_view(visit.site, outbox, plan, visit.now),
            "unknown": outbox.notices_at(plan, Status.UNKNOWN),
            "counts": {status.value: number for status, number in outbox.counts(plan).items()},
            "made_by": visit_name(visit, record.made_by),
            "approved": bool(outbox.approvals(plan)),
            "refusal": plan_refusal(visit, outbox, record),
            "late": any("latest start" in one.what for one in found_needs),
            "sender": visit.studio.sender,
            "signed_only": visit.site.settings.mail.approvals == "signed",
            "has_passkey": any(one.active for one in visit.person.passkeys),
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


def plan_refusal(visit: Visit, outbox: Outbox, record: PlanRecord) -> str:
    """Return why the person cannot approve the plan, as the outbox would; empty if they can."""
    if record.standing == "cancelled":
        return "It was stopped for good. Plan the campaign again."
    if outbox.approvals(record.plan):
        by = ", ".join(visit_name(visit, one.by) for one in outbox.approvals(record.plan))
        return f"It is approved already, by {by}."
    allowed = visit.site.settings.mail.self_approval
    # Whoever plans in a terminal writes a name, not an id.
    for who in (visit.person.person, visit.person.name):
        if approval_refusal(record.made_by, who, self_approval=allowed):
            return "You made this plan, so another person approves it."
    return ""


def _steps(outbox: Outbox, record: PlanRecord, visit: Visit) -> Iterator[Context]:
    """Yield the steps of a plan's life; `state` is done, now or later."""
    approvals, counts = outbox.approvals(record.plan), outbox.counts(record.plan)
    zone, over = program_zone(visit), not counts[Status.READY] and not counts[Status.SENDING]
    stopped = record.standing == "cancelled"
    yield {
        "name": "Planned",
        "state": "done",
        "text": f"by {visit_name(visit, record.made_by)}, {clock_words(record.made_at, zone)}",
    }
    by = ", ".join(f"{visit_name(visit, one.by)}, {clock_words(one.at, zone)}" for one in approvals)
    yield {
        "name": "Approved" if approvals else "Waits for approval",
        "state": "done" if approvals else "later" if stopped else "now",
        "text": f"by {by}" if approvals else "by another person than the maker",
    }
    first = outbox.first_start(record)
    waits = bool(approvals) and not record.begun and not over and not stopped
    yield {
        "name": "Due",
        "state": "now" if waits else "done" if record.begun else "later",
        "text": f"{clock_words(first, zone)}, {ago_words(first, visit.now)}"
        if first
        else "at once after the approval",
    }
    handed = record.planned - counts[Status.READY] - counts[Status.SKIPPED]
    yield {
        "name": "Stopped" if stopped else "Sent" if over and record.begun else "Sending",
        "state": "done" if over and record.begun else "now" if record.begun else "later",
        "text": f"{handed:,} of {record.planned:,} handed over",
    }


def _review(visit: Visit, batch: Batch, outbox: Outbox) -> Context:
    """Return what is judged. It follows from batch and figures, and from the outbox, which is read once a minute."""
    current, plans = visit.studio.reader.last, len(outbox.plans())
    stamp = (
        batch.digest,
        batch.forgotten,
        current and current.number,
        plans,
        visit.now.replace(second=0, microsecond=0),
    )
    return visit.studio.remembered(
        f"review {batch.header.plan}", stamp, lambda: _facts(visit, batch, outbox)
    ) | {
        "change": _change(visit, batch, outbox),
        "checklist": list(_checklist(visit, batch, outbox)),
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


def _checklist(visit: Visit, batch: Batch, outbox: Outbox) -> Iterator[Context]:
    """Yield what is to be in order before an approval: whether it is, and what to do if not."""
    plan, facts, mail = batch.header.plan, visit.studio.facts(batch), visit.site.settings.mail
    tests = visit.studio.tests(visit.site, plan)
    yield {
        "ok": bool(tests),
        "what": f"{tests:,} test mails were sent" if tests > 1 else "A test mail was sent",
        "remedy": "Below the mails to read, hand one of them to an address of yours.",
    }
    yield _site_check(visit, batch)
    windows = {row.window for row in facts.rows.values()}
    yield {
        "ok": "" not in windows,
        "what": "Each mail has a send window",
        "remedy": "Set `window` in the campaign or in [mail] if no mail should leave at night, then plan again.",
    }
    record, hours = outbox.plan(plan), mail.latest_start_hours
    late = any("latest start" in one.what for one in needs(outbox, plan, mail, visit.now))
    yield {
        "ok": (record.send_at is None or hours is not None) and not late,
        "what": f"The latest start is {hours:,} hours after its time" if hours else "There is a latest start",
        "remedy": "The latest start is over: an approver can let it begin late."
        if late
        else "Set latest_start_hours in [mail], or a forgotten plan can leave weeks later.",
    }
    yield _provider_check(visit)
    answers = {row.reply_to for row in facts.rows.values()}
    yield {
        "ok": "" not in answers,
        "what": f"Answers go to {', '.join(sorted(answers - {''}))}"
        if answers - {""}
        else "Answers have an address of their own",
        "remedy": "Set reply_to in [mail], or answers go to the address of the sender.",
    }


def _site_check(visit: Visit, batch: Batch) -> Context:
    """Say whether the site was built with the figures of the mails. Only a person knows what the web server shows."""
    built, day = last_build(visit.site), day_words(batch.header.as_of)
    there = f"It was built as of {day_words(built.as_of)}." if built else "It was never built here."
    return {
        "ok": built is not None and built.as_of == batch.header.as_of,
        "what": f"The site is built as of {day}, as the mails",
        "remedy": f"{there} An operator builds it as of {day} and publishes it before the mails leave.",
    }


def _provider_check(visit: Visit) -> Context:
    name, why = visit.site.settings.mail.transport, ""
    try:
        visit.site.transport()
    except (MailerError, OfferpressError) as error:
        why = str(error)
    if name == "folder":
        why = "Mails go into the folder private/mail, to nobody. Set transport in [mail] to smtp or sendgrid."
    return {"ok": not why, "what": f"The provider is set up ({name})", "remedy": why}


def _change(visit: Visit, batch: Batch, outbox: Outbox) -> Context | None:
    """Return how the plan differs from the one before it of the same campaign; None without such a plan."""
    plans = outbox.plans()
    place = [one.plan for one in plans].index(batch.header.plan)
    for record in reversed(plans[:place]):
        if record.campaign == batch.header.campaign:
            with suppress(BatchError), visit.site.open_batch(record.plan) as earlier:
                found = change_since(visit.studio.facts(batch), visit.studio.facts(earlier))
                return {
                    "plan": record.plan,
                    "href": address_of("/plan", plan=record.plan),
                    "new": [_named(visit, batch.header.plan, one) for one in found.new[:_MOST_NAMED]],
                    "gone": [_named(visit, record.plan, one) for one in found.gone[:_MOST_NAMED]],
                    "counts": (len(found.new), len(found.gone), len(found.changed)),
                    "jumped": [
                        _due(visit, batch.header.plan, one.due)
                        | {"before": grouped_amount(one.before, one.due.currency)}
                        for one in found.jumped[:_MOST_NAMED]
                    ],
                }
            return None
    return None


def _named(visit: Visit, plan: str, row: PlanRow) -> Context:
    return {
        "id": row.partner_id,
        "name": partner_name(visit, row.partner_id) or row.name,
        "href": address_of("/plan/mail", plan=plan, partner=row.partner_id),
    }


def _facts(visit: Visit, batch: Batch, outbox: Outbox) -> Context:
    header, facts = batch.header, visit.studio.facts(batch)
    current = visit.studio.reader.last
    countries: dict[str, int] = {}
    for one in facts.rows:
        account = current.people.get(one) if current else None
        country = country_word(account[0].partner.country) if account else ""
        countries[country] = countries.get(country, 0) + 1
    currency, amount = facts.control
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
        "largest": [_due(visit, header.plan, one) for one in facts.largest],
        "negative": [_due(visit, header.plan, one) for one in facts.negative],
        "skipped": list(_skipped(visit, batch, outbox)),
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
        "control_currency": currency,
        "control_amount": amount,
        "digest": header.digest,
    }


def _subject(facts: PlanFacts) -> str:
    """Return a subject in the language of most mails."""
    most = next((language for language, _ in facts.counted(lambda one: one.language)), "")
    return next((one.subject for one in facts.rows.values() if one.language == most), "")


def partner_name(visit: Visit, partner_id: str) -> str:
    """Return the partner's name by the figures; empty if they do not know it."""
    current = visit.studio.reader.last
    return current.people[partner_id][0].partner.name if current and partner_id in current.people else ""


def _due(visit: Visit, plan: str, due: Due) -> Context:
    return {
        "partner": due.partner_id,
        "name": partner_name(visit, due.partner_id) or due.name,
        "level": visit.level_word(due.level),
        "currency": due.currency,
        "amount": grouped_amount(due.to_credit, due.currency),
        "href": address_of("/plan/mail", plan=plan, partner=due.partner_id),
    }


def _skipped(visit: Visit, batch: Batch, outbox: Outbox) -> Iterator[Context]:
    """Yield each reason with the number that the plan froze, and those whom today's figures skip for it."""
    named = _skipped_now(visit, batch, outbox)
    for reason, number in batch.header.skipped.items():
        what, remedy = SKIPPED.get(reason, (reason.replace("_", " "), ""))
        people = sorted(named.get(reason, []))
        yield {
            "what": what,
            "remedy": remedy,
            "number": number,
            "people": people[:_MOST_NAMED],
            "more": max(0, len(people) - _MOST_NAMED),
        }


def _skipped_now(visit: Visit, batch: Batch, outbox: Outbox) -> Mapping[str, list[tuple[str, str]]]:
    current, header = visit.studio.reader.last, batch.header
    if current is None or header.campaign not in current.figures.content.campaigns:
        return {}
    inside = {*batch.partner_ids()}
    found: dict[str, list[tuple[str, str]]] = {}
    with suppress(MailerError, Faulty):
        told = told_figures(visit.site, outbox, header.campaign) if header.corrections else None
        drafting = Drafting(current.figures, header.campaign, told)
        barred = Barred.of(drafting.campaign, outbox)
        for one, (account, statement) in current.people.items():
            if one not in inside and (reason := skipped_for(drafting, barred, account.partner, statement)):
                found.setdefault(reason, []).append((one, account.partner.name))
        for partner in without_statement(current.figures.snapshot):
            reason = "merged" if partner.merged_into else "closed"
            found.setdefault(reason, []).append((partner.partner_id, partner.name))
    return found


def freshness(visit: Visit) -> dict[str, str]:
    """Return whether the plan's mails would be made the same way now; the answer is kept while nothing changes."""
    plan, current = visit.query.get("plan", ""), visit.current()
    with visit.open_outbox() as outbox, visit.site.open_batch(plan) as batch:
        if outbox.plan(plan).begun:
            return {"tone": "open", "text": "It has begun, so it goes on as it was approved."}
        stamp = batch.digest, current.number, bool(outbox.approvals(plan))
        return visit.studio.remembered(f"fresh {plan}", stamp, lambda: _freshness(visit, batch, outbox))


def _freshness(visit: Visit, batch: Batch, outbox: Outbox) -> dict[str, str]:
    try:
        refuse_stale(visit.site, batch, outbox)
    except StalePlan as stale:
        named = ", ".join(stale.partners[:_MOST_STALE]) + (", …" if len(stale.partners) > _MOST_STALE else "")
        text = f"Out of date: {len(stale.partners):,} mails would be different now ({named}). Plan it again."
    except PostponedPlan:
        text = "Out of date: the campaign names a later time now. Plan it again."
    except PlanAhead:
        text = "Too early: its figures are as of a day that has not come yet, so they can still change."
    except Faulty:
        text = "This cannot be said while the site has faults. The page “Today” names them."
    else:
        return {"tone": "good", "text": "Up to date: every mail would be made the same way now."}
    return {"tone": "wrong", "text": text}


def live_state(visit: Visit, plan: str) -> dict[str, object]:
    """Return what the live part of a plan's page shows."""
    with visit.open_outbox() as outbox:
        record = outbox.plan(plan)
        found = plan_standing(outbox, record, visit)
        return {
            "word": found.word,
            "tone": found.tone,
            "sentence": found.sentence,
            "planned": record.planned,
            "counts": {status.value: number for status, number in outbox.counts(plan).items()},
        }
