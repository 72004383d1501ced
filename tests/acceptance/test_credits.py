"""The credit journal from the command line: made, posted, signed off, verified."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, Call, change_sale

OFFER = "cashback-2023"
FINAL = ("--as-of", "2024-01-02")


def journal(offerpress: Call, *options: str) -> list[dict[str, str]]:
    """The rows of the journal as CSV."""
    said = offerpress("credits", OFFER, *(options or FINAL))
    assert 0 == said.code, said.err
    return list(csv.DictReader(io.StringIO(said.out)))


def post(site: Path, rows: list[dict[str, str]]) -> None:
    """Appends the rows to the credits table."""
    with (site / "data" / "credits.csv").open("a", encoding="utf-8", newline="") as table:
        csv.writer(table, lineterminator="\n").writerows(row.values() for row in rows)


def test_the_journal_has_the_columns_of_the_credits_table(offerpress: Call, site: Path) -> None:
    """So that its rows can be appended; ids count on from the credits of partner, offer and currency."""
    header = (site / "data" / "credits.csv").read_text(encoding="utf-8").splitlines()[0]
    out = offerpress("credits", OFFER, *FINAL).out
    assert header == out.splitlines()[0]
    ids = {row["credit_id"] for row in journal(offerpress)}
    assert {f"{OFFER}:P-1001:EUR:1", f"{OFFER}:P-1003:EUR:2"} <= ids  # P-1003 has one credit already


def test_accruing_amounts_need_a_word(offerpress: Call) -> None:
    """On the period's last day amounts can still change: refused without --accruing, and never signed off."""
    said = offerpress("credits", OFFER, *AS_OF)
    assert (1, "", True) == (said.code, said.out, "accruing" in said.err)
    assert journal(offerpress, *AS_OF, "--accruing")
    assert 1 == offerpress("sign-off", OFFER, *AS_OF, "--by", "Fay").code


def test_its_sums_are_those_of_the_batch(offerpress: Call) -> None:
    """Over the plan's recipients the journal adds up, currency by currency, to what the plan says is credited."""
    plan = offerpress("plan", "year-end-credit", *FINAL, "--json").json
    listed = offerpress("plan", "year-end-credit", *FINAL, "--dry-run", "--csv").out
    skipped = {row["partner_id"] for row in csv.DictReader(io.StringIO(listed)) if row["skipped"]}
    totals = plan["totals"]
    assert isinstance(totals, dict)
    rest = {currency: Decimal(total["amount"]) for currency, total in totals.items()}
    for row in journal(offerpress):
        if row["partner_id"] not in skipped:
            rest[row["currency"]] -= Decimal(row["amount"])
    assert {Decimal(0)} == set(rest.values())


def test_posted_rows_leave_nothing(offerpress: Call, site: Path) -> None:
    """Appended to the credits table, the journal is empty; a change afterwards is one line, negative as a number."""
    post(site, journal(offerpress))
    assert [] == journal(offerpress)
    change_sale(site, "A-01232", "100.00")
    (line,) = journal(offerpress)
    assert (f"{OFFER}:P-1001:EUR:2", True) == (line["credit_id"], line["amount"].startswith("-"))
    post(site, [line])
    assert [] == journal(offerpress)


def test_json_says_the_same(offerpress: Call) -> None:
    """With the day, the status and the sums."""
    said = offerpress("credits", OFFER, *FINAL, "--json").json
    rows = journal(offerpress)
    assert (rows, "final", "2024-01-02") == (said["credits"], said["status"], said["as_of"])
    totals: dict[str, Decimal] = {}
    for row in rows:
        totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    assert {currency: str(amount) for currency, amount in totals.items()} == said["totals"]


def test_a_signed_journal_is_frozen(offerpress: Call, site: Path) -> None:
    """What changes after the sign-off is a line of its own, whether the signed lines are posted or not."""
    signed = journal(offerpress)
    assert 0 == offerpress("sign-off", OFFER, *FINAL, "--by", "Fay").code
    change_sale(site, "A-01232", "2000.00")
    after = journal(offerpress)
    (line,) = [row for row in after if row not in signed]
    assert all(row in after for row in signed)
    assert f"{OFFER}:P-1001:EUR:2" == line["credit_id"]
    post(site, signed)
    assert [line] == journal(offerpress)
    said = offerpress("sign-off", OFFER, *FINAL, "--by", "Fay", "--json").json
    assert (2, 1) == (said["number"], said["lines"])
    assert "nothing changed" in offerpress("sign-off", OFFER, *FINAL, "--by", "Fay").err


def test_a_signed_line_that_was_posted_otherwise_is_named(offerpress: Call, site: Path) -> None:
    """The journal goes by the ledger, and says what differs from what was signed."""
    rows = journal(offerpress)
    offerpress("sign-off", OFFER, *FINAL, "--by", "Fay")
    post(site, [{**rows[0], "amount": "1.00"}, *rows[1:]])
    said = offerpress("credits", OFFER, *FINAL)
    assert f"remark: {rows[0]['credit_id']}: posted as 1.00" in said.err
    (line,) = csv.DictReader(io.StringIO(said.out))
    assert Decimal(rows[0]["amount"]) - 1 == Decimal(line["amount"])


def test_verify_compares_journals_and_sign_offs(offerpress: Call, site: Path) -> None:
    """An exported journal and a signed one agree with their snapshot until a digit of one is changed."""
    assert 0 == offerpress("credits", OFFER, *FINAL, "--output", "journal.csv").code
    offerpress("sign-off", OFFER, *FINAL, "--by", "Fay")
    assert 0 == offerpress("credits", OFFER, *FINAL, "--output", "signed.csv").code
    said = offerpress("verify")
    assert (0, True) == (said.code, "all agree" in said.err), said.err
    exported = site / "journal.csv"
    exported.write_text(exported.read_text(encoding="utf-8").replace(".", "1.", 1), encoding="utf-8")
    (sign_off,) = (site / "private" / "sign-offs").iterdir()
    sign_off.write_text(sign_off.read_text(encoding="utf-8").replace("-1001", "-1002", 1), encoding="utf-8")
    said = offerpress("verify", "--json")
    findings = said.json["findings"]
    assert isinstance(findings, list)
    assert (1, {"export", "sign-off"}) == (said.code, {finding["channel"] for finding in findings})


def test_ids_are_guarded_against_formulas_and_read_back(offerpress: Call, site: Path) -> None:
    """A spreadsheet shows `'=1+1` as text, and as a row of the credits table it is partner `=1+1` again."""
    for name in ("partners", "sales", "subscriptions", "credits"):
        path = site / "data" / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").replace("P-1001,", "=1+1,"), encoding="utf-8")
    rows = journal(offerpress)
    assert ["'=1+1"] == [row["partner_id"] for row in rows if row["credit_id"].startswith(f"{OFFER}:=1+1:")]
    post(site, rows)
    assert [] == journal(offerpress)


@pytest.mark.parametrize("offer", ["extension-3-months", "cashbock-2023"])
def test_only_a_cashback_offer_has_a_journal(offerpress: Call, offer: str) -> None:
    """Another offer, or none, is refused with what would be right."""
    said = offerpress("credits", offer, *FINAL)
    assert (1, "", True) == (said.code, said.out, "no cashback offer" in said.err)
