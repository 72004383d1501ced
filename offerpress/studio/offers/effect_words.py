"""What a change of an offer would do, in words and numbers for the screen."""

from collections.abc import Callable, Sequence

from offerpress.reports.texts import day_words, grouped_amount
from offerpress.studio.state.studio import Context, Visit, address_of
from rewards import Effect, Shift

_LARGEST = 10
_MOST_LISTED = 100
_UNITS = {
    "months": "Months added to subscriptions",
    "subscriptions": "Free subscriptions that partners hold or may have",
    "days": "Days that free subscriptions run longer",
    "level": "Secured level",
}


def effect_words(visit: Visit, effect: Effect, title_of: Callable[[str], str]) -> Context:
    """Return the panel of an effect: groups, sums by unit, the ten largest differences of each, and who loses."""
    today = visit.current().figures.rules.as_of
    return {
        "day": day_words(effect.as_of),
        "is_later": effect.as_of > today,
        "affected": effect.affected,
        "gaining": len(effect.gaining),
        "losing": len(effect.losing),
        "otherwise": len(effect.otherwise),
        "overpaid": [_partner(visit, one) for one in effect.overpaid[:_MOST_LISTED]],
        "overpaid_count": len(effect.overpaid),
        "shifts": [_shift(visit, one, title_of(one.offer)) for one in effect.shifts],
        "losers": [_partner(visit, one) for one in effect.losing[:_MOST_LISTED]],
        "gainers": [_partner(visit, one) for one in effect.gaining[:_MOST_LISTED]],
        "most": _MOST_LISTED,
        "faults": [f"{one.what}; {one.remedy}" for one in effect.faults[:_LARGEST]],
        "fault_count": len(effect.faults),
    }


def _shift(visit: Visit, shift: Shift, title: str) -> Context:
    is_level = shift.unit == "level"
    levels = _levels(visit)

    def text(number: int) -> str:
        if is_level:
            return visit.level_word(levels[number]) if number < len(levels) else str(number)
        return grouped_amount(number, shift.unit) if shift.unit.isupper() else f"{number:,}"

    def difference(number: int) -> str:
        if is_level:
            return "higher" if number > 0 else "lower"
        sign = "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else ""
        return f"{sign}{text(abs(number))}"

    return {
        "offer": title,
        "unit": _UNITS.get(shift.unit, shift.unit),
        "before": text(shift.before) if not is_level else "",
        "after": text(shift.after) if not is_level else "",
        "difference": difference(shift.after - shift.before) if not is_level else "",
        "up": sum(one.difference > 0 for one in shift.jumps),
        "down": sum(one.difference < 0 for one in shift.jumps),
        "jumps": [
            {
                **_partner(visit, one.partner_id),
                "before": text(one.before),
                "after": text(one.after),
                "difference": difference(one.difference),
            }
            for one in shift.jumps[:_LARGEST]
        ],
    }


def _levels(visit: Visit) -> Sequence[str]:
    return visit.current().figures.content.policy.program.every_level_id


def _partner(visit: Visit, partner_id: str) -> Context:
    account, _ = visit.current().people[partner_id]
    return {"id": partner_id, "name": account.partner.name, "href": address_of("/partner", id=partner_id)}
