"""The temporary folder of a command, and what becomes of those of killed commands."""

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from offerpress.temporary import temporary_folder


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, as far as the test is concerned."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def left(above: Path) -> list[str]:
    """What stands in the folder of all commands."""
    return sorted(path.name for root in above.iterdir() for path in root.iterdir())


def test_everything_temporary_goes_with_the_command(above: Path) -> None:
    """Within the block `tempfile` and child processes use one folder; after it nothing of it is left."""
    with temporary_folder():
        made = Path(tempfile.mkdtemp(prefix="kept-"))
        assert made.parent.parent.parent == above
        assert os.environ["TMPDIR"] == str(made.parent)
    assert ([], str(above), str(above)) == (left(above), os.environ["TMPDIR"], tempfile.gettempdir())


def test_the_folder_of_a_killed_command_goes_with_the_next(above: Path) -> None:
    """A folder whose lock nobody holds is removed; one whose process lives is not."""
    with temporary_folder():
        root = Path(os.environ["TMPDIR"]).parent
    for name in ("1-1", "2-2"):
        (root / name / "spill").mkdir(parents=True)
        (root / f"{name}.lock").touch()
    with (root / "2-2.lock").open("r+b") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        with temporary_folder():
            pass
        assert ["2-2", "2-2.lock"] == left(above)


def test_a_folder_that_others_may_write_to_is_not_used(above: Path) -> None:
    """In a shared temporary folder somebody else may have made it first: then the command does without."""
    root = above / f"offerpress-{os.getuid()}"
    root.mkdir()
    root.chmod(0o777)
    with temporary_folder():
        assert str(above) == tempfile.gettempdir()
    assert [] == left(above)
