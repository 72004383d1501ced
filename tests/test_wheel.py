"""The wheel as a stranger gets it: its exact top level, and a site made and built in a fresh environment."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

# `make wheel` runs these, before all other tests in continuous integration.
pytestmark = pytest.mark.long
ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command that must succeed, run without this process's Python settings."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("PYTHON", "COV", "OFFERPRESS", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this source tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=ROOT)
    (made,) = folder.glob("*.whl")
    return made


def test_top_level(wheel: Path) -> None:
    """The wheel carries the five packages at its top level and the starter inside one of them, nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert {"generator", "ledger", "mailer", "offerpress", "rewards", "offerpress-0.2.0.dist-info"} == top
    starter = {name.split("/")[2] for name in names if name.startswith("offerpress/starter/")}
    assert {"content", "data", "offerpress.toml", "templates"} == starter
    assert [] == [name for name in names if "private" in name or name.endswith((".pyc", ".eml"))]


def test_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    """Installed alone into a fresh environment, `new` and `build` work in an empty folder."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "run.txt", cwd=tmp_path)
    run(*pip, "--no-deps", wheel, cwd=tmp_path)
    offerpress = tmp_path / "venv" / "bin" / "offerpress"
    empty = tmp_path / "empty"
    empty.mkdir()
    run(offerpress, "new", "site", cwd=empty)
    run(offerpress, "check", "--as-of", "2023-12-31", cwd=empty / "site")
    run(offerpress, "build", "--as-of", "2023-12-31", cwd=empty / "site")
    output = empty / "site" / "output"
    assert (output / "index.html").is_file()
    assert (output / "feed.xml").is_file()
    assert list((output / "statement" / "packs").iterdir())
    assert 0o600 == (empty / "site" / "private" / "site-secret").stat().st_mode & 0o777
