"""The studio killed while it plans, approves and sends: nothing is sent twice, nothing half approved, no line lost."""

import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from _pytest.mark.structures import ParameterSet

from offerpress.site.people import HistoryEntry, append_history, read_history
from offerpress.site.site import Site
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.deeds import mend_history, told_history
from offerpress.studio.state.sessions import Sessions
from offerpress.studio.state.studio import BEGAN, NOTED, Studio
from tests.acceptance.conftest import AS_OF, called
from tests.servers.studio import PASSPHRASE, Office, planned, signed_in, small_site, started

TOTAL = "46.00"
SHARE = min(1.0, int(os.environ.get("SEEDS", "64")) / 64)
"""Continuous integration tries a part of all seeds, here as in `tests.chaos`."""


def seeds(every: int) -> list[ParameterSet]:
    """Two moments of a kill for every run, and the others for the long one."""
    return [
        pytest.param(n, marks=pytest.mark.long if n > 1 else ()) for n in range(max(2, round(every * SHARE)))
    ]


def campaign(office: Office) -> None:
    """Mia plans, Finn approves and sends; each step only where it is still open."""
    mia, finn = (signed_in(office.origin, name) for name in ("Mia", "Finn"))
    plan = next(iter(plans(office.site)), "")
    if not plan:
        plan = parse_qs(urlsplit(planned(mia, "hello")).query)["plan"][0]
    page = f"/plan?plan={plan}"
    text, _ = finn.ask("GET", page)
    assert f"<h1>{plan}</h1>" in text, text
    if "by another person than the maker" in text:
        digest = finn.found(page, 'class="digest">([^<]+)<')
        said, to = finn.press("/plan/approve", plan=plan, digest=digest, total=TOTAL, passphrase=PASSPHRASE)
        assert to, said
    finn.act("/sending/start")
    for _ in range(1800):  # the sender is a process, which a busy machine starts late
        time.sleep(0.1)
        if office.process.poll() is not None or "data-word>Done<" in finn.ask("GET", page)[0]:
            return
    pytest.fail(finn.ask("GET", "/")[0])


def plans(site: Path) -> list[str]:
    """The plans that the outbox knows."""
    rows = (
        called(site, "status", "--json").json["plans"]
        if (site / "private" / "outbox.sqlite").exists()
        else []
    )
    assert isinstance(rows, list)
    return [str(one["plan"]) for one in rows]


def mails(site: Path) -> list[Path]:
    """The mails in the folder, which stands for the provider."""
    folder = site / "private" / "mail" / "new"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def deeds(site: Path) -> Counter[tuple[str, str, str]]:
    """What the outbox says that the two did."""
    at = Site(site, datetime.now(UTC), {})
    found: Counter[tuple[str, str, str]] = Counter()
    with at.open_outbox() as outbox:
        for record in outbox.plans():
            found[(record.made_by, "made a plan", record.plan)] += 1
            given = outbox.approvals(record.plan)
            assert {record.digest} >= {one.digest for one in given}
            found.update((one.by, "approved a plan", record.plan) for one in given)
    return found


def lines(site: Path) -> Counter[tuple[str, str, str]]:
    """The lines of the history about these actions."""
    text = (site / "private" / "history").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return Counter(
        (one["person"], one["action"], one["subject"])
        for one in rows
        if one["action"] in {"made a plan", "approved a plan"}
    )


@pytest.mark.parametrize("seed", seeds(20))
def test_a_killed_studio_leaves_nothing_half_done(tmp_path: Path, seed: int) -> None:
    """After the kill a new studio goes on: each partner has one mail, and history and outbox agree."""
    site = small_site(tmp_path / "site")
    first = started(site)
    work = threading.Thread(target=lambda: _until_the_end(first, campaign), daemon=True)
    work.start()
    time.sleep(Random(seed).uniform(0, 4))
    first.process.kill()
    first.process.communicate()
    work.join(120)  # its last request ends with the studio
    second = started(site)
    try:
        campaign(second)
        finn = signed_in(second.origin, "Finn")
        finn.ask("GET", "/history")
        finn.act("/sending/stop")
    finally:
        second.process.terminate()
        second.process.communicate()
    assert 2 == len(mails(site))
    assert deeds(site) == lines(site)
    said = called(site, "verify")
    assert 0 == said.code, said.out + said.err


