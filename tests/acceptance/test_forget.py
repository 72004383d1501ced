"""`forget`: of one partner nothing is left in any byte, and everything that is left still proves itself."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import Snapshot
from mailer.batch.batch import Batch
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from offerpress.figures.leaks import leaked, spellings
from tests.acceptance.conftest import AS_OF, PLAN, Call

GONE, WAITING = "P-1001", "thank-you-1.1"
LATER = ("--as-of", "2024-01-02")


def rows_of(site: Path, table: str) -> list[dict[str, str]]:
    """A table of the data."""
    text = (site / "data" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def take_out(site: Path, partner_id: str) -> None:
    """What the business does first: the partner's rows leave the export."""
    for file in (site / "data").glob("*.csv"):
        lines = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
        if "partner_id" in lines[0]:
            place = lines[0].index("partner_id")
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows(row for row in lines if row[place] != partner_id)
            file.write_text(text.getvalue(), encoding="utf-8")


def unpacked(site: Path) -> Iterator[bytes]:
    """What compressed files hold: every frozen row and every message."""
    for path in (site / "private" / "snapshots").iterdir():
        snapshot = Snapshot.open(path)
        for shard in snapshot.shards:
            yield from (repr(account).encode() for account in snapshot.accounts(shard))
        yield from (repr(row).encode() for row in snapshot.partners())
        yield from (repr(sale).encode() for sale in snapshot.excluded_sales())
    for file in (site / "private" / "batches").glob("*.batch"):
        with Batch.open(file) as batch:
            yield from (notice.model_dump_json().encode() for notice in batch.messages())


def particulars(site: Path) -> set[str]:
    """The id, names and addresses of the partner that is to be forgotten."""
    (row,) = (row for row in rows_of(site, "partners") if row["partner_id"] == GONE)
    return {row[name] for name in ("partner_id", "name", "email", "contact_name") if row[name]}


