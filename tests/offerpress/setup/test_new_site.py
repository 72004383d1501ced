"""A site of one's own begins in an empty folder, in its language and colour, and `check` accepts it."""

import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator import read_content
from offerpress.commands.site import new_command
from offerpress.figures.checking import find_faults
from offerpress.setup.new_site import (
    LANGUAGES,
    WantedSite,
    begin_site,
    contrast,
    parse_level,
    tinted_files,
)
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site

LEVELS = (("Silber", "1000"), ("Gold", "25000.50"))
DAY = date(2026, 5, 4)


def wanted(**changes: object) -> WantedSite:
    """What a person says about a German site."""
    given: dict[str, object] = {"title": "Angebote", "sender": "A <a@b.example>", "levels": LEVELS, **changes}
    return WantedSite(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_site_lacks_only_its_data(tmp_path: Path, language: str) -> None:
    """In each language the one fault is the missing partners, and every text is a draft in that language."""
    begin_site(
        tmp_path / "site", wanted(language=language, currency="USD", timezone="Asia/Dubai"), os.urandom, DAY
    )
    site = Site(tmp_path / "site", datetime(2026, 5, 4, tzinfo=UTC), {})
    assert ["data/partners.csv"] == [one.file for one in find_faults(site) if one.severity == "fault"]
    content = read_content(site.folder, site.settings.site, [])
    assert content is not None
    assert language == site.settings.site.default_language
    assert ["silber", "gold"] == [one.id for one in content.policy.program.levels]
    assert ("USD", "Asia/Dubai") == (content.policy.program.currency, content.policy.program.timezone)
    assert 0o700 == site.private.stat().st_mode & 0o777
    text = "".join(one.read_text(encoding="utf-8") for one in (site.folder / "content").rglob("*.md"))
    assert "Ostrabell" not in text
    assert bool(re.search("[\u0600-\u06ff]", text)) == (language == "ar")
    assert "sample" not in (site.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": " "}, "title"),
        ({"sender": "nobody"}, "mail address"),
        ({"language": "fr"}, "language"),
        ({"currency": "EURO"}, "currency"),
        ({"timezone": "Mars/Base"}, "zone"),
        ({"levels": ()}, "needs a level"),
        ({"levels": (("A", "5"), ("B", "3"))}, "quota"),
        ({"levels": (("A", "5"), ("A", "9"))}, "twice"),
        ({"address": "ftp://x"}, "address"),
        ({"colour": "red"}, "six digits"),
        ({"colour": "#ffee00"}, "too light"),
        ({"logo": "<svg onload='x'/>"}, "plain SVG"),
        ({"logo": "<svg><script/></svg>"}, "plain SVG"),
        ({"logo": "<svg>" + "a" * 50_000 + "</svg>"}, "plain SVG"),
        ({"logo": "GIF89a"}, "plain SVG"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    """A mistake is said in a sentence, and the folder stays empty."""
    with pytest.raises(OfferpressError, match=f"(?i){why}"):
        begin_site(tmp_path / "site", wanted(**changes), os.urandom, DAY)
    assert [] == [one for one in tmp_path.rglob("*") if one.is_file()]


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """Nothing is written beside what is there."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OfferpressError, match="not an empty folder"):
        begin_site(tmp_path, wanted(), os.urandom, DAY)
    assert ["notes.txt"] == [one.name for one in tmp_path.iterdir()]


def test_levels_are_names_and_quotas() -> None:
    """A level is written as name and quota; the name may hold a sign of its own."""
    assert ("Gold = best", "25000") == parse_level("Gold = best=25000")
    for text in ("Gold", "=5", "Gold=25.000,00", "Gold=many"):
        with pytest.raises(OfferpressError, match="write its name and quota"):
            parse_level(text)


@pytest.mark.parametrize("colour", ["#8a1c4a", "#006644", "#333333", "#5b2d8e", "#a3152c"])
def test_a_colour_can_be_read_in_light_and_dark(colour: str) -> None:
    """Text in the colour has a contrast of 4.5 to 1 on white and, lighter, on the dark ground."""
    style = tinted_files(colour)["templates/assets/site.css"]
    found = re.findall(r"--accent: (#[0-9a-f]{6})", style)
    assert colour == found[0]
    rgb = [tuple(int(one[at : at + 2], 16) for at in (1, 3, 5)) for one in found[:2]]
    assert contrast(rgb[0], (255, 255, 255)) >= 4.5  # type: ignore[arg-type]
    assert contrast(rgb[1], (23, 27, 38)) >= 4.5  # type: ignore[arg-type]


def test_the_command_asks_for_the_same(tmp_path: Path) -> None:
    """`new` with options makes a site of one's own; half of them are wrong usage, and nothing is made."""
    own = ["--sender", "a@b.example", "--language", "es", "--level", "Oro=1000", "--colour", "#8a1c4a"]
    run = CliRunner()
    said = run.invoke(new_command, [str(tmp_path / "own"), "--title", "Ofertas", *own])
    assert 0 == said.exit_code, said.output
    assert "Ofertas" in (tmp_path / "own" / "offerpress.toml").read_text(encoding="utf-8")
    for half in (["--title", "Ofertas"], own):
        assert 2 == run.invoke(new_command, [str(tmp_path / "half"), *half]).exit_code
    assert not (tmp_path / "half").exists()
