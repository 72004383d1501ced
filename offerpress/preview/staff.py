"""The pages for staff: who there is, what each partner reads, and every mail of every campaign."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from generator import FRAMED_MAIL_HEADERS, STAFF_HEADERS, environment
from offerpress.preview.contents import Office
from offerpress.preview.injecting import HTML, Answer, with_script
from offerpress.preview.letters import framed, letter
from offerpress.preview.state import Look
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
Context = dict[str, object]


def staff_answer(look: Look, path: str, query: Query) -> Answer:
    """The page of that path below `/_staff/`; what is not there is said with 404."""
    office = look.office
    if office is None:
        return _page(
            "missing.html", look, {"what": "There are no figures yet: see what stands in their way."}, 503
        )
    try:
        if path == "message":
            return _message(office, query)
        make = _PAGES.get(path)
        return _page(f"{path or 'partners'}.html", look, make(office, query)) if make else _not_there(look)
    except KeyError:
        return _not_there(look)
    except Faulty as faulty:
        sentences = "\n".join(str(fault) for fault in faulty.faults)
        return _page("missing.html", look, {"what": f"This mail cannot be made: {sentences}"}, 500)


def _not_there(look: Look) -> Answer:
    return _page("missing.html", look, {"what": "There is no such partner, campaign or page."}, 404)


def _page(template: str, look: Look, context: Context, status: int = 200) -> Answer:
    # Only our own folder: what staff rely on when they judge a site must not come from that site.
    built = environment([starter_folder() / "templates"], "en", kind="html")
    title = look.pages.site.settings.site.title if look.pages else "Preview"
    html = built.get_template(f"preview/{template}").render(site_title=title, **context).encode()
    return Answer(with_script(html, look.turn, follows="turn"), HTML, status, STAFF_HEADERS)


def _partners(office: Office, query: Query) -> Context:
    wanted = query.get("find", "").strip().casefold()
    found = [
        (account, statement)
        for account, statement in office.people.values()
        if wanted
        in f"{account.partner.partner_id}\n{account.partner.name}\n{account.partner.email}".casefold()
    ]
    return {
        "find": query.get("find", ""),
        "partners": [_row(account, statement) for account, statement in found[:MOST_SHOWN]],
        "more": max(0, len(found) - MOST_SHOWN),
        "as_of": day_text(office.figures.rules.as_of),
        "campaigns": [
            {"slug": slug, "subject": _subject(office, slug), "href": address("campaign", campaign=slug)}
            for slug in office.pages.content.campaigns
        ],
    }


def _row(account: Account, statement: Statement) -> Context:
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


def _subject(office: Office, campaign: str) -> str:
    """The subject as it is written, in the site's default language."""
    texts = office.pages.content.campaigns[campaign].texts
    return texts[office.pages.site.settings.site.default_language].subject


def _partner(office: Office, query: Query) -> Context:
    account, statement = office.people[query.get("id", "")]
    partner_id = account.partner.partner_id
    mails = []
    for slug in office.pages.content.campaigns:
        reason = office.reason(slug, partner_id)
        mails.append(
            {
                "slug": slug,
                "subject": _subject(office, slug),
                "reason": REASONS.get(reason, reason) if reason else "",
                "href": address("mail", campaign=slug, partner=partner_id),
            }
        )
    return {
        "partner": _row(account, statement),
        "email": account.partner.email,
        "statement": office.statement_address(partner_id),
        "mails": mails,
    }


def _campaign(office: Office, query: Query) -> Context:
    slug = query.get("campaign", "")
    reasons = {partner_id: office.reason(slug, partner_id) for partner_id in office.people}
    recipients = [partner_id for partner_id, reason in reasons.items() if reason is None]
    rows = [
        {**_row(*office.people[one]), "href": address("mail", campaign=slug, partner=one)}
        for one in recipients[:MOST_SHOWN]
    ]
    skipped = [
        {**_row(*office.people[one]), "reason": REASONS.get(reason, reason)}
        for one, reason in reasons.items()
        if reason is not None
    ]
    return {
        "slug": slug,
        "subject": _subject(office, slug),
        "partners": rows,
        "count": len(recipients),
        "more": max(0, len(recipients) - MOST_SHOWN),
        "skipped": skipped[:MOST_SHOWN],
        "skipped_count": len(skipped),
    }


def _mail(office: Office, query: Query) -> Context:
    slug, partner_id = query.get("campaign", ""), query.get("partner", "")
    account, statement = office.people[partner_id]
    reason = office.reason(slug, partner_id)
    shown: Context = {
        "slug": slug,
        "partner": _row(account, statement),
        "partner_href": address("partner", id=partner_id),
        "campaign": address("campaign", campaign=slug),
    }
    if reason:
        return shown | {"reason": REASONS.get(reason, reason)}
    view = framed(query)
    everybody = list(office.recipients(slug))
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


def _message(office: Office, query: Query) -> Answer:
    """What stands in the frame of a mail's page: written for one partner, so under a policy that runs nothing."""
    slug, partner_id = query.get("campaign", ""), query.get("partner", "")
    if office.reason(slug, partner_id):
        raise KeyError(partner_id)
    notice = office.mail(slug, partner_id)
    body, media_type = letter(notice, office.wire(notice), framed(query))
    return Answer(body, media_type, 200, FRAMED_MAIL_HEADERS)


def address(page: str, **query: str) -> str:
    """The address of a staff page; ids and slugs travel in the query, where any character may stand."""
    return f"{STAFF}{page}?{urlencode(query)}"


_PAGES: Mapping[str, Callable[[Office, Query], Context]] = {
    "": _partners,
    "partner": _partner,
    "campaign": _campaign,
    "mail": _mail,
}