@pytest.fixture
def lived(site: Path, offerpress: Call) -> set[str]:
    """A site in which the partner has left traces everywhere; its particulars."""
    words = particulars(site)
    (email,) = (word for word in words if "@" in word)
    assert 0 == offerpress("build", *AS_OF).code
    assert 0 == offerpress("link", GONE, "--revoke").code
    assert 0 == offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    assert 0 == offerpress("send", PLAN).code
    assert 0 == offerpress("plan", "thank-you", *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("suppress", email).code
    assert 0 == offerpress("report", *AS_OF).code
    assert 0 == offerpress("statements", *AS_OF, "--output", "private/statements.jsonl").code
    assert 0 == offerpress("credits", "cashback-2023", *LATER, "--output", "private/credits.csv").code
    assert 0 == offerpress("sign-off", "cashback-2023", "--by", "Cleo", *LATER).code
    return words


def kept_files(site: Path) -> list[str]:
    """Every file that is kept or published, relative to the site."""
    folders = (site / "private", site / "output")
    return [str(path.relative_to(site)) for one in folders for path in one.rglob("*") if path.is_file()]


def status(site: Path) -> dict[str, dict[Status, int]]:
    """The counts of both plans."""
    with Outbox.open(site / "private" / "outbox.sqlite") as outbox:
        return {plan: outbox.counts(plan) for plan in (PLAN, WAITING)}


def why_skipped(offerpress: Call, campaign: str) -> str:
    """The line about the partner that came back in a plan that is tried out."""
    planned = offerpress("plan", campaign, *AS_OF, "--dry-run", "--csv").out
    (line,) = (line for line in planned.splitlines() if line.startswith(GONE))
    return line


def test_nothing_is_left_of_a_forgotten_partner_and_it_is_known_again(
    site: Path, offerpress: Call, lived: set[str]
) -> None:
    """Not in the bytes of any file, nor in what they hold compressed; all that is left still proves itself.

    Who comes back is still suppressed, was handed the edition already, and has not its revoked link again.
    """
    traced = {name for name, _ in leaked(site, kept_files(site), lived)}
    assert {"private/outbox.sqlite", "private/epochs.json", "private/credits.csv"} <= traced
    counts, link = status(site), offerpress("link", GONE).out
    refused = offerpress("forget", GONE, "--by", "Dana")
    assert (1, True) == (refused.code, "still in the data" in refused.err)
    data = {path: path.read_bytes() for path in (site / "data").glob("*.csv")}
    take_out(site, GONE)
    assert "nothing that is kept holds this id" in offerpress("forget", "P-9999", "--by", "Dana").err
    done = offerpress("forget", GONE, "--by", "Dana", "--json")
    assert (0, []) == (done.code, done.json["left"])
    assert 0 == offerpress("build", *AS_OF).code
    assert [] == list(leaked(site, kept_files(site), lived))
    forms = {form for word in lived for form in spellings(word)}
    assert [] == [content[:80] for content in unpacked(site) if any(form in content for form in forms)]
    verified = offerpress("verify", "--json")
    assert (0, []) == (verified.code, verified.json["findings"])
    assert f"batch {PLAN}" in verified.out
    assert "sign-off cashback-2023.1" in verified.out
    after = status(site)
    assert counts[PLAN] == after[PLAN]
    assert (counts[WAITING][Status.READY] - 1, 1) == (
        after[WAITING][Status.READY],
        after[WAITING][Status.SKIPPED],
    )
    for path, content in data.items():
        path.write_bytes(content)
    assert link == offerpress("link", GONE).out
    assert "suppressed" in why_skipped(offerpress, "thank-you")
    assert 0 == offerpress("unsuppress", next(word for word in lived if "@" in word)).code
    assert "already_sent" in why_skipped(offerpress, "year-end-credit")


def test_look_alikes_stay_and_are_not_told(site: Path, offerpress: Call) -> None:
    """Partners whose id, name or address holds that of the forgotten one, or who share its contact, keep everything.

    Erased is what identifies the partner, its mail domain included; nothing else is said to hold something of it.
    """
    rows = rows_of(site, "partners")
    (gone,) = (row for row in rows if row["partner_id"] == GONE)
    gone |= {
        "email": "ann@unique-reseller.example",
        "contact_name": "Ann Shared",
        "cc": "desk@shared.example",
    }
    alike = [
        {
            **gone,
            "partner_id": f"{GONE}0",
            "name": f"{gone['name']} Nord",
            "email": "joann@other-reseller.example",
        },
        {
            **gone,
            "partner_id": f"X{GONE}",
            "name": "Shared Holding",
            "email": "desk@shared.example",
            "cc": "",
        },
        {
            **gone,
            "partner_id": "P-7777",
            "name": "Ann Shared",
            "email": "ann@unique-reseller.example.org",
            "cc": "",
        },
    ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows([*rows, *alike])
    (site / "data" / "partners.csv").write_text(text.getvalue(), encoding="utf-8")
    assert 0 == offerpress("plan", "thank-you", *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("approve", WAITING, "--by", "Finn").code
    assert 0 == offerpress("send", WAITING).code
    assert 0 == offerpress("report", *AS_OF).code
    assert 0 == offerpress("suppress", "desk@shared.example").code
    mails = len(list((site / "private" / "mail" / "new").iterdir()))
    take_out(site, GONE)
    done = offerpress("forget", GONE, "--by", "Dana", "--json")
    assert (0, []) == (done.code, done.json["left"])
    assert mails - 1 == len(list((site / "private" / "mail" / "new").iterdir()))
    for other in alike:
        assert "accepted" in offerpress("told", other["partner_id"]).out
    assert "desk@shared.example" in offerpress("suppressions").out
    with closing(sqlite3.connect(site / "private" / "outbox.sqlite")) as outbox:
        domains = {domain for (domain,) in outbox.execute("SELECT domain FROM notices")}
    assert "unique-reseller.example" not in domains
    assert {"other-reseller.example", "unique-reseller.example.org", "shared.example"} <= domains


@pytest.mark.parametrize(
    ("word", "known", "content", "expected"),
    [
        ("P-1001", ["P-10010"], "P-10010, P-10011", False),
        ("P-1001", ["P-10010"], "P-10010 and P-1001.", True),
        ("P-1001", ["XP-1001"], "XP-1001", False),
        ("ann@a.example", ["joann@a.example"], "joann@a.example", False),
        ("ann@a.example", ["ann@a.example.org"], "to ann@a.example.org", False),
        ("ann@a.example", ["joann@a.example"], "joann@a.example,ann@a.example", True),
        ("ann@a.example", ["joann@a.example"], "?to=ann%40a.example&", True),
        ("a.example.com", ["b.a.example.com"], "x@b.a.example.com", False),
        ("P-1001", ["Other Ltd"], "P-10010", True),
    ],
)
def test_a_word_that_others_hold_must_stand_alone(
    word: str,
    known: list[str],
    content: str,
    *,
    expected: bool,
    tmp_path: Path,
) -> None:
    """A word that is a part of another partner's is found only where it is no part of a longer word."""
    (tmp_path / "file").write_text(content, encoding="utf-8")
    assert expected == bool(list(leaked(tmp_path, ["file"], [word], known)))
