"""The screen Today: what needs a person, what leaves next, what was sent last, and how old the data are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailer import Outbox, Status
from offerpress.build.publishing import published_differs
from offerpress.plans.status import needs
from offerpress.reports.texts import day_words, sum_words
from offerpress.site.folder import PUBLISHED_FILE
from offerpress.site.people import read_people
from offerpress.studio.plans.checklist import pages_stamp
from offerpress.studio.plans.standing import plan_rows, plan_standing, program_zone
from offerpress.studio.state.current_figures import CurrentFigures
from offerpress.studio.state.studio import Context, Visit, address_of, ago_words, clock_words
from offerpress.studio.writing.text_faults import plain_words
from rewards import Fault, plain_address, totals

_MOST_FAULTS = 200
_MOST_PARTNERS = 50


def today_page(visit: Visit) -> Context:
    """Show what needs a person, what leaves next, what was sent last, and how old the data are."""
    current = visit.studio.reader.open()
    with visit.site.open_outbox() as outbox:
        plans = plan_rows(visit, outbox)
        tasks = [*_tasks(visit, outbox), *_publishing(visit)]
        leaving = _leaving(visit, outbox)
        sent = _sent(visit, outbox)
        steps = _first_steps(visit, current, outbox)
    faults = [*visit.studio.reader.faults, *(current.found if current else ())]
    if steps and current is None and all(one.file in visit.site.settings.data.paths for one in faults):
        faults = []  # a new site has no data yet: the first step says so
    newest = _export_time(visit)
    return {
        "steps": steps,
        "tasks": tasks,
        "sender": visit.studio.sender,
        "sender_since": ago_words(visit.studio.sender.since, visit.now) if visit.studio.sender.since else "",
        "leaving": leaving,
        "sent": sent,
        "plans": plans[:5],
        "as_of": day_words(current.figures.rules.as_of) if current else "",
        "partners": len(current.people) if current else 0,
        "export": ago_words(newest, visit.now) if newest else "",
        "unreachable": _once(visit, current, "unreachable", _unreachable),
        "negatives": _once(visit, current, "negatives", _negatives),
        "faults": _by_file(visit, [one for one in faults if one.severity == "fault"]),
        "has_figures": current is not None,
        "remarks": _by_file(visit, [one for one in faults if one.severity != "fault"]),
    }


def _first_steps(visit: Visit, current: CurrentFigures | None, outbox: Outbox) -> list[Context]:
    """Return the steps from the data to the first campaign; none once one was planned."""
    if outbox.plans():
        return []
    content, settings = current.figures.content if current else None, visit.site.settings
    pages = content.announcements.values() if content else ()
    done = {
        "data": current is not None,
        "offer": bool(content and content.offers),
        "announce": any(not page.draft for page in pages),
        "people": len(read_people(visit.site)) > 1,
        "settings": bool(settings.publish.to) and settings.mail.transport != "folder",
        "publish": (visit.site.private / PUBLISHED_FILE).exists(),
    }
    steps = [
        ("data", "Connect your data", "/data", "at least the partners"),
        (
            "settings",
            "Set where it goes",
            "/settings",
            "languages, the place of the site, and how mails leave",
        ),
        ("offer", "Write an offer", "/writing?room=offers", "its terms, then take the draft mark away"),
        ("announce", "Announce it", "/writing?room=announcements", "in every language of the site"),
        ("people", "Invite a second person", "/people", "nobody approves what they made"),
        ("publish", "Publish the site", "/publish", "after a look at what readers will see"),
        ("campaign", "Plan a campaign", "/plans", "another person approves it"),
    ]
    return [
        {"word": word, "href": href, "about": about, "done": done.get(name, False)}
        for name, word, href, about in steps
    ]


def _once(
    visit: Visit, current: CurrentFigures | None, key: str, make: Callable[[CurrentFigures], list[Context]]
) -> list[Context]:
    """Return a list that follows from the figures alone."""
    return visit.studio.remembered(key, current.number, lambda: make(current)) if current else []


def _tasks(visit: Visit, outbox: Outbox) -> list[Context]:
    """Return what only a person can settle, plan by plan."""
    found: list[Context] = []
    for record in reversed(outbox.plans()):
        counts = outbox.counts(record.plan)
        unknown = counts[Status.UNKNOWN]
        texts = [f"{unknown:,} with an unknown outcome: decide about each"] if unknown else []
        open_needs = needs(outbox, record.plan, visit.site.settings.mail, visit.now)
        waits = not outbox.approvals(record.plan) and counts[Status.READY] and record.standing == "open"
        if waits and record.made_by == visit.person.person:
            texts.append("waits for the approval of another person, because you made it")
        elif waits:
            texts.append("waits for approval")
        elif open_needs and not unknown:
            texts.append(open_needs[0].what)
        if texts and record.standing != "cancelled":
            found.append(
                {
                    "plan": record.plan,
                    "href": address_of("/plan", plan=record.plan),
                    "text": "; ".join(texts),
                    "wrong": bool(unknown),
                }
            )
    return found


def _publishing(visit: Visit) -> list[Context]:
    """Return whether readers see another site than the built one."""
    site = visit.site
    differs = visit.studio.remembered("published differs", pages_stamp(site), lambda: published_differs(site))
    text = "the published site differs from the built one"
    return [{"plan": "Publish", "href": "/publish", "text": text, "wrong": False}] if differs else []


def _leaving(visit: Visit, outbox: Outbox) -> list[Context]:
    found: list[tuple[datetime, str, int]] = []
    for record in outbox.plans():
        ready = outbox.counts(record.plan)[Status.READY]
        if record.standing == "open" and outbox.approvals(record.plan) and ready:
            first = outbox.first_start(record)
            opens = outbox.next_window(record.plan, visit.now)
            at = max(first or visit.now, datetime.fromisoformat(opens) if opens else visit.now)
            found.append((at, record.plan, ready))
    zone = program_zone(visit)
    return [
        {
            "plan": plan,
            "href": address_of("/plan", plan=plan),
            "when": f"{clock_words(at, zone)}, {ago_words(at, visit.now)}" if at > visit.now else "now",
            "mails": f"{ready:,}",
        }
        for at, plan, ready in sorted(found)
    ]


def _sent(visit: Visit, outbox: Outbox) -> list[Context]:
    found = []
    for record in outbox.plans():
        hours = outbox.accepted_hours(record.plan)
        if hours:
            found.append((max(hours), record))
    return [
        {
            "plan": record.plan,
            "href": address_of("/plan", plan=record.plan),
            "when": _hour_words(hour, visit.now),
            "standing": plan_standing(outbox, record, visit),
        }
        for hour, record in sorted(found, key=lambda pair: (pair[0], pair[1].plan), reverse=True)[:3]
    ]


def _hour_words(hour: str, now: datetime) -> str:
    """Return how long ago an hour was in which a mail was sent; nobody keeps its minutes."""
    over = datetime.fromisoformat(f"{hour}:00:00+00:00") + timedelta(hours=1)
    return "in this hour" if over > now else ago_words(over, now)


def _export_time(visit: Visit) -> datetime | None:
    """Return when a file of the data was changed last; None if the data stand in no files."""
    data = visit.site.settings.data
    files: list[Path] = [path for name in data.paths if (path := visit.site.folder / name).is_file()]
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in files), UTC) if files else None


def _unreachable(current: CurrentFigures) -> list[Context]:
    """Return the partners with money and no usable address."""
    found: list[Context] = []
    for one, (account, statement) in current.people.items():
        sums = {currency: amount for currency, amount in totals(statement).items() if amount > 0}
        if sums and plain_address(account.partner.email) is None:
            found.append(
                {
                    "id": one,
                    "name": account.partner.name,
                    "href": address_of("/partner", id=one),
                    "sums": "; ".join(sum_words(sums)),
                }
            )
    return found[:_MOST_PARTNERS]


def _negatives(current: CurrentFigures) -> list[Context]:
    found: list[Context] = [
        {
            "id": due.partner_id,
            "name": due.name,
            "href": address_of("/partner", id=due.partner_id),
            "sums": sum_words({due.currency: due.to_credit})[0],
        }
        for due in current.dues
        if due.to_credit < 0
    ]
    return found[:_MOST_PARTNERS]


def _by_file(visit: Visit, faults: list[Fault]) -> list[tuple[str, str, list[Context]]]:
    """Group faults by file, with the address at which it is corrected, and the place within the file."""
    found: dict[str, list[Context]] = {}
    for one in faults[:_MOST_FAULTS]:
        place = f"line {one.line}" if one.line else f"row {one.row}" if one.row else ""
        found.setdefault(one.file or "The site", []).append(
            {
                "place": place,
                "field": one.field,
                "what": plain_words(one.what),
                "remedy": plain_words(one.remedy),
            }
        )
    data = set(visit.site.settings.data.paths)

    def href(file: str) -> str:
        is_text = file.startswith("content/") and file.endswith(".md")
        return address_of("/text", file=file) if is_text else "/data" if file in data else ""

    return [(file, href(file), found[file]) for file in sorted(found)]
