"""`serve` in a real browser: what staff write is shown at once, what is faulty is said over the page."""

import csv
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from offerpress.preview.state import Preview
from offerpress.site.site import Site
from tests.acceptance.conftest import AS_OF, SECRET, Call, copy_sample, finished, installed, tree

READY = "offerpress-preview[data-ready]"
OVERLAY = "offerpress-preview .overlay"
HOSTILE = '<img src=x onerror="alert(1)">{{7*7}}\u202egnp'
NOW, ENVIRONMENT = datetime(2023, 12, 31, tzinfo=UTC), {"OFFERPRESS_SITE_SECRET": SECRET}


class Desk:
    """A site in its preview, and a browser that looks at it and remembers what its console said."""

    def __init__(self, site: Path, port: int, browser: Browser) -> None:
        self.site = site
        self.port = port
        self.console: list[str] = []
        self.page: Page = browser.new_page()
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))

    def open(self, path: str) -> Page:
        """Goes to a path, and waits for the live channel."""
        self.page.goto(f"http://127.0.0.1:{self.port}{path}")
        self.page.wait_for_selector(READY, state="attached")
        return self.page

    def write(self, file: str, old: str, new: str) -> None:
        """Replaces a piece of a file in one step, as editors do."""
        path = self.site / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, old
        beside = path.with_suffix(".part")
        beside.write_text(text.replace(old, new, 1), encoding="utf-8")
        beside.replace(path)

    def get(self, path: str, host: str | None = None) -> tuple[int, str]:
        """Status and body of a request, with another Host if one is named."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """The sample site with a hostile partner, in the preview of the installed command on a free port."""
    site = copy_sample(tmp_path_factory.mktemp("site"))
    partners = site / "data" / "partners.csv"
    with partners.open(encoding="utf-8", newline="") as file:
        (head, *_) = rows = list(csv.reader(file))
    row = dict(zip(head, rows[1], strict=True)) | {"partner_id": "P/<b>&1", "name": HOSTILE}
    with partners.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([row[name] for name in head])
    started = installed(site, "serve", *AS_OF, "--port", "0")
    assert started.stderr is not None
    said = started.stderr.readline() + started.stderr.readline()
    if "Serving http://127.0.0.1:" not in said:
        pytest.fail(said + finished(started).err)
    yield site, int(said.split("Serving http://127.0.0.1:")[1].split("/")[0])
    _interrupt(started)


def _interrupt(started: subprocess.Popen[str]) -> None:
    started.send_signal(signal.SIGINT)
    said = finished(started)
    assert (1, "stopped: interrupted") == (said.code, said.err.strip().splitlines()[-1])


@pytest.mark.parametrize("after", [0.0, 0.2, 0.5, 0.9])
def test_ctrl_c_ends_it_while_it_reads(tmp_path: Path, after: float) -> None:
    """Before the first page is there, at whatever moment of the reading, Ctrl-C ends it in order."""
    started = installed(copy_sample(tmp_path), "serve", *AS_OF, "--port", "0")
    assert started.stderr is not None
    assert "Reading the site …\n" == started.stderr.readline()
    time.sleep(after)
    _interrupt(started)


@pytest.fixture
def desk(process: tuple[Path, int], browser: Browser) -> Iterator[Desk]:
    """A fresh tab, whose console must have stayed silent: the pages' own policies hold in the preview."""
    found = Desk(*process, browser)
    yield found
    found.page.close()
    assert [] == found.console


def test_a_change_is_shown_without_a_hand(desk: Desk) -> None:
    """What is written into a Markdown file appears in the browser that shows its page."""
    page = desk.open("/about/")
    desk.write("content/pages/about.md", "Every date", "A new sentence. Every date")
    expect(page.get_by_text("A new sentence.")).to_be_visible()


def test_a_fault_is_said_over_the_last_good_page(desk: Desk) -> None:
    """Broken front matter is named with file and line over the page as it was; once mended, the sentence goes."""
    page = desk.open("/contact/")
    desk.write("content/pages/contact.md", "title: Contact", "titel: Contact")
    expect(page.locator(f"{OVERLAY} li").nth(1)).to_contain_text("content/pages/contact.md:2 titel")
    expect(page.locator(f"{OVERLAY} h2")).to_have_text("2 faults")
    expect(page.get_by_role("heading", name="Contact", level=1)).to_be_visible()
    desk.open("/contact/")
    expect(page.locator(OVERLAY)).to_contain_text("did you mean 'title'?")
    desk.write("content/pages/contact.md", "titel: Contact", "title: Contact us")
    expect(page.get_by_role("heading", name="Contact us", level=1)).to_be_visible()
    expect(page.locator(OVERLAY)).to_be_hidden()


