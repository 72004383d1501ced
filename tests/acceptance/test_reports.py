"""Reports for staff: their sums by hand, the page in a real browser, and what `plan` says of them."""

import csv
import json
import os
import re
import shutil
from collections import Counter
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from offerpress.plans.dues import (
    Bin,
    Due,
    Liability,
    distribution,
    dues,
    jumped,
    largest,
    liability,
    negative,
)
from offerpress.plans.planning import PLAN_COLUMNS
from offerpress.reports.facts import ToldAmounts
from offerpress.reports.outlook import course, near_next_level, outlooks
from offerpress.reports.texts import approval_summary, bin_text, grouped_amount, percent_text
from rewards import Account, Rules, Statement, day_text
from tests.acceptance.conftest import AS_OF, PLAN, Call, change_sale, tree
from tests.reference.samples import account, computed, credit, offer, rules, sale
from tests.servers.browsing import Reader

HOSTILE = "=cmd()<script>alert(1)</script>{{7*7}}\u202eEvil"


def due(partner_id: str, to_credit: int, currency: str = "EUR", level: str = "bronze") -> Due:
    """A partner who is due that many minor units."""
    return Due(partner_id, f"Näme {partner_id}", level, "DE", currency, to_credit, 0, to_credit)


def stated(one: Account, rules_: Rules) -> list[tuple[Account, Statement]]:
    """One account with its statement, as a report reads them."""
    return [(one, computed(one, rules_))]


def test_dues_add_up_the_offers_of_one_currency() -> None:
    """A partner has one row for each currency, over all offers, with what was credited already."""
    rules_ = rules(offer("cashback", "a"), offer("cashback", "b", rate="10%"))
    one = account(sale("1", "100.00"), sale("2", "1000", "JPY"), credit("5.00", of="a"))
    euro, yen = dues(stated(one, rules_))
    assert ("EUR", 2500, 500, 2000) == (euro.currency, euro.amount, euro.already_credited, euro.to_credit)
    assert ("JPY", 250, 0, 250) == (yen.currency, yen.amount, yen.already_credited, yen.to_credit)


def test_liability_keeps_currencies_and_directions_apart() -> None:
    """Sums are by currency and level; what partners would pay back is apart from what they get."""
    rows = [due("1", 500), due("2", -200), due("3", 70, "JPY"), due("4", 30, level="gold")]
    assert liability(rows, lambda one: one.level) == {
        ("EUR", "bronze"): Liability(2, 300, 0, 500, -200),
        ("EUR", "gold"): Liability(1, 30, 0, 30, 0),
        ("JPY", "bronze"): Liability(1, 70, 0, 70, 0),
    }
    assert 300 == liability(rows, lambda one: one.level)["EUR", "bronze"].to_credit


def test_distribution_steps_by_one_two_five() -> None:
    """Each partner stands in one step, its lower end included; negatives and nothing have steps of their own."""
    rows = [due(str(n), minor) for n, minor in enumerate([-1, 0, 199, 200, 499, 500, 1999])]
    rows += [due("a", 60, "JPY"), due("b", 400, "JPY")]
    assert distribution(rows) == {
        "EUR": [Bin(None, 0, 1), Bin(0, 0, 1), Bin(1, 2, 1), Bin(2, 5, 2), Bin(5, 10, 1), Bin(10, 20, 1)],
        "JPY": [Bin(50, 100, 1), Bin(100, 200, 0), Bin(200, 500, 1)],
    }
    assert ["below 0", "nothing", "1k\N{EN DASH}2k"] == [
        bin_text(one) for one in (Bin(None, 0, 1), Bin(0, 0, 1), Bin(1000, 2000, 1))
    ]


def test_largest_and_negative_come_by_currency() -> None:
    """Of each currency so many of the largest, ties by partner id; debts begin with the largest."""
    rows = [due("1", 10), due("2", 30), due("3", 30), due("4", 5, "AUD"), due("5", -1), due("6", -9)]
    assert ["4", "2", "3"] == [one.partner_id for one in largest(rows, 2)]
    assert ["6", "5"] == [one.partner_id for one in negative(rows)]


@pytest.mark.parametrize(("before", "now", "jumps"), [(100, 149, False), (100, 150, True), (100, 50, True)])
def test_a_jump_is_half_of_what_it_was(before: int, now: int, jumps: bool) -> None:  # noqa: FBT001 - a table
    """A sum that moves by less than half of what was told is no jump."""
    assert jumps == bool(jumped([due("1", now)], {("1", ""): 0, ("1", "EUR"): before}))


def test_only_who_was_told_can_jump() -> None:
    """From nothing to something is a jump for a recipient of the plan; a partner new to it is none."""
    rows = [due("1", 5), due("2", 5)]
    assert [("1", 0)] == [(one.due.partner_id, one.before) for one in jumped(rows, {("1", ""): 0})]


