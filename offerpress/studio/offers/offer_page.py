"""The screen of an offer: its terms as a form, the worked example, what would change, and saving."""

from collections.abc import Callable

from generator import compute_example, formats, show_example
from offerpress.figures.proposals import Proposal, proposed_effect, read_proposal
from offerpress.reports.texts import day_words
from offerpress.studio.offers.amending import amendment_day, amendment_items, without_amendment
from offerpress.studio.offers.effect_words import effect_words
from offerpress.studio.offers.offer_form import OfferForm, offer_form
from offerpress.studio.state.studio import Context, Done, NotDone, Visit, address_of, ago_words
from offerpress.studio.writing.editor_page import kept_draft
from offerpress.studio.writing.front_form import split_fields
from offerpress.studio.writing.text_faults import plain_words
from offerpress.studio.writing.typed_texts import author_of
from offerpress.writing.fields import changed_keys
from offerpress.writing.paths import WritingRefused
from offerpress.writing.saving import save
from offerpress.writing.texts import OpenFile
from offerpress.writing.versions import digest_of_text
from rewards import Fault, Offer, day_text

AMENDED, CHANGED = "amended an offer", "changed the terms of an offer"
TAKEN_BACK = "took back an amendment of an offer"
_TEMPLATE = "offers/offer.html"


def offer_page(visit: Visit) -> Context:
    """Show an offer as it is saved."""
    return _context(offer_form(visit), "")


def look_offer(visit: Visit) -> Done:
    """Show what the person typed, with its example and what it would change. Nothing is changed by it."""
    return Done(template=_TEMPLATE, context=offer_page(visit))


def keep_offer(visit: Visit) -> dict[str, object]:
    """Keep what the person typed as their draft, as the editor does, but never in place of one that the editor kept."""
    visit.need("writer", "operator")
    form = offer_form(visit)
    typed = {name: text for name, text in visit.query.items() if name not in {"form_token", "roles"}}
    if form.has_draft:
        return {}
    return kept_draft(visit, form.path, form.content, form.base, form.opened, typed)


def save_offer(visit: Visit) -> Done:
    """Save what the person typed, unless it has a fault; whatever prevents it is said beside what was typed."""
    return _changed(visit, _saved)


def take_back(visit: Visit) -> Done:
    """Take out an amendment that has not begun; no statement has followed it yet."""
    return _changed(visit, _taken_back)


def _changed(visit: Visit, change: Callable[[OfferForm], Done]) -> Done:
    visit.need("writer", "operator")
    form = offer_form(visit)
    try:
        return change(form)
    except (WritingRefused, NotDone) as error:
        return Done(template=_TEMPLATE, context=_context(form, str(error)))


def _taken_back(form: OfferForm) -> Done:
    place, items = form.visit.query.get("place", ""), amendment_items(form.raw)
    item = items[int(place)] if place.isdecimal() and int(place) < len(items) else None
    day = amendment_day(item) if item else None
    if item is None or day is None:
        raise NotDone("There is no such amendment any more. Reload the page.")
    if form.draft:
        raise NotDone("You have typed something that is not saved. Save or discard it first.")
    if day <= form.visit.current().figures.rules.as_of:
        raise NotDone("This amendment holds already. Amend the offer again, from a day on.")
    changes = {"amendments": without_amendment(form.raw, int(place))}
    return _written(
        form, changed_keys(form.base, form.path.name, changes), TAKEN_BACK, f"from {day_text(day)}"
    )


def _saved(form: OfferForm) -> Done:
    if not form.is_changed:
        raise NotDone("Nothing was saved, because you changed no field.")
    if form.mode == "terms":
        return _written(form, form.content, CHANGED, "")
    return _written(form, form.content, AMENDED, f"from {form.day}{': ' if form.note else ''}{form.note}")


