"""Stubs of content: the name of their file, and that `check` accepts each of them."""

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from generator import CampaignCheck, read_content, read_program
from generator.notices.body import mail_environment
from offerpress.site.folder import OfferpressError, starter_folder, template_folders
from offerpress.site.site import Site
from offerpress.site.starter import Stub, StubKind, add_stub, slug_of
from rewards import Fault

TODAY = date(2024, 1, 15)
SETTINGS = """\
[site]
title = "Offers"
base_url = "https://offers.example"
default_language = "LANGUAGE"
[mail]
from = "Offers <offers@vendor.example>"
"""
PROGRAM = """\
currency = "EUR"
timezone = "Europe/Berlin"
refunds_after_period = "ignore"
allowance_level = "assigned"
base_level = "basic"
[[levels]]
id = "gold"
name = "Gold"
quota = 1000
"""


def site_in(folder: Path, language: str = "en") -> Site:
    """A site without content."""
    languages = SETTINGS.replace(
        '"en", "de", "LANGUAGE"', ", ".join(f'"{one}"' for one in dict.fromkeys(["en", "de", language]))
    )
    (folder / "offerpress.toml").write_text(languages.replace("LANGUAGE", language), encoding="utf-8")
    (folder / "content").mkdir()
    (folder / "content" / "program.toml").write_text(PROGRAM, encoding="utf-8")
    return Site(folder, datetime(2024, 1, 15, tzinfo=UTC), {})


def added(site: Site, kind: StubKind, title: str) -> str:
    """The stub's path below the site folder, which `check` accepts."""
    program = read_program(site.folder, [])
    assert program is not None
    folders = template_folders(site.folder)
    path = add_stub(site.folder, folders, Stub(kind, title), program, TODAY, site.settings.site)
    faults: list[Fault] = []
    assert read_content(site.folder, site.settings.site, faults) is not None, faults
    return path.relative_to(site.folder).as_posix()


@pytest.mark.parametrize(
    ("title", "language", "slug"),
    [
        ("Größere Prämien für Händler", "de", "groessere-praemien-fuer-haendler"),
        ("Größere Prämien für Händler", "en", "grossere-pramien-fur-handler"),
        ("ÜBERSICHT", "de-AT", "uebersicht"),
        ("Smørrebrød & Æbler", "da", "smorrebrod-aebler"),
        ("Łódź: więcej", "pl", "lodz-wiecej"),
        ("L'été à Nîmes, cœur", "fr", "l-ete-a-nimes-coeur"),
        ("Þórður", "is", "thordur"),
        ("10 % — now!", "en", "10-now"),
        ("Кэшбэк 2024", "ru", ""),
        ("キャッシュバック", "ja", ""),
        ("???", "en", ""),
    ],
)
def test_slugs(title: str, language: str, slug: str) -> None:
    """German umlauts follow DIN 5007-2, other letters ICAO Doc 9303-3; a title in another script has no slug."""
    assert slug == slug_of(title, language)


@pytest.mark.parametrize(
    "title", ["a" * 300, "partners and " * 4000, "é" * 50_000, "- ' % . " * 10_000 + "x!"]
)
def test_long_titles_have_short_names(title: str) -> None:
    """A slug has at most 100 characters, and is cut between words where there are some."""
    slug = slug_of(title)
    assert 0 < len(slug) <= 100
    assert slug == slug.strip("-")


def test_a_long_title_is_cut_between_words() -> None:
    """The last word of a cut slug is whole."""
    slug = slug_of("partners and " * 4000)
    assert {"partners", "and"} == set(slug.split("-"))


@pytest.mark.parametrize(
    ("kind", "title", "path"),
    [
        ("page", "Announcements", "content/pages/announcements-page.md"),
        ("page", "Tags", "content/pages/tags-page.md"),
        ("page", "EN", "content/pages/en-page.md"),
        ("page", "Assets", "content/pages/assets-page.md"),
        ("announcement", "Offers", "content/announcements/offers.md"),
        ("announcement", "Новости для партнёров", "content/announcements/announcement-2024-01-15.md"),
        ("offer", "キャッシュバック", "content/offers/offer-2024-01-15.md"),
        ("announcement", "He said: \"#1\" \\ & {more} 'now'", "content/announcements/he-said-1-more-now.md"),
        ("page", "  two\n lines\t", "content/pages/two-lines.md"),
        (
            "announcement",
            "Welcome " * 60 + "!",
            "content/announcements/" + "-".join(["welcome"] * 12) + ".md",
        ),
        ("page", "null", "content/pages/null.md"),
        ("page", "2024", "content/pages/2024.md"),
    ],
)
def test_stubs_are_accepted(kind: StubKind, title: str, path: str, tmp_path: Path) -> None:
    """Whatever the title, `add` makes a file that `check` accepts; a page gets another name than those of the site."""
    assert path == added(site_in(tmp_path), kind, title)


