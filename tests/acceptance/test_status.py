"""What `plan`, `status` and `told` say of a plan's life: who, when, what is next, who is left out, and why."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, PLAN, Call

SECOND = "year-end-credit-1.2"


def status(offerpress: Call, plan: str = PLAN, *options: str) -> dict[str, object]:
    """The status of a plan as JSON."""
    return offerpress("status", plan, "--json", *options).json


def plan_again(offerpress: Call) -> None:
    """Plan the campaign once more as of the same day."""
    assert 0 == offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia").code


@pytest.mark.usefixtures("planned")
def test_status_says_who_made_a_plan_when_it_is_due_and_what_is_next(offerpress: Call) -> None:
    """From the making to the end; the due time is in the program's zone."""
    made = status(offerpress)
    assert ("Mia", [], "waits for approval") == (made["made_by"], made["approved"], made["state"])
    assert (f"offerpress approve {PLAN} --by NAME", "2023-12-31T18:00+01:00") == (
        made["next"],
        made["due_at"],
    )
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    approved = status(offerpress)
    (approval,) = approved["approved"]  # type: ignore[misc]
    assert ("Finn", "due", f"offerpress send {PLAN}") == (approval["by"], approved["state"], approved["next"])  # type: ignore[has-type]
    text = offerpress("status", PLAN).out
    assert (
        f"{PLAN}: due; made by Mia; approved by Finn; due 2023-12-31T18:00+01:00; next: offerpress send"
        in text
    )
    assert 0 == offerpress("send", PLAN).code
    assert "done" == status(offerpress)["state"]


@pytest.mark.usefixtures("planned")
def test_a_superseded_and_a_cancelled_plan_are_named_so(offerpress: Call) -> None:
    """The later plan supersedes the one before until it is cancelled; who cancelled it is kept."""
    plan_again(offerpress)
    first = status(offerpress)
    assert ("superseded", SECOND) == (first["state"], first["superseded_by"])
    assert f"{PLAN}: superseded by {SECOND}; " in offerpress("status").out
    assert 0 == offerpress("cancel", SECOND, "--by", "Ada").code
    second = status(offerpress, SECOND)
    (act,) = second["acts"]  # type: ignore[misc]
    assert ("cancelled", "cancel", "Ada") == (second["state"], act["act"], act["by"])  # type: ignore[has-type]
    assert "; last act: cancel by Ada, 20" in offerpress("status", SECOND).out
    assert ("waits for approval", None) == (status(offerpress)["state"], status(offerpress)["superseded_by"])


@pytest.mark.usefixtures("approved")
def test_pauses_are_kept_with_name_and_instant(offerpress: Call) -> None:
    """Also of whoever resumes; without a name it is the system's user, and an empty name is wrong usage."""
    assert (0, 0) == (offerpress("pause", PLAN, "--by", "Ada").code, offerpress("resume", PLAN).code)
    acts = status(offerpress)["acts"]
    assert isinstance(acts, list)
    assert [("pause", "Ada"), ("resume", True)] == [
        (acts[0]["act"], acts[0]["by"]),
        (acts[1]["act"], bool(acts[1]["by"])),
    ]
    assert acts[0]["at"] <= acts[1]["at"]
    assert 2 == offerpress("pause", PLAN, "--by", " ").code


@pytest.mark.usefixtures("planned")
def test_status_says_whether_a_plan_is_stale(offerpress: Call, site: Path) -> None:
    """On request, because it renders every message again."""
    assert "stale" not in status(offerpress)
    assert False is status(offerpress, PLAN, "--stale")["stale"]
    path = site / "content" / "campaigns" / "year-end-credit.md"
    path.write_text(path.read_text(encoding="utf-8") + "\nMore words.\n", encoding="utf-8")
    assert "stale" in str(status(offerpress, PLAN, "--stale")["stale"])
    assert 2 == offerpress("status", "--stale").code


def test_a_plan_lists_languages_accruing_offers_and_who_is_skipped(offerpress: Call) -> None:
    """The counts add up to the recipients, and each skipped partner has a name and the reason."""
    said = offerpress("plan", "year-end-credit", *AS_OF, "--dry-run", "--skipped", "--json").json
    languages, skipped = said["languages"], said["skipped_partners"]
    assert isinstance(languages, dict)
    assert isinstance(skipped, list)
    assert said["recipients"] == sum(languages.values())
    assert {"en", "de", "es"} <= languages.keys()
    assert ["cashback-2023", "lower-quotas-2023"] == said["accruing"]
    assert said["skipped"] == {
        reason: sum(one["reason"] == reason for one in skipped)
        for reason in {one["reason"] for one in skipped}
    }
    assert all(one["name"] for one in skipped)
    text = offerpress("plan", "year-end-credit", *AS_OF, "--dry-run", "--skipped").out
    assert all(one["name"] in text for one in skipped)
    assert f"  written in en: {languages['en']}" in text


@pytest.mark.usefixtures("sent")
def test_an_empty_plan_is_not_registered(offerpress: Call, site: Path) -> None:
    """Nobody is left: nothing is kept, and `status` lists no such plan."""
    said = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia", "--json")
    assert (0, 0, False) == (said.code, said.json["recipients"], said.json["registered"])
    assert [f"{PLAN}.batch"] == [path.name for path in (site / "private" / "batches").iterdir()]
    plans = offerpress("status", "--json").json["plans"]
    assert isinstance(plans, list)
    assert [PLAN] == [one["plan"] for one in plans]
    text = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia").out
    assert "Nothing was kept: a plan without recipients is not registered." in text


@pytest.mark.usefixtures("sent")
def test_told_says_where_and_why_a_partner_was_skipped(offerpress: Call) -> None:
    """An id that neither a plan nor the ledger has is an error, so a slip is not taken for silence."""
    skipped = offerpress("plan", "year-end-credit", *AS_OF, "--dry-run", "--skipped", "--json").json
    rows = skipped["skipped_partners"]
    assert isinstance(rows, list)
    one = next(row for row in rows if row["reason"] != "already_sent")
    said = offerpress("told", one["partner_id"])
    assert (0, True) == (said.code, f"{PLAN}: skipped: {one['reason']}" in said.out)
    told = offerpress("told", one["partner_id"], "--json").json
    assert ([], [{"plan": PLAN, "reason": one["reason"]}]) == (told["told"], told["skipped"])
    unknown = offerpress("told", "P-9999")
    assert (1, "") == (unknown.code, unknown.out)
    assert "'P-9999': neither a plan nor the ledger has this id" in unknown.err


def test_an_unknown_partner_of_an_audience_stops_a_plan(offerpress: Call, site: Path) -> None:
    """It is a fault of `check`, and `plan` refuses; the nearest id is proposed."""
    path = site / "content" / "campaigns" / "thank-you.md"
    text = path.read_text(encoding="utf-8")
    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    kept = "\n".join(line for line in head.splitlines() if not line.startswith("audience"))
    path.write_text(f"---\n{kept}\naudience: {{partners: [P-1001, P-10011]}}\n---\n{body}", encoding="utf-8")
    faults = json.loads(offerpress("check", *AS_OF, "--json").out)["faults"]
    assert ["unknown partner 'P-10011'"] == [one["what"] for one in faults if one["severity"] == "fault"]
    refused = offerpress("plan", "thank-you", *AS_OF, "--by", "Mia")
    assert (1, True) == (refused.code, "unknown partner 'P-10011'; did you mean 'P-10" in refused.err)
