"""The form that begins a site in an empty folder."""

import secrets
from collections.abc import Mapping
from zoneinfo import available_timezones

from offerpress.reports.texts import language_word
from offerpress.setup.new_site import LANGUAGES, WantedSite, begin_site, parse_level
from offerpress.site.folder import OfferpressError
from offerpress.studio.state.studio import Context, Done, NotDone, Visit
from rewards import MINOR_UNITS

BEGAN = "began the site"
_MOST_LEVELS = 6
_DEFAULTS: Mapping[str, str] = {
    "language": "en",
    "currency": "EUR",
    "timezone": "UTC",
    "address": "https://partners.example",
    "colour": "#0b5fa5",
}
_FIELDS = ("title", "sender", "language", "currency", "timezone", "address", "colour", "logo")


def start_page(visit: Visit) -> Context:
    """Show the form, with what was given before if it was refused."""
    _, (given, why) = visit.studio.kept.get("start", (None, ({}, "")))
    return {
        "why": why,
        "given": {name: given.get(name, _DEFAULTS.get(name, "")) for name in _FIELDS},
        "levels": [(given.get(f"level.{n}", ""), given.get(f"quota.{n}", "")) for n in range(_MOST_LEVELS)],
        "languages": [(one, language_word(one)) for one in LANGUAGES],
        "currencies": sorted(MINOR_UNITS),
        "zones": sorted(available_timezones()),
    }


def begin_here(visit: Visit) -> Done:
    """Begin the site. What is refused is shown with the form, which keeps what was given."""
    visit.need("operator")
    form = visit.query
    with visit.studio.change:
        if visit.site.is_begun:
            raise NotDone("There is a site here already: open “Today”.")
        try:
            named = [
                (form.get(f"level.{n}", "").strip(), form.get(f"quota.{n}", "")) for n in range(_MOST_LEVELS)
            ]
            wanted = WantedSite(
                **{name: form.get(name, "").strip() for name in _FIELDS},
                levels=tuple(
                    parse_level(f"{name}={quota}") for name, quota in named if name or quota.strip()
                ),
            )
            begin_site(visit.site.folder, wanted, secrets.token_bytes, visit.now.date())
        except OfferpressError as error:
            visit.studio.kept["start"] = None, (dict(form), str(error).replace("no new site: ", ""))
            return Done("/start")
        visit.studio.kept.pop("start", None)
        visit.record(BEGAN)
    return Done("/")
