"""A sender of its own process: `kill_sender.py OUTBOX BATCH PORT`; says `begun` before its delivery."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.delivery.delivery import deliver, stop_on_signals
from mailer.outbox.outbox import Outbox
from mailer.settings import MailSettings, SmtpSettings
from mailer.transports.smtp import SmtpTransport


def main(outbox: str, batch: str, port: str) -> None:
    """Send the plan in `batch` to the server on `port`."""
    settings = MailSettings.model_validate({"from": "partners@vendor.example", "group": {"size": 8}})
    with Outbox.open(Path(outbox)) as opened, Batch.open(Path(batch)) as frozen, stop_on_signals() as stop:
        transport = SmtpTransport(f"smtp://127.0.0.1:{port}", SmtpSettings(hello="localhost", connections=2))
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        deliver(opened, frozen, transport, clock=lambda: datetime.now(tz=UTC), settings=settings, stop=stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
