"""Signing messages with DKIM (RFC 6376), for a relay that does not sign itself."""

import binascii
from collections.abc import Callable
from typing import Final

from mailer.errors import ConfigurationError
from mailer.settings import DkimSettings

Signer = Callable[[bytes], bytes]
"""Returns a message with its signature before it."""

# "from" twice, so that nobody can put a second one before it; RFC 8058 wants the ways to unsubscribe signed
_SIGNED: Final = [
    *(b"from", b"from", b"to", b"cc", b"reply-to", b"subject", b"date", b"message-id", b"mime-version"),
    *(b"content-type", b"auto-submitted", b"feedback-id", b"list-unsubscribe", b"list-unsubscribe-post"),
]
_PROBE: Final = b"From: probe@vendor.example\r\n\r\nprobe\r\n"


def signer(settings: DkimSettings, key: bytes) -> Signer:
    """Return a function that signs with a private RSA key in PEM form.

    A key that cannot sign is a ConfigurationError, which never shows the key.
    """
    try:
        import dkim  # noqa: PLC0415 - an extra, loaded only by who signs
    except ImportError as error:
        raise ConfigurationError(
            "dkim: signing needs dkimpy; install it with `pip install 'offerpress[dkim]'`"
        ) from error
    named = (settings.selector.encode(), settings.domain.encode("idna"))

    def sign(message: bytes) -> bytes:
        signature: bytes = dkim.sign(
            message, *named, key, canonicalize=(b"relaxed", b"relaxed"), include_headers=_SIGNED
        )
        return signature + message

    try:
        sign(_PROBE)
    except (dkim.DKIMException, ValueError, binascii.Error, IndexError) as error:
        raise ConfigurationError(
            f"dkim: {settings.selector}._domainkey.{settings.domain}: the key cannot sign ({type(error).__name__}); "
            "give a private RSA key of 2048 bits in PEM form"
        ) from error
    return sign
