"""A bonus from its file to the statements, the site, the proofs and the mail, on the sample with one more offer."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, Call, Said
from tests.reference.naive_site import read_site

BONUS = """\
---
kind: bonus
title: A bonus for Gold
summary: Paid once to whoever sells enough for Gold.
announced_on: 2023-05-02
period: {from: 2023-01-01, to: 2023-12-31}
level: gold
amount: {EUR: 1000, GBP: 900, JPY: 160000, KWD: "330.125", SEK: 11000, BRL: 5000, CHF: 1000, PLN: 4500}
amendments:
  - effective_on: 2023-12-01
    note: More of it.
    amount: {EUR: 1500, GBP: 1300, JPY: 240000, KWD: "500.125", SEK: 17000, BRL: 8000, CHF: 1500, PLN: 6500}
---
By the usual quota of Gold.
"""
CAMPAIGN = """\
---
subject: Your bonus
category: notice
audience: {offers: [gold-bonus]}
include_negative: true
---
{% for bonus in statement.bonuses %}
- {{ bonus.title }}: {{ bonus.amount }} for {{ bonus.level_name }}
{% endfor %}
"""


@pytest.fixture
def with_bonus(site: Path, offerpress: Call) -> Call:
    """The sample with a bonus for Gold, and a campaign to whoever gets it."""
    (site / "content/offers/gold-bonus.md").write_text(BONUS, encoding="utf-8")
    (site / "content/campaigns/bonus.md").write_text(CAMPAIGN, encoding="utf-8")
    return offerpress


def statements(said: Said) -> dict[str, dict[str, object]]:
    """Statements by partner id."""
    found = (json.loads(line) for line in said.out.splitlines())
    return {one["partner_id"]: one for one in found}


def paid(offerpress: Call) -> dict[str, dict[str, str]]:
    """The bonus of each partner who has one."""
    found = statements(offerpress("statements", *AS_OF))
    return {name: one["bonuses"][0] for name, one in found.items() if one["bonuses"]}  # type: ignore[index]


def test_statements_with_a_bonus_are_those_of_the_reference(with_bonus: Call, site: Path) -> None:
    """The second implementation gives the same; in the sample's many currencies some get it and some do not."""
    found = statements(with_bonus("statements", *AS_OF))
    assert list(found.values()) == read_site(site, "2023-12-31").statements()
    bonuses = paid(with_bonus)
    assert 0 < len(bonuses) < len(found)
    amounts = {one["currency"]: one["amount"] for one in bonuses.values()}
    assert amounts == {
        "CHF": "1500.00",
        "EUR": "1500.00",
        "GBP": "1300.00",
        "JPY": "240000",
        "KWD": "500.125",
    }


def test_the_derivation_says_what_was_reached_and_why_not(with_bonus: Call) -> None:
    """For whoever has the bonus the amount, for everybody else the reason; both as text and as JSON."""
    bonuses = paid(with_bonus)
    has = min(bonuses)
    said = with_bonus("statement", has, *AS_OF).out
    assert f"bonus: {bonuses[has]['amount']} {bonuses[has]['currency']}, accruing" in said
    assert "level of the bonus: gold at 25000.00 EUR" in said
    short = with_bonus("statement", "P-1001", *AS_OF).out
    assert "bonus: none, because gold is not reached" in short
    derivation = with_bonus("statement", "P-1001", *AS_OF, "--json").json
    assert [] == derivation["bonuses"]


def test_a_site_with_a_bonus_is_built_and_proved(with_bonus: Call, site: Path) -> None:
    """The offer has its page with the amendment; every ledger line is counted or excluded; all channels agree."""
    assert 0 == with_bonus("build", *AS_OF).code
    page = (site / "output/offers/gold-bonus/index.html").read_text(encoding="utf-8")
    assert all(text in page for text in ("€1,500.00", "€1,000.00", "More of it.", "Gold"))
    report = json.loads((site / "private/reports/conservation.json").read_text(encoding="utf-8"))
    mine = [one for one in report["equations"] if one["offer"] == "gold-bonus"]
    assert report["holds"]
    assert any(int(one["counted"]["lines"]) for one in mine)
    assert 0 == with_bonus("verify").code


def test_a_campaign_reaches_exactly_those_with_the_bonus(with_bonus: Call) -> None:
    """The audience `offers` asks for an entry; the notice names title, amount and level; `verify` agrees."""
    planned = with_bonus("plan", "bonus", *AS_OF, "--by", "Mia", "--json").json
    bonuses = paid(with_bonus)
    assert len(bonuses) == planned["recipients"]
    told = with_bonus("notice", "bonus-1.1", min(bonuses), "--format", "text").out
    assert "A bonus for Gold: " in told
    assert " for Gold" in told
    assert 0 == with_bonus("verify", "bonus-1.1").code


def test_a_bonus_that_changes_is_a_correction(with_bonus: Call, site: Path) -> None:
    """Whoever was told a bonus and has another one is written to again, with both amounts."""
    assert 0 == with_bonus("plan", "bonus", *AS_OF, "--by", "Mia").code
    assert 0 == with_bonus("approve", "bonus-1.1", "--by", "Finn").code
    assert 0 == with_bonus("send", "bonus-1.1").code
    changed = BONUS.replace("EUR: 1500", "EUR: 1750.50")
    (site / "content/offers/gold-bonus.md").write_text(changed, encoding="utf-8")
    bonuses = paid(with_bonus)
    planned = with_bonus("plan", "bonus", "--corrections", *AS_OF, "--by", "Mia", "--json")
    assert 0 == planned.code, planned.err
    euro = sorted(name for name, one in bonuses.items() if one["currency"] == "EUR")
    assert len(euro) == planned.json["recipients"]
    said = with_bonus("notice", "bonus-1.2", euro[0], "--format", "text").out
    assert "1,500.00" in said or "1.500,00" in said
    assert "1,750.50" in said or "1.750,50" in said


def test_a_bonus_is_not_credited(with_bonus: Call, site: Path) -> None:
    """It has no journal, and no row of the credits table can name it."""
    assert "it is no cashback offer" in with_bonus("credits", "gold-bonus", *AS_OF).err
    with (site / "data/credits.csv").open("a", encoding="utf-8") as table:
        table.write("C-9,P-1001,gold-bonus,1.00,EUR,2023-12-31\n")
    said = with_bonus("check", *AS_OF)
    assert 1 == said.code
    assert "gold-bonus" in said.out + said.err


def test_check_remarks_a_currency_without_an_amount(with_bonus: Call) -> None:
    """A remark, not a fault: eleven partners have dollars, which the bonus does not name."""
    said = with_bonus("check", *AS_OF, "--json")
    remarks = [one for one in said.json["faults"] if one["file"] == "content/offers/gold-bonus.md"]  # type: ignore[attr-defined]
    assert (0, 0) == (said.code, said.json["count"])
    assert ["amount"] == [one["field"] for one in remarks if one["field"]]
    assert "no amount in USD, the currency of 11 eligible partners" in remarks[0]["what"]
