"""Announcements and pages: front matter, texts by language, and visibility."""

import posixpath
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from generator.addresses import absolute, in_own_script, language_folder
from generator.content.bodies import Body, Reference, compile_page_body
from generator.content.files import slug_fault
from generator.content.front_matter import Document, Moment, parse_moment, translated_keys
from generator.content.references import Index, Target, resolve, shortened
from generator.content.terms import AmendedTexts, amended_texts
from generator.settings import SiteSettings
from generator.templating.kept_results import TEXT_RESULTS
from rewards import Fault, Pick, Source, validated

_LONGEST_TAG = 200  # a file system refuses names of more than 255 bytes
_ID = re.compile(r"[!-~]{1,200}", re.ASCII)


def line_of_text(text: str) -> str:
    """Return `text` trimmed; raises ValueError if it is empty or has several lines."""
    text = text.strip()
    if not text or "\n" in text:
        raise ValueError("it is empty, or has several lines; write it on one line")
    return text


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(
            f"the id {text!r} holds spaces or other characters than ASCII; use letters, digits and hyphens"
        )
    return text


def _date_text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError(
            f"{value!r} is no date; write 2023-12-31, or an instant such as 2023-12-31T09:00:00+01:00"
        )
    return value


def _menu(value: object) -> object:
    if value is not False and (not isinstance(value, int) or value is True):
        raise ValueError(
            f"{value!r} is no place in the menu; write a number such as 1, or false to leave the page out"
        )
    return value


DateText = Annotated[str | None, BeforeValidator(_date_text), Pick("moment")]
OneLine = Annotated[str, AfterValidator(line_of_text)]


class _Front(BaseModel):
    """The front matter of any page; dates are text, which is checked later in the program's zone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    title: Annotated[
        OneLine, Field(title="Title", description="What readers see first, on pages and in lists.")
    ]
    summary: Annotated[
        OneLine, Field(title="Summary", description="One sentence for lists, feeds and link previews.")
    ]
    date: DateText = Field(
        default=None,
        title="Date",
        description="Shown with the text. Readers see it from this day on.",
    )
    draft: bool = Field(
        default=False, title="Draft", description="Nobody sees a draft except in the preview of this studio."
    )
    publish_at: DateText = Field(
        default=None,
        title="Not before",
        description="The day from which readers see it, if not the date.",
    )
    expires_at: DateText = Field(
        default=None,
        title="Not any more from",
        description="The first day on which nobody sees it.",
    )
    updated: DateText = Field(
        default=None,
        title="Updated",
        description="The day of the last change that readers should notice.",
    )
    author: OneLine | None = Field(
        default=None, title="Author", description="Shown below the title and in feeds."
    )
    tags: Annotated[list[OneLine], Pick("tags")] = Field(
        default_factory=list, title="Tags", description="Words under which readers find related texts."
    )
    offers: Annotated[list[str], Pick("offers")] = Field(
        default_factory=list, title="Offers", description="Shown as cards below the text, in this order."
    )
    image: Annotated[str | None, Pick("picture")] = Field(
        default=None,
        title="Picture for link previews",
        description="Shown where somebody shares the address.",
    )
    aliases: list[str] = Field(
        default_factory=list,
        title="Former addresses",
        description="Names that this text had before; they lead here.",
    )
    id: Annotated[str, AfterValidator(_id)] | None = Field(
        default=None,
        title="Name for feed readers",
        description="Keep it as it is: if it changes, feed readers show the text as new.",
    )


class PageFront(_Front):
    """The front matter of a page. `menu` is its place among the pages of the menu, or false to leave it out."""

    menu: Annotated[int | Literal[False] | None, BeforeValidator(_menu), Pick("menu")] = Field(
        default=None,
        title="Place in the menu",
        description="A number such as 1. Pages without one follow; 0 leaves the page out.",
    )


class AnnouncementFront(_Front):
    """The front matter of an announcement, which requires a date."""

    date: Annotated[
        str,
        BeforeValidator(_date_text),
        Pick("moment"),
        Field(title="Date", description="Readers see it from this day on. A time may follow."),
    ]


@dataclass(frozen=True, slots=True)
class PageText:
    """A page in one language. `image` is the path of a static file on the site, or empty.

    `digest` is that of its file's name and text. `amended` has the translated words of an offer's amendments.
    """

    title: str
    summary: str
    body: Body
    file: str
    digest: str
    author: str = ""
    image: str = ""
    amended: AmendedTexts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """An announcement or page with its texts by language, which always include the site's default language.

    `visible_from` and `visible_until` are days. `tags` maps the address of a tag to its name.
    `menu` is the place among the pages of the menu; False leaves the page out, None puts it after the numbered ones.
    """

    room: str
    slug: str
    identity: str
    date: Moment | None
    updated: Moment | None
    visible_from: int
    visible_until: int | None
    draft: bool
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    offers: tuple[str, ...]
    source: Source
    texts: Mapping[str, PageText] = field(default_factory=dict)
    menu: int | Literal[False] | None = None

    @property
    def own_days(self) -> frozenset[int]:
        """Return the days of the front matter, which the text may mention."""
        ends = (self.date, self.updated)
        days = {moment.day for moment in ends if moment} | {self.visible_from, self.visible_until}
        return frozenset(day for day in days if day)

    @property
    def told_on(self) -> int:
        """The day on which the text was written or last changed; 0 for a page without both."""
        return max((moment.day for moment in (self.date, self.updated) if moment), default=0)

    def visible(self, as_of: int) -> bool:
        """Return whether the public sees the page on the day `as_of`."""
        return (
            not self.draft
            and self.visible_from <= as_of
            and (self.visible_until is None or as_of < self.visible_until)
        )

    def identity_in(self, language: str, settings: SiteSettings) -> str:
        """Return the id of the entry in the feeds of a language: an absolute address or a URN."""
        if is_address(self.identity):
            return self.identity if language == settings.default_language else f"{self.identity}#{language}"
        return absolute(f"{language_folder(language, settings)}announcements/{self.identity}/", settings)

    @property
    def path(self) -> str:
        """The address below the site's root and language, with a slash at its end."""
        return f"{self.slug}/" if self.room == "pages" else f"{self.room}/{self.slug}/"


