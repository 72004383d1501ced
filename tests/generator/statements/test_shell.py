"""Shells and what fills them: values, words and plural forms, and what a browser could not fill."""

import json
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.statements.packs import seal
from generator.statements.record import DICTIONARY, coming_days
from generator.statements.shell import BrokenShell, parse_shell
from rewards import (
    Account,
    Rates,
    Rules,
    Sale,
    Statement,
    compute_statement,
    counted_lines,
    monthly_sales,
    rules_on,
)
from tests.samples.statement_site import (
    AS_OF,
    PARTNERS,
    account_of,
    day,
    html_of,
    link_of,
    many_lines_record,
    many_subscriptions,
    policy,
    record_of,
    renderer,
    rules_as_of,
    statement_of,
)

FIRST, LAST = day("2022-12-01"), day("2024-01-31")


def fill(html: str, **values: object) -> str:
    """A shell filled with values and one word."""
    return parse_shell(html).fill(values, {"level:gold": "Gold & more"})


def test_places() -> None:
    """Lists repeat, conditions leave out, words stand for ids, and values are text within their element."""
    shell = '<p data-each="rows" data-if="a"><b data-text="a"></b> <i data-name="level:b"></i> {x}<br></p>'
    rows = [{"a": "<1>", "b": "gold"}, {"a": ""}, {"a": "2", "b": "tin"}]
    assert "<p><b>&lt;1&gt;</b> <i>Gold &amp; more</i> {x}<br></p><p><b>2</b> <i>tin</i> {x}<br></p>" == fill(
        shell, rows=rows
    )
    assert "<u>\N{COPYRIGHT SIGN} \N{EURO SIGN} R&amp;D</u>" == fill(
        '<u data-if="!a">&copy; &#8364; R&D</u><u data-if="a=1">no</u>', a=0
    )
    assert '<rect x="1" width="5"></rect>' == fill('<rect x="1" data-set="width:w"/>', w=5)
    assert "<a>outer</a>" == fill('<a data-each="rows" data-text="z"></a>', rows=[{}], z="outer")


@pytest.mark.parametrize("value", ["1 د.ك.", "1 د.ك.\u200f", "2023. december 31.", "1 kr."])
def test_a_sentence_ends_once(value: str) -> None:
    """A full stop after a value is left out where the value, such as an abbreviated currency, ends with one."""
    shell = '<p><bdi data-text="a"></bdi><span data-stop="a">.</span></p>'
    assert f"<p><bdi>{value}</bdi></p>" == fill(shell, a=value)
    assert "<p><bdi>1 €</bdi><span>.</span></p>" == fill(shell, a="1 €")
    assert "<p><bdi>7</bdi><span>.</span></p>" == fill(shell, a=7)


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("<p><b></p>", "it closes <b>"),
        ("<p>", "the element is not closed"),
        ('<p data-text=""></p>', "it names no value"),
        ('<p data-name="level"></p>', "write the kind of word and the value"),
        ('<p data-set="onclick:x"></p>', "only these attributes can be set"),
        ('<p data-set="style:x"></p>', "only these attributes can be set"),
    ],
)
def test_a_shell_that_cannot_be_filled(html: str, why: str) -> None:
    """A place that no browser could fill, or should not, is an error that names the element."""
    with pytest.raises(BrokenShell, match=why):
        parse_shell(html)


# Day, minor units, and for a refund how many times twenty days before it the sale was.
SOLD = st.lists(st.tuples(st.integers(FIRST, LAST), st.integers(-500, 5000), st.integers(0, 3)), max_size=30)
REFUNDS = st.sampled_from(["ignore", "deduct"])


def sold(lines: list[tuple[int, int, int]], refunds: Literal["ignore", "deduct"]) -> tuple[Account, Rules]:
    """An account with these sales, and the rules under which refunds after the period count or not."""
    rows = tuple(
        Sale(str(index), "P", on, amount, "EUR", "", "", on - back * 20 if amount < 0 and back else None)
        for index, (on, amount, back) in enumerate(lines)
    )
    given_policy = policy()
    program = replace(given_policy.program, refunds_after_period=refunds)
    rules = rules_on(replace(given_policy, program=program), Rates([]), AS_OF)
    account = Account(replace(PARTNERS["P-5"], partner_id="P"), rows)
    return account, rules


@given(SOLD, REFUNDS)
def test_months_add_up(lines: list[tuple[int, int, int]], refunds: Literal["ignore", "deduct"]) -> None:
    """Whatever was sold and refunded, the months of an offer add up to its sales that count."""
    account, rules = sold(lines, refunds)
    months = monthly_sales(account, rules)
    sums = {
        (entry.offer, entry.currency): entry.eligible_sales
        for entry in compute_statement(account, rules, []).cashback
    }
    assert sums == {key: sum(by_month.values()) for key, by_month in months.items()}
    assert {12} >= {len(by_month) for by_month in months.values()}


def test_a_month_below_zero_has_a_bar_below_the_line() -> None:
    """Bars share one scale: the line between lies where zero is, and none leaves the drawing."""
    sales = (
        Sale("1", "P-1", day("2023-02-01"), 30_000, "EUR", "", "", None),
        Sale("2", "P-1", day("2023-05-01"), -10_000, "EUR", "", "", None),
    )
    account = Account(PARTNERS["P-1"], sales)
    rules = rules_as_of(AS_OF)
    record = renderer().record(
        account.partner, compute_statement(account, rules, []), "K7Q2-9FXM", monthly_sales(account, rules)
    )
    entry = json.loads(record.shown)["cashback"][0]
    bars = {bar["month"]: (bar["y"], bar["height"]) for bar in entry["months"] if "height" in bar}
    assert 75 == entry["zero"]
    assert {"2023-02": (0, 75), "2023-05": (75, 25)} == bars


