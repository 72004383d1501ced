"""Every command that writes, killed before each change of a file: then the same command again must make it right.

A case is a command on a small site in some state. After a kill the same command must succeed, `verify` must agree,
nobody may have been written to twice, and no temporary file may be left in the site or in the temporary folder.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
AS_OF = ("--as-of", "2024-01-02")
PLAN = ("plan", "hello", *AS_OF, "--by", "Mia")
APPROVE = ("approve", "hello-1.1", "--by", "Finn")
SEND = ("send", "hello-1.1")
FILES = {
    "offerpress.toml": """[site]
title = "Tiny"
base_url = "https://tiny.example"
[mail]
from = "Tiny <mail@tiny.example>"
""",
    "content/program.toml": """currency = "EUR"
timezone = "UTC"
refunds_after_period = "ignore"
allowance_level = "assigned"
base_level = "base"
[[levels]]
id = "gold"
name = "Gold"
quota = 1000
""",
    "content/offers/year.md": """---
kind: cashback
title: Yearly cashback
summary: A tenth of your sales
announced_on: 2023-01-01
rate: 10%
period: {from: 2023-01-01, to: 2023-12-31}
credited_on: 2023-12-31
---
We add it up once a year.
""",
    "content/campaigns/hello.md": """---
subject: Your credit
category: notice
---
Dear {{ partner.name }}, {{ statement.total }}
""",
    "data/partners.csv": """partner_id,name,email,currency,level
A-1,Alder Works,alder@alder.example,EUR,base
B-2,Birch and Sons,birch@birch.example,EUR,gold
""",
    "data/sales.csv": """sale_id,partner_id,sold_on,amount,currency
S-1,A-1,2023-05-01,120.00,EUR
S-2,B-2,2023-06-01,340.00,EUR
""",
    "private/site-secret": "4f6b" * 16 + "\n",
}
EVENT = (
    '[{"email":"alder@alder.example","timestamp":1704200000,"event":"delivered","offerpress_notice":"%s"}]'
)


WRONG_WORDS = re.compile("restore it from a backup|damaged")
"""What must not be said of sound files when there is no room."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to: its exit code (-9: killed), how often it changed a file, and what it said."""

    code: int
    changes: int
    out: str
    err: str


class Runner:
    """The process that runs commands on sites, each in a fork that it may kill; `temporary` is its temporary folder."""

    def __init__(self, library: Path, temporary: Path) -> None:
        self.temporary = temporary
        temporary.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
        environment = {**kept, "LD_PRELOAD": str(library), "TMPDIR": str(temporary)}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, site: Path, arguments: Sequence[str], at: int = 0, *, full: bool = False) -> Answer:
        """Run a command on the site; kill it before the change `at` if that is not 0, or let the disk be full then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"site": str(site), "arguments": list(arguments), "at": at, "full": full}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def must(self, site: Path, *arguments: str) -> Answer:
        """Run a command that has to succeed."""
        found = self.run(site, arguments)
        assert found.code == 0, (arguments, found)
        return found


def library(folder: Path) -> Path:
    """Compile the library that counts and kills."""
    made = folder / "changes.so"
    source = HERE / "changes.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-w", "-o", made, source, "-ldl"], check=True)
    return made


def tiny_site(folder: Path) -> Path:
    """Write the small site."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "private").chmod(0o700)
    return folder


def planned(runner: Runner, site: Path) -> None:
    """Bring the site to a plan."""
    runner.must(site, *PLAN)


def approved(runner: Runner, site: Path) -> None:
    """Bring the site to an approved plan."""
    planned(runner, site)
    runner.must(site, *APPROVE)


def sent(runner: Runner, site: Path) -> None:
    """Bring the site to a built site and a sent plan, with a file of events about it."""
    approved(runner, site)
    runner.must(site, *SEND)
    runner.must(site, "build", *AS_OF)
    key = next(path.name for path in sorted((site / "private/mail/new").iterdir()))
    (site / "events.json").write_text(EVENT % key.partition(":")[0], encoding="utf-8")