def tag_slug(tag: str) -> str:
    """Return the address of a tag: `Cash back` -> `cash-back`; empty if no character is usable.

    Latin letters lose their marks. A tag with letters of another script keeps its letters, as ids of headings do.
    """
    plain = unicodedata.normalize("NFKD", tag.lower().replace("ß", "ss"))
    if any(letter.isalpha() and "LATIN" not in unicodedata.name(letter, "") for letter in plain):
        return in_own_script(tag, "-").strip("-")
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")


def parse_page(room: str, slug: str, document: Document, zone: ZoneInfo, faults: list[Fault]) -> Page | None:
    """Parse the page without its texts; returns None after adding faults."""
    before = len(faults)
    model = AnnouncementFront if room == "announcements" else PageFront
    front = validated(model, document.raw, document.source, faults)
    if front is None:
        return None
    moments = _moments(front, document.source, zone, faults)
    tags = _tags(front, document.source, faults)
    for n, alias in enumerate(front.aliases):
        mistake = slug_fault(alias, document.source.file)
        if mistake:
            faults.append(document.source.fault(("aliases", n), mistake.what, mistake.remedy))
    if any(fault.severity == "fault" for fault in faults[before:]):
        return None
    starts = [moment.day for moment in (moments["date"], moments["publish_at"]) if moment]
    end = moments["expires_at"]
    return Page(
        room=room,
        slug=slug,
        # Without an id the first alias, the oldest name, keeps the entry of a renamed file the same for readers.
        identity=front.id or (front.aliases[0] if front.aliases else slug),
        date=moments["date"],
        updated=moments["updated"],
        visible_from=max(starts, default=0),
        visible_until=end.day if end else None,
        draft=front.draft,
        aliases=tuple(front.aliases),
        tags=tags,
        offers=tuple(front.offers),
        source=document.source,
        menu=front.menu if isinstance(front, PageFront) else None,
    )


def _moments(front: _Front, source: Source, zone: ZoneInfo, faults: list[Fault]) -> dict[str, Moment | None]:
    found: dict[str, Moment | None] = {}
    for key in ("date", "updated", "publish_at", "expires_at"):
        text = getattr(front, key)
        try:
            found[key] = None if text is None else parse_moment(text, zone)
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            faults.append(source.fault((key,), what, remedy))
            found[key] = None
    date, updated = found["date"], found["updated"]
    if date and updated and updated.day < date.day:
        faults.append(source.fault(("updated",), "'updated' is before 'date'", "correct one of them"))
    return found


