"""Notices, headers and plans for the mailer's tests."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.batch.batch_header import BatchHeader
from mailer.batch.freezing import freeze_batch
from mailer.outbox.outbox import Outbox, results_json
from mailer.settings import MailSettings
from rewards import Attachment, Notice

NOW = datetime(2023, 12, 31, 12, 0, tzinfo=UTC)
PLAN = "thank-you-1"
HTML = (
    "<!doctype html><html lang='en'><body>" + "<p>Thank you for a good year, with all its figures.</p>" * 40
)


def notice(number: int = 1, **changes: object) -> Notice:
    """A notice to the `number`-th partner, with some of its parts changed."""
    link = f"https://partners.example/statement/#{number:036d}"
    made = Notice(
        partner_id=f"P-{number:04d}",
        language="en",
        category="announcement",
        from_name="Partner Team",
        from_address="partners@vendor.example",
        to_name=f"Partner {number}",
        to_address=f"partner{number}@reseller.example",
        subject=f"Your credit: {number}.00 EUR",
        html=f"{HTML}<p>{number}.00 EUR <a href='{link}'>statement</a></p></body></html>",
        text=f"Thank you.\nYour credit is {number}.00 EUR.\n{link}\n",
        attachments=(Attachment(filename="statement.csv", media_type="text/csv", text=f"x,{number}.00\n"),),
        reference=f"REF-{number:04d}",
        figures=f'{{"credit":"{number}.00"}}',
    )
    return Notice.model_validate({**made.model_dump(), **changes})


def notices(count: int) -> list[Notice]:
    """Notices to the first `count` partners."""
    return [notice(number) for number in range(1, count + 1)]


def header(plan: str = PLAN, **changes: object) -> BatchHeader:
    """The header of a plan that Anna made, with some of its facts changed."""
    made = BatchHeader(
        plan=plan,
        campaign="thank-you",
        category="announcement",
        as_of=738885,
        made_by="Anna",
        made_at=NOW,
        snapshot="5a" * 32,
    )
    return BatchHeader.model_validate({**made.model_dump(), **changes})


def mail_settings(**changes: object) -> MailSettings:
    """Settings that try again at once, with some of them changed."""
    own: dict[str, object] = {
        "from": "Partner Team <partners@vendor.example>",
        "retries": {"first_seconds": 0},
    }
    return MailSettings.model_validate({**own, **changes})


def status_json(outbox: Outbox, plan: str) -> dict[str, str | int]:
    """The plan's number of notices, of those at each status, and of each delivery result."""
    counts = {status.value: number for status, number in outbox.counts(plan).items()}
    return {
        "plan": plan,
        "planned": outbox.plan(plan).planned,
        **counts,
        **results_json(outbox, plan),
    }


def approved(
    outbox: Outbox, folder: Path, made: Iterable[Notice], plan: str = PLAN, **changes: object
) -> Batch:
    """A frozen plan that is registered, and approved by Bert."""
    batch = freeze_batch(folder, header(plan, **changes), made)
    outbox.register(batch, NOW)
    outbox.approve(plan, batch.digest, "Bert", NOW)
    return batch
