"""Packs: the encrypted records of a shard and size class in one public file, among dummy records.

A pack is a header of 48 bytes and slots of one size, sorted. Header: `OPPK`, format, slot size as a power of
two, shard bits, zero; shard and key version in four big-endian bytes each; the SHA-256 of all the rest. The
digest detects accidents; each record's own tag detects forgery. Slot: locator (16 bytes), nonce (12),
ciphertext, tag (16).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from generator.errors import GeneratorError
from generator.statements.links import LinkSecret, NotAuthentic, decrypt, encrypt
from generator.statements.record import (
    LOCATOR_SIZE,
    Record,
    StatementTooLarge,
    padded,
    size_class,
    unpacked,
    unpadded,
)

PACK_FORMAT = 1
_FOLDER = "statement/packs"
PACKS_INDEX = f"{_FOLDER}/index.json"
PACK_MAGIC = b"OPPK"
_HEADER_SIZE = 48
_DIGEST = slice(16, _HEADER_SIZE)


class PackError(GeneratorError):
    """A changed pack, or a record that is not where its link leads; `path` is the file."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        super().__init__(f"{path}: {why}")


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """An encrypted record of `slot` bytes with its locator; `prefix` is the first 32 bits of S."""

    slot: int
    prefix: int
    data: bytes


def seal(link: LinkSecret, record: Record, partner_id: str = "") -> SealedRecord:
    """Encrypt a record under its link's key, bound to format, key version and locator.

    The same record gives the same bytes. A record that no size class fits loses the rows of its lines, but not their
    sums. Raises StatementTooLarge with `partner_id` if it is too large even then.
    """
    packed, slot = _fitted(record, partner_id)
    sealed = encrypt(link.key, link.nonce_key, padded(packed, slot), _bound(link))
    return SealedRecord(slot, link.shard(32), link.locator + sealed)


def _fitted(record: Record, partner_id: str) -> tuple[bytes, int]:
    packed = record.packed()
    try:
        return packed, size_class(len(packed))
    except StatementTooLarge:
        packed = record.without_rows().packed()
    try:
        return packed, size_class(len(packed))
    except StatementTooLarge as error:
        raise StatementTooLarge(error.size, partner_id) from None


def pack_path(slot: int, bits: int, shard: int, folder: str = "") -> str:
    """Return the path of a pack; it contains the bits, so that a cached index never leads to a pack of another size.

    `folder` ends with a slash; packs under a former secret have one.
    """
    return f"{_FOLDER}/{folder}{slot // 1024}k-{bits}/{shard:0{max(1, -(-bits // 4))}x}.bin"


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack with a correct digest, and its slots in order."""

    path: str
    key_version: int
    slots: tuple[bytes, ...]

    def open(self, link: LinkSecret) -> Record | None:
        """Return the link's record, or None if it is not in this pack; raises PackError if the record was changed."""
        found = next((slot for slot in self.slots if slot[:LOCATOR_SIZE] == link.locator), None)
        if found is None:
            return None
        bound = _bound(LinkSecret(link.secret, self.key_version))
        try:
            return unpacked(unpadded(decrypt(link.key, found[LOCATOR_SIZE:], bound)))
        except NotAuthentic:
            raise PackError(path=self.path, why=f"record {link.reference} was changed; build again") from None


def read_pack(path: str, data: bytes) -> Pack:
    """Parse a pack; raises PackError if `data` is not a pack or a byte of it changed."""
    if len(data) < _HEADER_SIZE or data[: len(PACK_MAGIC)] != PACK_MAGIC or data[4] != PACK_FORMAT:
        raise PackError(path, "this is no pack; build again")
    if data[_DIGEST] != sha256(data[: _DIGEST.start] + data[_HEADER_SIZE:]).digest():
        raise PackError(path, "a byte of this pack was changed; build again")
    size = 1 << data[5]
    slots = tuple(data[start : start + size] for start in range(_HEADER_SIZE, len(data), size))
    return Pack(path, int.from_bytes(data[12:16], "big"), slots)


class PackReader:
    """Opens links in published packs like the viewer; keeps the last pack of each size class.

    `files` maps paths such as `statement/packs/index.json` to bytes, and raises KeyError for a missing path.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._packs: dict[int, Pack] = {}
        try:
            index = json.loads(files[PACKS_INDEX])
            self._classes = [
                (int(entry["size"]), int(entry["bits"]), str(entry.get("folder", "")))
                for entry in index["packs"]
            ]
        except (KeyError, ValueError, TypeError) as error:
            raise PackError(PACKS_INDEX, "the packs' index is missing or changed; build again") from error

    def open(self, link: LinkSecret) -> Record:
        """Return the record that the link opens; raises PackError if there is none, or if its pack was changed."""
        path = PACKS_INDEX
        for slot, bits, folder in self._classes:
            path = pack_path(slot, bits, link.shard(bits), folder)
            record = self._pack(slot, path).open(link)
            if record is not None:
                return record
        raise PackError(
            path, f"no record {link.reference}: it was revoked, or the packs are of another build"
        )

    def verify(self) -> Iterator[PackError]:
        """Yield an error for each pack of the index that is missing or changed."""
        for slot, bits, folder in self._classes:
            for shard in range(1 << bits):
                try:
                    self._pack(slot, pack_path(slot, bits, shard, folder))
                except PackError as error:
                    yield error

    def _pack(self, slot: int, path: str) -> Pack:
        known = self._packs.get(slot)
        if known is None or known.path != path:
            try:
                known = read_pack(path, self._files[path])
            except KeyError:
                raise PackError(path, "this pack is missing; build again") from None
            self._packs[slot] = known
        return known


def _bound(link: LinkSecret) -> bytes:
    return b"offerpress record" + bytes([PACK_FORMAT]) + link.key_version.to_bytes(4, "big") + link.locator


# The folder of packs under the former site secret, which stay published for a while after a rotation.
FORMER_FOLDER: Final = "former/"


def former_packs(packs: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return packs under the former secret with their published paths, without their index."""
    return {
        path.replace(f"{_FOLDER}/", f"{_FOLDER}/{FORMER_FOLDER}", 1): data
        for path, data in packs.items()
        if path != PACKS_INDEX
    }


def merged_index(present: bytes, former: bytes) -> bytes:
    """Append the packs of the former index to the present one, each with its folder."""
    index = json.loads(present)
    behind = [{**entry, "folder": FORMER_FOLDER} for entry in json.loads(former)["packs"]]
    return json.dumps({**index, "packs": [*index["packs"], *behind]}, separators=(",", ":")).encode() + b"\n"
