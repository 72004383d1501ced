"""Content as a preview shows it: with what the public does not see on the day, and what there is to say about that."""

from collections.abc import Mapping
from dataclasses import replace

from generator.addresses import language_folder
from generator.content import Content, OfferPage
from generator.pages import Page
from generator.settings import SiteSettings
from rewards import day_text


def with_unpublished(content: Content, settings: SiteSettings, as_of: int) -> tuple[Content, dict[str, str]]:
    """The content with everything visible on `as_of`, and a sentence for each path that is not simply published.

    Paths are below the site's root, in every language. A translation that is a draft is in no content, so not here.
    """
    rooms = (content.announcements, content.pages, content.offers)
    marks = {
        f"{language_folder(language, settings)}{page.path}": mark
        for room in rooms
        for page in room.values()
        for language in settings.languages
        if (mark := _mark(page, as_of))
    }
    shown = replace(
        content,
        announcements=_visible(content.announcements, as_of),
        pages=_visible(content.pages, as_of),
        offers={slug: _announced(page, as_of) for slug, page in content.offers.items()},
    )
    return shown, marks


def _mark(page: Page | OfferPage, as_of: int) -> str:
    """What keeps the page from the public, or will; empty where nothing does."""
    if isinstance(page, OfferPage):
        day = page.offer.announced_on
        return f"Announced on {day_text(day)}" if day > as_of else ""
    if page.draft:
        return "Draft"
    if page.visible_from > as_of:
        return f"Published from {day_text(page.visible_from)}"
    if page.visible_until is None:
        return ""
    until = day_text(page.visible_until)
    return f"Expired on {until}" if page.visible_until <= as_of else f"Expires on {until}"


def _visible(room: Mapping[str, Page], as_of: int) -> dict[str, Page]:
    return {
        slug: page
        if page.visible(as_of)
        else replace(page, draft=False, visible_from=min(page.visible_from, as_of), visible_until=None)
        for slug, page in room.items()
    }


def _announced(page: OfferPage, as_of: int) -> OfferPage:
    """The page of an offer, with the terms of its announcement where that is still to come."""
    offer = page.offer
    if offer.announced_on <= as_of:
        return page
    first, *later = offer.versions
    versions = (replace(first, effective_on=min(first.effective_on, as_of)), *later)
    return replace(page, offer=replace(offer, announced_on=as_of, versions=versions))
