"""The work tree of git in which a site may lie: what is not committed, and commits of single content files.

The git program is called with lists of arguments. Only `status`, `add --intent-to-add` and `commit` are used: nothing
is pulled, merged, rebased, pushed or taken back. A site without git, or outside of a work tree, works the same.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from offerpress.site.settings_file import StudioSettings, read_section
from offerpress.site.site import Site
from offerpress.writing.paths import ContentPath, WritingRefused
from offerpress.writing.versions import Author

_SECONDS: Final = 30.0
_DOMAIN: Final = "studio.offerpress.invalid"
_UNSAFE: Final = re.compile(r"[<>\x00-\x1f\x7f]")
_STATES: Final[Mapping[str, Literal["new", "changed", "deleted"]]] = {"?": "new", "A": "new", "D": "deleted"}
_PASSED_ON: Final = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME")
"""What git and its hooks get of the environment, which may also hold the site's secrets."""
_LONGEST_REASON: Final = 300


class NotCommitted(WritingRefused):
    """Git did not take the commit; the files are saved all the same."""


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """A file of `content/` that differs from the last commit, by its path from the site folder."""

    path: str
    state: Literal["new", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class WorkTree:
    """The work tree around a site: the branch, what is not committed, and whether the studio may commit."""

    branch: str
    uncommitted: tuple[Uncommitted, ...]
    may_commit: bool


def work_tree(site: Site) -> WorkTree | None:
    """Return the work tree of git in which the site lies; None where there is none, or no git."""
    prefix = _git(site, "rev-parse", "--show-prefix")
    if prefix is None or prefix.returncode:
        return None
    status = _git(
        site,
        "status",
        "--porcelain=v1",
        "--branch",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--",
        "content",
    )
    if status is None or status.returncode:
        return None
    lines = status.stdout.split("\0")
    branch = next((line[3:].partition("...")[0] for line in lines if line.startswith("## ")), "")
    found = (_uncommitted(line, prefix.stdout.rstrip("\n")) for line in lines if not line.startswith("## "))
    return WorkTree(
        branch.removeprefix("No commits yet on "), tuple(one for one in found if one), may_commit(site)
    )


def may_commit(site: Site) -> bool:
    """Return whether `[studio] commit = true` is set; not in settings that cannot be read."""
    settings = read_section(site.folder, "studio", StudioSettings, [])
    return settings is not None and settings.commit


def commit_files(site: Site, paths: Sequence[ContentPath], message: str, by: Author, at: datetime) -> str:
    """Commit these files alone, with the person as author, and return the commit; raises `NotCommitted`.

    What others have staged stays staged. The files are committed as they are on the disk.
    """
    if not may_commit(site):
        raise NotCommitted("The studio may not commit here: the settings of the site do not allow it.")
    names = [path.name for path in paths]
    author = _UNSAFE.sub("", by.name).strip() or by.person
    environment = {
        "GIT_AUTHOR_NAME": author,
        "GIT_AUTHOR_EMAIL": f"{_UNSAFE.sub('', by.person)}@{_DOMAIN}",
        "GIT_AUTHOR_DATE": at.isoformat(timespec="seconds"),
        **_committer(site),
    }
    there = [path.name for path in paths if path.path.is_file()]
    if there:
        _must(_git(site, "add", "--intent-to-add", "--", *there))
    words = " ".join(message.split()) or f"Change {', '.join(names)}"
    _must(
        _git(
            site,
            *("commit", "--quiet", "--no-gpg-sign", f"--message={words}", "--only", "--", *names),
            more=environment,
        )
    )
    return _must(_git(site, "rev-parse", "HEAD")).strip()


def _committer(site: Site) -> Mapping[str, str]:
    """Return who commits where git knows nobody: the studio. The machine's own name stays otherwise."""
    known = _git(site, "config", "user.email")
    if known is not None and known.returncode == 0:
        return {}
    return {"GIT_COMMITTER_NAME": "Offerpress studio", "GIT_COMMITTER_EMAIL": f"studio@{_DOMAIN}"}


def _uncommitted(line: str, prefix: str) -> Uncommitted | None:
    """Return the file of a line `XY path`; a path outside of the site's folder is none."""
    codes, path = line[:2], line[3:]
    if not path.startswith(prefix):
        return None
    found = [_STATES[code] for code in reversed(codes) if code in _STATES]
    return Uncommitted(path.removeprefix(prefix), found[0] if found else "changed") if path else None


def _must(done: subprocess.CompletedProcess[str] | None) -> str:
    if done is not None and done.returncode == 0:
        return done.stdout
    said = "there is no git on this machine" if done is None else (done.stderr or done.stdout).strip()
    reason = said[:_LONGEST_REASON] or "git gave no reason"
    raise NotCommitted(f"Nothing was committed, and your text is saved all the same. Git says: {reason}")


def _git(
    site: Site, *words: str, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str] | None:
    """Run git in the site folder; None where it is missing or takes too long. Names are no patterns."""
    kept = {name: site.environment[name] for name in _PASSED_ON if name in site.environment}
    environment = {
        **kept,
        "LC_ALL": "C.UTF-8",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        **(more or {}),
    }
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments; names of files stand behind `--`
            ["git", "-C", str(site.folder), "-c", "core.quotePath=off", *words],  # noqa: S607 - git is where the machine has it
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
