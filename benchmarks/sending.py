"""How fast a frozen batch is sent with durable claims, beside what the tools and the disk allow in the same run.

python benchmarks/sending.py --notices 20000 [--json FILE]

Postfix's `smtp-sink` takes the mail. `smtp-source` sends messages of the same size over one kept session, without any
memory of what it sent; both in turn, three times, of which the best counts; `mailmerge` merges and sends the like:
text, HTML (from Markdown, its way to both) and a file. The disk's own rate is that of durable SQLite
commits, each of which holds as many rows as a group of claims. SendGrid's place is taken by a server that answers
after 50 ms.
"""

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

from mailer.batch.batch import Batch
from mailer.batch.batch_header import BatchHeader
from mailer.batch.freezing import freeze_batch
from mailer.delivery.delivery import deliver
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.settings import MailSettings, SendGridSettings, SmtpSettings
from mailer.transports.base import Attempt, Transport
from mailer.transports.smtp import SmtpTransport
from rewards import Attachment, Notice

NOW = datetime(2023, 12, 31, 12, tzinfo=UTC)
PARAGRAPH = "<p>Thank you for a good year; your level and your credit are in the table below.</p>\n"
SECTION = PARAGRAPH * 100
SETTINGS = MailSettings.model_validate({"from": "Partner Team <partners@vendor.example>"})
LATENCY_MS = 50
ROUNDS = 3


def notice(number: int) -> Notice:
    """A message of about 10 kB, with figures of its own."""
    row = f"<p>Credit: {number}.00 EUR <a href='https://vendor.example/statement/#{number:036d}'>statement</a></p>"
    return Notice(
        partner_id=f"P-{number:06d}",
        language="en",
        category="notice",
        from_name="Partner Team",
        from_address="partners@vendor.example",
        to_name=f"Partner {number}",
        to_address=f"partner{number}@reseller{number % 97}.example",
        subject=f"Your credit: {number}.00 EUR",
        html=f"<!doctype html><html lang='en'><body>{SECTION}{row}</body></html>",
        text=f"Your credit is {number}.00 EUR.\n",
        attachments=(
            Attachment(filename="statement.csv", media_type="text/csv", text=f"credit\n{number}.00\n"),
        ),
        reference=f"R-{number}",
        figures=f'{{"credit":"{number}.00"}}',
    )


@contextmanager
def approved(folder: Path, count: int) -> Iterator[tuple[Outbox, Batch]]:
    """An outbox with an approved plan of so many notices."""
    folder.mkdir()
    header = BatchHeader(
        plan="bench", campaign="bench", category="notice", as_of=738885, made_by="A", made_at=NOW
    )
    batch = freeze_batch(folder, header, map(notice, range(count)))
    with batch, Outbox.open(folder / "outbox.sqlite") as outbox:
        outbox.register(batch, NOW)
        outbox.approve("bench", batch.digest, "B", NOW)
        yield outbox, batch


