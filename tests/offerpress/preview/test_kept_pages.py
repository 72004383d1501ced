"""A preview renders only pages whose values changed, and shows what a fresh one would show."""

import threading
from pathlib import Path

from offerpress.preview.contents import PublicPages, read_pages
from offerpress.preview.state import Preview
from tests.acceptance.conftest import copy_sample
from tests.offerpress.preview.test_server import site_now

ORIGIN = "http://127.0.0.1:8000"


def read(site: Path, before: PublicPages | None = None) -> PublicPages:
    """The pages of the site as of its day."""
    return read_pages(site_now(site)(), ORIGIN, before)


def test_pages_after_edits_are_those_of_a_fresh_preview(tmp_path: Path) -> None:
    """After another sentence, title, template and a deleted file: the same files, cards and remarks."""
    site = copy_sample(tmp_path)
    page = site / "content" / "announcements" / "follow-up.md"
    text = page.read_text(encoding="utf-8")
    own = site / "templates" / "site" / "not_found.html"
    own.parent.mkdir(parents=True)
    shown = read(site)
    for edit in (
        lambda: page.write_text(text + "\nOne more.\n", encoding="utf-8"),
        lambda: page.write_text(text.replace("title: What", "title: All that"), encoding="utf-8"),
        lambda: own.write_text("<!doctype html><title>Gone</title>", encoding="utf-8"),
        (site / "content" / "pages" / "about.de.md").unlink,
        own.unlink,
    ):
        edit()
        shown, fresh = read(site, shown), read(site)
        assert (fresh.files, fresh.cards, fresh.remarks) == (shown.files, shown.cards, shown.remarks)


def test_who_asks_during_the_first_reading_waits_for_the_figures(tmp_path: Path) -> None:
    """The state that is handed out has statements and mails, although its pages were shown before them."""
    preview = Preview(site_now(copy_sample(tmp_path)), ORIGIN)
    first = threading.Thread(target=preview.update)
    first.start()
    while not preview.state.number:
        threading.Event().wait(0.001)
    state = preview.opened()
    first.join()
    assert state.staff is not None
