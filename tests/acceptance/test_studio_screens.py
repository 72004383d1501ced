"""Screens without a browser: corrections with their reasons, suppressions lifted, charts, and the check by channel."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import called
from tests.servers.provider import Answer, provider
from tests.servers.studio import PASSPHRASE, Desk, Office, planned, signed_in, small_site, started

OVER = ("--as-of", "2024-01-02")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A small site whose campaign was sent, with a refund that came afterwards, and other terms."""
    site = small_site(tmp_path_factory.mktemp("screens"))
    for words in (
        ("plan", "hello", *OVER, "--by", "mia"),
        ("approve", "hello-1.1", "--by", "finn"),
        ("send", "hello-1.1"),
        ("build", *OVER),
    ):
        said = called(site, *words)
        assert 0 == said.code, said.err
    add_line(site / "data" / "sales.csv", ["S-3", "A-1", "2023-07-01", "-20.00", "EUR"])
    office = started(site, OVER)
    yield office
    office.process.terminate()
    office.process.communicate()


def add_line(table: Path, row: list[str]) -> None:
    """Append a row to a table."""
    with table.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(row)


def page(desk: Desk, path: str) -> str:
    """The page at a path."""
    return desk.ask("GET", path)[0]


def test_corrections_say_who_would_be_told_what_and_why(office: Office) -> None:
    """Before anything is planned the screen has the partners of `plan --corrections`, each with what came since."""
    mia = signed_in(office.origin, "Mia")
    assert '/corrections?campaign=hello"' in page(mia, "/plans")
    shown = page(mia, "/corrections?campaign=hello")
    assert "was told to 2 partners. 1 of them would be told other figures now." in shown
    assert "year EUR amount: 12.00 → 10.00" in shown
    assert "a refund came: S-3" in shown
    assert "the terms changed" not in shown
    dry = called(office.site, "plan", "hello", "--corrections", "--dry-run", *OVER, "--json").json
    assert 1 == dry["recipients"]
    assert "There is no campaign of this name." in page(mia, "/corrections?campaign=other")


def test_changed_terms_and_lines_are_told_apart(office: Office) -> None:
    """Other terms are named for everybody whose figure follows from them, a later sale as a line of the data."""
    mia, offer = signed_in(office.origin, "Mia"), office.site / "content" / "offers" / "year.md"
    before, sales = offer.read_text(encoding="utf-8"), office.site / "data" / "sales.csv"
    lines = sales.read_text(encoding="utf-8")
    offer.write_text(before.replace("rate: 10%", "rate: 11%"), encoding="utf-8")
    add_line(sales, ["S-4", "B-2", "2023-08-01", "10.00", "EUR"])
    shown = page(mia, "/corrections?campaign=hello")
    offer.write_text(before, encoding="utf-8")
    sales.write_text(lines, encoding="utf-8")
    assert "2 of them would be told other figures now." in shown
    assert 2 == shown.count("the terms changed")
    assert "lines of the data came, went or changed: S-4" in shown


def test_corrections_are_planned_like_any_plan(office: Office) -> None:
    """The button makes the plan, which waits for another person; with nothing to correct no plan is made."""
    mia = signed_in(office.origin, "Mia")
    assert "/plan?plan=hello-1.2" == planned(mia, "hello", "corrections")
    shown = page(mia, "/plan?plan=hello-1.2")
    assert "You made this plan, so another person approves it." in shown
    finn = signed_in(office.origin, "Finn")
    digest = finn.found("/plan?plan=hello-1.2", 'class="digest">([^<]+)<')
    form = {"plan": "hello-1.2", "digest": digest, "total": "10.00", "passphrase": PASSPHRASE}
    assert "/plan?plan=hello-1.2" == finn.act("/plan/approve", **form)
    assert 0 == called(office.site, "send", "hello-1.2").code
    text = planned(mia, "hello", "corrections")
    assert "Nobody is left to write to, so no plan was made." in text
    ada = signed_in(office.origin, "Ada")
    assert "A correction in" in page(ada, "/partner?id=A-1")
    assert "amount: 12.00 → 10.00" in page(ada, "/partner?id=A-1")


