"""Several people at work in one studio, while another program changes the site: each gets an answer."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from offerpress.writing.versions import digest_of_text
from tests.acceptance.conftest import AS_OF, called, finished, installed
from tests.servers.studio import Office, signed_in, small_site, started

TEXT = "content/campaigns/hello.md"
LOOKED_AT = (
    "/campaign/mail?campaign=hello&partner=A-1",
    "/partner/statement?partner=A-1",
    "/",
    "/writing",
    f"/text?file={TEXT}",
    "/data",
    "/publish",
    "/plans",
    "/plan?plan=hello-1.1",
    "/corrections?campaign=hello",
    "/campaign?campaign=hello",
    "/partners?find=al",
    "/partner?id=A-1",
    "/finance",
    "/history",
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A small site with a plan, in a studio that has read nothing yet."""
    site = small_site(tmp_path / "site")
    assert 0 == called(site, "plan", "hello", *AS_OF, "--by", "mia").code
    found = started(site)
    yield found
    found.process.terminate()
    assert "Traceback" not in found.process.communicate()[1]


def look(office: Office, name: str, first: int) -> list[str]:
    """Look at most screens, beginning with that one; return what was refused."""
    desk = signed_in(office.origin, name)
    paths = (LOOKED_AT[first:] + LOOKED_AT[:first])[:9]
    answers = ((path, desk.ask("GET", path)[0]) for path in paths)
    return [f"{path}: {text}" for path, text in answers if "<h1>Not done" in text or "<html" not in text]


def write(office: Office, word: str) -> list[str]:
    """Open a text, type into it, and let the studio check and show it each time; return what was no answer."""
    desk, content = signed_in(office.origin, "Mia"), (office.site / TEXT).read_bytes()
    desk.ask("GET", f"/text?file={TEXT}")
    found = []
    for number in range(2):
        form = {
            "file": TEXT,
            "opened": digest_of_text(content),
            "whole": f"{content.decode()}\n{word} {number}\n",
        }
        for path, wanted in (
            ("/text/check", '"faults":'),
            ("/text/preview", '"frame":'),
            ("/text/draft", '"said":'),
        ):
            text = desk.press(path, **form)[0]
            found += [] if wanted in text else [f"{path}: {text}"]
    return found


def change(site: Path, ended: Event) -> int:
    """Let a text, a folder with a picture and a line of the data come and go, each whole as editors save them."""
    beside = site.parent
    news, pictures, sales = (
        site / one for one in ("content/pages/new.md", "content/static/new", "data/sales.csv")
    )
    picture, lines, turns = BytesIO(), sales.read_bytes(), 0
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    for folder in (news.parent, pictures.parent):
        folder.mkdir(parents=True, exist_ok=True)
    while not ended.wait(0.3):
        turns += 1
        text, folder, table = beside / "new.md", beside / "new", beside / "sales.csv"
        text.write_text("---\ntitle: New\nsummary: One sentence.\n---\nText.\n", encoding="utf-8")
        text.replace(news)
        folder.mkdir()
        (folder / "new.png").write_bytes(picture.getvalue())
        folder.rename(pictures)
        table.write_bytes(lines + f"S-{turns + 9},A-1,2023-07-01,1.00,EUR\n".encode())
        table.replace(sales)
        if not ended.wait(0.7):
            news.unlink()
            pictures.rename(folder)
            shutil.rmtree(folder)
    return turns


def test_people_at_work_at_once_disturb_nobody(office: Office) -> None:
    """Three look at screens and two type, while files come and go and a build runs: each gets an answer."""
    ended = Event()
    with ThreadPoolExecutor(6) as pool:
        changing = pool.submit(change, office.site, ended)
        people = [pool.submit(look, office, name, 5 * n) for n, name in enumerate(("Mia", "Finn", "Ada"))]
        people += [pool.submit(write, office, word) for word in ("One", "Two")]
        try:
            built = finished(installed(office.site, "build", *AS_OF))
            assert [] == [refused for one in people for refused in one.result()]
        finally:
            ended.set()
    assert changing.result() > 0
    # A build may meet a file that goes. Then it publishes nothing, and names it.
    named = "No such file or directory" in built.err and "content/" in built.err
    assert 0 == built.code or named, built.err
