"""Saving, versions, drafts, renaming and deleting: what stays, what is refused, and the sentence for it."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offerpress.site.site import Site
from offerpress.writing.drafts import draft_of, drafts_of, keep_draft, note_closed, note_open, open_by
from offerpress.writing.merging import changed_lines, merged
from offerpress.writing.paths import (
    ContentPath,
    FileExists,
    FileVanished,
    NotWritable,
    RefusedPath,
    WritingRefused,
    content_path,
)
from offerpress.writing.saving import Saved, delete_file, rename_file, restore, save
from offerpress.writing.texts import NotText, open_file, open_for
from offerpress.writing.versions import (
    Author,
    deleted_files,
    drop_texts,
    last_changes,
    note_outside,
    old_texts,
    text_of,
    versions,
)

NOW = datetime(2027, 1, 1, 9, tzinfo=UTC)
ADA, BEN = Author("ada", "Ada"), Author("ben", "Ben")
NAME = "content/pages/terms.md"
TEXT = b"---\ntitle: T\n---\none\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one page."""
    (tmp_path / NAME).parent.mkdir(parents=True)
    (tmp_path / NAME).write_bytes(TEXT)
    return Site(tmp_path, NOW, {})


@pytest.fixture
def path(site: Site) -> ContentPath:
    """The page."""
    return content_path(site, NAME)


def actions(site: Site, path: ContentPath) -> list[tuple[str, str]]:
    """Person and action of each version, the oldest first."""
    return [(one.person, one.action) for one in reversed(versions(site, path))]


def test_a_save_is_a_version_and_keeps_the_mode(site: Site, path: ContentPath) -> None:
    """The text found first and the saved one are versions; what is private is readable by nobody else."""
    path.path.chmod(0o640)
    done = save(site, path, b"new", open_file(site, path, NOW).digest, ADA, NOW)
    assert isinstance(done, Saved)
    assert b"new" == path.path.read_bytes() == text_of(site, done.digest)
    assert 0o640 == stat.S_IMODE(path.path.stat().st_mode)
    assert [("", "outside"), ("ada", "saved")] == actions(site, path)
    kept = [one for one in (site.private / "versions").rglob("*") if one.is_file()]
    assert {0o600} == {stat.S_IMODE(one.stat().st_mode) for one in kept}
    assert [path.path] == list(path.path.parent.iterdir())


def test_an_unchanged_text_is_no_version(site: Site, path: ContentPath) -> None:
    """Saving what the file holds writes nothing."""
    before = path.path.stat()
    done = save(site, path, TEXT, open_file(site, path, NOW).digest, ADA, NOW)
    assert Saved(open_file(site, path, NOW).digest, None) == done
    assert (before.st_ino, before.st_mtime_ns) == (path.path.stat().st_ino, path.path.stat().st_mtime_ns)
    assert [("", "outside")] == actions(site, path)


def test_a_conflict_keeps_all_three_texts(site: Site, path: ContentPath) -> None:
    """Changes of one line by two are shown side by side, nothing is overwritten, and the second one is a draft."""
    opened = open_file(site, path, NOW).digest
    save(site, path, TEXT.replace(b"one", b"ada"), opened, ADA, NOW)
    mine = TEXT.replace(b"one", b"ben")
    assert save(site, path, mine, opened, BEN, NOW) is None
    assert TEXT.replace(b"one", b"ada") == path.path.read_bytes()
    draft = draft_of(site, path, "ben")
    assert draft is not None
    assert (mine, TEXT) == (draft.content, text_of(site, draft.opened))
    assert [("", "outside"), ("ada", "saved"), ("ben", "aside")] == actions(site, path)
    assert isinstance(save(site, path, mine, open_file(site, path, NOW).digest, BEN, NOW), Saved)
    assert draft_of(site, path, "ben") is None


def test_a_file_that_vanished_is_a_conflict_too(site: Site, path: ContentPath) -> None:
    """Somebody deleted the file meanwhile: the text is kept, and can be saved as a new file."""
    opened = open_file(site, path, NOW).digest
    path.path.unlink()
    assert save(site, path, b"mine", opened, ADA, NOW) is None
    with pytest.raises(FileVanished, match="is not there any more"):
        open_file(site, path, NOW)
    assert isinstance(save(site, path, b"mine", "", ADA, NOW), Saved)
    assert [("", "outside"), ("", "deleted"), ("ada", "aside"), ("ada", "made")] == actions(site, path)


def test_a_new_file_never_takes_the_place_of_another(site: Site, path: ContentPath) -> None:
    """A file that must not exist and does is a conflict."""
    assert save(site, path, b"new", "", ADA, NOW) is None
    assert TEXT == path.path.read_bytes()


def test_what_another_program_did_is_a_version(site: Site, path: ContentPath) -> None:
    """Changes and deletions outside of the studio are noticed at the next look, without a name."""
    open_file(site, path, NOW)
    path.path.write_bytes(b"outside")
    open_file(site, path, NOW + timedelta(hours=1))
    assert [("", "outside"), ("", "outside")] == actions(site, path)
    assert "outside" == last_changes(site)[NAME].action
    assert "2027-01-01T10:00:00.000+00:00" == last_changes(site)[NAME].at


