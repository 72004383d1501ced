"""Random small worlds: a program, offers of all kinds with all terms, and a ledger, all of them valid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.reference.naive import Row
from tests.reference.naive_values import Terms

PLACES = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
CURRENCIES = st.sampled_from(sorted(PLACES))
LEVELS = ("affiliate", "bronze", "silver", "gold")
PRODUCTS = ("", "PRO 8SC", "PRO 16SC", "pro 8sc", "4SC", "ENT [x]")
PATTERNS = ("*", "PRO*", "pro*", "?SC", "*[!C]", "ENT [[]x]", "[48]SC", "")
ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland")


@dataclass(frozen=True)
class World:
    """Everything that statements follow from, as it is written."""

    program: Terms
    offers: dict[str, Terms]
    tables: dict[str, list[Row]]
    as_of: str


# Few days, at the borders of months, years and leap days, so that they meet each other often.
DAYS: SearchStrategy[str] = st.one_of(
    st.sampled_from(
        [
            "2022-11-30",
            "2022-12-31",
            "2023-01-01",
            "2023-03-31",
            "2023-06-30",
            "2023-12-31",
            "2024-01-01",
            "2024-02-29",
        ]
    ),
    st.dates(date(2022, 11, 1), date(2024, 3, 31)).map(date.isoformat),
)
# A day before most others, or after them: what is drawn otherwise seldom is in force together.
EARLY = st.one_of(st.just("2022-11-01"), st.just("2022-11-30"), DAYS)
LATE = st.one_of(st.sampled_from(["2023-12-31", "2024-03-31", "2024-06-29"]), DAYS)
PERIODS: SearchStrategy[Terms] = st.one_of(
    st.just({"from": "2022-11-01", "to": "2024-03-31"}),
    st.tuples(EARLY, LATE).map(lambda days: {"from": min(days), "to": max(days)}),
)
PERCENTS = st.sampled_from(["15%", "0%", "7.5 %", "100%", "0.125%", "33.3%"])


def text_of(minor: int, currency: str) -> str:
    """Minor units as the text of an amount, with all places of the currency."""
    return f"{Decimal(minor).scaleb(-PLACES[currency]):f}"


@st.composite
def amounts(draw: DrawFn, low: int = -3_000_00, high: int = 12_000_00) -> tuple[str, str]:
    """An amount as text, and its currency."""
    currency = draw(CURRENCIES)
    minor = draw(
        st.one_of(st.integers(low, high), st.integers(-10, 10), st.sampled_from([1_000_00, 5_000_00]))
    )
    return text_of(min(max(minor, low), high), currency), currency


def _amounts_by_currency(low: int, high: int) -> SearchStrategy[dict[str, Decimal]]:
    return st.lists(amounts(low, high), max_size=6).map(
        lambda pairs: {currency: Decimal(text) for text, currency in pairs}
    )


@st.composite
def programs(draw: DrawFn) -> Terms:
    """A program whose quotas rise by a factor, so that an offer's lower quotas rise too."""
    unit = draw(st.sampled_from([1, 100, 1000]))
    return {
        "currency": draw(CURRENCIES),
        "timezone": draw(st.sampled_from(ZONES)),
        "refunds_after_period": draw(st.sampled_from(["ignore", "deduct"])),
        "allowance_level": draw(st.sampled_from(["assigned", "attained", "best"])),
        "base_level": LEVELS[0],
        "levels": [
            {"id": level, "name": level.title(), "quota": unit * 3**rank}
            for rank, level in enumerate(LEVELS[1:])
        ],
    }


@st.composite
def _limits(draw: DrawFn) -> Terms:
    caps = draw(_amounts_by_currency(100_00, 300_00))
    minima = draw(
        _amounts_by_currency(draw(st.sampled_from([0, 90_00])), 100_00)
    )  # high ones are met more often
    return {"minimum": minima, "cap": caps}


@st.composite
def _products(draw: DrawFn) -> Terms:
    patterns = st.lists(st.sampled_from(PATTERNS[:-1]), min_size=1, max_size=2)
    return draw(st.fixed_dictionaries({}, optional={"include": patterns, "exclude": patterns}))


@st.composite
def _shares(draw: DrawFn) -> Terms:
    if draw(st.booleans()):
        return {"rate": draw(PERCENTS), "tiers": None, "mode": None}
    numbers = st.sampled_from(["0", "1", "99.99", "1000.0", "5000", "0.5", "20000"]).map(Decimal)
    starts = sorted(draw(st.lists(numbers, min_size=1, max_size=3, unique=True)))
    tiers = [{"from": start, "rate": draw(PERCENTS)} for start in starts]
    return {"rate": None, "tiers": tiers, "mode": draw(st.sampled_from(["retroactive", "incremental"]))}


