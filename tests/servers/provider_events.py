"""A stand-in for SendGrid's Event Webhook: it makes events of what the provider took, signs them, and posts them."""

import http.client
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"

Told = dict[str, Any]


class EventDouble:
    """Posts events under a key of its own, as the provider does."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """What the provider's settings show."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return b64encode(self._key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()

    def headers(self, body: bytes, timestamp: int) -> dict[str, str]:
        """The headers that sign a body at an instant, in seconds since 1970."""
        signature = self._key.sign(str(timestamp).encode() + body, ec.ECDSA(hashes.SHA256()))
        own = {SIGNATURE: b64encode(signature).decode(), TIMESTAMP: str(timestamp)}
        return {"Content-Type": "application/json", "User-Agent": "SendGrid Event API", **own}

    def post(self, url: str, events: Sequence[Told], timestamp: int) -> int:
        """Post events, signed; the status of the answer."""
        body = json.dumps(events).encode()
        return request(url, "POST", "/events/sendgrid", body, self.headers(body, timestamp))[0]


def request(
    url: str,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    """The answer to one request: its status, text and headers. A body in pieces goes without its length."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    try:
        chunked = not isinstance(body, bytes | None)
        with suppress(
            BrokenPipeError, ConnectionResetError
        ):  # who refuses a body need not read it to its end
            connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def events_of(body: Told, kind: str, timestamp: int, **more: object) -> Iterator[Told]:
    """The events of a kind about a request that the provider took: one for each recipient."""
    (one,) = body["personalizations"]
    for number, recipient in enumerate([*one["to"], *one.get("cc", [])]):
        identity = f"{kind}-{one['custom_args']['offerpress_notice'][:8]}-{number}-{timestamp}"
        yield {
            "email": recipient["email"],
            "timestamp": timestamp,
            "event": kind,
            "sg_event_id": identity,
            "sg_message_id": f"{identity}.filter0001",
            "smtp-id": "<x@geopod-ismtpd-1>",
            "category": body.get("categories", []),
            **one["custom_args"],
            **more,
        }
