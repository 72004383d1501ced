"""Random small worlds: a program, offers of all kinds with all terms, and a ledger, all of them valid.

A world is drawn from a seed, so that a finding can be tried again by its number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from tests.reference.naive import Row
from tests.reference.naive_values import Terms

PLACES = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
CURRENCIES = sorted(PLACES)
LEVELS = ("affiliate", "bronze", "silver", "gold")
PRODUCTS = ("", "PRO 8SC", "PRO 16SC", "pro 8sc", "4SC", "ENT [x]")
PATTERNS = ("*", "PRO*", "pro*", "?SC", "*[!C]", "ENT [[]x]", "[48]SC")
ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland")
# Days at the borders of months, years and leap days, so that they meet each other often.
BORDERS = (
    "2022-11-30",
    "2022-12-31",
    "2023-01-01",
    "2023-03-31",
    "2023-06-30",
    "2023-12-31",
    "2024-01-01",
    "2024-02-29",
)
FIRST_DAY, LAST_DAY = date(2022, 11, 1).toordinal(), date(2024, 3, 31).toordinal()
WHOLE_TIME = {"from": "2022-11-01", "to": "2024-03-31"}
PERCENTS = ("15%", "0%", "7.5 %", "100%", "0.125%", "33.3%")
TIER_STARTS = tuple(map(Decimal, ("0", "1", "99.99", "1000.0", "5000", "0.5", "20000")))
RATES = ("0.0065", "1", "1.0825", "3.25", "161.2345678")
ELIGIBLE: Mapping[str, Sequence[str]] = {
    "levels": LEVELS,
    "countries": ("NO", "DE", "JP"),
    "languages": ("no", "de", "de-AT"),
}


@dataclass(frozen=True)
class World:
    """Everything that statements follow from, as it is written."""

    program: Terms
    offers: dict[str, Terms]
    tables: dict[str, list[Row]]
    as_of: str


def text_of(minor: int, currency: str) -> str:
    """Minor units as the text of an amount, with all places of the currency."""
    return f"{Decimal(minor).scaleb(-PLACES[currency]):f}"


def _few(random: Random, items: Sequence[str], low: int, high: int) -> list[str]:
    """From `low` to `high` items, each of which may come again."""
    return random.choices(items, k=random.randint(low, high))


def _day(random: Random) -> str:
    if random.randrange(2):
        return random.choice(BORDERS)
    return date.fromordinal(random.randint(FIRST_DAY, LAST_DAY)).isoformat()


def _early(random: Random) -> str:
    """A day before most others: what is drawn otherwise is seldom in force together."""
    return random.choice(("2022-11-01", "2022-11-30", _day(random)))


def _late(random: Random) -> str:
    """A day after most others."""
    if random.randrange(2):
        return _day(random)
    return random.choice(("2023-12-31", "2024-03-31", "2024-06-29"))


def _period(random: Random) -> Terms:
    if random.randrange(2):
        return dict(WHOLE_TIME)
    days = (_early(random), _late(random))
    return {"from": min(days), "to": max(days)}


def _amount(random: Random, low: int, high: int) -> tuple[str, str]:
    """An amount as text, and its currency."""
    currency = random.choice(CURRENCIES)
    drawn = (random.randint(low, high), random.randint(-10, 10), random.choice((1_000_00, 5_000_00)))
    return text_of(min(max(random.choice(drawn), low), high), currency), currency


def _amounts_by_currency(random: Random, low: int, high: int) -> dict[str, Decimal]:
    pairs = [_amount(random, low, high) for _ in range(random.randint(0, 6))]
    return {currency: Decimal(text) for text, currency in pairs}


def _program(random: Random) -> Terms:
    """A program whose quotas rise by a factor, so that an offer's lower quotas rise too."""
    unit = random.choice((1, 100, 1000))
    return {
        "currency": random.choice(CURRENCIES),
        "timezone": random.choice(ZONES),
        "refunds_after_period": random.choice(("ignore", "deduct")),
        "allowance_level": random.choice(("assigned", "attained", "best")),
        "base_level": LEVELS[0],
        "levels": [
            {"id": level, "name": level.title(), "quota": unit * 3**rank}
            for rank, level in enumerate(LEVELS[1:])
        ],
    }


