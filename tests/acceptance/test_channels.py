"""One computation in every channel: what is published, how it is proved, and what must not be in it."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from offerpress.figures.leaks import leaked
from tests.acceptance.conftest import AS_OF, PLAN, Call, tree
from tests.servers.browsing import Reader, Server

HOSTILE = "=cmd()<script>alert(1)</script>[x](http://evil.example){{7*7}}\u202eEvil"


def build(offerpress: Call, *options: str) -> None:
    """The site, built as of the last day of the story."""
    said = offerpress("build", *AS_OF, *options)
    assert 0 == said.code, said.err


def public(site: Path) -> dict[str, bytes]:
    """Every published file outside the packs."""
    return {
        name: data for name, data in tree(site / "output").items() if not name.startswith("statement/packs/")
    }


def rename_partners(site: Path) -> None:
    """Another ledger: every partner, address, sale and subscription is another one."""
    for path in (site / "data").glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("P-1", "Q-7").replace(".example", "-other.example")
        path.write_text(text.replace("Aldergrove", "Zanzibar").replace("A-0", "B-9"), encoding="utf-8")


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every file and folder."""
    return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in sorted([folder, *folder.rglob("*")])}


@pytest.mark.usefixtures("built")
def test_another_ledger_changes_only_the_packs(offerpress: Call, site: Path) -> None:
    """Non-interference: nothing outside the packs depends on partner data."""
    before, packs = public(site), tree(site / "output" / "statement" / "packs")
    rename_partners(site)
    build(offerpress)
    assert before == public(site)
    assert packs != tree(site / "output" / "statement" / "packs")


