"""Folders whose names are no UTF-8, as an archive or another system may leave them: one sentence, never a traceback."""

import os
from pathlib import Path

import pytest

from offerpress.cli import run

NAMES = [b"caf\xe9", b"\xfcber/site", b"\xff"]


@pytest.mark.parametrize("name", NAMES)
def test_a_site_is_not_made_there(name: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`new` refuses such a name and makes nothing."""
    place = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    assert 1 == run(["new", place])
    said = capsys.readouterr().err
    assert ("the name is not UTF-8" in said, 1, []) == (True, said.count("\n"), list(tmp_path.iterdir()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "command", [["check"], ["status"], ["plan", "a"], ["add", "page", "Help"], ["build"]]
)
def test_a_site_there_is_refused(
    name: bytes, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site that was unpacked under such a name is refused by every command, with what to do."""
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    place.mkdir(parents=True)
    (place / "offerpress.toml").write_text("", encoding="utf-8")
    assert 1 == run([*command, "--site", str(place)])
    assert "rename the folder" in capsys.readouterr().err
