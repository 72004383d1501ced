"""Which language each piece of a page is in: amended offers, languages without labels, and remarks about a day."""

from datetime import date
from typing import cast

import pytest
from lxml import html
from playwright.sync_api import Browser

from generator.public.site import site_remarks
from tests.generator.conftest import CASHBACK, NEWS, TEMPLATES, SiteMaker, attributes

AMENDED = CASHBACK.replace(
    "credited_on: 2023-12-31\n",
    """\
credited_on: 2023-12-31
amendments:
  - effective_on: 2023-09-01
    note: We can do better.
    title: Twenty percent
    rate: 20%
""",
)
GERMAN = "---\ntitle: Fünfzehn Prozent\nsummary: Ein Teil kommt zurück.\n{}---\nAlles dazu.\n"
TRANSLATED = "amendments: [{effective_on: 2023-09-01, note: Es geht besser., title: Zwanzig Prozent}]\n"

# The pieces of the line below a title: the text, and where its first and last character are.
ENDS = """[...document.querySelectorAll(".byline bdi")].map(({ firstChild }) => {
    const words = firstChild.data.trimEnd();
    const left = (place) => {
        const range = document.createRange();
        range.setStart(firstChild, place);
        range.setEnd(firstChild, place + 1);
        return range.getBoundingClientRect().left;
    };
    return [words, left(0), left(words.length - 1)];
})"""


def language_of(page: str, text: str) -> set[str]:
    """The languages of the elements that hold exactly that text, by the nearest `lang`."""
    root = html.document_fromstring(page)
    path = f"//body//*[normalize-space(text())={text!r}]/ancestor-or-self::*[@lang][1]/@lang"
    return {str(one) for one in cast("list[str]", root.xpath(path))}


def remarks(site_faults: list[object]) -> list[str]:
    """What remarks about amendments say."""
    return [str(fault) for fault in site_faults if "amendment" in str(fault)]


@pytest.mark.parametrize(
    ("extra", "as_of", "title", "language"),
    [
        ("", "2023-08-31", "Fünfzehn Prozent", "de"),
        ("", "2023-09-01", "Twenty percent", "en"),
        (TRANSLATED, "2023-08-31", "Fünfzehn Prozent", "de"),
        (TRANSLATED, "2023-09-01", "Zwanzig Prozent", "de"),
    ],
)
def test_amended_title(make_site: SiteMaker, extra: str, as_of: str, title: str, language: str) -> None:
    """A title that an amendment changed is never shown as it was: it is translated, or marked as the original's."""
    site = make_site({"offers/cashback.md": AMENDED, "offers/cashback.de.md": GERMAN.format(extra)})
    for page in ("de/offers/cashback/", "de/", "de/offers/"):
        assert {language} == language_of(site.page(page, as_of), title), page
    told = "this translation lacks"
    assert [told in one for one in remarks([*site.faults])] == ([] if extra else [True])


@pytest.mark.parametrize(
    ("extra", "note", "language"),
    [(TRANSLATED, "Es geht besser.", "de"), ("", "We can do better.", "en")],
)
def test_note_of_an_amendment(make_site: SiteMaker, extra: str, note: str, language: str) -> None:
    """The note of an amendment is translated, or marked with the language in which it is written."""
    site = make_site({"offers/cashback.md": AMENDED, "offers/cashback.de.md": GERMAN.format(extra)})
    assert {language} == language_of(site.page("de/offers/cashback/"), note)
    assert {"en"} == language_of(site.page("offers/cashback/"), "We can do better.")


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        ("amendments: [{effective_on: 2023-09-02, note: x}]\n", "no amendment of 2023-09-02"),
        ("amendments: [{effective_on: 2023-09-01, rate: 21%}]\n", "unknown key 'rate'"),
        ("amendments: [{note: x}]\n", "no readable day"),
    ],
)
def test_translation_of_no_amendment(make_site: SiteMaker, extra: str, what: str) -> None:
    """What no amendment of the original has is a fault."""
    site = make_site({"offers/cashback.md": AMENDED, "offers/cashback.de.md": GERMAN.format(extra)})
    site.content()
    assert [True] == [what in fault.what for fault in site.faults if fault.severity == "fault"]


def test_language_without_labels(make_site: SiteMaker) -> None:
    """Without a catalog the page says that its labels are English, and marks what is written in the language."""
    site = make_site(
        {"announcements/news.fr.md": "---\ntitle: Nouvelles\nsummary: Du neuf.\n---\nVoilà tout.\n"},
        languages=["en", "fr"],
    )
    page = site.page("fr/announcements/news/")
    assert {"fr"} == language_of(page, "Nouvelles") == language_of(page, "Voilà tout.")
    assert {"en"} == language_of(page, "Announcements") == language_of(page, "Feeds")
    assert {"en"} == language_of(site.page("announcements/news/"), "News")


@pytest.mark.parametrize(
    ("files", "settings", "as_of", "told"),
    [
        ({}, {"languages": ["en", "fr"]}, "2023-12-31", ["'fr'"]),
        ({}, {"languages": ["en", "de-AT", "en-GB"]}, "2023-12-31", []),
        ({"updated": "2024-06-01"}, {}, "2023-12-31", ["2024-06-01"]),
        ({"updated": "2024-06-01"}, {}, "2024-06-01", []),
        ({"updated": "2024-06-01"}, {}, "2023-01-01", []),
        ({}, {"expires": "2023-12-31T00:00:00Z"}, "2023-12-31", ["security.txt expired"]),
        ({}, {"expires": "2024-12-31T00:00:00Z"}, "2023-12-31", []),
    ],
)
def test_remarks_about_a_day(
    make_site: SiteMaker, files: dict[str, str], settings: dict[str, object], as_of: str, told: list[str]
) -> None:
    """Languages without labels, updates ahead of visible pages and an expired security.txt (RFC 9116) are told."""
    news = "".join(f"{key}: {value}\n" for key, value in files.items())
    if "expires" in settings:
        settings = {"security": {"contact": ["mailto:a@b.example"], **settings}}
    site = make_site({"announcements/news.md": NEWS.replace("tags:", f"{news}tags:")}, **settings)
    content = site.content()
    assert content is not None, site.faults
    found = site_remarks(content, site.settings, [TEMPLATES], date.fromisoformat(as_of).toordinal())
    assert len(told) == len(found)
    assert all(words in str(fault) for words, fault in zip(told, found, strict=True))


def test_pieces_keep_their_direction(make_site: SiteMaker, browser: Browser) -> None:
    """On a page from right to left without labels of its language, day, author and reading time read in their own."""
    site = make_site(
        {"announcements/news.md": NEWS.replace("tags:", "author: Ada 7\nupdated: 2023-05-02\ntags:")},
        languages=["en", "he"],
    )
    page = browser.new_page()
    page.set_content(site.page("he/announcements/news/"))
    shown = page.evaluate(ENDS)
    page.close()
    assert [("Ada 7", "ltr"), ("updated on", "ltr"), ("1 minute to read", "ltr")] == [
        (text, "ltr" if first < last else "rtl") for text, first, last in shown
    ]
    assert {"rtl"} == {one["dir"] for one in attributes(site.page("he/announcements/news/"), "//time")}
    assert not [one for one in attributes(site.page("announcements/news/"), "//time") if "dir" in one]
