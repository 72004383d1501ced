"""Link secrets: what is derived, how a link is read back, and what the vectors fix for everyone."""

import hmac
import json
import re
from base64 import b32decode
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.statements.links import (
    REFERENCE_ALPHABET,
    LinkSecret,
    link_secret,
    parse_reference,
    shard_bits,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "links.json"
SITE = bytes(range(32))


class Vector(TypedDict):
    """One entry of links.json; bytes are hexadecimal."""

    site_secret: str
    partner_id: str
    key_version: int
    epoch: int
    secret: str
    fragment: str
    locator: str
    key: str
    nonce_key: str
    reference: str
    folder: str
    shards: dict[str, int]


def vectors() -> list[Vector]:
    """The entries of links.json."""
    found: list[Vector] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return found


def hkdf_by_hand(secret: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869 with SHA-256 and no salt, from HMAC alone."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    block, output = b"", b""
    for counter in range(1, -(-size // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes([counter]), "sha256")
        output += block
    return output[:size]


def prefixed(*values: object) -> bytes:
    """Each value after its length in four bytes."""
    texts = [str(value).encode() for value in values]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: repr(vector["partner_id"]))
def test_vectors(vector: Vector) -> None:
    """Every derived value is the one that the vectors fix."""
    link = link_secret(
        bytes.fromhex(vector["site_secret"]), vector["partner_id"], vector["key_version"], vector["epoch"]
    )
    found = {
        "secret": link.secret.hex(),
        "fragment": link.fragment,
        "locator": link.locator.hex(),
        "key": link.key.hex(),
        "nonce_key": link.nonce_key.hex(),
        "reference": link.reference,
        "folder": link.folder,
        "shards": {bits: link.shard(int(bits)) for bits in vector["shards"]},
    }
    assert found == {name: vector[name] for name in found}  # type: ignore[literal-required]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: repr(vector["partner_id"]))
def test_vectors_follow_from_the_rfc(vector: Vector) -> None:
    """The vectors follow from RFC 5869 written out by hand, so they fix the standard."""
    info = prefixed("link", vector["key_version"], vector["epoch"], vector["partner_id"])
    secret = hkdf_by_hand(bytes.fromhex(vector["site_secret"]), info, 20)
    derived = hkdf_by_hand(secret, prefixed("record"), 80)
    assert secret.hex() == vector["secret"]
    assert derived.hex() == vector["locator"] + vector["key"] + vector["nonce_key"]


def test_every_input_makes_another_secret() -> None:
    """Site secret, partner, key version and epoch each change the link; fields do not run into each other."""
    links = [
        link_secret(SITE, "P-1"),
        link_secret(SITE, "P-2"),
        link_secret(SITE, "P-1", epoch=1),
        link_secret(SITE, "P-1", key_version=2),
        link_secret(bytes(32), "P-1"),
        link_secret(SITE, "1", key_version=11, epoch=1),
        link_secret(SITE, "1", key_version=1, epoch=11),
        link_secret(SITE, "11", key_version=1, epoch=1),
    ]
    assert len({link.fragment for link in links}) == len(links)
    assert len({link.locator for link in links}) == len(links)


def test_fragment_alphabet() -> None:
    """A fragment is 36 characters that no mail program changes."""
    fragments = [link_secret(SITE, f"P-{number}").fragment for number in range(200)]
    assert all(re.fullmatch("[a-z2-7]{36}", fragment) for fragment in fragments)


def test_addresses() -> None:
    """The private link has S behind the # only; a plain folder's name does not give it away."""
    link = link_secret(SITE, "P-1")
    assert link.url("https://x.example/partners") == f"https://x.example/partners/statement/#{link.fragment}"
    assert link.url("https://x.example/") == f"https://x.example/statement/#{link.fragment}"
    assert link.plain_url("https://x.example") == f"https://x.example/statement/{link.folder}/"
    assert link.fragment[:20] not in link.plain_url("https://x.example")
    assert not {link.secret.hex(), link.locator.hex()} & {link.folder}


@given(st.binary(min_size=20, max_size=20))
def test_fragment_reads_back(secret: bytes) -> None:
    """Any fragment begins with its secret, from which the same fragment follows."""
    fragment = LinkSecret(secret).fragment
    assert (36, secret) == (len(fragment), b32decode(fragment[:32].upper()))


def test_every_single_mistyped_letter_of_a_link_is_noticed() -> None:
    """All one-letter mistakes in a link are found by the checksum."""
    fragment = link_secret(SITE, "P-1").fragment
    typed = [
        fragment[:place] + letter + fragment[place + 1 :]
        for place in range(36)
        for letter in "abcdefghijklmnopqrstuvwxyz234567"
    ]
    accepted = [one for one in typed if LinkSecret(b32decode(one[:32].upper())).fragment == one]
    assert accepted == [fragment] * 36


def test_reference() -> None:
    """A reference is short, unambiguous, and read as people type it; a thousand differ."""
    references = [link_secret(SITE, f"P-{number}").reference for number in range(1000)]
    assert len(set(references)) == 1000
    assert not set("01ILOU") & set(REFERENCE_ALPHABET)
    form = re.compile(f"[{REFERENCE_ALPHABET}]{{4}}-[{REFERENCE_ALPHABET}]{{4}}")
    assert all(form.fullmatch(code) for code in references)
    assert parse_reference(f" {references[0].lower().replace('-', ' ')} ") == references[0]


@pytest.mark.parametrize("text", ["", "K7Q2", "K7Q2-9FXM-2", "K7Q2-9FX0"])
def test_no_reference(text: str) -> None:
    """What cannot be a reference is refused with the form of one."""
    with pytest.raises(ValueError, match="looks like K7Q2-9FXM"):
        parse_reference(text)


def test_secrets_stay_out_of_reprs() -> None:
    """A link in a log line or traceback shows its reference only."""
    link = link_secret(SITE, "P-1")
    assert repr(link) == f"LinkSecret({link.reference})"


def test_shards() -> None:
    """A shard is the number that the first bits of S make, and shards stay near 1,000 partners."""
    link = LinkSecret(bytes([0b10110000]) + bytes(19))
    assert [link.shard(bits) for bits in (0, 1, 2, 4, 8)] == [0, 1, 2, 11, 176]
    assert [shard_bits(count) for count in (0, 1, 1000, 1001, 2000, 2001, 100_000)] == [0, 0, 0, 1, 1, 2, 7]


def test_checksum_is_of_sha256() -> None:
    """The checksum is the first 20 bits of the SHA-256 of a fixed word and S."""
    digest = sha256(b"offerpress link" + bytes(20)).digest()
    number = int.from_bytes(digest[:4], "big") >> 12
    letters = "".join("abcdefghijklmnopqrstuvwxyz234567"[number >> shift & 31] for shift in (15, 10, 5, 0))
    assert LinkSecret(bytes(20)).fragment == "a" * 32 + letters
