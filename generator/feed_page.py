"""What makes a feed readable in a browser: a style sheet, and a word of explanation with a link to the page.

Browsers are dropping XSLT, so a feed stays itself and is only styled; the few XHTML elements are foreign to feed
readers, which skip what they do not know (RSS 2.0, "Extending RSS"; RFC 4287, section 6.3).
"""

from typing import NamedTuple

from lxml import etree

_ATOM = "http://www.w3.org/2005/Atom"
_XHTML = "http://www.w3.org/1999/xhtml"


class FeedHint(NamedTuple):
    """Sentences in the reader's language, and the style sheet's address seen from the feed."""

    explanation: str
    to_page: str
    styles: str


class ReadableFeed:
    """An extension of a feedgen feed: adds the hint and, to RSS, where updates are pushed from (WebSub).

    Atom has links of its own for that.
    """

    def __init__(self) -> None:
        self._hint = FeedHint("", "", "")
        self._page = self._hub = ""

    def show(self, hint: FeedHint, page: str, hub: str) -> None:
        """Sets what is added; an empty `hub` is none."""
        self._hint, self._page, self._hub = hint, page, hub

    def extend_ns(self) -> dict[str, str]:
        """The prefix of the hint's elements."""
        return {"xhtml": _XHTML}

    def extend_rss(self, feed: etree._Element) -> etree._Element:
        """Adds to the channel, before its items."""
        channel = feed[0]
        if self._hub:
            channel.insert(0, etree.Element(f"{{{_ATOM}}}link", rel="hub", href=self._hub))
        self._explain(channel)
        return feed

    def extend_atom(self, feed: etree._Element) -> etree._Element:
        """Adds to the feed, before its entries."""
        self._explain(feed)
        return feed

    def _explain(self, parent: etree._Element) -> None:
        box = etree.Element(f"{{{_XHTML}}}div")
        etree.SubElement(box, f"{{{_XHTML}}}p").text = self._hint.explanation
        link = etree.SubElement(etree.SubElement(box, f"{{{_XHTML}}}p"), f"{{{_XHTML}}}a", href=self._page)
        link.text = self._hint.to_page
        parent.insert(0, box)


def styled(feed: bytes, hint: FeedHint) -> bytes:
    """The document with an instruction that names its style sheet; as it is without one."""
    declaration, _, rest = feed.partition(b"?>\n")
    if not hint.styles:
        return feed
    return declaration + f'?>\n<?xml-stylesheet type="text/css" href="{hint.styles}"?>\n'.encode() + rest
