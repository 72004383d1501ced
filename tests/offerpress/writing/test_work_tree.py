"""Git beside the studio: what is not committed, and commits of single files by a person."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offerpress.site.site import Site
from offerpress.writing.paths import content_path
from offerpress.writing.versions import Author
from offerpress.writing.work_tree import NotCommitted, Uncommitted, commit_files, work_tree

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
ADA = Author("ada", "Ada <Lovelace>")


def git(folder: Path, *words: str) -> str:
    """Call git as a person does in a terminal."""
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site in a folder of a work tree, with one page that is committed."""
    folder = tmp_path / "tree" / "site"
    (folder / "content/pages").mkdir(parents=True)
    (folder / "content/pages/terms.md").write_text("---\ntitle: T\n---\n", encoding="utf-8")
    (folder / "offerpress.toml").write_text("[studio]\ncommit = true\n", encoding="utf-8")
    git(folder.parent, "init", "--quiet", "--initial-branch", "main")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "-m", "begin")
    return Site(folder, NOW, {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_DIR": "/nowhere"})


def test_what_is_not_committed_is_named(site: Site) -> None:
    """Changed, new and deleted files of the content are named by their path from the site, in any letters."""
    (site.folder / "content/pages/terms.md").unlink()
    (site.folder / "content/pages/مرحبا.md").write_text("x", encoding="utf-8")
    (site.folder / "other.txt").write_text("x", encoding="utf-8")
    found = work_tree(site)
    assert found is not None
    assert ("main", True) == (found.branch, found.may_commit)
    assert {
        Uncommitted("content/pages/terms.md", "deleted"),
        Uncommitted("content/pages/مرحبا.md", "new"),
    } == set(found.uncommitted)


def test_a_commit_holds_the_named_files_and_its_author(site: Site) -> None:
    """Only the named files are committed; what somebody staged stays staged, and the branch goes one step on."""
    for name in ("terms", "new"):
        (site.folder / f"content/pages/{name}.md").write_text(f"{name}\n", encoding="utf-8")
    (site.folder / "other.txt").write_text("x", encoding="utf-8")
    git(site.folder, "add", "other.txt")
    paths = [content_path(site, f"content/pages/{name}.md") for name in ("terms", "new")]
    commit = commit_files(site, paths, "--amend\nNew terms", ADA, NOW)
    assert (
        f"{commit}|Ada Lovelace|ada@studio.offerpress.invalid|--amend New terms|Offerpress studio"
        == git(site.folder, "log", "-1", "--format=%H|%an|%ae|%s|%cn").strip()
    )
    assert ["site/content/pages/new.md", "site/content/pages/terms.md"] == git(
        site.folder, "show", "--name-only", "--format="
    ).split()
    assert "A  site/other.txt" in git(site.folder, "status", "--porcelain")
    assert "2" == git(site.folder, "rev-list", "--count", "HEAD").strip()
    tree = work_tree(site)
    assert tree is not None
    assert () == tree.uncommitted


def test_a_deleted_file_can_be_committed(site: Site) -> None:
    """A file that is gone is taken out of the tree by its commit."""
    path = content_path(site, "content/pages/terms.md")
    path.path.unlink()
    commit_files(site, [path], "Remove", ADA, NOW)
    assert "" == git(site.folder, "ls-files", "content").strip()


def test_nothing_is_committed_without_the_setting(site: Site) -> None:
    """The setting is off by default."""
    (site.folder / "offerpress.toml").write_text("", encoding="utf-8")
    with pytest.raises(NotCommitted, match="may not commit"):
        commit_files(site, [content_path(site, "content/pages/terms.md")], "x", ADA, NOW)


def test_a_refusal_of_git_is_told(site: Site) -> None:
    """In a merge, or by a hook, git refuses; its words are shown."""
    hook = site.folder.parent / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho 'run the spelling first' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    path = content_path(site, "content/pages/terms.md")
    path.path.write_text("changed", encoding="utf-8")
    with pytest.raises(NotCommitted, match="run the spelling first"):
        commit_files(site, [path], "x", ADA, NOW)


def test_a_site_without_git_works(site: Site, tmp_path: Path) -> None:
    """Outside of a work tree, and on a machine without git, there is simply none."""
    (tmp_path / "plain").mkdir()
    assert work_tree(Site(tmp_path / "plain", NOW, {"PATH": os.environ["PATH"]})) is None
    without = Site(site.folder, NOW, {"PATH": str(tmp_path)})
    assert work_tree(without) is None
    with pytest.raises(NotCommitted, match="no git"):
        commit_files(without, [content_path(site, "content/pages/terms.md")], "x", ADA, NOW)
