"""Checks whether a request comes from SendGrid: its signature over timestamp and raw body, and its age."""

import binascii
from datetime import UTC, datetime, timedelta
from typing import Final

from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from mailer.errors import ConfigurationError

SIGNATURE_HEADER: Final = str(EventWebhookHeader.SIGNATURE)
TIMESTAMP_HEADER: Final = str(EventWebhookHeader.TIMESTAMP)
_AHEAD: Final = timedelta(minutes=5)


class SignedRequests:
    """Checks requests by the public key that SendGrid shows; an unusable key is a ConfigurationError."""

    def __init__(self, public_key: str) -> None:
        try:
            self._webhook = EventWebhook(public_key.strip())
        except (ValueError, TypeError) as error:
            raise ConfigurationError(
                "sendgrid: the webhook's key is no public key; copy it from Mail Settings, Signed Event Webhook"
            ) from error

    def genuine(self, body: bytes, signature: str, timestamp: str) -> bool:
        """Return whether the holder of the private key signed the body with that timestamp."""
        try:
            return bool(self._webhook.verify_signature(body.decode(), signature, timestamp))
        except (binascii.Error, UnicodeError, ValueError):
            return False


def recent(timestamp: str, now: datetime, most: timedelta) -> bool:
    """Return whether a timestamp (seconds since 1970) is at most `most` old and five minutes ahead of our clock."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")):
        return False
    age = now - datetime.fromtimestamp(int(timestamp), UTC)
    return -_AHEAD <= age <= most
