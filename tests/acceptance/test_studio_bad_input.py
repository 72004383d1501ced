"""Bad input in the studio: each gets a sentence that says what, why and what to do, and nothing is half done."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer import SendingProcess
from offerpress.plans.staleness import ClockBehind
from offerpress.site.people import read_people
from offerpress.site.site import Site
from offerpress.studio.plans.plan_actions import begin_approval
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.sessions import Session, Sessions
from offerpress.studio.state.studio import Studio, Visit
from tests.acceptance.conftest import called
from tests.servers.studio import PASSPHRASE, Desk, Office, signed_in, small_site, started

OVER = ("--as-of", "2024-01-02")
PLAN = "hello-1.1"
PAGE = f"/plan?plan={PLAN}"


def planned(folder: Path) -> Path:
    """A small site with people and a plan by Mia."""
    site = small_site(folder)
    said = called(site, "plan", "hello", *OVER, "--by", "mia")
    assert 0 == said.code, said.err
    return site


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The site in its studio."""
    found = started(planned(tmp_path / "site"), OVER)
    yield found
    found.process.terminate()
    found.process.communicate()


def form(desk: Desk) -> dict[str, str]:
    """The form with which Finn approves, as an open page has it."""
    digest = desk.found(PAGE, 'class="digest">([^<]+)<')
    return {"plan": PLAN, "digest": digest, "total": "46.00", "passphrase": PASSPHRASE}


def kept(site: Path) -> tuple[object, ...]:
    """What an act would leave: the standing and approvals of the plan, signatures, sign-offs and who was forgotten."""
    at = Site(site, datetime.now(UTC), {})
    with at.open_outbox() as outbox:
        record = outbox.plan(PLAN)
        facts = (record, tuple(outbox.approvals(PLAN)), tuple(outbox.acts(PLAN)), outbox.counts(PLAN))
    names = ("approvals/*", "sign-offs/*", "forgotten*", "epochs.json")
    files = {path.name: path.read_bytes() for one in names for path in (site / "private").glob(one)}
    return (*facts, files)


def refused(desk: Desk, path: str, words: str, **fields: str) -> None:
    """The sentence of a refusal, after which everything is as it was."""
    text, to = desk.press(path, **fields)
    assert ("", True) == (to, words in text), text


def test_the_plan_went_stale_while_its_page_was_open(office: Office) -> None:
    """A sale that came meanwhile makes the approval say so, with the partner and what to do."""
    finn, site = signed_in(office.origin, "Finn"), office.site
    open_form, before = form(finn), kept(site)
    table = site / "data" / "sales.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("120.00", "130.00"), encoding="utf-8")
    refused(
        finn,
        "/plan/approve",
        "stale: hello-1.1: data changed, so 1 message would be others now (A-1)",
        **open_form,
    )
    assert before == kept(site)


