"""Laws that hold for every ledger and every policy."""

from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import Sale, canonical_json, day_text, derive, differences, statement_json, told_statement
from tests.reference.accounts import accounts_of
from tests.reference.opening import opened
from tests.reference.samples import account, computed, offer, program, rules, sale, subscription
from tests.reference.worlds import worlds

FEW = 120
SOME = settings(max_examples=100, deadline=None, database=None)
MINORS = st.integers(-(10**7), 10**7)
SHARES = st.sampled_from(
    [
        {"rate": "15%"},
        {"rate": "33.333%", "cap": {"EUR": 700}},
        {
            "rate": None,
            "mode": "incremental",
            "tiers": [{"from": 0, "rate": "1%"}, {"from": 99, "rate": "7%"}],
        },
        {
            "rate": None,
            "mode": "retroactive",
            "tiers": [{"from": 10, "rate": "2%"}, {"from": 500, "rate": "3%"}],
        },
        {"rate": "5%", "minimum": {"EUR": 20}},
    ]
)


def line(sale_id: str, minor: int) -> Sale:
    """A sale of that many cents."""
    return sale(sale_id, "0")._replace(amount=minor)


def test_the_order_of_rows_does_not_matter() -> None:
    """Every table of a ledger may come in any order."""
    for seed, world in worlds(FEW):
        rules_, accounts = opened(world)
        random = Random(seed)
        mixed = {name: random.sample(rows, len(rows)) for name, rows in world.tables.items()}
        again = accounts_of(mixed, str(world.program["timezone"]))
        assert [computed(one, rules_) for one in accounts] == [computed(one, rules_) for one in again], seed


@SOME
@given(SHARES, st.lists(st.integers(-5000, 5000), min_size=1, max_size=6))
def test_splitting_a_sale_changes_no_sum(terms: dict[str, object], parts: list[int]) -> None:
    """One sale, or its parts on the same day: the figures are the same."""
    given_ = rules(offer("cashback", **terms), offer("level_quota"))
    whole = computed(account(line("1", sum(parts))), given_)
    split = computed(account(*(line(str(index), part) for index, part in enumerate(parts))), given_)
    assert whole == split


@SOME
@given(SHARES, MINORS, st.integers(0, 10**7), st.sampled_from(["ignore", "deduct"]))
def test_a_refund_undoes_its_sale(terms: dict[str, object], other: int, sold: int, policy: str) -> None:
    """A sale and its whole refund in the period leave what was without them."""
    given_ = rules(offer("cashback", **terms), offer("level_quota"), of=program(refunds_after_period=policy))
    refund = line("3", -sold)._replace(refund_of="2", refunded_day=line("2", 0).day)
    plain = computed(account(line("1", other)), given_)
    assert plain == computed(account(line("1", other), line("2", sold), refund), given_)


@SOME
@given(SHARES, MINORS, st.integers(0, 10**6))
def test_more_sales_never_give_less_cashback(terms: dict[str, object], sold: int, more: int) -> None:
    """Cashback grows with the sales, whatever the rates, tiers, minimum and cap."""
    given_ = rules(offer("cashback", **terms))
    (less,) = computed(account(line("1", sold)), given_).cashback
    (greater,) = computed(account(line("1", sold + more)), given_).cashback
    assert less.amount <= greater.amount


@SOME
@given(st.integers(0, 3_000_000), st.fractions(Fraction(1, 5), 1))
def test_a_lower_quota_never_lowers_a_level(sold: int, factor: Fraction) -> None:
    """With all quotas lowered, the attained and the secured level are at least what they were."""
    program_ = program()
    lowered = {
        level.id: str(max(rank, int(level.quota * factor / 100)))
        for rank, level in enumerate(program_.levels, 1)
    }
    (before,) = computed(account(line("1", sold)), rules(offer("level_quota"))).levels
    (after,) = computed(account(line("1", sold)), rules(offer("level_quota", quotas=lowered))).levels
    assert program_.rank(before.attained_level) <= program_.rank(after.attained_level)
    assert program_.rank(before.secured_level) <= program_.rank(after.secured_level)


@SOME
@given(st.dates().map(lambda day: day.isoformat()), st.integers(1, 36))
def test_extending_twice_is_extending_once(expires_on: str, months: int) -> None:
    """A build after a build extends from the ledger's date again, so nothing adds up."""
    given_ = rules(offer("extension", months=months, active_on="0001-01-01"))
    lines = account(subscription("1", expires_on))
    once = computed(lines, given_).extensions
    assert once == computed(lines, given_).extensions
    assert [expires_on] == [day_text(entry.expires_on) for entry in once]


def test_what_counts_and_what_is_excluded_is_the_ledger() -> None:
    """For each offer with a period the counted and the excluded lines are all sales, to the minor unit."""
    for seed, world in worlds(FEW):
        rules_, accounts = opened(world)
        for one in accounts:
            for derived in _list(derive(one, rules_)["offers"]):
                if "excluded" in derived:
                    excluded = sum(int(str(row["count"])) for row in _list(derived["excluded"]))
                    assert len(one.sales) == _counted(derived) + excluded, seed


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def _counted(derived: dict[str, object]) -> int:
    total = 0
    for entry in _list(derived["entries"]):
        counted = entry["counted"]
        groups = [counted] if isinstance(counted, dict) else _list(counted)
        total += sum(int(str(group["count"])) for group in groups)
    return total


def test_a_partner_that_is_renamed_keeps_the_figures() -> None:
    """Name and address decide nothing."""
    for seed, world in worlds(FEW):
        rules_, accounts = opened(world)
        for one in accounts:
            renamed = replace(one, partner=replace(one.partner, name="<b>", email=""))
            assert computed(one, rules_) == computed(renamed, rules_), seed


def test_what_was_told_can_be_shown_again() -> None:
    """A statement back from its JSON has the same JSON, and nothing in it differs from what was told."""
    for seed, world in worlds(FEW):
        rules_, accounts = opened(world)
        for one in accounts:
            form = statement_json(computed(one, rules_))
            assert form == statement_json(told_statement(canonical_json(form))), seed
            assert differences(form, form) == [], seed


def test_a_bonus_told_before_there_were_bonuses_is_a_correction() -> None:
    """A frozen statement without the list is read as one whose list is empty."""
    for seed, world in worlds(FEW):
        rules_, accounts = opened(world)
        for one in accounts:
            form = statement_json(computed(one, rules_))
            before = {name: value for name, value in form.items() if name != "bonuses"}
            assert told_statement(canonical_json(before)).bonuses == (), seed
            paid = {entry.offer for entry in computed(one, rules_).bonuses}
            assert paid == {found.key[0] for found in differences(before, form)}, seed
