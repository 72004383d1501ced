"""A copy of the sample site, the command in this process and as it is installed, and what a journey needs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from io import StringIO
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


Prepare = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Makes the sample site as some commands leave it, once for all workers of a run; it is to be copied."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "prepared"
    shared.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], None]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            flock(lock, LOCK_EX)
            if not (shared / name).exists():
                beside = shared / f"{name}.making"
                shutil.rmtree(beside, ignore_errors=True)
                beside.mkdir()
                make(copy_sample(beside))
                beside.rename(shared / name)
        return shared / name

    return made


def called(folder: Path, *arguments: str) -> Said:
    """Run a command on the site in `folder` in this process, with the site's secret in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
            patch.delenv(name)
        patch.setenv("OFFERPRESS_SITE_SECRET", SECRET)
        patch.chdir(folder)
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(arguments)
    return Said(code, out.getvalue(), err.getvalue())


def after(*commands: Sequence[str]) -> Callable[[Path], None]:
    """What leaves a site as these commands leave it; each must succeed."""

    def make(folder: Path) -> None:
        for command in commands:
            said = called(folder, *command)
            assert 0 == said.code, (command, said.err)

    return make


def take_over(site: Path, prepared: Path) -> Path:
    """Give `site` what commands made of another copy of it."""
    for name in ("private", "output"):
        if (prepared / name).exists():
            shutil.copytree(prepared / name, site / name, symlinks=True)
    return site


PLANNED = ("plan", "year-end-credit", *AS_OF, "--by", "Mia")
APPROVED = ("approve", PLAN, "--by", "Finn")


@pytest.fixture
def built(site: Path, prepare: Prepare) -> Path:
    """The sample site, built as of the end of 2023."""
    return take_over(site, prepare("built", after(("build", *AS_OF))))


@pytest.fixture
def planned(site: Path, prepare: Prepare) -> Path:
    """The sample site with the year-end plan, made by Mia."""
    return take_over(site, prepare("planned", after(PLANNED)))


@pytest.fixture
def approved(site: Path, prepare: Prepare) -> Path:
    """The sample site with the year-end plan, made by Mia and approved by Finn."""
    return take_over(site, prepare("approved", after(PLANNED, APPROVED)))


@pytest.fixture
def sent(site: Path, prepare: Prepare) -> Path:
    """The sample site whose year-end plan was sent into a folder."""
    return take_over(site, prepare("sent", after(PLANNED, APPROVED, ("send", PLAN))))


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
