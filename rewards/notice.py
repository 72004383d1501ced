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

    Fields stand in the order of their names, in which the canonical form has them.
    `figures` is the JSON text of the statement that the message tells (canonical: sorted keys, no spaces).
    `headers` are our own extra headers, in order. `reference` is the short code that page and mail show. `window` is
    the send window in the recipient's zone (see `rewards.window`), empty for any time.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    attachments: tuple[Attachment, ...] = ()
    category: Category
    cc: tuple[str, ...] = ()
    figures: str
    from_address: str
    from_name: str
    headers: tuple[tuple[str, str], ...] = ()
    html: str
    language: str
    partner_id: str
    reference: str
    reply_to: str = ""
    subject: str
    text: str
    to_address: str
    to_name: str
    window: str = ""