def _tags(front: _Front, source: Source, faults: list[Fault]) -> dict[str, str]:
    found: dict[str, str] = {}
    for n, tag in enumerate(front.tags):
        address = tag_slug(tag)
        if not address:
            remedy = "use at least one letter or digit"
            faults.append(source.fault(("tags", n), f"the tag {tag!r} gives no address", remedy))
        elif len(address.encode()) > _LONGEST_TAG:
            what = f"the tag {shortened(tag)!r} gives an address of more than {_LONGEST_TAG} bytes"
            faults.append(source.fault(("tags", n), what, "shorten it"))
        elif address in found:
            faults.append(source.fault(("tags", n), f"the tag {tag!r} stands twice", "keep one of them"))
        else:
            found[address] = tag
    return found


def is_address(identity: str) -> bool:
    """Return whether an id is an absolute address or URN, which feeds use unchanged."""
    return bool(urlsplit(identity).scheme)


# The texts of an announcement, page or offer in each language.

_OFFER_WORDS = ("title", "summary")
_OFFER_KEYS = (*_OFFER_WORDS, "amendments")
_PAGE_WORDS = ("title", "summary", "author", "image", "draft")


class _Words(BaseModel):
    """The front matter keys of one language version."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", defer_build=True)

    title: OneLine
    summary: OneLine
    author: OneLine | None = None
    image: str | None = None
    draft: bool = False


def page_texts(
    room: str, versions: Mapping[str, Document], default_language: str, index: Index, faults: list[Fault]
) -> dict[str, PageText]:
    """Return the texts by language without versions with faults and without translations that are drafts."""
    own = _OFFER_KEYS if room == "offers" else _PAGE_WORDS
    original = versions[default_language]
    found = {}
    for language, document in versions.items():
        is_original = document is original
        raw = _own_words(room, original) if is_original else translated_keys(original, document, own, faults)
        text = _page_text(document, raw, index, faults, [] if is_original else faults)
        if text is not None and room == "offers" and not is_original:
            text = replace(text, amended=amended_texts(original, document, faults))
        if text is not None and (is_original or not raw.get("draft")):
            found[language] = text
    return found


def _own_words(room: str, original: Document) -> Mapping[str, object]:
    """Return the original's keys; line breaks in those of an offer become spaces."""
    if room != "offers":
        return original.raw
    return {key: " ".join(str(original.raw.get(key)).split()) or "-" for key in _OFFER_WORDS}


def _page_text(
    document: Document,
    raw: Mapping[str, object],
    index: Index,
    faults: list[Fault],
    front_faults: list[Fault],
) -> PageText | None:
    """Return the text; `front_faults` collects faults of its keys, because an original is validated elsewhere."""
    file = document.source.file
    body, found = compiled(document)
    faults.extend(found)
    words = validated(_Words, raw, document.source, front_faults)
    if words is None:
        return None
    return PageText(
        title=words.title,
        summary=words.summary,
        body=body,
        file=file,
        digest=document.digest,
        author=words.author or "",
        image=_image(words.image, document, index, faults) if words.image else "",
    )


def compiled(document: Document) -> tuple[Body, tuple[Fault, ...]]:
    """Return the body of a text and its faults, which are kept for the next reading of the same text."""
    return TEXT_RESULTS.of("body", document.digest, lambda: _compiled(document))


def _compiled(document: Document) -> tuple[Body, tuple[Fault, ...]]:
    found: list[Fault] = []
    body = compile_page_body(document.body, document.source.file, document.body_line, found)
    return body, tuple(found)


def _image(path: str, document: Document, index: Index, faults: list[Fault]) -> str:
    """Return the image's path on the site; empty after adding a fault."""
    line = document.source.lines.get(("image",), 1)
    target = resolve(Reference("src", path, line), document.source.file, index)
    if isinstance(target, Target) and target.kind == "static":
        return target.path
    folder = posixpath.dirname(document.source.file)
    remedy = f"put it into content/static/ and give the path from {folder}/, such as ../static/picture.png"
    if isinstance(target, Fault) and "did you mean" in target.remedy:
        remedy = target.remedy
    faults.append(
        document.source.fault(("image",), f"the image {path!r} is no file of content/static/", remedy)
    )
    return ""
