"""The pages for staff: all partners, each partner's statement, and every mail of every campaign."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from generator import FRAMED_MAIL_HEADERS, STAFF_HEADERS, environment
from offerpress.preview.answers import HTML, Answer, framed, framed_mail, with_script
from offerpress.preview.contents import StaffFigures
from offerpress.preview.state import PreviewState
from offerpress.site.folder import starter_folder
from rewards import Account, Faulty, Statement, day_text, format_amount, totals

STAFF = "/_staff/"
MOST_SHOWN = 200
REASONS = {
    "audience": "not in the audience",
    "nothing_to_say": "nothing to say: the statement has no entry",
    "bad_address": "the address cannot be used",
    "negative": "an amount is negative, so somebody writes in person",
}
Query = Mapping[str, str]
_Context = dict[str, object]


def staff_answer(state: PreviewState, path: str, query: Query) -> Answer:
    """Return the page at that path below `/_staff/`, or a page with status 404."""
    staff = state.staff
    if staff is None:
        return _page(
            "missing.html", state, {"what": "There are no figures yet: see what stands in their way."}, 503
        )
    try:
        if path == "message":
            return _message(staff, query)
        make = _PAGES.get(path)
        return _page(f"{path or 'partners'}.html", state, make(staff, query)) if make else _not_there(state)
    except KeyError:
        return _not_there(state)
    except Faulty as faulty:
        sentences = "\n".join(str(fault) for fault in faulty.faults)
        return _page("missing.html", state, {"what": f"This mail cannot be made: {sentences}"}, 500)


def _not_there(state: PreviewState) -> Answer:
    return _page("missing.html", state, {"what": "There is no such partner, campaign or page."}, 404)


def _page(template: str, state: PreviewState, context: _Context, status: int = 200) -> Answer:
    # Only our own templates: a site must not change the pages by which staff judge it.
    built = environment([starter_folder() / "templates"], "en", kind="html")
    title = state.pages.site.settings.site.title if state.pages else "Preview"
    html = built.get_template(f"preview/{template}").render(site_title=title, **context).encode()
    return Answer(with_script(html, state.turn, follows="turn"), HTML, status, STAFF_HEADERS)


def _partners(staff: StaffFigures, query: Query) -> _Context:
    wanted = query.get("find", "").strip().casefold()
    found = [
        (account, statement)
        for account, statement in staff.people.values()
        if wanted
        in f"{account.partner.partner_id}\n{account.partner.name}\n{account.partner.email}".casefold()
    ]
    return {
        "find": query.get("find", ""),
        "partners": [_row(account, statement) for account, statement in found[:MOST_SHOWN]],
        "more": max(0, len(found) - MOST_SHOWN),
        "as_of": day_text(staff.figures.rules.as_of),
        "campaigns": [
            {"slug": slug, "subject": _subject(staff, slug), "href": address("campaign", campaign=slug)}
            for slug in staff.pages.content.campaigns
        ],
    }


def _row(account: Account, statement: Statement) -> _Context:
    partner = account.partner
    sums = [f"{format_amount(amount, currency)} {currency}" for currency, amount in totals(statement).items()]
    return {
        "id": partner.partner_id,
        "name": partner.name,
        "level": statement.level,
        "language": partner.language,
        "country": partner.country,
        "sums": sums,
        "href": address("partner", id=partner.partner_id),
    }


def _subject(staff: StaffFigures, campaign: str) -> str:
    """Return the subject in the site's default language, with its template tags."""
    texts = staff.pages.content.campaigns[campaign].texts
    return texts[staff.pages.site.settings.site.default_language].subject


def _partner(staff: StaffFigures, query: Query) -> _Context:
    account, statement = staff.people[query.get("id", "")]
    partner_id = account.partner.partner_id
    mails = []
    for slug in staff.pages.content.campaigns:
        reason = staff.reason(slug, partner_id)
        mails.append(
            {
                "slug": slug,
                "subject": _subject(staff, slug),
                "reason": REASONS.get(reason, reason) if reason else "",
                "href": address("mail", campaign=slug, partner=partner_id),
            }
        )
    return {
        "partner": _row(account, statement),
        "email": account.partner.email,
        "statement": staff.statement_address(partner_id),
        "mails": mails,
    }


def _campaign(staff: StaffFigures, query: Query) -> _Context:
    slug = query.get("campaign", "")
    reasons = {partner_id: staff.reason(slug, partner_id) for partner_id in staff.people}
    recipients = [partner_id for partner_id, reason in reasons.items() if reason is None]
    rows = [
        {**_row(*staff.people[one]), "href": address("mail", campaign=slug, partner=one)}
        for one in recipients[:MOST_SHOWN]
    ]
    skipped = [
        {**_row(*staff.people[one]), "reason": REASONS.get(reason, reason)}
        for one, reason in reasons.items()
        if reason is not None
    ]
    return {
        "slug": slug,
        "subject": _subject(staff, slug),
        "partners": rows,
        "count": len(recipients),
        "more": max(0, len(recipients) - MOST_SHOWN),
        "skipped": skipped[:MOST_SHOWN],
        "skipped_count": len(skipped),
    }


def _mail(staff: StaffFigures, query: Query) -> _Context:
    slug, partner_id = query.get("campaign", ""), query.get("partner", "")
    account, statement = staff.people[partner_id]
    reason = staff.reason(slug, partner_id)
    shown: _Context = {
        "slug": slug,
        "partner": _row(account, statement),
        "partner_href": address("partner", id=partner_id),
        "campaign": address("campaign", campaign=slug),
    }
    if reason:
        return shown | {"reason": REASONS.get(reason, reason)}
    view = framed(query)
    everybody = list(staff.recipients(slug))
    place = everybody.index(partner_id)

    def at(step: int) -> str:
        other = place + step
        inside = 0 <= other < len(everybody)
        return (
            address("mail", **view.query | {"campaign": slug, "partner": everybody[other]}) if inside else ""
        )

    here = {"campaign": slug, "partner": partner_id}
    return shown | {
        "reason": "",
        "view": view,
        "choices": [
            [(name, address("mail", **here | changed), current) for name, changed, current in group]
            for group in view.choices()
        ],
        "frame": address("message", **here | view.query),
        "number": place + 1,
        "count": len(everybody),
        "before": at(-1),
        "after": at(1),
    }


def _message(staff: StaffFigures, query: Query) -> Answer:
    """Return the content of the frame on a mail's page, under a policy that forbids scripts."""
    slug, partner_id = query.get("campaign", ""), query.get("partner", "")
    if staff.reason(slug, partner_id):
        raise KeyError(partner_id)
    notice = staff.mail(slug, partner_id)
    body, media_type = framed_mail(notice, staff.wire(notice), framed(query))
    return Answer(body, media_type, 200, FRAMED_MAIL_HEADERS)


def address(page: str, **query: str) -> str:
    """Return the address of a staff page. Ids and slugs stand in the query, where any character is allowed."""
    return f"{STAFF}{page}?{urlencode(query)}"


_PAGES: Mapping[str, Callable[[StaffFigures, Query], _Context]] = {
    "": _partners,
    "partner": _partner,
    "campaign": _campaign,
    "mail": _mail,
}
