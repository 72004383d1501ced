"""After the year-end plan was sent the ledger changes: who is told so, what they read, and what `told` remembers."""

import csv
import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, PLAN, Call, change_sale

SECOND = "year-end-credit-1.2"


def corrections(offerpress: Call, *options: str) -> dict[str, object]:
    """The plan of corrections as of the same day."""
    said = offerpress("plan", "year-end-credit", "--corrections", *AS_OF, "--by", "Mia", *options, "--json")
    assert 0 == said.code, said.err
    return said.json


def corrected(offerpress: Call, site: Path) -> None:
    """One sale changes, and its partner's correction is sent."""
    change_sale(site, "A-01232", "2000.00")
    corrections(offerpress)
    assert 0 == offerpress("approve", SECOND, "--by", "Finn").code
    assert 0 == offerpress("send", SECOND).code


def cashback(offerpress: Call) -> dict[str, str]:
    """P-1001's one cashback entry."""
    (entry,) = json.loads(offerpress("statement", "P-1001", *AS_OF, "--json").out)["cashback"]
    assert isinstance(entry, dict)
    return entry


@pytest.mark.usefixtures("sent")
def test_without_a_change_there_is_nothing_to_correct(offerpress: Call) -> None:
    """Everybody was told what is so."""
    plan = corrections(offerpress)
    assert (0, True) == (plan["recipients"], plan["corrections"])
    assert {"already_sent": 56, "closed": 1, "not_told": 3} == plan["skipped"]


@pytest.mark.usefixtures("sent")
def test_one_changed_sale_corrects_exactly_its_partner(offerpress: Call, site: Path) -> None:
    """The notice says the old figure and the new one, in both its parts, and its subject says what it is."""
    before = cashback(offerpress)
    change_sale(site, "A-01232", "2000.00")
    after = cashback(offerpress)
    assert before["amount"] != after["amount"]
    assert 1 == corrections(offerpress)["recipients"]
    assert 1 == offerpress("notice", SECOND, "P-1002").code
    for form in ("text", "html"):
        notice = " ".join(offerpress("notice", SECOND, "P-1001", "--format", form).out.split())
        for entry in (before, after):
            for figure in ("amount", "eligible_sales"):
                whole, _, places = entry[figure].partition(".")
                assert f"{int(whole):,}".replace(",", ".") + f",{places}" in notice
    (told,) = [one for one in offerpress("told", "P-1001", "--json").json["told"] if one["plan"] == SECOND]  # type: ignore[attr-defined]
    assert "Korrektur: Ihr Guthaben für 2023" == told["subject"]


@pytest.mark.usefixtures("sent")
def test_told_shows_both_and_what_became_of_them(offerpress: Call, site: Path) -> None:
    """Each notice with its plan, its approval, its status and its figures; the second with what it changed."""
    before = cashback(offerpress)
    corrected(offerpress, site)
    after = cashback(offerpress)
    notices = offerpress("told", "P-1001", "--json").json["told"]
    assert isinstance(notices, list)
    assert [(PLAN, False), (SECOND, True)] == [(one["plan"], one["corrections"]) for one in notices]
    assert [before, after] == [one["statement"]["cashback"][0] for one in notices]
    assert all((one["status"], one["approved_by"]) == ("accepted", ["Finn"]) for one in notices)
    changes = {(*one["entry"], one["figure"]): (one["told"], one["now"]) for one in notices[1]["changes"]}
    assert (before["amount"], after["amount"]) == changes["cashback-2023", "EUR", "amount"]
    assert [] == notices[0]["changes"]
    text = offerpress("told", "P-1001").out
    assert f"amount: {before['amount']} → {after['amount']}" in text


@pytest.mark.usefixtures("sent")
def test_a_correction_is_not_made_twice(offerpress: Call, site: Path) -> None:
    """Once the partner was told the new figures there is nothing left, until they change again."""
    corrected(offerpress, site)
    assert 0 == corrections(offerpress)["recipients"]
    change_sale(site, "A-01232", "2001.00")
    assert 1 == corrections(offerpress)["recipients"]


@pytest.mark.usefixtures("sent")
def test_two_plans_of_one_correction_are_not_both_sent(offerpress: Call, site: Path) -> None:
    """The second is stale once the first was handed over."""
    change_sale(site, "A-01232", "2000.00")
    corrections(offerpress)
    corrections(offerpress)
    for plan in (SECOND, "year-end-credit-1.3"):
        assert 0 == offerpress("approve", plan, "--by", "Finn").code
    assert 0 == offerpress("send", SECOND).code
    said = offerpress("send", "year-end-credit-1.3")
    assert (1, True) == (said.code, "stale" in said.err)


@pytest.mark.usefixtures("planned")
def test_who_was_not_told_is_not_corrected(offerpress: Call, site: Path) -> None:
    """A plan that was never sent told nobody anything."""
    change_sale(site, "A-01232", "2000.00")
    plan = corrections(offerpress)
    assert (0, {"closed": 1, "not_told": 59}) == (plan["recipients"], plan["skipped"])


