"""A damaged site gives faults and stays as it was, or exactly what the naive reference gives: never anything between.

`python -m tests.fuzz N [--first SEED]` tries many seeds; each can be tried again by itself.
"""

import csv
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.conftest import called
from tests.fuzz.mutations import Mutation, mutation
from tests.reference.naive_site import read_site

ROOT = Path(__file__).resolve().parents[2]
AS_OF = "2023-12-31"
LAST_PARTNER = "P-1018"
FAULT = re.compile(r"^fault: \S.*; \S", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What became of one seed: `wrong` says what must not be, empty where all is well."""

    seed: int
    mutation: Mutation
    faulty: bool
    wrong: str = ""

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.mutation.path}: {self.mutation.what}: {self.wrong or 'well'}"


class Fuzzer:
    """A smaller copy of the sample site in `folder`, built, in two languages: damaged and mended seed by seed."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.site.mkdir(parents=True)
        for name in ("content", "data"):
            shutil.copytree(ROOT / name, self.site / name, ignore=shutil.ignore_patterns("*.es.md"))
        for table in ("partners", "sales", "subscriptions", "credits", "levels"):
            _shorten(self.site / "data" / f"{table}.csv")
        settings = (ROOT / "offerpress.toml").read_text(encoding="utf-8")
        (self.site / "offerpress.toml").write_text(settings.replace(', "es"', ""), encoding="utf-8")
        code, _, err = self.call("build")
        assert code == 0, err

    def call(self, command: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error; a defect of ours is raised."""
        said = called(self.site, command, "--as-of", AS_OF)
        return said.code, said.out, said.err

    def attempt(self, seed: int) -> Outcome:
        """Damages one file by that seed, builds, compares, and mends the file."""
        made = mutation(self.site, seed)
        path = self.site / made.path
        before = path.read_bytes()
        path.write_bytes(made.data)
        try:
            faulty, wrong = self._judged()
        except Exception as error:  # noqa: BLE001 - whatever a defect raises is the finding
            faulty, wrong = False, f"{type(error).__name__}: {error}"
        finally:
            path.write_bytes(before)
        return Outcome(seed, made, faulty, wrong)

    def _judged(self) -> tuple[bool, str]:
        kept = self._published()
        code, _, err = self.call("build")
        if code == 1:
            return True, self._refusal(err, kept)
        if code:
            return False, f"exit code {code}: {err[:300]}"
        code, out, err = self.call("statements")
        if code:
            return False, f"statements: exit code {code} after a build: {err[:300]}"
        found = [json.loads(line) for line in out.splitlines()]
        expected = read_site(self.site, AS_OF).statements()
        return False, "" if found == expected else _first_difference(found, expected)

    def _refusal(self, err: str, kept: dict[str, tuple[int, int, int]]) -> str:
        if not FAULT.search(err):
            return f"refused without a fault: {err[:300]}"
        return "" if self._published() == kept else "a faulty site changed what was built"

    def _published(self) -> dict[str, tuple[int, int, int]]:
        """Every file that a build leaves behind but snapshots, which are a cache, by inode, size and time."""
        found = {}
        for folder in ("output", "private"):
            for path in (self.site / folder).rglob("*"):
                state = path.stat()
                if path.is_file() and "snapshots" not in path.parts:
                    found[str(path)] = (state.st_ino, state.st_size, state.st_mtime_ns)
        return found


def _shorten(table: Path) -> None:
    """Keeps the rows of the first partners: a damage then more often meets another row."""
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    column = rows[0].index("partner_id")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([rows[0], *(row for row in rows[1:] if row[column] <= LAST_PARTNER)])


def attempts(seeds: range) -> list[Outcome]:
    """The outcomes of those seeds, over a site of their own."""
    folder = Path(tempfile.mkdtemp(prefix="offerpress-fuzz-"))
    try:
        fuzzer = Fuzzer(folder)
        return [fuzzer.attempt(seed) for seed in seeds]
    finally:
        shutil.rmtree(folder)


def _first_difference(found: list[dict[str, object]], expected: list[dict[str, object]]) -> str:
    ours = {str(one["partner_id"]): one for one in found}
    theirs = {str(one["partner_id"]): one for one in expected}
    for partner in sorted(ours.keys() | theirs.keys()):
        mine, right = ours.get(partner), theirs.get(partner)
        if mine is None or right is None:
            return f"{partner}: only {'the reference' if mine is None else 'the command'} has a statement"
        names = [name for name in right if mine.get(name) != right[name]]
        if names:
            return f"{partner} {names[0]}: {mine[names[0]]} and not {right[names[0]]}"
    return "another order of the statements"
