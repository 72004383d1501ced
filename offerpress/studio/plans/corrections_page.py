"""The screen Corrections: who would be told what, and why, before anybody plans it."""

from collections.abc import Mapping

from offerpress.plans.correcting import Correction, Corrections, Reason, find_corrections
from offerpress.plans.told import difference_text
from offerpress.reports.texts import grouped_figure
from offerpress.studio.plans.skipped import SKIPPED
from offerpress.studio.plans.standing import partner_name
from offerpress.studio.state.studio import Context, NotThere, Visit, address_of

_MOST_SHOWN = 200
_MOST_LINES = 5
_WHY: Mapping[str, str] = {
    "terms": "the terms changed",
    "refund": "a refund came",
    "ledger": "lines of the data came, went or changed",
    "unknown": "nobody can say why: the ledger or the rules of that time are deleted",
}


def corrections_page(visit: Visit) -> Context:
    """Show what a plan of corrections would tell now; it is planned and approved like any plan."""
    visit.need("writer", "approver", "finance", "operator")
    campaign, current = visit.query.get("campaign", ""), visit.current()
    campaigns = current.figures.content.campaigns
    if campaign not in campaigns:
        raise NotThere("There is no campaign of this name.")
    with visit.site.open_outbox() as outbox:
        handed = {one: last.plan for one, last in outbox.handed_last(campaign).items()}
        found: Corrections = visit.studio.remembered(
            f"corrections {campaign}",
            (current.number, sorted(handed.items()), len(outbox.suppressions())),
            lambda: find_corrections(current.figures, outbox, campaign),
        )
    language = current.figures.site.settings.site.default_language
    return {
        "campaign": campaign,
        "subject": campaigns[campaign].texts[language].subject,
        "told": len(handed),
        "rows": [_row(visit, one) for one in found.corrections[:_MOST_SHOWN]],
        "total": len(found.corrections),
        "more": max(0, len(found.corrections) - _MOST_SHOWN),
        "waiting": found.skipped.get("already_sent", 0),
        "skipped": [
            (number, *SKIPPED.get(reason, (reason.replace("_", " "), "")))
            for reason, number in found.skipped.items()
            if reason not in {"already_sent", "not_told", "closed", "merged"}
        ],
        "damaged": found.damaged,
    }


def _row(visit: Visit, one: Correction) -> Context:
    return {
        "id": one.partner_id,
        "name": partner_name(visit, one.partner_id),
        "href": address_of("/partner", id=one.partner_id),
        "plan": one.told_in,
        "plan_href": address_of("/plan", plan=one.told_in),
        "changes": [difference_text(each, grouped_figure) for each in one.differences],
        "why": [_reason_words(each) for each in one.reasons],
    }


def _reason_words(reason: Reason) -> str:
    named = ", ".join(reason.lines[:_MOST_LINES]) + (", …" if len(reason.lines) > _MOST_LINES else "")
    return f"{_WHY[reason.kind]}: {named}" if named else _WHY[reason.kind]
