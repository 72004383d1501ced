"""The site in one language on one day: which content is visible, with which texts, at which paths."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator.addresses import absolute, as_fragment, language_folder
from generator.content.bodies import Reference
from generator.content.content import Content, OfferPage, OfferWording
from generator.content.pages import Page, PageText
from generator.content.references import Target
from generator.public.pictures import PictureSize, picture_size
from generator.public.renditions import Rendition, renditions
from generator.settings import SiteSettings


@dataclass(frozen=True)
class LocalizedSite:
    """The site in one language as of a day (an ordinal)."""

    content: Content
    settings: SiteSettings
    language: str
    as_of: int

    @property
    def folder(self) -> str:
        """Return the folder of this language below the site's root: `` or `de/`."""
        return language_folder(self.language, self.settings)

    @cached_property
    def announcements(self) -> tuple[Page, ...]:
        """Return the visible announcements, the newest first, then by slug."""
        visible = (page for page in self.content.announcements.values() if page.visible(self.as_of))
        return tuple(sorted(visible, key=lambda page: (-_stamp(page), page.slug)))

    @cached_property
    def offers(self) -> tuple[OfferPage, ...]:
        """Return the announced offers, the newest first; those of one day as announcements name them, then by slug."""
        named = list(dict.fromkeys(slug for page in self.announcements for slug in page.offers))
        places = {slug: place for place, slug in enumerate(named)}
        announced = (
            page.offer for page in self.content.offers.values() if page.offer.announced_on <= self.as_of
        )
        ordered = sorted(
            announced, key=lambda one: (-one.announced_on, places.get(one.slug, len(places)), one.slug)
        )
        return tuple(self.content.offers[offer.slug] for offer in ordered)

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """Return the visible pages by slug."""
        return tuple(page for page in self.content.pages.values() if page.visible(self.as_of))

    @cached_property
    def menu(self) -> tuple[Page, ...]:
        """Return the visible pages of the menu: those with a place in it by that number, then the others by slug."""
        shown = (page for page in self.pages if page.menu is not False)
        return tuple(sorted(shown, key=lambda page: (page.menu is None, page.menu or 0, page.slug)))

    @cached_property
    def tags(self) -> dict[str, str]:
        """Return address -> name of the tags of visible announcements and pages, by address."""
        found = {
            address: name
            for page in (*self.announcements, *self.pages)
            for address, name in page.tags.items()
        }
        return dict(sorted(found.items()))

    def tagged(self, tag: str, pages: Iterable[Page]) -> tuple[Page, ...]:
        """Return the `pages` that have the tag."""
        return tuple(page for page in pages if tag in page.tags)

    def text(self, page: Page | OfferPage) -> PageText:
        """Return the text in this language, or in the default language if there is no translation."""
        return page.texts.get(self.language) or page.texts[self.settings.default_language]

    def written_in(self, page: Page | OfferPage) -> str:
        """Return the language of `text`."""
        return self.language if self.language in page.texts else self.settings.default_language

    def title(self, page: Page | OfferPage) -> str:
        """Return the title, that of an offer as amended."""
        return self.wording(page).title

    def summary(self, page: Page | OfferPage) -> str:
        """Return the summary, that of an offer as amended."""
        return self.wording(page).summary

    def wording(self, page: Page | OfferPage) -> OfferWording:
        """Return title, summary and their language; those of an offer as amended."""
        default = self.settings.default_language
        if isinstance(page, OfferPage):
            return page.words(self.language, default, self.as_of)
        text = self.text(page)
        return OfferWording(text.title, text.summary, self.written_in(page))

    def image(self, page: Page) -> str:
        """Return the path of the page's picture in this language, else in the default language, else empty."""
        return self.text(page).image or page.texts[self.settings.default_language].image

    def image_size(self, page: Page) -> PictureSize | None:
        """Return width and height of the page's picture, if its file tells them."""
        path = self.content.static.get(self.image(page))
        return picture_size(path) if path else None

    def renditions(self, static: str) -> tuple[Rendition, ...]:
        """Return the smaller sizes of a static file that is a picture, by its path on the site."""
        path = self.content.static.get(static)
        return renditions(static, path) if path else ()

    def picture_size(self, target: Target) -> PictureSize | None:
        """Return width and height of a static file that is a picture, if it tells them."""
        path = self.content.static.get(target.path) if target.kind == "static" else None
        return picture_size(path) if path else None

    @property
    def pictures(self) -> dict[str, Path]:
        """Return the static files that visible pages show or load, by path on the site."""
        names = {self.image(page) for page in (*self.announcements, *self.pages)}
        everything: tuple[Page | OfferPage, ...] = (*self.announcements, *self.pages, *self.offers)
        for text in map(self.text, everything):
            loaded = (self.target(text.file, one) for one in text.body.references if one.attribute == "src")
            names |= {target.path for target in loaded if target.kind == "static"}
        return {name: self.content.static[name] for name in names if name in self.content.static}

    def author(self, page: Page) -> str:
        """Return the author in this language, else in the default language, else empty."""
        return self.text(page).author or page.texts[self.settings.default_language].author

    def target(self, file: str, reference: Reference) -> Target:
        """Return the target of a reference in `file`."""
        return self.content.targets[file, reference]

    def path_of(self, target: Target) -> str | None:
        """Return the path of a content or static file below the root; None while the public does not see it."""
        return self.content.public_path(target, self.language, self.settings, self.as_of)

    def text_key(self, page: Page) -> tuple[object, ...]:
        """Return all that follows from the text of a page on this day: its files, its links, the sizes of pictures."""
        text = self.text(page)
        targets = (self.target(text.file, one) for one in text.body.references)
        links = [
            (self.path_of(one), self.picture_size(one), self.renditions(one.path))
            for one in targets
            if one.kind not in {"outside", "here"}
        ]
        return [one.digest for one in page.texts.values()], self.content.policy.program.timezone, links

    def absolute_body(self, page: Page | OfferPage) -> str:
        """Return the body's HTML with absolute addresses, for readers outside the site."""
        text = self.text(page)

        def address(reference: Reference) -> str | None:
            target = self.target(text.file, reference)
            if target.kind == "outside":
                return target.path
            path = f"{self.folder}{page.path}" if target.kind == "here" else self.path_of(target)
            return None if path is None else absolute(path, self.settings) + as_fragment(target.fragment)

        return text.body.html(address)


def _stamp(page: Page) -> float:
    return page.date.instant.timestamp() if page.date else 0.0
