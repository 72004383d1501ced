"""What rows say about each other: repetitions, colliding ids, partners, mergers, refunds."""

from collections.abc import Callable

import pytest

from ledger import Ledger
from rewards import Fault

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

PARTNERS = "partner_id,name,email,currency,level,status,merged_into\n"
SALES = "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n"
NOTHING: dict[str, str | None] = dict.fromkeys(("sales", "subscriptions", "credits", "rates", "levels"))


def shown(faults: list[Fault]) -> list[tuple[str, int | None, str, str]]:
    """Severity, row, field and the sentence of each."""
    return [(fault.severity, fault.row, fault.field, fault.what) for fault in faults]


def test_equal_repetition_counts_once(reading: Reading) -> None:
    """The same id with equal parsed values is a remark, and the ledger is that without the repetition."""
    once, _ = reading(sales=SALES + "A1,P1,2023-01-01,1.50,EUR,,\n")
    twice, faults = reading(sales=SALES + "A1,P1,2023-01-01,1.50,EUR,,\nA1,P1,2023-01-01, 01.5 ,EUR,,\n")
    assert shown(faults) == [
        ("remark", 3, "sale_id", "sale_id 'A1' stands in row 2 with the same values and counts once")
    ]
    assert once is not None
    assert twice is not None
    assert twice.digest == once.digest


@pytest.mark.parametrize(
    ("other", "column"),
    [
        ("A1,P2,2023-01-01,1.50,EUR,,", "partner_id"),
        ("A1,P1,2023-01-02,1.50,EUR,,", "sold_on"),
        ("A1,P1,2023-01-01,1.51,EUR,,", "amount"),
        ("A1,P1,2023-01-01,1.50,EUR,X,", "product"),
    ],
)
def test_other_values_under_one_id(reading: Reading, other: str, column: str) -> None:
    """The same id with another value in any known column is a fault that names both rows and the column."""
    _, faults = reading(sales=SALES + f"A1,P1,2023-01-01,1.50,EUR,,\n{other}\n")
    what = f"sale_id 'A1' has other values than in row 2 ({column})"
    assert shown(faults) == [("fault", 3, "sale_id", what)]


def test_repeated_rates_and_levels(reading: Reading) -> None:
    """An equal rate counts once, another for the same day is a fault; two levels from one day are always a fault."""
    _, faults = reading(
        rates="on,from,to,rate\n2023-01-01,JPY,EUR,0.0070\n2023-01-01,JPY,EUR,0.007\n2023-01-01,JPY,EUR,0.008\n",
        levels="partner_id,level,from\nP1,silver,2023-01-01\nP1,silver,2023-01-01\n",
    )
    assert [(fault.file, fault.severity, fault.row) for fault in faults] == [
        ("data/rates.csv", "remark", 3),
        ("data/rates.csv", "fault", 4),
        ("data/levels.csv", "fault", 3),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("p1", "P1"),
        ("caf\u00e9", "cafe\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("\uff30\uff11", "p1"),
        ("\u212a1", "k1"),
        ("\ufb01x", "fix"),
        ("\u0130", "i\u0307"),
    ],
)
def test_colliding_partner_ids(reading: Reading, one: str, other: str) -> None:
    """Ids that are equal after NFKC and case folding are a fault of the later row."""
    _, faults = reading(partners=f"{PARTNERS}{one},One,,EUR,bronze,,\n{other},Two,,EUR,bronze,,\n", **NOTHING)
    assert [(fault.row, fault.field) for fault in faults] == [(3, "partner_id")]
    assert "of row 2" in faults[0].what


