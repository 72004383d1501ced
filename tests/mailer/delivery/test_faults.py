"""Where the outbox cannot be written nothing more is sent, the error says so, and no message leaves twice."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from mailer.delivery.delivery import deliver
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from mailer.transports.folder import FolderTransport
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notice, notices
from tests.servers.mail import Recorder, recording_server

SENDER = Path(__file__).with_name("fault_sender.py")
COUNT = 120


@pytest.fixture
def batch(file_outbox: Outbox, tmp_path: Path) -> Batch:
    """An approved plan."""
    made = (notice(number, html=f"<p>{number}</p>", attachments=()) for number in range(1, COUNT + 1))
    return approved(file_outbox, tmp_path, made)


@pytest.fixture
def server() -> Iterator[tuple[Recorder, int]]:
    """A mail server that records, and its port."""
    recorder = Recorder()
    with recording_server(recorder) as port:
        yield recorder, port


def sent_under(fault: str, outbox: Outbox, batch: Batch, port: int) -> tuple[int, str]:
    """The exit code of a sender under that fault, and what it said; a traceback is never right."""
    command = [sys.executable, str(SENDER), fault, outbox.name, str(batch.file), str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def partners_at(outbox: Outbox, *statuses: Status) -> set[str]:
    """The partners whose notices stand at these statuses."""
    return {one.partner_id for status in statuses for one in outbox.notices_at(PLAN, status)}


def taken_by(recorder: Recorder, batch: Batch) -> Counter[str]:
    """How often the server took the message to each partner."""
    partners = {batch.frozen(partner_id).message_id: partner_id for partner_id in batch.partner_ids()}
    return Counter(partners[message_id] for message_id in recorder.message_ids)


@pytest.mark.parametrize("fault", ["full", "fsync"])
def test_a_disk_that_fails_stops_the_sender(
    fault: str, file_outbox: Outbox, batch: Batch, server: tuple[Recorder, int]
) -> None:
    """One clear error; whatever left is claimed; with the disk mended the rest goes out, and nothing a second time."""
    recorder, port = server
    code, said = sent_under(fault, file_outbox, batch, port)
    assert (code, True) == (3, "cannot be written" in said), said
    taken = taken_by(recorder, batch)
    assert set(taken) <= partners_at(file_outbox, Status.SENDING, Status.ACCEPTED, Status.UNKNOWN)
    assert len(taken) < COUNT
    assert (0, "") == sent_under("none", file_outbox, batch, port)
    taken = taken_by(recorder, batch)
    assert set(taken.values()) == {1}
    assert partners_at(file_outbox, Status.ACCEPTED, Status.UNKNOWN) == set(batch.partner_ids())
    assert set(taken) | partners_at(file_outbox, Status.UNKNOWN) == set(batch.partner_ids())


def test_a_failed_fsync_lets_no_message_leave(
    file_outbox: Outbox, batch: Batch, server: tuple[Recorder, int]
) -> None:
    """A claim that is not on the disk is no claim: nothing is handed over."""
    recorder, port = server
    assert 3 == sent_under("fsync", file_outbox, batch, port)[0]
    assert [] == recorder.messages


def test_a_folder_that_cannot_be_written_stops_the_sender(
    file_outbox: Outbox, batch: Batch, tmp_path: Path, server: tuple[Recorder, int]
) -> None:
    """The error names the outbox, and nothing leaves."""
    recorder, port = server
    file_outbox.close()
    for path in [tmp_path, *tmp_path.parents[:2]]:
        path.chmod(0o755)
    for path in tmp_path.iterdir():
        path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        code, said = sent_under("read-only", file_outbox, batch, port)
    finally:
        tmp_path.chmod(0o755)
    assert (3, True) == (code, said.startswith(f"outbox: {file_outbox.name}: ")), said
    assert [] == recorder.messages


def test_a_clock_that_is_set_back_sends_nothing_twice(file_outbox: Outbox, tmp_path: Path) -> None:
    """An hour back in the middle: every notice leaves once, and the next sender finds nothing left."""
    batch = approved(file_outbox, tmp_path, notices(30))
    ticks = 0

    def clock() -> datetime:
        nonlocal ticks
        ticks += 1
        return NOW - timedelta(hours=1) if ticks > 5 else NOW

    mail = tmp_path / "mail"
    settings = mail_settings(group={"size": 4})
    done = deliver(file_outbox, batch, FolderTransport(mail), clock=clock, settings=settings)
    assert (done.accepted, len(list((mail / "new").iterdir()))) == (30, 30)
    again = deliver(file_outbox, batch, FolderTransport(mail), clock=lambda: NOW, settings=settings)
    assert (again.accepted, len(list((mail / "new").iterdir()))) == (0, 30)
