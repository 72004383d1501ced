"""Markdown to HTML with the extensions that content may use, and with three tree processors of its own.

Pages have no inline styles; classes say how cells, figures and questions look.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from generator.content.front_matter import Document

_EXTENSIONS = (
    "tables",
    "footnotes",
    "def_list",
    "admonition",
    "fenced_code",
    "attr_list",
    "abbr",
    "sane_lists",
    "toc",
    "md_in_html",
)
_QUESTION = re.compile(r"[?\u037e\u061f\uff1f]\s*$")
_WIDE = 5
"""The number of columns from which a table scrolls sideways on a narrow screen."""


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


class _Tables(Treeprocessor):
    """Marks the alignment of cells by classes, and puts a wide table into a box that scrolls, also by keyboard."""

    def run(self, root: Element) -> None:
        for cell in (*root.iter("th"), *root.iter("td")):
            side = cell.attrib.pop("align", "")
            if side in {"right", "center"}:
                cell.set("class", "number" if side == "right" else "middle")
        for parent in list(root.iter()):
            for place, child in enumerate(parent):
                if child.tag == "table" and sum(1 for _ in child.iter("th")) >= _WIDE:
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


class _OwnProcessors(Extension):
    """The tree processors of this module, which run after all others."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library calls it so
        for name, processor in (("figures", _Figures), ("cells", _Tables), ("questions", _Questions)):
            md.treeprocessors.register(processor(md), name, -10)


@lru_cache(maxsize=1024)  # a preview reads all texts again when one of them changed
def markdown_html(text: str) -> str:
    """Convert a Markdown text to an HTML fragment whose headings have ids. Deterministic; never raises."""
    converter = Markdown(
        extensions=[*_EXTENSIONS, _OwnProcessors()],
        extension_configs={
            "tables": {"use_align_attribute": True},
            "footnotes": {"BACKLINK_TEXT": "↩\N{VARIATION SELECTOR-15}"},
        },
        output_format="html",
    )
    return converter.convert(text)


def mail_markdown_html(text: str) -> str:
    """Convert a mail's Markdown to an HTML fragment, with only those extensions that move no text."""
    extensions = ["tables", "sane_lists", "fenced_code"]
    configs = {"tables": {"use_align_attribute": True}}
    return Markdown(extensions=extensions, extension_configs=configs, output_format="html").convert(text)


# The prose of Markdown source: lines without code, and blocks of lines that belong together.

_FENCE = re.compile(r"\s{0,3}(?P<mark>`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BEGINS = re.compile(r"\s*([-*+]|\d+[.)])\s|\s*\||\s{0,3}#|\s{0,3}>|:\s")


class SourceLine(NamedTuple):
    """A line of the file with its number, without code and comments."""

    number: int
    text: str


class Block(NamedTuple):
    """A paragraph, a list item or a table row with the number of its first line."""

    line: int
    text: str

    def line_at(self, place: int) -> int:
        """Return the line of the file that holds the character at index `place`."""
        return self.line + self.text.count("\n", 0, place)


def prose_lines(document: Document) -> list[SourceLine]:
    """Return the lines of the body; those of fenced code are empty."""
    body = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), document.body)
    found, fence = [], ""
    for number, text in enumerate(body.split("\n"), document.body_line):
        mark = _FENCE.match(text)
        if mark and (not fence or mark["mark"].startswith(fence)):
            fence = "" if fence else mark["mark"]
            found.append(SourceLine(number, ""))
        else:
            found.append(SourceLine(number, "" if fence else _CODE.sub("", text)))
    return found


def blocks(lines: list[SourceLine]) -> Iterator[Block]:
    """Yield the body in blocks: paragraphs, list items and table rows."""
    gathered: list[SourceLine] = []
    for line in lines:
        if gathered and (not line.text.strip() or _BEGINS.match(line.text)):
            yield _block(gathered)
            gathered = []
        if line.text.strip():
            gathered.append(line)
    if gathered:
        yield _block(gathered)


def _block(lines: list[SourceLine]) -> Block:
    return Block(lines[0].number, "\n".join(line.text for line in lines))
