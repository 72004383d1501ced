"""`new` makes a starter site that builds at once, and `add` makes stubs of content."""

import json
import re
import shutil
import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from string import Template
from typing import Literal

from generator import CampaignCheck, SiteSettings, read_content
from offerpress.site.folder import SETTINGS_FILE, OfferpressError, require_utf8, starter_folder
from offerpress.site.keys import make_site_secret
from rewards import Fault, Program, format_amount

IGNORED = "/output/\n/private/\n"
README = "templates/stubs/site-readme.md"
WORDS = "templates/stubs/words.toml"


def start_site(folder: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Copy the starter content and data to `folder`, which must be absent or empty, and make its secret."""
    require_utf8(folder.absolute())
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OfferpressError(f"no new site: {folder}: it exists and is not an empty folder; name another")
    folder.mkdir(parents=True, exist_ok=True)
    starter = starter_folder()
    for name in ("content", "data"):
        shutil.copytree(starter / name, folder / name)
    shutil.copyfile(starter / SETTINGS_FILE, folder / SETTINGS_FILE)
    shutil.copyfile(starter / README, folder / "README.md")
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    make_site_secret(folder / "private", random_bytes)


StubKind = Literal["announcement", "offer", "campaign", "page"]
FOLDERS: dict[StubKind, str] = {
    "announcement": "content/announcements",
    "offer": "content/offers",
    "campaign": "content/campaigns",
    "page": "content/pages",
}
MOST_NAMED = 3
_LONGEST_SLUG = 100
_BEGINS = re.compile(r"\{[{%#]")
_PLAIN = re.compile(r"[^\W\d_][\w .'%-]*")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
# Letters without a decomposition, as passports write them (ICAO Doc 9303-3, table A).
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "TH",
        "ł": "l",
        "Ł": "L",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
        "Ħ": "H",
    }
)


@dataclass(frozen=True, slots=True)
class Stub:
    """The content to write: its kind, the kind of offer for an offer, and the title."""

    kind: StubKind
    title: str
    offer_kind: str = "cashback"

    @property
    def template(self) -> str:
        """The template in `templates/stubs/`."""
        return f"offer-{self.offer_kind}.md" if self.kind == "offer" else f"{self.kind}.md"


def add_stub(
    site: Path,
    template_folders: Sequence[Path],
    stub: Stub,
    program: Program,
    today: date,
    settings: SiteSettings,
) -> Path:
    """Write the stub into a file whose slug comes from the title. An existing file is never overwritten.

    A stub that `check` would refuse is taken back, and raises `OfferpressError` with the fault.
    """
    title = " ".join(stub.title.split())
    if not title or not title.isprintable():
        raise OfferpressError(f"no stub: {stub.title!r}: the title is empty or holds unprintable characters")
    slug = slug_of(title, settings.default_language) or f"{stub.kind}-{today.isoformat()}"
    text = _template(template_folders, stub.template)
    template, offers = Template(_in_language(text, settings.default_language)), _offers(site)
    # The site has pages of its own at its root, such as offers/, so that a page may need another name. The title of a
    # campaign is a template: where it is none that works, its braces are words; those of a comment always are.
    tries = {
        "page": [(slug, title), (f"{slug}-page", title)],
        "campaign": [(slug, title.replace("{#", _literal("{#"))), (slug, _literal(title))],
    }
    fault: Fault | None = None
    rules = program.on(today.toordinal())
    for name, words in tries.get(stub.kind, [(slug, title)]):
        text = template.substitute(_values(replace(stub, title=words), rules, offers, today))
        path = _write(site / FOLDERS[stub.kind] / f"{name}.md", text)
        fault = _fault_of(path, site, settings, template_folders if "{" in title else (), today)
        if fault is None:
            return path
        path.unlink()
    raise OfferpressError(f"no stub: {fault}")


def _literal(title: str) -> str:
    """Return the title as a template that prints it as it is."""
    return _BEGINS.sub(lambda begin: f"{{{{ '{begin[0]}' }}}}", title)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise OfferpressError(
            f"no stub: {path}: it exists already; choose another title or edit it"
        ) from error
    return path


def _fault_of(
    path: Path, site: Path, settings: SiteSettings, template_folders: Sequence[Path], today: date
) -> Fault | None:
    """Return the first fault of the content, and of its campaigns if folders are given, that names this file."""
    file, faults = path.relative_to(site).as_posix(), list[Fault]()
    content = read_content(site, settings, faults)
    if content and template_folders and path.parent.name == "campaigns":
        faults += CampaignCheck(content, settings, template_folders, today.toordinal()).faults()
    return next((fault for fault in faults if fault.file == file and fault.severity == "fault"), None)


def _template(folders: Sequence[Path], name: str) -> str:
    for folder in folders:
        if (folder / "stubs" / name).is_file():
            return (folder / "stubs" / name).read_text(encoding="utf-8")
    raise OfferpressError(f"no stub: templates/stubs/{name}: the file is missing; reinstall offerpress")


def _in_language(text: str, language: str) -> str:
    """Return the text of a stub in the site's language, as far as we have one."""
    words = tomllib.loads((starter_folder() / WORDS).read_text(encoding="utf-8"))["texts"]
    for one in sorted(words, key=lambda one: -len(one["en"])):
        text = text.replace(one["en"], one.get(language.partition("-")[0], one["en"]))
    return text


def _offers(site: Path) -> list[str]:
    """Return the slugs of all offers, faulty ones included."""
    names = {path.name.partition(".")[0] for path in (site / FOLDERS["offer"]).glob("*.md")}
    return sorted(names)


def _values(stub: Stub, program: Program, offers: Sequence[str], today: date) -> dict[str, str]:
    """Return the values of the stubs' placeholders."""
    return {
        "title": _yaml(stub.title),
        "day": today.isoformat(),
        "first": f"{today.year:04}-01-01",
        "last": f"{today.year:04}-12-31",
        "secured": f"{today.year + 1:04}-12-31",
        "offers": ", ".join(offers[:MOST_NAMED]) or "slug-of-an-offer",
        "currency": program.currency,
        "top_level": _yaml(program.level_ids[-1]),
        "allowance": ", ".join(f"{_yaml(level)}: {rank}" for rank, level in enumerate(program.level_ids)),
        "quotas": _lower_quotas(program),
    }


def _yaml(text: str) -> str:
    """Return the text as a YAML scalar, without quotes only if it cannot be mistaken for another type."""
    if _PLAIN.fullmatch(text) and text[-1].isalnum() and text.casefold() not in {"true", "false", "null"}:
        return text
    return json.dumps(text, ensure_ascii=False)


def _lower_quotas(program: Program) -> str:
    """Return every quota a fifth lower; they still rise unless they are as small as can be."""
    lower = [(level, quota - quota // 5) for level, quota in program.quotas]
    return ", ".join(f"{_yaml(level)}: {format_amount(quota, program.currency)}" for level, quota in lower)


def slug_of(title: str, language: str = "en") -> str:
    """Return lower-case words of a-z and 0-9 joined by hyphens; empty if letters have no Latin form.

    Accents are dropped; German writes ä, ö, ü as ae, oe, ue (DIN 5007-2). At most 100 characters, cut between words.
    """
    spelt = title.translate(_GERMAN) if language.partition("-")[0] == "de" else title
    plain = unicodedata.normalize("NFKD", spelt.translate(_LETTERS))
    if any(not letter.isascii() and letter.isalpha() for letter in plain):
        return ""
    slug = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")
    if len(slug) <= _LONGEST_SLUG:
        return slug
    cut = slug[: _LONGEST_SLUG + 1]
    return cut.rpartition("-")[0] or slug[:_LONGEST_SLUG]