def _written(form: OfferForm, content: bytes, action: str, note: str) -> Done:
    """Save these bytes, if they are a sound offer and the person has typed nothing else."""
    visit = form.visit
    if form.has_draft:
        raise NotDone(
            "You have typed something in the editor that is not saved. Save or discard it there first."
        )
    if _proposal(form, content).offer is None:
        raise NotDone("Nothing was saved, because something is to be corrected first.")
    found = save(visit.site, form.path, content, form.opened, author_of(visit), visit.now)
    if found is None:
        return Done(to=address_of("/text/conflict", file=form.path.name))
    visit.record(action, form.slug, note=note)
    return Done(to=address_of("/offer", file=form.path.name, saved="1"))


def _proposal(form: OfferForm, content: bytes) -> Proposal:
    text = OpenFile(form.path, content, "").text
    return read_proposal(form.visit.current().figures, form.slug, text)


def _context(form: OfferForm, why: str) -> Context:
    content, refused = form.base, why
    try:
        content = form.content
    except (WritingRefused, NotDone) as error:
        refused = refused or str(error)
    proposal = _proposal(form, content)
    offer = proposal.offer
    as_of = form.visit.current().figures.rules.as_of
    return {
        "file": form.path.name,
        "opened": form.opened,
        "title": str(form.raw.get("title", form.slug)),
        "mode": form.mode,
        "shown_day": day_text(form.shown_on),
        "from_day": form.day,
        "note": form.note,
        **split_fields(form.fields_of(form.typed), [("rate",)]),
        "is_changed": form.is_changed,
        "refused": refused,
        "saved": "saved" in form.visit.query,
        "has_draft": form.has_draft,
        "kept_since": ago_words(form.draft.at, form.visit.now) if form.draft and form.draft.form else "",
        "others": form.others,
        "faults": [_fault(one) for one in proposal.faults],
        "amendments": _amendments(form, as_of),
        "example": _example(form, offer) if offer else None,
        "effect": _effect(form, content, offer) if offer and (form.is_changed or offer.draft) else None,
        "is_draft": form.raw.get("draft") is True,
        "may_write": form.visit.person.may("writer", "operator"),
        "editor_href": address_of("/text", file=form.path.name),
    }


def _fault(fault: Fault) -> Context:
    return {
        "severity": fault.severity,
        "field": fault.field,
        "text": plain_words(fault.what),
        "remedy": plain_words(fault.remedy),
    }


def _amendments(form: OfferForm, as_of: int) -> list[Context]:
    found = []
    for place, one in enumerate(amendment_items(form.raw)):
        day = amendment_day(one)
        keys = [key for key in one if key not in {"effective_on", "note"}]
        found.append(
            {
                "place": place,
                "day": day_words(day) if day else str(one.get("effective_on", "")),
                "note": str(one.get("note") or ""),
                "fields": [_label(form, key) for key in keys],
                "begun": day is not None and day <= as_of,
                "href": address_of("/offer", file=form.path.name, shown=str(one.get("effective_on", ""))),
            }
        )
    return found


def _label(form: OfferForm, key: str) -> str:
    info = form.model.model_fields.get(key)
    return (info.title if info else None) or key


def _example(form: OfferForm, offer: Offer) -> object:
    """Return the worked example by the terms that the form proposes; None if they give the invented partner nothing."""
    program = form.visit.current().figures.content.policy.program
    day = form.begins if form.mode == "amend" else offer.announced_on
    computed = compute_example(offer, program, max(day, offer.announced_on))
    return show_example(computed, offer, formats("en")) if computed else None


def _effect(form: OfferForm, content: bytes, offer: Offer) -> Context:
    """Return what would change, computed once for the same text and figures."""
    visit = form.visit
    current = visit.current()
    stamp = (current.number, form.slug, digest_of_text(content))
    effect = visit.studio.remembered(
        f"effect {visit.person.person}",
        stamp,
        lambda: proposed_effect(current.figures, current.people.values(), offer),
    )
    titles = {one.slug: one.title for one in current.figures.content.policy.offers}
    return effect_words(visit, effect, lambda slug: titles.get(slug, offer.title))
