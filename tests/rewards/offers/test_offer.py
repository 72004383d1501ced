"""What is wrong in an offer: each mistake names its field, says what it is and what would be right."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rewards import CashbackTerms, Fault, Policy, Rates, Source, day_text, parse_day, parse_offer, rules_on
from tests.reference.samples import offer, offer_faults, program, raw_offer

PERIOD = {"from": "2023-12-31", "to": "2023-01-01"}
TIERS = [{"from": 1000, "rate": "2%"}, {"from": 1000, "rate": "3%"}]
ALLOWANCE = {"affiliate": 0, "bronze": 1, "silver": 2}


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("cashback", {"kind": "cashbak"}, "kind: 'cashbak' is no kind of offer; did you mean 'cashback'?"),
        ("cashback", {"kind": None}, "kind: 'kind' is missing; add one of bonus, cashback, extension"),
        ("cashback", {"title": None}, "title: 'title' is missing; add it"),
        ("cashback", {"summary": " "}, "summary: string should match pattern"),
        ("cashback", {"title": 2023}, "title: input should be a valid string (found 2023); write text"),
        ("cashback", {"announced_on": None}, "announced_on: 'announced_on' is missing; add a date"),
        (
            "cashback",
            {"announced_on": "2023-02-30"},
            "announced_on: '2023-02-30' is no day of the calendar; correct",
        ),
        (
            "cashback",
            {"anounced_on": "x"},
            "anounced_on: unknown key 'anounced_on'; did you mean 'announced_on'?",
        ),
        ("cashback", {"months": 3}, "months: unknown key 'months'; "),
        ("cashback", {"rate": Decimal("0.15")}, "rate: 0.15 is no percentage; write it with a percent sign"),
        ("cashback", {"rate": 15}, "rate: 15 is no percentage; write it with a percent sign"),
        ("cashback", {"rate": "-5%"}, "rate: '-5%' is no percentage"),
        ("cashback", {"rate": "15"}, "rate: '15' is no percentage"),
        ("cashback", {"rate": None}, "rate: 'rate' is missing; add it, or tiers with a mode"),
        (
            "cashback",
            {"tiers": TIERS[:1], "mode": "retroactive"},
            "tiers: 'rate' and 'tiers' are both given; keep one",
        ),
        (
            "cashback",
            {"rate": None, "tiers": TIERS[:1]},
            "mode: 'mode' is missing; add retroactive or incremental",
        ),
        ("cashback", {"mode": "retroactive"}, "mode: 'mode' has no tiers to work on; remove it"),
        (
            "cashback",
            {"rate": None, "tiers": TIERS, "mode": "retroactive"},
            "tiers.1.from: the tiers do not rise at",
        ),
        (
            "cashback",
            {"rate": None, "tiers": [], "mode": "retroactive"},
            "tiers: list should have at least 1 item",
        ),
        ("cashback", {"period": PERIOD}, "period.to: the period ends on 2023-01-01, before it begins"),
        ("cashback", {"period": {"from": "2023-01-01", "til": "x"}}, "period.to: 'to' is missing"),
        (
            "cashback",
            {"minimum": {"EUR": 60}, "cap": {"EUR": 50}},
            "minimum.EUR: the minimum 60 EUR is above the cap",
        ),
        ("cashback", {"cap": {"EUR": Decimal("1.005")}}, "cap.EUR: '1.005' has 3 decimal places; EUR has 2"),
        ("cashback", {"cap": {"JPY": Decimal("1.0")}}, "cap.JPY: '1.0' has 1 decimal places; JPY has none"),
        ("cashback", {"cap": {"ERU": 5}}, "cap.ERU: 'ERU' is no ISO 4217 currency; did you mean"),
        ("cashback", {"cap": {"EUR": -5}}, "cap.EUR: -5 is below 0"),
        ("cashback", {"cap": {"EUR": "1e3"}}, "cap.EUR: '1e3' is no plain number; write digits"),
        ("cashback", {"cap": {"EUR": Decimal("1E+3")}}, "cap.EUR: 1E+3 is no plain number; write digits"),
        ("cashback", {"cap": {"EUR": Decimal("NaN")}}, "cap.EUR: NaN is no plain number; write digits"),
        (
            "cashback",
            {"products": {"inclde": ["*"]}},
            "products.inclde: unknown key 'inclde'; did you mean 'include'?",
        ),
        ("cashback", {"products": {"include": "PRO*"}}, "products.include: input should be a valid list"),
        (
            "cashback",
            {"eligible": {"levels": ["slver"]}},
            "eligible.levels.0: 'slver' is no level of the program; did",
        ),
        (
            "cashback",
            {"eligible": {"countries": [""]}},
            "eligible.countries.0: string should have at least 1 character",
        ),
        (
            "cashback",
            {"eligible": {"languages": [False]}},
            "eligible.languages.0: input should be a valid string",
        ),
        (
            "cashback",
            {"eligible": {"levels": None}},
            "eligible.levels: 'levels' has no value; give it a value or",
        ),
        ("extension", {"months": 0}, "months: input should be greater than or equal to 1"),
        ("extension", {"months": "3"}, "months: input should be a valid integer"),
        (
            "extension",
            {"plans": ["payed"]},
            "plans.0: '0' cannot be 'payed'; write 'paid', 'free', 'trial' or 'nfr'",
        ),
        (
            "extension",
            {"active_on": "1.4.2023"},
            "active_on: '1.4.2023' is no date; did you mean '2023-04-01'?",
        ),
        (
            "free_subscription",
            {"allowance": ALLOWANCE},
            "allowance: the allowance of level 'gold' is missing; name every",
        ),
        (
            "free_subscription",
            {"allowance": {**ALLOWANCE, "glod": 3, "gold": 1}},
            "allowance.glod: 'glod' is no level",
        ),
        (
            "free_subscription",
            {"allowance": {**ALLOWANCE, "gold": -1}},
            "allowance.gold: input should be greater than",
        ),
        (
            "level_quota",
            {"quotas": {"bronze": 5000}},
            "quotas.bronze: the quota of 'silver' does not rise above that",
        ),
        (
            "level_quota",
            {"quotas": {"silver": 20000}},
            "quotas.silver: the quota of 'gold' does not rise above that",
        ),
        (
            "level_quota",
            {"quotas": {"affiliate": 1}},
            "quotas.affiliate: the base level 'affiliate' has no quota",
        ),
        (
            "level_quota",
            {"quotas": {"silvr": 1}},
            "quotas.silvr: 'silvr' is no level of the program; did you mean",
        ),
        ("level_quota", {"quotas": {"bronze": 0}}, "quotas.bronze: the quota of 'bronze' is not above 0"),
        ("bonus", {"period": None}, "period: 'period' is missing; add it"),
        ("bonus", {"level": None}, "level: 'level' is missing; add it"),
        ("bonus", {"level": "silvr"}, "level: 'silvr' is no level of the program; did you mean 'silver'?"),
        ("bonus", {"level": "affiliate"}, "level: the base level 'affiliate' has no quota"),
        ("bonus", {"amount": {}}, "amount: "),
        ("bonus", {"amount": {"EUR": 0}}, "amount.EUR: the amount in EUR is 0; write an amount above 0"),
        ("bonus", {"amount": {"EUR": -1}}, "amount.EUR: -1 is below 0"),
        ("bonus", {"amount": {"JPY": "1.5"}}, "amount.JPY: "),
        ("bonus", {"amount": {"EURO": 1}}, "amount.EURO: "),
        ("bonus", {"amount": 500}, "amount: "),
        ("bonus", {"amendments": [{"effective_on": "2023-06-01", "level": "x"}]}, "amendments.0.level: 'x'"),
        ("level_quota", {"amendments": {}}, "amendments: 'amendments' is no list; write one item for each"),
        (
            "level_quota",
            {"amendments": ["x"]},
            "amendments.0: the amendment is no mapping; write effective_on",
        ),
    ],
)
def test_offer_faults(kind: str, changes: dict[str, object], expected: str) -> None:
    """A mistake in an offer is told with its field and remedy."""
    faults = offer_faults(kind, **changes)
    assert any(fault.startswith(expected) for fault in faults), faults
    assert all("; " in fault for fault in faults)


@pytest.mark.parametrize(
    ("amendment", "expected"),
    [
        (
            {"kind": "extension"},
            "amendments.0.kind: an amendment cannot change 'kind'; write a new offer instead",
        ),
        (
            {"announced_on": "2023-05-01"},
            "amendments.0.announced_on: an amendment cannot change 'announced_on'; write",
        ),
        ({"rte": "20%"}, "amendments.0.rte: unknown key 'rte'; did you mean 'rate'?"),
        ({"rate": 20}, "amendments.0.rate: 20 is no percentage; write it"),
        (
            {"rate": None},
            "amendments.0.rate: 'rate' is missing; add it, or tiers with a mode",
        ),
        ({"period": None}, "amendments.0.period: 'period' is missing; add it"),
        ({"period": PERIOD}, "amendments.0.period.to: the period ends on 2023-01-01"),
        ({"minimum": {"EUR": 60}}, "amendments.0.minimum.EUR: the minimum 60 EUR is above the cap 50 EUR"),
        (
            {"tiers": TIERS[:1], "mode": "retroactive"},
            "amendments.0.tiers: 'rate' and 'tiers' are both given",
        ),
        (
            {"effective_on": None, "rate": "1%"},
            "amendments.0.effective_on: 'effective_on' is missing; add a date",
        ),
        ({"effective_on": "soon"}, "amendments.0.effective_on: 'soon' is no date; write YYYY-MM-DD"),
        ({"note": 7}, "amendments.0.note: 7 is no text; put it in quotes"),
    ],
)
def test_amendment_faults(amendment: dict[str, object], expected: str) -> None:
    """The terms must be valid on every effective day; the blame falls on the amendment."""
    faults = offer_faults(
        "cashback", cap={"EUR": 50}, amendments=[{"effective_on": "2023-06-01", **amendment}]
    )
    assert any(fault.startswith(expected) for fault in faults), faults


def test_one_mistake_is_told_once() -> None:
    """A mistake of the first terms is not repeated for each later version."""
    amendments = [{"effective_on": f"2023-0{month}-01", "summary": "New."} for month in range(5, 9)]
    assert len(offer_faults("cashback", rate=15, amendments=amendments)) == 1


def test_amendments_apply_in_order_of_their_days_then_of_the_file() -> None:
    """A key replaces the whole former value, maps included; a key without a value is taken away."""
    amended = offer(
        "cashback",
        minimum={"EUR": 5, "USD": 5},
        amendments=[
            {"effective_on": "2023-07-01", "note": "Last.", "minimum": {"USD": 7}, "eligible": None},
            {"effective_on": "2023-06-01", "minimum": {"EUR": 6}, "eligible": {"levels": ["gold"]}},
            {"effective_on": "2023-07-01", "rate": "20%"},
            {"effective_on": "2023-01-01", "title": "Before the announcement"},
        ],
    )
    seen = []
    for day in ("2023-04-01", "2023-06-30", "2023-07-01"):
        terms = amended.terms_on(parse_day(day))
        assert isinstance(terms, CashbackTerms)
        seen.append((terms.title, terms.minimum, terms.eligible is None, str(terms.rate)))
    assert seen == [
        ("Before the announcement", {"EUR": "5", "USD": "5"}, True, "3/20"),
        ("Before the announcement", {"EUR": "6"}, False, "3/20"),
        ("Before the announcement", {"USD": "7"}, True, "1/5"),
    ]
    assert amended.terms_on(parse_day("2023-03-31")) is None
    assert [day_text(one.effective_on) for one in amended.amendments] == [
        "2023-01-01",
        "2023-06-01",
        "2023-07-01",
        "2023-07-01",
    ]


def test_an_amendment_can_turn_a_rate_into_tiers() -> None:
    """The rate is emptied where tiers take its place."""
    change = {"effective_on": "2023-06-01", "rate": None, "tiers": TIERS[:1], "mode": "incremental"}
    terms = offer("cashback", amendments=[change]).terms_on(parse_day("2023-06-01"))
    assert isinstance(terms, CashbackTerms)
    assert (None, "incremental") == (terms.rate, terms.mode)


def test_an_empty_list_is_remarked_but_stops_nothing() -> None:
    """No partner is eligible, and nothing is included, as it is written."""
    faults: list[Fault] = []
    raw = raw_offer("cashback", eligible={"countries": []}, products={"include": []})
    assert parse_offer("an-offer", raw, program(), Source("offer.md"), faults) is not None
    assert [("eligible.countries", "remark"), ("products.include", "remark")] == [
        (fault.field, fault.severity) for fault in faults
    ]


def test_a_fault_knows_its_line() -> None:
    """The line is that of the key, else of the nearest key above it."""
    faults: list[Fault] = []
    source = Source("content/offers/x.md", {("rate",): 7, ("period",): 9})
    raw = raw_offer("cashback", rate=15, period={"from": "2023-01-01", "to": "soon"})
    assert parse_offer("x", raw, program(), source, faults) is None
    assert {("rate", 7), ("period.to", 9)} == {(fault.field, fault.line) for fault in faults}
    assert str(faults[0]).startswith("content/offers/x.md:")


def test_days_may_be_dates_but_not_times() -> None:
    """A reader of TOML gives dates; a time is told to be written as a date."""
    assert offer("cashback", credited_on=date(2024, 1, 1)).terms_on(parse_day("2023-05-01")) is not None
    assert offer_faults("cashback", credited_on=datetime(2024, 1, 1, tzinfo=UTC))[0].startswith(
        "credited_on: "
    )
    assert offer_faults("cashback", announced_on=20230401)[0].startswith(
        "announced_on: 20230401 is no date; write"
    )


def test_a_policy_sorts_its_offers_and_knows_which_take_credits() -> None:
    """Offers are in the order of their slugs; a credit may name a cashback offer that is not announced yet."""
    later = offer("cashback", "Z", announced_on="2030-01-01")
    policy = Policy(program(), (offer("extension", "é"), offer("cashback", "a"), later))
    assert [one.slug for one in policy.offers] == ["Z", "a", "é"]
    assert policy.cashback_slugs == {"Z", "a"}
    rules = rules_on(policy, Rates(), parse_day("2023-05-01"))
    assert [one.slug for one in rules.offers] == ["a", "é"]
    with pytest.raises(KeyError):
        rules.version("Z")
