"""The lock of `private/`, and what its holder removes of killed commands."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offerpress.site.folder import OfferpressError
from offerpress.site.keys import SiteKeys, revoke
from offerpress.site.locking import sole_writer
from offerpress.site.site import Site
from offerpress.site.state import create_state, write_cache, write_state


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty site folder."""
    return Site(tmp_path, datetime(2024, 1, 2, tzinfo=UTC), {})


@contextmanager
def held_elsewhere(site: Site) -> Iterator[None]:
    """Hold the lock through another handle, as another process would (flock(2) locks belong to the handle)."""
    handle = os.open(site.make_private(), os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


def test_a_command_that_keeps_the_lock_is_told_of(site: Site) -> None:
    """Whoever waited in vain reads which folder is busy and what to do."""
    with held_elsewhere(site), pytest.raises(OfferpressError) as told, sole_writer(site, wait_seconds=0):
        pass
    assert f"busy: {site.private}" in str(told.value)
    assert "run this again" in str(told.value)


def test_the_lock_is_waited_for(site: Site) -> None:
    """Who waits goes on as soon as the other one has ended."""
    done: list[str] = []

    def wait() -> None:
        with sole_writer(site):
            done.append("second")

    with held_elsewhere(site):
        waiting = threading.Thread(target=wait)
        waiting.start()
        done.append("first")
    waiting.join()
    assert ["first", "second"] == done


def test_threads_wait_for_one_another(site: Site) -> None:
    """Two people whom one process answers change the private folder one after the other."""
    inside, together = [0], []

    def write() -> None:
        for _ in range(20):
            with sole_writer(site), sole_writer(site):
                inside[0] += 1
                os.sched_yield()
                together.append(inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [1] * 80 == together


def test_a_thread_that_keeps_the_lock_is_told_of(site: Site) -> None:
    """Another thread that cannot wait gets the same sentence as another command."""
    told: list[str] = []

    def refused() -> None:
        try:
            with sole_writer(site, wait_seconds=0):
                told.append("written")
        except OfferpressError as error:
            told.append(str(error))

    with sole_writer(site):
        thread = threading.Thread(target=refused)
        thread.start()
        thread.join()
    assert [True] == [f"busy: {site.private}" in one for one in told]


def test_files_written_without_the_lock_meet_whoever_sweeps(site: Site) -> None:
    """Caches and state files that come and go while a command takes the lock stop neither of the two."""
    site.make_private()
    done: list[str] = []

    def write() -> None:
        for number in range(150):
            write_cache(site.private / "texts.cache", b"x" * number)
            write_state(site.private / "epochs.json", str(number))
            create_state(site.private / f"{number}.json", "x")
        done.append("written")

    writing = threading.Thread(target=write)
    writing.start()
    while writing.is_alive():
        with sole_writer(site):
            pass
    writing.join()
    assert (["written"], 150) == (done, len(list(site.private.glob("[0-9]*.json"))))


def test_no_folder_is_left_by_a_command_that_wrote_nothing(site: Site) -> None:
    """A refused command leaves no private folder behind; the lock may be taken again within itself."""
    with sole_writer(site), sole_writer(site):
        assert site.private.is_dir()
    assert not site.private.exists()


@pytest.mark.parametrize(
    "name",
    [
        "epochs.json.writing",
        "manifests/build.json.writing",
        "batches/hello-1.1.writing",
        "batches/.rendering-abc",
        "sign-offs/year.1.json.writing",
        "snapshots/0123-4567/source.writing",
    ],
)
def test_what_a_killed_command_left_is_removed(site: Site, name: str) -> None:
    """The next command that writes removes half-written files and leaves all others."""
    left, kept = site.private / name, site.private / name.removesuffix(".writing").replace(".rendering", "x")
    for path in (left, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="ascii")
    with sole_writer(site):
        pass
    assert [True, False] == [kept.exists(), left.exists()]


def test_a_snapshot_that_was_moved_away_comes_back(site: Site) -> None:
    """Killed between moving the former snapshot away and the new one in, `freeze` loses none; half a one is removed."""
    former = site.snapshots / ".0123-4567-ab12cd_9-former"
    half = site.snapshots / ".89ab-cdef-ab12cd_9"
    for folder in (former, half):
        folder.mkdir(parents=True)
        (folder / "snapshot.json").write_text("{}", encoding="ascii")
    with sole_writer(site):
        assert ["0123-4567"] == sorted(path.name for path in site.snapshots.iterdir())


def test_revoking_builds_on_what_another_command_revoked(site: Site) -> None:
    """Two links that are revoked with the same keys in hand are both revoked."""
    keys = SiteKeys(b"\x17" * 31 + b"\x18")
    revoke(site, keys, "A-1")
    revoke(site, keys, "B-2")
    assert {"A-1": 1, "B-2": 1, "C-3": 1} == revoke(site, keys, "C-3").epochs
