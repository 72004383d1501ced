"""The service for providers and mail programs, as it is installed, over loopback."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mailer.batch.batch import Batch
from mailer.batch.unsubscribe import UnsubscribeTokens
from mailer.events.events import EventKind
from mailer.outbox.outbox import Outbox
from tests.acceptance.conftest import AS_OF, Call, copy_sample, installed
from tests.servers.provider_events import SIGNATURE, EventDouble, Told, request

PLAN = "thank-you-1.1"
URL = "https://hooks.ostrabell.example/unsubscribe"
CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The sample site, whose announcements are left by one click."""
    folder = tmp_path / "site"
    folder.mkdir()
    copy_sample(folder)
    file = folder / "offerpress.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("[mail.unsubscribe]\n", f'[mail.unsubscribe]\nurl = "{URL}"\n'), encoding="utf-8"
    )
    return folder


@pytest.fixture
def batch(site: Path, offerpress: Call) -> Iterator[Batch]:
    """An announcement that was sent to everybody."""
    assert 0 == offerpress("plan", "thank-you", *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    sent = offerpress("send", PLAN, "--transport", "folder")
    assert 0 == sent.code, sent.err
    with Batch.open(site / "private" / "batches" / f"{PLAN}.batch") as opened:
        yield opened


@contextmanager
def hooks(site: Path, key: str = "") -> Iterator[str]:
    """The address of the installed command at work; it must stop at SIGTERM without a word of error."""
    process = installed(site, "hooks", "--port", "0", environment={"SENDGRID_WEBHOOK_KEY": key})
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        yield next(found[0] for line in lines if (found := re.search(r"http://\S+", line)))
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=120)
    assert 0 == process.returncode, said
    assert "Traceback" not in said


def health(url: str) -> dict[str, dict[str, int]]:
    """What the service tells of itself."""
    answer: dict[str, dict[str, int]] = json.loads(request(url, "GET", "/health")[1])
    return answer


def told(batch: Batch, partner: str, event: str, timestamp: int, **more: object) -> Told:
    """An event about a partner's notice."""
    own = {
        "email": batch.message(partner).to_address,
        "offerpress_notice": batch.key(partner),
        "event": event,
    }
    return {**own, "timestamp": timestamp, **more}


def left(site: Path) -> dict[str, str]:
    """The reason of each suppression, by its address."""
    with Outbox.open(site / "private" / "outbox.sqlite") as outbox:
        return {one.address: one.reason for one in outbox.suppressions()}


def results(site: Path) -> dict[EventKind, int]:
    """What became of the plan's notices, as far as anything did."""
    with Outbox.open(site / "private" / "outbox.sqlite") as outbox:
        return {kind: number for kind, number in outbox.delivery_results(PLAN).items() if number}


def way_out(batch: Batch, partner: str) -> str:
    """The path and query by which a partner's message unsubscribes."""
    headers = dict(batch.message(partner).headers)
    assert "List-Unsubscribe=One-Click" == headers["List-Unsubscribe-Post"]
    found = re.match(rf"<{re.escape(URL)}(\?token=[\w-]+)>", headers["List-Unsubscribe"])
    assert found is not None
    return f"/unsubscribe{found[1]}"


def test_signed_events_are_taken_in_and_nothing_else(site: Path, batch: Batch) -> None:
    """A wrong signature, an old timestamp, and a body too large, too deep or damaged change nothing and are counted."""
    double, now = EventDouble(), int(time.time())
    first, second = list(batch.partner_ids())[:2]
    events = [
        told(batch, first, "delivered", now),
        told(batch, second, "bounce", now, status="5.1.1", type="bounce", reason="550 no such user"),
    ]
    body = json.dumps(events).encode()
    forged = {**double.headers(body, now), SIGNATURE: EventDouble().headers(body, now)[SIGNATURE]}
    with hooks(site, double.public_key) as url:
        path = ("POST", "/events/sendgrid")
        assert 403 == request(url, *path, body, forged)[0]
        assert 403 == double.post(url, events, now - 3600)
        large = json.dumps([{**events[1], "padding": "x" * 10_000_000}]).encode()
        assert 413 == request(url, *path, large, double.headers(large, now))[0]
        pieces = (large[at : at + 65536] for at in range(0, len(large), 65536))
        chunked = {**double.headers(large, now), "Transfer-Encoding": "chunked"}
        assert 413 == request(url, *path, pieces, chunked)[0]
        deep = b"[" * 200_000
        assert 400 == request(url, *path, deep, double.headers(deep, now))[0]
        assert ({}, {}) == (results(site), left(site))
        half = {**events[0], "reason": "\ud83d"}  # half of a surrogate pair, which no database holds
        assert 204 == double.post(url, [half], now)
        for shift in range(46):
            again = [{**one, "sg_event_id": f"{shift}"} for one in (events if shift % 2 else events[::-1])]
            assert 204 == double.post(url, again, now)
        counted = health(url)
    refused = {"signature": 1, "timestamp": 1, "size": 2, "unreadable": 1, "damaged event": 1}
    assert refused == counted["refused"]
    assert (2, 90) == (counted["events"]["new"], counted["events"]["repeated"])
    assert {EventKind.DELIVERED: 1, EventKind.BOUNCED: 1} == results(site)
    assert {batch.message(second).to_address: "bounced"} == left(site)


