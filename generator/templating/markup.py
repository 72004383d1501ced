"""HTML read by the rules of the HTML standard where Python's parser departs from them: character references.

Python's parser decodes references in attribute values like those in text, so that `&currency=` becomes `¤cy=`. The
standard decodes a reference in an attribute without its semicolon only if neither `=` nor a letter or digit follows
(WHATWG HTML, 13.2.5.73, named character reference state).
"""

import re
from html import unescape
from html.entities import html5
from html.parser import HTMLParser

Attributes = dict[str, str | None]
WIDE_TABLE = 5
"""The number of columns from which a table scrolls sideways on a narrow screen."""
_TAG_NAME = re.compile(r"<[^\s/>]+")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?P<name>[^\s/>][^\s/>=]*)(?:\s*=\s*(?P<value>"[^"]*"|'[^']*'|(?!["'])[^\s>]*))?"""
)
_REFERENCE = re.compile(r"&(?:#(?:[0-9]+|[xX][0-9A-Fa-f]+);?|(?P<name>[A-Za-z][A-Za-z0-9]*;?))")


class MarkupParser(HTMLParser):
    """A parser whose text and attribute values are decoded; subclasses have `start_tag` in place of two methods."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def start_tag(self, tag: str, attributes: Attributes, *, closed: bool) -> None:
        """Handle a start tag; `closed` tells that it ends with `/>`."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Call `start_tag` with the attributes by the standard."""
        del attrs
        self.start_tag(tag, tag_attributes(self.get_starttag_text() or ""), closed=False)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Call `start_tag` with the attributes by the standard."""
        del attrs
        self.start_tag(tag, tag_attributes(self.get_starttag_text() or ""), closed=True)


def tag_attributes(start_tag: str) -> Attributes:
    """Return the attributes of a start tag such as `<a href="…">`; the first of two with one name counts."""
    found: Attributes = {}
    name = _TAG_NAME.match(start_tag)
    place = name.end() if name else len(start_tag)
    end = len(start_tag) - 1
    while match := _ATTRIBUTE.match(start_tag, place, end):
        value = match["value"]
        if value and value[0] in "\"'":
            value = value[1:-1]
        found.setdefault(match["name"].lower(), None if value is None else attribute_value(value))
        place = match.end()
    return found


def attribute_value(written: str) -> str:
    """Return the value of an attribute as it is written in HTML, with its character references decoded.

    A reference to a control character, which is an error in HTML, gives nothing: feeds could not hold the character.
    """

    def decoded(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return unescape(match[0])
        if name not in html5 or (not name.endswith(";") and written[match.end() : match.end() + 1] == "="):
            return match[0]
        return html5[name]

    return _REFERENCE.sub(decoded, written)
