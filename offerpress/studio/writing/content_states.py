"""Where a text stands: a draft, to come, live or ended, and a campaign as far as it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from generator import Content
from generator.content.content import OfferPage
from generator.content.pages import Page
from mailer import Outbox
from offerpress.plans.status import plan_state
from offerpress.reports.texts import day_words
from offerpress.studio.state.studio import Visit

STATE_GROUPS: Mapping[str, str] = {
    "draft": "Drafts",
    "coming": "To come",
    "live": "Live",
    "ended": "Ended or sent",
    "faulty": "With mistakes",
}


@dataclass(frozen=True, slots=True)
class TextState:
    """Where a text stands, in one or two words; `group` is a key of `STATE_GROUPS`."""

    word: str
    group: str
    tone: str = ""


FAULTY_TEXT = TextState("Has mistakes", "faulty", "wrong")
_LIVE, _DRAFT, _ENDED = (
    TextState("Live", "live", "good"),
    TextState("Draft", "draft", "open"),
    TextState("Ended", "ended"),
)
_OF_PLANS: Mapping[str, TextState] = {
    "waits for approval": TextState("Waits for approval", "coming", "open"),
    "due later": TextState("To be sent", "coming"),
    "due": TextState("To be sent", "coming"),
    "paused": TextState("Paused", "live", "open"),
    "begun": TextState("Is being sent", "live", "good"),
    "sending": TextState("Is being sent", "live", "good"),
    "needs a person": TextState("Needs you", "live", "wrong"),
    "done": TextState("Sent", "ended", "good"),
}


def campaign_states(visit: Visit, outbox: Outbox, content: Content) -> Mapping[str, TextState]:
    """Return the state of each campaign: that of the newest plan of its edition, else when it is to leave."""
    found = {slug: _unplanned(content, slug) for slug in content.campaigns}
    records = outbox.plans()
    for record in records:
        campaign = content.campaigns.get(record.campaign)
        if campaign and not record.corrections and record.edition == campaign.edition:
            standing = plan_state(outbox, record, records, visit.now).state
            found[record.campaign] = _OF_PLANS.get(standing, found[record.campaign])
    return found


def _unplanned(content: Content, slug: str) -> TextState:
    at = content.campaigns[slug].send_at
    if at is None:
        return _DRAFT
    return TextState(f"From {day_words(at.astimezone(content.zone).toordinal())}", "coming")


def page_state(content: Content, room: str, slug: str, as_of: int) -> TextState:
    """Return the state of an announcement, an offer or a page on a day."""
    rooms: Mapping[str, Mapping[str, Page | OfferPage]] = {
        "announcements": content.announcements,
        "offers": {**content.offers, **content.drafts},
        "pages": content.pages,
    }
    page = rooms.get(room, {}).get(slug)
    if page is None:
        return FAULTY_TEXT
    if isinstance(page, OfferPage):
        return _offer_state(page, as_of)
    if page.draft:
        return _DRAFT
    if page.visible(as_of):
        return _LIVE
    return _from(page.visible_from) if page.visible_from > as_of else _ENDED


def _offer_state(page: OfferPage, as_of: int) -> TextState:
    offer, terms = page.offer, page.offer.terms_on(as_of)
    if offer.draft:
        return _DRAFT
    if terms is None:
        return _from(offer.announced_on)
    if terms.deadline is not None and terms.deadline < as_of:
        return _ENDED
    first = offer.amendments[0].effective_on if offer.amendments else as_of + 1
    return TextState("Live, amended", "live", "good") if first <= as_of else _LIVE


def _from(day: int) -> TextState:
    return TextState(f"From {day_words(day)}", "coming") if day < date.max.toordinal() else _DRAFT
