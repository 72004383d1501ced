"""Suppressions out and in as CSV, what they hold back, and what a mailbox and a relay's log bring."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from offerpress.site.keys import SiteKeys
from tests.acceptance.conftest import PLAN, SECRET, Call
from tests.servers.imap import imap_server
from tests.servers.provider import Answer, provider

SAMPLES = Path(__file__).resolve().parents[1] / "mailer" / "events" / "returned"


@pytest.fixture
def batch(sent: Path) -> Batch:
    """A plan that was sent to everybody."""
    return Batch.open(sent / "private" / "batches" / f"{PLAN}.batch")


def listed(offerpress: Call) -> dict[str, str]:
    """The reason of each suppression, by its address."""
    found = offerpress("suppressions", "--json").json["suppressions"]
    assert isinstance(found, list)
    return {one["address"]: one["reason"] for one in found}


def sample(name: str, batch: Batch, partner: str) -> bytes:
    """What a mail system returns of a partner's message."""
    address = batch.message(partner).to_address
    text = (SAMPLES / f"{name}.eml").read_text(encoding="utf-8").replace("{KEY}", batch.key(partner))
    return text.replace("{ADDRESS}", address).replace("{HOST}", address.partition("@")[2]).encode()


def test_suppressions_go_out_and_come_in_again(site: Path, offerpress: Call) -> None:
    """With reason, source and date; a formula is only text, and a second import changes nothing."""
    for address, reason in (("=sum@x.example", "bounced"), ("jo@x.example", "unsubscribed")):
        assert 0 == offerpress("suppress", address, "--reason", reason, "--source", "+the office").code
    out = offerpress("suppressions", "--csv").out
    assert out.startswith("address,reason,source,since\r\n'=sum@x.example,bounced,'+the office,2")
    (site / "list.csv").write_text(out, encoding="utf-8", newline="")
    before = offerpress("suppressions", "--json").json
    for address in ("=sum@x.example", "jo@x.example"):
        assert 0 == offerpress("unsuppress", address).code
    for _ in range(2):
        assert 0 == offerpress("suppress", "--import", "list.csv").code
        assert before == offerpress("suppressions", "--json").json


def test_another_systems_list_is_taken_over(site: Path, offerpress: Call) -> None:
    """The address alone is needed; every fault is told, and then nothing is taken."""
    file = site / "theirs.csv"
    file.write_text("id,address,since\n1,Ann@x.example,2021-05-01\n2,bo@x.example,\n", encoding="utf-8")
    assert 0 == offerpress("suppress", "--import", "theirs.csv").code
    assert {"Ann@x.example": "manual", "bo@x.example": "manual"} == listed(offerpress)
    assert "2021-05-01T00:00:00.000000Z" in offerpress("suppressions", "--csv").out
    file.write_text("address,reason,since\ncy@x.example,bored,soon\nnobody,,\n", encoding="utf-8")
    refused = offerpress("suppress", "--import", "theirs.csv")
    assert (1, 3) == (refused.code, refused.err.count("fault: "))
    assert 2 == len(listed(offerpress))
    file.write_text("mail\njo@x.example\n", encoding="utf-8")
    assert "no column 'address'" in offerpress("suppress", "--import", "theirs.csv").err
    assert [2, 2] == [
        offerpress("suppress").code,
        offerpress("suppress", "a@x.example", "--import", "theirs.csv").code,
    ]


def test_a_maildir_of_bounces(site: Path, batch: Batch, offerpress: Call) -> None:
    """The right addresses are suppressed, read messages marked, and what is for a person stays unread."""
    one, other, third = list(batch.partner_ids())[:3]
    folder = site / "bounces"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    forged = sample("postfix", batch, third).replace(batch.key(third).encode(), b"0" * 40)
    messages = {
        "1": sample("postfix", batch, one),
        "2": sample("qmail", batch, other),
        "3": sample("reply-vacation", batch, third),
        "4": sample("none-postfix-delayed", batch, third),
        "5": forged,
        "6": sample("other-answer", batch, third),
        "7": sample("complaint", batch, third).replace(batch.key(third).encode(), batch.key(one).encode()),
    }
    for name, content in messages.items():
        (folder / "new" / name).write_bytes(content)
    done = offerpress("bounces", "--maildir", "bounces", "--json")
    counted = {name: done.json[name] for name in ("reports", "replies", "unmatched", "other", "suppressed")}
    assert {"reports": 4, "replies": 1, "unmatched": 1, "other": 1, "suppressed": 3} == counted
    expected = {batch.message(partner).to_address.casefold() for partner in (one, other)}
    assert expected == {address.casefold() for address in listed(offerpress)}
    assert ["5", "6"] == sorted(file.name for file in (folder / "new").iterdir())
    assert ["1:2,S", "2:2,S", "3:2,S", "4:2,S", "7:2,S"] == sorted(
        file.name for file in (folder / "cur").iterdir()
    )
    again = offerpress("bounces", "--maildir", "bounces", "--json").json
    assert (0, 1, 1) == (again["new"], again["unmatched"], again["other"])
    status = offerpress("status", PLAN, "--json").json
    assert (1, 1, 1) == (status["complained"], status["bounced"], status["deferred"])


