"""Plans of a few notices, an outbox and settings to send them with."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer import BatchHeader, MailSettings, Outbox
from rewards import Attachment, Notice

NOW = datetime(2023, 12, 31, 12, 0, tzinfo=UTC)
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
        attachments=(
            Attachment(
                filename="statement.csv", media_type="text/csv", text=f"offer,amount\nx,{number}.00\n"
            ),
        ),
        reference=f"REF-{number:04d}",
        figures=f'{{"credit":"{number}.00"}}',
    )
    return made.model_copy(update=changes)


def header(plan: str = "thank-you-1", **changes: object) -> BatchHeader:
    """The header of a plan made by Anna, with some of its facts changed."""
    made = BatchHeader(
        plan=plan,
        campaign="thank-you",
        category="announcement",
        as_of=738885,
        made_by="Anna",
        made_at=NOW,
        snapshot="5a" * 32,
    )
    return made.model_copy(update=changes)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox."""
    with Outbox.open(tmp_path / "outbox.sqlite") as opened:
        yield opened


@pytest.fixture
def settings() -> MailSettings:
    """Settings that try again at once."""
    return MailSettings.model_validate(
        {"from": "Partner Team <partners@vendor.example>", "retries": {"first_seconds": 0}}
    )
