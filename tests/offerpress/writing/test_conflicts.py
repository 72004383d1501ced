"""Two writers and another program on one file, in every order, with the server killed in between: no text is lost."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from offerpress.site.site import Site
from offerpress.writing.drafts import draft_of
from offerpress.writing.paths import ContentPath, content_path
from offerpress.writing.saving import save
from offerpress.writing.texts import open_file
from offerpress.writing.versions import Author, digest_of_text, observed, text_of, versions
from tests.killing.killing import library

NAME = "content/pages/terms.md"
BASE = "---\ntitle: Terms\n---\nfirst\n\nsecond\n\nthird\n"
TYPED = {"ada": BASE.replace("first", "first by ada"), "ben": BASE.replace("third", "third by ben")}
OUTSIDE = BASE.replace("second", "second from outside")
NOW = datetime(2027, 1, 1, tzinfo=UTC)


class Writers:
    """The process whose forks write."""

    def __init__(self, made: Path) -> None:
        script = Path(__file__).with_name("writers.py")
        root = str(Path(__file__).parents[3])
        self.process = subprocess.Popen(
            [sys.executable, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "LD_PRELOAD": str(made), "PYTHONPATH": root},
        )

    def write(self, site: Path, person: str, content: str, opened: str, at: int = 0) -> dict[str, Any]:
        """Save as that person, killed before the change `at` if that is not 0."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        facts = {
            "site": str(site),
            "path": NAME,
            "person": person,
            "content": content,
            "opened": opened,
            "at": at,
        }
        self.process.stdin.write(json.dumps(facts) + "\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writers]:
    """The process whose forks write, until the tests of this module end."""
    started = Writers(library(tmp_path_factory.mktemp("library")))
    yield started
    assert started.process.stdin is not None
    assert started.process.stdout is not None
    started.process.stdin.close()
    started.process.wait()
    started.process.stdout.close()


def fresh(folder: Path) -> tuple[Site, ContentPath, str]:
    """A site with one page, which both writers have open."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_text(BASE, encoding="utf-8")
    site = Site(folder, NOW, {})
    path = content_path(site, NAME)
    return site, path, open_file(site, path, NOW).digest


def outside(file: Path, *, in_place: bool) -> None:
    """Another program applies its change to the text as it is now."""
    text = file.read_text(encoding="utf-8").replace("second", "second from outside")
    if in_place:
        file.write_text(text, encoding="utf-8")
    else:
        beside = file.with_name(".terms.md.swp")
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)


def brought_home(writers: Writers, site: Path, person: str, content: str, opened: str, at: int) -> list[str]:
    """Save until it is confirmed, as a person does: after a kill once more, after a conflict with the merged text.

    Return every text that was confirmed, and every text of others that the person was shown.
    """
    seen = []
    before = (site / NAME).read_text(encoding="utf-8")
    said = writers.write(site, person, content, opened, at)
    if said["code"]:
        assert said["code"] == -9
        home = Site(site, NOW, {})
        draft = draft_of(home, content_path(home, NAME), person)
        text = (site / NAME).read_text(encoding="utf-8")
        assert text in {before, content}
        # The draft goes last, so it is there unless the file holds the text already.
        assert (draft.content.decode() if draft else text) == content
        said = writers.write(site, person, content, opened)
    if "theirs" in said:
        seen.append(said["text"])
        content = said["result"]
        assert content is not None, "the changes touch different lines"
        said = writers.write(site, person, content, said["theirs"])
    assert said["saved"] == digest_of_text(content.encode())
    return [*seen, content]


def check_nothing_lost(site: Site, path: ContentPath, texts: list[str]) -> None:
    """Every text is a version, the file has every change, and each save replaced what its writer knew."""
    observed(site, path, NOW)
    kept = {text_of(site, one.digest).decode() for one in versions(site, path) if one.digest}
    assert not {text for text in texts if text not in kept}
    final = path.path.read_text(encoding="utf-8")
    assert all(words in final for words in ("first by ada", "second from outside", "third by ben")), final
    assert [NAME.rpartition("/")[2]] == sorted(one.name for one in path.path.parent.iterdir())
    assert draft_of(site, path, "ada") is draft_of(site, path, "ben") is None


ORDERS = list(permutations(("ada", "ben", "outside")))


def in_order(
    writers: Writers, folder: Path, order: tuple[str, ...], killed: str, at: int, *, in_place: bool
) -> None:
    """Let each write in that order; the saving of `killed` is killed before its change `at`."""
    site, path, opened = fresh(folder)
    texts = [BASE]
    for who in order:
        if who == "outside":
            outside(path.path, in_place=in_place)
            texts.append(path.path.read_text(encoding="utf-8"))
        else:
            texts += brought_home(writers, folder, who, TYPED[who], opened, at if who == killed else 0)
    check_nothing_lost(site, path, texts)


def changes_of_a_save(writers: Writers, folder: Path) -> int:
    """How often a save changes a file."""
    _, _, opened = fresh(folder)
    return int(writers.write(folder, "ada", TYPED["ada"], opened)["changes"])


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("in_place", [True, False])
def test_no_order_of_writers_loses_a_text(
    writers: Writers, tmp_path: Path, order: tuple[str, ...], *, in_place: bool
) -> None:
    """Whoever comes second gets a merge to confirm; every text is a version."""
    in_order(writers, tmp_path / "site", order, "", 0, in_place=in_place)


def killed_in_order(
    writers: Writers, folder: Path, order: tuple[str, ...], killed: str, moments: slice
) -> None:
    """Let each write in that order, with the saving of `killed` killed before one change of a file after the other."""
    changes = changes_of_a_save(writers, folder)
    assert changes > 5
    for at in range(1, changes + 1)[moments]:
        in_order(writers, folder, order, killed, at, in_place=at % 2 == 0)


@pytest.mark.parametrize("number", range(len(ORDERS)), ids=["-".join(order) for order in ORDERS])
def test_no_kill_loses_a_text(writers: Writers, tmp_path: Path, number: int) -> None:
    """Killed before a change of a file, the server left the old text or the new one, and the draft."""
    # Each order takes another third of the moments.
    for killed in ("ada", "ben"):
        killed_in_order(writers, tmp_path / "site", ORDERS[number], killed, slice(number % 3, None, 3))


@pytest.mark.long
@pytest.mark.parametrize("killed", ["ada", "ben"])
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_no_kill_at_any_moment_loses_a_text(
    writers: Writers, tmp_path: Path, order: tuple[str, ...], killed: str
) -> None:
    """The same for every moment of every order."""
    killed_in_order(writers, tmp_path / "site", order, killed, slice(None))


def test_two_processes_and_threads_lose_nothing(writers: Writers, tmp_path: Path) -> None:
    """Saves at once stand in one queue: each replaces exactly the text that its writer knew."""
    site, path, opened = fresh(tmp_path / "site")
    known: dict[str, str] = {}

    def save_often(person: str) -> None:
        digest, text = opened, BASE
        for number in range(12):
            while True:
                done = save(
                    site, path, f"{text}{person} {number}\n".encode(), digest, Author(person, person), NOW
                )
                if done:
                    text, former, digest = f"{text}{person} {number}\n", digest, done.digest
                    known[digest] = former
                    break
                theirs = path.path.read_bytes()
                text, digest = theirs.decode(), digest_of_text(theirs)

    threads = [threading.Thread(target=save_often, args=(one,)) for one in ("cleo", "dora")]
    for thread in threads:
        thread.start()
    text, digest = BASE, opened
    for number in range(12):
        while True:
            said = writers.write(site.folder, "ada", f"{text}ada {number}\n", digest)
            if "saved" in said:
                text, former, digest = f"{text}ada {number}\n", digest, said["saved"]
                known[digest] = former
                break
            text, digest = said["text"], said["theirs"]
    for thread in threads:
        thread.join()
    saves = [one for one in reversed(versions(site, path)) if one.action in {"saved", "outside"}]
    assert 1 + 3 * 12 == len(saves)
    assert all(known[one.digest] == before.digest for before, one in pairwise(saves))
    final = path.path.read_text(encoding="utf-8")
    assert all(f"{person} {n}\n" in final for person in ("ada", "cleo", "dora") for n in range(12))


def test_another_program_in_the_middle_of_a_save_is_not_overwritten(tmp_path: Path) -> None:
    """A text that another program puts in place between the look and the replacing is in the file or a version."""
    site, path, _ = fresh(tmp_path / "site")
    stop = threading.Event()

    def save_on() -> None:
        number = 0
        while not stop.is_set():
            now = open_file(site, path, NOW)
            save(site, path, now.content + f"ada {number}\n".encode(), now.digest, Author("ada", "Ada"), NOW)
            number += 1

    saver = threading.Thread(target=save_on)
    saver.start()
    texts = []
    for number in range(40):
        beside = path.path.with_name(".swp")
        texts.append(f"outside {number}\n".encode())
        beside.write_bytes(texts[-1])
        beside.replace(path.path)
        for _ in range(300):
            if digest_of_text(texts[-1]).encode() in (site.private / "versions/log").read_bytes():
                break
            time.sleep(0.001)
    stop.set()
    saver.join()
    observed(site, path, NOW)
    kept = {one.digest for one in versions(site, path)}
    assert [] == [text for text in texts if digest_of_text(text) not in kept]