def unknown(runner: Runner, site: Path) -> None:
    """Bring the site to a plan with an unknown notice, by a kill between the claim and the end of an attempt."""
    approved(runner, site)
    keep = shutil.copytree(site, site.with_name("before-send"))
    for at in range(1, 500):
        shutil.rmtree(site)
        shutil.copytree(keep, site)
        assert runner.run(site, SEND, at).code == -9
        runner.run(site, SEND)
        if json.loads(runner.run(site, ("status", "hello-1.1", "--json")).out)["unknown"]:
            shutil.rmtree(keep)
            return
    raise AssertionError("no kill left an unknown notice")


def unknown_partner(runner: Runner, site: Path) -> str:
    """Return the id of a partner whose notice is unknown."""
    said = runner.run(site, ("status", "hello-1.1")).out
    return "A-1" if "resolve hello-1.1 A-1" in said else "B-2"


def left_the_data(runner: Runner, site: Path) -> None:
    """Bring the site to a sent plan, after which one partner left the data."""
    sent(runner, site)
    for name in ("partners", "sales"):
        file = site / f"data/{name}.csv"
        kept = [
            line for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if "A-1" not in line
        ]
        file.write_text("".join(kept), encoding="utf-8")


def built(runner: Runner, site: Path) -> None:
    """Bring the site to a built one."""
    runner.must(site, "build", *AS_OF)


def built_and_changed(runner: Runner, site: Path) -> None:
    """Bring the site to a built one whose offer and data changed since."""
    built(runner, site)
    offer = site / "content/offers/year.md"
    offer.write_text(offer.read_text(encoding="utf-8").replace("10%", "12%"), encoding="utf-8")
    with (site / "data/sales.csv").open("a", encoding="utf-8") as file:
        file.write("S-3,B-2,2023-07-01,10.00,EUR\n")


def built_to_publish(runner: Runner, site: Path) -> None:
    """Bring the site to a published one that was changed and built since."""
    with (site / "offerpress.toml").open("a", encoding="utf-8") as file:
        file.write('[publish]\nto = "public"\n')
    built(runner, site)
    runner.must(site, "publish", *AS_OF)
    built_and_changed(runner, site)
    built(runner, site)


def fresh(runner: Runner, site: Path) -> None:
    """Leave the site as it was written."""
    del runner, site


@dataclass(frozen=True, slots=True)
class Case:
    """A command, the state of the site before it, and the exit codes with which it may end when it is run again."""

    name: str
    state: Callable[[Runner, Path], None]
    arguments: tuple[str, ...]
    ends: tuple[int, ...] = (0,)
    verify: bool = True


CASES = {
    case.name: case
    for case in (
        Case("build", fresh, ("build", *AS_OF)),
        Case("build-again", built_and_changed, ("build", *AS_OF)),
        Case("publish", built_to_publish, ("publish", *AS_OF, "--by", "Mia")),
        Case("plan", fresh, PLAN),
        Case("plan-again", planned, PLAN),
        Case("approve", planned, APPROVE),
        # A notice whose fate is not known needs a person: then `send` ends with 1.
        Case("send", approved, SEND, (0, 1)),
        Case(
            "resolve",
            unknown,
            ("resolve", "hello-1.1", "WHO", "resend", "--by", "Mia", "--reason", "seen"),
            (0, 1),
        ),
        # What was published before still opens until the next build: then `forget` ends with 1.
        Case("forget", left_the_data, ("forget", "A-1", "--by", "Mia"), (0, 1), verify=False),
        Case("prune", sent, ("prune", "--before", "2099-01-01")),
        Case("rotate-secret", built, ("rotate-secret", "--grace", "9"), verify=False),
        Case("rotate-secret-end", built, ("rotate-secret", "--grace", "0"), verify=False),
        Case("sign-off", fresh, ("sign-off", "year", "--by", "Mia", *AS_OF)),
        Case("statements", fresh, ("statements", *AS_OF, "--output", "statements.jsonl")),
        Case("credits", fresh, ("credits", "year", *AS_OF, "--output", "credits.csv")),
        Case("link-revoke", built, ("link", "A-1", "--revoke"), verify=False),
        Case("events", sent, ("events", "events.json")),
        Case("suppress", sent, ("suppress", "alder@alder.example")),
        Case("report", sent, ("report", *AS_OF)),
    )
}


