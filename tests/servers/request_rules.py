"""What SendGrid's interface demands of a request to send, as rules that name what is broken in one."""

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from typing import Any

ADDRESS = re.compile(r"[!-?A-~]+@[a-z0-9.-]+", re.ASCII | re.IGNORECASE)
KEYS = frozenset(
    [
        "personalizations",
        "from",
        "reply_to",
        "subject",
        "content",
        "attachments",
        "headers",
        "categories",
        "send_at",
        "batch_id",
        "asm",
        "mail_settings",
        "tracking_settings",
    ]
)
RESERVED = frozenset(
    [
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    ]
)
"""Headers that the provider does not take from a request."""


def broken_rules(body: dict[str, Any]) -> list[str]:
    """Every rule that a request breaks, in words; none if the provider can take it."""
    return [*_whole(body), *_parts(body), *_addresses(body), *_settings(body)]


def _whole(body: dict[str, Any]) -> Iterator[str]:
    if set(body) - KEYS:
        yield f"unknown keys {set(body) - KEYS}"
    if not {"personalizations", "from", "subject", "content"} <= set(body):
        yield "something required is missing"
    if len(body["personalizations"]) != 1 or set(body["personalizations"][0]) - {"to", "cc", "custom_args"}:
        yield "it is not one personalization with recipients and our id"
    ours = body["personalizations"][0].get("custom_args", {})
    if list(ours) != ["offerpress_notice"] or not all(isinstance(value, str) for value in ours.values()):
        yield "our id, and nothing else, is not the custom argument of the personalization"
    if not body["subject"]:
        yield "the subject is empty"


def _parts(body: dict[str, Any]) -> Iterator[str]:
    kinds = [part["type"] for part in body["content"]]
    if kinds not in (["text/plain", "text/html"], ["text/plain"], ["text/html"]):
        yield f"the parts {kinds} are not plain text, then HTML"
    if not all(part["value"] for part in body["content"]):
        yield "a part is empty"
    for one in body.get("attachments", []):
        if not b64decode(one["content"], validate=True) or one["disposition"] != "attachment":
            yield "an attachment is empty or not attached"
        if set(one) != {"content", "type", "filename", "disposition"}:
            yield f"an attachment has the keys {set(one)}"
    for name, value in body["headers"].items():
        if name.lower() in RESERVED or not isinstance(value, str) or not value.isascii() or "\n" in value:
            yield f"{name} is no header of a request"


def _addresses(body: dict[str, Any]) -> Iterator[str]:
    (personalization,) = body["personalizations"]
    recipients = [*personalization["to"], *personalization.get("cc", [])]
    for one in [body["from"], *recipients, *([body["reply_to"]] if "reply_to" in body else [])]:
        if set(one) - {"email", "name"} or not ADDRESS.fullmatch(one["email"]) or one.get("name") == "":
            yield f"{one} is no address"
    twice = [address for address, n in Counter(one["email"].lower() for one in recipients).items() if n > 1]
    if twice or not personalization["to"]:
        yield f"{twice} stand twice, or nobody is written to"


def _settings(body: dict[str, Any]) -> Iterator[str]:
    categories = body["categories"]
    if (
        len(set(categories)) != len(categories)
        or not 0 < len(categories) <= 10
        or max(map(len, categories)) > 255
    ):
        yield f"the categories {categories} are too many, too long or stand twice"
    tracking = body["tracking_settings"]
    if any(one["enable"] is not False for one in tracking.values()) or len(tracking) != 3:
        yield "something is tracked"
    if "asm" in body and not (set(body["asm"]) == {"group_id"} and isinstance(body["asm"]["group_id"], int)):
        yield "the group is no number"
