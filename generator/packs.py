"""Packs: the encrypted records of a shard and size class, in one public file and among dummies like them.

A pack is a header of 48 bytes and slots of one size, sorted. Header: `OPPK`, format, slot size as a power of
two, shard bits, zero; shard and key version in four big-endian bytes each; the SHA-256 of all the rest, which
finds accidents (against forgery stands each record's own tag). Slot: locator (16 bytes), nonce (12),
ciphertext, tag (16).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256, shake_256

from generator.ciphers import NotAuthentic, decrypt, encrypt, expand, fields
from generator.errors import GeneratorError
from generator.links import LinkSecret
from generator.records import (
    LOCATOR_SIZE,
    SIZE_CLASSES,
    Record,
    StatementTooLarge,
    padded,
    size_class,
    unpacked,
    unpadded,
)

FORMAT = 1
FOLDER = "statement/packs"
INDEX = f"{FOLDER}/index.json"
_MAGIC = b"OPPK"
_HEADER_SIZE = 48
_DIGEST = slice(16, _HEADER_SIZE)
_DUMMY_KEY_SIZE = 32
# Slots come in eights, so that the size of a pack does not count its partners; 255 of 1 KiB are 256 KiB.
_STEP = 8
_LARGEST = {1024: 255}
_FEWEST = {1024: 200, 4096: 8, 16_384: 8, 131_072: 8}
# The mean keeps a distance from the largest and from the next eight that chance alone hardly ever crosses.
_MEAN = {1024: 184, 4096: 48, 16_384: 12, 131_072: 4}


class PackError(GeneratorError):
    """A pack that cannot be trusted, or a record that is not where its link leads; `path` says which file."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        super().__init__(f"{path}: {why}")


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """An encrypted record of `slot` bytes with its locator; `prefix` is the first 32 bits of S."""

    slot: int
    prefix: int
    data: bytes

    def shard(self, bits: int) -> int:
        """The number of its pack among `2 ** bits`."""
        return self.prefix >> (32 - bits)


def seal(link: LinkSecret, record: Record, partner_id: str = "") -> SealedRecord:
    """The record under its link's key, bound to format, key version and locator.

    The same record gives the same bytes. Raises StatementTooLarge, naming `partner_id`, where no class fits.
    """
    packed = record.packed()
    try:
        slot = size_class(len(packed))
    except StatementTooLarge as error:
        raise StatementTooLarge(error.size, partner_id) from None
    sealed = encrypt(link.key, link.nonce_key, padded(packed, slot), _bound(link))
    return SealedRecord(slot, link.shard(32), link.locator + sealed)


def pack_artifacts(
    records: Iterable[SealedRecord], site_secret: bytes, key_version: int = 1
) -> dict[str, bytes]:
    """Every file under `statement/packs/` for these records: each size class's packs, and their index."""
    classes: defaultdict[int, list[SealedRecord]] = defaultdict(list)
    for record in records:
        classes[record.slot].append(record)
    artifacts: dict[str, bytes] = {}
    index = []
    for slot in SIZE_CLASSES:
        if classes[slot]:
            bits = pack_bits(slot, classes[slot])
            index.append({"size": slot, "bits": bits})
            artifacts.update(_class_packs(slot, bits, classes[slot], site_secret, key_version))
    artifacts[INDEX] = json.dumps({"format": FORMAT, "packs": index}, separators=(",", ":")).encode() + b"\n"
    return artifacts


