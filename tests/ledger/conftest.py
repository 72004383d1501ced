"""A small program, and a site folder whose tables a test replaces one by one."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from ledger import DataSettings, Ledger, read
from rewards import Fault, Policy, Source, parse_offer, parse_program

TABLES: Mapping[str, str] = {
    "partners": "partner_id,name,email,currency,level\n"
    "P1,One,one@one.example,EUR,bronze\n"
    "P2,Two,two@two.example,JPY,silver\n",
    "sales": "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n"
    "A1,P1,2023-01-31,100.50,EUR,PRO 8SC,\n"
    "A2,P2,2023-02-28,1000,JPY,PRO 4SC,\n"
    "A3,P1,2023-03-01,-0.50,EUR,,A1\n",
    "subscriptions": "subscription_id,partner_id,product,plan,expires_on,started_on\n"
    "S1,P1,PRO 8SC,paid,2023-11-30,\n"
    "S2,P2,4SC,free,2023-06-30,2022-06-30\n",
    "credits": "credit_id,partner_id,offer,amount,currency,credited_on\nC1,P1,cashback,1.00,EUR,2023-06-30\n",
    "rates": "on,from,to,rate\n2023-01-01,JPY,EUR,0.0070\n",
    "levels": "partner_id,level,from\nP1,silver,2023-02-01\nP1,bronze,2023-01-01\n",
}

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]


@pytest.fixture(scope="session")
def policy() -> Policy:
    """A program in EUR and Berlin time with one cashback offer."""
    faults: list[Fault] = []
    levels = [
        {"id": "bronze", "name": "Bronze", "quota": 1000},
        {"id": "silver", "name": "Silver", "quota": 5000},
    ]
    program = parse_program(
        {
            "currency": "EUR",
            "timezone": "Europe/Berlin",
            "refunds_after_period": "deduct",
            "allowance_level": "assigned",
            "base_level": "affiliate",
            "levels": levels,
        },
        Source("content/program.toml"),
        faults,
    )
    assert program is not None, faults
    cashback = {
        "kind": "cashback",
        "title": "Cashback",
        "summary": "A share of what was sold",
        "announced_on": "2023-04-01",
        "rate": "15%",
        "period": {"from": "2023-01-01", "to": "2023-12-31"},
        "credited_on": "2023-12-31",
        "minimum": {"EUR": Decimal(1)},
    }
    offer = parse_offer("cashback", cashback, program, Source("content/offers/cashback.md"), faults)
    assert offer is not None, faults
    return Policy(program, (offer,))


@pytest.fixture
def reading(tmp_path: Path, policy: Policy) -> Reading:
    """Write the sample tables, with those given replaced (None: left out), and read them."""

    def run(
        settings: DataSettings | None = None,
        environment: Mapping[str, str] | None = None,
        **tables: str | bytes | None,
    ) -> tuple[Ledger | None, list[Fault]]:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        for name, content in {**TABLES, **tables}.items():
            if content is not None:
                data.joinpath(f"{name}.csv").write_bytes(
                    content if isinstance(content, bytes) else content.encode()
                )
        faults: list[Fault] = []
        ledger = read(settings or DataSettings(), tmp_path, policy, faults, environment)
        # Most tables of these tests give no addresses; test_values.py looks at what is said about them.
        return ledger, [fault for fault in faults if "there is no address" not in fault.what]

    return run
