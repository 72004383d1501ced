"""The facts of a plan that stand above its messages, and what follows from them for each message."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from mailer.batch.unsubscribing import Unsubscribing
from rewards import Category, Notice

PLAN_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,120}$"
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_NOTICES = TypeAdapter(Notice)


def canonical(value: object) -> bytes:
    """The one JSON form that is digested: sorted keys, no spaces, UTF-8.

    Lone surrogates are a UnicodeEncodeError.
    """
    return _CANONICAL.encode(value).encode()


class Totals(BaseModel):
    """Of one currency.

    Recipients with a `to_credit`, their net sum, its positive and its negative part, in minor
    units.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    partners: int
    amount: int
    credit: int
    debit: int


class BatchHeader(BaseModel):
    """What a person approves, beside the messages. `as_of` is a day's ordinal, `plan` names the batch.

    `snapshot` and `templates` are digests of what the messages were made from. `recipients` and
    `digest` are filled in when the batch is frozen.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    plan: str = Field(pattern=PLAN_PATTERN)
    campaign: str
    edition: int = Field(default=1, ge=1)
    category: Category
    as_of: int
    made_by: str
    made_at: AwareDatetime
    send_at: AwareDatetime | None = None
    corrections: bool = False
    snapshot: str = ""
    templates: str = ""
    skipped: Mapping[str, int] = {}
    totals: Mapping[str, Totals] = {}
    recipients: int = 0
    digest: str = ""


def canonical_notice(notice: Notice) -> bytes:
    """The same of a notice: its fields stand in that order, and pydantic writes them in half the time."""
    return _NOTICES.dump_json(notice)


def header_facts(header: BatchHeader) -> dict[str, object]:
    """The header as JSON values, without the digest that is taken over it."""
    return header.model_dump(mode="json", exclude={"digest"})


def message_digest(parts: bytes) -> bytes:
    """The digest of one message, 32 bytes, over its canonical parts."""
    return hashlib.sha256(parts).digest()


def batch_digest(header: BatchHeader, messages: Iterable[bytes]) -> str:
    """One digest (hex) over the header's facts and all message digests, which come in order of partner id."""
    whole = hashlib.sha256(canonical(header_facts(header)))
    for digest in messages:
        whole.update(digest)
    return whole.hexdigest()


def message_key(header: BatchHeader, partner_id: str) -> str:
    """The notice's own id: 40 hexadecimal digits, the same each time it is handed over.

    It tells nothing about the partner, and nobody without the snapshot's digest can work it out.
    """
    return hashlib.sha256(canonical(["message", header.plan, header.snapshot, partner_id])).hexdigest()[:40]


def message_id(key: str, notice: Notice) -> str:
    """The `Message-ID` with its angle brackets: the notice's key at the sender's domain."""
    return f"<{key}@{_wire_domain(notice.from_address.rpartition('@')[2])}>"


@lru_cache(maxsize=16)
def _wire_domain(domain: str) -> str:
    return domain.encode("idna").decode("ascii")


def with_own_headers(header: BatchHeader, notice: Notice, unsubscribe: Unsubscribing | None) -> Notice:
    """The notice with the headers that the plan gives it.

    They are frozen, digested and approved like the rest.
    """
    own = [("Feedback-ID", f"{header.campaign}.{header.edition}:{header.category}:offerpress")]
    if header.category == "announcement" and unsubscribe is not None:
        own += unsubscribe.headers(message_key(header, notice.partner_id))
    return notice.model_copy(update={"headers": (*notice.headers, *own)})


def notice_digest(header: BatchHeader, notice: Notice, unsubscribe: Unsubscribing | None) -> str:
    """The digest (hex) that a notice has in the plan of that header."""
    whole = with_own_headers(header, notice, unsubscribe)
    return message_digest(canonical_notice(whole)).hex()


def instant_text(at: datetime) -> str:
    """An instant as fixed-width text in UTC, so that order of text is order of time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