@pytest.mark.usefixtures("sent")
def test_posted_credits_correct_nobody(offerpress: Call, site: Path) -> None:
    """When finance has credited what was told, and the year is over, nobody needs another message."""
    said = offerpress("credits", "cashback-2023", "--as-of", "2024-01-02")
    with (site / "data" / "credits.csv").open("a", encoding="utf-8") as table:
        table.writelines(said.out.splitlines(keepends=True)[1:])
    said = offerpress("plan", "year-end-credit", "--corrections", "--as-of", "2024-01-15", "--json")
    assert (0, 0) == (said.code, said.json["recipients"])


@pytest.mark.usefixtures("sent")
def test_a_correction_that_takes_everything_back_is_told(offerpress: Call, site: Path) -> None:
    """Who was told a credit and gets nothing now is outside the audience, and learns of it all the same."""
    sales = site / "data" / "sales.csv"
    rows = list(csv.reader(sales.read_text(encoding="utf-8").splitlines()))
    one = next(
        partner
        for partner in sorted({row[1] for row in rows[1:]})
        if _only_cashback(offerpress("statement", partner, *AS_OF, "--json").out)
    )
    kept = [row for row in rows if row[1] != one]
    with sales.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(kept)
    plan = corrections(offerpress)
    assert 1 == plan["recipients"]
    assert 0 == offerpress("notice", SECOND, one).code


def _only_cashback(out: str) -> bool:
    """Whether a partner gets cashback that nothing was credited of, and no extension."""
    statement = json.loads(out)
    entries = statement["cashback"]
    return (
        not statement["extensions"]
        and bool(entries)
        and all(
            entry["already_credited"].strip("0.") == "" and entry["amount"].strip("0.") for entry in entries
        )
    )


@pytest.mark.usefixtures("sent")
def test_a_damaged_batch_is_named_and_others_are_corrected(offerpress: Call, site: Path) -> None:
    """Who was told by a damaged batch is not corrected, and the exit code is 1; who was told by another is."""
    change_sale(site, "A-01232", "2000.00")
    corrections(offerpress)
    assert 0 == offerpress("approve", SECOND, "--by", "Finn").code
    assert 0 == offerpress("send", SECOND).code
    change_sale(site, "A-01232", "2001.00")
    first = site / "private/batches" / f"{PLAN}.batch"
    first.chmod(0o600)
    first.write_bytes(first.read_bytes()[:-9])
    said = offerpress("plan", "year-end-credit", "--corrections", *AS_OF, "--by", "Mia", "--json")
    assert (1, 1, {"closed": 1, "not_told": 3, "told_is_lost": 55}) == (
        said.code,
        said.json["recipients"],
        said.json["skipped"],
    )
    assert f"not corrected, because what its partners were told is not known: batch: {first.name}" in said.err
    third = "year-end-credit-1.3"
    assert 0 == offerpress("approve", third, "--by", "Finn").code
    assert 0 == offerpress("send", third).code


def skipped_as_of(offerpress: Call, day: str) -> dict[str, str]:
    """Why a plan of corrections as of a day skips each partner; an empty reason for those whom it corrects."""
    said = offerpress("plan", "year-end-credit", "--corrections", "--as-of", day, "--dry-run", "--csv")
    assert 0 == said.code, said.err
    return {row["partner_id"]: row["skipped"] for row in csv.DictReader(said.out.splitlines())}


def add_sale(site: Path, amount: str, day: str) -> None:
    """One more sale of P-1001."""
    with (site / "data" / "sales.csv").open("a", encoding="utf-8") as table:
        header = (site / "data" / "sales.csv").read_text(encoding="utf-8").partition("\n")[0].split(",")
        row = {"sale_id": f"N-{day}-{amount}", "partner_id": "P-1001", "sold_on": day, "amount": amount}
        table.write(",".join({**row, "currency": "EUR"}.get(name, "") for name in header) + "\n")


def tell(offerpress: Call, day: str) -> None:
    """Plan, approve and send the campaign as of a day."""
    said = offerpress("plan", "year-end-credit", "--as-of", day, "--by", "Mia", "--json")
    assert 0 == said.code, said.err
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    assert 0 == offerpress("send", PLAN).code


def test_growth_of_an_accruing_figure_is_no_correction(offerpress: Call, site: Path) -> None:
    """What was told in the period was told as so far: only a sum that fell is corrected, also when the year is over."""
    tell(offerpress, "2023-11-01")
    fell = {one for one, reason in skipped_as_of(offerpress, "2023-12-01").items() if not reason}
    assert {"P-1025", "P-1038", "P-1043"} == fell  # each had a refund in November
    add_sale(site, "500.00", "2023-12-20")
    assert "already_sent" == skipped_as_of(offerpress, "2024-01-15")["P-1001"]
    add_sale(site, "-90000.00", "2023-10-15")
    assert "" == skipped_as_of(offerpress, "2024-01-15")["P-1001"]


def test_growth_after_other_terms_is_a_correction(offerpress: Call, site: Path) -> None:
    """A rate that was corrected corrects everybody who was told the old one, though the amounts grew."""
    tell(offerpress, "2023-11-01")
    path = site / "content" / "offers" / "cashback-2023.md"
    path.write_text(path.read_text(encoding="utf-8").replace("rate: 15%", "rate: 16%"), encoding="utf-8")
    assert "" == skipped_as_of(offerpress, "2023-12-01")["P-1001"]
