"""Senders that are killed at random moments while the server misbehaves: its own count is the judge.

One run is decided by its seed: its sort, what the server answers, when each sender dies. With an outbox in a file
one sender follows the other; in PostgreSQL four work at once; behind fences whatever a kill leaves is withdrawn.
`python -m tests.chaos N` makes many.
"""

import os
import random
import re
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from rewards import Notice
from tests.samples.mail import NOW, PLAN, approved, notice
from tests.servers.mail import CUT, certificate, double
from tests.servers.provider import Answer, provider

SENDER = Path(__file__).with_name("sender.py")
COUNT = 40
GROUP, IN_FLIGHT, LEASE_SECONDS = 4, 2, 30
SENDERS, KILLED = 4, 2
# Each sort once in so many seeds: every transport twice over a file, once over PostgreSQL; fences for the rest.
TRANSPORTS = ("smtp", "smtps", "http", "https")
SORTS = tuple((transport, place) for place in ("file", "file", "shared") for transport in TRANSPORTS)
SORTS += (("http", "fenced"),) * 4
PAUSES = (0.0, 0.002, 0.01)
# a person abandons an unknown one that the server turns out to have
KNOWN_TO_BE_TAKEN = {Status.ACCEPTED, Status.UNKNOWN, Status.ABANDONED}
SMTP_ANSWERS = {
    "BODY": ("250 queued", "250 queued", "451 4.3.0 later", "554 5.6.0 no", CUT),
    "RCPT": ("250 ok", "250 ok", "250 ok", "450 4.2.1 later", "550 5.1.1 nobody"),
    "MAIL": ("250 ok", "250 ok", "421 4.3.2 closing", CUT),
    "DATA": ("354 go ahead", "354 go ahead", "451 4.3.0 later", CUT),
    "greeting": ("220 ready", "220 ready", "421 4.3.2 busy", CUT),
}
OFFERS = ("250 here", "250-here\r\n250 PIPELINING")
HTTP_ANSWERS = (
    Answer(),
    Answer(),
    Answer(close=True),
    Answer(429, (("Retry-After", "0"),), takes=False),
    Answer(400, (), '{"errors": [{"message": "no"}]}', takes=False),
    Answer(500),
    Answer(503, takes=False),
    Answer(cut="before body", takes=False),
    Answer(cut="after body"),
    Answer(cut="after body", takes=False),
    Answer(cut="half answer"),
    Answer(cut="half close"),
    Answer(cut="half close", takes=False),
)


@dataclass(frozen=True)
class Server:
    """A misbehaving server: its address, the notices' ids that it took, and how to make it behave."""

    address: str
    taken: Callable[[], list[str]]
    behave: Callable[[], None]


@contextmanager
def server(chance: random.Random, transport: str, batch: Batch, folder: Path) -> Iterator[Server]:
    """One that answers at random for a while, over TLS or not; it keeps running while senders die."""
    tls = certificate(folder)[0] if transport.endswith("s") else None
    made = _smtp(chance, batch, tls) if transport.startswith("smtp") else _http(chance, tls)
    with made as started:
        yield started


@contextmanager
def _smtp(chance: random.Random, batch: Batch, tls: ssl.SSLContext | None) -> Iterator[Server]:
    told = {stage: [chance.choice(some) for _ in range(60)] for stage, some in SMTP_ANSWERS.items()}
    told["EHLO"] = [chance.choice(OFFERS)]
    ids = {batch.frozen(one).message_id: batch.key(one) for one in batch.partner_ids()}
    with double(told, tls=tls, pause=chance.choice(PAUSES)) as smtp:

        def taken() -> list[str]:
            with smtp.lock:
                return [ids[_message_id(body)] for body in smtp.taken]

        def behave() -> None:
            with smtp.lock:
                smtp.answers.update((stage, [some[0]]) for stage, some in SMTP_ANSWERS.items())

        yield Server(f"{'smtps' if tls else 'smtp'}://127.0.0.1:{smtp.port}", taken, behave)


@contextmanager
def _http(chance: random.Random, tls: ssl.SSLContext | None) -> Iterator[Server]:
    answers = [chance.choice(HTTP_ANSWERS) for _ in range(90)]
    with provider(*answers, delay=chance.choice(PAUSES), tls=tls) as http:

        def taken() -> list[str]:
            with http.lock:
                return list(http.ids)

        def behave() -> None:
            with http.lock:
                http.answers[:] = [Answer()]

        yield Server(http.base_url, taken, behave)


def _message_id(body: bytes) -> str:
    found = re.search(rb"(?im)^Message-ID:\s*(<[^>]+>)", body)
    assert found is not None
    return found[1].decode()


@dataclass(frozen=True)
class Scene:
    """An approved plan in an outbox that is open here too, the outbox's address, and the server."""

    seed: int
    outbox: Outbox
    place: str
    batch: Batch
    at: Server

    @contextmanager
    def sender(self) -> Iterator[subprocess.Popen[str]]:
        """A sender in a process of its own, which has begun."""
        folder = self.batch.file.parent
        command = [sys.executable, str(SENDER), self.at.address, self.place, str(self.batch.file)]
        believes = {**os.environ, "SSL_CERT_FILE": str(folder / "server.pem")}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=believes) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            yield process

    def send(self) -> None:
        """One sender, to its end."""
        with self.sender() as process:
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, f"seed {self.seed}: {said}"


