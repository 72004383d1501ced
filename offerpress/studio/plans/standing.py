"""Where a plan stands: in one word and one sentence, as steps, live, and in the list of all plans."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailer import Outbox, PlanRecord, Status
from mailer.rules.approval import approval_refusal
from offerpress.site.people import read_people
from offerpress.studio.plans.planning_page import planning_state
from offerpress.studio.state.studio import Context, Visit, address_of, ago_words, clock_words, local_words


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


def visit_name(visit: Visit, who: str) -> str:
    """Return the name of a person by the id that the outbox keeps, or the text that a command was given."""
    found = read_people(visit.site).get(who)
    return found.name if found else who


def partner_name(visit: Visit, partner_id: str) -> str:
    """Return the partner's name by the figures; empty if they do not know it."""
    current = visit.studio.reader.last
    return current.people[partner_id][0].partner.name if current and partner_id in current.people else ""


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
            "made_at": local_words(record.made_at, program_zone(visit)),
            "standing": plan_standing(outbox, record, visit),
        }
        for record in reversed(outbox.plans())
    ]


def plans_page(visit: Visit) -> Context:
    """List the plans, and the campaigns that can be planned."""
    current = visit.current()
    content = current.figures.content
    language = current.figures.site.settings.site.default_language
    with visit.site.open_outbox() as outbox:
        plans = plan_rows(visit, outbox)
    return {
        "plans": plans,
        "planning": planning_state(visit),
        "campaigns": [
            {
                "slug": slug,
                "href": address_of("/campaign", campaign=slug),
                "subject": one.texts[language].subject,
                "send_at": clock_words(one.send_at, program_zone(visit)) if one.send_at else "at once",
                "planned": sum(row["campaign"] == slug for row in plans),
            }
            for slug, one in content.campaigns.items()
        ],
    }


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


def plan_steps(outbox: Outbox, record: PlanRecord, visit: Visit) -> Iterator[Context]:
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


def live_state(visit: Visit) -> dict[str, object]:
    """Return what the live part of a plan's page shows."""
    plan = visit.query.get("plan", "")
    with visit.site.open_outbox() as outbox:
        record = outbox.plan(plan)
        found = plan_standing(outbox, record, visit)
        return {
            "word": found.word,
            "tone": found.tone,
            "sentence": found.sentence,
            "planned": record.planned,
            "counts": {status.value: number for status, number in outbox.counts(plan).items()},
        }
