"""The `[mail]` section of the site's settings."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from mailer.rules.domain_pace import ANY_DOMAIN, MessageRate, domain_of
from rewards import Mailbox, WindowSettings, address_key, parse_mailbox, plain_address, sendable

TransportName = Literal["folder", "smtp", "sendgrid"]
"""The names of the transports in settings and on the command line."""

_SLOWEST: Final = Decimal("0.00001")  # one message a day
_FASTEST: Final = 1_000_000
_YEAR_SECONDS: Final = 365 * 24 * 3600
_YEAR_HOURS: Final = 365 * 24
_MILLION: Final = 1_000_000

STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True, defer_build=True)


def as_tuple(value: object) -> object:
    """Turn a list, as TOML gives it, into the tuple that settings hold."""
    return tuple(value) if isinstance(value, list) else value


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a category stands twice; name each once")
    return values


def _rate(value: Decimal | int) -> Decimal | int:
    if value <= 0:
        raise ValueError("a rate limit is a number above 0; leave it out for none")
    if not _SLOWEST <= value <= _FASTEST:
        raise ValueError(
            f"a rate limit lies between {_SLOWEST:f} and {_FASTEST:,} a second; write one in between"
        )
    return value


RateLimit = Annotated[Decimal | int, AfterValidator(_rate)]
"""Messages a second."""

_URL: Final = re.compile(r"[!-;=?-~]+")  # without spaces and brackets, which end an address (RFC 2369)
_LONGEST_URL: Final = 800  # with the token it fits into one line of a header (RFC 5322 2.1.1)

_LONGEST_RETURN: Final = 64 - 1 - 40  # RFC 5321 4.5.3.1.1, less a plus sign and an own id

FileName = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$")]

CategoryName = Annotated[str, Field(min_length=1, max_length=255)]


class SendGridSettings(BaseModel):
    """The `[mail.sendgrid]` section; the API key comes from the environment.

    `requests` is the number of requests under way at once, which hides the provider's latency. `per_second` overrides
    that of `[mail]`. With `sandbox` the provider checks every request and sends none. `unsubscribe_group` is the number
    of the provider's group (its `asm`) for announcements, in place of our own unsubscribe addresses. `categories` are
    added to the campaign's own in the provider's statistics, which take ten in all.
    """

    model_config = STRICT

    requests: Annotated[int, Field(ge=1, le=200)] = 40
    per_second: RateLimit | None = None
    sandbox: bool = False
    unsubscribe_group: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    categories: Annotated[
        tuple[CategoryName, ...], BeforeValidator(as_tuple), Field(max_length=9), AfterValidator(_each_once)
    ] = ()


def _qualified(value: str) -> str:
    if plain_address(f"postmaster@{value}") is None:
        raise ValueError(f"{value!r} is no domain; write one such as example.org")
    return value


class DkimSettings(BaseModel):
    """The `[mail.smtp.dkim]` section: signatures for `domain`, whose DNS holds the key under `selector`.

    `key_file` holds the private key, relative to the site; a key in the environment overrides it.
    """

    model_config = STRICT

    selector: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$")]
    domain: Annotated[str, AfterValidator(_qualified)]
    key_file: FileName = "private/dkim.pem"


def _bare_address(value: str) -> str:
    parsed = parse_mailbox(value)
    if parsed.name:
        raise ValueError(f"{value!r} has a display name; write the bare address {parsed.address!r}")
    return parsed.address


def _return_path(value: str) -> str:
    address = _bare_address(value)
    if len(address.rpartition("@")[0]) > _LONGEST_RETURN:
        raise ValueError(
            f"the part before the @ has more than {_LONGEST_RETURN} characters, so that an id of 40 and a + do not fit"
        )
    return address


class SmtpSettings(BaseModel):
    """The `[mail.smtp]` section; the server's address comes from the environment.

    `connections` is the number of connections that work at once. `per_second` overrides that of `[mail]`. `ca_file`
    (PEM, relative to the site) holds the certificates to trust in place of the system's. `hello` is this machine's
    name for the server. Bounces go to `return_path`, with a `+` and the notice's own id before the @, instead of to the
    sender. `dkim` signs every message, for relays that do not.
    """

    model_config = STRICT

    connections: Annotated[int, Field(ge=1, le=100)] = 2
    per_second: RateLimit | None = None
    ca_file: FileName | None = None
    hello: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\[\]-]{1,255}$")] | None = None
    return_path: Annotated[str, AfterValidator(_return_path)] | None = None
    dkim: DkimSettings | None = None


def _mailbox(value: object) -> object:
    return parse_mailbox(value) if isinstance(value, str) else value


def _one_click(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or parts.fragment or not _URL.fullmatch(value):
        raise ValueError(
            "one-click unsubscribing needs an https address (RFC 8058); write https://…, or use mailto"
        )
    if len(value) > _LONGEST_URL:
        raise ValueError(
            f"an address of more than {_LONGEST_URL} characters fits into no header; write a shorter one"
        )
    return value


class UnsubscribeSettings(BaseModel):
    """The addresses for unsubscribing from announcements: `url` by one click (RFC 8058), `mailto` by a message."""

    model_config = STRICT

    mailto: Annotated[str, AfterValidator(_bare_address)] | None = None
    url: Annotated[str, AfterValidator(_one_click)] | None = None


class GroupSettings(BaseModel):
    """The most claims in one durable write, and how long (milliseconds) it waits for them.

    After a crash at most `size` notices and those under way are unknown.
    """

    model_config = STRICT

    size: Annotated[int, Field(ge=1, le=1000)] = 50
    wait_ms: Annotated[int, Field(ge=0, le=1000)] = 20


class RetrySettings(BaseModel):
    """The retries of a notice that was refused temporarily; the waits double from first to longest.

    `patience_seconds` is the longest wait of one call of `send` for the next retry; it leaves the rest to a later call.
    """

    model_config = STRICT

    attempts: Annotated[int, Field(ge=1, le=_MILLION)] = 12
    first_seconds: Annotated[int, Field(ge=0, le=_YEAR_SECONDS)] = 2
    longest_seconds: Annotated[int, Field(ge=0, le=_YEAR_SECONDS)] = 3600
    patience_seconds: Annotated[int, Field(ge=0, le=_YEAR_SECONDS)] = 60


def _domain(value: str) -> str:
    address = f"postmaster@{value}"
    if value != ANY_DOMAIN and not sendable(address):
        raise ValueError(f'{value!r} is no domain; write "example.org", or "*" for every other')
    return domain_of(address_key(address))


class WarmUpSettings(BaseModel):
    """The notices that may leave on each of the first days of a new sending address or domain.

    `since` is its first day; earlier notices do not count. `daily` holds an allowance for each day with mail; after the
    last one there is no limit.
    """

    model_config = STRICT

    since: date
    daily: Annotated[
        tuple[Annotated[int, Field(ge=1, lt=2**63)], ...], BeforeValidator(as_tuple), Field(min_length=1)
    ]


class MailSettings(BaseModel):
    """The `[mail]` section; only `from` has no default.

    `per_second` limits the messages handed over per second, `per_domain` those to addresses of one domain (`*`: of
    each other domain). A plan does not begin later than `latest_start_hours` after its `send_at`. `window` is the
    send window of campaigns without one. A sender of a shared outbox that is silent for `lease_seconds` counts as
    dead. With `self_approval` the person who made a plan may approve it. With `approvals` as `signed` an approval needs
    the signature of a person's passkey, which only the studio takes.
    """

    model_config = STRICT

    sender: Annotated[Mailbox, BeforeValidator(_mailbox), Field(alias="from")]
    reply_to: Annotated[str, AfterValidator(_bare_address)] | None = None
    transport: TransportName = "folder"
    self_approval: bool = False
    approvals: Literal["named", "signed"] = "named"
    per_second: RateLimit | None = None
    per_domain: dict[Annotated[str, AfterValidator(_domain)], RateLimit] = {}
    warm_up: WarmUpSettings | None = None
    latest_start_hours: Annotated[int, Field(ge=1, le=_YEAR_HOURS)] | None = None
    window: WindowSettings | None = None
    unsubscribe: UnsubscribeSettings = UnsubscribeSettings()
    group: GroupSettings = GroupSettings()
    lease_seconds: Annotated[int, Field(ge=1, le=_YEAR_SECONDS)] = 60
    retries: RetrySettings = RetrySettings()
    smtp: SmtpSettings = SmtpSettings()
    sendgrid: SendGridSettings = SendGridSettings()

    def rate_of_transport(self, name: str) -> MessageRate | None:
        """Return the messages per second that the transport of that name may take; None for no limit."""
        own = {"smtp": self.smtp.per_second, "sendgrid": self.sendgrid.per_second}.get(name)
        return self.per_second if own is None else own