def test_all_texts_are_looked_at_together(site: Site, path: ContentPath) -> None:
    """New, changed and deleted texts are noticed, each once."""
    other = site.folder / "content/pages/other.md"
    other.write_bytes(b"other")
    assert (2, 0) == (note_outside(site, NOW), note_outside(site, NOW))
    path.path.write_bytes(b"changed")
    other.unlink()
    assert (2, 0) == (note_outside(site, NOW), note_outside(site, NOW))
    assert [("", "outside"), ("", "outside")] == actions(site, path)
    assert ["content/pages/other.md"] == [one.path for one in deleted_files(site)]


def test_a_version_can_be_restored(site: Site, path: ContentPath) -> None:
    """An old text becomes the file again, also after the file was deleted; the difference is text."""
    first = open_file(site, path, NOW).digest
    done = save(site, path, TEXT.replace(b"one", b"two"), first, ADA, NOW)
    assert isinstance(done, Saved)
    changed = changed_lines(text_of(site, first), text_of(site, done.digest))
    assert [("Taken out", "one"), ("Added", "two")] == changed[-2:]
    delete_file(site, path, done.digest, ADA, NOW)
    assert not path.path.exists()
    assert isinstance(restore(site, path, first, "", BEN, NOW), Saved)
    assert TEXT == path.path.read_bytes()
    assert [("ada", "saved"), ("ada", "deleted"), ("ben", "restored")] == actions(site, path)[1:]


def test_versions_follow_a_new_name(site: Site, path: ContentPath) -> None:
    """A renamed file has the versions of its former name; a name that is taken is refused."""
    new = content_path(site, "content/pages/conditions.md")
    rename_file(site, path, new, open_file(site, path, NOW).digest, ADA, NOW)
    assert [("", "outside"), ("ada", "renamed")] == actions(site, new)
    assert [new.path] == list(new.path.parent.iterdir())
    path.path.write_bytes(TEXT)
    with pytest.raises(FileExists, match="choose another name"):
        rename_file(site, path, new, open_file(site, path, NOW).digest, ADA, NOW)


def test_a_new_text_has_a_name_that_the_site_reads(site: Site, path: ContentPath) -> None:
    """A text is not made, and not renamed, under a name that `check` would refuse."""
    odd = content_path(site, "content/pages/Our Terms.md")
    with pytest.raises(RefusedPath, match="call it 'our-terms'"):
        save(site, odd, b"new", "", ADA, NOW)
    with pytest.raises(RefusedPath, match="call it 'our-terms'"):
        rename_file(site, path, odd, open_file(site, path, NOW).digest, ADA, NOW)


def test_a_changed_file_is_not_deleted_or_renamed(site: Site, path: ContentPath) -> None:
    """Who has not seen the text as it is now does not take it away."""
    opened = open_file(site, path, NOW).digest
    path.path.write_bytes(b"outside")
    new = content_path(site, "content/pages/conditions.md")
    with pytest.raises(WritingRefused, match="has changed since you opened it"):
        delete_file(site, path, opened, ADA, NOW)
    with pytest.raises(WritingRefused, match="has changed since you opened it"):
        rename_file(site, path, new, opened, ADA, NOW)
    assert b"outside" == path.path.read_bytes()


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of a user without privileges, as whom the test runs if it began as root."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    yield folder
    if os.getuid() == 0:
        os.seteuid(0)
    shutil.rmtree(folder)


def test_a_read_only_folder_is_said_and_the_text_kept(nobody: Path) -> None:
    """Where the folder or the file may not be written, the text is a draft, and no version says that it was saved."""
    site = Site(nobody, NOW, {})
    path = content_path(site, NAME)
    path.path.parent.mkdir(parents=True)
    path.path.write_bytes(TEXT)
    for place, mode in ((path.path.parent, 0o555), (path.path, 0o444)):
        before = stat.S_IMODE(place.stat().st_mode)
        place.chmod(mode)
        with pytest.raises(NotWritable, match="was not saved: the folder or the file is read-only"):
            save(site, path, b"mine", open_file(site, path, NOW).digest, ADA, NOW)
        place.chmod(before)
        draft = draft_of(site, path, "ada")
        assert draft is not None
        assert b"mine" == draft.content
        assert [("", "outside")] == actions(site, path)
        assert TEXT == path.path.read_bytes()


def test_a_private_folder_that_cannot_be_written_is_said(nobody: Path) -> None:
    """Without versions nothing is saved."""
    site = Site(nobody, NOW, {})
    path = content_path(site, NAME)
    path.path.parent.mkdir(parents=True)
    path.path.write_bytes(TEXT)
    nobody.chmod(0o555)
    with pytest.raises(NotWritable, match="private/ cannot be written"):
        save(site, path, b"mine", "", ADA, NOW)
    nobody.chmod(0o755)
    assert TEXT == path.path.read_bytes()