def test_what_mail_programs_post_unsubscribes(site: Path, batch: Batch, offerpress: Call) -> None:
    """In both forms of RFC 8058; looking at the address, as scanners do, unsubscribes nobody."""
    one, other, third = list(batch.partner_ids())[:3]
    part = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    with hooks(site) as url:
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            assert request(url, method, way_out(batch, third))[0] in {200, 405}
        assert 400 == request(url, "POST", way_out(batch, third), b"", FORM)[0]
        assert {} == left(site)
        assert 200 == request(url, "POST", way_out(batch, one), CLICK, FORM)[0]
        multipart = {"Content-Type": "multipart/form-data; boundary=b"}
        assert 200 == request(url, "POST", way_out(batch, other), part, multipart)[0]
    expected = {batch.message(partner).to_address.casefold(): "unsubscribed" for partner in (one, other)}
    assert expected == left(site)
    assert 2 == offerpress("status", PLAN, "--json").json["unsubscribed"]


def test_forged_and_foreign_tokens_do_nothing(site: Path, batch: Batch) -> None:
    """Nor does an address without one, nor an event without a key to believe it by."""
    partner = next(batch.partner_ids())
    key, now = batch.key(partner), int(time.time())
    foreign = UnsubscribeTokens([b"another site's secret"]).token(key)
    good = way_out(batch, partner)
    with hooks(site) as url:
        for token in (foreign, key, "", good[-44:-1] + ("A" if good[-1] != "A" else "B"), "x" * 5000):
            assert 404 == request(url, "POST", f"/unsubscribe?token={token}", CLICK, FORM)[0]
        assert 404 == request(url, "GET", f"/unsubscribe?token={foreign}")[0]
        assert 404 == EventDouble().post(url, [told(batch, partner, "spamreport", now)], now)
        assert 413 == request(url, "POST", good, CLICK + b"&x=" + b"y" * 5000, FORM)[0]
        refused = health(url)["refused"]
    assert {"token": 5, "not set up": 1, "size": 1} == refused
    assert {} == left(site)


def test_a_person_unsubscribes_in_the_browser(site: Path, batch: Batch, browser: Browser) -> None:
    """The address in the message shows a page in the reader's language, and its button unsubscribes."""
    partner = next(batch.partner_ids())
    assert f"{URL}?token=" in batch.message(partner).html
    assert f"{URL}?token=" in batch.message(partner).text
    with hooks(site) as url:
        page = browser.new_page(locale="de-AT")
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(url + way_out(batch, partner))
        assert "de" == page.get_attribute("html", "lang")
        assert {} == left(site)
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("heading", name="Sie sind abgemeldet").wait_for()
        page.close()
    assert [] == [text for text in said if "Content Security" in text or "Refused" in text]
    assert {batch.message(partner).to_address.casefold(): "unsubscribed"} == left(site)


def test_the_service_needs_no_ledger(site: Path) -> None:
    """It starts without DuckDB: only what shows the page and keeps the outbox is loaded."""
    code = "import sys, offerpress.hooks.service; print('_duckdb' in sys.modules, 'ledger.database' in sys.modules)"
    python = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=site,
    )
    assert "False False\n" == python.stdout


def test_events_from_a_file(site: Path, batch: Batch, offerpress: Call) -> None:
    """What the webhook would have brought; damaged ones are counted and keep nothing else out."""
    partner = next(batch.partner_ids())
    file = site / "events.json"
    file.write_text(
        json.dumps([told(batch, partner, "delivered", 1_704_024_000), {"event": 7}]), encoding="utf-8"
    )
    first = offerpress("events", "events.json", "--json")
    assert (1, 1, 1) == (first.code, first.json["new"], first.json["damaged"])
    assert 1 == offerpress("events", "events.json", "--json").json["repeated"]
    status = offerpress("status", PLAN)
    assert f"{PLAN}: of the accepted: 1 delivered" in status.out
    file.write_text("no events", encoding="utf-8")
    refused = offerpress("events", "events.json")
    assert (1, True) == (refused.code, refused.err.startswith("error: no events: events.json:"))
