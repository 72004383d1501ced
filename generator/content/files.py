"""The files of `content/`, read in a fixed order and checked for names, encoding and control characters."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rewards import Fault, suggestion

ROOMS = ("announcements", "campaigns", "offers", "pages")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_SLUG = 100
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ContentFile:
    """`content/ROOM/SLUG.md`, or its translation `SLUG.LANG.md`; `language` is empty for the default one.

    `file` is relative to the site folder, with forward slashes. `text` has line feeds as line ends.
    """

    room: str
    slug: str
    language: str
    file: str
    text: str


def slug_fault(slug: str, file: str, line: int | None = None, field: str = "") -> Fault | None:
    """Return a fault unless the slug consists of words of a-z and 0-9 joined by single hyphens."""
    if _SLUG.fullmatch(slug) and len(slug) <= _LONGEST_SLUG:
        return None
    if len(slug) > _LONGEST_SLUG:
        return Fault(
            f"the slug {slug!r} is longer than {_LONGEST_SLUG} characters",
            "shorten it",
            file,
            line,
            None,
            field,
        )
    better = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-") or "my-page"
    what = f"the slug {slug!r} holds other characters than a-z, 0-9 and single hyphens"
    return Fault(what, f"call it {better!r}", file, line, None, field)


def read_text(path: Path, file: str, faults: list[Fault]) -> str | None:
    """Read the text of a file; returns None after adding a fault (unreadable, not UTF-8, a NUL byte).

    A byte order mark is removed, and line ends become line feeds. Characters that XML forbids are removed with a
    remark.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        faults.append(
            Fault(f"cannot be read: {error.strerror}", "check that it exists and may be read", file)
        )
        return None
    nul = raw.find(b"\0")
    if nul >= 0:
        line = raw.count(b"\n", 0, nul) + 1
        faults.append(Fault("the file holds a NUL byte", "save it as UTF-8 text without it", file, line))
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"the file is not UTF-8 (byte {raw[error.start]:#04x})"
        faults.append(Fault(what, "save it in the encoding UTF-8", file, line))
        return None
    return without_forbidden(text.replace("\r\n", "\n").replace("\r", "\n"), file, faults)


def without_forbidden(text: str, file: str, faults: list[Fault], line: int = 1) -> str:
    """Return `text` without the control characters that XML 1.0 forbids; adds a remark for the first one."""
    found = _FORBIDDEN.search(text)
    if found is None:
        return text
    line += text.count("\n", 0, found.start())
    what = f"the control character U+{ord(found[0]):04X} is left out"
    faults.append(Fault(what, "remove it from the text", file, line, severity="remark"))
    return _FORBIDDEN.sub("", text)


def content_files(
    site: Path, room: str, languages: Collection[str], faults: list[Fault]
) -> Iterator[ContentFile]:
    """Yield the Markdown files of `content/ROOM`, sorted by name; adds a fault for each unusable file.

    `languages` are the site's languages, the default language first.
    """
    folder = site / "content" / room
    if not folder.is_dir():
        return
    names = {
        path.name
        for path in folder.iterdir()
        if not path.name.startswith(".") and not path.name.endswith("~")
    }
    for name in sorted(names):
        found = _content_file(folder / name, room, tuple(languages), names, faults)
        if found:
            yield found


def _content_file(
    path: Path, room: str, languages: tuple[str, ...], names: Collection[str], faults: list[Fault]
) -> ContentFile | None:
    file = f"content/{room}/{path.name}"
    if path.suffix != ".md" or path.is_dir():
        remedy = "content is SLUG.md; put images and other files into content/static/"
        faults.append(Fault("the file is not used", remedy, file, severity="remark"))
        return None
    slug, _, language = path.name.removesuffix(".md").partition(".")
    before = len(faults)
    faults.extend(fault for fault in [slug_fault(slug, file)] if fault)
    if language:
        faults.extend(_language_faults(slug, language, languages, names, file))
    text = read_text(path, file, faults)
    if text is None or any(fault.severity == "fault" for fault in faults[before:]):
        return None
    return ContentFile(room, slug, language, file, text)


def _language_faults(
    slug: str, language: str, languages: tuple[str, ...], names: Collection[str], file: str
) -> Iterator[Fault]:
    if language not in languages:
        remedy = f"add it to site.languages, or {suggestion(language, languages)}"
        yield Fault(f"{language!r} is none of the site's languages", remedy, file)
    elif language == languages[0]:
        yield Fault(f"{language!r} is the default language", f"call the file {slug}.md", file)
    if f"{slug}.md" not in names:
        yield Fault("this translation has no original", f"add {slug}.md in the default language", file)


def content_names(site: Path) -> dict[str, tuple[str, str, str]]:
    """Return room, slug and language of every Markdown file, readable or not, by its path below `content/`."""
    found = {}
    for room in ROOMS:
        for path in sorted((site / "content" / room).glob("[!.]*.md")):
            slug, _, language = path.name.removesuffix(".md").partition(".")
            found[f"{room}/{path.name}"] = (room, slug, language)
    return found


def static_files(site: Path, faults: list[Fault]) -> dict[str, Path]:
    """Return the files under `content/static/` by their path on the site; adds a fault for a symbolic link."""
    folder = site / "content" / "static"
    found: dict[str, Path] = {}
    if not folder.is_dir():
        return found
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        file = f"content/static/{name}"
        if path.is_symlink():
            faults.append(
                Fault("a symbolic link could publish a private file", "put a copy in its place", file)
            )
        elif path.is_file():
            found[name] = path
    return found
