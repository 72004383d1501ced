"""The true preview of a text that is not saved: the page, the feed entry, the share card, or a partner's mail."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape
from itertools import islice

from generator import (
    Content,
    SinglePage,
    draw_card,
    read_content,
    read_sound_content,
    single_page,
    with_unpublished,
)
from generator.headers import headers_of
from generator.languages import reader_language
from offerpress.preview.answers import HTML, PLAIN, Answer, framed, framed_mail, with_colours
from offerpress.preview.contents import PublicPages, StaffFigures
from offerpress.reports.texts import day_words
from offerpress.site.site import Site
from offerpress.studio.state.frames import FindAnswer
from offerpress.studio.state.studio import NotDone, Visit
from offerpress.studio.writing.typed_texts import EditedText, edited_text, options_of
from offerpress.writing.fields import changed_keys
from offerpress.writing.paths import WritingRefused
from offerpress.writing.texts import OpenFile
from offerpress.writing.yaml_edits import REMOVED
from rewards import Faulty

_HEADING = re.compile(rb"<h[2-6]\b[^>]*\bid=\"([^\"]+)\"")
_DIRECTION = re.compile(rb"<html\b([^>]*?)(?:\sdir=\"[a-z]+\")?(?=[\s>])")
_STAYS = "The preview shows the last state that could be shown."


def preview_typed(visit: Visit) -> dict[str, object]:
    """Return the frame that shows what was typed into the editor, and the ids of its headings."""
    text = edited_text(visit)
    return preview(text, text.typed(options_of(visit)))


def preview(text: EditedText, content: bytes) -> dict[str, object]:
    """Return the address of a frame with what the text will look like, and the ids of its headings.

    Raises `NotDone` with a sentence where it cannot be shown; the page then keeps the last preview.
    """
    try:
        with_text, as_of = _content(text, content)
        if text.path.room == "campaigns":
            return _mail(text, with_text, as_of)
        return _page(text, with_text, as_of)
    except Faulty as faulty:
        raise NotDone(f"{_STAYS} {faulty.faults[0].what[:1].upper()}{faulty.faults[0].what[1:]}.") from faulty
    except KeyError as error:
        raise NotDone(f"{_STAYS} Correct what is marked first.") from error


def _content(text: EditedText, content: bytes) -> tuple[Content, int]:
    """Return the content of the site with this text in it, as far as it has no faults, and the day."""
    site, settings = text.visit.site, text.visit.site.settings.site
    unsaved = {text.path.name: OpenFile(text.path, _shown(text, content), "").text}
    found = read_content(site.folder, settings, [], unsaved) or read_sound_content(
        site.folder, settings, unsaved
    )
    if found is None:
        raise NotDone(f"{_STAYS} Correct what is marked first. Another offer may have a mistake, too.")
    return found, site.day(found.policy.program.timezone)


def _shown(text: EditedText, content: bytes) -> bytes:
    """Return a translation without its mark as a draft, by which not even a preview would show it."""
    if not text.is_translation:
        return content
    try:
        return changed_keys(content, text.path.name, {"draft": REMOVED})
    except WritingRefused:
        return content


# Pages.


def _page(text: EditedText, content: Content, as_of: int) -> dict[str, object]:
    visit, site = text.visit, text.visit.site
    shown, _ = with_unpublished(content, site.settings.site, as_of)
    query, made = visit.query, list[SinglePage]()

    def find(address: str) -> FindAnswer:
        settings = site.settings.site.model_copy(update={"base_url": address.rstrip("/")})
        page = single_page(
            shown, settings, site.template_folders, as_of, text.language, (text.path.room, text.slug)
        )
        made.append(page)
        return _Shown(page, query).answer

    address = visit.frames_below(find)
    page = made[0]
    view = query.get("view", "page")
    place = address if view in {"feed", "card"} else address + page.path.removesuffix("index.html")
    return {"frame": place, "headings": [one.decode() for one in _HEADING.findall(page.html)]}


class _Shown:
    """The files of one preview by their path below its address."""

    def __init__(self, page: SinglePage, query: Mapping[str, str]) -> None:
        self._page, self._dark, self._backward = page, "dark" in query, "backward" in query
        self._view = query.get("view", "page")

    def answer(self, path: str) -> Answer | None:
        """Return a file; None for an unknown path."""
        page = self._page
        if not path and self._view in {"feed", "card"}:
            return self._tinted(_feed(page) if self._view == "feed" else _card(page), HTML)
        if f"{path}index.html" == page.path:
            html = page.html
            if self._backward:
                html = _DIRECTION.sub(rb'<html\1 dir="rtl"', html, count=1)
            return self._tinted(html, HTML)
        if path == "card.png" and page.card:
            return Answer(draw_card(page.card), "image/png")
        if path in page.assets:
            return self._tinted(page.assets[path], headers_of(path).content_type)
        if path in page.static:
            return Answer(page.static[path].read_bytes(), headers_of(path).content_type)
        return Answer(page.pictures[path], headers_of(path).content_type) if path in page.pictures else None

    def _tinted(self, body: bytes, media_type: str) -> Answer:
        """Return a document or style sheet as it looks in light or dark colours, whatever the device prefers."""
        if media_type.startswith(("text/html", "text/css")):
            body = with_colours(body.decode(), dark=self._dark).encode()
        return Answer(body, media_type)


def _document(title: str, body: str) -> bytes:
    return PLAIN.format(title=title, scheme="light dark", body=body).encode()


def _feed(page: SinglePage) -> bytes:
    """Return the entry as feeds hold it: title, sentence, and the text with whole addresses."""
    entry = page.entry
    if entry is None:
        return _document("Feed entry", "<p>Only announcements are in feeds.</p>")
    head = f"<h1>{escape(entry.title)}</h1><p>{escape(entry.summary)}</p>"
    by = f" · {escape(entry.author)}" if entry.author else ""
    day = day_words(entry.published.date().toordinal())
    return _document("Feed entry", f"{head}<p>{day}{by}</p><hr><div>{entry.html}</div>")


def _card(page: SinglePage) -> bytes:
    picture = page.photo or ("card.png" if page.card else "")
    if not picture:
        return _document("Share card", "<p>This site has no cards.</p>")
    return _document("Share card", f'<p><img src="{escape(picture)}" alt="" width="600"></p>')


# Mails.


def _mail(text: EditedText, content: Content, as_of: int) -> dict[str, object]:
    visit, query = text.visit, text.visit.query
    current = visit.current()
    staff = StaffFigures(_words(visit.site, content, as_of), current.figures, current.people)
    if text.slug not in content.campaigns:
        raise NotDone(f"{_STAYS} Correct what is marked first.")
    wanted = query.get("partner", "").strip()
    readers = _readers(staff, text, content)
    partner = wanted if wanted in current.people else next(readers, "")
    if not partner:
        raise NotDone("Nobody gets this mail: look at “Who gets it”.")
    notice = staff.mail(text.slug, partner)
    view = replace(framed(query), form=query.get("form", "html"))
    body = framed_mail(notice, staff.wire(notice), view)
    if "backward" in query:
        body = _DIRECTION.sub(rb'<html\1 dir="rtl"', body, count=1)
    reason = staff.reason(text.slug, partner)
    name = current.people[partner][0].partner.name
    return {
        "frame": visit.mail_frame(body),
        "headings": [],
        "partner": partner,
        "said": f"To {name}: {notice.subject}" + (" (this partner does not get it)" if reason else ""),
        "readers": [(one, current.people[one][0].partner.name) for one in islice(readers, _MOST_READERS)],
    }


_MOST_READERS = 30


def _readers(staff: StaffFigures, text: EditedText, content: Content) -> Iterator[str]:
    """Yield who gets the mail in the language of the text, then everybody else who gets it."""
    campaign = content.campaigns[text.slug]
    settings = text.visit.site.settings.site
    later = list[str]()
    for partner_id, (account, _) in staff.people.items():
        if staff.reason(text.slug, partner_id) is not None:
            continue
        language = reader_language(account.partner.language, settings)
        read = language if language in campaign.texts else settings.default_language
        if read == text.language:
            yield partner_id
        elif len(later) < _MOST_READERS:
            later.append(partner_id)
    yield from later


def _words(site: Site, content: Content, as_of: int) -> PublicPages:
    """Return what mails need of the pages: the site and its words."""
    return PublicPages(site, content, as_of, {}, {}, {}, {}, {}, ())
