"""HTML as written: character references in text and attributes, compared with html5lib, which follows the standard."""

import re

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.content.bodies import compile_page_body
from generator.templating.markup import attribute_value, tag_attributes
from rewards import Fault

PIECES = [
    "&",
    "amp",
    "copy",
    "not",
    "notin",
    "reg",
    "quot",
    "lt",
    "#128",
    "#x92",
    "#0",
    ";",
    "=",
    "a",
    "1",
    " ",
]


CONTROL = re.compile("[\x01-\x08\x0b\x0e-\x1f]")


def by_the_standard(written: str) -> str:
    """Return the value of an attribute as html5lib reads it, without the control characters that XML forbids."""
    tree = html5lib.parseFragment(f'<i title="{written}">', namespaceHTMLElements=False)
    value: str = tree[0].get("title")
    return CONTROL.sub("", value)


@example("&#01")
@example("a&#11;b")
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_attribute_values_are_those_of_the_standard(written: str) -> None:
    """A value means what WHATWG HTML 13.2.5.72 to 13.2.5.80 say, with semicolons and without."""
    assert by_the_standard(written) == attribute_value(written)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("/buy?a=1&copy=2&region=EU", "/buy?a=1&copy=2&region=EU"),
        ("/buy?a=1&amp;para=2", "/buy?a=1&para=2"),
        ("10 &euro; &ndash; 20&nbsp;&#8364;", "10 € – 20\N{NO-BREAK SPACE}€"),
        ("Q&A; AT&T", "Q&A; AT&T"),
        ("&#146;tis", "\N{RIGHT SINGLE QUOTATION MARK}tis"),
    ],
)
def test_attribute_value(written: str, value: str) -> None:
    """Addresses keep their parameters, and references with semicolons are decoded (WHATWG HTML 13.2.5.73)."""
    assert value == attribute_value(written) == by_the_standard(written)


def test_attributes_of_a_tag() -> None:
    """Quotes, no quotes, no value, upper case, and the first of two (WHATWG HTML 13.2.5.32 and 13.2.5.33)."""
    tag = """<a HREF=/x?a&b title='it"s' id = "one" hidden id="two"/>"""
    assert {"href": "/x?a&b", "title": 'it"s', "id": "one", "hidden": None} == tag_attributes(tag)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Q&A at H&M, 5 < 6</p>", "Q&A at H&M, 5 < 6"),
        ("<p>&#133; &#x80;20 &mdash; &copy 2024</p>", "… €20 — © 2024"),
        ('<p title="a&lt=b">R&amp;D&nbsp;&amp;amp; &bogus; x</p>', "R&D\N{NO-BREAK SPACE}&amp; &bogus; x"),
    ],
)
def test_body_says_what_was_written(source: str, text: str) -> None:
    """A body has the text that a browser shows for the author's HTML."""
    faults: list[Fault] = []
    body = compile_page_body(source, "a.md", 1, faults).html(lambda reference: reference.address)
    tree = html5lib.parseFragment(body, namespaceHTMLElements=False)
    assert [] == faults
    assert text == "".join(tree.itertext()).strip()


@pytest.mark.parametrize("query", ["a=1&copy=2", "sku=9&region=EU&currency=EUR", "x=1&amp;y=2&not=3"])
def test_address_in_html(query: str) -> None:
    """An address in an author's HTML arrives with its parameters, escaped once."""
    faults: list[Fault] = []
    written = f'<p><a href="https://shop.example/?{query}">x</a></p>'
    body = compile_page_body(written, "a.md", 1, faults).html(lambda reference: reference.address)
    link = html5lib.parseFragment(body, namespaceHTMLElements=False).find(".//a")
    assert link is not None
    assert f"https://shop.example/?{query.replace('&amp;', '&')}" == link.get("href")
