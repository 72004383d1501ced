"""Peers: what others use to make a page, or a message, for each of many people; from the registries, each by itself.

They get finished figures (our `statements` export, joined with name and language), compute nothing and encrypt
nothing. Hugo makes its pages from a content adapter, Pelican from a short plugin, mailmerge from template and table.
"""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import Cost, cost_of

PEERS = Path(__file__).parent / "peers"
_LISTED = re.compile(r"^tags: \[(.*)\]$", re.MULTILINE)


@dataclass(frozen=True)
class Peer:
    """A tool in `folder`, ready to run: what it is, and the command that does the work there."""

    version: str
    folder: Path
    command: Sequence[str | Path]


def install(folder: Path, package: str) -> tuple[Path, str]:
    """An environment of its own with that package: the folder of its programs, and the version."""
    name = package.partition("[")[0]
    home = folder / f"env-{name}"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    pip = [home / "bin" / "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", package], check=True, stderr=subprocess.DEVNULL)
    shown = subprocess.run([*pip, "show", name], check=True, capture_output=True, text=True).stdout
    return home / "bin", next(line[9:] for line in shown.splitlines() if line.startswith("Version: "))


def finished_figures(site: Path, exported: Path) -> Iterator[dict[str, object]]:
    """Each exported statement with the partner's name and language."""
    with (site / "data" / "partners.csv").open(encoding="utf-8", newline="") as file:
        people = {row["partner_id"]: row for row in csv.DictReader(file)}
    with exported.open(encoding="utf-8") as lines:
        for line in lines:
            statement = json.loads(line)
            person = people[statement["partner_id"]]
            yield {**statement, "name": person["name"], "language": person["language"]}


def hugo(folder: Path, name: str, figures: Iterator[dict[str, object]], formats: Sequence[str]) -> Peer:
    """A Hugo site that makes one page a partner, in each of `formats` (`html`, `json`)."""
    programs, version = install(folder, "hugo")
    site = folder / name
    shutil.copytree(PEERS / "hugo", site)
    settings = site / "hugo.toml"
    listed = json.dumps(list(formats))
    settings.write_text(settings.read_text(encoding="utf-8").replace('["html"]', listed), encoding="utf-8")
    (site / "data").mkdir(exist_ok=True)
    shutil.copyfile(PEERS / "labels.toml", site / "data" / "labels.toml")
    (site / "assets").mkdir()
    with (site / "assets" / "statements.json").open("w", encoding="utf-8") as file:
        for number, statement in enumerate(figures):
            file.write("[" if number == 0 else ",\n")
            json.dump(statement, file, ensure_ascii=False)
        file.write("]")
    return Peer(version, site, [programs / "hugo", "build", "--quiet", "--destination", "output"])


def pelican(folder: Path, figures: Iterator[dict[str, object]]) -> Peer:
    """A Pelican site whose plugin writes one page a partner."""
    programs, version = install(folder, "pelican")
    site = folder / "pelican"
    shutil.copytree(PEERS / "pelican", site)
    shutil.copyfile(PEERS / "labels.toml", site / "labels.toml")
    (site / "content").mkdir()
    with (site / "statements.jsonl").open("w", encoding="utf-8") as file:
        for statement in figures:
            file.write(json.dumps(statement, ensure_ascii=False) + "\n")
    return Peer(version, site, [programs / "pelican", "--quiet", "--settings", "pelicanconf.py"])


def mailmerge(folder: Path, figures: Iterator[dict[str, object]]) -> Peer:
    """A mailmerge table and template; the run renders every message, HTML and text, and sends none."""
    programs, version = install(folder, "mailmerge")
    place = folder / "mailmerge"
    shutil.copytree(PEERS / "mailmerge", place)
    with (place / "mailmerge_database.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["email", "name", "currency", "sales", "amount", "to_credit"])
        for statement in figures:
            entries = statement["cashback"]
            assert isinstance(entries, list)
            first = (
                entries[0]
                if entries
                else dict.fromkeys(("currency", "eligible_sales", "amount", "to_credit"), "")
            )
            row = [first[key] for key in ("currency", "eligible_sales", "amount", "to_credit")]
            table.writerow([f"{statement['partner_id']}@reseller.example", statement["name"], *row])
    return Peer(version, place, [programs / "mailmerge", "--dry-run", "--no-limit"])


def hugo_announcements(folder: Path, texts: Sequence[Path]) -> Peer:
    """A Hugo site of the same announcements, with an index, tags and feeds."""
    programs, version = install(folder, "hugo")
    site = folder / "hugo"
    shutil.copytree(PEERS / "hugo-announcements", site)
    (site / "content" / "announcements").mkdir(parents=True)
    for text in texts:
        shutil.copy(text, site / "content" / "announcements")
    return Peer(version, site, [programs / "hugo", "build", "--quiet", "--destination", "output"])


def pelican_announcements(folder: Path, texts: Sequence[Path]) -> Peer:
    """A Pelican site of the same."""
    programs, version = install(folder, "pelican[markdown]")
    site = folder / "pelican"
    shutil.copytree(PEERS / "pelican-announcements", site)
    (site / "content").mkdir()
    for text in texts:  # its front matter has no lists in brackets
        plain = _LISTED.sub(r"tags: \1", text.read_text(encoding="utf-8"))
        (site / "content" / text.name).write_text(plain, encoding="utf-8")
    return Peer(version, site, [programs / "pelican", "--quiet", "--settings", "pelicanconf.py"])


def anew(peer: Peer) -> Cost:
    """What its build costs where nothing was."""
    for name in ("output", "resources"):
        shutil.rmtree(peer.folder / name, ignore_errors=True)
    return cost_of(peer.command, peer.folder)
