"""The request body for SendGrid's `/v3/mail/send`, built with the provider's own package.

A request holds one notice in one personalization, with our own id, so that every later event names the notice. Click
and open tracking are off, because tracked links pass the private link's key to a third party and may break it.
"""

import json
from base64 import b64encode

from sendgrid.helpers.mail import (
    Asm,
    Attachment,
    BatchId,
    Category,
    Cc,
    ClickTracking,
    Content,
    CustomArg,
    Disposition,
    FileContent,
    FileName,
    FileType,
    From,
    GroupId,
    Header,
    Mail,
    MailSettings,
    OpenTracking,
    Personalization,
    ReplyTo,
    SandBoxMode,
    SendAt,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from mailer.batch.mime import NOTICE_HEADER, header_lines
from mailer.settings import SendGridSettings
from mailer.transports.base import Attempt
from rewards import Notice, wire_address

NOTICE_ARGUMENT = "offerpress_notice"
"""The custom argument that brings the notice's own id back in events."""

_OF_THE_BODY = frozenset({"from", "to", "cc", "reply-to", "subject"})


def request_body(attempt: Attempt, settings: SendGridSettings | None = None) -> bytes:
    """Return the JSON of one attempt, in UTF-8; in the sandbox the provider checks it and sends it to nobody.

    A value that cannot be a header, or a part that the provider refuses if empty, is a ValueError.
    """
    notice, settings = attempt.notice, settings or SendGridSettings()
    _refuse_empty(notice)
    mail = Mail()
    mail.from_email = From(wire_address(notice.from_address), notice.from_name or None)
    if notice.reply_to:
        mail.reply_to = ReplyTo(wire_address(notice.reply_to))
    mail.subject = Subject(notice.subject)
    mail.add_personalization(_personalization(attempt))
    for kind, text in (("text/plain", notice.text), ("text/html", notice.html)):
        if text:
            mail.add_content(Content(kind, text))
    for one in notice.attachments:
        content = FileContent(b64encode(one.text.encode()).decode())
        named = (FileName(one.filename), FileType(one.media_type))
        mail.add_attachment(Attachment(content, *named, Disposition("attachment")))
    for name, value in _headers(attempt):
        mail.add_header(Header(name, value))
    for category in dict.fromkeys((notice.category, *settings.categories)):
        mail.add_category(Category(category))
    mail.tracking_settings = _tracking()
    if settings.unsubscribe_group is not None and notice.category == "announcement":
        mail.asm = Asm(GroupId(settings.unsubscribe_group))
    if attempt.fence is not None:
        mail.batch_id = BatchId(attempt.fence.key)
        mail.send_at = SendAt(int(attempt.fence.send_at.timestamp()))
    if settings.sandbox:
        mail.mail_settings = MailSettings(sandbox_mode=SandBoxMode(enable=True))
    return json.dumps(mail.get(), ensure_ascii=False, separators=(",", ":")).encode()


def _refuse_empty(notice: Notice) -> None:
    parts = {"subject": notice.subject, "text": notice.text + notice.html}
    parts |= {one.filename: one.text for one in notice.attachments}
    for name, text in parts.items():
        if not text:
            raise ValueError(f"the {name} is empty, which the provider refuses; write one")


def _personalization(attempt: Attempt) -> Personalization:
    notice = attempt.notice
    personalization = Personalization()
    personalization.add_to(To(wire_address(notice.to_address), notice.to_name or None))
    for address in attempt.recipients[1:]:
        personalization.add_cc(Cc(wire_address(address)))
    personalization.add_custom_arg(CustomArg(NOTICE_ARGUMENT, attempt.idempotency_key))
    return personalization


def _headers(attempt: Attempt) -> list[tuple[str, str]]:
    own = [(line.name, line.replace("\r\n", "")) for line in header_lines(attempt.notice)]
    others = [(name, value) for name, value in own if name.lower() not in _OF_THE_BODY]
    return [
        ("Message-ID", attempt.message_id),
        (NOTICE_HEADER, attempt.idempotency_key),
        ("Auto-Submitted", "auto-generated"),
        *others,
    ]


def _tracking() -> TrackingSettings:
    return TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
    )
