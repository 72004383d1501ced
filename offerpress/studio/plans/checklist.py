"""What has to be in order before a plan is approved: the checklist, and whether the plan is up to date."""

from collections.abc import Iterator

from mailer import Batch, MailerError, Outbox
from offerpress.build.manifest import last_build
from offerpress.plans.staleness import PlanAhead, PostponedPlan, StalePlan, refuse_stale
from offerpress.plans.status import needs
from offerpress.reports.texts import day_words
from offerpress.site.folder import OfferpressError
from offerpress.studio.state.studio import Context, Visit
from rewards import Faulty

_MOST_STALE = 5


def checklist(visit: Visit, batch: Batch, outbox: Outbox) -> Iterator[Context]:
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
