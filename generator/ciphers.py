"""The primitives that protect statements: HKDF-SHA-256 (RFC 5869) and AES-256-GCM (NIST SP 800-38D)."""

import hmac
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

NONCE_SIZE = 12
TAG_SIZE = 16


class NotAuthentic(ValueError):
    """The ciphertext is not what was encrypted under this key, or is bound to something else."""


def fields(*values: str | int) -> bytes:
    """The values as one unambiguous byte string: each in UTF-8 after its length in four big-endian bytes."""
    texts = [str(value).encode() for value in values]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)


@lru_cache(maxsize=2)
def _extracted(secret: bytes) -> bytes:
    # HKDF's first half depends on the secret alone: a partner's link then costs the second half only.
    return hmac.digest(bytes(sha256().digest_size), secret, "sha256")


def expand(secret: bytes, info: bytes, size: int) -> bytes:
    """`size` bytes of HKDF-SHA-256 over the long-lived `secret`, without salt."""
    return HKDFExpand(SHA256(), size, info).derive(_extracted(secret))


def derive(secret: bytes, info: bytes, size: int) -> bytes:
    """`size` bytes of HKDF-SHA-256 over a `secret` that is used once, without salt."""
    return HKDF(SHA256(), size, None, info).derive(secret)


def encrypt(key: bytes, nonce_key: bytes, plaintext: bytes, bound: bytes) -> bytes:
    """Nonce, ciphertext and tag; `bound` is authenticated beside it.

    The nonce follows from key and content, so that the same content gives the same bytes, and another
    content another nonce: a nonce never repeats under a key except for the same message.
    """
    nonce = hmac.digest(nonce_key, bound + plaintext, "sha256")[:NONCE_SIZE]
    return nonce + AESGCM(key).encrypt(nonce, plaintext, bound)


def decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """The plaintext of what `encrypt` gave; raises NotAuthentic if a bit of it, of key or bound differs."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound)
    except InvalidTag as error:
        raise NotAuthentic("ciphertext is not authentic") from error
