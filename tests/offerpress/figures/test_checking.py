"""What `check` says, `build` and `plan` say too: the same remarks if they succeed, the same faults if they refuse."""

import json
from pathlib import Path

import pytest

from offerpress.cli import run
from tests.killing.killing import AS_OF, PLAN, tiny_site

BONUS = """---
kind: bonus
title: Bonus
summary: A little extra
announced_on: 2023-01-01
period: {from: 2023-01-01, to: 2023-12-31}
level: gold
amount: {USD: 50}
---
For everybody who trades in dollars.
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small site with remarks about data, content and pages, which is the current folder."""
    monkeypatch.chdir(tiny_site(tmp_path))
    monkeypatch.delenv("OFFERPRESS_SITE_SECRET", raising=False)
    partners = tmp_path / "data" / "partners.csv"
    lines = partners.read_text(encoding="utf-8").splitlines()
    partners.write_text(
        "\n".join([f"{lines[0]},shoe_size", *(f"{line},7" for line in lines[1:])]), encoding="utf-8"
    )
    page = "---\ntitle: About\nsummary: Who we are\n---\n# About us\n\nWords.\n"
    (tmp_path / "content" / "pages").mkdir()
    (tmp_path / "content" / "pages" / "about.md").write_text(page, encoding="utf-8")
    (tmp_path / "content" / "notes.txt").write_text("lost", encoding="utf-8")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, set[str]]:
    """The exit code, and every fault and remark that a command named."""
    capsys.readouterr()
    code = run(arguments)
    lines = capsys.readouterr().err.splitlines()
    return code, {line for line in lines if line.startswith(("fault: ", "remark: "))}


def test_remarks_of_check_are_those_of_build_and_plan(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same remarks, also when nothing changed since or the ledger was not read again; in JSON as well."""
    del site
    expected = told(capsys, "check", *AS_OF)
    assert 0 == expected[0]
    assert 2 <= len(expected[1])
    for command in (("build", *AS_OF), ("build", *AS_OF), PLAN, PLAN, (*PLAN, "--dry-run")):
        assert expected == told(capsys, *command)
    code, written = run(["build", *AS_OF, "--json"]), capsys.readouterr()
    assert 0 == code, written.err
    assert len(expected[1]) == len(json.loads(written.out)["remarks"])


def test_remarks_follow_what_changed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the first build, a remark about data comes and goes with the data, and one about content with that."""
    told(capsys, "build", *AS_OF)
    partners = site / "data" / "partners.csv"
    partners.write_text(
        partners.read_text(encoding="utf-8").replace("shoe_size", "hat_size"), encoding="utf-8"
    )
    assert told(capsys, "check", *AS_OF) == told(capsys, "build", *AS_OF)
    (site / "content" / "notes.txt").unlink()
    assert told(capsys, "check", *AS_OF) == told(capsys, "build", *AS_OF)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("content/campaigns/hello.md", "partner.name", "partner.nmae"),
        ("data/sales.csv", "2023-05-01", "2023-05-41"),
        ("content/offers/year.md", "rate: 10%", "rate: ten"),
    ],
)
def test_faults_of_check_are_those_of_build_and_plan(
    site: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str
) -> None:
    """A refusal names every fault and remark that `check` names, wherever the first of them was found."""
    text = (site / file).read_text(encoding="utf-8")
    (site / file).write_text(text.replace(old, new), encoding="utf-8")
    expected = told(capsys, "check", *AS_OF)
    assert any(line.startswith("fault: ") for line in expected[1])
    assert expected == told(capsys, "build", *AS_OF)
    assert expected == told(capsys, *PLAN)


def test_a_bonus_in_another_currency_is_a_remark_everywhere(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A currency that a bonus leaves out shows only in statements; `build` and `plan` say it as `check` does."""
    (site / "content" / "offers" / "bonus.md").write_text(BONUS, encoding="utf-8")
    expected = told(capsys, "check", *AS_OF)
    assert any("names no amount in EUR" in line for line in expected[1]), expected
    assert expected == told(capsys, "build", *AS_OF)
    assert expected == told(capsys, *PLAN)