def test_the_plan_was_settled_elsewhere_while_its_page_was_open(office: Office) -> None:
    """Approved by a command, an open form approves and rejects nothing more; cancelled, it pauses nothing."""
    finn, site = signed_in(office.origin, "Finn"), office.site
    open_form = form(finn)
    assert 0 == called(site, "approve", PLAN, "--by", "Ada").code
    before = kept(site)
    refused(finn, "/plan/approve", "It is approved already, by Ada.", **open_form)
    refused(finn, "/plan/reject", "It was approved in the meantime. Stop it instead", plan=PLAN, note="No.")
    assert before == kept(site)
    assert 0 == called(site, "cancel", PLAN, "--by", "Ada").code
    before = kept(site)
    refused(finn, "/plan/pause", "it was cancelled", plan=PLAN)
    refused(finn, "/plan/approve", "It was stopped for good. Plan the campaign again.", **open_form)
    assert before == kept(site)


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_batch(office: Office, damage: str) -> None:
    """The page of the plan says what is wrong with its mails; nothing of it is approved, tested or shown."""
    finn, site = signed_in(office.origin, "Finn"), office.site
    open_form, before = form(finn), kept(site)
    file = site / "private" / "batches" / f"{PLAN}.batch"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.unlink()
    if damage != "gone":
        file.write_bytes(data if damage == "changed" else data[: len(data) // 2])
    said = called(site, "verify")
    text = finn.ask("GET", f"/plan/mail?plan={PLAN}&partner=A-1")[0] + finn.ask("GET", PAGE)[0]
    assert "batch" in text.casefold()
    assert "Report this as a defect" not in text
    finn_words = finn.press("/plan/approve", **open_form)
    assert ("", False) == (finn_words[1], "Report this as a defect" in finn_words[0]), finn_words[0]
    mia = signed_in(office.origin, "Mia")
    tested = mia.press("/plan/test", plan=PLAN, partner="A-1", address="mia@tiny.example")
    assert "Report this as a defect" not in tested[0]
    if damage == "gone":
        assert "" == tested[1]
    assert before == kept(site)
    assert damage == "gone" or 1 == said.code


def test_another_sender_owns_the_outbox(office: Office) -> None:
    """Forgetting waits for nobody: it names the sender and does nothing. A second sender says so on Today."""
    finn, site = signed_in(office.origin, "Finn"), office.site
    for name in ("partners", "sales"):
        table = site / "data" / f"{name}.csv"
        rows = [row for row in table.read_text(encoding="utf-8").splitlines() if "B-2" not in row]
        table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    at = Site(site, datetime.now(UTC), {})
    before = kept(site)
    with at.open_outbox() as outbox, outbox.alone(SendingProcess.here(at.now.isoformat()), at.now):
        words = f"owned by process {os.getpid()} on "
        refused(finn, "/partner/forget", words, partner="B-2", typed="B-2", passphrase=PASSPHRASE)
        assert "/" == finn.act("/sending/start")
        for _ in range(100):
            text = finn.ask("GET", "/")[0]
            if "Sending stopped by itself" in text:
                break
        assert words in text or "is being sent" in text
        finn.act("/sending/stop")
    assert before == kept(site)


def test_damaged_people_let_nobody_act(office: Office) -> None:
    """Signed in or not, nobody acts; the sentence names the way out, and a repaired file lets all go on."""
    finn, site = signed_in(office.origin, "Finn"), office.site
    open_form, before = form(finn), kept(site)
    token = finn.found("/history", 'name="form_token" value="([^"]+)"')
    file = site / "private" / "people"
    sound = file.read_bytes()
    for damaged in (b"{", b"", sound.replace(b'"roles"', b'"role"'), sound[: len(sound) // 2]):
        file.write_bytes(damaged)
        for method, path in (("GET", "/"), ("POST", "/plan/approve"), ("POST", "/sign-in")):
            fields = open_form | {"form_token": token} if method == "POST" else {}
            text, to = finn.ask(method, path, **fields)
            assert ("", True) == (to, "restore it from a backup, or delete it and start" in text), text
        assert damaged == file.read_bytes()
    file.write_bytes(sound)
    assert before == kept(site)
    assert PAGE == finn.act("/plan/approve", **open_form)


def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """An hour before the plan was made nobody approves it: the sentence names both times."""
    folder = planned(tmp_path / "site")
    early = datetime.now(UTC) - timedelta(hours=1)
    site = Site(folder, early, {})
    studio = Studio(lambda: site, FiguresReader(lambda: site), Sessions(str), str)
    session = Session("finn", "token", early, early)
    with site.open_batch(PLAN) as batch:
        fields = {"plan": PLAN, "digest": batch.digest, "total": "46.00"}
    before = kept(folder)
    with pytest.raises(
        ClockBehind, match=r"the plan was made at .*, and this machine shows .*; set the clock right"
    ):
        begin_approval(Visit(studio, site, read_people(site)["finn"], session, fields))
    assert before == kept(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small disk is not permitted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    """Each act says that there is no room and does nothing; with room again the same press does it."""
    site = Path(shutil.copytree(planned(tmp_path / "site"), small_disk / "site"))
    office = started(site, OVER)
    try:
        finn, ada = signed_in(office.origin, "Finn"), signed_in(office.origin, "Ada")
        open_form = form(finn)
        token = ada.found("/history", 'name="form_token" value="([^"]+)"')
        mine = finn.found("/history", 'name="form_token" value="([^"]+)"')
        before = kept(site)
        filler = small_disk / "filler"
        fill(filler)
        acts = (
            (finn, "/plan/approve", open_form | {"form_token": mine}),
            (finn, "/plan/pause", {"plan": PLAN, "form_token": mine}),
            (finn, "/plan/reject", {"plan": PLAN, "note": "No.", "form_token": mine}),
            (ada, "/partner/revoke", {"partner": "A-1", "form_token": token}),
            (ada, "/partner/suppress", {"partner": "A-1", "reason": "So.", "form_token": token}),
            (ada, "/finance/sign-off", {"offer": "year", "passphrase": PASSPHRASE, "form_token": token}),
        )
        for desk, path, fields in acts:
            text, to = desk.ask("POST", path, **fields)
            assert ("", True) == (to, "Not done" in text), (path, to, text)
            assert "Report this as a defect" not in text, text
            assert any(word in text for word in ("No space left", "disk is full", "disk")), text
        filler.unlink()
        assert before == kept(site)
        assert PAGE == finn.act("/plan/approve", **open_form)
        assert "approved a plan" in finn.ask("GET", "/history")[0]
    finally:
        office.process.terminate()
        office.process.communicate()


def fill(file: Path) -> None:
    """Take all room that is left."""
    with file.open("wb", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue
