"""A statement from the policy that an earlier command kept: what it loads, and when the content is read again."""

import random
from pathlib import Path

import pytest

from generator import cache_bytes
from offerpress.cli import run
from offerpress.figures.figures import open_figures
from offerpress.figures.statements import keep_policy, kept_policy
from offerpress.options import site_at
from offerpress.site.inputs import TakenInputs
from tests.killing.killing import AS_OF, tiny_site
from tests.test_start_up import loaded

POLICY = Path("private/policy.cache")


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built site, which is the current folder."""
    monkeypatch.setenv("OFFERPRESS_SITE_SECRET", "4f6b" * 16)
    folder = tiny_site(tmp_path / "site")
    monkeypatch.chdir(folder)
    assert 0 == run(["build", *AS_OF])
    return folder


def statement(capsys: pytest.CaptureFixture[str]) -> str:
    """What `statement` prints."""
    capsys.readouterr()
    assert 0 == run(["statement", "A-1", *AS_OF])
    return capsys.readouterr().out


def anew(capsys: pytest.CaptureFixture[str]) -> str:
    """The same where no policy was kept."""
    POLICY.unlink()
    return statement(capsys)


def edit(site: Path, old: str, new: str) -> None:
    """Another word in the offer."""
    path = site / "content" / "offers" / "year.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_statement_reads_no_content_that_did_not_change(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It loads nothing that reads content, and of the database its engine; it says the same, titles and notes too."""
    code = f"from offerpress.cli import run; run({['statement', 'A-1', *AS_OF]})"
    assert {"_duckdb"} == {"_duckdb", "duckdb", "babel", "markdown", "ruamel", "jinja2"} & loaded(code, site)
    said = statement(capsys)
    assert "Yearly cashback" in said
    assert said == anew(capsys)


@pytest.mark.parametrize(("old", "new"), [("10%", "20%"), ("Yearly", "Annual")])
def test_a_changed_text_is_read(site: Path, capsys: pytest.CaptureFixture[str], old: str, new: str) -> None:
    """Another rate or title is that of the next statement, and the former one of that after it."""
    before = statement(capsys)
    edit(site, old, new)
    after = statement(capsys)
    assert (after, True) == (anew(capsys), after != before)
    edit(site, new, old)
    assert before == statement(capsys)


def test_a_fault_in_the_content_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that was kept of other content answers nothing."""
    edit(site, "rate: 10%", "rate: much")
    assert 1 == run(["statement", "A-1", *AS_OF])
    assert "content/offers/year.md" in capsys.readouterr().err


def test_a_damaged_or_foreign_policy_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the file holds: a part of it, a flipped bit, a policy of other content, or no policy at all."""
    expected, whole, chance = statement(capsys), POLICY.read_bytes(), random.Random(1)
    damaged = [b"", whole[:40], whole[:-1], cache_bytes(("no policy",), "another key"), whole.upper()]
    places = chance.sample(range(len(whole)), 5)
    damaged += [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    for data in damaged:
        POLICY.write_bytes(data)
        assert expected == statement(capsys)
        assert data != POLICY.read_bytes()


def test_the_settings_count_too(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A text in a language that the settings name no more is told as where no policy was kept."""
    settings, text = site / "offerpress.toml", site / "content" / "offers" / "year.de.md"
    before = settings.read_text(encoding="utf-8")
    more = 'default_language = "en"\nlanguages = ["en", "de"]\n[mail]'
    settings.write_text(before.replace("[mail]", more), encoding="utf-8")
    text.write_text("---\ntitle: Jahr\nsummary: Ein Zehntel\n---\nGut.\n", encoding="utf-8")
    assert statement(capsys)
    settings.write_text(before, encoding="utf-8")
    assert 1 == run(["statement", "A-1", *AS_OF])
    assert "year.de.md" in capsys.readouterr().err


def test_content_that_is_saved_while_it_is_read_is_not_kept(site: Path) -> None:
    """Neither what was added, nor what was changed or is gone."""
    opened = site_at(site)
    taken = TakenInputs.of(opened, opened.settings.data.paths).inputs
    with open_figures(opened, need_keys=False) as figures:
        policy = figures.content.policy
    page = site / "content" / "pages" / "new.md"
    page.parent.mkdir()
    for change in (lambda: page.write_text("---\ntitle: New\n---\n"), page.unlink, page.parent.rmdir):
        change()
        POLICY.unlink(missing_ok=True)
        keep_policy(opened, taken, policy)
        assert POLICY.exists() == (not page.parent.exists())
        assert kept_policy(opened, taken) == (None if page.parent.exists() else policy)
