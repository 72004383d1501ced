"""The files of `content/`, read in a fixed order and checked for names, encoding and control characters."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rewards import Fault, suggestion

ROOMS = ("announcements", "campaigns", "offers", "pages")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_SLUG = 100
_SURROGATES = re.compile("[\ud800-\udfff]")
_BREAKS = "\x0b\x0c"
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


def slug_fault(slug: str, file: str) -> Fault | None:
    """Return a fault unless the slug consists of words of a-z and 0-9 joined by single hyphens."""
    if _SLUG.fullmatch(slug) and len(slug) <= _LONGEST_SLUG:
        return None
    if len(slug) > _LONGEST_SLUG:
        return Fault(f"the slug {slug!r} is longer than {_LONGEST_SLUG} characters", "shorten it", file)
    better = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-") or "my-page"
    what = f"the slug {slug!r} holds other characters than a-z, 0-9 and single hyphens"
    return Fault(what, f"call it {better!r}", file)


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
    return _readable(text, file, faults)


def _readable(text: str, file: str, faults: list[Fault]) -> str:
    return without_forbidden(text.replace("\r\n", "\n").replace("\r", "\n"), file, faults)


def without_forbidden(text: str, file: str, faults: list[Fault], line: int = 1) -> str:
    """Return `text` without the control characters that XML 1.0 forbids; adds a remark for the first one.

    A vertical tab, the soft line break of presentations, and a form feed become spaces: words stay apart.
    """
    found = _FORBIDDEN.search(text)
    if found is None:
        return text
    line += text.count("\n", 0, found.start())
    outcome = "becomes a space" if found[0] in _BREAKS else "is left out"
    what = f"the control character U+{ord(found[0]):04X} {outcome}"
    faults.append(Fault(what, "remove it from the text", file, line, severity="remark"))
    return _FORBIDDEN.sub(lambda match: " " if match[0] in _BREAKS else "", text)


Unsaved = Mapping[str, str]
"""Texts that take the place of files, by their path below the site folder: what an editor holds and did not save."""
NOTHING_UNSAVED: Unsaved = {}


def content_files(
    site: Path,
    room: str,
    languages: Collection[str],
    faults: list[Fault],
    unsaved: Unsaved = NOTHING_UNSAVED,
) -> Iterator[ContentFile]:
    """Yield the Markdown files of `content/ROOM`, sorted by name; adds a fault for each unusable file.

    `languages` are the site's languages, the default language first.
    """
    folder = site / "content" / room
    names = {
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if not path.name.startswith(".") and not path.name.endswith("~")
    }
    names |= _unsaved_names(room, unsaved)
    for name in sorted(names):
        found = _content_file(folder / name, room, tuple(languages), names, faults, unsaved)
        if found:
            yield found


def _unsaved_names(room: str, unsaved: Unsaved) -> set[str]:
    return {file.rpartition("/")[2] for file in unsaved if file.startswith(f"content/{room}/")}


def _content_file(
    path: Path,
    room: str,
    languages: tuple[str, ...],
    names: Collection[str],
    faults: list[Fault],
    unsaved: Unsaved,
) -> ContentFile | None:
    file = f"content/{room}/{shown_name(path.name)}"
    if path.suffix != ".md" or path.is_dir():
        remedy = "content is SLUG.md; put images and other files into content/static/"
        if path.suffix.casefold() == ".md" and not path.is_dir():
            remedy = f"call it {shown_name(path.stem)}.md"
        faults.append(Fault("the file is not used", remedy, file, severity="remark"))
        return None
    slug, _, language = shown_name(path.name).removesuffix(".md").partition(".")
    before = len(faults)
    faults.extend(fault for fault in [slug_fault(slug, file)] if fault)
    if language:
        faults.extend(_language_faults(slug, language, languages, names, file))
    typed = unsaved.get(file)
    text = read_text(path, file, faults) if typed is None else _readable(typed, file, faults)
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


def content_names(site: Path, unsaved: Unsaved = NOTHING_UNSAVED) -> dict[str, tuple[str, str, str]]:
    """Return room, slug and language of every Markdown file, readable or not, by its path below `content/`."""
    found = {}
    for room in ROOMS:
        folder = site / "content" / room
        names = {
            path.name
            for path in (folder.iterdir() if folder.is_dir() else ())
            if path.suffix == ".md" and not path.name.startswith(".") and not path.is_dir()
        }
        for name in sorted(names | _unsaved_names(room, unsaved)):
            slug, _, language = name.removesuffix(".md").partition(".")
            found[f"{room}/{name}"] = (room, slug, language)
    return found


def unread_files(site: Path) -> Iterator[Fault]:
    """Yield a remark for each file and folder in `content/` that nothing reads."""
    known = ("static", *ROOMS)
    folder = site / "content"
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.name in {*known, "program.toml"} or path.name.startswith(".") or path.name.endswith("~"):
            continue
        file = f"content/{shown_name(path.name)}"
        if path.is_dir():
            remedy = suggestion(path.name.casefold(), known)
            yield Fault("the folder is not read", remedy, file, severity="remark")
        elif path.name.casefold() == "program.toml":
            yield Fault("the file is not read", "call it program.toml", file, severity="remark")
        elif path.suffix.casefold() == ".md":
            remedy = "move it into announcements, campaigns, offers or pages"
            yield Fault("the file is not read", remedy, file, severity="remark")
        else:
            remedy = "move it into static if it is to be published"
            yield Fault("the file is not read", remedy, file, severity="remark")


def shown_name(name: str) -> str:
    """Return a file name for people: bytes that are no UTF-8 are written as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