def run(seed: int, folder: Path, postgresql: str | None = None) -> int:
    """One run; how many senders were killed. AssertionError with the seed where a promise was broken.

    `postgresql` is the address of an empty shared outbox; without one the outbox is a file.
    """
    chance, (transport, _) = random.Random(seed), SORTS[seed % len(SORTS)]
    place = postgresql or f"sqlite:///{folder / 'outbox.sqlite'}"
    with Outbox.open(place, folder / "outbox.receipts") as outbox:
        made = [_notice(number) for number in range(1, COUNT + 1)]
        batch = approved(outbox, folder, made)
        with batch, server(chance, transport, batch, folder) as at:
            scene = Scene(seed, outbox, place, batch, at)
            kills = _kill_among_four(chance, scene) if postgresql else _kill_in_turn(chance, scene)
            at.behave()
            _finish(scene)
    return kills


def _notice(number: int) -> Notice:
    """A short one; every third has a second recipient, whom a server may refuse alone."""
    also = (f"manager{number}@reseller.example",) if number % 3 == 0 else ()
    return notice(number, html=f"<p>{number}</p>", attachments=(), cc=also)


def _kill_in_turn(chance: random.Random, scene: Scene) -> int:
    kills = chance.randint(1, 3)
    for _ in range(kills):
        before = scene.outbox.counts(PLAN)[Status.UNKNOWN]
        with scene.sender() as process:
            time.sleep(chance.uniform(0.0, 0.12))
            process.send_signal(signal.SIGKILL)
        left = len(scene.outbox.notices_at(PLAN, Status.SENDING))
        assert left <= GROUP + IN_FLIGHT, f"seed {scene.seed}: {left} notices under way at a kill"
        scene.outbox.recover(NOW)
        assert scene.outbox.counts(PLAN)[Status.UNKNOWN] >= before + left
        _judge(scene)
    return kills


def _kill_among_four(chance: random.Random, scene: Scene) -> int:
    with ExitStack() as stack:
        senders = [stack.enter_context(scene.sender()) for _ in range(SENDERS)]
        for process in senders[:KILLED]:
            time.sleep(chance.uniform(0.0, 0.08))
            process.send_signal(signal.SIGKILL)
        for process in senders[KILLED:]:
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, f"seed {scene.seed}: {said}"
    left = len(scene.outbox.notices_at(PLAN, Status.SENDING))
    assert left <= KILLED * (GROUP + IN_FLIGHT), f"seed {scene.seed}: {left} notices under way at two kills"
    scene.outbox.recover(datetime.now(tz=UTC) + timedelta(seconds=LEASE_SECONDS))
    _judge(scene)
    return KILLED


def _judge(scene: Scene) -> None:
    """What must hold whenever no sender is alive."""
    seed, outbox, batch, at = scene.seed, scene.outbox, scene.batch, scene.at
    taken = Counter(at.taken())
    twice = sorted(key for key, times in taken.items() if times > 1)
    assert not twice, f"seed {seed}: taken twice: {twice}"
    status = _status_by_key(outbox, batch)
    lost = sorted(key for key in taken if status[key] not in KNOWN_TO_BE_TAKEN)
    assert not lost, f"seed {seed}: taken, but neither accepted nor unknown: {lost}"
    false = sorted(key for key, one in status.items() if one is Status.ACCEPTED and key not in taken)
    assert not false, f"seed {seed}: said to be accepted, but never taken: {false}"
    assert len(status) == COUNT


def _status_by_key(outbox: Outbox, batch: Batch) -> dict[str, Status]:
    return {batch.key(one.partner_id): status for status in Status for one in outbox.notices_at(PLAN, status)}


def _finish(scene: Scene) -> None:
    """With a server that behaves everything settles; a person looks the unknown up in the server's records."""
    seed, outbox, batch, at = scene.seed, scene.outbox, scene.batch, scene.at
    for _ in range(2):
        scene.send()
        _judge(scene)
        taken = set(at.taken())
        for one in outbox.notices_at(PLAN, Status.UNKNOWN):
            has = batch.key(one.partner_id) in taken
            outbox.resolve(
                PLAN, one.partner_id, "give-up" if has else "resend", by="Bert", reason="looked up", at=NOW
            )
    counts = outbox.counts(PLAN)
    assert counts[Status.READY] == counts[Status.SENDING] == counts[Status.UNKNOWN] == 0, (
        f"seed {seed}: {counts}"
    )
    assert sum(counts.values()) == COUNT, f"seed {seed}: {counts}"
    taken_once = Counter(at.taken())
    assert set(taken_once.values()) <= {1}, f"seed {seed}"
    assert len(taken_once) == counts[Status.ACCEPTED] + counts[Status.ABANDONED], f"seed {seed}: {counts}"
