"""The screens that are about the whole site: Today, Finance, History and People."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mailer import Outbox, Status
from offerpress.figures.journals import accruing, journal_of
from offerpress.figures.sign_offs import all_sign_offs, read_sign_offs, signed_lines
from offerpress.plans.status import needs
from offerpress.proofs.verifying import verify
from offerpress.reports.facts import gather_facts, last_told_amounts
from offerpress.reports.figures_report import report_view, source_tables
from offerpress.reports.texts import day_words, grouped_amount
from offerpress.site.people import ROLES, Everyone, HistoryEntry, append_history
from offerpress.site.site import Site
from offerpress.studio.current_figures import CurrentFigures
from offerpress.studio.plan_pages import plan_rows, plan_standing, program_zone, visit_name
from offerpress.studio.studio import (
    APPROVED,
    BEGAN_LATE,
    MADE,
    NOTED,
    PAUSED,
    REJECTED,
    RESUMED,
    ROLE_TASKS,
    SETTLED,
    STOPPED,
    Context,
    Studio,
    Visit,
    address_of,
    ago_words,
    clock_words,
)
from rewards import Fault, journal_sums, plain_address, totals

_MOST_FAULTS = 200
_MOST_ENTRIES = 500
_MOST_PARTNERS = 50


def today_page(visit: Visit) -> Context:
    """Show what needs a person, what leaves next, what was sent last, and how old the data are."""
    current = visit.studio.reader.open()
    with visit.open_outbox() as outbox:
        plans = plan_rows(visit, outbox)
        tasks = _tasks(visit, outbox)
        leaving = _leaving(visit, outbox)
        sent = _sent(visit, outbox)
    faults = [*visit.studio.reader.faults, *(current.found if current else ())]
    newest = _export_time(visit)
    return {
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
        "faults": _by_file([one for one in faults if one.severity == "fault"]),
        "remarks": _by_file([one for one in faults if one.severity != "fault"]),
    }


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
            "when": ago_words(datetime.fromisoformat(f"{hour}:00:00+00:00"), visit.now),
            "standing": plan_standing(outbox, record, visit),
        }
        for hour, record in sorted(found, key=lambda pair: (pair[0], pair[1].plan), reverse=True)[:3]
    ]


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
                    "sums": "; ".join(
                        f"{grouped_amount(n, currency)} {currency}" for currency, n in sums.items()
                    ),
                }
            )
    return found[:_MOST_PARTNERS]


def _negatives(current: CurrentFigures) -> list[Context]:
    found: list[Context] = [
        {
            "id": due.partner_id,
            "name": due.name,
            "href": address_of("/partner", id=due.partner_id),
            "sums": f"{grouped_amount(due.to_credit, due.currency)} {due.currency}",
        }
        for due in current.dues
        if due.to_credit < 0
    ]
    return found[:_MOST_PARTNERS]


def _by_file(faults: list[Fault]) -> list[tuple[str, list[Context]]]:
    """Group faults by file, with the place within the file."""
    found: dict[str, list[Context]] = {}
    for one in faults[:_MOST_FAULTS]:
        place = f"line {one.line}" if one.line else f"row {one.row}" if one.row else ""
        found.setdefault(one.file or "The site", []).append(
            {"place": place, "field": one.field, "what": one.what, "remedy": one.remedy}
        )
    return sorted(found.items())


def finance_page(visit: Visit) -> Context:
    """Show what is owed, where it is heading, the journals, and the last check of all channels."""
    current = visit.current()
    return {
        **visit.studio.remembered("finance", current.number, lambda: _figures(visit, current)),
        "journals": visit.studio.remembered(
            "journals", (current.number, len(all_sign_offs(visit.site))), lambda: _journals(visit, current)
        ),
        "checked": visit.studio.checked,
    }


def _figures(visit: Visit, current: CurrentFigures) -> Context:
    figures, statements = current.figures, list(current.people.values())
    with visit.open_outbox() as outbox:
        told = last_told_amounts(visit.site, outbox, None)
    equations = figures.equations(statements)
    facts = gather_facts(
        statements, figures.rules, told, equations, figures.snapshot.digest, source_tables(figures)
    )
    return report_view(facts, figures.rules)


def _journals(visit: Visit, current: CurrentFigures) -> list[Context]:
    rules = current.figures.rules
    rows: list[Context] = []
    for offer in current.figures.content.policy.offers:
        if offer.kind != "cashback" or offer.announced_on > rules.as_of:
            continue
        signed = read_sign_offs(visit.site, offer.slug, rules.as_of)
        lines = journal_of(offer.slug, current.people.values(), rules, signed)
        done = {line.credit_id for one in signed for line in signed_lines(one)}
        terms = offer.terms_on(rules.as_of)
        rows.append(
            {
                "offer": offer.slug,
                "title": terms.title if terms else offer.slug,
                "final": not accruing(offer, rules),
                "lines": f"{len(lines):,}",
                "signed": f"{sum(line.credit_id in done for line in lines):,}",
                "signed_by": ", ".join(visit_name(visit, one.by) for one in signed),
                "totals": [
                    f"{grouped_amount(minor, currency)} {currency}"
                    for currency, minor in journal_sums(lines).items()
                ],
            }
        )
    return rows


def check_channels(visit: Visit) -> None:
    """Compare all channels as `verify` does, and keep the result for the screen."""
    visit.need("finance", "approver", "operator")
    found = verify(visit.site, None)
    visit.studio.checked = {
        "at": clock_words(visit.now, program_zone(visit)),
        "by": visit.person.name,
        "channels": found.checked,
        "findings": [str(one) for one in found.findings],
        "remarks": found.remarks,
    }
    visit.record("compared all channels", f"{len(found.findings)} differences")


def mend_history(studio: Studio, site: Site) -> int:
    """Add what the outbox holds of people of the studio and the history lacks, and return how many lines.

    An action writes its line right after the outbox. A crash between both, or a full disk, loses the line only.
    """
    if not site.batches.is_dir():
        return 0
    with studio.change, site.open_outbox() as outbox:
        history = studio.history(site)
        lost = list(_lost_lines(_deeds(outbox), history, studio.people(site)))
        for entry in lost:
            append_history(site, entry)
    return len(lost)


def _deeds(outbox: Outbox) -> Iterator[HistoryEntry]:
    """Yield every action of a person that the outbox keeps, without the name of the person."""
    for record in outbox.plans():
        plan = record.plan
        yield HistoryEntry(record.made_at, record.made_by, "", MADE, plan)
        for given in outbox.approvals(plan):
            yield HistoryEntry(given.at, given.by, "", APPROVED, plan, note=f"digest {given.digest}")
        acts = {"pause": PAUSED, "resume": RESUMED, "cancel": STOPPED}
        for act in outbox.acts(plan):
            if act.act in acts:
                yield HistoryEntry(act.at, act.by, "", acts[act.act], plan)
        if record.late_at:
            yield HistoryEntry(record.late_at.isoformat(), record.late_by, "", BEGAN_LATE, plan)
        for partner, one in outbox.decisions(plan):
            yield HistoryEntry(one.at, one.by, "", f"{SETTLED}{one.decision}", plan, partner, one.reason)


def _lost_lines(
    deeds: Iterable[HistoryEntry], history: Sequence[HistoryEntry], people: Everyone
) -> Iterator[HistoryEntry]:
    """Yield the newest actions of each kind that the history lacks; a rejection is a stopped plan with its note."""

    def key(one: HistoryEntry) -> tuple[str, str, str, str]:
        return one.person, STOPPED if one.action == REJECTED else one.action, one.subject, one.partner

    kept = Counter(map(key, history))
    notes = {(one.person, one.subject): one.note for one in history if one.action == NOTED}
    for one in deeds:
        if one.person not in people:
            continue
        if kept[key(one)]:
            kept[key(one)] -= 1
            continue
        note = notes.get((one.person, one.subject)) if one.action == STOPPED else None
        at = datetime.fromisoformat(one.at).astimezone(UTC).isoformat(timespec="seconds")
        found = replace(one, at=at, name=people[one.person].name)
        yield found if note is None else replace(found, action=REJECTED, note=note)


def history_page(visit: Visit) -> Context:
    """Show what everybody did, the newest first."""
    with suppress(OSError):  # with a full disk the page still shows what is there
        mend_history(visit.studio, visit.site)
    entries, zone = visit.studio.history(visit.site), program_zone(visit)
    return {
        "entries": [
            {
                "at": clock_words(one.at, zone) if one.at else "",
                "name": one.name,
                "action": one.action,
                "subject": one.subject,
                "partner": one.partner,
                "note": one.note,
            }
            for one in entries[:_MOST_ENTRIES]
        ],
        "more": max(0, len(entries) - _MOST_ENTRIES),
    }


def people_page(visit: Visit) -> Context:
    """Show everyone with their tasks, and the form that invites."""
    visit.need("operator")
    return {
        "people": [one for one in visit.studio.people(visit.site).values() if one.active],
        "tasks": [(role, ROLE_TASKS[role]) for role in ROLES],
        "link": visit.query.get("link", ""),
        "now": visit.now,
    }