def _amended(random: Random, program: Terms, offers: Mapping[str, Terms]) -> Terms:
    """The program with up to two amendments: other quotas, or a level that is missing for a while or new."""
    if random.randrange(2):
        return program
    bonuses = set()
    for offer in offers.values():
        changes = offer["amendments"]
        assert isinstance(changes, list)
        if offer["kind"] == "bonus":
            bonuses |= {str(terms["level"]) for terms in (offer, *changes) if "level" in terms}
    levels = program["levels"]
    assert isinstance(levels, list)
    lists: list[list[dict[str, Any]]] = [levels]
    if all(offer["kind"] != "free_subscription" for offer in offers.values()):
        # An allowance must name every level, and those of these worlds name no new one.
        lists += [[*levels, {"id": "platinum", "name": "Platinum", "quota": levels[-1]["quota"] * 3}]]
    lists += [[one for one in levels if one["id"] != gone] for gone in LEVELS[1:] if gone not in bonuses]
    amendments: list[dict[str, Any]] = []
    for on in sorted({_day(random) for _ in range(random.randint(1, 2))}):
        factor = random.choice((Decimal(1), Decimal("0.7"), Decimal("1.4")))
        now = [{**one, "quota": max(1, int(one["quota"] * factor))} for one in random.choice(lists)]
        known = {str(one["id"]) for one in (amendments[-1]["levels"] if amendments else levels)}
        named = {str(one["id"]): one["quota"] for one in now}
        by_quota = random.randrange(2) and known == named.keys()
        amendments.append({"effective_on": on, "levels": now, **({"quotas": named} if by_quota else {})})
    # Quotas alone say the same as the whole list, so either may be written.
    return {
        **program,
        "amendments": [
            {key: value for key, value in one.items() if key != ("levels" if "quotas" in one else "quotas")}
            for one in amendments
        ],
    }


def _limits(random: Random) -> Terms:
    caps = _amounts_by_currency(random, 100_00, 300_00)
    # High minimums are met more often.
    return {"minimum": _amounts_by_currency(random, random.choice((0, 90_00)), 100_00), "cap": caps}


def _shares(random: Random) -> Terms:
    if random.randrange(2):
        return {"rate": random.choice(PERCENTS), "tiers": None, "mode": None}
    starts = sorted(random.sample(TIER_STARTS, random.randint(1, 3)))
    tiers = [{"from": start, "rate": random.choice(PERCENTS)} for start in starts]
    return {"rate": None, "tiers": tiers, "mode": random.choice(("retroactive", "incremental"))}


def _cashback(random: Random, unit: Decimal) -> Terms:
    del unit
    products = {key: _few(random, PATTERNS, 1, 2) for key in ("include", "exclude") if random.randrange(2)}
    return {
        **_shares(random),
        **_limits(random),
        "period": _period(random),
        "credited_on": _day(random),
        "products": products,
    }


def _extension(random: Random, unit: Decimal) -> Terms:
    del unit
    plans = _few(random, ("paid", "free", "trial", "nfr"), 1, 2)
    return {
        "months": random.choice((1, 3, 12, 25)),
        "plans": random.choice((None, None, plans)),
        "active_on": _early(random),
        "bought_before": random.choice((None, _late(random))),
    }


def _free_subscription(random: Random, unit: Decimal) -> Terms:
    del unit
    return {
        "product": random.choice(("4SC", "4SC", "PRO 8SC")),
        "allowance": {level: random.choice((0, 1, 0, 3)) for level in LEVELS},
        "register_by": _day(random),
        "expires_on": _late(random),
    }


