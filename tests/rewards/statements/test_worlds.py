"""The random worlds exercise every term: each of these things happens, or the comparison would prove little."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rewards import Account, CashbackEntry, CashbackTerms, Offer, Rules, Statement, compute_statement
from tests.reference.naive_values import amendments_of
from tests.reference.opening import opened
from tests.reference.worlds import World, worlds

PROGRAM = {
    f"{key} {value}"
    for key, values in (("refunds", "ignore deduct"), ("allowance", "assigned attained best"))
    for value in values.split()
} | {"amended quotas", "amended levels", "program amended before", "program amended after"}
LEDGER = {
    "chain of mergers",
    "merged sale",
    "closed partner",
    "level from the table",
    "refund that names its sale",
    "sale in a currency to convert",
    "sale of another day by its zone",
}
OFFERS = {"amended", "amendment to come", "not announced", "left out", "let in", "two of level_quota"}
CASHBACK = {
    "rate",
    "retroactive",
    "incremental",
    "below the first tier",
    "below the minimum",
    "capped",
    "products left out",
    "sales below nothing",
    "negative rest",
    "credited before",
    "accruing",
    "final",
}
OTHERS = {
    "extension",
    "bought_before",
    "free subscription held",
    "more held than allowed",
    "secured above attained",
    "top level",
    "bonus",
    "bonus not given",
}


def test_every_term_and_every_kind_of_line_occurs() -> None:
    """In the first five hundred worlds each happens at least once."""
    met: Counter[str] = Counter()
    for _, world in worlds(500):
        met.update({*_of_program(world), *_of_ledger(world), *_of_statements(world)})
    assert [] == sorted(name for name in PROGRAM | LEDGER | OFFERS | CASHBACK | OTHERS if not met[name])


def _of_program(world: World) -> Iterator[str]:
    yield f"refunds {world.program['refunds_after_period']}"
    yield f"allowance {world.program['allowance_level']}"
    for one in amendments_of(world.program):
        yield "amended quotas" if "quotas" in one else "amended levels"
        yield "program amended before" if str(one["effective_on"]) <= world.as_of else "program amended after"


def _of_ledger(world: World) -> Iterator[str]:
    tables = world.tables
    into = {row["partner_id"]: row["merged_into"] for row in tables["partners"]}
    for row in tables["partners"]:
        if row["merged_into"] and into[row["merged_into"]]:
            yield "chain of mergers"
        if row["status"] == "closed":
            yield "closed partner"
    for sale in tables["sales"]:
        if into[sale["partner_id"]]:
            yield "merged sale"
        if sale["refund_of"]:
            yield "refund that names its sale"
        if sale["currency"] != world.program["currency"]:
            yield "sale in a currency to convert"
        if "T" in sale["sold_on"] and world.program["timezone"] != "UTC":
            yield "sale of another day by its zone"
    if any(row["from"] <= world.as_of for row in tables["levels"]):
        yield "level from the table"


def _of_statements(world: World) -> Iterator[str]:
    rules, accounts = opened(world)
    named = {offer.slug for offer in rules.offers}
    if named < world.offers.keys():
        yield "not announced"
    kinds = Counter(offer.kind for offer in rules.offers)
    if kinds["level_quota"] > 1:
        yield "two of level_quota"
    for offer in rules.offers:
        yield from _of_offer(offer, rules, accounts)
    cashback = {rule.offer: rule.terms for rule in rules.cashback}
    for account in accounts:
        statement = compute_statement(account, rules, [])
        yield from (one for entry in statement.cashback for one in _of_cashback(entry, cashback))
        yield from _of_others(statement)
        if kinds["bonus"] > len(statement.bonuses):
            yield "bonus not given"


def _of_offer(offer: Offer, rules: Rules, accounts: Sequence[Account]) -> Iterator[str]:
    version = rules.version(offer.slug)
    if version.amendment:
        yield "amended"
    if version is not offer.versions[-1]:
        yield "amendment to come"
    if "bought_before" in version.terms.model_dump(exclude_none=True):
        yield "bought_before"
    for account in accounts if version.terms.eligible is not None else ():
        level = compute_statement(account, rules, []).level
        yield "let in" if version.terms.is_for(account.partner, level) else "left out"


def _of_cashback(entry: CashbackEntry, rules: Mapping[str, CashbackTerms]) -> Iterator[str]:
    terms = rules[entry.offer]
    yield terms.mode or "rate"
    yield entry.status
    if terms.products and (terms.products.include or terms.products.exclude):
        yield "products left out"
    if terms.tiers and entry.eligible_sales > 0 and not entry.rounded:
        yield "below the first tier"
    if entry.rounded and not entry.amount:
        yield "below the minimum"
    if 0 < entry.amount < entry.rounded:
        yield "capped"
    if entry.eligible_sales < 0:
        yield "sales below nothing"
    if entry.to_credit < 0:
        yield "negative rest"
    if entry.already_credited:
        yield "credited before"


def _of_others(statement: Statement) -> Iterator[str]:
    if statement.extensions:
        yield "extension"
    for free in statement.free_subscriptions:
        if free.held:
            yield "free subscription held"
        if free.held > free.allowed:
            yield "more held than allowed"
    for entry in statement.levels:
        if entry.secured_level != entry.attained_level:
            yield "secured above attained"
        if entry.next_level is None:
            yield "top level"
    if statement.bonuses:
        yield "bonus"