def pack_bits(slot: int, records: list[SealedRecord]) -> int:
    """How many first bits of S number the packs of a class: by the count of its records; none bursts."""
    bits = (max(len(records) - 1, 0) // _MEAN[slot]).bit_length()
    while slot in _LARGEST and max(_counts(records, bits).values(), default=0) > _LARGEST[slot]:
        bits += 1
    return bits


def pack_path(slot: int, bits: int, shard: int, folder: str = "") -> str:
    """Where a pack is published; with the bits, so that no cached index leads to a pack of another count.

    `folder` ends in a slash: that of packs under a former secret.
    """
    return f"{FOLDER}/{folder}{slot // 1024}k-{bits}/{shard:0{max(1, -(-bits // 4))}x}.bin"


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was read and whose digest is right: its slots in order."""

    path: str
    key_version: int
    slots: tuple[bytes, ...]

    def open(self, link: LinkSecret) -> Record | None:
        """The link's record; None if it is not in this pack. Raises PackError if it was tampered with."""
        found = next((slot for slot in self.slots if slot[:LOCATOR_SIZE] == link.locator), None)
        if found is None:
            return None
        bound = _bound(LinkSecret(link.secret, self.key_version))
        try:
            return unpacked(unpadded(decrypt(link.key, found[LOCATOR_SIZE:], bound)))
        except NotAuthentic:
            raise PackError(path=self.path, why=f"record {link.reference} was changed; build again") from None


def read_pack(path: str, data: bytes) -> Pack:
    """The pack in `data`; raises PackError where it is no pack of ours or a byte of it changed."""
    if len(data) < _HEADER_SIZE or data[: len(_MAGIC)] != _MAGIC or data[4] != FORMAT:
        raise PackError(path, "this is no pack; build again")
    if data[_DIGEST] != sha256(data[: _DIGEST.start] + data[_HEADER_SIZE:]).digest():
        raise PackError(path, "a byte of this pack was changed; build again")
    size = 1 << data[5]
    slots = tuple(data[start : start + size] for start in range(_HEADER_SIZE, len(data), size))
    return Pack(path, int.from_bytes(data[12:16], "big"), slots)


class PackReader:
    """Opens links in published packs as the viewer does; it remembers the last pack of each size class.

    `files` maps paths such as `statement/packs/index.json` to their bytes; a missing one is a KeyError there.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._packs: dict[int, Pack] = {}
        try:
            index = json.loads(files[INDEX])
            self._classes = [
                (int(entry["size"]), int(entry["bits"]), str(entry.get("folder", "")))
                for entry in index["packs"]
            ]
        except (KeyError, ValueError, TypeError) as error:
            raise PackError(INDEX, "the packs' index is missing or changed; build again") from error

    def open(self, link: LinkSecret) -> Record:
        """The record that the link opens; raises PackError if there is none, or if its pack was changed."""
        path = INDEX
        for slot, bits, folder in self._classes:
            path = pack_path(slot, bits, link.shard(bits), folder)
            record = self._pack(slot, path).open(link)
            if record is not None:
                return record
        raise PackError(
            path, f"no record {link.reference}: it was revoked, or the packs are of another build"
        )

    def verify(self) -> Iterator[PackError]:
        """What is wrong with any of the packs that the index promises, dummies included."""
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


def open_record(packs: Mapping[str, bytes], link: LinkSecret) -> Record:
    """The record that the viewer would show for this link; raises PackError as `PackReader.open` does."""
    return PackReader(packs).open(link)


def _counts(records: Iterable[SealedRecord], bits: int) -> dict[int, int]:
    counts: defaultdict[int, int] = defaultdict(int)
    for record in records:
        counts[record.shard(bits)] += 1
    return counts


def _class_packs(
    slot: int, bits: int, records: Iterable[SealedRecord], site_secret: bytes, key_version: int
) -> Iterator[tuple[str, bytes]]:
    dummy_key = expand(site_secret, fields("dummies", key_version), _DUMMY_KEY_SIZE)
    shards: defaultdict[int, list[bytes]] = defaultdict(list)
    for record in records:
        shards[record.shard(bits)].append(record.data)
    for shard in range(1 << bits):
        slots = shards[shard]
        wanted = _filled(slot, len(slots))
        dummies = (_dummy(dummy_key, slot, shard, index) for index in range(wanted - len(slots)))
        body = b"".join(sorted([*slots, *dummies]))
        yield pack_path(slot, bits, shard), _pack_bytes(slot, bits, shard, key_version, body)


def _filled(slot: int, count: int) -> int:
    rounded = max(_FEWEST[slot], -(-count // _STEP) * _STEP)
    return min(rounded, _LARGEST.get(slot, rounded))


def _dummy(key: bytes, slot: int, shard: int, index: int) -> bytes:
    return shake_256(key + fields(slot, shard, index)).digest(slot)


def _pack_bytes(slot: int, bits: int, shard: int, key_version: int, body: bytes) -> bytes:
    head = _MAGIC + bytes([FORMAT, slot.bit_length() - 1, bits, 0])
    head += shard.to_bytes(4, "big") + key_version.to_bytes(4, "big")
    return head + sha256(head + body).digest() + body


def _bound(link: LinkSecret) -> bytes:
    return b"offerpress record" + bytes([FORMAT]) + link.key_version.to_bytes(4, "big") + link.locator
