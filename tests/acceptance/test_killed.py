"""The installed `send`, killed at seeded random moments while a real mail server counts what it took."""

import json
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from tests.acceptance.conftest import AS_OF, PLAN, Call, called, copy_sample, finished, installed
from tests.servers.mail import Recorder, recording_server

NOTICES = 56
SMALL_GROUPS = "\n[mail.group]\nsize = 3\n"
SETTLED = (Status.ACCEPTED, Status.READY, Status.UNKNOWN)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample site with an approved plan, and groups so small that a kill leaves most of it ready."""
    folder = copy_sample(tmp_path_factory.mktemp("prepared"))
    settings = folder / "offerpress.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + SMALL_GROUPS, encoding="utf-8")
    for call in (("plan", "year-end-credit", *AS_OF, "--by", "Mia"), ("approve", PLAN, "--by", "Finn")):
        assert 0 == called(folder, *call).code
    return folder


@pytest.fixture
def approved(site: Path, prepared: Path) -> Path:
    """A copy of it, on which `offerpress` works."""
    shutil.copytree(prepared, site, dirs_exist_ok=True)
    return site


@pytest.fixture
def server() -> Iterator[tuple[Recorder, str]]:
    """A real mail server that takes 10 ms for a message: what it took, and its address."""
    recorder = Recorder(pause=0.01)
    with recording_server(recorder) as port:
        yield recorder, f"smtp://127.0.0.1:{port}"


class Judge:
    """Compares what the server counted with what the outbox of a site says."""

    def __init__(self, site: Path, recorder: Recorder) -> None:
        self.recorder = recorder
        self._outbox = site / "private" / "outbox.sqlite"
        with Batch.open(site / "private" / "batches" / f"{PLAN}.batch") as batch:
            self.partners = {batch.frozen(partner).message_id: partner for partner in batch.partner_ids()}

    def at(self, *statuses: Status) -> set[str]:
        """The partners whose notices stand at one of these."""
        with Outbox.open(self._outbox) as outbox:
            return {one.partner_id for status in statuses for one in outbox.notices_at(PLAN, status)}

    def check(self, *mid_air: Status) -> None:
        """Nobody was handed a notice twice; each stands where the truth allows, or is `mid_air` of a dead sender."""
        taken = Counter(self.partners[message_id] for message_id in self.recorder.message_ids)
        assert {partner: times for partner, times in taken.items() if times > 1} == {}
        assert self.at(*SETTLED, *mid_air) == set(self.partners.values())
        assert set(taken) <= self.at(Status.ACCEPTED, Status.UNKNOWN, *mid_air)
        assert self.at(Status.ACCEPTED) <= set(taken)


def start(site: Path, url: str, *options: str) -> subprocess.Popen[str]:
    """The installed `send`, with the server as its way."""
    environment = {"OFFERPRESS_SMTP_URL": url}
    return installed(site, "send", PLAN, "--transport", "smtp", *options, environment=environment)


def wait_for(process: subprocess.Popen[str], recorder: Recorder, count: int) -> None:
    """Until the server took `count` messages or the sender has ended."""
    while len(recorder.message_ids) < count and process.poll() is None:
        time.sleep(0.002)


def kill(process: subprocess.Popen[str], recorder: Recorder, chance: random.Random) -> None:
    """SIGKILL at a random moment: while it starts, or some milliseconds after it handed over some messages."""
    if chance.random() < 0.25:
        time.sleep(chance.uniform(0.1, 1.0))
    else:
        wait_for(process, recorder, len(recorder.message_ids) + chance.randint(1, 5))
        time.sleep(chance.uniform(0.0, 0.03))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2, 3))])
def test_no_kill_leads_to_a_second_acceptance(
    seed: int, approved: Path, offerpress: Call, server: tuple[Recorder, str]
) -> None:
    """Some kills each, then one run to the end: the server's own count of Message-IDs is the judge.

    What a dead sender had on its way is unknown as soon as the next one looks, and is handed to nobody again.
    """
    chance = random.Random(seed)
    recorder, url = server
    judge = Judge(approved, recorder)
    for _ in range(5):
        kill(start(approved, url), recorder, chance)
        judge.check(Status.SENDING)
        offerpress("send", PLAN, "--transport", "smtp", "--limit", "0", OFFERPRESS_SMTP_URL=url)
        judge.check()
    said = finished(start(approved, url))
    judge.check()
    counts = offerpress("status", PLAN, "--json").json
    assert (NOTICES, 0, 0) == (counts["planned"], counts["ready"], counts["sending"])
    assert judge.at(Status.UNKNOWN), "no kill hit a notice on its way"
    assert 1 == said.code
    again = finished(start(approved, url, "--json"))
    assert [0] == [one["accepted"] for one in json.loads(again.out)["plans"]]
    judge.check()


def test_a_person_settles_what_a_kill_left_unknown(
    approved: Path, offerpress: Call, server: tuple[Recorder, str]
) -> None:
    """After `resend` of what the server lacks and `give-up` of what it has, everybody has exactly one notice."""
    recorder, url = server
    judge = Judge(approved, recorder)
    process = start(approved, url)
    wait_for(process, recorder, 10)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)
    offerpress("send", PLAN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url)
    taken = {judge.partners[message_id] for message_id in recorder.message_ids}
    for partner in sorted(judge.at(Status.UNKNOWN)):
        decision = "give-up" if partner in taken else "resend"
        said = offerpress("resolve", PLAN, partner, decision, "--by", "Finn", "--reason", "the server's log")
        assert 0 == said.code, said.err
    said = offerpress("send", PLAN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url)
    assert 0 == said.code, said.err
    assert Counter(recorder.message_ids) == Counter(judge.partners.keys())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_stop_leaves_nothing_unknown(
    number: signal.Signals, approved: Path, server: tuple[Recorder, str]
) -> None:
    """Ctrl-C lets the sender record what it handed over, say where it stands in one line, and exit 1."""
    recorder, url = server
    judge = Judge(approved, recorder)
    process = start(approved, url)
    wait_for(process, recorder, 5)
    process.send_signal(number)
    said = finished(process)
    taken = {judge.partners[message_id] for message_id in recorder.message_ids}
    assert (1, "") == (said.code, said.out)
    assert [f"{PLAN}: {len(taken)} accepted"] == [line.partition(",")[0] for line in said.err.splitlines()]
    assert "asked to stop" in said.err
    assert taken == judge.at(Status.ACCEPTED)
    assert set() == judge.at(Status.UNKNOWN, Status.SENDING)
    assert 5 <= len(taken) < NOTICES


def test_a_second_sender_is_turned_away(
    approved: Path, offerpress: Call, server: tuple[Recorder, str]
) -> None:
    """While one process sends, another is refused with the first one's process id, and hands over nothing."""
    recorder, url = server
    judge = Judge(approved, recorder)
    process = start(approved, url)
    wait_for(process, recorder, 1)
    process.send_signal(signal.SIGSTOP)
    said = offerpress("send", PLAN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url)
    process.send_signal(signal.SIGCONT)
    assert (1, True) == (said.code, f"process {process.pid}" in said.err)
    assert 0 == finished(process).code
    judge.check()
    assert NOTICES == len(recorder.message_ids)
