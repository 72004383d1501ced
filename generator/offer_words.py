"""The words that templates say about offers and the site, in a reader's language."""

from collections.abc import Callable, Mapping
from functools import cache

from generator.addresses import absolute, language_folder
from generator.content import Content, OfferPage
from generator.formats import formats
from generator.settings import SiteSettings
from generator.shown import Address
from generator.statement_view import LinksView, OfferView, SiteView

OfferWords = Callable[[str], Mapping[str, OfferView]]


def offer_words(content: Content, settings: SiteSettings, as_of: int | None) -> OfferWords:
    """For a language, the offers that exist on `as_of` (None: all) by slug, in its words if it has any."""

    @cache
    def words(language: str) -> Mapping[str, OfferView]:
        return {
            slug: _words(page, language, settings, as_of)
            for slug, page in content.offers.items()
            if as_of is None or page.offer.announced_on <= as_of
        }

    return words


def _words(page: OfferPage, language: str, settings: SiteSettings, as_of: int | None) -> OfferView:
    offer = page.offer
    written_in = language if language in page.texts else settings.default_language
    text = page.texts[written_in]
    terms = None if as_of is None else offer.terms_on(as_of)
    amended = terms is not None and written_in == settings.default_language
    return OfferView(
        offer.slug,
        offer.kind,
        terms.title if terms is not None and amended else text.title,
        terms.summary if terms is not None and amended else text.summary,
        formats(language).day(offer.announced_on),
        Address(absolute(f"{language_folder(language, settings)}{page.path}", settings)),
    )


def site_view(settings: SiteSettings) -> SiteView:
    """`site` as templates see it."""
    links = settings.links
    return SiteView(
        settings.title,
        Address(settings.base_url),
        LinksView(
            {name: Address(address) for name, address in sorted(links.social.items())},
            Address(links.forum) if links.forum else None,
            Address(links.contact) if links.contact else None,
        ),
    )
