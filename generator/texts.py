"""The words of an announcement, page or offer in each language, with their bodies."""

import posixpath
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from generator.bodies import Reference, compile_page_body
from generator.front_matter import Document
from generator.pages import OneLine, PageText
from generator.references import Index, Target, resolve
from generator.translations import translated_keys
from rewards.faults import Fault, validated

_OFFER_WORDS = ("title", "summary")
_PAGE_WORDS = ("title", "summary", "author", "image", "draft")


class _Words(BaseModel):
    """What a language version says by itself."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    title: OneLine
    summary: OneLine
    author: OneLine | None = None
    image: str | None = None
    draft: bool = False


def page_texts(
    room: str, versions: Mapping[str, Document], default_language: str, index: Index, faults: list[Fault]
) -> dict[str, PageText]:
    """The texts by language; a version with faults is left out, and so is a translation that is a draft."""
    own = _OFFER_WORDS if room == "offers" else _PAGE_WORDS
    original = versions[default_language]
    found = {}
    for language, document in versions.items():
        is_original = document is original
        raw = _own_words(room, original) if is_original else translated_keys(original, document, own, faults)
        text = _page_text(document, raw, index, faults, [] if is_original else faults)
        if text is not None and (is_original or not raw.get("draft")):
            found[language] = text
    return found


def _own_words(room: str, original: Document) -> Mapping[str, object]:
    """The original's words; those of an offer may have line breaks, which do not count."""
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
    """`front_faults` takes what is wrong with the words; those of an original are validated elsewhere."""
    file = document.source.file
    body = compile_page_body(document.body, file, document.body_line, faults)
    words = validated(_Words, raw, document.source, front_faults)
    if words is None:
        return None
    return PageText(
        title=words.title,
        summary=words.summary,
        body=body,
        file=file,
        author=words.author or "",
        image=_image(words.image, document, index, faults) if words.image else "",
    )


def _image(path: str, document: Document, index: Index, faults: list[Fault]) -> str:
    """The image's path on the site; empty after a fault."""
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
