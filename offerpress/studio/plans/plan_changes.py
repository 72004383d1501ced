"""How a plan differs from the one before it: recipients, sums, and the words of a mail in each language."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from mailer import Batch, BatchError, Outbox
from offerpress.plans.dues import Due
from offerpress.reports.texts import grouped_amount, language_word, sum_words
from offerpress.studio.plans.standing import partner_name
from offerpress.studio.state.differences import page_difference
from offerpress.studio.state.plan_facts import PlanRow, change_since
from offerpress.studio.state.studio import Context, Visit, address_of
from rewards import Notice

_MOST_NAMED = 200


def plan_change(visit: Visit, batch: Batch, outbox: Outbox) -> Context | None:
    """Return how the plan differs from the one before it of the same campaign and kind; None without such a plan."""
    plans = outbox.plans()
    place = [one.plan for one in plans].index(batch.header.plan)
    for record in reversed(plans[:place]):
        if (record.campaign, record.corrections) == (batch.header.campaign, batch.header.corrections):
            with suppress(BatchError), visit.site.open_batch(record.plan) as earlier:
                stamp = batch.digest, earlier.digest, batch.forgotten, earlier.forgotten
                return visit.studio.remembered(
                    f"change {batch.header.plan}",
                    stamp,
                    lambda: _compared(visit, batch, earlier),
                )
            return None
    return None


def _compared(visit: Visit, batch: Batch, earlier: Batch) -> Context:
    plan, before = batch.header.plan, earlier.header.plan
    former = visit.studio.facts(earlier)
    found = change_since(visit.studio.facts(batch), former)
    return {
        "plan": before,
        "href": address_of("/plan", plan=before),
        "new": [_named(visit, plan, one) for one in found.new[:_MOST_NAMED]],
        "gone": [_named(visit, before, one) for one in found.gone[:_MOST_NAMED]],
        "counts": (len(found.new), len(found.gone), len(found.changed)),
        "changed": [
            _named(visit, plan, one)
            | {"before": sums_text(former.rows[one.partner_id].sums), "now": sums_text(one.sums)}
            for one in found.changed[:_MOST_NAMED]
        ],
        "jumped": [
            due_row(visit, plan, one.due) | {"before": grouped_amount(one.before, one.due.currency)}
            for one in found.jumped[:_MOST_NAMED]
        ],
        "texts": list(_texts(visit, batch, earlier)),
    }


def _texts(visit: Visit, batch: Batch, earlier: Batch) -> Iterator[Context]:
    """Yield for each language how subject and text of a mail to read differ; of the same partner, if both have one."""
    facts, former = visit.studio.facts(batch), visit.studio.facts(earlier)
    for language in sorted({row.language for row in facts.rows.values()}):
        mine = [row.partner_id for _, row in facts.samples if row.language == language]
        both = next((one for one in mine if one in former.rows and former.rows[one].language == language), "")
        other = both or next((one for one, row in former.rows.items() if row.language == language), "")
        shown = both or mine[0]
        if other:
            name = partner_name(visit, shown) or facts.rows[shown].name
            yield {
                "language": language_word(language),
                "partner": shown,
                "name": name,
                "href": address_of("/plan/mail", plan=batch.header.plan, partner=shown),
                "same_partner": bool(both),
                "lines": list(page_difference(_words(earlier.message(other)), _words(batch.message(shown)))),
            }


def _words(notice: Notice) -> str:
    """Return the subject and the text part, in which partners read the same words as in the other part."""
    return f"{notice.subject}\n\n{notice.text}"


def sums_text(sums: Mapping[str, int]) -> str:
    """Return what a partner is due in each currency: `2,790.81 EUR; 12.00 USD`."""
    return "; ".join(sum_words(sums)) or "nothing"


def _named(visit: Visit, plan: str, row: PlanRow) -> Context:
    return {
        "id": row.partner_id,
        "name": partner_name(visit, row.partner_id) or row.name,
        "href": address_of("/plan/mail", plan=plan, partner=row.partner_id),
    }


def due_row(visit: Visit, plan: str, due: Due) -> Context:
    """Return what a table shows of a sum that one partner is told."""
    return {
        "partner": due.partner_id,
        "name": partner_name(visit, due.partner_id) or due.name,
        "level": visit.level_word(due.level),
        "currency": due.currency,
        "amount": grouped_amount(due.to_credit, due.currency),
        "href": address_of("/plan/mail", plan=plan, partner=due.partner_id),
    }