def test_a_suppression_is_lifted(office: Office) -> None:
    """With a reason only; the page says why the address was suppressed, and the next plan may write to it."""
    ada = signed_in(office.origin, "Ada")
    ada.act("/partner/suppress", partner="B-2", reason="They asked.")
    assert "(a person suppressed it, " in page(ada, "/partner?id=B-2")
    assert "write why the address may be" in ada.press("/partner/unsuppress", partner="B-2", reason=" ")[0]
    assert "/partner?id=B-2" == ada.act("/partner/unsuppress", partner="B-2", reason="They asked again.")
    assert "Write to this address no more" in page(ada, "/partner?id=B-2")
    assert "birch" not in called(office.site, "suppressions", "--csv").out
    assert "somebody lifted it already" in ada.press("/partner/unsuppress", partner="B-2", reason="So.")[0]
    mia = signed_in(office.origin, "Mia")
    assert "can do this. Ask somebody" in mia.press("/partner/unsuppress", partner="B-2", reason="So.")[0]


def test_why_a_partner_got_nothing(office: Office) -> None:
    """A partner that came later is told to have been left out of the plan, with the reason."""
    ada = signed_in(office.origin, "Ada")
    tables = [office.site / "data" / f"{name}.csv" for name in ("partners", "sales")]
    before = [table.read_text(encoding="utf-8") for table in tables]
    add_line(tables[0], ["C-3", "Cedar", "no address", "EUR", "base"])
    add_line(tables[1], ["S-5", "C-3", "2023-08-01", "10.00", "EUR"])
    shown = page(ada, "/partner?id=C-3")
    for table, text in zip(tables, before, strict=True):
        table.write_text(text, encoding="utf-8")
    assert "Left out of" in shown
    assert "<small>(bad_address)</small>: no address that mail can go to." in shown


def test_finance_has_the_charts_of_the_report(office: Office) -> None:
    """Liability and outlook are drawn as in the report, inline, without a script or a style of their own."""
    ada = signed_in(office.origin, "Ada")
    shown = page(ada, "/finance")
    assert 3 == shown.count("<svg ")
    charts = shown[shown.index("<svg ") : shown.rindex("</svg>")]
    assert "style=" not in charts
    assert "<script" not in charts


def test_the_check_tells_each_channel(office: Office) -> None:
    """One sentence a channel, and a changed file of the built site is one difference of that channel."""
    ada = signed_in(office.origin, "Ada")
    ada.act("/finance/check")
    shown = page(ada, "/finance")
    for one in ("The built site", "Every private statement", "The mails of hello-1.1"):
        assert f"{one}: all agree with the frozen figures." in shown
    file = office.site / "output" / "robots.txt"
    before = file.read_bytes()
    file.write_bytes(b"changed")
    ada.act("/finance/check")
    file.write_bytes(before)
    shown = page(ada, "/finance")
    assert "The built site: 1 difference." in shown
    assert "output: robots.txt" in shown


def test_mails_that_the_provider_holds_back_are_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan's page says until when; the press makes them ready again, and keeps who did it."""
    site = small_site(tmp_path / "site")
    for words in (("plan", "hello", *OVER, "--by", "mia"), ("approve", "hello-1.1", "--by", "ada")):
        assert 0 == called(site, *words).code
    with provider(Answer(), Answer(408)) as server:
        for name, value in {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": server.base_url}.items():
            monkeypatch.setenv(name, value)
        assert 1 == called(site, "send", "hello-1.1", "--transport", "sendgrid", "--fence").code
        office = started(site, OVER)
        try:
            finn = signed_in(office.origin, "Finn")
            assert "The provider still holds mails of this plan back, until " in page(
                finn, "/plan?plan=hello-1.1"
            )
            ada = signed_in(office.origin, "Ada")
            assert "can do this. Ask somebody" in ada.press("/plan/withdraw", plan="hello-1.1")[0]
            text = finn.press("/plan/withdraw", plan="hello-1.1")[0]
            assert "1 held group discarded, 2 mails ready again." in text
            assert "holds mails of this plan back" not in page(finn, "/plan?plan=hello-1.1")
            assert "had mails discarded that the provider held back" in page(finn, "/history")
        finally:
            office.process.terminate()
            office.process.communicate()
    status = called(site, "status", "hello-1.1", "--json").json
    acts = status["acts"]
    assert isinstance(acts, list)
    assert (2, 0) == (status["ready"], status["unknown"])
    assert [("withdraw", "finn")] == [(one["act"], one["by"]) for one in acts]
