"""One message to one partner, ready to be frozen: every part as text, nothing left to compute or render."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Category = Literal["notice", "announcement"]


class Attachment(BaseModel):
    """A text file that goes with a notice; `media_type` such as `text/csv`, always UTF-8."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    filename: str
    media_type: str
    text: str


class Notice(BaseModel):
    """What one partner will be sent. Addresses are bare (`a@b.example`), names are for display, never quoted.

    `figures` is the JSON text of the statement that the message tells (canonical: sorted keys, no spaces).
    `headers` are our own extra headers, in order. `reference` is the short code that page and mail show. `window` is
    the send window in the recipient's zone (see `rewards.window`), empty for any time.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    partner_id: str
    language: str
    category: Category
    from_name: str
    from_address: str
    reply_to: str = ""
    to_name: str
    to_address: str
    cc: tuple[str, ...] = ()
    subject: str
    html: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    reference: str
    figures: str
    window: str = ""
