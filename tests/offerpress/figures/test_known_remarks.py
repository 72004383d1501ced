"""`check` after a build: while nothing changed it repeats what the build found, and otherwise looks itself."""

import json
import random
import shutil
from pathlib import Path

import pytest

from offerpress.cli import run
from tests.killing.killing import AS_OF, tiny_site
from tests.test_start_up import loaded


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built site with remarks about data and content, which is the current folder."""
    monkeypatch.delenv("OFFERPRESS_SITE_SECRET", raising=False)
    folder = tiny_site(tmp_path / "site")
    monkeypatch.chdir(folder)
    (folder / "content" / "notes.txt").write_text("lost", encoding="utf-8")
    (folder / "data" / "sale.csv").write_text("lost", encoding="utf-8")
    assert 0 == run(["build", *AS_OF])
    return folder


def checked(capsys: pytest.CaptureFixture[str]) -> tuple[int, object]:
    """The exit code of `check`, and what it found."""
    capsys.readouterr()
    return run(["check", *AS_OF, "--json"]), json.loads(capsys.readouterr().out)


def checked_anew(site: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, object]:
    """The same without a build to rely on."""
    manifest = site / "private" / "manifests" / "build.json"
    aside = manifest.rename(manifest.with_suffix(".aside"))
    found = checked(capsys)
    aside.rename(manifest)
    return found


def test_check_repeats_what_the_build_found_and_loads_nothing_else(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While nothing changed it reads no content and loads no template, and says the same in the same order."""
    said = checked(capsys)
    assert checked_anew(site, capsys) == said
    found = loaded(f"from offerpress.cli import run; run({['check', *AS_OF]})", site, secret="")
    assert {"rewards"} == found & {"rewards", "generator", "ledger", "mailer", "jinja2", "lxml", "babel"}


@pytest.mark.parametrize(
    "name", ["content/offers/more", "content/ofers", "data/salez.csv", "templates/site/new.html"]
)
def test_what_only_a_name_tells_is_seen(site: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """After the build a folder without a file, a table or a template that nothing reads is named."""
    if "." in name:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("lost", encoding="utf-8")
    else:
        (site / name).mkdir()
    said = checked(capsys)
    assert (checked_anew(site, capsys), True) == (said, name in str(said))


def test_a_fault_that_no_build_refuses_is_named_after_it(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A campaign for a partner whom the ledger lacks stops no build, and `check` goes on naming it."""
    campaign = site / "content" / "campaigns" / "hello.md"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("---\n", "---\naudience: {partners: [P-77]}\n", 1), encoding="utf-8")
    assert 0 == run(["build", *AS_OF])
    code, said = checked(capsys)
    assert (1, True) == (code, "unknown partner 'P-77'" in str(said))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_damaged_or_foreign_manifest_changes_nothing_that_check_says(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """Whatever the manifest holds: characters flipped, values of other sites, an older version's, or no remarks."""
    expected = checked_anew(site, capsys)
    manifest, chance = site / "private" / "manifests" / "build.json", random.Random(seed)
    whole = manifest.read_text(encoding="utf-8")
    other = shutil.copytree(site, tmp_path / "other")
    (other / "content" / "notes.txt").unlink()
    assert 0 == run(["build", "--site", str(other), *AS_OF])
    told, foreign = json.loads(whole), json.loads((other / "private/manifests/build.json").read_text())
    damaged = [json.dumps(foreign), *(json.dumps(told | {name: foreign[name]}) for name in foreign)]
    damaged += [
        json.dumps({key: told[key] for key in told if key != name}) for name in ("checked", "remarks")
    ]
    damaged += [json.dumps(told | {"zone": "Mars"}), whole.replace("is not read", "is read")]
    for _ in range(10):
        at = chance.randrange(len(whole))
        damaged.append(f"{whole[:at]}{chance.choice('0az}')}{whole[at + 1 :]}")
    assert "is not read" in whole
    for text in damaged:
        manifest.write_text(text, encoding="utf-8")
        assert expected == checked(capsys), text
