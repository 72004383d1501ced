"""Markdown to HTML in one dialect for pages, feeds and mails.

Blocks follow CommonMark and GitHub Flavored Markdown; the extensions add callouts, definitions, footnotes,
abbreviations and attribute lists. Pages have no inline styles; classes say how cells, figures and questions look.
"""

import re
import string
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from threading import get_ident
from typing import cast
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.abbr import AbbrTreeprocessor
from markdown.extensions.attr_list import AttrListTreeprocessor
from markdown.extensions.fenced_code import FencedBlockPreprocessor
from markdown.extensions.toc import slugify
from markdown.inlinepatterns import InlineProcessor, SubstituteTagInlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString, code_escape

from generator.addresses import in_own_script
from generator.content.blocks import NestedTooDeeplyError, reshaped
from generator.errors import UnreadableMarkdownError
from generator.templating.markup import WIDE_TABLE

_EXTENSIONS = (
    "tables",
    "footnotes",
    "def_list",
    "admonition",
    "attr_list",
    "abbr",
    "sane_lists",
    "toc",
    "md_in_html",
)
_QUESTION = re.compile(r"[?\u037e\u061f\uff1f]\s*$")
_LANGUAGE = re.compile(r"[\w#.+-]*")
_TICKS = re.compile("`+")
_ATTRIBUTE = r"(?:[#.][\w:.-]+|[A-Za-z_:][\w:.-]*=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'}=]+))"
_ATTRIBUTES = rf"\{{:?[ ]*({_ATTRIBUTE}(?:[ ]+{_ATTRIBUTE})*)[ ]*\}}"
_STRUCK = r"(?<!~)~~(?![\s~])(?P<text>.{0,2000}?[^\s~])~~(?!~)"
_BARE = (
    r"(?<![^\s*_~(>])(?:https?://|www\.)[^\s<\x02\x03]{1,2000}"
    r"|(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?![\w-])"
)
_ENTITY = re.compile(r"&[A-Za-z0-9]+;$")
_HOST = re.compile(r"(?:https?://|www\.)?[^\s/?#]*[^\W_](?:[/?#]|:\d|$)|[^/]+@")
_LONGEST_BODY = 300_000
_MOST_OPEN = 500
_TAG_BEGIN = re.compile(r"<[A-Za-z/!?]")
_TAG_PART = re.compile(r">|=\s{0,9}[\"']")
_LONGEST_PIECE = 10_000
"""Characters of one paragraph, item or cell: the time of the package grows with the square of them."""
INLINE_SIGN = re.compile(r"[\\`*_\[<&@~\x02]|://|www\.|  \n")
"""What stands wherever an inline pattern finds something."""


class _Figures(Treeprocessor):
    """Turns a paragraph with a single, titled picture into a figure with a caption."""

    def run(self, root: Element) -> None:
        for paragraph in list(root.iter("p")):
            picture = paragraph[0] if len(paragraph) == 1 else None
            alone = (
                picture is not None
                and not (paragraph.text or "").strip()
                and not (picture.tail or "").strip()
            )
            if picture is None or picture.tag != "img" or not alone or "title" not in picture.attrib:
                continue
            paragraph.tag = "figure"
            caption = Element("figcaption")
            caption.text = picture.attrib.pop("title")
            paragraph.append(caption)


class _UsedNotes(Treeprocessor):
    """Leaves out footnotes to which no text refers, as GitHub does; `check` names them."""

    def run(self, root: Element) -> None:
        used = {element.get("id", "").partition(":")[2] for element in root.iter("sup")}
        for parent in list(root.iter()):
            for notes in [child for child in parent if child.get("class") == "footnote"]:
                for listed in notes.iter("ol"):
                    for item in [item for item in listed if item.get("id", "").startswith("fn:")]:
                        if item.get("id", "").partition(":")[2] not in used:
                            listed.remove(item)
                if not any(True for _ in notes.iter("li")):
                    parent.remove(notes)