def test_unknown_partners(reading: Reading) -> None:
    """A row that names no partner is a fault in each table; the id is compared exactly."""
    _, faults = reading(
        sales=SALES + "A1,p1,2023-01-01,1,EUR,,\nA2,P1 ,2023-01-01,1,EUR,,\n",
        subscriptions="subscription_id,partner_id,product,plan,expires_on\nS1,P9,PRO,paid,2023-01-01\n",
        credits="credit_id,partner_id,offer,amount,currency,credited_on\nC1,P9,cashback,1,EUR,2023-06-30\n",
        levels="partner_id,level,from\nP9,silver,2023-01-01\n",
    )
    assert [(fault.file, fault.row, fault.field) for fault in faults] == [
        ("data/sales.csv", 2, "partner_id"),
        ("data/sales.csv", 3, "partner_id"),
        ("data/subscriptions.csv", 2, "partner_id"),
        ("data/credits.csv", 2, "partner_id"),
        ("data/levels.csv", 2, "partner_id"),
    ]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["A,active,B", "B,active,C", "C,active,"], []),
        (["A,active,B", "B,closed,C", "C,active,"], []),
        (["A,active,A"], [2]),
        (["A,active,B", "B,active,A"], [2]),
        (["X,active,A", "A,active,B", "B,active,A", "Y,active,X"], [3]),
        (["A,active,B", "B,active,C", "C,active,B"], [3]),
        (["A,active,B", "B,closed,"], [2]),
        (["A,active,B", "B,active,C", "C,closed,"], [3]),
        (["A,active,Z"], [2]),
        (["A,active,B", "B,active,Z"], [3]),
    ],
)
def test_mergers(reading: Reading, rows: list[str], found: list[int]) -> None:
    """A chain ends in an active partner; a circle, a closed or an unknown end is one fault, where it begins."""
    lines = (f"{row.split(',')[0]},N,,EUR,bronze,{row.partition(',')[2]}\n" for row in rows)
    _, faults = reading(partners=PARTNERS + "".join(lines), **NOTHING)
    assert [(fault.row, fault.field) for fault in faults] == [(row, "merged_into") for row in found]


def test_refund_faults(reading: Reading) -> None:
    """A refund is not above 0, and names a sale of its partner in its currency."""
    _, faults = reading(
        sales=SALES + "A1,P1,2023-01-01,10,EUR,,\nA2,P2,2023-01-01,10,EUR,,\n"
        "R1,P1,2023-02-01,1,EUR,,A1\nR2,P1,2023-02-01,-1,EUR,,A9\nR3,P1,2023-02-01,-1,EUR,,A2\n"
        "R4,P1,2023-02-01,-1,USD,,A1\nR5,P1,2023-02-01,0,EUR,,A1\n"
    )
    assert [(fault.row, fault.field) for fault in faults] == [(row, "refund_of") for row in (4, 5, 6, 7)]


def test_a_refund_may_cross_a_merger(reading: Reading) -> None:
    """After a merger the survivor may refund what the merged partner sold."""
    ledger, faults = reading(
        partners=PARTNERS + "P1,One,,EUR,bronze,,P2\nP2,Two,,EUR,bronze,,\n",
        sales=SALES + "A1,P1,2023-01-01,10,EUR,PRO,\nR1,P2,2023-02-01,-1,EUR,,A1\n",
    )
    assert faults == []
    assert ledger is not None
    assert ledger.partner_ids == ("P2",)


def test_refund_remarks(reading: Reading) -> None:
    """A refund before its sale, and refunds together larger than it, are remarks."""
    ledger, faults = reading(
        sales=SALES
        + "A1,P1,2023-02-01,10,EUR,,\nR1,P1,2023-01-31,-6,EUR,,A1\nR2,P1,2023-02-02,-4.01,EUR,,A1\n"
        "A2,P1,2023-02-01,10,EUR,,\nR3,P1,2023-02-01,-10.00,EUR,,A2\n"
    )
    assert ledger is not None
    assert shown(faults) == [
        (
            "remark",
            2,
            "amount",
            "the refunds of 'A1' together, 10.01 EUR, are larger than it, 10.00 EUR",
        ),
        ("remark", 3, "sold_on", "refunded on 2023-01-31, before its sale 'A1' of 2023-02-01"),
    ]


def test_one_mistake_is_not_reported_as_others(reading: Reading) -> None:
    """Rows that name a partner or a sale whose own row is broken are not accused of naming nobody."""
    _, faults = reading(
        partners="partner_id,name,email,currency,level\nP1,One,,EUR\nP2,Two,,JPY,silver\n",
        sales="sale_id,partner_id,sold_on,amount,currency,refund_of\nA1,P1,2023-01-01,10,EUR\nR1,P1,2023-02-01,-1,EUR,A1\n",
    )
    assert [(fault.file, fault.row) for fault in faults] == [("data/partners.csv", 2), ("data/sales.csv", 2)]
