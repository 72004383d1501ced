"""A copy of the sample site, the command in this process and as it is installed, and what a journey needs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from offerpress.cli import run

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sys.executable).with_name("offerpress"))
SECRET = "0ff3" * 16
AS_OF = ("--as-of", "2023-12-31")
PLAN = "year-end-credit-1.1"


@dataclass(frozen=True)
class Said:
    """What a call said: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """Standard output, which must be one JSON object and nothing else."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Call = Callable[..., Said]


def copy_sample(folder: Path) -> Path:
    """A copy of the sample site in `folder`, without anything that was built from it."""
    for name in ("content", "data"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copyfile(ROOT / "offerpress.toml", folder / "offerpress.toml")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The sample site, not built yet."""
    folder = tmp_path / "site"
    folder.mkdir()
    return copy_sample(folder)


@pytest.fixture
def offerpress(site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command on `site` in this process, which saves the seconds that a start costs."""
    for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OFFERPRESS_SITE_SECRET", SECRET)
    monkeypatch.chdir(site)

    def call(*arguments: str, **environment: str) -> Said:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


def installed(
    site: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """The installed command, started on `site` in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
    kept |= {"OFFERPRESS_SITE_SECRET": SECRET, **(environment or {})}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [COMMAND, *arguments], cwd=site, env=kept, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
    )


def finished(process: subprocess.Popen[str]) -> Said:
    """What it said once it has ended; a traceback is never right."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return Said(process.returncode, out, err)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def change_sale(site: Path, sale_id: str, amount: str) -> None:
    """Gives one sale of the ledger another amount."""
    path = site / "data" / "sales.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = lines[0].rstrip().split(",").index("amount")
    number = next(n for n, line in enumerate(lines) if line.startswith(f"{sale_id},"))
    cells = lines[number].split(",")
    cells[place] = amount
    lines[number] = ",".join(cells)
    path.write_text("".join(lines), encoding="utf-8")