class _Tables(Treeprocessor):
    """Marks the alignment of cells by classes, and puts a wide table into a box that scrolls, also by keyboard."""

    def run(self, root: Element) -> None:
        for cell in (*root.iter("th"), *root.iter("td")):
            side = cell.attrib.pop("align", "")
            if side in {"right", "center"}:
                cell.set("class", "number" if side == "right" else "middle")
        for parent in list(root.iter()):
            for place, child in enumerate(parent):
                if child.tag == "table" and sum(1 for _ in child.iter("th")) >= WIDE_TABLE:
                    box = Element("div", {"class": "scroll", "tabindex": "0"})
                    box.append(child)
                    box.tail, child.tail = child.tail, None
                    parent[place] = box


class _Questions(Treeprocessor):
    """Marks definition lists whose terms all end with a question mark as questions and answers."""

    def run(self, root: Element) -> None:
        for listed in root.iter("dl"):
            terms = ["".join(term.itertext()) for term in listed.iter("dt")]
            if terms and all(_QUESTION.search(term) for term in terms):
                listed.set("class", "questions")


class _Pieces(Treeprocessor):
    """Looks at pieces of text before they are searched for emphasis and links.

    It refuses those that would take too long, and excepts those without a sign of either: most have none, and each
    search takes twenty steps. Texts that define abbreviations are searched whole, because those are words like others.
    """

    def run(self, root: Element) -> None:
        abbreviations = cast("AbbrTreeprocessor", self.md.treeprocessors["abbr"]).abbrs
        for element in root.iter():
            for place in ("text", "tail"):
                text = getattr(element, place)
                if not text or isinstance(text, AtomicString):
                    continue
                if len(text) > _LONGEST_PIECE:
                    what = f"a paragraph, item or cell has {len(text)} characters"
                    begin = text.strip().partition("\n")[0][:60]
                    raise UnreadableMarkdownError(what, f"split it: at most {_LONGEST_PIECE} each", begin)
                if not abbreviations and not INLINE_SIGN.search(text):
                    setattr(element, place, AtomicString(text))


class _Reshaping(Preprocessor):
    """Finds the blocks of the text as CommonMark does, and keeps fenced code of any depth out of its reach."""

    def run(self, lines: list[str]) -> list[str]:
        return reshaped(lines, self._keep)

    def _keep(self, info: str, code: str) -> str:
        word = info if info.startswith("{") else (_LANGUAGE.match(info) or [""])[0]
        runs = [len(run) for run in _TICKS.findall(code)]
        fence = "`" * max([3, *(length + 1 for length in runs)])
        fenced = FencedBlockPreprocessor(self.md, {"lang_prefix": "language-"})
        kept = fenced.run(f"{fence}{word}\n{code}{fence}".split("\n"))
        if kept[0].startswith(fence):  # the attributes in braces cannot be read
            kept = fenced.run(f"{fence}\n{code}{fence}".split("\n"))
        return next(line for line in kept if line)


