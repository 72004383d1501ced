"""The screen History: what everybody did, completed from the outbox after a crash."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from mailer import Outbox
from offerpress.site.people import Everyone, HistoryEntry, append_history
from offerpress.site.site import Site
from offerpress.studio.plans.standing import program_zone
from offerpress.studio.state.studio import (
    APPROVED,
    BEGAN_LATE,
    MADE,
    NOTED,
    PAUSED,
    REJECTED,
    RESUMED,
    SETTLED,
    STOPPED,
    Context,
    Studio,
    Visit,
    local_words,
)

_MOST_FAULTS = 200
_MOST_ENTRIES = 500
_MOST_PARTNERS = 50


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
                "at": local_words(one.at, zone) if one.at else "",
                "name": one.name,
                "action": one.action,
                "subject": one.subject,
                "partner": one.partner,
                "note": one.note,
            }
            for one in entries[:_MOST_ENTRIES]
        ],
        "more": max(0, len(entries) - _MOST_ENTRIES),
        "zone": zone,
    }
