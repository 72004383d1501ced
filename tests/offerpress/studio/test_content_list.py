"""The list of texts: each with where it stands and its languages, found by words and filters."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from offerpress.site.people import read_people
from offerpress.site.site import Site
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.sessions import Sessions
from offerpress.studio.state.studio import NotDone, NotYours, Studio, Visit
from offerpress.studio.writing.content_list import list_page, write_new
from tests.servers.studio import small_site

PAGE = "---\ntitle: {title}\nsummary: A sentence.\ndate: 2023-01-01\n{more}---\nText.\n"
TEXTS = {
    "announcements/live": "",
    "announcements/written": "draft: true\n",
    "announcements/later": "publish_at: 2024-05-01\n",
    "announcements/over": "expires_at: 2023-06-01\n",
    "announcements/wrong": "offers: [nothing]\n",
}


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A site in English and German on the last day of 2023, with a text in each state."""
    folder = small_site(tmp_path)
    settings = folder / "offerpress.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[mail]", 'languages = ["en", "de"]\n[mail]'),
        encoding="utf-8",
    )
    for name, more in TEXTS.items():
        path = folder / "content" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGE.format(title=name.partition("/")[2].capitalize(), more=more), encoding="utf-8")
    draft = folder / "content" / "offers" / "year.md"
    (draft.parent / "next.md").write_text(
        draft.read_text(encoding="utf-8").replace("announced_on: 2023-01-01", "announced_on: 2024-02-01"),
        encoding="utf-8",
    )

    def site_now() -> Site:
        return Site(folder, datetime.now(UTC), {"OFFERPRESS_SITE_SECRET": "ab" * 32}, date(2023, 12, 31))

    return Studio(site_now, FiguresReader(site_now), Sessions(secrets.token_urlsafe), secrets.token_urlsafe)


def visit(studio: Studio, name: str = "mia", **query: str) -> Visit:
    """A request of that person."""
    site = studio.site_now()
    session = studio.sessions.find(studio.sessions.begin(name, site.now), site.now)
    assert session
    return Visit(studio, site, read_people(site)[name], session, query)


def listed(studio: Studio, **query: str) -> Mapping[str, Mapping[str, object]]:
    """The rows of the list by the name of the text."""
    rows = list_page(visit(studio, **query))["rows"]
    assert isinstance(rows, list)
    return {row["slug"]: row for row in rows}


def test_each_text_says_where_it_stands(studio: Studio) -> None:
    """Drafts, texts to come, live, ended and faulty ones, offers by their days and a campaign that nobody planned."""
    found = {name: row["state"] for name, row in listed(studio).items()}
    assert {
        "live": "Live",
        "written": "Draft",
        "later": "From 1 May 2024",
        "over": "Ended",
        "wrong": "Has mistakes",
        "year": "Live",
        "next": "From 1 February 2024",
        "hello": "Draft",
    } == {name: getattr(state, "word", "") for name, state in found.items()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"find": "wri"}, {"written"}),
        ({"room": "offers"}, {"year", "next"}),
        ({"state": "ended"}, {"over"}),
        ({"room": "announcements", "state": "coming"}, {"later"}),
        ({"lacking": "older de"}, {"live"}),
        ({"find": "nobody wrote this"}, set()),
    ],
)
def test_search_and_filters_leave_what_fits(
    studio: Studio, query: dict[str, str], expected: set[str]
) -> None:
    """By words of the title or name, by kind, by state, and by what a translation lacks."""
    folder = studio.site_now().folder / "content" / "announcements"
    (folder / "live.de.md").write_text("---\ntitle: Da\nsummary: Ein Satz.\n---\nText.\n", encoding="utf-8")
    (folder / "over.de.md").write_text("---\ntitle: Aus\nsummary: Ein Satz.\n---\nText.\n", encoding="utf-8")
    os.utime(folder / "live.de.md", (1_000_000, 1_000_000))
    assert expected == set(listed(studio, **query))


def test_the_marks_name_each_language(studio: Studio) -> None:
    """The original is there, and a language without a file is missing."""
    marks = listed(studio)["live"]["marks"]
    assert isinstance(marks, list)
    assert [("en", "there"), ("de", "missing")] == [(one["code"], one["word"]) for one in marks]
    assert "/text/translation?file=content%2Fannouncements%2Flive.de.md" == marks[1]["href"]


def test_something_new_begins_from_its_stub(studio: Studio) -> None:
    """It opens in the editor, and stands in the list with the person who began it."""
    done = write_new(visit(studio, kind="offer", offer_kind="bonus", title="More for Gold"))
    assert "/text?file=content%2Foffers%2Fmore-for-gold.md" == done.to
    row = listed(studio)["more-for-gold"]
    assert ("More for Gold", "Mia", "Draft") == (row["title"], row["by"], getattr(row["state"], "word", ""))


@pytest.mark.parametrize(
    ("form", "name", "error"),
    [
        ({"kind": "page", "title": " "}, "mia", NotDone),
        ({"kind": "letter", "title": "A"}, "mia", NotDone),
        ({"kind": "page", "title": "A"}, "ada", NotYours),
    ],
)
def test_what_is_no_text_or_not_ones_task_is_refused(
    studio: Studio, form: dict[str, str], name: str, error: type[Exception]
) -> None:
    """A title is needed, a kind of text, and the task of a writer."""
    with pytest.raises(error):
        write_new(visit(studio, name, **form))
