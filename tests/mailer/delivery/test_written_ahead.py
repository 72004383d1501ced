"""Messages that a second process writes out ahead of their turn."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer import Attempt, Batch, Outbox, SmtpSettings, SmtpTransport, Status, deliver, freeze
from mailer.delivery.ahead import WrittenAhead
from mailer.transports.base import WrittenMail
from tests.samples.mail import NOW, PLAN, approved, header, mail_settings, notices
from tests.servers.mail import Recorder, recording_server

COUNT = 260


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """A frozen plan of several runs."""
    return freeze(tmp_path, header(), notices(COUNT))


def attempted(batch: Batch, partner_id: str) -> bytes:
    """The message as the attempt at it says it."""
    frozen = batch.frozen(partner_id)
    return Attempt(frozen.notice, frozen.message_id, frozen.key, NOW).content()


def wait_until_up(ahead: WrittenAhead, partner_id: str) -> None:
    """Ask for the first partner's message, as who sends does, until others are written ahead."""
    while not ahead.up:
        assert ahead.take(partner_id) is None


def test_what_is_written_ahead_is_what_an_attempt_says(batch: Batch) -> None:
    """Envelope and bytes are the same, whichever process wrote them; each message is given once."""
    partners = list(batch.partner_ids())
    with WrittenAhead.of(batch) as ahead:
        assert ahead is not None
        wait_until_up(ahead, partners[0])
        for partner_id in partners[1:]:
            written = ahead.take(partner_id)
            assert written is not None
            assert attempted(batch, partner_id) == WrittenMail(*written, NOW).content()
            notice = batch.message(partner_id)
            assert (notice.from_address, (notice.to_address, *notice.cc)) == written[:2]
            assert ahead.take(partner_id) is None


def test_what_comes_out_of_order_is_not_waited_for(batch: Batch) -> None:
    """A message that was passed is written by who asks; the others still come ahead, also after a leap."""
    partners = list(batch.partner_ids())
    with WrittenAhead.of(batch) as ahead:
        assert ahead is not None
        wait_until_up(ahead, partners[0])
        assert ahead.take(partners[1]) is not None
        assert ahead.take(partners[1]) is None
        assert ahead.take(partners[200]) is None
        assert ahead.take(partners[201]) is not None
        assert ahead.take(partners[202]) is not None


def test_a_process_that_dies_leaves_the_writing_to_who_asks(batch: Batch, started: list[int]) -> None:
    """Killed at any moment, it is not waited for, and not asked again."""
    partners = list(batch.partner_ids())
    with WrittenAhead.of(batch) as ahead:
        assert ahead is not None
        wait_until_up(ahead, partners[0])
        os.kill(started[0], signal.SIGKILL)
        taken = [ahead.take(partner_id) for partner_id in partners[10:]]
    assert taken[-1] is None


def test_another_file_of_the_same_name_is_not_written_from(tmp_path: Path) -> None:
    """The batch that was opened, and so approved, is sent even if its name means another by now."""
    batch = freeze(tmp_path, header(), notices(COUNT))
    (tmp_path / "other").mkdir()
    other = freeze(
        tmp_path / "other", header(), (one.model_copy(update={"text": "another"}) for one in notices(COUNT))
    )
    other.file.rename(batch.file)
    partners = list(batch.partner_ids())
    with WrittenAhead.of(batch) as ahead:
        assert ahead is not None
        wait_until_up(ahead, partners[0])
        written = ahead.take(partners[1])
    assert written is not None
    assert attempted(batch, partners[1]) == WrittenMail(*written, NOW).content()


@pytest.mark.parametrize("connections", [1, 3])
def test_a_plan_that_is_written_ahead_arrives_whole(
    file_outbox: Outbox, tmp_path: Path, connections: int
) -> None:
    """Every message arrives once, with the bytes that were frozen."""
    batch = approved(file_outbox, tmp_path, notices(COUNT))
    recorder = Recorder()
    with recording_server(recorder) as port:
        way = SmtpTransport(
            f"smtp://127.0.0.1:{port}", SmtpSettings(hello="localhost", connections=connections)
        )
        report = deliver(file_outbox, batch, way, clock=lambda: NOW, settings=mail_settings(), ahead_from=1)
    assert COUNT == report.accepted
    assert sorted(attempted(batch, one) for one in batch.partner_ids()) == sorted(recorder.contents)
    assert COUNT == len(file_outbox.notices_at(PLAN, Status.ACCEPTED))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started, by their ids."""
    ids: list[int] = []
    start: Callable[..., None] = subprocess.Popen.__init__

    def noted(process: "subprocess.Popen[bytes]", *arguments: object, **options: object) -> None:
        start(process, *arguments, **options)
        ids.append(process.pid)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    return ids