ELIGIBLE = st.fixed_dictionaries(
    {},
    optional={
        "levels": st.lists(st.sampled_from(LEVELS), min_size=1, max_size=3),
        "countries": st.lists(st.sampled_from(["NO", "DE", "JP"]), min_size=1, max_size=2),
        "languages": st.lists(st.sampled_from(["no", "de", "de-AT"]), min_size=1, max_size=2),
    },
)


@st.composite
def _cashback(draw: DrawFn, unit: Decimal) -> Terms:
    del unit
    return {
        **draw(_shares()),
        **draw(_limits()),
        "period": draw(PERIODS),
        "credited_on": draw(DAYS),
        "products": draw(_products()),
    }


@st.composite
def _extension(draw: DrawFn, unit: Decimal) -> Terms:
    del unit
    plans = st.lists(st.sampled_from(["paid", "free", "trial", "nfr"]), min_size=1, max_size=2)
    return {
        "months": draw(st.sampled_from([1, 3, 12, 25])),
        "plans": draw(st.one_of(st.none(), st.none(), plans)),
        "active_on": draw(EARLY),
        "bought_before": draw(st.one_of(st.none(), LATE)),
    }


@st.composite
def _free_subscription(draw: DrawFn, unit: Decimal) -> Terms:
    del unit
    return {
        "product": draw(st.sampled_from(["4SC", "4SC", "PRO 8SC"])),
        "allowance": {level: draw(st.sampled_from([0, 1, 0, 3])) for level in LEVELS},
        "register_by": draw(DAYS),
        "expires_on": draw(LATE),
    }


@st.composite
def _level_quota(draw: DrawFn, unit: Decimal) -> Terms:
    factors = st.sampled_from([Decimal(1), Decimal("0.7"), Decimal("1.4")])
    own = {level: unit * 3**rank * draw(factors) for rank, level in enumerate(LEVELS[1:])}
    kept = draw(st.sets(st.sampled_from(LEVELS[1:])))
    quotas = {level: _whole(quota) for level, quota in own.items() if level in kept}
    return {"period": draw(PERIODS), "quotas": quotas, "secured_until": draw(DAYS)}


def _whole(quota: Decimal) -> int:
    return max(1, int(quota))


@st.composite
def _bonus(draw: DrawFn, unit: Decimal) -> Terms:
    """Often over all days, in most currencies and for the lowest level, so that some of them are paid."""
    del unit
    named = draw(st.sets(CURRENCIES, min_size=1)) | draw(st.sampled_from([set(), set(PLACES)]))
    minor = draw(st.integers(1, 2_000_00))
    return {
        "period": draw(st.one_of(PERIODS, st.just({"from": "2022-11-01", "to": "2024-03-31"}))),
        "level": draw(st.sampled_from([LEVELS[1], *LEVELS[1:]])),
        "amount": {currency: Decimal(text_of(minor, currency)) for currency in sorted(named)},
    }


KINDS = {
    "bonus": _bonus,
    "cashback": _cashback,
    "extension": _extension,
    "free_subscription": _free_subscription,
    "level_quota": _level_quota,
}


@st.composite
def offers(draw: DrawFn, unit: Decimal, kinds: Sequence[str]) -> Terms:
    """An offer of one of `kinds` with up to two amendments; what is None in the first terms is left out."""
    kind = draw(st.sampled_from(kinds))
    terms = draw(KINDS[kind](unit))
    offer = {key: value for key, value in terms.items() if value is not None}
    if draw(st.integers(0, 3)) == 0:
        offer["eligible"] = draw(ELIGIBLE)
    amendments = []
    for _ in range(draw(st.integers(0, 2))):
        changed = draw(KINDS[kind](unit))
        # Rates and tiers, and minimum and cap, only fit together; the others change one by one.
        singly = [key for key in changed if key not in ("rate", "tiers", "mode", "minimum", "cap")]
        keys = set(draw(st.lists(st.sampled_from(singly), min_size=1, max_size=2)))
        keys |= {"rate", "tiers", "mode"} & set(changed) if draw(st.booleans()) else set()
        keys |= {"minimum", "cap"} & set(changed) if draw(st.booleans()) else set()
        amendment = {key: changed[key] for key in sorted(keys)}
        amendments.append({"effective_on": draw(DAYS), "note": "Moved.", **amendment})
    common = {"kind": kind, "title": "An offer", "summary": "Something.", "announced_on": draw(EARLY)}
    return {**common, **offer, "amendments": amendments}


@st.composite
def partners(draw: DrawFn) -> list[Row]:
    """One to four partners; some closed, some merged into an earlier one that is not closed."""
    rows: list[Row] = []
    for index in range(draw(st.integers(1, 4))):
        into = [row["partner_id"] for row in rows if row["status"] == "active"]
        merged = draw(st.sampled_from(["", *into])) if draw(st.integers(0, 2)) else ""
        rows.append(
            {
                "partner_id": f"P-{index}",
                "name": "Näme",
                "email": "a@b.example",
                "currency": draw(CURRENCIES),
                "level": draw(st.sampled_from(LEVELS)),
                "country": draw(st.sampled_from(["", "NO", "DE"])),
                "language": draw(st.sampled_from(["", "no", "de", "de-AT"])),
                "status": "closed" if not merged and draw(st.integers(0, 7)) == 0 else "active",
                "merged_into": merged,
            }
        )
    return rows


