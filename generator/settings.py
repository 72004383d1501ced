"""The settings `[site]` and `[statements]` of `offerpress.toml`."""

import re
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\\"<>^`{|}]")


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or _UNPRINTABLE.search(text):
        raise ValueError(f"{text!r} is no web address; write it in full, such as https://partners.example")
    if "@" in parts.netloc:
        raise ValueError(f"{text!r} holds a user name; write the address without it")
    return text


def _base_url(text: str) -> str:
    _address(text)
    parts = urlsplit(text)
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(f"{text!r} has a query or fragment; end it with the path")
    if not _HOST.fullmatch(parts.hostname or "") and f"[{parts.hostname}]" not in parts.netloc:
        raise ValueError(f"{text!r} has no usable host name; write it in ASCII (punycode)")
    try:
        parts.port  # noqa: B018 - the property checks the number
    except ValueError as error:
        raise ValueError(f"{text!r} has no usable port; use a number up to 65535") from error
    if not parts.path.isascii() or ".." in parts.path.split("/") or "//" in parts.path:
        raise ValueError(f"{text!r} has an unusable path; write it percent-encoded, without '..' and '//'")
    return text.rstrip("/")


def _contact(text: str) -> str:
    return text if text.startswith("mailto:") and "@" in text else _address(text)


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f"{text!r} is no language code; write one such as en, de or pt-BR")
    return text


def _instant(text: str) -> str:
    try:
        zoned = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned or "T" not in text:
        raise ValueError(f"{text!r} is no instant with an offset; write one such as 2027-06-30T00:00:00Z")
    return text


def _titled(text: str) -> str:
    text = text.strip()
    if not text or not text.isprintable():
        raise ValueError("the title is empty or holds control characters; write it on one line")
    return text


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


WebAddress = Annotated[str, AfterValidator(_address)]
Contact = Annotated[str, AfterValidator(_contact)]
AddressForm = Literal["Sie", "du"]
Language = Annotated[str, AfterValidator(_language)]


class Links(BaseModel):
    """The vendor's other addresses: `social` (name -> address), `forum`, `contact` (address or `mailto:`)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    social: dict[str, WebAddress] = Field(default_factory=dict)
    forum: WebAddress | None = None
    contact: Contact | None = None


class Security(BaseModel):
    """The contacts for reports of a vulnerability (RFC 9116), in order of preference, valid until `expires`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    contact: Annotated[tuple[Contact, ...], BeforeValidator(_tuple), Field(min_length=1)]
    expires: Annotated[str, AfterValidator(_instant)]
    policy: WebAddress | None = None
    encryption: WebAddress | None = None
    acknowledgments: WebAddress | None = None


class SiteSettings(BaseModel):
    """`[site]`: `base_url` may have a path and has no slash at its end; `languages` has the default first.

    `address` is how German labels address readers: formally or not. `hub` is the WebSub hub that the publisher
    notifies of new entries. `cards` turns on the preview pictures of shared links. `feed_entries` and `page_entries`
    limit a feed, and a page that lists announcements. `publish_also` are patterns of files in `content/static/` that
    are published although they look like leftovers.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    title: Annotated[str, AfterValidator(_titled)]
    base_url: Annotated[str, AfterValidator(_base_url)]
    default_language: Language = "en"
    address: AddressForm = "Sie"
    languages: Annotated[tuple[Language, ...], BeforeValidator(_tuple)] = ()
    links: Links = Field(default_factory=Links)
    hub: WebAddress | None = None
    feed_entries: Annotated[int, Field(ge=1, le=1000)] = 30
    page_entries: Annotated[int, Field(ge=1, le=1000)] = 50
    cards: bool = True
    publish_also: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()
    security: Security | None = None

    @model_validator(mode="after")
    def _default_first(self) -> "SiteSettings":
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("a language stands twice in 'languages'; name each once")
        others = tuple(language for language in self.languages if language != self.default_language)
        object.__setattr__(self, "languages", (self.default_language, *others))
        return self

    @property
    def base_path(self) -> str:
        """The path of `base_url` with a slash at both ends: `/` or `/partners/`."""
        return f"{urlsplit(self.base_url).path.rstrip('/')}/"


class StatementSettings(BaseModel):
    """`[statements]`: the way in which a partner reaches its statement.

    `link`: encrypted packs; `plain`: one folder per partner, for a host that checks access itself; `none`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    access: Literal["link", "plain", "none"] = "link"
