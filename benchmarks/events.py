"""How many signed events a second `offerpress hooks` takes in, over loopback, each durable before its answer.

python benchmarks/events.py --events 60000 [--json FILE]

The service runs as it is installed, in a process of its own, over an outbox in a file with 20,000 accepted notices.
Four lines post at once what a provider makes, 100 signed events in a request; three in a hundred bounce, and each
tenth request is posted twice. `cpu_seconds` is the service's own processor time.
"""

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from measuring import processor_seconds

from mailer.batch.batch_header import BatchHeader
from mailer.batch.freezing import freeze_batch
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Settlement
from rewards import Notice

NOW = datetime(2023, 12, 31, 12, tzinfo=UTC)
NOTICES, A_POST, LINES, BOUNCES = 20_000, 100, 4, 3
KINDS = ("processed", "delivered", "deferred")
SETTINGS = '[site]\ntitle = "B"\nbase_url = "https://b.example"\n[mail]\nfrom = "B <b@b.example>"\n'


def notice(number: int) -> Notice:
    """A short message."""
    return Notice(
        partner_id=f"P-{number:06d}",
        language="en",
        category="notice",
        from_name="B",
        from_address="b@b.example",
        to_name="",
        to_address=f"partner{number}@reseller{number % 97}.example",
        subject="Your credit",
        html="<p>Your credit</p>",
        text="Your credit",
        reference="",
        figures="{}",
    )


def make_site(folder: Path) -> list[tuple[str, str]]:
    """A site whose outbox holds an accepted plan; own id and address of each notice."""
    private = folder / "private"
    (private / "batches").mkdir(parents=True)
    (folder / "offerpress.toml").write_text(SETTINGS, encoding="utf-8")
    (private / "site-secret").write_text(os.urandom(32).hex(), encoding="ascii")
    header = BatchHeader(plan="b", campaign="b", category="notice", as_of=738885, made_by="A", made_at=NOW)
    claimant, settled = Claimant("b", "me", "sendgrid"), []
    with (
        freeze_batch(private / "batches", header, map(notice, range(NOTICES))) as batch,
        Outbox.open(private / "outbox.sqlite") as outbox,
    ):
        outbox.register(batch, NOW)
        while claimed := outbox.turn(claimant, settled, 1000, NOW).claimed:
            settled = [Settlement(one.partner_id, Cause.ACCEPTANCE, "202") for one in claimed]
        return [(batch.key(one.partner_id), one.to_address) for one in batch.messages()]


def posts(keys: list[tuple[str, str]], count: int, now: int) -> Iterator[bytes]:
    """The bodies of so many events."""
    for first in range(0, count, A_POST):
        events = []
        for number in range(first, first + A_POST):
            key, address = keys[number % len(keys)]
            bounced = number % 100 < BOUNCES
            kind = "bounce" if bounced else KINDS[number // len(keys) % len(KINDS)]
            own = {
                "email": address,
                "timestamp": now + number // len(keys),
                "event": kind,
                "offerpress_notice": key,
            }
            more = (
                {"sg_event_id": f"{number}", "status": "5.1.1", "reason": "550 no such user"}
                if bounced
                else {}
            )
            events.append({**own, "sg_message_id": f"m{number}.filter", "category": ["notice"], **more})
        body = json.dumps(events).encode()
        yield body
        if first // A_POST % 10 == 0:
            yield body


@contextmanager
def hooks(folder: Path, public_key: str) -> Iterator[tuple[str, int]]:
    """The address and process of the service at work."""
    command = [str(Path(sys.executable).with_name("offerpress")), "hooks", "--port", "0"]
    kept = {**os.environ, "SENDGRID_WEBHOOK_KEY": public_key}
    with subprocess.Popen(command, cwd=folder, env=kept, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        yield next(found[0] for line in lines if (found := re.search(r"http://\S+", line))), process.pid
        process.send_signal(signal.SIGTERM)


def post_all(url: str, signed: list[tuple[bytes, dict[str, str]]]) -> None:
    """Post one after the other on a kept line."""
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    for body, headers in signed:
        line.request("POST", "/events/sendgrid", body, headers)
        answer = line.getresponse()
        answer.read()
        if answer.status == http.HTTPStatus.TOO_MANY_REQUESTS:
            raise SystemExit("the limit of requests was met; post more events in each")
        if answer.status != http.HTTPStatus.NO_CONTENT:
            raise SystemExit(f"refused: {answer.status}")
    line.close()


def measured(folder: Path, count: int) -> dict[str, float | int]:
    """What the service does with so many events, and what they cost it."""
    key, keys, now = ec.generate_private_key(ec.SECP256R1()), make_site(folder), int(time.time())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()
    signed = []
    for body in posts(keys, count, now):
        signature = b64encode(key.sign(str(now).encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        own = {"X-Twilio-Email-Event-Webhook-Signature": signature}
        signed.append((body, {**own, "X-Twilio-Email-Event-Webhook-Timestamp": str(now)}))
    with hooks(folder, public) as (url, pid), ThreadPoolExecutor(LINES) as pool:
        before, began = processor_seconds(pid), time.perf_counter()
        for _ in pool.map(lambda n: post_all(url, signed[n::LINES]), range(LINES)):
            pass
        seconds, cpu = time.perf_counter() - began, processor_seconds(pid) - before
        line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        line.request("GET", "/health")
        taken = json.loads(line.getresponse().read())["events"]
        line.close()
    posted = len(signed) * A_POST
    if (taken["new"], taken["repeated"]) != (count, posted - count):
        raise SystemExit(f"not all were taken in: {taken}")
    return {
        "events": posted,
        "repeated": posted - count,
        "seconds": round(seconds, 2),
        "events_per_second": round(posted / seconds),
        "cpu_seconds": round(cpu, 2),
        "events_per_cpu_second": round(posted / cpu),
    }


def main() -> None:
    """Measure, print, and keep where asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), given.events // A_POST * A_POST)
    print(json.dumps(found, indent=1))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