def test_forecasts_by_days_and_by_pace() -> None:
    """Half a year of even sales doubles by days; the pace of the last 90 days counts only what they hold."""
    year = {"from": "2023-01-01", "to": "2023-12-31"}
    rules_ = rules(offer("cashback", rate="10%", period=year), as_of="2023-06-30")
    one = account(sale("1", "900.00", on="2023-01-15"), sale("2", "90.00", on="2023-06-01"))
    (found,) = outlooks(stated(one, rules_), rules_)
    assert (181, 365, 99000, 9900) == (found.elapsed, found.days, found.sales, found.amount)
    # 990.00 x 365 / 181 = 1996.41 (sales); 10 % of it is 199.64.
    assert (199641, 19964) == (found.sales_by_days, found.by_days)
    # 990.00 + 90.00 x 184 / 90 = 1174.00; 10 % of it is 117.40.
    assert (117400, 11740) == (found.sales_by_pace, found.by_pace)


def test_forecasts_go_through_the_rule() -> None:
    """A cap holds for the forecast too, and after the period the forecast is what is there."""
    capped = offer("cashback", rate="10%", cap={"EUR": 100})
    one = account(sale("1", "900.00", on="2023-01-15"))
    (half,) = outlooks(stated(one, rules(capped, as_of="2023-06-30")), rules(capped, as_of="2023-06-30"))
    assert (9000, 10000) == (half.amount, half.by_days)
    (over,) = outlooks(stated(one, rules(capped, as_of="2024-02-01")), rules(capped, as_of="2024-02-01"))
    assert (365, 9000, 9000) == (over.elapsed, over.by_days, over.by_pace)


def test_the_course_grows_month_by_month() -> None:
    """A point for each month's end and for the as-of day, each the sum of all sales up to it."""
    rules_ = rules(offer("cashback", announced_on="2023-01-01"), as_of="2023-03-15")
    one = account(sale("1", "1.00", on="2023-01-31"), sale("2", "2.00", on="2023-03-15"))
    assert [
        ("2022-12-31", 0),
        ("2023-01-31", 100),
        ("2023-02-28", 100),
        ("2023-03-15", 300),
    ] == [(day_text(point.day), point.sales) for point in course(stated(one, rules_), rules_)]


@pytest.mark.parametrize(("sales", "near"), [("900.00", True), ("899.99", False), ("1000.00", False)])
def test_near_is_a_tenth_of_the_quota(sales: str, near: bool) -> None:  # noqa: FBT001 - a table
    """Who lacks exactly 10 % of the next quota is near; who lacks a cent more, or is just past one, is not."""
    found = near_next_level(stated(account(sale("1", sales)), rules(offer("level_quota"))))
    assert ([Fraction(1, 10)] if near else []) == [one.missing for one in found]


def test_amounts_are_grouped_with_the_places_of_their_currency() -> None:
    """Thousands are parted, the minus is a true one, and a currency without places has none."""
    assert ["\N{MINUS SIGN}1,234.56", "1,000", "0.150"] == [
        grouped_amount(-123456, "EUR"),
        grouped_amount(1000, "JPY"),
        grouped_amount(150, "KWD"),
    ]
    assert ["9.4 %", "under 0.1 %"] == [percent_text(Fraction(94, 1000)), percent_text(Fraction(1, 10**6))]


def test_the_short_form_is_three_lines() -> None:
    """The largest of each currency, the negatives and the jumps; beyond three it says how many more."""
    rows = [due("1", 500), due("2", 300, "JPY"), *(due(f"N{n}", -n) for n in range(1, 6))]
    told = ToldAmounts("spring-1.1", {("1", "EUR"): 100, ("2", "JPY"): 300})
    assert [
        "Largest: 5.00 EUR 1; 300 JPY 2",
        "Negative: 5: -0.05 EUR N5; -0.04 EUR N4; -0.03 EUR N3; and 2 more",
        "Jumped since spring-1.1: 1: 1.00 to 5.00 EUR 1",
    ] == approval_summary(rows, told)
    assert [
        "Largest: none",
        "Negative: none",
        "Jumped: no earlier plan of this campaign",
    ] == approval_summary([], None)


def test_plan_says_what_to_look_at(offerpress: Call, site: Path) -> None:
    """`plan` shows the short form: who is held back because of a debt, and who jumped since the last plan."""
    first = offerpress("plan", "year-end-credit", *AS_OF)
    assert "Negative: 2: -725.54 EUR P-1030" in first.out
    assert "Jumped: no earlier plan" in first.out
    rows = (site / "data" / "sales.csv").read_text(encoding="utf-8").splitlines()
    changed = next(row.split(",") for row in rows if ",P-1001,2023" in row and not row.split(",")[6])
    change_sale(site, changed[0], "900000.00")
    assert f"Jumped since {PLAN}: 1: 2790.81 to " in offerpress("plan", "year-end-credit", *AS_OF).out