def sent_per_second(folder: Path, count: int, transport: Transport) -> float:
    """Messages handed over and recorded per second."""
    with approved(folder, count) as (outbox, batch):
        began = time.perf_counter()
        report = deliver(outbox, batch, transport, clock=lambda: datetime.now(UTC), settings=SETTINGS)
        seconds = time.perf_counter() - began
    if report.accepted != count:
        raise SystemExit(f"not all were accepted: {report}")
    return count / seconds


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's `smtp-sink` on a free port; gives the port."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(
        [which("smtp-sink") or "/usr/sbin/smtp-sink", *user, f"127.0.0.1:{port}", "1000"]
    )
    try:
        until = time.monotonic() + 20
        while _refuses(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("smtp-sink did not start")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _refuses(port: int) -> bool:
    with closing(socket.socket()) as line:
        return line.connect_ex(("127.0.0.1", port)) != 0


def source_per_second(port: int, count: int, size: int) -> float:
    """What one kept session of `smtp-source` sends."""
    program = which("smtp-source") or "/usr/sbin/smtp-source"
    began = time.perf_counter()
    command = [program, "-d", "-s", "1", "-m", str(count), "-l", str(size), f"127.0.0.1:{port}"]
    subprocess.run(command, check=True)
    return count / (time.perf_counter() - began)


def commits_per_second(folder: Path, count: int) -> float:
    """Rows that durable commits of one group each can record."""
    size = SETTINGS.group.size
    with closing(sqlite3.connect(folder / "commits.sqlite", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE notice (id INTEGER PRIMARY KEY, at TEXT)")
        began = time.perf_counter()
        for first in range(0, count, size):
            database.execute("BEGIN IMMEDIATE")
            rows = [(number, "2023-12-31T12:00:00.000000Z") for number in range(first, first + size)]
            database.executemany("INSERT INTO notice VALUES (?, ?)", rows)
            database.execute("COMMIT")
        return count / (time.perf_counter() - began)


def mailmerge_per_second(folder: Path, port: int, count: int) -> float:
    """What `mailmerge` merges and sends."""
    folder.mkdir()
    head = "TO: {{email}}\nSUBJECT: Your credit: {{credit}} EUR\nFROM: partners@vendor.example\nATTACHMENT: {{file}}\n"
    words = f"{SECTION.replace('<p>', '').replace('</p>', chr(10))}Credit: {{{{credit}}}} EUR\n"
    (folder / "mailmerge_template.txt").write_text(
        f"{head}Content-Type: text/markdown\n\n{words}", encoding="utf-8"
    )
    rows = [f"partner{number}@reseller.example,{number}.00,{number}.csv" for number in range(count)]
    (folder / "mailmerge_database.csv").write_text(
        "\n".join(["email,credit,file", *rows, ""]), encoding="utf-8"
    )
    for number in range(count):
        (folder / f"{number}.csv").write_text(f"credit\n{number}.00\n", encoding="utf-8")
    (folder / "mailmerge_server.conf").write_text(
        f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n", encoding="utf-8"
    )
    program = str(Path(sys.executable).with_name("mailmerge"))
    began = time.perf_counter()
    subprocess.run([program, "--no-dry-run", "--no-limit"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return count / (time.perf_counter() - began)


@contextmanager
def provider() -> Iterator[str]:
    """The stand-in for SendGrid; gives its address."""
    program = Path(__file__).with_name("latent_provider.py")
    with subprocess.Popen(
        [sys.executable, program, str(LATENCY_MS)], stdout=subprocess.PIPE, text=True
    ) as it:
        assert it.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(it.stdout.readline())}"
        finally:
            it.terminate()


def measure(folder: Path, count: int) -> dict[str, float]:
    """Every rate, per second, and the ratios."""
    size = len(Attempt(notice(0), "<0@vendor.example>", "0", NOW).content())
    with sink() as port:
        way = SmtpTransport(f"smtp://127.0.0.1:{port}", SmtpSettings(hello="localhost"))
        rounds = [
            (sent_per_second(folder / f"smtp-{turn}", count, way), source_per_second(port, count, size))
            for turn in range(ROUNDS)
        ]
        ours, source = (max(rates) for rates in zip(*rounds, strict=True))
        merged = mailmerge_per_second(folder / "mailmerge", port, max(100, count // 100))
    disk = commits_per_second(folder, count)
    with provider() as address:
        way_by_http = SendGridTransport("SG.bench", SendGridSettings(), base_url=address)
        by_http = sent_per_second(folder / "sendgrid", count // 4, way_by_http)
    return {
        "notices": count,
        "message_bytes": size,
        "smtp_per_s": round(ours),
        "smtp_source_per_s": round(source),
        "disk_group_commit_rows_per_s": round(disk),
        "mailmerge_per_s": round(merged, 1),
        "sendgrid_after_50_ms_per_s": round(by_http),
        "smtp_to_smtp_source": round(ours / source, 2),
        "smtp_to_disk": round(ours / disk, 2),
        "smtp_to_mailmerge": round(ours / merged, 1),
    }


def main() -> None:
    """Measures in one run and prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notices", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="offerpress-bench-") as folder:
        text = json.dumps(measure(Path(folder), options.notices), indent=2)
    print(text)
    if options.json:
        options.json.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
