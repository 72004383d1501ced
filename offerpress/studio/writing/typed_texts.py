"""What somebody typed into the editor, as the bytes of the file: the fields that changed, and the text."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel

from generator import read_content, read_sound_content
from generator.content.campaigns import CampaignFront
from generator.content.pages import AnnouncementFront, PageFront
from offerpress.reports.texts import country_word, language_word
from offerpress.studio.state.studio import NotThere, Visit
from offerpress.studio.writing.front_form import (
    Changes,
    FormField,
    FormMaker,
    Option,
    Options,
    changed_fields,
)
from offerpress.writing.fields import FieldValue, changed_keys
from offerpress.writing.paths import ContentPath, content_path
from offerpress.writing.texts import OpenFile, body_of, with_body, with_text
from offerpress.writing.versions import Author, digest_of_text, text_of
from offerpress.writing.yaml_edits import REMOVED, Removed
from rewards import KINDS, KeyPath, OfferTerms
from rewards.offers.offer import OfferFront

_OF_A_TRANSLATION: Mapping[str, Sequence[str]] = {
    "announcements": ("title", "summary", "author", "image", "draft"),
    "pages": ("title", "summary", "author", "image", "draft"),
    "offers": ("title", "summary"),
    "campaigns": ("subject", "preheader"),
}
_STARTED = ("title", "summary", "subject", "preheader")


def author_of(visit: Visit) -> Author:
    """Return who writes, as versions name them."""
    return Author(visit.person.person, visit.person.name)


@dataclass(frozen=True)
class EditedText:
    """A text in the editor: its file, the bytes that were opened, and their digest, empty for a file to be made."""

    visit: Visit
    path: ContentPath
    base: bytes
    opened: str

    @property
    def slug(self) -> str:
        """The name of the text, which all its languages share."""
        return self.path.name.rpartition("/")[2].partition(".")[0]

    @property
    def language(self) -> str:
        """The language of this file."""
        named = self.path.name.rpartition("/")[2].removesuffix(".md").partition(".")[2]
        return named or self.visit.site.settings.site.default_language

    @property
    def is_translation(self) -> bool:
        """Whether the file belongs to an original in another language."""
        return self.language != self.visit.site.settings.site.default_language

    @property
    def original(self) -> str:
        """The path of the original below the site folder."""
        return f"content/{self.path.room}/{self.slug}.md"

    @cached_property
    def values(self) -> Mapping[str, object] | None:
        """The fields as the site reads them; None where they cannot be read, so that the text is edited as a whole."""
        return OpenFile(self.path, self.base, self.opened).values

    def fields_of(self, values: Mapping[str, object], options: Options) -> tuple[FormField, ...]:
        """Return the form's fields with these values."""
        made, only = FormMaker(options), _OF_A_TRANSLATION[self.path.room] if self.is_translation else ()
        found = list[FormField]()
        if self.path.room == "offers" and not only:
            found += made.fields(OfferFront, values)
        return (*found, *made.fields(self._model(values), values, only))

    def _model(self, values: Mapping[str, object]) -> type[BaseModel]:
        if self.path.room == "offers":
            kind = KINDS.get(str(values.get("kind", "")))
            return kind.terms if kind else OfferTerms
        rooms: Mapping[str, type[BaseModel]] = {"announcements": AnnouncementFront, "pages": PageFront}
        return rooms.get(self.path.room, CampaignFront)

    def typed(self, options: Options) -> bytes:
        """Return the bytes of the file as the form of the visit has them. Raises `WritingRefused`."""
        form = self.visit.query
        if "whole" in form:
            return with_text(self.base, form["whole"])
        values = self.values
        content = self.base
        if values is not None:
            changes = changed_fields(self.fields_of(values, options), form)
            content = changed_keys(content, self.path.name, top_values(values, {**changes, **_removed(form)}))
        return with_body(content, form.get("body", ""))


def _removed(form: Mapping[str, str]) -> Changes:
    """Return the fields that a cure takes out: those that no form shows."""
    return {tuple(name.removeprefix("out.").split(".")): None for name in form if name.startswith("out.")}


def top_values(values: Mapping[str, object], changes: Changes) -> dict[str, FieldValue | Removed]:
    """Return the whole new value of each top field of which some part changes."""
    found: dict[str, object] = {}
    for path, value in changes.items():
        top = str(path[0])
        if top not in found:
            found[top] = deepcopy(values.get(top))
        found[top] = _put(found[top], path[1:], value)
    made: dict[str, FieldValue | Removed] = {}
    for top, value in found.items():
        if value is not None:
            made[top] = value  # type: ignore[assignment] # values of front matter and of the form
        elif top in values:
            made[top] = REMOVED
    return made


