"""The header of a batch, and the ids, digests and headers that it gives each message."""

import hashlib
import operator
from collections.abc import Iterable, Mapping
from functools import lru_cache

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mailer.batch.unsubscribe import UnsubscribeMethods
from rewards import Category, Notice, canonical_json

PLAN_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,120}$"


def canonical(value: object) -> bytes:
    """Write the canonical JSON form, which is digested: sorted keys, no spaces, UTF-8."""
    return canonical_json(value).encode()


class CurrencyTotals(BaseModel):
    """Recipients with a `to_credit` in one currency, and the net, positive and negative sums in minor units."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    partners: int
    amount: int
    credit: int
    debit: int


class BatchHeader(BaseModel):
    """The facts that a person approves beside the messages. `as_of` is a day's ordinal, `plan` names the batch.

    `snapshot`, `rules` and `templates` are digests of the sources of the messages. `sources` names more of them one by
    one, so that a stale plan can say which changed. `warnings` are sentences for the person who approves. Batches of
    earlier versions lack `rules`, `sources` and `warnings`: an empty one is no part of the digest. `recipients` and
    `digest` are filled in when the batch is frozen.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

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
    rules: str = Field(default="", exclude_if=operator.not_)
    templates: str = ""
    sources: Mapping[str, str] = Field(default={}, exclude_if=operator.not_)
    warnings: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    skipped: Mapping[str, int] = {}
    totals: Mapping[str, CurrencyTotals] = {}
    recipients: int = 0
    digest: str = ""


def canonical_notice(notice: Notice) -> bytes:
    """Write the canonical form of a notice, whose fields are declared in sorted order.

    A notice and its attachments hold texts and tuples only; pydantic's writer takes twice the time for the same bytes.
    """
    return orjson.dumps(vars(notice), default=vars)


def header_facts(header: BatchHeader) -> dict[str, object]:
    """Return the header as JSON values, without its digest."""
    return header.model_dump(mode="json", exclude={"digest"})


def message_digest(parts: bytes) -> bytes:
    """Return the digest (32 bytes) of one message, over its canonical form."""
    return hashlib.sha256(parts).digest()


def batch_digest(header: BatchHeader, messages: Iterable[bytes]) -> str:
    """Return the digest (hex) over the header and all message digests, in order of partner id."""
    whole = hashlib.sha256(canonical(header_facts(header)))
    for digest in messages:
        whole.update(digest)
    return whole.hexdigest()


def message_key(header: BatchHeader, partner_id: str) -> str:
    """Return the notice's own id: 40 hexadecimal digits, the same for every attempt.

    The id tells nothing about the partner, and cannot be computed without the snapshot's digest.
    """
    return hashlib.sha256(canonical(["message", header.plan, header.snapshot, partner_id])).hexdigest()[:40]


def message_id(key: str, notice: Notice) -> str:
    """Return the `Message-ID` with its angle brackets: the notice's key at the sender's domain."""
    return f"<{key}@{_wire_domain(notice.from_address.rpartition('@')[2])}>"


@lru_cache(maxsize=16)
def _wire_domain(domain: str) -> str:
    return domain.encode("idna").decode("ascii")


def with_own_headers(header: BatchHeader, notice: Notice, unsubscribe: UnsubscribeMethods | None) -> Notice:
    """Return the notice with the headers that the plan adds, which are frozen and approved like the rest."""
    own = [("Feedback-ID", f"{header.campaign}.{header.edition}:{header.category}:offerpress")]
    if header.category == "announcement" and unsubscribe is not None:
        own += unsubscribe.headers(message_key(header, notice.partner_id))
    return notice.model_copy(update={"headers": (*notice.headers, *own)})


def notice_digest(header: BatchHeader, notice: Notice, unsubscribe: UnsubscribeMethods | None) -> str:
    """Return the digest (hex) of a notice in the plan of that header."""
    whole = with_own_headers(header, notice, unsubscribe)
    return message_digest(canonical_notice(whole)).hex()