class _CodeSpan(InlineProcessor):
    """A code span between two runs of backticks of one length (CommonMark 6.1), found in linear time."""

    def handleMatch(  # type: ignore[override] # noqa: N802 - the library's name
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        if (m.start() - len(data[: m.start()].rstrip("\\"))) % 2:
            return None, None, None
        end = _run_ends(data).get(m.start())
        if end is None:
            return m[0], m.start(), m.end()  # type: ignore[return-value]
        length = len(m[0])
        text = " ".join(data[m.end() : end - length].split("\n"))
        if text.strip(" ") and text.startswith(" ") and text.endswith(" "):
            text = text[1:-1]
        code = Element("code")
        code.text = AtomicString(code_escape(text))
        return code, m.start(), end


@lru_cache(maxsize=8)
def _run_ends(data: str) -> dict[int, int]:
    """Return for each run of backticks the end of the next run of its length."""
    found: dict[int, int] = {}
    later: dict[int, int] = {}
    for run in reversed(list(_TICKS.finditer(data))):
        length = len(run[0])
        if length in later:
            found[run.start()] = later[length]
        later[length] = run.end()
    return found


class _EscapedAmpersand(InlineProcessor):
    r"""`\&copy;` as the characters of the reference, which the package would take for a copyright sign."""

    def handleMatch(  # type: ignore[override] # noqa: N802 - the library's name
        self, m: re.Match[str], data: str
    ) -> tuple[str, int, int]:
        del data
        return self.md.htmlStash.store("&amp;"), m.start(), m.end()


class _FirstWins(dict[str, tuple[str, str]]):
    """Link definitions: of two with one name the first counts (CommonMark 4.7)."""

    def __setitem__(self, name: str, definition: tuple[str, str]) -> None:
        self.setdefault(name, definition)


class _Struck(InlineProcessor):
    """`~~text~~` as `<del>` (GitHub Flavored Markdown, 6.5)."""

    def handleMatch(  # type: ignore[override] # noqa: N802 - the library's name
        self, m: re.Match[str], data: str
    ) -> tuple[Element, int, int]:
        del data
        struck = Element("del")
        struck.text = m["text"]
        return struck, m.start(), m.end()


class _BareAddress(InlineProcessor):
    """A web or mail address in a text as a link to itself (GitHub Flavored Markdown, 6.9)."""

    ANCESTOR_EXCLUDES = ("a",)

    def __init__(self, pattern: str, md: Markdown, tag: re.Pattern[str] | None = None) -> None:
        super().__init__(pattern, md)
        self._tag = tag

    def handleMatch(  # type: ignore[override] # noqa: N802 - the library's name
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        before = data[: m.start()]
        is_in_tag = before.rfind("<") > before.rfind(">")
        is_in_link = before.lower().rfind("<a ") > before.lower().rfind("</a")
        shown = _without_tail(m[0])
        has_tag = self._tag is not None and self._tag.search(m[0])
        if is_in_tag or is_in_link or has_tag or not _HOST.match(shown):
            return None, None, None
        link = Element("a")
        link.text = AtomicString(shown)
        scheme = "mailto:" if "@" in shown.partition("/")[0] else "http://" if shown[3] == "." else ""
        link.set("href", f"{scheme}{shown}")
        return link, m.start(), m.start() + len(shown)


def _without_tail(address: str) -> str:
    """Return the address without the punctuation of the sentence around it."""
    while address:
        tail = _ENTITY.search(address)
        if tail:
            address = address[: tail.start()]
        elif address[-1] in "?!.,:;*_~'\"" or (
            address[-1] == ")" and address.count(")") > address.count("(")
        ):
            address = address[:-1]
        else:
            break
    return address


class _StrictAttributes(AttrListTreeprocessor):
    """Reads `{#id .class key=value}` as attributes; other words in braces stay text."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        places = {"HEADER_RE": r"[ ]+{}[ ]*$", "BLOCK_RE": r"\n[ ]*{}[ ]*$", "INLINE_RE": "^{}"}
        self.__dict__.update(
            {name: re.compile(place.replace("{}", _ATTRIBUTES)) for name, place in places.items()}
        )


class _Dialect(Extension):
    """Return the extensions that pages, feeds and mails add to the package's own."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        md.preprocessors.register(_Reshaping(md), "reshaping", 28)
        md.ESCAPED_CHARS = list(string.punctuation)
        md.references = _FirstWins()
        # CommonMark 4.7 limits a label to 999 characters.
        for name in ("reference", "image_reference"):
            vars(md.inlinePatterns[name])["RE_LINK"] = re.compile(r"\[([^\]]{0,999}+)\]")
        md.inlinePatterns.register(_CodeSpan(_TICKS.pattern, md), "backtick", 190)
        md.inlinePatterns.register(SubstituteTagInlineProcessor(r"(?<!\\)\\\n", "br"), "backslash_break", 185)
        md.inlinePatterns.register(_EscapedAmpersand(r"(?<!\\)\\&", md), "escaped_ampersand", 182)
        md.inlinePatterns.register(_Struck(_STRUCK, md), "struck", 65)
        md.inlinePatterns.register(_BareAddress(_BARE, md), "bare_address", 95)
        md.treeprocessors.register(_Pieces(md), "pieces", 25)
        md.treeprocessors.register(_StrictAttributes(md), "attr_list", 8)
        md.treeprocessors.register(_UsedNotes(md), "used_notes", 7)
        md.treeprocessors.register(_Figures(md), "figures", -10)


class _MailTags(Extension):
    """Leaves bare addresses alone that hold a placeholder, which stands for a value of each partner."""

    def __init__(self, tag: re.Pattern[str]) -> None:
        super().__init__()
        self._tag = tag

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        md.inlinePatterns.register(_BareAddress(_BARE, md, self._tag), "bare_address", 95)


class _PageLooks(Extension):
    """The classes by which pages style cells and questions; registered after all other processors."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        md.treeprocessors.register(_Tables(md), "cells", -11)
        md.treeprocessors.register(_Questions(md), "questions", -12)


def markdown_html(text: str) -> str:
    """Convert the Markdown of a page to an HTML fragment whose headings have ids. The result is deterministic.

    Raises `UnreadableMarkdownError`.
    """
    return _converted(text, _PageLooks)


def mail_markdown_html(text: str, tag: re.Pattern[str] | None = None) -> str:
    """Convert the Markdown of a mail to an HTML fragment with the same words; cells say their side by `align`.

    `tag` finds placeholders of template tags: an address with such a placeholder is no link.

    Raises `UnreadableMarkdownError`.
    """
    return _converted(text, *((_MailTags, tag) if tag else ()))


def _converted(text: str, *more: object) -> str:
    begun = _open_tag(text)
    if text.count("<", begun) > _MOST_OPEN:
        remedy = r"close it with >, or write \< for the sign itself"
        raise UnreadableMarkdownError("an element is never closed", remedy, text[begun:])
    if len(text) > _LONGEST_BODY:
        what = f"the text has {len(text)} characters"
        raise UnreadableMarkdownError(what, f"shorten it to at most {_LONGEST_BODY}, or split it")
    converter = _converter(get_ident(), *more)
    try:
        converted = converter.convert(text)
        converter.reset()
    except BaseException as error:
        _converter.cache_clear()  # what it was in the middle of stays with it
        if not isinstance(error, NestedTooDeeplyError | RecursionError):
            raise
        what = "the text is nested too deeply"
        raise UnreadableMarkdownError(what, "write it with fewer levels") from error
    return converted


@lru_cache(maxsize=8)
def _converter(thread: int, looks: Callable[..., Extension] | None = None, *of_looks: object) -> Markdown:
    """Return the converter of a thread, for one text after another: to make one takes a fifth of a conversion."""
    del thread
    return Markdown(
        extensions=[*_EXTENSIONS, _Dialect(), *([looks(*of_looks)] if looks else [])],
        extension_configs={
            "tables": {"use_align_attribute": True},
            "footnotes": {"BACKLINK_TEXT": "↩\N{VARIATION SELECTOR-15}", "USE_DEFINITION_ORDER": False},
            "toc": {"slugify": _anchor},
        },
        output_format="html",
    )


def _open_tag(text: str) -> int:
    """Return the place of the first tag without an end, else the end of the text."""
    place = 0
    while begin := _TAG_BEGIN.search(text, place):
        place = begin.end()
        while part := _TAG_PART.search(text, place):
            place = part.end() if part[0] == ">" else text.find(part[0][-1], part.end()) + 1
            if part[0] == ">" or not place:
                break
        if not part or not place:
            return begin.start()
    return len(text)


def _anchor(text: str, separator: str) -> str:
    """Return the id of a heading; Latin letters lose their marks, other scripts keep theirs."""
    if all(char.isascii() or "LATIN" in unicodedata.name(char, "") for char in text if char.isalpha()):
        return slugify(text, separator)
    return in_own_script(text, separator)
