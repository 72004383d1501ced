"""The text of a content file as it was opened, and what somebody typed as the bytes to save.

A text area has line feeds only. Lines that were not changed keep their line end, new ones get that of the file; a byte
order mark stays. So what nobody touched has the same bytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property
from typing import Final

from generator.content.files import without_forbidden
from generator.content.front_matter import Document, parsed_document
from offerpress.site.site import Site
from offerpress.writing.drafts import OpenBy, TextDraft, draft_of, open_by
from offerpress.writing.paths import ContentPath, FileVanished, WritingRefused
from offerpress.writing.versions import digest_of_text, observed
from rewards import Fault

BOM: Final = "\ufeff"
_END: Final = re.compile(r"\r\n|\r|\n")


class NotText(WritingRefused):
    """The file is not UTF-8, so that a text area would change it."""


@dataclass(frozen=True)
class OpenFile:
    """A content file as it was opened; `digest` is given back to `save`."""

    path: ContentPath
    content: bytes
    digest: str

    @cached_property
    def text(self) -> str:
        """The whole text as a text area holds it: without byte order mark, with line feeds. Raises `NotText`."""
        return typed_text(self.content, self.path.name)

    @cached_property
    def values(self) -> Mapping[str, object] | None:
        """The values of the front matter as the site reads them; None where it cannot be read (see `faults`)."""
        document = self._parsed[0]
        return document.raw if document else None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What keeps the front matter from being read, and remarks about it."""
        return self._parsed[1]

    @property
    def body(self) -> str:
        """What follows the front matter; the whole text where there is none."""
        return body_of(self.text)

    @cached_property
    def _parsed(self) -> tuple[Document | None, tuple[Fault, ...]]:
        faults: list[Fault] = []
        text = without_forbidden(self.text, self.path.name, faults)
        document, found = parsed_document(text, self.path.name)
        return document, (*faults, *found)


def open_file(site: Site, path: ContentPath, at: datetime) -> OpenFile:
    """Open a content file, and keep what another program wrote as a version. Raises `FileVanished`."""
    content = observed(site, path, at)
    if content is None:
        raise FileVanished(
            f"{path.name} is not there any more: somebody deleted or renamed it. Its versions are kept."
        )
    return OpenFile(path, content, digest_of_text(content))


@dataclass(frozen=True, slots=True)
class OpenFor:
    """A file as one person finds it: with what that person typed and did not save, and who else has it open."""

    file: OpenFile
    draft: TextDraft | None
    others: tuple[OpenBy, ...]


def open_for(site: Site, path: ContentPath, person: str, at: datetime) -> OpenFor:
    """Open a content file for a person. Raises `FileVanished`."""
    others = [one for one in open_by(site, at).get(path.name, ()) if one.person != person]
    return OpenFor(open_file(site, path, at), draft_of(site, path, person), tuple(others))


def typed_text(content: bytes, name: str) -> str:
    """Return the bytes as a text area holds them; raises `NotText`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotText(
            f"{name} is not UTF-8 (line {line}), so it cannot be changed here without damage: save it as UTF-8 first."
        ) from None
    if "\0" in text:
        raise NotText(
            f"{name} holds a NUL byte, so it cannot be changed here without damage: remove it first."
        )
    return _END.sub("\n", text.removeprefix(BOM))


def body_of(text: str) -> str:
    """Return what follows the front matter of a text with line feeds; the whole text where there is none."""
    end = front_matter_end(text)
    return text if end is None else text[end:]


def with_text(content: bytes, typed: str) -> bytes:
    """Return the bytes of what somebody made of the whole text in a text area."""
    old = content.decode("utf-8")
    mark = BOM if old.startswith(BOM) else ""
    return (mark + _with_old_ends(old.removeprefix(BOM), typed)).encode()


def with_body(content: bytes, typed: str) -> bytes:
    """Return the bytes with another body; the front matter stays as it is."""
    text = typed_text(content, "")
    end = front_matter_end(text)
    front = "" if end is None else text[:end]
    return with_text(content, front + _END.sub("\n", typed))


def line_end_of(text: str) -> str:
    """Return the line end that most lines of a text have; a line feed where there is none."""
    ends = _END.findall(text)
    return max(("\n", "\r\n", "\r"), key=ends.count) if ends else "\n"


def front_matter_end(text: str) -> int | None:
    """Return where the body begins, by the rule of the reader: a line `---` ends the front matter."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    return None if end is None else min(len(text), sum(len(line) + 1 for line in lines[: end + 1]))


def _with_old_ends(old: str, typed: str) -> str:
    """Give each line of `typed` the end of the line of `old` that it is; new lines get the usual one."""
    before, after = list(_split(old)), _END.split(typed)
    usual = line_end_of(old)
    matcher = SequenceMatcher(None, [line for line, _ in before], after, autojunk=False)
    ends = [usual] * len(after)
    for a, b, size in matcher.get_matching_blocks():
        for n in range(size):
            ends[b + n] = before[a + n][1] or usual
    ends[-1] = ""
    return "".join(line + end for line, end in zip(after, ends, strict=True))


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line with its end; the last one has none."""
    parts = _END.split(text)
    yield from zip(parts, [*_END.findall(text), ""], strict=True)
