"""The HTML part of a mail as a template with inline styles and with tables that become cards on a phone."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from generator.notices.tags import Emitter, MarkedText
from generator.notices.tree import VOID, Element, Node
from generator.templating.formats import Direction

_CARD_COLUMNS = 3
_COMPACT_COLUMNS = 5
_LEFT_TO_RIGHT = frozenset({"code", "pre"})
_SIDE = re.compile(r"\b(left|right)\b")
# Padding, margin and the like with four lengths: top, right, bottom, left.
_FOUR = re.compile(r"(:\s*+)([^\s:;]++)\s++([^\s:;]++)\s++([^\s:;]++)\s++([^\s:;]++)(?=\s*+(?:;|$))")
_TABLE = (("border", "0"), ("cellpadding", "0"), ("cellspacing", "0"), ("width", "100%"))


@dataclass(frozen=True, slots=True)
class HtmlWriter:
    """Writes a tree as HTML; `styles` maps element names, and `label` for card labels, to declarations."""

    marked: MarkedText
    styles: Mapping[str, str]
    direction: Direction

    def write(self, root: Element) -> Emitter:
        """Return the template of the whole tree."""
        emitter = Emitter(self.marked.tags)
        for child in root.children:
            self._node(child, emitter)
        return emitter

    def _node(self, node: Node, emitter: Emitter) -> None:
        if isinstance(node, int):
            emitter.tag(node)
        elif isinstance(node, str):
            emitter.text(html.escape(node, quote=False))
        elif node.name == "table":
            self._table(node, emitter)
        else:
            self._element(node, emitter, self._attributes(node))

    def _element(
        self, element: Element, emitter: Emitter, attributes: dict[str, str], label: str = ""
    ) -> None:
        emitter.text(f"<{element.name}")
        for name, value in attributes.items():
            emitter.text(f' {name}="')
            self._value(value, emitter)
            emitter.text('"')
        emitter.text(">")
        if label:
            style = html.escape(self.styles.get("label", "display:none"))
            emitter.text(f'<span class="card-label" style="{style}">{html.escape(label)}</span>')
        for child in element.children:
            self._node(child, emitter)
        if element.name not in VOID:
            emitter.text(f"</{element.name}>")

    def _value(self, value: str, emitter: Emitter) -> None:
        for part in self.marked.parts(value):
            if isinstance(part, int):
                emitter.tag(part, "({}) | href")
            else:
                emitter.text(html.escape(part))

    def _attributes(self, element: Element, look: str = "") -> dict[str, str]:
        """Return the attributes with the inline style of the element, its classes, and the class `look`."""
        attributes = dict(element.attributes)
        classes = [*element.attribute("class").split(), look]
        own = (self.styles.get(f"{element.name}.{name}") for name in classes)
        style = "; ".join(filter(None, (self.styles.get(element.name), *own)))
        if element.name in {"td", "th"}:
            side = attributes.setdefault("align", "left")
            style = f"{style};text-align:{side}".lstrip(";")
            style += (
                ";white-space:nowrap"
                if element.name == "td" and element.attribute("align") == "right"
                else ""
            )
        if element.name == "th":
            attributes.setdefault("scope", "col")
        if self.direction == "rtl" and element.name not in _LEFT_TO_RIGHT:
            style = _mirrored(style)
            if "align" in attributes:
                attributes["align"] = _mirrored(attributes["align"])
        if style:
            attributes["style"] = style
        return attributes

    def _table(self, table: Element, emitter: Emitter) -> None:
        labels = self._labels(table)
        look = "compact" if len(_heads(table)) >= _COMPACT_COLUMNS else ""
        attributes = self._attributes(table) | dict(_TABLE) | ({"class": "cards"} if labels else {})
        emitter.text(
            "<table" + "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items()) + ">"
        )
        for section in table.children:
            if not isinstance(section, Element):
                self._node(section, emitter)
                continue
            emitter.text(f"<{section.name}>")
            for row in section.children:
                if isinstance(row, Element) and row.name == "tr":
                    self._row(row, emitter, labels if section.name != "thead" else [], look)
                else:
                    self._node(row, emitter)
            emitter.text(f"</{section.name}>")
        emitter.text("</table>")

    def _row(self, row: Element, emitter: Emitter, labels: list[str], look: str) -> None:
        emitter.text("<tr>")
        cells = iter(labels)
        for cell in row.children:
            if isinstance(cell, Element):
                self._element(cell, emitter, self._attributes(cell, look), next(cells, ""))
            else:
                self._node(cell, emitter)
        emitter.text("</tr>")

    def _labels(self, table: Element) -> list[str]:
        """Return the headings of a table that becomes cards: at least three columns, headings without tags."""
        heads = _heads(table)
        plain = [_plain(head) for head in heads]
        return [text or "" for text in plain] if len(heads) >= _CARD_COLUMNS and None not in plain else []


def _mirrored(style: str) -> str:
    """Return declarations with left and right exchanged."""
    swapped = _SIDE.sub(lambda side: "left" if side[1] == "right" else "right", style)
    return _FOUR.sub(r"\1\2 \5 \4 \3", swapped)


def _heads(table: Element) -> list[Element]:
    return [cell for cell in _descendants(table) if cell.name == "th"]


def _descendants(element: Element) -> list[Element]:
    found = []
    for child in element.children:
        if isinstance(child, Element):
            found += [child, *_descendants(child)]
    return found


def _plain(element: Element) -> str | None:
    """Return the element's text; None if it holds template tags."""
    parts = []
    for child in element.children:
        part = child if isinstance(child, str) else _plain(child) if isinstance(child, Element) else None
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def read_styles(css: str) -> dict[str, str]:
    """Parse `element { declarations }` rules to a mapping; declarations on one line, comments removed."""
    rules: dict[str, str] = {}
    for rule in _without_comments(css).split("}"):
        selectors, _, declarations = rule.partition("{")
        for selector in selectors.split(","):
            if selector.strip():
                rules[selector.strip()] = "; ".join(
                    part.strip() for part in declarations.split(";") if part.strip()
                )
    return rules


def _without_comments(css: str) -> str:
    return "".join(part.partition("/*")[0] for part in css.split("*/"))