def _put(where: object, path: KeyPath, value: object) -> object:
    """Return `where` with the value at a path; a mapping that loses its last entry goes too."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(where, list) and str(key).isdecimal() and int(key) < len(where):
        inner = _put(where[int(key)], rest, value)
        return [*where[: int(key)], *([] if inner is None else [inner]), *where[int(key) + 1 :]] or None
    mapping = dict(where) if isinstance(where, Mapping) else {}
    inner = _put(mapping.get(str(key)), rest, value)
    if inner is None:
        mapping.pop(str(key), None)
    else:
        mapping[str(key)] = inner
    return mapping or None


def edited_text(visit: Visit) -> EditedText:
    """Return the text that a form of the editor is about, with the bytes that were opened."""
    path, opened = content_path(visit.site, visit.query.get("file", "")), visit.query.get("opened", "")
    if not path.is_text:
        raise NotThere("There is no such text.")
    if opened:
        return EditedText(visit, path, text_of(visit.site, opened), opened)
    if "whole" in visit.query:  # a file that vanished while somebody wrote
        return EditedText(visit, path, b"", "")
    return begun_translation(visit, path)


def begun_translation(visit: Visit, path: ContentPath) -> EditedText:
    """Return a translation that is not there yet: the words of the original, to be written over."""
    made = EditedText(visit, path, b"", "")
    languages = visit.site.settings.site.languages
    original = content_path(visit.site, made.original)
    if not made.is_translation or made.language not in languages or not original.path.is_file():
        raise NotThere("There is no such text.")
    content = original.path.read_bytes()
    source = OpenFile(original, content, digest_of_text(content))
    words = {key: value for key, value in (source.values or {}).items() if key in _STARTED and value}
    front = changed_keys(
        b"---\n---\n", path.name, {key: " ".join(str(one).split()) for key, one in words.items()}
    )
    return EditedText(visit, path, with_body(front, source.body), "")


# What the site has to pick from.


def options_of(visit: Visit) -> Options:
    """Return what the fields can be picked from; read again when the figures change.

    Those read last are enough: to wait for newer ones would hold up whoever types.
    """
    current = visit.studio.reader.last
    number = current.number if current else 0
    stamp = (number, _listing(visit))
    return visit.studio.remembered("writing options", stamp, lambda: _options(visit))


def _listing(visit: Visit) -> tuple[str, ...]:
    """Return the names of the files that can be picked."""
    content = visit.site.folder / "content"
    return tuple(sorted(str(path) for part in ("offers", "static") for path in (content / part).rglob("*")))


def _options(visit: Visit) -> Options:
    site, settings = visit.site, visit.site.settings.site
    content = read_content(site.folder, settings, []) or read_sound_content(site.folder, settings)
    current = visit.studio.reader.last
    partners = [account.partner for account, _ in current.people.values()] if current else []
    languages = dict.fromkeys(
        [*settings.languages, *sorted({one.language for one in partners if one.language})]
    )
    found: dict[str, list[Option]] = {
        "countries": _sorted({(one.country, country_word(one.country)) for one in partners if one.country}),
        "languages": [(one, language_word(one)) for one in languages],
    }
    if content:
        program = content.policy.program
        pages = [*content.announcements.values(), *content.pages.values()]
        tags = {name for page in pages for name in page.tags.values()}
        offers = {**content.offers, **content.drafts}
        currencies = dict.fromkeys([program.currency, *sorted({one.currency for one in partners})])
        found |= {
            "tags": _sorted({(one, one) for one in tags}),
            "offers": [
                (slug, offers[slug].texts[settings.default_language].title) for slug in sorted(offers)
            ],
            "levels": [(one.id, one.name) for one in program.every or program.levels],
            "currencies": [(one, one) for one in currencies],
            "picture": [(f"../static/{name}", name) for name in content.static if _is_picture(name)],
        }
        if program.base_level not in dict(found["levels"]):
            found["levels"].insert(0, (program.base_level, program.base_level))
    return found


def _sorted(options: set[Option]) -> list[Option]:
    return sorted(options, key=lambda one: one[1])


def _is_picture(name: str) -> bool:
    return name.lower().endswith((".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif"))


def shown_body(content: bytes, path: ContentPath) -> str:
    """Return the text below the fields, as a text area holds it."""
    return body_of(OpenFile(path, content, "").text)
