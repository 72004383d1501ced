"""Our own commands on a generated site, as cases: what is done before, the command, and what is looked at then."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

from measuring import Cost, cost_of
from workload import SECRET, make_site

PROGRAM = Path(sys.executable).with_name("offerpress")
ENVIRONMENT = {"OFFERPRESS_SITE_SECRET": SECRET}
AS_OF = ("--as-of", "2023-12-31")
CAMPAIGN = "year-end-credit"
ONE = "B-00000007"

Stamp = tuple[int, int, int]


@dataclass
class Ours:
    """A site of so many partners in `folder`, and what was seen on it beside the costs."""

    folder: Path
    partners: int
    program: Path = PROGRAM
    facts: dict[str, object] = field(default_factory=dict)
    _edits: int = 0

    @property
    def output(self) -> Path:
        """Where it builds to."""
        return self.folder / "output"

    def run(self, *arguments: str | Path) -> Cost:
        """One command on this site."""
        return cost_of([self.program, *arguments], self.folder, ENVIRONMENT, self.folder / "measured.log")

    def forget(self) -> None:
        """Removes all that was ever built, frozen or planned."""
        for name in ("output", "private"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def build(self) -> Cost:
        """From the CSV files to a finished `output/`, where nothing was."""
        self.forget()
        cost = self.run("build", *AS_OF)
        files = list(_files(self.output))
        self.facts |= {
            "output_files": len(files),
            "output_mib": _mib(files),
            "private_mib": _mib(_files(self.folder / "private")),
        }
        return cost

    def build_unchanged(self) -> Cost:
        """Once more: nothing changed."""
        before = stamps(self.output)
        cost = self.run("build", *AS_OF)
        self._note("unchanged_touched_files", _differing(before, stamps(self.output)))
        return cost

    def build_one_sale_changed(self) -> Cost:
        """Once more, after the amount of one sale was corrected in the ledger."""
        before = stamps(self.output)
        digests = {name: _digest(self.output / name) for name in before}
        self.correct_a_sale()
        cost = self.run("build", *AS_OF)
        after = stamps(self.output)
        replaced = [name for name in after if before.get(name) != after[name]]
        self._note("one_sale_replaced_files", len(replaced))
        same = sum(digests.get(name) == _digest(self.output / name) for name in replaced)
        self._note("one_sale_replaced_though_the_same", same)
        return cost

    def build_one_announcement_changed(self) -> Cost:
        """Once more, after a sentence was added to an announcement."""
        self.add_a_sentence()
        return self.run("build", *AS_OF)

    def check(self) -> Cost:
        """Looks for mistakes; no input changed since the last build."""
        return self.run("check", *AS_OF)

    def statement(self) -> Cost:
        """One partner's statement from a fresh snapshot."""
        return self.run("statement", ONE, *AS_OF)

    def help(self) -> Cost:
        """The start-up."""
        return self.run("--help")

    def plan(self) -> Cost:
        """Renders and freezes the campaign's notices."""
        for name in ("batches", "outbox.sqlite"):
            place = self.folder / "private" / name
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        cost = self.run("plan", CAMPAIGN, *AS_OF, "--by", "Mia", "--json")
        plan = json.loads(_json_of(self.folder / "measured.log"))
        batches = list((self.folder / "private" / "batches").iterdir())
        self.facts |= {
            "plan": plan["plan"],
            "notices": plan["recipients"],
            "bytes_a_notice": round(sum(path.stat().st_size for path in batches) / plan["recipients"]),
        }
        return cost

    def notice(self) -> Cost:
        """Finds and shows one frozen message."""
        return self.run("notice", str(self.facts["plan"]), ONE)

    def approve(self) -> Cost:
        """Approves the plan that was just made: nothing of it is stale."""
        return self.run("approve", str(self.facts["plan"]), "--by", "Finn")

    def told(self) -> Cost:
        """What a partner was told."""
        return self.run("told", ONE)

    def status(self) -> Cost:
        """How each plan stands."""
        return self.run("status")

    def add_a_sentence(self) -> None:
        """Adds a sentence to an announcement."""
        page = self.folder / "content" / "announcements" / "follow-up.md"
        page.write_text(page.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")

    def correct_a_sale(self) -> None:
        """Gives one sale of 2023 another amount, another one each time."""
        self._edits += 1
        path = self.folder / "data" / "sales.csv"
        beside = path.with_suffix(".new")
        edited = False
        with path.open(encoding="utf-8") as old, beside.open("w", encoding="utf-8") as new:
            for line in old:
                cells = line.split(",")
                if not edited and cells[1] == ONE and cells[2].startswith("2023"):
                    cells[3], edited = str(100 + self._edits), True
                new.write(",".join(cells))
        beside.replace(path)
        if not edited:
            raise SystemExit(f"{ONE} has no sale of 2023 to correct")

    def _note(self, name: str, number: int) -> None:
        """Keeps the worst of all rounds."""
        known = self.facts.get(name, 0)
        assert isinstance(known, int)
        self.facts[name] = max(known, number)


def make_ours(folder: Path, partners: int, program: Path = PROGRAM) -> Ours:
    """A site with 3 subscriptions and 10 sales a partner, in three languages."""
    folder.mkdir()
    make_site(folder, partners, 10 * partners, 3 * partners, "even")
    return Ours(folder, partners, program)


def plainly(ours: Ours, folder: Path) -> Ours:
    """The same site with one folder a partner instead of packs."""
    shutil.copytree(ours.folder / "content", folder / "content")
    shutil.copytree(ours.folder / "data", folder / "data")
    settings = (ours.folder / "offerpress.toml").read_text(encoding="utf-8")
    plain = settings.replace('access = "link"', 'access = "plain"')
    (folder / "offerpress.toml").write_text(plain, encoding="utf-8")
    return Ours(folder, ours.partners)


def stamps(folder: Path) -> dict[str, Stamp]:
    """Inode, size and time of each file, by which one that was touched is known."""
    found = {}
    for path in _files(folder):
        status = path.stat()
        found[path.relative_to(folder).as_posix()] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _differing(before: dict[str, Stamp], after: dict[str, Stamp]) -> int:
    return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _mib(files: Iterator[Path] | list[Path]) -> float:
    return round(sum(path.stat().st_size for path in files) / 2**20, 1)


def _json_of(log: Path) -> str:
    """The JSON object in what a command said, without what it told a person."""
    text = log.read_text(encoding="utf-8")
    return text[text.index("{\n") :]
