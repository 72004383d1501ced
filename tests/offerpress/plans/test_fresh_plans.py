"""`approve` relies on the last build while nothing changed, and says the same without it."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer import Batch
from mailer.batch.batch import INDEX_ENTRY
from mailer.batch.freezing import erase_messages, freeze_batch
from mailer.errors import BatchTampered
from offerpress.cli import run
from offerpress.plans.staleness import verify_by_workers
from tests.killing.killing import APPROVE, PLAN, tiny_site
from tests.samples.mail import header, notice, notices
from tests.test_start_up import loaded

PARTS = (range(3), range(3, 6), range(6, 8))
LATER = ("--as-of", "2024-02-02")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built site with a plan, which is the current folder."""
    monkeypatch.delenv("OFFERPRESS_SITE_SECRET", raising=False)
    folder = tiny_site(tmp_path / "site")
    monkeypatch.chdir(folder)
    assert [0, 0] == [run(["build", *LATER]), run(PLAN)]
    return folder


def approved(site: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of `approve` on a copy of the site, and what it said."""
    copy = shutil.copytree(site, site.with_name("copy"))
    capsys.readouterr()
    code = run([*APPROVE, "--site", str(copy)])
    said = capsys.readouterr()
    shutil.rmtree(copy)
    return code, said.out + said.err


def approved_anew(site: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The same without a build to rely on."""
    manifest = site / "private" / "manifests" / "build.json"
    aside = manifest.rename(manifest.with_suffix(".aside"))
    found = approved(site, capsys)
    aside.rename(manifest)
    return found


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    """An edit of a file."""

    def edit(site: Path) -> None:
        text = (site / name).read_text(encoding="utf-8")
        assert old in text
        (site / name).write_text(text.replace(old, new), encoding="utf-8")

    return edit


EDITS = {
    "a sale": replaced("data/sales.csv", "120.00", "121.00"),
    "a name": replaced("data/partners.csv", "Alder Works", "Alder"),
    "the terms": replaced("content/offers/year.md", "rate: 10%", "rate: 11%"),
    "a text that no mail shows": replaced("content/offers/year.md", "once a year", "in a year"),
    "the subject": replaced("content/campaigns/hello.md", "Your credit", "Credit"),
    "put off": replaced("content/campaigns/hello.md", "subject", "send_at: 2099-03-01T09:30\nsubject"),
    "a fault": replaced("content/offers/year.md", "kind: cashback", "kind: cash"),
    "a fault of the settings": replaced("offerpress.toml", "[mail]", "[mails]"),
    "the settings": replaced("offerpress.toml", "Tiny", "Small"),
    "the secret": replaced("private/site-secret", "4f6b", "5f6b"),
    "a new file of data": lambda site: (site / "data" / "sale.csv").write_text("lost"),
    "nothing": replaced("offerpress.toml", "Tiny", "Tiny"),
}


@pytest.mark.parametrize("built", [False, True], ids=["planned", "built again"])
def test_approve_says_the_same_with_and_without_a_build(
    site: Path, capsys: pytest.CaptureFixture[str], *, built: bool
) -> None:
    """After any edit, whether it was built since or not, the plan is as fresh or stale as without the build."""
    codes = {}
    for name, edit in EDITS.items():
        edited = shutil.copytree(site, site.with_name("edited"))
        edit(edited)
        if built:
            run(["build", *LATER, "--site", str(edited)])
        codes[name], said = approved(edited, capsys)
        assert approved_anew(edited, capsys) == (codes[name], said), name
        shutil.rmtree(edited)
    assert {"a text that no mail shows", "a new file of data", "nothing"} <= {
        name for name, code in codes.items() if code == 0
    }


@pytest.mark.usefixtures("site")
def test_a_day_to_come_is_refused_with_a_build_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody approves figures of a day that lies ahead."""
    assert 0 == run(["plan", "hello", "--as-of", "2999-01-01", "--by", "Mia"])
    capsys.readouterr()
    assert 1 == run(["approve", "hello-1.2", "--by", "Finn"])
    assert "too early" in capsys.readouterr().err


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_damaged_or_foreign_manifest_makes_no_plan_fresh(
    site: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """A stale plan stays stale whatever the manifest holds: flipped characters, or values of the build before."""
    manifest, chance = site / "private" / "manifests" / "build.json", random.Random(seed)
    before = json.loads(manifest.read_text(encoding="utf-8"))
    EDITS["a sale"](site)
    EDITS["the subject"](site)
    assert 0 == run(["build", *LATER])
    whole = manifest.read_text(encoding="utf-8")
    now = json.loads(whole)
    damaged = [json.dumps(before), *(json.dumps(now | {name: before[name]}) for name in before)]
    damaged += [json.dumps(now | {name: before[name] for name in ("snapshot_digest", "sources")})]
    for _ in range(5):
        at = chance.randrange(len(whole))
        damaged.append(f"{whole[:at]}{chance.choice('0az}')}{whole[at + 1 :]}")
    for text in damaged:
        manifest.write_text(text, encoding="utf-8")
        code, said = approved(site, capsys)
        assert (1, True) == (code, "stale: hello-1.1" in said), text


def test_a_fresh_plan_is_approved_without_rules_content_and_database(site: Path) -> None:
    """While nothing changed since the build, `approve` loads neither templates, content, ledger nor DuckDB."""
    heavy = {"generator", "ledger", "jinja2", "lxml", "babel", "_duckdb", "cryptography", "rewards.offers"}
    found = loaded(f"from offerpress.cli import run; assert 0 == run({list(APPROVE)})", site, secret="")
    assert set() == heavy & found


def test_a_large_batch_is_checked_by_several_processes(tmp_path: Path) -> None:
    """They find the message that changed and name its partner, and nothing in a batch that is sound."""
    batch = freeze_batch(tmp_path, header(), notices(10_001))
    verify_by_workers(batch, batch.digest)
    assert batch.copies("P-0007") == notice(7).cc
    with pytest.raises(BatchTampered, match="its digest is"):
        verify_by_workers(batch, "ab" * 32)
    content = bytearray(batch.file.read_bytes())
    entry = batch._entry(batch._position("P-9876"))  # noqa: SLF001 - to change exactly that message
    content[entry.at + entry.length // 2] ^= 0x10
    changed = tmp_path / "changed.batch"
    changed.write_bytes(content)
    with Batch.open(changed) as opened, pytest.raises(BatchTampered, match="P-9876") as caught:
        verify_by_workers(opened, batch.digest)
    assert caught.value.partner_id == "P-9876"


def test_a_message_in_the_place_of_another_is_found_in_every_part(tmp_path: Path) -> None:
    """Whichever range of places it lies in, and also behind messages that were erased."""
    batch = freeze_batch(tmp_path, header(), [notice(n, cc=("a@b.example",) * (n == 7)) for n in range(1, 9)])
    assert erase_messages(batch.file, ["P-0002"]) == 1
    content = batch.file.read_bytes()
    with Batch.open(batch.file) as whole:
        assert [False, False, True] == list(map(whole.check, PARTS))
        places = [whole._entry(number) for number in range(8)]  # noqa: SLF001 - to swap exactly these messages
    at = content.index(INDEX_ENTRY.pack(*places[0]))
    for number in (3, 7):
        swapped = bytearray(content)
        for left, right in ((0, number), (number, 0)):
            place = at + left * INDEX_ENTRY.size
            entry = places[right]._replace(id_at=places[left].id_at)
            swapped[place : place + INDEX_ENTRY.size] = INDEX_ENTRY.pack(*entry)
        changed = tmp_path / f"{number}.batch"
        changed.write_bytes(swapped)
        with Batch.open(changed) as opened:
            for part in PARTS:
                if part.start == 0 or number in part:
                    with pytest.raises(BatchTampered, match="is not one to partner"):
                        opened.check(part)
                else:
                    assert opened.check(part) == (6 in part)
