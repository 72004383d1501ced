"""What has to be in order before a plan is approved: the checklist, and whether the plan is up to date."""

from collections.abc import Collection, Iterator
from datetime import date

from mailer import Batch, MailerError, Outbox
from offerpress.build.manifest import last_build
from offerpress.build.publishing import last_published
from offerpress.plans.staleness import ClockBehind, PlanAhead, PostponedPlan, StalePlan, refuse_stale
from offerpress.plans.status import needs
from offerpress.reports.texts import day_words
from offerpress.site.folder import BUILD_FILE, PUBLISHED_FILE, OfferpressError
from offerpress.site.site import Site
from offerpress.studio.state.studio import Context, Visit
from offerpress.terminal import count
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
    yield _links_check(visit, batch)
    windows = {row.window for row in facts.rows.values()}
    yield {
        "ok": "" not in windows,
        "what": "Each mail has a send window",
        "remedy": "Set a send window in the campaign or for all mail if none should leave at night, then plan again.",
    }
    record, hours = outbox.plan(plan), mail.latest_start_hours
    late = any("latest start" in one.what for one in needs(outbox, plan, mail, visit.now))
    yield {
        "ok": (record.send_at is None or hours is not None) and not late,
        "what": f"The latest start is {hours:,} hours after its time" if hours else "There is a latest start",
        "remedy": "The latest start is over: an approver can let it begin late."
        if late
        else "Set a latest start in the settings of mail, or a forgotten plan can leave weeks later.",
    }
    yield _provider_check(visit)
    answers = {row.reply_to for row in facts.rows.values()}
    yield {
        "ok": "" not in answers,
        "what": f"Answers go to {', '.join(sorted(answers - {''}))}"
        if answers - {""}
        else "Answers have an address of their own",
        "remedy": "Set an address for answers on the page “Settings”, or they go to the address of the sender.",
    }


def _site_check(visit: Visit, batch: Batch) -> Context:
    """Say whether readers find the figures of the mails: the published site if there is one, else the built one."""
    day, place = day_words(batch.header.as_of), visit.site.settings.publish.to
    published = last_published(visit.site)
    if published is None and place is None:
        return _build_check(visit, batch)
    if published is None:
        there = "It was not published from here yet."
    else:
        there = f"Readers find the site of {day_words(date.fromisoformat(published.as_of).toordinal())}."
    return {
        "ok": published is not None and published.as_of == date.fromordinal(batch.header.as_of).isoformat(),
        "what": f"The site is published as of {day}, as the mails",
        "remedy": f"{there} An operator builds it as of {day} and publishes it before the mails leave.",
    }


def _build_check(visit: Visit, batch: Batch) -> Context:
    """Say the same of the built site. Only a person knows what the web server shows."""
    built, day = last_build(visit.site), day_words(batch.header.as_of)
    there = f"It was built as of {day_words(built.as_of)}." if built else "It was never built here."
    return {
        "ok": built is not None and built.as_of == batch.header.as_of,
        "what": f"The site is built as of {day}, as the mails",
        "remedy": f"{there} An operator builds it as of {day} and publishes it before the mails leave.",
    }


def _links_check(visit: Visit, batch: Batch) -> Context:
    """Say whether the links of the mails to the site lead to a page of it. No other machine is asked."""
    facts, base = visit.studio.facts(batch), visit.site.settings.site.base_url.rstrip("/") + "/"
    stamp = (batch.digest, batch.forgotten, base, *pages_stamp(visit.site))
    return visit.studio.remembered(
        f"links {batch.header.plan}", stamp, lambda: _links(facts.links, base, visit)
    )


def _links(links: Collection[str], base: str, visit: Visit) -> Context:
    published, built = last_published(visit.site), last_build(visit.site)
    files = published.files if published else built.files if built else {}
    ours = {link: f"{link}/".removeprefix(base).strip("/") for link in links if f"{link}/".startswith(base)}
    missing = sorted(link for link, path in ours.items() if not _leads(path, files))
    others = sum(bool(link) and link not in ours for link in links)
    named = ", ".join(missing[:_MOST_STALE]) + (", …" if len(missing) > _MOST_STALE else "")
    where = "published" if published else "built"
    beside = f"{count(others, 'address')} elsewhere: nobody looked at them." if others else ""
    why = f"No {where} page stands behind {named}." if files else "The site was never built here."
    return {
        "ok": not missing,
        "what": f"The mails' links to the site lead to {where} pages ({count(len(ours), 'link')})",
        "remedy": f"{why} Build and publish, or correct the link. {beside}".strip(),
        "beside": beside,
    }


def pages_stamp(site: Site) -> tuple[int, ...]:
    """Return what changes with a build and with a publication."""
    paths = (site.private / name for name in (BUILD_FILE, PUBLISHED_FILE))
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def _leads(path: str, files: Collection[str]) -> bool:
    """Return whether a file of the site answers under that path, as a web server finds it."""
    return any(one in files for one in (path, f"{path}/index.html".lstrip("/"), f"{path}.html"))


def _provider_check(visit: Visit) -> Context:
    name, why = visit.site.settings.mail.transport, ""
    try:
        visit.site.transport()
    except (MailerError, OfferpressError) as error:
        why = str(error)
    if name == "folder":
        why = "Mails go into a folder, to nobody. Choose a mail server or SendGrid on the page “Settings”."
    return {"ok": not why, "what": f"The provider is set up ({name})", "remedy": why}


def freshness(visit: Visit) -> dict[str, str]:
    """Return whether the plan's mails would be made the same way now; the answer is kept while nothing changes."""
    plan, current = visit.query.get("plan", ""), visit.current()
    with visit.site.open_outbox() as outbox, visit.site.open_batch(plan) as batch:
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
    except ClockBehind as behind:
        text = f"{behind}."
    except Faulty:
        text = "This cannot be said while the site has faults. The page “Today” names them."
    else:
        return {"tone": "good", "text": "Up to date: every mail would be made the same way now."}
    return {"tone": "wrong", "text": text}