def _level_quota(random: Random, unit: Decimal) -> Terms:
    factors = (Decimal(1), Decimal("0.7"), Decimal("1.4"))
    own = {level: unit * 3**rank * random.choice(factors) for rank, level in enumerate(LEVELS[1:])}
    quotas = {level: max(1, int(quota)) for level, quota in own.items() if random.randrange(2)}
    return {"period": _period(random), "quotas": quotas, "secured_until": _day(random)}


def _bonus(random: Random, unit: Decimal) -> Terms:
    """Often over all days, in most currencies and for the lowest level, so that some of them are paid."""
    del unit
    named = CURRENCIES if random.randrange(2) else sorted(random.sample(CURRENCIES, random.randint(1, 4)))
    minor = random.randint(1, 2_000_00)
    return {
        "period": random.choice((_period(random), dict(WHOLE_TIME))),
        "level": random.choice((LEVELS[1], *LEVELS[1:])),
        "amount": {currency: Decimal(text_of(minor, currency)) for currency in named},
    }


KINDS: Mapping[str, Callable[[Random, Decimal], Terms]] = {
    "bonus": _bonus,
    "cashback": _cashback,
    "extension": _extension,
    "free_subscription": _free_subscription,
    "level_quota": _level_quota,
}
# Kinds with the most terms come more often.
USUAL = (*sorted(KINDS), "cashback", "level_quota")


def _offer(random: Random, unit: Decimal, kinds: Sequence[str]) -> Terms:
    """An offer of one of `kinds` with up to two amendments; what is None in the first terms is left out."""
    kind = random.choice(kinds)
    offer = {key: value for key, value in KINDS[kind](random, unit).items() if value is not None}
    if not random.randrange(4):
        offer["eligible"] = {
            key: _few(random, values, 1, 3) for key, values in ELIGIBLE.items() if random.randrange(2)
        }
    amendments = []
    for _ in range(random.randint(0, 2)):
        changed = KINDS[kind](random, unit)
        # Rates and tiers, and minimum and cap, only fit together; the others change one by one.
        singly = [key for key in changed if key not in ("rate", "tiers", "mode", "minimum", "cap")]
        keys = set(_few(random, singly, 1, 2))
        keys |= {"rate", "tiers", "mode"} & set(changed) if random.randrange(2) else set()
        keys |= {"minimum", "cap"} & set(changed) if random.randrange(2) else set()
        amendment = {key: changed[key] for key in sorted(keys)}
        amendments.append({"effective_on": _day(random), "note": "Moved.", **amendment})
    common = {"kind": kind, "title": "An offer", "summary": "Something.", "announced_on": _early(random)}
    return {**common, **offer, "amendments": amendments}


def _partners(random: Random) -> list[Row]:
    """One to four partners; some closed, some merged into an earlier one that is not closed."""
    rows: list[Row] = []
    for index in range(random.randint(1, 4)):
        into = [row["partner_id"] for row in rows if row["status"] == "active"]
        merged = random.choice(["", *into]) if random.randrange(3) else ""
        rows.append(
            {
                "partner_id": f"P-{index}",
                "name": "Näme",
                "email": "a@b.example",
                "currency": random.choice(CURRENCIES),
                "level": random.choice(LEVELS),
                "country": random.choice(("", "NO", "DE")),
                "language": random.choice(("", "no", "de", "de-AT")),
                "status": "closed" if not merged and not random.randrange(8) else "active",
                "merged_into": merged,
            }
        )
    return rows


