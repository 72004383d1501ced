"""Frozen rules: what was computed once stays provable after the terms have changed, and one changed byte is found."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import APPROVED, AS_OF, PLAN, PLANNED, Call, Prepare, after, take_over, tree

OFFER = "cashback-2023"
FINAL = ("--as-of", "2024-01-02")
SINCE = "the rules have changed since"


def edit(path: Path, before: str, now: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, now), encoding="utf-8")


@pytest.fixture
def proved(site: Path, prepare: Prepare) -> Path:
    """The sample site with a build, an export, a journal, a sign-off and an approved plan."""
    exported = ("statements", *FINAL, "--output", "private/all.jsonl")
    journal = ("credits", OFFER, *FINAL, "--output", "private/credits.csv")
    signed = ("sign-off", OFFER, *FINAL, "--by", "Fay")
    make = after(("build", *AS_OF), exported, journal, signed, PLANNED, APPROVED)
    taken = take_over(site, prepare("proved", make))
    for name in ("manifests/exports.json", "manifests/build.json"):
        path = taken / "private" / name
        told = path.read_text(encoding="utf-8")
        prepared = str(prepare("proved", make))
        path.write_text(told.replace(f"{prepared}.making", str(site)).replace(prepared, str(site)), "utf-8")
    return taken


def changed_quota(site: Path) -> None:
    """Next year's quota for Silver."""
    edit(site / "content" / "program.toml", "quota = 10000", "quota = 12000")


def corrected_term(site: Path) -> None:
    """Another rate of the cashback, written over the old one."""
    edit(site / "content" / "offers" / f"{OFFER}.md", "rate: 15%", "rate: 12%")


def removed_offer(site: Path) -> None:
    """The extension is over, and its file and those that name it are removed."""
    for room in ("announcements", "campaigns", "pages"):
        for path in (site / "content" / room).glob("*.md"):
            path.unlink()
    for path in (site / "content" / "offers").glob("*.md"):
        if path.name.startswith(("4sc-free", "lower-quotas", "extension")):
            path.unlink()
        else:
            text = path.read_text(encoding="utf-8")
            head, _, _ = text[4:].partition("\n---\n")
            path.write_text(f"---\n{head}\n---\nTerms as above.\n", encoding="utf-8")


@pytest.mark.usefixtures("proved")
@pytest.mark.parametrize("change", [changed_quota, corrected_term, removed_offer])
def test_verify_stays_green_after_the_rules_have_changed(
    offerpress: Call, site: Path, change: Callable[[Path], None]
) -> None:
    """A changed quota, a corrected term or a removed offer is said in a sentence, and is no difference."""
    before = offerpress("verify", "--json").json
    assert ([], []) == (before["findings"], before["remarks"])
    change(site)
    said = offerpress("verify", "--json")
    assert (0, []) == (said.code, said.json["findings"]), said.out
    named = str(said.json["remarks"])
    for channel in (
        "output",
        "export all.jsonl",
        "export credits.csv",
        f"sign-off {OFFER}.1",
        f"batch {PLAN}",
    ):
        assert channel in named
    assert SINCE in offerpress("verify").err


def flip(path: Path) -> None:
    """Change one byte in the middle of a file."""
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.usefixtures("proved")
@pytest.mark.parametrize("file", ["rules/*.json", "snapshots/*/sales.parquet", f"batches/{PLAN}.batch"])
def test_one_changed_byte_is_found(offerpress: Call, site: Path, file: str) -> None:
    """Of the frozen rules, the snapshot or the batch; also after the rules have changed."""
    changed_quota(site)
    for path in (site / "private").glob(file):
        flip(path)
    said = offerpress("verify", "--json")
    channels = {one["channel"] for one in said.json["findings"]}  # type: ignore[attr-defined]
    assert (1, True) == (
        said.code,
        file.partition("/")[0].removesuffix("es").removesuffix("s") in str(channels),
    )


@pytest.mark.usefixtures("proved")
def test_missing_rules_are_a_finding_with_the_remedy(offerpress: Call, site: Path) -> None:
    """The file is named, and where to take it from."""
    for path in (site / "private" / "rules").iterdir():
        path.unlink()
    said = offerpress("verify")
    assert 1 == said.code
    assert "private/rules/" in said.err
    assert "take the file from a backup" in said.err


def without_rules(site: Path) -> None:
    """Make records of exports and sign-offs as earlier versions wrote them."""
    for path in (site / "private" / "sign-offs").glob("*.json"):
        told = json.loads(path.read_text("utf-8"))
        del told["rules"]
        path.write_text(json.dumps(told), "utf-8")
    path = site / "private" / "manifests" / "exports.json"
    path.write_text(json.dumps([row[:5] for row in json.loads(path.read_text("utf-8"))]), "utf-8")
    path = site / "private" / "manifests" / "build.json"
    told = json.loads(path.read_text("utf-8"))
    del told["rules"]
    path.write_text(json.dumps(told), "utf-8")


@pytest.mark.usefixtures("proved")
def test_records_without_rules_are_compared_with_todays(offerpress: Call, site: Path) -> None:
    """As in earlier versions: they agree while the terms are the same, and differ afterwards."""
    without_rules(site)
    assert 0 == offerpress("verify").code
    corrected_term(site)
    said = offerpress("verify", "--json")
    channels = {one["channel"] for one in said.json["findings"]}  # type: ignore[attr-defined]
    assert (1, {"export", "sign-off", "packs"}) == (said.code, channels)


@pytest.mark.usefixtures("planned")
def test_plans_that_nobody_was_told_are_left_out(offerpress: Call, site: Path) -> None:
    """Of a plan that nobody approved, or that was cancelled, only the bytes are checked unless it is named."""
    for path in (site / "private" / "rules").iterdir():
        path.unlink()
    said = offerpress("verify")
    assert (0, True) == (said.code, f"{PLAN} (nobody approved it)" in said.err)
    assert 1 == offerpress("verify", PLAN).code
    assert 0 == offerpress("cancel", PLAN).code
    assert f"{PLAN} (cancelled)" in offerpress("verify").err
    flip(site / "private" / "batches" / f"{PLAN}.batch")
    assert 1 == offerpress("verify").code


@pytest.mark.usefixtures("proved")
def test_prune_keeps_the_rules_that_something_names(offerpress: Call, site: Path) -> None:
    """Rules that nothing names go once they are old; those of the build, a sign-off or a waiting plan stay."""
    assert 0 == offerpress("plan", "thank-you", "--as-of", "2023-04-15", "--dry-run").code
    kept = tree(site / "private" / "rules")
    other = site / "private" / "rules" / f"{'0' * 64}.json"
    other.write_text("{}", encoding="utf-8")
    done = offerpress("prune", "--before", "2099-01-01", "--json").json
    assert isinstance(done["old"], list)
    assert [f"private/rules/{other.name}"] == [one["path"] for one in done["old"] if one["kind"] == "rules"]
    assert kept == tree(site / "private" / "rules")
    assert 0 == offerpress("verify").code
