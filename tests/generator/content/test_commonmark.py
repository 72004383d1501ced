"""How far our Markdown agrees with CommonMark: the examples of its specification against the table in the reference."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib

from generator.content.markdown import mail_markdown_html
from generator.errors import UnreadableMarkdownError

ROOT = Path(__file__).parents[3]
SPECIFICATION = ROOT / "tests/tools/node_modules/commonmark-spec/spec.txt"
REFERENCE = ROOT / "docs/reference/markdown.md"
EXAMPLE = re.compile(
    r"^`{32} example\n(?P<text>[\s\S]*?)^\.\n(?P<html>[\s\S]*?)^`{32}$|^#{1,6} *(?P<section>.*)$",
    re.MULTILINE,
)
ROW = re.compile(r"^\| (?P<sections>[^|]+) \| (?P<same>\d+) of (?P<all>\d+) \|", re.MULTILINE)


def examples() -> Iterator[tuple[str, str, str]]:
    """Section, Markdown and HTML of each example; `→` stands for a tab."""
    section = ""
    for found in EXAMPLE.finditer(
        SPECIFICATION.read_text(encoding="utf-8").partition("<!-- END TESTS -->")[0]
    ):
        section = found["section"] or section
        if found["section"] is None:
            yield section.lower(), found["text"].replace("→", "\t"), found["html"].replace("→", "\t")


def parts(html: str) -> list[object]:
    """The elements, attributes and words of a fragment in order; ids of headings are ours alone."""
    return list(_parts(html5lib.parseFragment(html, namespaceHTMLElements=False), preformatted=False))


def _parts(element: Element, *, preformatted: bool) -> Iterator[object]:
    def words(text: str | None) -> list[str]:
        return [text or ""] if preformatted else (text or "").split()

    yield from words(element.text)
    for child in element:
        if isinstance(child.tag, str):
            heading = re.fullmatch("h[1-6]", child.tag)
            yield child.tag, {name: value for name, value in child.items() if not (heading and name == "id")}
            yield from _parts(child, preformatted=preformatted or child.tag == "pre")
            yield f"/{child.tag}"
        yield from words(child.tail)


def converted(text: str) -> str:
    """Our HTML, or the fault that says why there is none."""
    try:
        return mail_markdown_html(text)
    except UnreadableMarkdownError as error:
        return str(error)


def test_the_table_of_differences_is_true() -> None:
    """Each row of the table says in how many examples of its sections our HTML is that of the specification."""
    every, same = Counter[str](), Counter[str]()
    for section, text, html in examples():
        every[section] += 1
        same[section] += parts(converted(text)) == parts(html)
    assert 652 == every.total()
    told = {}
    for row in ROW.finditer(REFERENCE.read_text(encoding="utf-8")):
        sections = [one.lower() for one in row["sections"].split(", ")]
        told[row["sections"]] = (int(row["same"]), int(row["all"]))
        found = sum(same[one] for one in sections), sum(every.pop(one) for one in sections)
        assert told[row["sections"]] == found, row["sections"]
    assert not every