# The files of `content/static/`, which are published under their own names.

_MEANT = (".well-known/*", ".nojekyll", ".htaccess", ".domains")
_LEFTOVERS = (
    *(
        "*~",
        "~$*",
        "#*#",
        "*.bak",
        "*.orig",
        "*.rej",
        "*.old",
        "*.swp",
        "*.swo",
        "*.tmp",
        "*.part",
        "*.crdownload",
    ),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "cvs", "node_modules", "__pycache__"),
)
_LONGEST_NAME = 255


def static_files(site: Path, meant: Collection[str], faults: list[Fault]) -> dict[str, Path]:
    """Return the files under `content/static/` by their path on the site, in composed Unicode form (NFC).

    Adds a fault for symbolic links, names that cannot be published, names that differ only by case or Unicode form,
    and leftovers that do not match one of the patterns `meant`.
    """
    found: dict[str, Path] = {}
    folded: dict[str, str] = {}
    for name, path in _static_paths(site / "content" / "static", (*_MEANT, *meant), faults):
        composed = unicodedata.normalize("NFC", name)
        fault = _name_fault(composed)
        other = folded.setdefault(composed.casefold(), name)
        if fault is None and other != name:
            differ = "Unicode form" if unicodedata.normalize("NFC", other) == composed else "case"
            fault = f"the name differs from {shown_name(other)!r} only by its {differ}", "rename one of them"
        if fault is not None:
            faults.append(Fault(*fault, f"content/static/{shown_name(name)}"))
        else:
            found[composed] = path
    return found


def _static_paths(folder: Path, meant: Collection[str], faults: list[Fault]) -> Iterator[tuple[str, Path]]:
    """Yield name and path of each plain file; of a link or leftover a fault, and nothing that lies in it."""
    waiting = [folder] if folder.is_dir() else []
    while waiting:
        for path in sorted(waiting.pop().iterdir(), reverse=True):
            name = path.relative_to(folder).as_posix()
            file = f"content/static/{shown_name(name)}"
            if path.is_symlink():
                what = "a symbolic link could publish a private file"
                faults.append(Fault(what, "put a copy in its place", file))
            elif _is_leftover(name, meant) and not (path.is_dir() and _holds_meant(name, meant)):
                what = "the file looks like a leftover that nobody means to publish"
                remedy = "delete it, or list it in site.publish_also"
                faults.append(Fault(what, remedy, file))
            elif path.is_dir():
                waiting.append(path)
            elif path.is_file():
                yield name, path


def _is_leftover(name: str, meant: Collection[str]) -> bool:
    if any(fnmatchcase(name, pattern) for pattern in meant):
        return False
    last = name.rpartition("/")[2].casefold()
    return last.startswith(".") or any(fnmatchcase(last, pattern) for pattern in _LEFTOVERS)


def _holds_meant(folder: str, meant: Collection[str]) -> bool:
    return any(pattern.startswith(f"{folder}/") for pattern in meant)


def _name_fault(name: str) -> tuple[str, str] | None:
    """Return what keeps a name from being an address of the site, and the remedy; None if nothing does."""
    if _SURROGATES.search(name):
        return "the name is not UTF-8", "rename it: an archive from another system may have written it"
    if not name.isprintable() or "\\" in name:
        return "the name holds a backslash or an unprintable character", "rename it"
    if any(len(part.encode()) > _LONGEST_NAME for part in name.split("/")):
        return f"the name is longer than {_LONGEST_NAME} bytes", "shorten it"
    if name.partition("/")[0].casefold() == ".offerpress":
        return "the name belongs to the site itself", "rename it"
    return None