@contextmanager
def prepared(runner: Runner, case: Case, folder: Path) -> Iterator[tuple[Path, tuple[str, ...], int]]:
    """Bring a site into the case's state; return the command's words and how often it changes a file."""
    before = tiny_site(folder / f"{case.name}-before")
    case.state(runner, before)
    words = tuple(unknown_partner(runner, before) if word == "WHO" else word for word in case.arguments)
    whole = shutil.copytree(before, folder / f"{case.name}-whole")
    found = runner.run(whole, words)
    assert found.code in case.ends, found
    yield before, words, found.changes
    shutil.rmtree(before)
    shutil.rmtree(whole)


def broken(
    runner: Runner, case: Case, before: Path, words: Sequence[str], at: int, *, full: bool = False
) -> list[str]:
    """Kill the command before that change, or let the disk be full; run it again, and say what is wrong then.

    If it makes fewer changes this time, its last one is taken: writes to one file in a row count twice at most, and the
    threads of the database take turns in another order each time.
    """
    site = shutil.copytree(before, before.with_name(f"{case.name}-{at}"))
    first = runner.run(site, words, at, full=full)
    if first.code in case.ends and 0 < first.changes < at:
        shutil.rmtree(site)
        return broken(runner, case, before, words, first.changes, full=full)
    found = wrong_after(runner, case, site, words, first, full=full)
    shutil.rmtree(site)
    return found


def wrong_after(
    runner: Runner, case: Case, site: Path, words: Sequence[str], first: Answer, *, full: bool
) -> list[str]:
    """Run the command again after its first answer, on a full disk or by a kill, and say what is wrong then."""
    again = runner.run(site, words)
    found = []
    if full and (
        first.code not in (0, 1) or "Traceback" in first.err or (first.code and WRONG_WORDS.search(first.err))
    ):
        found.append(f"on a full disk: {first.code} {first.err[-500:]}")
    if not full and first.code != -9:
        found.append(f"was not killed: {first.code} {first.err}")
    if again.code not in case.ends or "Traceback" in again.err:
        found.append(f"again: {again.code} {again.err[-500:]}")
    if not case.verify:
        build = runner.run(site, ("build", *AS_OF))
        if build.code:
            found.append(f"build: {build.code} {build.err[-500:]}")
    verified = runner.run(site, ("verify",))
    if verified.code:
        found.append(f"verify: {verified.err[-500:]}")
    found += written_twice(site)
    if case.name == "publish" and files_of(site / "public") != files_of(site / "output"):
        found.append("published: another site than the built one")
    return found + [f"left: {name}" for name in left(site, runner.temporary)]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what each file below a folder holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written_twice(site: Path) -> list[str]:
    """Name the partners whose mailbox holds the campaign twice."""
    counts: dict[str, int] = {}
    for path in (site / "private/mail/new").glob("*") if (site / "private/mail/new").is_dir() else ():
        address = next(
            line
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
            if line.startswith("To:")
        )
        counts[address] = counts.get(address, 0) + 1
    return [f"written twice: {address}" for address, number in counts.items() if number > 1]


def left(site: Path, temporary: Path) -> list[str]:
    """Name temporary files in the site and in the temporary folder."""
    endings = (".writing", ".new", ".unregistered", ".spare", ".lock")
    found = [
        str(path.relative_to(site))
        for path in site.rglob("*")
        if (path.name.startswith(".") and path.name != ".offerpress") or path.name.endswith(endings)
    ]
    known = {"outbox.sqlite.lock"}
    found = [name for name in found if Path(name).name not in known]
    return found + [str(path) for path in temporary.glob("*/*")]
