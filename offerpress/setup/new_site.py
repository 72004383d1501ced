"""Begins a site of one's own: settings, program, secret, and one draft of each kind of text in the site's language.

The command and the studio call the same function. What a person gives is written as the settings and the program say
it, and read again by their own readers before anything stands in the folder.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from generator import SiteSettings, read_program
from offerpress.setup.settings_edit import settings_text
from offerpress.site.folder import SETTINGS_FILE, OfferpressError, may_begin, require_utf8, starter_folder
from offerpress.site.keys import make_site_secret
from offerpress.site.settings import read_settings
from offerpress.site.starter import IGNORED, README, Stub, add_stub, slug_of
from rewards import Fault, Program

STUB_TITLES: dict[str, tuple[str, str, str, str]] = {
    "en": ("Our first announcement", "Our first offer", "Your credit", "Terms and conditions"),
    "de": ("Unsere erste Ankündigung", "Unser erstes Angebot", "Ihre Gutschrift", "Bedingungen"),
    "es": ("Nuestro primer anuncio", "Nuestra primera oferta", "Su abono", "Condiciones"),
    "ar": ("إعلاننا الأول", "عرضنا الأول", "رصيدكم", "الشروط والأحكام"),
}
LANGUAGES = tuple(STUB_TITLES)
MOST_LOGO = 40 << 10
_QUOTA = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?")
_ACTIVE = re.compile(
    r"<script|<foreignobject|<!doctype|<!entity|\bon[a-z]+\s*=|(?:href|src)\s*=|url\s*\(|@import",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WantedSite:
    """What a person says about a new site. `levels` are name and quota, rising; `logo` is an SVG or empty."""

    title: str
    sender: str
    language: str = "en"
    currency: str = "EUR"
    levels: tuple[tuple[str, str], ...] = ()
    timezone: str = "UTC"
    address: str = "https://partners.example"
    colour: str = ""
    logo: str = ""


def parse_level(text: str) -> tuple[str, str]:
    """Return name and quota of `Gold=25000`; raises `OfferpressError`."""
    name, _, quota = (part.strip() for part in text.rpartition("="))
    if not name or not _QUOTA.fullmatch(quota):
        raise OfferpressError(
            f"no new site: the level {text!r}: write its name and quota, such as Gold=25000"
        )
    return name, quota


def require_empty(folder: Path) -> None:
    """Raise `OfferpressError` where something else is."""
    require_utf8(folder.absolute())
    if not may_begin(folder):
        raise OfferpressError(f"no new site: {folder}: it exists and is not an empty folder; name another")


def begin_site(folder: Path, wanted: WantedSite, random_bytes: Callable[[int], bytes], today: date) -> None:
    """Make the site. Raises `OfferpressError` with every mistake in what was given, and then nothing is made."""
    require_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as beside:
        made = Path(beside)
        settings, program = _written(made, wanted)
        _write_stubs(made, settings, program, today)
        for name, text in {**tinted_files(wanted.colour), **_logo(wanted.logo)}.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(text, encoding="utf-8")
        for name in ("data", "content/static"):
            (made / name).mkdir(parents=True, exist_ok=True)
        (made / "README.md").write_text(_readme(wanted.title), encoding="utf-8")
        (made / ".gitignore").write_text(IGNORED, encoding="utf-8")
        last = made / SETTINGS_FILE  # where this file is, there is a site
        for one in sorted(made.iterdir(), key=lambda one: one == last):
            if one == last:
                make_site_secret(folder / "private", random_bytes)
            one.rename(folder / one.name)


def _written(made: Path, wanted: WantedSite) -> tuple[SiteSettings, Program]:
    """Write settings and program, and read them as every command will."""
    if wanted.language not in LANGUAGES:
        raise OfferpressError(
            f"no new site: the language {wanted.language!r}: choose one of {', '.join(LANGUAGES)}"
        )
    if not wanted.levels:
        raise OfferpressError("no new site: a program needs a level; give at least one with its quota")
    (made / "content").mkdir()
    settings = {
        "site": {"title": wanted.title, "base_url": wanted.address, "default_language": wanted.language},
        "mail": {"from": wanted.sender},
    }
    (made / SETTINGS_FILE).write_text(settings_text(settings), encoding="utf-8")
    levels = [
        {"id": slug_of(name, wanted.language) or f"level-{rank}", "name": name, "quota": _number(quota)}
        for rank, (name, quota) in enumerate(wanted.levels, 1)
    ]
    program = {
        "currency": wanted.currency,
        "timezone": wanted.timezone,
        "refunds_after_period": "deduct",
        "allowance_level": "best",
        "base_level": next(
            name for name in ("partner", "basis", "base") if name not in {one["id"] for one in levels}
        ),
        "levels": levels,
    }
    (made / "content" / "program.toml").write_text(settings_text(program), encoding="utf-8")
    faults: list[Fault] = []
    read, policy = read_settings(made, faults), read_program(made, faults)
    if faults or read is None or policy is None:
        raise OfferpressError("\n".join(f"no new site: {one.what}; {one.remedy}" for one in faults))
    return read.site, policy


def _number(quota: str) -> int | float | str:
    return int(quota) if quota.isdecimal() else quota


def _write_stubs(made: Path, settings: SiteSettings, program: Program, today: date) -> None:
    titles = STUB_TITLES[settings.default_language]
    folders: Sequence[Path] = [starter_folder() / "templates"]
    stubs = [
        Stub("offer", titles[1]),
        Stub("announcement", titles[0]),
        Stub("campaign", titles[2]),
        Stub("page", titles[3]),
    ]
    for stub in stubs:
        add_stub(made, folders, stub, program, today, settings)


def _readme(title: str) -> str:
    """Return the guide to the folder, without what it says about the sample."""
    text = (starter_folder() / README).read_text(encoding="utf-8")
    text = f"# {title.strip()}\n\nThis site was made with Offerpress.\n\n" + text.split("\n\n", 2)[2]
    text = re.sub(r"(?s)## Make it your own\n.*?\n\n(?=`)", "", text)
    for about_the_sample in (
        " --as-of 2023-12-31",
        "; the sample's data is from 2023",
        "; sample data at first",
    ):
        text = text.replace(about_the_sample, "")
    return text


def _logo(logo: str) -> dict[str, str]:
    """Return the file of a logo; one that holds more than a drawing is refused."""
    if not logo:
        return {}
    if len(logo) > MOST_LOGO or "<svg" not in logo or _ACTIVE.search(logo):
        raise OfferpressError(
            f"no new site: the logo is no plain SVG of at most {MOST_LOGO >> 10} KiB: "
            "save it without scripts, links and other files"
        )
    return {"templates/assets/mark.svg": logo}


# The colour: our own style files in it, light and dark, if text in it can be read.

_FILES: Final = (
    *("assets/site.css", "assets/statement.css", "assets/mark.svg", "mail/body.css", "mail/notice.mjml"),
    "site/card.svg",
)
_LIGHT, _LIGHT_GROUND, _DARK, _DARK_GROUND = "#0b5fa5", "#eaf3fb", "#7cc0ff", "#14263a"
_WHITE, _NIGHT = (255, 255, 255), (23, 27, 38)
_LEAST: Final = 4.5
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_Rgb = tuple[int, int, int]


def tinted_files(colour: str) -> dict[str, str]:
    """Return our style files with that colour in the place of ours; none without a colour.

    Raises `OfferpressError` for a colour in which text on white has less contrast than 4.5 to 1 (WCAG 2.2, 1.4.3).
    """
    colour = colour.strip().lower()
    if not colour or colour == _LIGHT:
        return {}
    if not _COLOUR.fullmatch(colour):
        raise OfferpressError(
            f"no new site: the colour {colour!r}: write it as # and six digits, such as {_LIGHT}"
        )
    rgb = _rgb(colour)
    ground = _mixed(rgb, _WHITE, 0.08)
    if contrast(rgb, ground) < _LEAST:
        raise OfferpressError(
            f"no new site: the colour {colour} is too light to be read on white; choose a darker one"
        )
    steps = (_mixed(_WHITE, rgb, part / 20) for part in range(21))
    dark_ground = _mixed(rgb, _NIGHT, 0.15)
    dark = next(one for one in steps if contrast(one, dark_ground) >= _LEAST + 1)
    colours = {
        _LIGHT: colour,
        _LIGHT_GROUND: _hex(ground),
        _DARK: _hex(dark),
        _DARK_GROUND: _hex(dark_ground),
    }
    pattern = re.compile("|".join(colours))
    templates = starter_folder() / "templates"
    return {
        f"templates/{name}": pattern.sub(
            lambda found: colours[found[0]], (templates / name).read_text("utf-8")
        )
        for name in _FILES
    }


def contrast(one: _Rgb, other: _Rgb) -> float:
    """Return the contrast of two colours (WCAG 2.2, 1.4.3), from 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: _Rgb) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]  # noqa: PLR2004
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _mixed(one: _Rgb, other: _Rgb, part: float) -> _Rgb:
    """Return a colour of which `part` is the first."""
    red, green, blue = (round(a * part + b * (1 - part)) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _rgb(colour: str) -> _Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: _Rgb) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
