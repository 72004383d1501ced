"""`[mail.smtp]` and `[mail.sendgrid]`: how each way out is used; who may log in stands in the environment."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

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