def test_a_mailbox_on_a_real_imap_server(batch: Batch, offerpress: Call, tmp_path: Path) -> None:
    """Bounces and unsubscriptions are marked as seen, the rest is left; a wrong password is told without it."""
    one, other, third = list(batch.partner_ids())[:3]
    token = SiteKeys(bytes.fromhex(SECRET)).tokens.token(batch.key(other))
    leaving = f"From: jo@x.example\r\nSubject: unsubscribe {token}\r\n\r\n".encode()
    with imap_server(tmp_path / "imap") as server:
        for content in (sample("exim", batch, one), leaving, sample("other-answer", batch, third)):
            server.put(content)
        first = offerpress("bounces", "--json", OFFERPRESS_IMAP_URL=server.url)
        assert (2, 1, 2) == (first.json["reports"], first.json["other"], first.json["suppressed"])
        assert 1 == len(server.unseen())
        assert 0 == offerpress("bounces", "--json").json["reports"]
        refused = offerpress("bounces", OFFERPRESS_IMAP_URL=server.url.replace(":secret@", ":wrong-pass@"))
        assert (1, False) == (refused.code, "wrong-pass" in refused.err)
        assert "mailbox: imap://127.0.0.1: cannot be opened" in refused.err
    assert {"bounced", "unsubscribed"} == set(listed(offerpress).values())


def test_a_mailbox_must_be_named(site: Path, offerpress: Call) -> None:
    """A Maildir that is none, or no mailbox at all, is said with a remedy."""
    (site / "folder").mkdir()
    assert "is no Maildir" in offerpress("bounces", "--maildir", "folder").err
    assert "name a Maildir with --maildir" in offerpress("bounces", OFFERPRESS_IMAP_URL="").err
    assert "write imaps://" in offerpress("bounces", OFFERPRESS_IMAP_URL="imap://u:p@mail.example/").err


def test_a_relays_log_settles_what_is_unknown(approved: Path, offerpress: Call) -> None:
    """By evidence alone: who is not in the log stays unknown."""
    site = approved
    with Batch.open(site / "private" / "batches" / f"{PLAN}.batch") as batch:
        partners = list(batch.partner_ids())
        one = partners[0]
        key, address = batch.key(one), batch.message(one).to_address
    with provider(Answer(408)) as server:
        keys = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": server.base_url}
        assert 1 == offerpress("send", PLAN, "--transport", "sendgrid", "--limit", "2", **keys).code
    day = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    (site / "mail.log").write_text(
        f"{day}:01.1+00:00 relay postfix/cleanup[8]: 4Tq2Xk1zZ9z1: message-id=<{key}@ostrabell.example>\n"
        f"{day}:01.2+00:00 relay postfix/qmgr[9]: 4Tq2Xk1zZ9z1: from=<x@y.example>, size=9, nrcpt=1 (queue active)\n"
        f"{day}:02.1+00:00 relay postfix/smtp[10]: 4Tq2Xk1zZ9z1: to=<{address}>, relay=r.example[192.0.2.1]:25, "
        "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n",
        encoding="utf-8",
    )
    said = offerpress("resolve", "--postfix-log", "mail.log")
    assert (1, True) == (said.code, "1 notice proved to be accepted" in said.err)
    status = offerpress("status", PLAN, "--json").json
    assert (1, 1, 1) == (status["accepted"], status["unknown"], status["delivered"])
    assert 2 == offerpress("resolve", "--postfix-log", "mail.log", "--by", "Finn").code
    assert 2 == offerpress("resolve", PLAN, one).code
