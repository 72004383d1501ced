"""From a ledger to mail at a real server, and everything that must be refused on the way."""

import csv
import json
import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance.conftest import (
    APPROVED,
    AS_OF,
    PLAN,
    PLANNED,
    ROOT,
    Call,
    Prepare,
    after,
    change_sale,
    take_over,
    tree,
)
from tests.servers.mail import Recorder, recording_server

GOLDEN = ROOT / "tests" / "golden" / "statements-2023-12-31.jsonl"


@pytest.fixture
def server() -> Iterator[tuple[Recorder, str]]:
    """A real mail server: what it took, and its address."""
    recorder = Recorder()
    with recording_server(recorder) as port:
        yield recorder, f"smtp://127.0.0.1:{port}"


def make_plan(offerpress: Call) -> dict[str, object]:
    """The year-end plan, made by Mia."""
    said = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia", "--json")
    assert 0 == said.code, said.err
    return said.json


def part(message: EmailMessage, kind: str) -> str:
    """The text of the part `plain` or `html`."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


# Group and decimal sign by the reader's language (CLDR 48); readers of languages that the site lacks read English words
# with the signs of their region, such as en-SE.
SIGNS = {
    **dict.fromkeys(
        ("ar", "ar-KW", "en", "en-GB", "en-US", "es-MX", "he", "ja", "ja-JP", "pt-BR"), (",", ".")
    ),
    **dict.fromkeys(("de", "de-AT", "de-DE", "es", "es-ES", "it", "pl", "pl-PL"), (".", ",")),
    **dict.fromkeys(("pt-PT", "sv", "sv-SE"), ("\u00a0", ",")),
    **dict.fromkeys(("fr", "fr-FR"), ("\u202f", ",")),
    **dict.fromkeys(("de-CH", "fr-CH"), ("\u2019", ".")),
}


def shown(amount: str, reader: str) -> str:
    """How a reader sees an amount; written apart from the formats under test.

    Spanish groups from five digits on (CLDR 48, minimumGroupingDigits of es is 2).
    """
    whole, _, places = amount.partition(".")
    group, point = SIGNS[reader]
    if reader in {"es", "es-ES"} and len(whole.lstrip("-")) < 5:
        group = ""
    return f"{int(whole):,}".replace(",", group) + (point + places if places else "")


def test_every_notice_arrives_once_with_its_figures(offerpress: Call, server: tuple[Recorder, str]) -> None:
    """Each recipient gets one message; both its parts tell the statement's own credit; every header reads back."""
    recorder, url = server
    plan = make_plan(offerpress)
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    said = offerpress("send", PLAN, "--transport", "smtp", "--json", OFFERPRESS_SMTP_URL=url)
    assert 0 == said.code, said.err
    assert plan["recipients"] == len(recorder.messages) == len(set(recorder.message_ids)) == 56
    statements = {
        s["partner_id"]: s for s in map(json.loads, GOLDEN.read_text(encoding="utf-8").splitlines())
    }
    with Path("data/partners.csv").open(encoding="utf-8", newline="") as file:
        partners = {row["email"]: row for row in csv.DictReader(file)}
    for message in recorder.messages:
        partner = partners[message["To"].addresses[0].addr_spec]
        partner_id = partner["partner_id"]
        for entry in statements[partner_id]["cashback"]:
            amount = shown(entry["to_credit"], partner["language"])
            assert amount in part(message, "plain")
            assert amount in part(message, "html")
        for entry in statements[partner_id]["extensions"]:
            assert entry["subscription_id"] in part(message, "plain")
            assert entry["subscription_id"] in part(message, "html")
        assert "statement.csv" in [attached.get_filename() for attached in message.iter_attachments()]
        assert "auto-generated" == message["Auto-Submitted"]
        assert not message.defects
        assert all(not value.defects for value in message.values())


