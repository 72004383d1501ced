"""The history is complete: what a crash kept out of it follows from what the actions themselves keep.

Outbox, sign-offs and `forgotten.json` keep who did what. An action that leaves no name anywhere, such as a test mail,
writes that it begins before it does anything (`Visit.doing`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mailer import Outbox
from offerpress.figures.sign_offs import SignOffDamaged, all_sign_offs, read_sign_off
from offerpress.signing.acts import forgotten_records
from offerpress.site.people import Everyone, HistoryEntry, extend_history, read_people
from offerpress.site.site import Site
from offerpress.studio.state.studio import (
    APPROVED,
    BEGAN,
    BEGAN_LATE,
    FAILED,
    FORGOT,
    MADE,
    NOTED,
    PAUSED,
    REJECTED,
    RESUMED,
    SETTLED,
    SIGNED_OFF,
    STOPPED,
    Studio,
    deed_key,
)


def mend_history(studio: Studio, site: Site) -> int:
    """Add what is kept of people of the studio and the history lacks, and return how many lines.

    An action writes its line right after its record. A crash between both, or a full disk, loses the line only.
    """
    with studio.change:
        kept = list(_kept(site))
        people = read_people(site)
        return extend_history(site, lambda history: _lost_lines(kept, history, people)) if kept else 0


def _kept(site: Site) -> Iterator[HistoryEntry]:
    """Yield every action of a person that some record keeps, without the name of the person."""
    if site.batches.is_dir():
        with site.open_outbox() as outbox:
            yield from _deeds(outbox)
    for path in all_sign_offs(site):
        try:
            one = read_sign_off(path)
        except SignOffDamaged:
            continue  # `verify` names it
        note = f"{len(one.lines)} lines, digest {one.digest}"
        yield HistoryEntry(one.at.isoformat(), one.by, "", SIGNED_OFF, one.offer, note=note)
    for record in forgotten_records(site):
        if record["erased"]:
            yield HistoryEntry(
                record["at"], record["by"], "", FORGOT, partner=" ".join(sorted(record["partners"]))
            )


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
    kept = Counter(map(deed_key, history))
    notes = {(one.person, one.subject): one.note for one in history if one.action == NOTED}
    for one in deeds:
        if one.person not in people:
            continue
        if kept[deed_key(one)]:
            kept[deed_key(one)] -= 1
            continue
        note = notes.get((one.person, one.subject)) if one.action == STOPPED else None
        at = datetime.fromisoformat(one.at).astimezone(UTC).isoformat(timespec="seconds")
        found = replace(one, at=at, name=people[one.person].name)
        yield found if note is None else replace(found, action=REJECTED, note=note)


def told_history(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """Return the history as people read it: that an action began is told only if its end is not known.

    Entries come as the file has them, the last first. They go the newest first, also those that were added later. A
    damaged line, whose instant nobody knows, goes before all others.
    """
    ended: Counter[tuple[str, str, str, str]] = Counter()
    told: list[HistoryEntry] = []
    for one in entries:
        if not one.action.startswith(BEGAN):
            told.append(one)
            ended[deed_key(replace(one, action=one.action.removeprefix(FAILED)))] += 1
            continue
        key = deed_key(replace(one, action=one.action.removeprefix(BEGAN)))
        if ended[key]:
            ended[key] -= 1
        else:
            told.append(one)
    return sorted(told, key=lambda one: (not one.at, one.at), reverse=True)