def test_a_dry_run_lists_who_would_get_what(offerpress: Call, site: Path) -> None:
    """One row for each partner and currency, skipped ones with the reason; texts are guarded, amounts are numbers."""
    partners = site / "data" / "partners.csv"
    partners.write_text(
        partners.read_text(encoding="utf-8").replace("Aldergrove Phones", HOSTILE), encoding="utf-8"
    )
    said = offerpress("plan", "year-end-credit", *AS_OF, "--dry-run", "--csv")
    assert (0, True) == (said.code, said.out.startswith(",".join(PLAN_COLUMNS)))
    rows = list(csv.DictReader(StringIO(said.out)))
    by_id = {row["partner_id"]: row for row in rows}
    assert ("'" + HOSTILE, "de", "EUR", "2790.81", "") == tuple(
        by_id["P-1001"][key] for key in ("name", "language", "currency", "to_credit", "skipped")
    )
    assert ("-725.54", "negative") == (by_id["P-1030"]["to_credit"], by_id["P-1030"]["skipped"])
    reasons = [row["skipped"] for row in {row["partner_id"]: row for row in rows}.values()]
    plan = offerpress("plan", "year-end-credit", *AS_OF, "--dry-run", "--json").json
    skipped = plan["skipped"]
    assert isinstance(skipped, dict)
    assert skipped == {reason: reasons.count(reason) for reason in sorted(set(reasons) - {""})}
    assert plan["recipients"] == reasons.count("")
    used = Counter(
        row["language"] for row in {row["partner_id"]: row for row in rows if not row["skipped"]}.values()
    )
    assert plan["languages"] == dict(sorted(used.items()))
    fallbacks = plan["fallbacks"]
    assert isinstance(fallbacks, list)
    assert {"fr", "sv"} < {one["reader"] for one in fallbacks if one["used"] == "en"}
    assert 2 == offerpress("plan", "year-end-credit", "--csv").code


def test_the_report_opens_from_disk(offerpress: Call, site: Path, browser: Browser) -> None:
    """One private file with charts, no script and no network, at which the browser's console is silent."""
    partners = site / "data" / "partners.csv"
    text = partners.read_text(encoding="utf-8").replace("Tres Puentes", HOSTILE)
    text = text.replace(",DE,", ",<b>&,")
    partners.write_text(text, encoding="utf-8")
    said = offerpress("report", "--as-of", "2023-10-15", "--json")
    assert 0 == said.code, said.err
    path = site / "private" / "reports" / "figures-2023-10-15.html"
    assert (str(path), True) == (said.json["report"], said.json["holds"])
    assert 0 == os.stat(site / "private").st_mode & 0o077  # noqa: PTH116 - the mode, not the path
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        reader = Reader(browser.new_context(color_scheme=scheme))
        page, asked = reader.page, list[str]()
        page.on("request", lambda request, asked=asked: asked.append(request.url))  # type: ignore[call-overload]
        page.goto(path.as_uri())
        assert [] == reader.console
        assert [] == [url for url in asked if not url.startswith(("file:", "data:"))]
        assert 4 == page.locator("figure svg").count()
        assert 0 == page.locator("script, section b:text('&')").count()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert "<b>&" in page.inner_text("#liability figure:nth-of-type(2)")
        assert HOSTILE in page.inner_text("#look")


def test_the_report_says_what_the_statements_say(offerpress: Call, site: Path) -> None:
    """Its sums per currency are those of the exported statements, and jumps are measured from the last plan."""
    offerpress("plan", "year-end-credit", "--as-of", "2023-10-15")
    said = offerpress("report", *AS_OF, "--json")
    assert PLAN == said.json["since"]
    assert 10 == said.json["jumped"]
    lines = [json.loads(line) for line in offerpress("statements", *AS_OF).out.splitlines()]
    entries = [entry for line in lines for entry in line["cashback"] if entry["currency"] == "USD"]
    total = sum(round(float(entry["to_credit"]) * 100) for entry in entries)
    html = (site / "private" / "reports" / "figures-2023-12-31.html").read_text(encoding="utf-8")
    usd = re.search(r'<th scope="row">USD</th><td class="n">(\d+)</td>.*?strong">([^<]+)<', html)
    assert usd is not None
    assert (str(len(entries)), grouped_amount(total, "USD")) == usd.groups()


def test_the_same_report_twice_is_the_same_file(offerpress: Call, site: Path) -> None:
    """Nothing in a report depends on the clock or on chance."""
    offerpress("report", *AS_OF)
    first = tree(site / "private" / "reports")
    offerpress("report", *AS_OF)
    assert first == tree(site / "private" / "reports")


def test_a_report_without_partners_or_offers_says_so(offerpress: Call, site: Path) -> None:
    """Nothing to show is a sentence, not an empty chart and not an error."""
    for path in (site / "content" / "offers").glob("*.md"):
        path.unlink()
    shutil.rmtree(site / "content" / "campaigns")
    for name in ("announcements", "pages"):
        shutil.rmtree(site / "content" / name)
    (site / "data" / "credits.csv").unlink()
    said = offerpress("report", *AS_OF)
    assert 0 == said.code, said.err
    html = (site / "private" / "reports" / "figures-2023-12-31.html").read_text(encoding="utf-8")
    assert "No partner has any cashback as of this day." in html
    assert "<svg" not in html
