"""Senders behind fences that are killed: withdrawing settles everything, without anybody looking anything up."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.delivery.fencing import withdraw
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.rules.states import Status
from tests.chaos.chaos import COUNT, HTTP_ANSWERS, SENDER
from tests.samples.mail import PLAN, approved, notice
from tests.servers.provider import Answer, Provider, provider


def run_fenced(seed: int, folder: Path) -> int:
    """One run; how many senders were killed. AssertionError where a promise was broken."""
    chance = random.Random(seed)
    made = [notice(number, html=f"<p>{number}</p>", attachments=()) for number in range(1, COUNT + 1)]
    answers = [chance.choice(HTTP_ANSWERS) for _ in range(60)]
    with (
        Outbox.open(folder / "outbox.sqlite") as outbox,
        approved(outbox, folder, made) as batch,
        provider(*answers, delay=chance.choice((0.0, 0.002))) as http,
    ):
        fences = SendGridTransport("SG.key", base_url=http.base_url).fences
        kills = chance.randint(1, 3)
        for _ in range(kills):
            _send(http, outbox, batch, chance.uniform(0.0, 0.12))
            _judge(http, outbox, batch)
            if chance.random() < 0.7:
                withdraw(outbox, PLAN, fences, "Ada", lambda: datetime.now(tz=UTC))
                assert _judge(http, outbox, batch)[Status.UNKNOWN] == 0, f"seed {seed}"
        with http.lock:
            http.answers[:] = [Answer()]
        _send(http, outbox, batch, None)
        withdraw(outbox, PLAN, fences, "Ada", lambda: datetime.now(tz=UTC))
        _send(http, outbox, batch, None)
        counts = _judge(http, outbox, batch)
    settled = counts[Status.ACCEPTED] + counts[Status.REJECTED]
    assert COUNT == settled == counts[Status.REJECTED] + len(http.delivered), f"seed {seed}: {counts}"
    return kills


def _send(http: Provider, outbox: Outbox, batch: Batch, kill_after: float | None) -> None:
    """One sender in a process of its own, to its end or until it is killed."""
    command = [
        sys.executable,
        str(SENDER),
        http.base_url,
        f"sqlite:///{outbox.name}",
        str(batch.file),
        "fence",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        if kill_after is None:
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
        else:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)


def _judge(http: Provider, outbox: Outbox, batch: Batch) -> dict[Status, int]:
    """The provider's own account of what it will deliver: nobody twice, and what is accepted once."""
    delivered = Counter(http.delivered)
    assert not [key for key, times in delivered.items() if times > 1]
    accepted = {batch.key(one.partner_id) for one in outbox.notices_at(PLAN, Status.ACCEPTED)}
    assert accepted <= set(delivered)
    doubtful = outbox.notices_at(PLAN, Status.UNKNOWN) + outbox.notices_at(PLAN, Status.SENDING)
    assert set(delivered) <= accepted | {batch.key(one.partner_id) for one in doubtful}
    return outbox.counts(PLAN)
