"""The screens about what would be said now: a campaign's mails before it is planned, and a partner's statement page."""

import re
from collections.abc import Mapping, Sequence

from generator import statement_frame_headers
from generator.headers import headers_of
from offerpress.preview.answers import HTML, Answer, MailView, framed, framed_mail, turned, with_colours
from offerpress.preview.contents import StaffFigures
from offerpress.reports.texts import country_word, language_word, sum_words
from offerpress.site.people import Role
from offerpress.studio.plans.skipped import SKIPPED
from offerpress.studio.state.frames import FindAnswer
from offerpress.studio.state.studio import Context, NoPartner, NotThere, Visit, address_of, view_choices
from rewards import Account, Statement, totals

MOST_DRAFTS = 200
_INTEGRITY = re.compile(rb' integrity="[^"]*"')
_VIEWERS: Sequence[Role] = ("support", "finance", "operator", "approver", "writer")


def campaign_page(visit: Visit) -> Context:
    """Show who would get a campaign now, and who would not, with the reason."""
    visit.need(*_VIEWERS)
    seen, staff, slug = _seen(visit), visit.drafts(), visit.query.get("campaign", "")
    reasons = _reasons(visit, staff, slug)
    recipients = [one for one, reason in reasons.items() if reason is None]
    skipped = [(one, reason) for one, reason in reasons.items() if reason is not None]
    return {
        "seen": seen,
        "slug": slug,
        "subject": draft_subject(staff, slug),
        "rows": [{**_row(visit, staff, one), "href": _mail(slug, one)} for one in recipients[:MOST_DRAFTS]],
        "count": len(recipients),
        "more": max(0, len(recipients) - MOST_DRAFTS),
        "skipped": [
            {**_row(visit, staff, one), "why": _why(reason)} for one, reason in skipped[:MOST_DRAFTS]
        ],
        "skipped_count": len(skipped),
        "skipped_more": max(0, len(skipped) - MOST_DRAFTS),
    }


def draft_mail_page(visit: Visit) -> Context:
    """Show the mail that a partner would get now, in the ways a reader may see it."""
    visit.need(*_VIEWERS)
    seen, staff = _seen(visit), visit.drafts()
    slug, partner = visit.query.get("campaign", ""), visit.query.get("partner", "")
    reasons = _reasons(visit, staff, slug)
    if partner not in reasons:
        raise NoPartner
    shown: Context = {
        "seen": seen,
        "slug": slug,
        "why": "",
        "row": _row(visit, staff, partner),
        "campaign_href": address_of("/campaign", campaign=slug),
    }
    visit.record("looked at a mail", f"{slug} (not planned)", partner)
    if reasons[partner] is not None:
        return shown | {"why": _why(reasons[partner] or "")}
    view = framed(visit.query)
    everybody = [one for one, reason in reasons.items() if reason is None]
    place = everybody.index(partner)
    notice = staff.mail(slug, partner)
    return shown | {
        "view": view,
        "choices": view_choices(view, "/campaign/mail", campaign=slug, partner=partner),
        "frame": visit.mail_frame(framed_mail(notice, staff.wire(notice), view)),
        **turned(everybody, place, lambda other: _mail(slug, other, view)),
    }


def statement_page_now(visit: Visit) -> Context:
    """Show the statement as the partner would read it now, opened by the partner's own link."""
    visit.need(*_VIEWERS)
    seen, staff, partner = _seen(visit), visit.drafts(), visit.query.get("partner", "")
    if partner not in staff.people:
        raise NoPartner
    view = framed(visit.query)
    base = staff.pages.site.settings.site.base_url.rstrip("/") + "/"
    inner = staff.statement_address(partner).removeprefix(base)
    files = staff.statement_files(partner)
    visit.record("looked at a partner", partner=partner)
    frame = visit.frames_below(lambda _: _statement_answers(visit, files, dark=view.dark)) if files else ""
    return {
        "seen": seen,
        "row": _row(visit, staff, partner),
        "view": view,
        "frame": f"{frame}{inner}" if files else "",
        "choices": view_choices(view, "/partner/statement", partner=partner)[1:],
    }


def _seen(visit: Visit) -> int:
    """Return the number of the state before anything of it is shown, so that no later change is missed."""
    return visit.studio.preview.opened().number


def drafts_state(visit: Visit) -> Context:
    """Return what grows with each change of words or figures, for the script that then reloads a screen of drafts."""
    return {"number": visit.studio.preview.state.number}


def _statement_answers(visit: Visit, files: Mapping[str, bytes], *, dark: bool) -> FindAnswer:
    headers = statement_frame_headers(visit.studio.origin)

    def answer(path: str) -> Answer | None:
        name = f"{path}index.html" if path.endswith("/") else path
        if name not in files:
            return None
        body, media_type = files[name], headers_of(name).content_type
        if name.endswith(".html"):
            # The style sheet that is sent has other bytes than the one that the page vouches for.
            return Answer(_INTEGRITY.sub(b"", body), HTML, 200, headers)
        if name.endswith(".css"):
            body = with_colours(body.decode(), dark=dark).encode()
        return Answer(body, media_type, 200, headers)

    return answer


def drafts_for(visit: Visit, partner: str) -> list[Context]:
    """Return each campaign with the address of the mail that the partner would get now, or why there would be none."""
    staff = visit.drafts()
    found: list[Context] = []
    for slug in staff.pages.content.campaigns:
        reason = staff.reason(slug, partner)
        found.append(
            {"slug": slug, "subject": draft_subject(staff, slug), "href": _mail(slug, partner),
             "why": _why(reason) if reason else ""}
        )  # fmt: skip
    return found


def draft_subject(staff: StaffFigures, slug: str) -> str:
    """Return the subject in the site's default language, with its template tags."""
    texts = staff.pages.content.campaigns[slug].texts
    return texts[staff.pages.site.settings.site.default_language].subject


def _reasons(visit: Visit, staff: StaffFigures, slug: str) -> Mapping[str, str | None]:
    """Return by partner why the campaign would not be sent; None for who would get it."""
    if slug not in staff.pages.content.campaigns:
        raise NotThere("There is no campaign of this name. Look at the list of campaigns.")
    return visit.studio.remembered(
        f"reasons {slug}", staff, lambda: {one: staff.reason(slug, one) for one in staff.people}
    )


def _why(reason: str) -> str:
    return SKIPPED.get(reason, (reason, ""))[0]


def _mail(slug: str, partner: str, view: MailView = MailView()) -> str:  # noqa: B008 - it is frozen
    return address_of("/campaign/mail", campaign=slug, partner=partner, **view.query)


def _row(visit: Visit, staff: StaffFigures, partner_id: str) -> Context:
    return partner_row(visit, *staff.people[partner_id])


def partner_row(visit: Visit, account: Account, statement: Statement) -> Context:
    """Return what a list of partners shows of one."""
    partner = account.partner
    return {
        "id": partner.partner_id,
        "name": partner.name,
        "email": partner.email,
        "level": visit.level_word(statement.level),
        "language": language_word(partner.language) if partner.language else "",
        "sums": "; ".join(sum_words(totals(statement))),
        "country": country_word(partner.country),
        "href": address_of("/partner", id=partner.partner_id),
    }