def random_ledger(site: Path, chance: random.Random) -> set[str]:
    """Random partners and sales in the place of the sample's; gives every id, address and name."""
    for name in ("sales", "subscriptions", "credits", "levels"):
        (site / "data" / f"{name}.csv").unlink(missing_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyzÄéßřش 中"
    partners = ["partner_id,name,email,currency,level,language"]
    sales: list[str] = []
    words: set[str] = set()
    for number in range(chance.randint(20, 80)):
        word = "".join(chance.choices(letters, k=12)).strip() + "x"
        one = (
            f"ID{number}-{chance.random():.9f}",
            f"Name {word}",
            f"mail{chance.random():.9f}@reseller.example",
        )
        words.update(one)
        partners.append(",".join((*one, "EUR", chance.choice(("affiliate", "bronze", "gold")), "de")))
        for _ in range(chance.randint(0, 5)):
            day = f"2023-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            sales.append(f"S{len(sales)},{one[0]},{day},{chance.randint(-9999, 99999) / 100:.2f},EUR")
    (site / "data" / "partners.csv").write_text("\n".join(partners) + "\n", encoding="utf-8")
    lines = ["sale_id,partner_id,sold_on,amount,currency", *sales]
    (site / "data" / "sales.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return words


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.usefixtures("built")
def test_a_random_ledger_leaves_no_trace_outside_the_packs(offerpress: Call, site: Path, seed: int) -> None:
    """Whatever the ledger holds, the public files are the sample's, and none of its words is in any file."""
    before = public(site)
    words = random_ledger(site, random.Random(seed))
    build(offerpress)
    assert before == public(site)
    assert [] == list(leaked(site / "output", list(tree(site / "output")), words))


@pytest.mark.usefixtures("built")
def test_no_partner_stands_in_the_open(site: Path) -> None:
    """No id, address or name is in any published file, packs included, in any spelling; a planted one is found."""
    rows = [
        line.split(",")
        for line in (site / "data" / "partners.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    words = {word for row in rows for word in (row[0], row[1].strip('"'), row[2]) if len(word) >= 6}
    assert len(words) > 100
    files = list(tree(site / "output"))
    assert [] == list(leaked(site / "output", files, words))
    (site / "output" / "about" / "index.html").write_text("<p>Aldergrove%20Phones</p>", encoding="utf-8")
    assert [("about/index.html", "Aldergrove Phones")] == list(leaked(site / "output", files, words))


@pytest.mark.usefixtures("built")
def test_the_same_input_gives_the_same_bytes(offerpress: Call, site: Path) -> None:
    """A build after everything was deleted equals the first, byte for byte."""
    first = tree(site / "output")
    shutil.rmtree(site / "output")
    shutil.rmtree(site / "private")
    build(offerpress)
    assert first == tree(site / "output")


def test_a_rebuild_touches_nothing_that_did_not_change(offerpress: Call, site: Path) -> None:
    """With nothing changed not even a folder's time changes; with one page changed the others keep inode and time."""
    build(offerpress)
    before = stamps(site / "output")
    build(offerpress)
    assert before == stamps(site / "output")
    about = site / "content" / "pages" / "about.md"
    about.write_text(about.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    build(offerpress)
    after = stamps(site / "output")
    changed = {
        Path(name).relative_to(site / "output").as_posix() for name in before if before[name] != after[name]
    }
    files = {name for name in changed if (site / "output" / name).is_file()}
    assert "about/index.html" in files
    assert not {name for name in files if name.startswith(("statement/", "offers/", "assets/", "de/offers"))}


def test_processes_share_the_work_and_change_nothing(offerpress: Call, site: Path) -> None:
    """Two processes over several shards publish the same bytes as one."""
    with (site / "data" / "partners.csv").open("a", encoding="utf-8") as partners:
        for number in range(500):
            partners.write(
                f"X-{number:04},Extra {number},x{number}@reseller.example,EUR,bronze,en,,,active,,,,\n"
            )
    build(offerpress)
    alone = tree(site / "output")
    shutil.rmtree(site / "output")
    build(offerpress, "--jobs", "2")
    assert alone == tree(site / "output")


def flip(path: Path, place: float = 0.5) -> None:
    """Changes one bit of a file."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.chmod(0o600)
    path.unlink()
    path.write_bytes(data)


@pytest.fixture
def told(offerpress: Call, planned: Path) -> Path:
    """A site that was planned, built and exported."""
    build(offerpress)
    assert 0 == offerpress("statements", *AS_OF, "--output", "export.jsonl").code
    return planned


def test_verify_says_what_differs(offerpress: Call, told: Path) -> None:
    """All channels agree; after one changed byte in any of them it is named, and only then."""
    said = offerpress("verify", "--json")
    assert (0, []) == (said.code, said.json["findings"])
    assert ["output", "conservation", "packs", "export export.jsonl", f"batch {PLAN}"] == said.json["checked"]
    pack = next((told / "output" / "statement" / "packs").rglob("*.bin"))
    snapshot = next((told / "private" / "snapshots").glob("*/sales.parquet"))
    channels = {
        "packs": pack,
        "batch": told / "private" / "batches" / f"{PLAN}.batch",
        "export": told / "export.jsonl",
        "snapshot": snapshot,
        "output": told / "output" / "feed.xml",
    }
    for channel, path in channels.items():
        good = path.read_bytes()
        flip(path)
        findings = offerpress("verify", "--json").json["findings"]
        assert isinstance(findings, list)
        named = {finding["channel"] for finding in findings}
        assert channel in named, (channel, findings)
        assert named <= {channel, "output"}
        path.write_bytes(good)
    assert 0 == offerpress("verify").code


@pytest.mark.usefixtures("built")
def test_the_private_link_opens_that_partners_figures(offerpress: Call, site: Path, browser: Browser) -> None:
    """In a real browser the link shows the partner's figures; the host never learns the key; the console is clean."""
    fragment = offerpress("link", "P-1001").out.strip().partition("#")[2]
    assert 36 == len(fragment)
    server = Server(site / "output")
    reader = Reader(browser.new_context())
    reader.open(f"{server.url()}/statement/#{fragment}")
    reader.show()
    assert ("open", []) == (reader.state, reader.console)
    assert "Aldergrove Phones" in reader.text
    assert "2.790,81" in reader.text
    assert "16. April 2024" in reader.text
    server.close()
    assert len(server.requests) > 3
    assert [] == [request for request in server.requests if fragment[:12] in request or "Referer" in request]


def test_a_hostile_name_is_text_everywhere(offerpress: Call, site: Path) -> None:
    """In the notice's parts, its attachment and on the terminal a hostile name is shown and never obeyed."""
    partners = site / "data" / "partners.csv"
    text = (
        partners.read_text(encoding="utf-8")
        .replace("Aldergrove Phones", HOSTILE)
        .replace("Mara Linden", HOSTILE)
    )
    partners.write_text(text, encoding="utf-8")
    assert 0 == offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia").code
    html = offerpress("notice", PLAN, "P-1001", "--format", "html").out
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{7*7}}" in html
    assert 'href="http://evil.example' not in html
    plain = offerpress("notice", PLAN, "P-1001", "--format", "text").out
    assert f"\u2068{HOSTILE}\u202c\u2069" in plain or f"\u2068{HOSTILE}\u2069" in plain
    terminal = offerpress("statement", "P-1001", *AS_OF).out
    assert "\u202e" not in terminal
    assert "\\u202e" in terminal
    statement = json.loads(offerpress("statement", "P-1001", *AS_OF, "--json").out)
    assert "2790.81" == statement["cashback"][0]["to_credit"]
    assert os.environ["OFFERPRESS_SITE_SECRET"] not in html + plain + terminal