@st.composite
def _sales(draw: DrawFn, owners: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    for index in range(draw(st.integers(0, 12))):
        amount, currency = draw(amounts())
        partner_id = draw(st.sampled_from(sorted(owners)))
        row = {
            "sale_id": f"S-{draw(st.integers(0, 9))}{index}",
            "partner_id": partner_id,
            "sold_on": draw(
                st.one_of(DAYS, st.sampled_from(["2023-12-31T23:30:00Z", "2022-12-31T14:00:00-11:00"]))
            ),
            "amount": amount,
            "currency": currency,
            "product": draw(st.sampled_from(PRODUCTS)),
            "refund_of": "",
        }
        refundable = [
            one for one in rows if not one["refund_of"] and owners[one["partner_id"]] == owners[partner_id]
        ]
        if draw(st.booleans()) and refundable:
            named = draw(st.sampled_from(refundable))
            minor = draw(st.integers(-2_000_00, -1))
            row |= {"refund_of": named["sale_id"], "currency": named["currency"]}
            row["amount"] = text_of(minor, named["currency"])
        rows.append(row)
    return rows


@st.composite
def _subscriptions(draw: DrawFn, owners: dict[str, str]) -> list[Row]:
    return [
        {
            "subscription_id": f"U-{draw(st.integers(0, 9))}{index}",
            "partner_id": draw(st.sampled_from(sorted(owners))),
            "product": draw(st.sampled_from(["4SC", "4SC", "PRO 8SC"])),
            "plan": draw(st.sampled_from(["free", "paid", "free", "paid", "trial", "nfr"])),
            "started_on": draw(DAYS),
            "expires_on": draw(st.one_of(DAYS, st.just("9999-12-31"))),
        }
        for index in range(draw(st.integers(1, 6)))
    ]


@st.composite
def _credits(draw: DrawFn, owners: dict[str, str], slugs: list[str]) -> list[Row]:
    rows = []
    for index in range(draw(st.integers(0, 3)) if slugs else 0):
        amount, currency = draw(amounts(-100_00, 400_00))
        rows.append(
            {
                "credit_id": f"C-{index}",
                "partner_id": draw(st.sampled_from(sorted(owners))),
                "offer": draw(st.sampled_from(slugs)),
                "amount": amount,
                "currency": currency,
                "credited_on": draw(DAYS),
            }
        )
    return rows


@st.composite
def _rates(draw: DrawFn, target: str) -> list[Row]:
    """A rate for every day in the past, and some later ones; a few rows into a currency nobody asks for."""
    rate = st.sampled_from(["0.0065", "1", "1.0825", "3.25", "161.2345678"])
    rows = {("2000-01-01", source): draw(rate) for source in sorted(PLACES) if source != target}
    for _ in range(draw(st.integers(0, 3))):
        rows[draw(DAYS), draw(st.sampled_from([one for one in sorted(PLACES) if one != target]))] = draw(rate)
    other = {"on": "2000-01-01", "from": "EUR", "to": "CHF", "rate": "7"}
    return [
        other,
        *({"on": on, "from": source, "to": target, "rate": one} for (on, source), one in rows.items()),
    ]


def _survivors(rows: list[Row]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for row in rows:
        owners[row["partner_id"]] = owners.get(row["merged_into"], row["partner_id"])
    return owners


@st.composite
def worlds(draw: DrawFn, kinds: Sequence[str] = (*sorted(KINDS), "cashback", "level_quota")) -> World:
    """A whole world, whose offers are of `kinds`."""
    program = draw(programs())
    levels = program["levels"]
    assert isinstance(levels, list)
    unit = Decimal(levels[0]["quota"])
    slugs = ["a-offer", "b-offer", "Z-offer", "é-offer"]
    named = {slug: draw(offers(unit, kinds)) for slug in slugs[: draw(st.integers(1, 4))]}
    people = draw(partners())
    owners = _survivors(people)
    cashback = [slug for slug, offer in named.items() if offer["kind"] == "cashback"]
    since = draw(st.lists(st.tuples(st.sampled_from(sorted(owners)), DAYS), max_size=4, unique=True))
    listed = [(partner_id, on, draw(st.sampled_from(LEVELS))) for partner_id, on in since]
    tables = {
        "partners": people,
        "subscriptions": draw(_subscriptions(owners)),
        "credits": draw(_credits(owners, cashback)),
        "sales": draw(_sales(owners)),
        "rates": draw(_rates(str(program["currency"]))),
        "levels": [{"partner_id": one, "from": on, "level": level} for one, on, level in listed],
    }
    as_of = draw(LATE)
    return World(program, named, tables, as_of)
