"""Senders that are really killed, at seeded random moments, while a real server takes the mail."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from tests.samples.mail import NOW, PLAN, approved, notice
from tests.servers.mail import Recorder, recording_server

SENDER = Path(__file__).with_name("kill_sender.py")
COUNT = 240
GROUP_AND_CONNECTIONS = 8 + 2


@pytest.fixture
def batch(file_outbox: Outbox, tmp_path: Path, request: pytest.FixtureRequest) -> Batch:
    """An approved plan that is too large to be sent between the kills; a parameter says how large."""
    count = int(getattr(request, "param", COUNT))
    made = (notice(number, html=f"<p>{number}</p>", attachments=()) for number in range(1, count + 1))
    return approved(file_outbox, tmp_path, made)


@contextmanager
def sender(outbox: Outbox, batch: Batch, port: int) -> Iterator[subprocess.Popen[str]]:
    """A sender in a process of its own, which has begun."""
    command = [sys.executable, str(SENDER), outbox.name, str(batch.file), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process


def partners_at(outbox: Outbox, *statuses: Status) -> set[str]:
    """The partners whose notices stand at these statuses."""
    return {one.partner_id for status in statuses for one in outbox.notices_at(PLAN, status)}


def accepted_by(recorder: Recorder, batch: Batch) -> Counter[str]:
    """How often the server took the message to each partner, by its own count of Message-IDs."""
    partners = {batch.frozen(partner_id).message_id: partner_id for partner_id in batch.partner_ids()}
    return Counter(partners[message_id] for message_id in recorder.message_ids)


@pytest.mark.parametrize(
    ("kills", "batch"), [(5, COUNT), pytest.param(20, 420, marks=pytest.mark.long)], indirect=["batch"]
)
def test_no_kill_leads_to_a_second_acceptance(file_outbox: Outbox, batch: Batch, kills: int) -> None:
    """The server's own count is the judge: never two, and whatever it took is accepted or unknown.

    After each kill every partner stands where the truth allows; sending on settles the rest, a person the unknown.
    """
    chance = random.Random(20231231)
    recorder = Recorder(pause=0.002)
    with recording_server(recorder) as port:
        for kill in range(1, kills + 1):
            with sender(file_outbox, batch, port) as process:
                time.sleep(chance.uniform(0.0, 0.25))
                process.send_signal(signal.SIGKILL)
            file_outbox.recover(NOW)
            check(file_outbox, batch, recorder)
            assert file_outbox.counts(PLAN)[Status.UNKNOWN] <= kill * GROUP_AND_CONNECTIONS
        assert file_outbox.counts(PLAN)[Status.UNKNOWN] > 0
        finish(file_outbox, batch, port)
        check(file_outbox, batch, recorder)
        assert partners_at(file_outbox, Status.READY, Status.SENDING) == set()
        settle_by_hand(file_outbox, accepted_by(recorder, batch))
        finish(file_outbox, batch, port)
        assert accepted_by(recorder, batch) == Counter(batch.partner_ids())


def check(outbox: Outbox, batch: Batch, recorder: Recorder) -> None:
    """What must hold whenever no sender is alive."""
    taken = accepted_by(recorder, batch)
    assert set(taken.values()) <= {1}
    everyone = set(batch.partner_ids())
    assert partners_at(outbox, Status.ACCEPTED, Status.READY, Status.UNKNOWN) == everyone
    assert set(taken) <= partners_at(outbox, Status.ACCEPTED, Status.UNKNOWN)
    assert partners_at(outbox, Status.ACCEPTED) <= set(taken)


def finish(outbox: Outbox, batch: Batch, port: int) -> None:
    """Let a sender run to its end."""
    with sender(outbox, batch, port) as process:
        assert process.wait(timeout=120) == 0


def settle_by_hand(outbox: Outbox, taken: Counter[str]) -> None:
    """Look the unknown up in the server's own records, as a person would, and decide."""
    for partner_id in sorted(partners_at(outbox, Status.UNKNOWN)):
        if partner_id in taken:
            outbox.resolve(PLAN, partner_id, "give-up", by="Bert", reason="the server has it", at=NOW)
        else:
            outbox.resolve(PLAN, partner_id, "resend", by="Bert", reason="the server never had it", at=NOW)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_stop_leaves_nothing_unknown(
    file_outbox: Outbox, batch: Batch, number: signal.Signals
) -> None:
    """On SIGTERM and Ctrl-C the sender drains, records and ends by itself: accepted is exactly what the server took."""
    recorder = Recorder(pause=0.002)
    with recording_server(recorder) as port:
        with sender(file_outbox, batch, port) as process:
            while len(recorder.messages) < 20:
                time.sleep(0.01)
            process.send_signal(number)
            assert process.wait(timeout=120) == 0
        taken = accepted_by(recorder, batch)
        assert partners_at(file_outbox, Status.ACCEPTED) == set(taken)
        assert partners_at(file_outbox, Status.UNKNOWN, Status.SENDING) == set()
        assert 20 <= len(taken) < COUNT
