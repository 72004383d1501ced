"""The `[mail]` section of the site's settings."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from mailer.addresses import (
    Mailbox,
    address_key,
    parse_mailbox,
    sendable,
)
from mailer.rules.pace import ANY_DOMAIN, Rate, domain_of
from rewards import WindowSettings

# `[mail.smtp]` and `[mail.sendgrid]`: how each way out is used; who may log in stands in the environment.

TransportName = Literal["folder", "smtp", "sendgrid"]
"""The ways out, by the word for each in settings and on the command line."""

STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)


def as_tuple(value: object) -> object:
    """A list, as TOML gives it, as the tuple that settings hold."""
    return tuple(value) if isinstance(value, list) else value


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a category stands twice; name each once")
    return values


def _positive(value: Decimal | int) -> Decimal | int:
    if value <= 0:
        raise ValueError("a rate limit is a number above 0; leave it out for none")
    return value


RateLimit = Annotated[Decimal | int, AfterValidator(_positive)]
"""Messages a second."""

CategoryName = Annotated[str, Field(min_length=1, max_length=255)]


class SendGridSettings(BaseModel):
    """`requests` is how many are under way at once, so that the provider's latency costs no time.

    `per_second` goes before that of `[mail]`.

    `sandbox` lets the provider check every request and send none. `unsubscribe_group` is the number of the provider's
    group (its `asm`) that announcements belong to, in place of our own way to unsubscribe. `categories` stand beside
    the campaign's own in the provider's statistics; it takes ten in all.
    """

    model_config = STRICT

    requests: Annotated[int, Field(ge=1, le=200)] = 40
    per_second: RateLimit | None = None
    sandbox: bool = False
    unsubscribe_group: Annotated[int, Field(ge=1)] | None = None
    categories: Annotated[
        tuple[CategoryName, ...], BeforeValidator(as_tuple), Field(max_length=9), AfterValidator(_each_once)
    ] = ()


class DkimSettings(BaseModel):
    """A signature by `domain`, whose public key stands in its DNS under `selector`.

    `key_file` holds the private key, relative to the site; one in the environment goes before it.
    """

    model_config = STRICT

    selector: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$")]
    domain: Annotated[str, Field(pattern=r"^[^\s.@]+(\.[^\s.@]+)+$")]
    key_file: str = "private/dkim.pem"


class SmtpSettings(BaseModel):
    """`connections` is how many work at once. `per_second` goes before that of `[mail]`.

    `ca_file` (PEM, relative to the site) names the certificates to believe in place of the system's, for a relay
    whose certificate nobody else vouches for. `hello` is this machine's name as told to the server.
    `dkim` signs every message, where the relay does not.
    """

    model_config = STRICT

    connections: Annotated[int, Field(ge=1, le=100)] = 2
    per_second: RateLimit | None = None
    ca_file: str | None = None
    hello: str | None = None
    dkim: DkimSettings | None = None


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