@pytest.mark.usefixtures("approved")
def test_nothing_is_sent_a_second_time(offerpress: Call, server: tuple[Recorder, str]) -> None:
    """Sending again hands nobody anything, and planning the same edition again gives a plan that is not kept."""
    recorder, url = server
    for _ in range(2):
        assert 0 == offerpress("send", PLAN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url).code
    again = make_plan(offerpress)
    assert (0, 56) == (again["recipients"], again["skipped"]["already_sent"])  # type: ignore[index]
    assert False is again["registered"]
    assert 1 == offerpress("approve", str(again["plan"]), "--by", "Finn").code
    assert 56 == len(recorder.messages)


@pytest.mark.usefixtures("planned")
def test_an_approval_by_the_maker_is_refused(offerpress: Call) -> None:
    """Who made a plan does not approve it, in whatever case the name is written."""
    said = offerpress("approve", PLAN, "--by", "MIA")
    assert (1, True) == (said.code, "let another person" in said.err)
    assert 1 == offerpress("send", PLAN).code


@pytest.mark.usefixtures("planned")
def test_an_unapproved_plan_is_not_sent(offerpress: Call, site: Path) -> None:
    """Without an approval nothing leaves, and the refusal says how to give one."""
    said = offerpress("send", PLAN)
    assert (1, True) == (said.code, "approve year-end-credit-1.1 --by NAME" in said.err)
    assert not (site / "private" / "mail").exists()


@pytest.mark.usefixtures("planned")
def test_an_approval_of_another_digest_is_refused(offerpress: Call) -> None:
    """Who looked at another batch than this one has not approved it."""
    assert 1 == offerpress("approve", PLAN, "--by", "Finn", "--digest", "0" * 64).code
    assert 1 == offerpress("send", PLAN).code


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_changed_byte_in_the_batch_stops_everything(offerpress: Call, site: Path, place: float) -> None:
    """A batch that is not what was approved is not sent, wherever the byte was changed."""
    batch = site / "private" / "batches" / f"{PLAN}.batch"
    data = bytearray(batch.read_bytes())
    data[int(len(data) * place)] ^= 1
    batch.chmod(0o600)
    batch.write_bytes(data)
    said = offerpress("send", PLAN)
    assert (1, True) == (said.code, "never repair it" in said.err)
    assert not (site / "private" / "mail").exists()


@pytest.mark.usefixtures("planned")
def test_a_stale_plan_is_neither_approved_nor_begun(offerpress: Call, site: Path) -> None:
    """A sale that changes a message makes the plan stale, before its approval and before its first claim."""
    sales = (site / "data" / "sales.csv").read_bytes()
    change_sale(site, "A-01232", "2000.00")
    said = offerpress("approve", PLAN, "--by", "Finn")
    assert (1, True, True) == (said.code, "stale" in said.err, "P-1001" in said.err)
    (site / "data" / "sales.csv").write_bytes(sales)
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    change_sale(site, "A-01232", "2000.00")
    said = offerpress("send", PLAN)
    assert (1, True) == (said.code, "stale" in said.err)
    assert not (site / "private" / "mail").exists()


@pytest.mark.usefixtures("approved")
def test_a_faulty_site_is_not_sent(offerpress: Call, site: Path) -> None:
    """`send` refuses the faults that `check` names, and leaves batches, outbox and mail as they were."""
    before = tree(site / "private" / "batches")
    change_sale(site, "A-01232", "1.000.00")
    fault = offerpress("check", *AS_OF).err.splitlines()[0]
    said = offerpress("send", PLAN)
    assert (1, True, True) == (said.code, "sales.csv row" in fault, fault in said.err)
    assert before == tree(site / "private" / "batches")
    assert 56 == offerpress("status", PLAN, "--json").json["ready"]
    assert not (site / "private" / "mail").exists()


