"""The screen Settings: name, languages and place of the site, and how its mails leave."""

from collections.abc import Mapping
from typing import Any

from generator import SiteSettings
from mailer import MailSettings
from offerpress.reports.texts import language_word
from offerpress.setup.new_site import LANGUAGES
from offerpress.setup.settings_edit import write_settings
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from offerpress.studio.state.studio import Context, Done, NotDone, Visit
from rewards import Faulty

CHANGED = "changed the settings"
_TRANSPORTS = {
    "folder": "into a folder only, for a try",
    "smtp": "through a mail server",
    "sendgrid": "through SendGrid",
}
_FIELDS = {
    "title": ("site", "title"),
    "address": ("site", "base_url"),
    "place": ("publish", "to"),
    "sender": ("mail", "from"),
    "answers": ("mail", "reply_to"),
    "transport": ("mail", "transport"),
}
"""Section and key of each field with one text."""
_WORDS = {
    ("site", "title"): "name",
    ("site", "languages"): "languages",
    ("site", "base_url"): "address",
    ("publish", "to"): "place of the published site",
    ("mail", "from"): "sender",
    ("mail", "reply_to"): "address for answers",
    ("mail", "transport"): "way of the mails",
    ("mail", "approvals"): "passkeys for approvals",
}


def settings_page(visit: Visit) -> Context:
    """Show the settings that staff decide, with what was given before if it was refused."""
    given, why = visit.studio.kept.get(_kept(visit), (None, (None, "")))[1]
    values = {**values_of(visit.site), **(given or {})}
    site = visit.site.settings.site
    return {
        "values": values,
        "why": why,
        "default": language_word(site.default_language),
        "languages": [
            (one, language_word(one), values.get(f"language.{one}") == "on") for one in _choices(site)
        ],
        "transports": _TRANSPORTS.items(),
        "is_signed": visit.site.settings.mail.approvals == "signed",
        "may": visit.person.may("operator"),
        "may_place": not visit.studio.settings.origin,
        "saved": visit.query.get("saved", ""),
    }


def _kept(visit: Visit) -> str:
    return f"settings {visit.person.person}"


def _choices(site: SiteSettings) -> list[str]:
    return [one for one in dict.fromkeys([*site.languages, *LANGUAGES]) if one != site.default_language]


def values_of(site: Site) -> dict[str, str]:
    """Return what the fields of the form show."""
    settings = site.settings
    mail: MailSettings = settings.mail
    return {
        "title": settings.site.title,
        "address": settings.site.base_url,
        "place": settings.publish.to or "",
        "sender": f"{mail.sender.name} <{mail.sender.address}>" if mail.sender.name else mail.sender.address,
        "answers": mail.reply_to or "",
        "transport": mail.transport,
        "signed": "on" if mail.approvals == "signed" else "",
        **{f"language.{one}": "on" for one in settings.site.languages},
    }


def save_settings(visit: Visit) -> Done:
    """Write what was changed, and nothing else; what is refused stands on the page beside what was given."""
    visit.need("operator")
    form = {name: text.strip() for name, text in visit.query.items() if name != "form_token"}
    with visit.studio.change:
        changes = _changes(visit, form)
        try:
            if changes:
                write_settings(visit.site.folder, changes)
        except Faulty as error:
            why = "\n".join(f"{one.what}; {one.remedy}" for one in error.faults)
        except OfferpressError as error:
            why = str(error)
        else:
            visit.studio.kept.pop(_kept(visit), None)
            names = [_WORDS[section, key] for section, values in changes.items() for key in values]
            if names:
                visit.record(CHANGED, note=", ".join(names))
            return Done("/settings?saved=1")
        visit.studio.kept[_kept(visit)] = None, (form, why)
    return Done("/settings")


def _changes(visit: Visit, form: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the sections and keys that the form changes. Where signed approvals are the rule, they stay it."""
    before = values_of(visit.site)
    site = visit.site.settings.site
    changed = {name: text for name in _FIELDS if (text := form.get(name, before[name])) != before[name]}
    if "place" in changed and visit.studio.settings.origin:
        raise NotDone("Other machines reach this studio, so the place is set where it was started.")
    found: dict[str, dict[str, Any]] = {}
    for name, text in changed.items():
        section, key = _FIELDS[name]
        found.setdefault(section, {})[key] = text or None
    wanted = [one for one in _choices(site) if form.get(f"language.{one}") == "on"]
    if set(wanted) != set(site.languages[1:]):
        kept = [one for one in site.languages if one in wanted]
        found.setdefault("site", {})["languages"] = [
            site.default_language,
            *dict.fromkeys([*kept, *wanted]),
        ]
    if form.get("signed") == "on" and visit.site.settings.mail.approvals != "signed":
        found.setdefault("mail", {})["approvals"] = "signed"
    return found
