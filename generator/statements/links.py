"""The secret behind a partner's private link, and everything that is derived from it.

`S = HKDF-SHA-256(site secret, info = fields("link", key_version, epoch, partner_id))`, 20 bytes.
The link carries S in its fragment, which browsers never send. Everything else follows from S; the viewer
derives it in the browser.
"""

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

# Cryptographic primitives: HKDF-SHA-256 (RFC 5869) and AES-256-GCM (NIST SP 800-38D).

_NONCE_SIZE = 12  # of AES-GCM; a record's overhead (`record`) counts it too


class NotAuthentic(ValueError):
    """A ciphertext that was not encrypted under this key, or is bound to other data."""


def fields(*values: str | int) -> bytes:
    """Return the values as one unambiguous byte string: each in UTF-8 after its length in four big-endian bytes."""
    texts = [str(value).encode() for value in values]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)


@lru_cache(maxsize=2)
def _extracted(secret: bytes) -> bytes:
    # HKDF's extract step depends on the secret alone, so that a partner's link costs the expand step only.
    return hmac.digest(bytes(sha256().digest_size), secret, "sha256")


def expand(secret: bytes, info: bytes, size: int) -> bytes:
    """Return `size` bytes of HKDF-SHA-256 over the long-lived `secret`, without salt."""
    return HKDFExpand(SHA256(), size, info).derive(_extracted(secret))


def _derive(secret: bytes, info: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, None, info).derive(secret)


def encrypt(key: bytes, nonce_key: bytes, plaintext: bytes, bound: bytes) -> bytes:
    """Return nonce, ciphertext and tag; `bound` is authenticated additional data.

    The nonce is derived from key and content. The same content therefore gives the same bytes, and a nonce never
    repeats under a key except for the same message.
    """
    nonce = hmac.digest(nonce_key, bound + plaintext, "sha256")[:_NONCE_SIZE]
    return nonce + AESGCM(key).encrypt(nonce, plaintext, bound)


def decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """Return the plaintext of what `encrypt` returned; raises NotAuthentic if a bit of it, key or `bound` differs."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], bound)
    except InvalidTag as error:
        raise NotAuthentic("ciphertext is not authentic") from error


SECRET_SIZE = 20
FRAGMENT_LENGTH = 36
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 8
_CHECKSUM_LENGTH = 4
_LOCATOR, _KEY, _NONCE_KEY, _REFERENCE = slice(0, 16), slice(16, 48), slice(48, 80), slice(80, 96)
_DERIVED_SIZE = 96
_LARGEST_SHARD_BITS = 32
_PARTNERS_A_SHARD = 1000  # reading a shard from the snapshot costs as much as a hundred partners


@dataclass(frozen=True)
class LinkSecret:
    """A partner's link secret: `locator` finds the record, `key` opens it, `nonce_key` seals it."""

    secret: bytes
    key_version: int = 1

    def __repr__(self) -> str:
        """Return the reference only, so that no log or traceback reveals the link."""
        return f"LinkSecret({self.reference})"

    @property
    def fragment(self) -> str:
        """Return the link's part after `#`: S and its checksum, 36 characters of `[a-z2-7]`."""
        checked = self.secret + sha256(b"offerpress link" + self.secret).digest()
        return _base32(checked[: SECRET_SIZE + 5])[:FRAGMENT_LENGTH]

    @cached_property
    def _derived(self) -> bytes:
        return _derive(self.secret, fields("record"), _DERIVED_SIZE)

    @property
    def locator(self) -> bytes:
        """Return the 16 public bytes that identify the sealed record in its pack."""
        return self._derived[_LOCATOR]

    @property
    def key(self) -> bytes:
        """Return the 32 bytes of the record's AES-256 key."""
        return self._derived[_KEY]

    @property
    def nonce_key(self) -> bytes:
        """Return the 32 bytes of the key from which the nonce is derived."""
        return self._derived[_NONCE_KEY]

    @cached_property
    def reference(self) -> str:
        """Return the short code by which staff find the partner; it reveals nothing about the link."""
        number = int.from_bytes(self._derived[_REFERENCE], "big")
        letters = []
        for _ in range(REFERENCE_LENGTH):
            number, digit = divmod(number, len(REFERENCE_ALPHABET))
            letters.append(REFERENCE_ALPHABET[digit])
        return f"{''.join(letters[:4])}-{''.join(letters[4:])}"

    @cached_property
    def folder(self) -> str:
        """Return the unguessable folder name of a plain statement; it does not reveal the fragment."""
        return _base32(_derive(self.secret, fields("folder"), SECRET_SIZE))

    def shard(self, bits: int) -> int:
        """Return the first `bits` bits of S as a number; `bits` is at most 32."""
        return int.from_bytes(self.secret[:4], "big") >> (_LARGEST_SHARD_BITS - bits)

    def url(self, base_url: str) -> str:
        """Return the private link on the site at `base_url`."""
        return f"{base_url.rstrip('/')}/statement/#{self.fragment}"

    def plain_url(self, base_url: str) -> str:
        """Return the address of the partner's folder on a site whose statements are not encrypted."""
        return f"{base_url.rstrip('/')}/statement/{self.folder}/"


def link_secret(site_secret: bytes, partner_id: str, key_version: int = 1, epoch: int = 0) -> LinkSecret:
    """Derive a partner's link secret; a new `epoch` (link revoked) or `key_version` gives an unrelated one."""
    info = fields("link", key_version, epoch, partner_id)
    return LinkSecret(expand(site_secret, info, SECRET_SIZE), key_version)


def unsubscribe_key(site_secret: bytes, key_version: int = 1) -> bytes:
    """Derive the 32-byte key of unsubscribe tokens; it reveals nothing about any link."""
    return expand(site_secret, fields("unsubscribe", key_version), 32)


def parse_reference(text: str) -> str:
    """Parse a typed reference, in any case and with or without hyphen, into the form of `LinkSecret.reference`.

    Raises ValueError for a text that cannot be a reference.
    """
    letters = re.sub(r"[\s-]+", "", text.upper())
    if len(letters) != REFERENCE_LENGTH or set(letters) - set(REFERENCE_ALPHABET):
        raise ValueError(f"{text!r} is no reference; it looks like K7Q2-9FXM, eight of {REFERENCE_ALPHABET}")
    return f"{letters[:4]}-{letters[4:]}"


def shard_bits(partner_count: int) -> int:
    """Return how many first bits of S number the shards of a site with this many partners; 0 for a small site."""
    return max(0, (max(partner_count, 1) - 1) // _PARTNERS_A_SHARD).bit_length()


def _base32(data: bytes) -> str:
    return b32encode(data).decode("ascii").rstrip("=").lower()