def test_two_thousand_subscriptions_fit() -> None:
    """A record with 2,000 extensions goes into the largest class."""
    account = replace(account_of("P-6"), subscriptions=many_subscriptions(2000))
    rules = rules_as_of(AS_OF)
    statement = compute_statement(account, rules, [])
    record = renderer().record(account.partner, statement, "K7Q2-9FXM", monthly_sales(account, rules))
    assert 2000 == len(statement.extensions)
    assert 131_072 == seal(link_of("P-6"), record).slot


def test_two_thousand_lines_fit() -> None:
    """A record with 2,000 lines goes into the largest class, at less than 15 bytes a line."""
    record = many_lines_record(2000)
    assert 131_072 == seal(link_of("P-1"), record).slot
    assert len(record.packed()) - len(record.without_rows().packed()) < 15 * 2000


def test_lines_beyond_the_largest_class_are_summed_up() -> None:
    """A record that no class fits keeps the number and the sum of its lines, and says that they are left out."""
    record = many_lines_record(20_000)
    assert 131_072 > seal(link_of("P-1"), record).slot
    values = json.loads(record.without_rows().shown)
    assert (1, "20,000", []) == (
        values["rows_left_out"],
        values["lines"][0]["count"],
        values["lines"][0]["rows"],
    )


@given(SOLD, REFUNDS)
def test_lines_add_up(lines: list[tuple[int, int, int]], refunds: Literal["ignore", "deduct"]) -> None:
    """Whatever was sold and refunded, the lines that an offer counts add up to its figure, each standing once."""
    account, rules = sold(lines, refunds)
    statement = compute_statement(account, rules, [])
    groups = counted_lines(account, statement, rules)
    for entry in statement.cashback:
        counted = [line for one in groups if entry.offer in one.offers for line in one.lines]
        assert entry.eligible_sales == sum(line.amount for line in counted)
    listed = [line.line_id for one in groups for line in one.lines]
    assert len(listed) == len(set(listed))


def test_usual_record_is_small() -> None:
    """A record with one currency and a few subscriptions belongs into the smallest class."""
    assert 1024 == seal(link_of("P-1"), record_of("P-1")).slot
    assert DICTIONARY.isascii()


def test_steps_of_a_limited_cashback() -> None:
    """Where minimum or cap changed the rounded amount, the computation says both."""
    statement = compute_statement(account_of("P-7"), rules_as_of(AS_OF), [])
    entry = statement.cashback[0]._replace(amount=100_000, to_credit=86_000)
    html = html_of("P-1", statement=replace(statement, cashback=(entry,)))
    assert "of that is <bdi>€1,851.85</bdi>" in html
    assert "The offer's minimum and cap make <bdi>€1,000.00</bdi> of that." in html.replace("&#39;", "'")


def coming(statement: Statement, as_of: str) -> list[tuple[str, str, str]]:
    """Day, sentence and what it names, of each day that a statement lists as coming."""
    values = renderer().record(PARTNERS["P-1"], statement, "K7Q2-9FXM", {}).shown
    kept = coming_days(json.loads(values), day(as_of))["next"]
    assert isinstance(kept, list)
    return [
        (one["on"], one["kind"], one.get("amount") or one.get("level") or one["remaining"]) for one in kept
    ]


def with_cashback(*entries: tuple[str, str, int, str]) -> Statement:
    """The statement of P-1 with other cashbacks: offer, currency, amount to credit, and its day."""
    told = statement_of("P-1")
    (first, *_) = told.cashback
    return replace(
        told,
        cashback=tuple(
            first._replace(
                offer=offer,
                currency=currency,
                amount=amount,
                to_credit=amount,
                credited_on=day(on),
                status="final" if on >= "2024" else "accruing",
            )
            for offer, currency, amount, on in entries
        ),
    )


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (
            [("a", "EUR", 1000, "2024-01-15"), ("b", "EUR", 500, "2023-12-15")],
            [("2023-12-15", "grow", "€5.00"), ("2024-01-15", "add", "€10.00")],
        ),
        (
            [
                ("a", "EUR", 1000, "2024-02-01"),
                ("a", "JPY", 300, "2024-02-01"),
                ("b", "EUR", 1, "2024-02-01"),
            ],
            [("2024-02-01", "add", "€10.01 and ¥300")],
        ),
        (
            [
                ("a", "EUR", 1000, "2024-02-01"),
                ("a", "USD", -250, "2024-02-01"),
                ("b", "EUR", 0, "2024-02-01"),
            ],
            [("2024-02-01", "add", "€10.00"), ("2024-02-01", "correct", "$2.50")],
        ),
    ],
)
def test_coming_days(entries: list[tuple[str, str, int, str]], expected: list[tuple[str, str, str]]) -> None:
    """What happens next is sorted by day, and amounts with one day and one sentence share a line."""
    found = [
        one for one in coming(with_cashback(*entries), "2023-12-01") if one[1] in {"add", "grow", "correct"}
    ]
    assert expected == found


@pytest.mark.parametrize(
    ("as_of", "days"),
    [
        ("2023-12-15", ["2023-12-15", "2023-12-31", "2024-01-15", "2024-12-31"]),
        ("2023-12-31", ["2023-12-31", "2024-01-15", "2024-12-31"]),
        ("2024-01-01", ["2024-01-15", "2024-12-31"]),
        ("2025-01-01", []),
    ],
)
def test_days_that_are_past_do_not_come(as_of: str, days: list[str]) -> None:
    """A day before the as-of day is not listed as coming; the day itself is."""
    told = with_cashback(("a", "EUR", 1, "2024-01-15"), ("b", "EUR", 1, "2023-12-15"))
    assert days == [on for on, _, _ in coming(told, as_of)]
