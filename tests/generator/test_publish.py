"""Publishing: one exchange, unchanged files keep inode and time, and what must not be replaced is refused."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import GeneratorError
from generator.publish import (
    BadArtifact,
    Publication,
    RefusedOutput,
    exchange_folders,
    exchange_folders_by_renames,
    publish_tree,
)

FIRST = {"index.html": b"one", "a/b.txt": b"same", "a/c/d.txt": b"goes"}


def tree(folder: Path) -> dict[str, bytes]:
    """The files without our marker."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".offerpress"
    }


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, time of content and time of status of everything in the folder."""
    return {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns, path.lstat().st_ctime_ns)
        for path in [folder, *folder.rglob("*")]
    }


def inside(folder: Path) -> dict[str, tuple[int, int, int]]:
    """The state of everything in the folder, without its own."""
    return {path: found for path, found in state(folder).items() if path != str(folder)}


def test_first_build(tmp_path: Path) -> None:
    """The folder comes into being with exactly the artifacts, and nothing beside it."""
    output = tmp_path / "deep" / "output"
    assert publish_tree(output, FIRST.items()) == Publication(written=4, kept=0, removed=0)
    assert tree(output) == FIRST
    assert [path.name for path in output.parent.iterdir()] == ["output"]


def test_nothing_changed_touches_nothing(tmp_path: Path) -> None:
    """The same artifacts again leave every file and folder as it is, to the time of its status."""
    output = tmp_path / "output"
    publish_tree(output, FIRST.items())
    before = state(output)
    assert publish_tree(output, FIRST.items()) == Publication(written=0, kept=4, removed=0)
    assert state(output) == before


def test_unchanged_files_keep_inode_and_time(tmp_path: Path) -> None:
    """A change replaces the changed file, removes the vanished one and keeps the rest, as new."""
    output = tmp_path / "output"
    publish_tree(output, FIRST.items())
    kept = (output / "a/b.txt").stat()
    found = publish_tree(output, {"index.html": b"two", "a/b.txt": b"same", "new.txt": b"x"}.items())
    assert found == Publication(written=2, kept=2, removed=1)
    after = (output / "a/b.txt").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_nlink) == (kept.st_ino, kept.st_mtime_ns, 1)
    assert tree(output) == {"index.html": b"two", "a/b.txt": b"same", "new.txt": b"x"}
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_same_size_other_content(tmp_path: Path) -> None:
    """A file of the same size with other bytes is written."""
    output = tmp_path / "output"
    publish_tree(output, {"a": b"12"}.items())
    publish_tree(output, {"a": b"34"}.items())
    assert tree(output) == {"a": b"34"}


@pytest.mark.parametrize(
    "path",
    ["", "/etc/x", "../x", "a/../x", "a//b", "a/", "./a", "a\\b", "a\nb", "a\0b", "x" * 300, ".offerpress"],
)
def test_bad_paths(tmp_path: Path, path: str) -> None:
    """A path that leads outside, is not plain or is our marker is refused; the old site stays."""
    output = tmp_path / "output"
    publish_tree(output, FIRST.items())
    before = state(output)
    with pytest.raises(BadArtifact):
        publish_tree(output, [("ok.txt", b""), (path, b"")])
    assert state(output) == before
    assert [one.name for one in tmp_path.iterdir()] == ["output"]


@pytest.mark.parametrize("second", ["a/b", "A/B", "a/b/c", "a"])
def test_colliding_paths(tmp_path: Path, second: str) -> None:
    """Two artifacts of one path, in any case of letters, or a file in the place of a folder are refused."""
    with pytest.raises(BadArtifact):
        publish_tree(tmp_path / "output", [("a/b", b""), (second, b"")])
    assert not (tmp_path / "output").exists()


def test_refused_outputs(tmp_path: Path) -> None:
    """A symbolic link, a file, and a folder with files of somebody else are refused and stay as they are."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("x")
    (tmp_path / "marked").mkdir()
    (tmp_path / "marked/.offerpress").symlink_to(tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    before = inside(tmp_path)
    for name in ("file", "full", "marked", "link"):
        with pytest.raises(RefusedOutput, match="; ") as caught:
            publish_tree(tmp_path / name, FIRST.items())
        assert caught.value.output == tmp_path / name
        assert isinstance(caught.value, GeneratorError)
    assert inside(tmp_path) == before


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    """An empty folder may be replaced."""
    (tmp_path / "output").mkdir()
    publish_tree(tmp_path / "output", FIRST.items())
    assert tree(tmp_path / "output") == FIRST


def test_links_inside_the_output_are_not_followed(tmp_path: Path) -> None:
    """A symbolic link in the old tree is replaced by a file; what it pointed to stays."""
    output = tmp_path / "output"
    publish_tree(output, FIRST.items())
    (tmp_path / "other").write_bytes(b"one")
    (output / "index.html").unlink()
    (output / "index.html").symlink_to(tmp_path / "other")
    publish_tree(output, FIRST.items())
    assert not (output / "index.html").is_symlink()
    assert (tmp_path / "other").read_bytes() == b"one"


def test_an_artifact_that_fails_changes_nothing(tmp_path: Path) -> None:
    """An error while artifacts are made leaves the old site and no litter."""
    output = tmp_path / "output"
    publish_tree(output, FIRST.items())
    before = state(output)

    def failing() -> object:
        yield "index.html", b"two"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        publish_tree(output, failing())  # type: ignore[arg-type]
    assert state(output) == before
    assert [one.name for one in tmp_path.iterdir()] == ["output"]


def test_after_a_crash(tmp_path: Path) -> None:
    """A half-built tree is removed, and an old tree whose successor never came is put back first."""
    output = tmp_path / "output"
    publish_tree(output, FIRST.items())
    inode = (output / "a/b.txt").stat().st_ino
    output.rename(tmp_path / ".output.spare")
    (tmp_path / ".output.next").mkdir()
    (tmp_path / ".output.next/half.txt").write_text("x")
    publish_tree(output, {**FIRST, "index.html": b"two"}.items())
    assert tree(output) == {**FIRST, "index.html": b"two"}
    assert (output / "a/b.txt").stat().st_ino == inode
    assert [one.name for one in tmp_path.iterdir()] == ["output"]


def test_two_at_once(tmp_path: Path) -> None:
    """While one build publishes, another into the same folder is refused, and one into a folder beside it is not."""
    refused = []

    def publishing() -> Iterator[tuple[str, bytes]]:
        try:
            publish_tree(tmp_path / "output", FIRST.items())
        except RefusedOutput as error:
            refused.append(str(error))
        publish_tree(tmp_path / "other", FIRST.items())
        yield from FIRST.items()

    publish_tree(tmp_path / "output", publishing())
    assert ["another build" in one for one in refused] == [True]
    assert tree(tmp_path / "output") == tree(tmp_path / "other") == FIRST
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other", "output"]


def test_a_killed_build_keeps_no_lock(tmp_path: Path) -> None:
    """The lock belongs to a process: a file that a killed one left is taken over and removed."""
    (tmp_path / ".output.lock").touch()
    publish_tree(tmp_path / "output", FIRST.items())
    assert [one.name for one in tmp_path.iterdir()] == ["output"]


def test_a_lock_is_no_link(tmp_path: Path) -> None:
    """A symbolic link in the place of the lock is not followed."""
    (tmp_path / ".output.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        publish_tree(tmp_path / "output", FIRST.items())
    assert not (tmp_path / "elsewhere").exists()


def test_exchange_and_its_fallback(tmp_path: Path) -> None:
    """Both ways make two folders change places; a fallback that cannot finish puts back what it moved."""
    one, other, spare = tmp_path / "one", tmp_path / "other", tmp_path / "spare"
    for folder in (one, other):
        folder.mkdir()
        (folder / folder.name).touch()
    exchange_folders(one, other, spare)
    assert (one / "other").exists()
    exchange_folders_by_renames(one, other, spare)
    assert (one / "one").exists()
    assert not spare.exists()
    with pytest.raises(FileNotFoundError):
        exchange_folders_by_renames(tmp_path / "missing", other, spare)
    assert (other / "other").exists()
    with pytest.raises(FileNotFoundError):
        exchange_folders(one, tmp_path / "missing", spare)


def random_tree(chance: random.Random) -> dict[str, bytes]:
    """A few files in folders within folders; a name may be that of a file in one tree, of a folder in another."""
    found: dict[str, bytes] = {}
    for _ in range(chance.randrange(1, 9)):
        path = "/".join(chance.choice("abc") for _ in range(chance.randrange(1, 5)))
        above = {path[:n] for n in range(1, len(path), 2)}
        if not above & found.keys() and not any(one.startswith(f"{path}/") for one in found):
            found[path] = chance.choice((b"1", b"2"))
    return found


@pytest.mark.parametrize("in_one_step", [True, False])
def test_any_tree_after_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_one_step: bool
) -> None:
    """The folder holds exactly the artifacts, equal files stay as they are, and nothing is left beside it."""
    if not in_one_step:
        monkeypatch.setattr("generator.publish.exchange_in_one_step", lambda *_folders: False)
    output, chance = tmp_path / "output", random.Random(7)
    before: dict[str, bytes] = {}
    for _ in range(150):
        now = random_tree(chance) if chance.random() < 0.3 else {**before, **random_tree(chance)}
        while clash := [one for one in now if any(other.startswith(f"{one}/") for other in now)]:
            del now[clash[0]]
        same = [path for path in now if before.get(path) == now[path]]
        inodes = {path: (output / path).stat().st_ino for path in same}
        found = publish_tree(output, now.items())
        assert now == tree(output)
        assert sorted(now.keys() - set(same)) == [path for path in found.changed if path != ".offerpress"]
        assert sorted(before.keys() - now.keys()) == list(found.gone)
        assert inodes == {path: (output / path).stat().st_ino for path in same}
        assert all(any(one.rglob("*")) for one in output.rglob("*") if one.is_dir())
        assert ["output"] == [path.name for path in tmp_path.iterdir()]
        before = now


def test_only_the_folder_that_changed_is_exchanged(tmp_path: Path) -> None:
    """Folders beside it stay the ones that they were, and so does the tree itself."""
    output = tmp_path / "output"
    files = {"index.html": b"1", "a/one": b"1", "s/t/one": b"1", "s/t/two": b"1", "s/u/one": b"1"}
    publish_tree(output, files.items())
    before = state(output)
    assert 1 == publish_tree(output, {**files, "s/t/two": b"2"}.items()).written
    after = state(output)
    differ = {path for path in before | after if before.get(path) != after.get(path)}
    assert {str(output / path) for path in ("s", "s/t", "s/t/one", "s/t/two")} == differ