def test_a_lost_line_of_the_history_is_added(tmp_path: Path) -> None:
    """What the outbox holds of people of the studio and the history lacks is added once; a rejection keeps its note."""
    folder = small_site(tmp_path / "site")
    site = Site(folder, datetime.now(UTC), {})
    for words in (("plan", "hello", *AS_OF, "--by", "mia"), ("cancel", "hello-1.1", "--by", "finn")):
        assert 0 == called(folder, *words).code
    append_history(site, HistoryEntry("", "finn", "Finn", NOTED, "hello-1.1", note="Say it shorter."))
    studio = Studio(lambda: site, FiguresReader(lambda: site), Sessions(str), str)
    assert (2, 0) == (mend_history(studio, site), mend_history(studio, site))
    assert [("finn", "rejected a plan", "Say it shorter."), ("mia", "made a plan", "")] == [
        (one.person, one.action, one.note) for one in read_history(site) if one.action != NOTED
    ]


def everything_else(office: Office) -> None:
    """What leaves no name in the outbox: a test mail, a suppression, a new link, a sign-off, and forgetting."""
    finn, ada = (signed_in(office.origin, name) for name in ("Finn", "Ada"))
    finn.act("/plan/test", plan="hello-1.1", partner="A-1", address="finn@tiny.example")
    ada.act("/partner/suppress", partner="A-1", reason="They asked.")
    ada.act("/partner/revoke", partner="A-1")
    ada.act("/finance/sign-off", offer="year", passphrase=PASSPHRASE)
    finn.act("/partner/forget", partner="B-2", typed="B-2", passphrase=PASSPHRASE)


def without(site: Path, partner: str) -> None:
    """Take a partner out of the data."""
    for name in ("partners", "sales"):
        table = site / "data" / f"{name}.csv"
        rows = [row for row in table.read_text(encoding="utf-8").splitlines() if partner not in row]
        table.write_text("\n".join(rows) + "\n", encoding="utf-8")


def done(site: Path) -> Counter[str]:
    """What was done, by the traces that each action itself leaves."""
    private = site / "private"
    epochs, forgotten = private / "epochs.json", private / "forgotten.json"
    found = Counter({"sent a test mail": len(mails(site))})
    found["suppressed an address"] = called(site, "suppressions", "--csv").out.count("alder@alder.example")
    found["revoked a private link"] = json.loads(epochs.read_text())["A-1"] if epochs.is_file() else 0
    found["signed off a journal"] = len([*(private / "sign-offs").glob("*.json")])
    rows = json.loads(forgotten.read_text(encoding="utf-8")) if forgotten.is_file() else []
    found["forgot a partner"] = sum(bool(one["erased"]) for one in rows)
    return +found


@pytest.mark.parametrize("seed", seeds(10))
def test_no_action_is_without_a_line(tmp_path: Path, seed: int) -> None:
    """After the kill the history tells of everything that was done, and of nothing that was not as if it were."""
    site, over = small_site(tmp_path / "site"), ("--as-of", "2024-01-02")
    assert 0 == called(site, "plan", "hello", *over, "--by", "mia").code
    without(site, "B-2")
    first = started(site, over)
    work = threading.Thread(target=lambda: _until_the_end(first, everything_else), daemon=True)
    work.start()
    time.sleep(Random(seed).uniform(0.5, 5))
    first.process.kill()
    first.process.communicate()
    work.join(120)  # its last request ends with the studio
    second = started(site, over)
    try:
        signed_in(second.origin, "Finn").ask("GET", "/history")
    finally:
        second.process.terminate()
        second.process.communicate()
    told = told_history(read_history(Site(site, datetime.now(UTC), {})))
    certain = Counter(one.action for one in told)
    possible = certain + Counter(
        one.action.removeprefix(BEGAN) for one in told if one.action.startswith(BEGAN)
    )
    did = done(site)
    assert did <= possible
    assert Counter({action: certain[action] for action in did}) <= did


def test_two_studios_add_a_lost_line_once(tmp_path: Path) -> None:
    """However many studios look at once, each lost line is added once."""
    folder = small_site(tmp_path / "site")
    assert 0 == called(folder, "plan", "hello", *AS_OF, "--by", "mia").code

    def look() -> None:
        site = Site(folder, datetime.now(UTC), {})
        gate.wait()
        mend_history(Studio(lambda: site, FiguresReader(lambda: site), Sessions(str), str), site)

    gate = threading.Barrier(6)
    looking = [threading.Thread(target=look) for _ in range(6)]
    for one in looking:
        one.start()
    for one in looking:
        one.join()
    assert 1 == len(read_history(Site(folder, datetime.now(UTC), {})))


def _until_the_end(office: Office, act: Callable[[Office], None]) -> None:
    with suppress(OSError, http.client.HTTPException, AssertionError, KeyError):  # the studio was killed
        act(office)
