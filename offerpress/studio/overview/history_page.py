"""The screen History: what everybody did, completed from the outbox after a crash."""

from contextlib import suppress
from dataclasses import replace

from offerpress.studio.plans.standing import program_zone
from offerpress.studio.state.deeds import mend_history, told_history
from offerpress.studio.state.studio import Context, Visit, local_words

_MOST_ENTRIES = 500


def history_page(visit: Visit) -> Context:
    """Show what everybody did, the newest first."""
    with suppress(OSError):  # with a full disk the page still shows what is there
        mend_history(visit.studio, visit.site)
    entries, zone = told_history(visit.studio.history(visit.site)), program_zone(visit)
    return {
        "entries": [
            replace(one, at=local_words(one.at, zone) if one.at else "") for one in entries[:_MOST_ENTRIES]
        ],
        "more": max(0, len(entries) - _MOST_ENTRIES),
        "zone": zone,
    }