def test_drafts_are_shown_and_marked(desk: Desk) -> None:
    """A draft, and an announcement of a later day, are there with a mark, on their pages and on links to them."""
    for name, front in (("plan", "date: 2023-06-01\ndraft: true"), ("later", "date: 2024-02-01")):
        text = f"---\ntitle: The {name}\nsummary: One sentence.\n{front}\n---\nText.\n"
        (desk.site / "content" / "announcements" / f"{name}.md").write_text(text, encoding="utf-8")
    page = desk.open("/announcements/")
    draft, later = page.get_by_role("link", name="The plan"), page.get_by_role("link", name="The later")
    expect(draft.first).to_have_attribute("data-preview-mark", "Draft")
    expect(later.first).to_have_attribute("data-preview-mark", "Published from 2024-02-01")
    desk.open("/announcements/plan/")
    expect(page.locator("offerpress-preview .mark")).to_have_text("Draft")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost.evil.example:{port}"]
)
def test_another_host_gets_nothing(desk: Desk, host: str) -> None:
    """A name that somebody points at this machine gets no page; our own names do."""
    for path in ("/", "/_staff/", "/_live/events"):
        status, body = desk.get(path, host.format(port=desk.port))
        assert (421, False) == (status, "<html" in body)
    for name in ("localhost", "[::1]", "127.0.0.1"):
        assert 200 == desk.get("/", f"{name}:{desk.port}")[0]


def test_private_pages_are_in_the_studio(desk: Desk) -> None:
    """Where partners, statements and mails were shown, a sentence names the studio; nothing of a partner is there."""
    for path in ("/_staff/", "/_staff/partner?id=P-1001", "/statement/", "/statement/packs/index.json"):
        status, body = desk.get(path)
        assert (404, True) == (status, "offerpress studio" in body)
        assert "aldergrove" not in body.casefold()


def test_what_is_not_there_is_said(desk: Desk) -> None:
    """Unknown pages are 404; nothing outside the site is ever read."""
    for path in (
        "/nothing/",
        "/../offerpress.toml",
        "/%2e%2e/offerpress.toml",
        "/_live/../../../offerpress.toml",
    ):
        assert 404 == desk.get(path)[0], path


def test_nothing_of_the_preview_is_in_a_build(offerpress: Call, site: Path) -> None:
    """No file of a build holds a byte of the preview's script, bar or staff pages, nor a draft."""
    page = "---\ntitle: Hush hush\nsummary: Not yet.\ndate: 2023-06-01\ndraft: true\n---\nText.\n"
    (site / "content" / "announcements" / "hush.md").write_text(page, encoding="utf-8")
    assert 0 == offerpress("build", *AS_OF).code
    output = tree(site / "output")
    assert "index.html" in output
    for word in (b"/_live", b"/_staff", b"offerpress-preview", b"preview-mark", b"Hush hush"):
        assert [] == [name for name, content in output.items() if word in content]
    assert [] == [name for name in output if "preview" in name or "hush" in name]


def faulty_files(preview: Preview) -> list[str]:
    """The files that are named as faulty, each once."""
    return sorted({fault.file for fault in preview.state.faults})


def test_words_are_shown_without_reading_data(site: Path) -> None:
    """A change of content leaves the ledger unread, a change of data or of terms reads it."""
    preview = Preview(lambda: Site(site, NOW, ENVIRONMENT, NOW.date()), "http://127.0.0.1:1")
    preview.update()
    assert () == preview.state.faults
    sales = site / "data" / "sales.csv"
    before = sales.stat()
    sales.write_bytes(b"x" * before.st_size)
    os.utime(sales, ns=(before.st_atime_ns, before.st_mtime_ns))  # no change that can be seen
    about = site / "content" / "pages" / "about.md"
    preview.update({about})
    assert () == preview.state.faults
    sales.write_text("nonsense\n", encoding="utf-8")
    preview.update({about, sales})
    assert ["data/sales.csv"] == faulty_files(preview)
    (site / "data" / "sales.csv").write_text("sale_id,partner_id,sold_on,amount,currency\n", encoding="utf-8")
    preview.update({site / "data" / "sales.csv"})
    assert () == preview.state.faults
    (site / "data" / "levels.csv").write_text("nonsense\n", encoding="utf-8")
    offer = site / "content" / "offers" / "cashback-2023.md"
    offer.write_text(offer.read_text(encoding="utf-8").replace("rate: 15%", "rate: 14%"), encoding="utf-8")
    preview.update({offer})
    assert ["data/levels.csv"] == faulty_files(preview)


def test_what_is_no_mistake_of_content_is_said_too(site: Path) -> None:
    """Labels that cannot be read, and settings that are gone, leave the last good look with a sentence beside it."""
    preview = Preview(lambda: Site(site, NOW, ENVIRONMENT, NOW.date()), "http://127.0.0.1:1")
    preview.update()
    labels = site / "templates" / "locale" / "de.po"
    labels.parent.mkdir(parents=True)
    labels.write_text("nonsense", encoding="utf-8")
    preview.update({labels})
    assert ["the translations in de.po cannot be read"] == [one.what[:40] for one in preview.state.faults]
    labels.unlink()
    (site / "offerpress.toml").unlink()
    preview.update({site / "offerpress.toml"})
    assert ["cannot be read: No such file or directory"] == [one.what for one in preview.state.faults]
    assert preview.state.pages is not None