def test_bytes_that_are_no_text_are_not_opened_as_text(site: Site, path: ContentPath) -> None:
    """A file in another encoding is refused with its line instead of being damaged."""
    path.path.write_bytes(b"---\ntitle: caf\xe9\n---\n")
    with pytest.raises(NotText, match="line 2"):
        assert open_file(site, path, NOW).text


def test_a_damaged_version_is_said(site: Site, path: ContentPath) -> None:
    """A text that does not have its digest any more is not restored; others are."""
    first = open_file(site, path, NOW).digest
    (site.private / "versions" / first[:2] / first[2:]).write_bytes(b"damaged")
    with pytest.raises(WritingRefused, match="damaged"):
        restore(site, path, first, first, ADA, NOW)
    with pytest.raises(WritingRefused, match="no such version"):
        text_of(site, "../site-secret")
    (site.private / "versions/log").write_bytes(
        (site.private / "versions/log").read_bytes() + b'{"at": "cut o'
    )
    assert isinstance(save(site, path, b"new", first, ADA, NOW), Saved)
    assert [("", "outside"), ("ada", "saved")] == actions(site, path)


def test_old_texts_can_be_thinned_out(site: Site, path: ContentPath) -> None:
    """Texts of earlier days go, what the file holds and the log stay; a text that is written again meanwhile stays."""
    digests = [open_file(site, path, NOW).digest]
    for day, text in enumerate((b"two", b"three"), 1):
        done = save(site, path, text, digests[-1], ADA, NOW + timedelta(days=day))
        digests.append(done.digest if isinstance(done, Saved) else "")
    for one in (site.private / "versions").glob("??/*"):
        os.utime(one, (NOW.timestamp(), NOW.timestamp()))
    before = (NOW + timedelta(days=9)).date()
    old = old_texts(site, before)
    assert sorted(digests[:2]) == sorted(one.parent.name + one.name for one in old)
    assert [] == old_texts(site, NOW.date())
    assert isinstance(restore(site, path, digests[0], digests[2], BEN, NOW + timedelta(days=10)), Saved)
    drop_texts(site, old, before)
    assert TEXT == text_of(site, digests[0])
    with pytest.raises(FileVanished, match="because it was old"):
        text_of(site, digests[1])
    assert 4 == len(versions(site, path))


def test_drafts_are_of_one_person(site: Site, path: ContentPath) -> None:
    """A draft is found by its person alone, with any bytes, and goes with the save."""
    opened = open_file(site, path, NOW).digest
    keep_draft(site, path, "مسودة\r\n".encode(), opened, ADA, NOW)
    found = open_for(site, path, "ada", NOW)
    assert found.draft is not None
    assert ("مسودة\r\n".encode(), opened, NOW) == (found.draft.content, found.draft.opened, found.draft.at)
    assert (None, [NAME], []) == (
        open_for(site, path, "ben", NOW).draft,
        [one.path for one in drafts_of(site, "ada")],
        drafts_of(site, "ben"),
    )
    keep_draft(site, path, b"\xff", opened, BEN, NOW)
    assert [b"\xff"] == [one.content for one in drafts_of(site, "ben")]
    save(site, path, b"new", opened, ADA, NOW)
    assert [] == drafts_of(site, "ada")


def test_who_has_a_file_open_is_forgotten_in_silence(site: Site, path: ContentPath) -> None:
    """Others see who has a file open until the page is closed, or says nothing for 90 seconds."""
    assert [] == note_open(site, path, ADA, NOW)
    assert ["Ada"] == [one.name for one in note_open(site, path, BEN, NOW + timedelta(seconds=60))]
    assert ("Ada",) == tuple(
        one.name for one in open_for(site, path, "ben", NOW + timedelta(seconds=80)).others
    )
    assert ["Ben"] == [one.name for one in open_by(site, NOW + timedelta(seconds=100))[NAME]]
    note_closed(site, path, "ben", NOW + timedelta(seconds=100))
    assert {} == open_by(site, NOW + timedelta(seconds=100))


@pytest.mark.parametrize(
    ("base", "theirs", "mine", "result"),
    [
        ("a b c d e", "A b c d e", "a b c d E", "A b c d E"),
        ("a b c", "a b c x", "y a b c", "y a b c x"),
        ("a b c", "a c", "a b c d", "a c d"),
        ("a b c", "a B c", "a B c", "a B c"),
        ("a b c", "a X c", "a Y c", None),
        ("a b c d", "a X c d", "a b Y d", None),
        ("a b", "a b x", "a b y", None),
        ("", "a", "", "a"),
        ("a b c", "", "a b c", ""),
        ("a b c", "", "a b c d", None),
    ],
)
def test_two_changes_become_one_text_where_they_do_not_touch(
    base: str, theirs: str, mine: str, result: str | None
) -> None:
    """Changes of different lines are merged; of the same or neighbouring lines they are not."""
    lines = [("\n".join(text.split()) + "\n").encode() if text else b"" for text in (base, theirs, mine)]
    expected = None if result is None else ("\n".join(result.split()) + "\n").encode() if result else b""
    assert expected == merged(*lines)
    assert expected == merged(lines[0], lines[2], lines[1])
