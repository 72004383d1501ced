"""Random ledgers under the same content: the open part of the site does not depend on one byte of them."""

import csv
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from offerpress.figures.leaks import leaked
from tests.acceptance.conftest import AS_OF, Call, tree

PARTNERS = ("partner_id", "name", "email", "currency", "level", "language", "status")
SALES = ("sale_id", "partner_id", "sold_on", "amount", "currency", "product")
SUBSCRIPTIONS = ("subscription_id", "partner_id", "product", "plan", "expires_on", "started_on")
LEVELS = ("affiliate", "bronze", "silver", "gold", "platinum", "titanium")
LETTERS = "abcdefghijklmnopqrstuvwxyzÄöü שלוםعمان日本<>&\"'{}[]()*_#`\u202e"
PACKS = "statement/packs/"


def word(chance: random.Random, least: int, most: int) -> str:
    """Random letters of many scripts, and of those that mean something in HTML, Markdown and templates."""
    letters = "".join(chance.choice(LETTERS) for _ in range(chance.randint(least, most)))
    return letters.strip() or "x"


def write(path: Path, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table with its header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *rows])


def day(chance: random.Random) -> str:
    """A day of 2023."""
    return f"2023-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


def random_ledger(site: Path, chance: random.Random, count: int) -> list[str]:
    """Puts other tables into `site`; gives every partner's id, name and address."""
    shutil.rmtree(site / "data")
    (site / "data").mkdir()
    ids = [f"{chance.randrange(16**6):06x}-{number}" for number in range(count)]
    partners = [
        (
            partner,
            f"{word(chance, 6, 30)} {number}",
            f"u{chance.randrange(16**6):06x}@reseller-{number}.example",
            "EUR",
            chance.choice(LEVELS),
            chance.choice(("de", "es-MX", "fr", "")),
            chance.choice(("active", "active", "active", "closed")),
        )
        for number, partner in enumerate(ids)
    ]
    sales = [
        (
            f"sale-{n}",
            chance.choice(ids),
            day(chance),
            f"{chance.randint(-500, 9000)}.{n % 100:02}",
            "EUR",
            word(chance, 1, 9),
        )
        for n in range(4 * count)
    ]
    subscriptions = [
        (
            f"sub-{n}",
            chance.choice(ids),
            chance.choice(("4SC", word(chance, 1, 9))),
            chance.choice(("paid", "free")),
            day(chance),
            "2022-01-01",
        )
        for n in range(count)
    ]
    write(site / "data" / "partners.csv", PARTNERS, partners)
    write(site / "data" / "sales.csv", SALES, sales)
    write(site / "data" / "subscriptions.csv", SUBSCRIPTIONS, subscriptions)
    return [cell for row in partners for cell in row[:3]]


def in_the_open(output: Path) -> dict[str, bytes]:
    """Every published file outside the packs."""
    return {name: data for name, data in tree(output).items() if not name.startswith(PACKS)}


@pytest.fixture
def opened(built: Path) -> dict[str, bytes]:
    """The open part of the site as the sample's own ledger leaves it."""
    return in_the_open(built / "output")


@pytest.mark.parametrize(
    ("seed", "count"), [(2, 40), *(pytest.param(*one, marks=pytest.mark.long) for one in ((1, 1), (3, 300)))]
)
def test_a_random_ledger_shows_nowhere_in_the_open(
    seed: int, count: int, opened: dict[str, bytes], offerpress: Call, site: Path
) -> None:
    """From one partner to several shards: each open file keeps its bytes, and no file holds a partner's particulars."""
    particulars = random_ledger(site, random.Random(seed), count)
    said = offerpress("build", *AS_OF)
    assert 0 == said.code, said.err
    output = site / "output"
    assert opened == in_the_open(output)
    assert [] == list(leaked(output, list(tree(output)), particulars))
    assert 0 == offerpress("verify").code


def test_amounts_alone_change_packs_alone(opened: dict[str, bytes], offerpress: Call, site: Path) -> None:
    """The same partners with other sales keep the packs' names and sizes too: only their bytes are others."""
    packs = {name: data for name, data in tree(site / "output").items() if name.startswith(PACKS)}
    sales = site / "data" / "sales.csv"
    rows = list(csv.reader(sales.read_text(encoding="utf-8").splitlines()))
    place = rows[0].index("amount")
    for row in rows[1:]:
        row[place] = row[place].replace("1", "2")
    write(sales, tuple(rows[0]), [tuple(row) for row in rows[1:]])
    assert 0 == offerpress("build", *AS_OF).code
    others = {name: data for name, data in tree(site / "output").items() if name.startswith(PACKS)}
    assert opened == in_the_open(site / "output")
    assert {name: len(data) for name, data in packs.items()} == {
        name: len(data) for name, data in others.items()
    }
    assert packs != others
