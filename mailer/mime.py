"""The message as it goes over the wire (RFC 5322).

A fixed function of the notice, its Message-ID and the date.
"""

import hashlib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailer.addresses import Mailbox
from mailer.header_lines import HeaderLine, mailboxes_line, text_line
from rewards import Attachment, Notice


def message_bytes(notice: Notice, message_id: str, date: datetime) -> bytes:
    """The whole message with CRLF line ends, 7-bit clean.

    `message_id` comes with its angle brackets, `date` with its zone. What cannot be a header is a ValueError.
    """
    message = EmailMessage(policy=SMTP)
    for line in header_lines(notice):
        message[line.name] = line
    message["Date"] = HeaderLine("Date", format_datetime(date))
    message["Message-ID"] = HeaderLine("Message-ID", message_id)
    message["Auto-Submitted"] = HeaderLine("Auto-Submitted", "auto-generated")
    _fill(message, notice, hashlib.sha256(message_id.encode()).hexdigest()[:24])
    return message.as_bytes()


def header_lines(notice: Notice) -> list[HeaderLine]:
    """The headers that the notice itself decides, in order; a ValueError says which of them cannot be one."""
    lines = [
        mailboxes_line("From", [Mailbox(notice.from_name, notice.from_address)]),
        mailboxes_line("To", [Mailbox(notice.to_name, notice.to_address)]),
    ]
    if notice.cc:
        lines.append(mailboxes_line("Cc", [Mailbox("", address) for address in notice.cc]))
    if notice.reply_to:
        lines.append(mailboxes_line("Reply-To", [Mailbox("", notice.reply_to)]))
    lines.append(text_line("Subject", notice.subject))
    lines.extend(text_line(name, value) for name, value in notice.headers)
    return lines


def _fill(message: EmailMessage, notice: Notice, mark: str) -> None:
    # "=_" cannot occur in quoted-printable text, so no body can hold a boundary
    message.set_content(notice.text, cte="quoted-printable")
    message.make_alternative(boundary=f"=_a{mark}")
    message.add_alternative(notice.html, subtype="html", cte="quoted-printable")
    if notice.attachments:
        message.make_mixed(boundary=f"=_m{mark}")
    for attachment in notice.attachments:
        _attach(message, attachment)


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    _, _, subtype = attachment.media_type.partition("/")
    message.add_attachment(
        attachment.text,
        subtype=subtype,
        cte="quoted-printable",
        filename=attachment.filename,
        charset="utf-8",
    )
