"""The screen of one file that differs: the page as readers see it and as they would, side by side, and its text."""

from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from generator.headers import headers_of
from offerpress.build.manifest import last_build
from offerpress.build.publishing import PUBLISHED_PAGES, file_changes, file_sort, last_published
from offerpress.preview.answers import Answer
from offerpress.studio.publishing.publish_page import file_title
from offerpress.studio.state.differences import page_difference
from offerpress.studio.state.studio import Context, NotThere, Visit, address_of

_LARGEST = 2_000_000
_SILENT = frozenset({"script", "style", "template"})
_INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "cite", "code", "data", "del", "em", "i", "ins", "mark", "q", "s"),
        *("small", "span", "strong", "sub", "sup", "time", "u", "var"),
    }
)


def published_file_page(visit: Visit) -> Context:
    """Show a page or feed that differs: before and after, as readers see it and as text."""
    path = visit.query.get("file", "")
    built, published = last_build(visit.site), last_published(visit.site)
    changes = file_changes(published.files if published else {}, built.files if built else {})
    change = next((one for one in changes if one.path == path and one.sort != "statement"), None)
    if change is None or built is None:
        raise NotThere("This file does not differ from the published one any more.")
    places = {"before": visit.site.private / PUBLISHED_PAGES, "after": built.output}
    gone = {"new": "before", "gone": "after"}.get(change.word, "")
    texts = {name: "" if name == gone else _text(folder / path) for name, folder in places.items()}
    shown = change.sort == "page"
    narrow = visit.query.get("width") == "narrow"
    return {
        "change": change,
        "title": file_title(places["before" if change.word == "gone" else "after"] / path),
        "sides": [
            (
                {"before": "Published now", "after": "After publishing"}[name],
                _frame(visit, folder, path) if name != gone and shown else "",
            )
            for name, folder in places.items()
        ]
        if shown
        else [],
        "lines": list(page_difference(texts["before"], texts["after"])),
        "narrow": narrow,
        "widths": [
            ("Wide", address_of("/publish/file", file=path), not narrow),
            ("Narrow", address_of("/publish/file", file=path, width="narrow"), narrow),
        ],
    }


def _frame(visit: Visit, folder: Path, path: str) -> str:
    """Return the address of a page of that folder, whose pictures and styles are those of the same folder."""
    return visit.frames_below(lambda _: partial(_answer, folder)) + path


def _answer(folder: Path, name: str) -> Answer | None:
    """Return a file of that folder; None for one outside of it, and for everything about a partner's statement."""
    root = folder.resolve()
    file = (root / (f"{name}index.html" if not name or name.endswith("/") else name)).resolve()
    if not file.is_relative_to(root) or file_sort(file.relative_to(root).as_posix()) == "statement":
        return None
    try:
        return Answer(file.read_bytes(), headers_of(file.name).content_type)
    except OSError:
        return None


def _text(file: Path) -> str:
    """Return what a page says, a line for each block; other files as they are."""
    try:
        if file.stat().st_size > _LARGEST:
            return "(This file is too large to be compared here.)"
        raw = file.read_bytes()
    except OSError:
        return ""
    if b"\0" in raw:
        return "(This is no text.)"
    written = raw.decode("utf-8", "replace")
    return page_text(written) if file.suffix == ".html" else written


class _Words(HTMLParser):
    """Collects the words of a page; a block begins a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag not in _INLINE:
            self.lines.append("")
        alternative = dict(attrs).get("alt")
        if tag == "img" and alternative:
            self.lines.append(alternative)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        if tag not in _INLINE:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.lines[-1] += data


def page_text(html: str) -> str:
    """Return the words of a page that readers see, a line for each block."""
    parser = _Words()
    parser.feed(html)
    return "\n".join(line for one in parser.lines if (line := " ".join(one.split())))
