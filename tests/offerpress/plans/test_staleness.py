"""A campaign that is postponed after its plan was frozen: `send_at` in its file (docs/reference/campaigns.md)."""

import json
from pathlib import Path

import pytest

from offerpress.cli import run
from tests.killing.killing import APPROVE, PLAN, SEND, tiny_site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small site, which is the current folder."""
    monkeypatch.chdir(tiny_site(tmp_path))
    monkeypatch.delenv("OFFERPRESS_SITE_SECRET", raising=False)
    return tmp_path


def put_off(site: Path, send_at: str) -> None:
    """Write `send_at` into the campaign's file; an empty one takes it out."""
    file = site / "content" / "campaigns" / "hello.md"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("send_at")]
    if send_at:
        lines.insert(1, f"send_at: {send_at}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def accepted(capsys: pytest.CaptureFixture[str]) -> int:
    """How many notices of the plan left."""
    capsys.readouterr()
    run(["status", "hello-1.1", "--json"])
    return int(json.loads(capsys.readouterr().out)["accepted"])


@pytest.mark.parametrize(
    ("planned", "now", "told"),
    [
        (
            "",
            "2099-03-01T09:30",
            "send_at is 2099-03-01T09:30+00:00 in the campaign's file now, the plan has none",
        ),
        ("2024-01-03T08:00", "2098-01-01T00:00", "the plan says 2024-01-03T08:00+00:00"),
        ("2024-01-03T08:00+02:00", "2097-06-30T00:00-05:00", "send_at is 2097-06-30T00:00-05:00"),
    ],
)
def test_a_campaign_that_was_put_off_does_not_leave(
    site: Path, capsys: pytest.CaptureFixture[str], planned: str, now: str, told: str
) -> None:
    """Approved to leave at once or soon, a plan whose file now says later is refused with both instants."""
    put_off(site, planned)
    assert [0, 0] == [run(PLAN), run(APPROVE)]
    put_off(site, now)
    assert 1 == run(SEND)
    assert told in capsys.readouterr().err
    assert 1 == run(["send", "--due"])
    assert told in capsys.readouterr().err
    assert 0 == accepted(capsys)


def test_a_plan_is_not_approved_after_its_campaign_was_put_off(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`approve` refuses it as `send` does: nobody approves what cannot be sent."""
    assert 0 == run(PLAN)
    put_off(site, "2099-03-01T09:30")
    assert 1 == run(APPROVE)
    assert "plan the campaign again" in capsys.readouterr().err


@pytest.mark.parametrize("now", ["2023-01-01T00:00", ""])
def test_an_earlier_instant_leaves_the_plan_as_it_was_approved(
    site: Path, capsys: pytest.CaptureFixture[str], now: str
) -> None:
    """A file that says earlier, or nothing any more, changes nothing: the plan leaves when it was approved to."""
    put_off(site, "2024-01-03T08:00")
    assert [0, 0] == [run(PLAN), run(APPROVE)]
    put_off(site, now)
    assert 0 == run(SEND)
    assert 2 == accepted(capsys)