@pytest.mark.usefixtures("planned")
def test_other_words_make_a_plan_stale(offerpress: Call, site: Path) -> None:
    """So does a change of the campaign's text."""
    campaign = site / "content" / "campaigns" / "year-end-credit.md"
    campaign.write_text(campaign.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    assert "stale" in offerpress("approve", PLAN, "--by", "Finn").err


@pytest.mark.usefixtures("planned")
def test_a_ledger_that_grew_elsewhere_does_not_matter(offerpress: Call, site: Path) -> None:
    """A sale that changes nobody's message leaves the plan as it is."""
    with (site / "data" / "sales.csv").open("a", encoding="utf-8") as sales:
        sales.write("A-99999,P-1001,2024-02-01,10.00,EUR,PRO 8SC,,new\n")
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    assert 0 == offerpress("send", PLAN).code


@pytest.mark.usefixtures("approved")
def test_a_begun_plan_goes_on_as_it_was_approved(offerpress: Call, site: Path) -> None:
    """Once begun, neither new figures nor missing data keep the rest from what was approved for them."""
    assert 0 == offerpress("send", PLAN, "--limit", "10").code
    shutil.rmtree(site / "data")
    assert 0 == offerpress("send", PLAN).code
    counts = offerpress("status", PLAN, "--json").json
    assert (56, 56, 0) == (counts["planned"], counts["accepted"], counts["ready"])


def test_a_dry_run_keeps_nothing(offerpress: Call, site: Path, prepare: Prepare) -> None:
    """`plan --dry-run` shows the same counts and leaves neither batch, plan, snapshot nor outbox."""
    said = offerpress("plan", "year-end-credit", *AS_OF, "--dry-run", "--json")
    assert (None, 56) == (said.json["plan"], said.json["recipients"])
    assert not (site / "private").exists()
    take_over(site, prepare("approved", after(PLANNED, APPROVED)))
    before = tree(site / "private")
    assert 0 == offerpress("plan", "year-end-credit", *AS_OF, "--dry-run").code
    assert before == tree(site / "private")


@pytest.mark.usefixtures("planned")
def test_a_sample_goes_to_one_address_only(offerpress: Call, server: tuple[Recorder, str]) -> None:
    """`send --test` hands one marked message to the given address, and the plan is untouched."""
    recorder, url = server
    way = ("--transport", "smtp", "--test", "me@vendor.example", "--partner", "P-1001")
    assert 0 == offerpress("send", PLAN, *way, OFFERPRESS_SMTP_URL=url).code
    assert [("me@vendor.example",)] == [recipients for _, recipients in recorder.envelopes]
    assert str(recorder.messages[0]["Subject"]).startswith("[Test] ")
    assert 56 == offerpress("status", PLAN, "--json").json["ready"]


@pytest.mark.usefixtures("approved")
def test_cancelled_and_paused_plans_are_not_sent(offerpress: Call) -> None:
    """A paused plan waits until it is resumed; a cancelled one skips all that was not handed over."""
    assert 0 == offerpress("pause", PLAN).code
    assert 1 == offerpress("send", PLAN).code
    assert f"{PLAN}: paused" in offerpress("send", "--due").err
    assert 0 == offerpress("resume", PLAN).code
    assert 0 == offerpress("send", PLAN, "--limit", "5").code
    assert 0 == offerpress("cancel", PLAN).code
    counts = offerpress("status", PLAN, "--json").json
    assert (56, 5, 51) == (counts["planned"], counts["accepted"], counts["skipped"])


@pytest.mark.usefixtures("approved")
def test_due_plans_are_sent_together(offerpress: Call) -> None:
    """`send --due` sends what is approved and whose time has come, and says so when there is none."""
    said = offerpress("send", "--due", "--json")
    assert (0, 56) == (said.code, said.json["plans"][0]["accepted"])  # type: ignore[index]
    assert "Nothing is due" in offerpress("send", "--due").err


def test_the_totals_are_those_of_the_statements(offerpress: Call) -> None:
    """A plan's sums per currency are the recipients' `to_credit`, and a suppressed partner is skipped."""
    assert 0 == offerpress("suppress", "orders@aldergrove-phones-1001.example").code
    plan = make_plan(offerpress)
    statements = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    swiss = [e["to_credit"] for s in statements for e in s["cashback"] if e["currency"] == "CHF"]
    assert {"partners": 3, "amount": "6548.34", "credit": "6548.34", "debit": "0.00"} == plan["totals"]["CHF"]  # type: ignore[index]
    assert 654834 == sum(int(amount.replace(".", "")) for amount in swiss)
    assert 1 == plan["skipped"]["suppressed"]  # type: ignore[index]