def test_a_language_is_a_reserved_name(tmp_path: Path) -> None:
    """A site's language is a folder at its root, so a page cannot have its name."""
    assert "content/pages/pt-page.md" == added(site_in(tmp_path, "pt"), "page", "PT")


@pytest.mark.parametrize("title", ["", " \n ", "a\x00b", "bad \udce4 byte", "right\u202eleft"])
def test_titles_that_cannot_be_written_are_refused(title: str, tmp_path: Path) -> None:
    """An empty title and unprintable characters are refused in one sentence, and no file is left."""
    site = site_in(tmp_path)
    with pytest.raises(OfferpressError, match="no stub"):
        added(site, "page", title)
    assert not (tmp_path / "content" / "pages").exists()


def test_an_existing_file_stays(tmp_path: Path) -> None:
    """A second stub of one title is refused, and the first one stays as it is."""
    site = site_in(tmp_path)
    first = tmp_path / added(site, "page", "Help")
    first.write_text(first.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    with pytest.raises(OfferpressError, match="exists already"):
        added(site, "page", "Help!")
    assert first.read_text(encoding="utf-8").endswith("More.\n")


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Hello {{ partner.name }}", "Hello Ann"),
        ("A {% if %} tag", "A {% if %} tag"),
        ("Only {{ nobody }}", "Only {{ nobody }}"),
        ("Cost {# 5 #} \"now\" and 'then'", "Cost {# 5 #} \"now\" and 'then'"),
        ("{ x } }} %} #1: back\\slash {{", "{ x } }} %} #1: back\\slash {{"),
    ],
)
def test_the_title_of_a_campaign_is_a_template_or_words(title: str, subject: str, tmp_path: Path) -> None:
    """A title that works as a template stays one; any other is printed as it was given, and `check` accepts it."""
    site = site_in(tmp_path)
    file = site.folder / added(site, "campaign", title)
    content = read_content(site.folder, site.settings.site, [])
    assert content is not None
    folders = template_folders(site.folder)
    assert [] == CampaignCheck(content, site.settings.site, folders, TODAY.toordinal()).faults()
    text = content.campaigns[file.stem].texts["en"].subject
    assert subject == mail_environment(folders, "en", "text").from_string(text).render(
        partner={"name": "Ann"}
    )


WORDS = tomllib.loads((starter_folder() / "templates/stubs/words.toml").read_text(encoding="utf-8"))["texts"]
STUBS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((starter_folder() / "templates" / "stubs").glob("*.md"))
    if path.stem != "site-readme"
}


def test_every_text_of_a_stub_has_its_translations() -> None:
    """Each text stands in a stub, in four languages; no paragraph or summary of a stub is left without."""
    for one in WORDS:
        assert any(one["en"] in text for text in STUBS.values()), one["en"]
        assert {"en", "de", "es", "ar"} == set(one)
        names = {language: set(re.findall(r"\{\{.*?\}\}", text)) for language, text in one.items()}
        assert 1 == len(set(map(frozenset, names.values()))), one["en"]
    for name, stub in STUBS.items():
        text = stub
        for one in sorted(WORDS, key=lambda one: -len(one["en"])):
            text = text.replace(one["en"], "")
        body = text.partition("\n---\n")[2]
        left = [line for line in body.splitlines() if re.search("[A-Za-z]{3}", line) and "%}" not in line]
        assert left in ([], ["- **{{ amount }}**", "- **{{ amount }}**"]), name
        assert not re.search(r"(?m)^(summary|preheader): .*[A-Za-z]", text), name


@pytest.mark.parametrize("language", ["de", "de-AT", "es", "ar", "en", "pt"])
@pytest.mark.parametrize("kind", ["announcement", "offer", "campaign", "page"])
def test_a_stub_speaks_the_language_of_the_site(kind: StubKind, language: str, tmp_path: Path) -> None:
    """`check` accepts a stub in each language; a language without words of ours gets English."""
    site = site_in(tmp_path, language)
    text = (tmp_path / added(site, kind, "2024")).read_text(encoding="utf-8")
    has_english = any(one["en"] in text for one in WORDS)
    assert has_english == (language in {"en", "pt"})