def _sales(random: Random, owners: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    for index in range(random.randint(0, 12)):
        amount, currency = _amount(random, -3_000_00, 12_000_00)
        partner_id = random.choice(sorted(owners))
        instant = random.choice(("2023-12-31T23:30:00Z", "2022-12-31T14:00:00-11:00"))
        row = {
            "sale_id": f"S-{random.randint(0, 9)}{index}",
            "partner_id": partner_id,
            "sold_on": random.choice((_day(random), _day(random), instant)),
            "amount": amount,
            "currency": currency,
            "product": random.choice(PRODUCTS),
            "refund_of": "",
        }
        refundable = [
            one for one in rows if not one["refund_of"] and owners[one["partner_id"]] == owners[partner_id]
        ]
        if random.randrange(2) and refundable:
            named = random.choice(refundable)
            row |= {"refund_of": named["sale_id"], "currency": named["currency"]}
            row["amount"] = text_of(random.randint(-2_000_00, -1), named["currency"])
        rows.append(row)
    return rows


def _subscriptions(random: Random, owners: dict[str, str]) -> list[Row]:
    return [
        {
            "subscription_id": f"U-{random.randint(0, 9)}{index}",
            "partner_id": random.choice(sorted(owners)),
            "product": random.choice(("4SC", "4SC", "PRO 8SC")),
            "plan": random.choice(("free", "paid", "free", "paid", "trial", "nfr")),
            "started_on": _day(random),
            "expires_on": random.choice((_day(random), _day(random), "9999-12-31")),
        }
        for index in range(random.randint(1, 6))
    ]


def _credits(random: Random, owners: dict[str, str], slugs: list[str]) -> list[Row]:
    rows = []
    for index in range(random.randint(0, 3) if slugs else 0):
        amount, currency = _amount(random, -100_00, 400_00)
        rows.append(
            {
                "credit_id": f"C-{index}",
                "partner_id": random.choice(sorted(owners)),
                "offer": random.choice(slugs),
                "amount": amount,
                "currency": currency,
                "credited_on": _day(random),
            }
        )
    return rows


def _rates(random: Random, target: str) -> list[Row]:
    """A rate for every day in the past, and some later ones; a row into a currency nobody asks for."""
    sources = [one for one in CURRENCIES if one != target]
    rows = {("2000-01-01", source): random.choice(RATES) for source in sources}
    for _ in range(random.randint(0, 3)):
        rows[_day(random), random.choice(sources)] = random.choice(RATES)
    other = {"on": "2000-01-01", "from": "EUR", "to": "CHF", "rate": "7"}
    return [
        other,
        *({"on": on, "from": source, "to": target, "rate": one} for (on, source), one in rows.items()),
    ]


def _levels(random: Random, owners: dict[str, str]) -> list[Row]:
    """The levels of some partners from some days on, at most one for each partner and day."""
    since = {(random.choice(sorted(owners)), _day(random)): "" for _ in range(random.randint(0, 4))}
    return [{"partner_id": one, "from": on, "level": random.choice(LEVELS)} for one, on in since]


def _survivors(rows: list[Row]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for row in rows:
        owners[row["partner_id"]] = owners.get(row["merged_into"], row["partner_id"])
    return owners


def world(seed: int, kinds: Sequence[str] = USUAL) -> World:
    """The world of that seed, whose offers are of `kinds`."""
    random = Random(seed)
    program = _program(random)
    levels = program["levels"]
    assert isinstance(levels, list)
    unit = Decimal(levels[0]["quota"])
    slugs = ("a-offer", "b-offer", "Z-offer", "é-offer")
    named = {slug: _offer(random, unit, kinds) for slug in slugs[: random.randint(1, 4)]}
    people = _partners(random)
    owners = _survivors(people)
    cashback = [slug for slug, offer in named.items() if offer["kind"] == "cashback"]
    tables = {
        "partners": people,
        "subscriptions": _subscriptions(random, owners),
        "credits": _credits(random, owners, cashback),
        "sales": _sales(random, owners),
        "rates": _rates(random, str(program["currency"])),
        "levels": _levels(random, owners),
    }
    as_of = _late(random)
    return World(_amended(Random(f"program {seed}"), program, named), named, tables, as_of)


def worlds(count: int, first: int = 0, kinds: Sequence[str] = USUAL) -> Iterator[tuple[int, World]]:
    """So many worlds with their seeds, from the first seed on."""
    return ((seed, world(seed, kinds)) for seed in range(first, first + count))
