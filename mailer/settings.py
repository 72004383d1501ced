"""The `[mail]` section of the site's settings."""

from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from mailer.addresses import Mailbox, address_key, parse_mailbox, sendable
from mailer.pace import ANY_DOMAIN, Rate, domain_of
from mailer.transport_settings import (
    STRICT,
    RateLimit,
    SendGridSettings,
    SmtpSettings,
    TransportName,
    as_tuple,
)
from rewards import WindowSettings


def _mailbox(value: object) -> object:
    return parse_mailbox(value) if isinstance(value, str) else value


def _bare_address(value: str) -> str:
    parsed = parse_mailbox(value)
    if parsed.name:
        raise ValueError(f"{value!r} has a display name; write the bare address {parsed.address!r}")
    return parsed.address


def _one_click(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.fragment or not value.isascii():
        raise ValueError(
            "one-click unsubscribing needs an https address (RFC 8058); write https://…, or use mailto"
        )
    return value


class UnsubscribeSettings(BaseModel):
    """Where readers of announcements unsubscribe.

    `url` by one click (RFC 8058), `mailto` by a message to an address.
    """

    model_config = STRICT

    mailto: Annotated[str, AfterValidator(_bare_address)] | None = None
    url: Annotated[str, AfterValidator(_one_click)] | None = None


class GroupSettings(BaseModel):
    """How many claims one durable write may hold, and how long (milliseconds) it waits for them.

    After a crash at most `size` and those in flight are unknown.
    """

    model_config = STRICT

    size: Annotated[int, Field(ge=1, le=1000)] = 50
    wait_ms: Annotated[int, Field(ge=0, le=1000)] = 20


class RetrySettings(BaseModel):
    """How often a notice is tried that was refused for now; waits double from first to longest.

    `patience_seconds` is how long one call of `send` waits for the next try before it leaves the
    rest for a later call.
    """

    model_config = STRICT

    attempts: Annotated[int, Field(ge=1)] = 12
    first_seconds: Annotated[int, Field(ge=0)] = 2
    longest_seconds: Annotated[int, Field(ge=0)] = 3600
    patience_seconds: Annotated[int, Field(ge=0)] = 60


def _domain(value: str) -> str:
    address = f"postmaster@{value}"
    if value != ANY_DOMAIN and not sendable(address):
        raise ValueError(f'{value!r} is no domain; write "example.org", or "*" for every other')
    return domain_of(address_key(address))


class WarmUpSettings(BaseModel):
    """How many notices may leave on each of the first days of a new sending address or domain.

    `since` is its first day: what was handed over before does not count. `daily` holds an allowance for each day
    on which anything leaves; after the last of them there is no limit.
    """

    model_config = STRICT

    since: date
    daily: Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_tuple), Field(min_length=1)]


class MailSettings(BaseModel):
    """The `[mail]` section; only `from` has no default.

    `per_second` limits the messages handed over per second, `per_domain` those to addresses of one domain (`*`: of
    each that is not named). `latest_start_hours` refuses to begin a plan later than that after its `send_at`. `window`
    is the send window of campaigns without one. A sender of a shared outbox that is silent for `lease_seconds` counts
    as dead. With `self_approval` the person who made a plan may approve it.
    """

    model_config = STRICT

    sender: Annotated[Mailbox, BeforeValidator(_mailbox), Field(alias="from")]
    reply_to: Annotated[str, AfterValidator(_bare_address)] | None = None
    transport: TransportName = "folder"
    self_approval: bool = False
    per_second: RateLimit | None = None
    per_domain: dict[Annotated[str, AfterValidator(_domain)], RateLimit] = {}
    warm_up: WarmUpSettings | None = None
    latest_start_hours: Annotated[int, Field(ge=1)] | None = None
    window: WindowSettings | None = None
    unsubscribe: UnsubscribeSettings = UnsubscribeSettings()
    group: GroupSettings = GroupSettings()
    lease_seconds: Annotated[int, Field(ge=1)] = 60
    retries: RetrySettings = RetrySettings()
    smtp: SmtpSettings = SmtpSettings()
    sendgrid: SendGridSettings = SendGridSettings()

    def rate_of_transport(self, name: str) -> Rate | None:
        """The messages a second that may be handed to the transport of that name; None for no limit."""
        own = {"smtp": self.smtp.per_second, "sendgrid": self.sendgrid.per_second}.get(name)
        return self.per_second if own is None else own
