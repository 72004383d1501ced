"""A sender of its own process, to be killed: `sender.py SERVER OUTBOX BATCH [fence]`; says `begun` first."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.delivery.delivery import deliver
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.settings import MailSettings, SmtpSettings
from mailer.transports.base import Transport
from mailer.transports.smtp import SmtpTransport

SETTINGS = {
    "from": "partners@vendor.example",
    "group": {"size": 4},
    "lease_seconds": 30,
    "retries": {"first_seconds": 0, "attempts": 50, "patience_seconds": 20},
}


def transport(server: str) -> Transport:
    """Two connections to the server at this address."""
    if server.startswith("smtp"):
        return SmtpTransport(server, SmtpSettings(hello="localhost", connections=2))
    settings = MailSettings.model_validate({**SETTINGS, "sendgrid": {"requests": 2}}).sendgrid
    return SendGridTransport("SG.key", settings, base_url=server)


def main(server: str, outbox: str, batch: str, fence: str = "") -> None:
    """Send the plan in `batch` to the server."""
    settings = MailSettings.model_validate(SETTINGS)
    receipts = Path(batch).with_name("outbox.receipts")
    with Outbox.open(outbox, receipts) as opened, Batch.open(Path(batch)) as frozen:
        way = transport(server)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        fences = way.fences if fence and isinstance(way, SendGridTransport) else None
        deliver(opened, frozen, way, clock=lambda: datetime.now(tz=UTC), settings=settings, fences=fences)


if __name__ == "__main__":
    main(*sys.argv[1:])
