"""Sealed records → packs: the number of packs of each size class, and their bytes, a few in memory at a time."""

import json
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Self

from generator.statements.links import expand, fields
from generator.statements.packs import PACK_FORMAT, PACK_MAGIC, PACKS_INDEX, SealedRecord, pack_path

_NAME = b"offerpress sealed shard 1 "
_PREFIX = 4


@dataclass(frozen=True, slots=True)
class SealedShard:
    """The sealed records of a shard by size class: `prefixes` has the first 32 bits of each S, `slots` the records."""

    prefixes: Mapping[int, bytes]
    slots: Mapping[int, bytes]

    @classmethod
    def of(cls, records: Iterable[SealedRecord]) -> Self:
        """Group records by size class, in their order."""
        classes: defaultdict[int, list[SealedRecord]] = defaultdict(list)
        for record in records:
            classes[record.slot].append(record)
        return cls(
            {slot: packed_prefixes(found) for slot, found in classes.items()},
            {slot: b"".join(record.data for record in found) for slot, found in classes.items()},
        )

    @classmethod
    def joined(cls, parts: Sequence["SealedShard"]) -> Self:
        """Return the records of all parts, in their order."""
        classes = dict.fromkeys(slot for part in parts for slot in part.prefixes)
        return cls(
            {slot: b"".join(part.prefixes.get(slot, b"") for part in parts) for slot in classes},
            {slot: b"".join(part.slots.get(slot, b"") for part in parts) for slot in classes},
        )

    def split(self, counts: Iterable[Mapping[int, int]]) -> Iterator["SealedShard"]:
        """Yield one part after another, each with so many records of each size class."""
        start: Counter[int] = Counter()
        for part in counts:
            end = start + Counter(part)
            yield SealedShard(
                {slot: self.prefixes[slot][start[slot] * _PREFIX : end[slot] * _PREFIX] for slot in part},
                {slot: self.slots[slot][start[slot] * slot : end[slot] * slot] for slot in part},
            )
            start = end

    @property
    def counts(self) -> dict[int, int]:
        """The number of records of each size class."""
        return {slot: len(prefixes) // _PREFIX for slot, prefixes in self.prefixes.items()}

    def records(self, slot: int) -> Iterator[tuple[int, bytes]]:
        """Yield prefix and bytes of each record of a size class."""
        slots = self.slots.get(slot, b"")
        for number, prefix in enumerate(unpacked_prefixes(self.prefixes.get(slot, b""))):
            yield prefix, slots[number * slot : (number + 1) * slot]


def packed_prefixes(records: Iterable[SealedRecord]) -> bytes:
    """Return the records' prefixes, four big-endian bytes each."""
    return b"".join(record.prefix.to_bytes(_PREFIX, "big") for record in records)


def unpacked_prefixes(packed: bytes) -> tuple[int, ...]:
    """Return the prefixes as numbers."""
    return struct.unpack(f">{len(packed) // _PREFIX}I", packed)


@dataclass(frozen=True, slots=True)
class SealedHead:
    """The head of a file with a sealed shard; `noted` is the writer's note. The slots are read later."""

    noted: Mapping[str, object]
    prefixes: Mapping[int, bytes]
    digest: str
    end: int

    def shard(self, data: bytes) -> SealedShard | None:
        """Return the records in the `data` of the whole file; None if a byte of them changed."""
        if sha256(data[self.end :]).hexdigest() != self.digest:
            return None
        slots, start = {}, self.end
        for slot, prefixes in self.prefixes.items():
            size = len(prefixes) // _PREFIX * slot
            slots[slot] = data[start : start + size]
            start += size
        return SealedShard(self.prefixes, slots)


def sealed_bytes(shard: SealedShard, noted: Mapping[str, object]) -> bytes:
    """Return the shard as the bytes of a file, with a note."""
    body = b"".join(shard.slots.values())
    classes = list(shard.counts.items())
    line = json.dumps({"noted": noted, "classes": classes, "sha256": sha256(body).hexdigest()}) + "\n"
    head = line.encode() + b"".join(shard.prefixes.values())
    return _NAME + sha256(head).hexdigest().encode() + b"\n" + head + body


def sealed_head(path: Path) -> SealedHead | None:
    """Read the head of a sealed shard; None if the file is missing, damaged or of another version."""
    try:
        with path.open("rb") as file:
            name, line = file.readline(), file.readline()
            raw = json.loads(line)
            prefixes = {slot: file.read(count * _PREFIX) for slot, count in raw["classes"]}
            if name != _NAME + sha256(line + b"".join(prefixes.values())).hexdigest().encode() + b"\n":
                return None
            return SealedHead(raw["noted"], prefixes, raw["sha256"], file.tell())
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
        MemoryError,
    ):
        return None


_DUMMY_KEY_SIZE = 32
# The number of slots is a multiple of eight, so that the size of a pack hides the number of its partners.
# 255 slots of 1 KiB and the header stay within 256 KiB.
_STEP = 8
_LARGEST = {1024: 255}
_FEWEST = {1024: 200, 2048: 64, 4096: 8, 16_384: 8, 131_072: 8}
# The mean is far enough below the largest number that chance alone hardly ever exceeds it.
_MEAN = {1024: 200, 2048: 100, 4096: 48, 16_384: 12, 131_072: 4}

Shards = Iterable[SealedShard]


def packs_of(shards: Sequence[SealedShard], site_secret: bytes, key_version: int = 1) -> dict[str, bytes]:
    """Return every file under `statement/packs/` for shards that are all in memory."""
    packing = Packing(bits_of(shard.prefixes for shard in shards), 0, site_secret, key_version)
    found = packing.artifacts(lambda _: shards, lambda *_: True)
    return {path: data for path, data in found if data is not None}


def bits_of(prefixes: Iterable[Mapping[int, bytes]]) -> dict[int, int]:
    """Return how many first bits of S number the packs of each size class, from the prefixes of each shard."""
    found: dict[int, list[bytes]] = {}
    for classes in prefixes:
        for slot, packed in classes.items():
            found.setdefault(slot, []).append(packed)
    return {slot: pack_bits(slot, unpacked_prefixes(b"".join(found[slot]))) for slot in sorted(found)}


def pack_bits(slot: int, prefixes: Sequence[int]) -> int:
    """Return how many first bits of S number the packs of a class, so that no pack exceeds its largest size.

    `prefixes` are the first 32 bits of each record's S.
    """
    bits = (max(len(prefixes) - 1, 0) // _MEAN[slot]).bit_length()
    if slot in _LARGEST:
        while max(Counter(prefix >> (32 - bits) for prefix in prefixes).values(), default=0) > _LARGEST[slot]:
            bits += 1
    return bits


@dataclass(frozen=True, slots=True)
class Packing:
    """The packs of a site: `bits` by size class, rising, over shards that `shard_bits` first bits of S number."""

    bits: Mapping[int, int]
    shard_bits: int
    site_secret: bytes
    key_version: int = 1

    def artifacts(
        self, shards_of: Callable[[range], Shards], wanted: Callable[[int, range], bool]
    ) -> Iterator[tuple[str, bytes | None]]:
        """Yield path and bytes of every file under `statement/packs/`; bytes are None for packs that are not `wanted`.

        Both functions get the numbers of the shards in a pack; `wanted` also gets the size class.
        """
        for slot, bits in self.bits.items():
            common = min(bits, self.shard_bits)
            for group in range(1 << common):
                shards = _below(group, self.shard_bits - common)
                packs = _below(group, bits - common)
                if wanted(slot, shards):
                    yield from self._packs(slot, bits, packs, shards_of(shards))
                else:
                    yield from ((pack_path(slot, bits, pack), None) for pack in packs)
        index = [{"size": slot, "bits": bits} for slot, bits in self.bits.items()]
        yield (
            PACKS_INDEX,
            json.dumps({"format": PACK_FORMAT, "packs": index}, separators=(",", ":")).encode() + b"\n",
        )

    def _packs(self, slot: int, bits: int, packs: range, shards: Shards) -> Iterator[tuple[str, bytes]]:
        found: defaultdict[int, list[bytes]] = defaultdict(list)
        for shard in shards:
            for prefix, data in shard.records(slot):
                found[prefix >> (32 - bits)].append(data)
        key = expand(self.site_secret, fields("dummies", self.key_version), _DUMMY_KEY_SIZE)
        for pack in packs:
            slots = found[pack]
            dummies = _filled(slot, len(slots)) - len(slots)
            slots += (_dummy(key, slot, pack, index) for index in range(dummies))
            body = b"".join(sorted(slots))
            yield pack_path(slot, bits, pack), _pack_bytes(slot, bits, pack, self.key_version, body)


def _below(number: int, bits: int) -> range:
    """The numbers with so many more bits that begin with `number`."""
    return range(number << bits, (number + 1) << bits)


def _filled(slot: int, count: int) -> int:
    rounded = max(_FEWEST[slot], -(-count // _STEP) * _STEP)
    return min(rounded, _LARGEST.get(slot, rounded))


def _dummy(key: bytes, slot: int, pack: int, index: int) -> bytes:
    return shake_256(key + fields(slot, pack, index)).digest(slot)


def _pack_bytes(slot: int, bits: int, pack: int, key_version: int, body: bytes) -> bytes:
    head = PACK_MAGIC + bytes([PACK_FORMAT, slot.bit_length() - 1, bits, 0])
    head += pack.to_bytes(4, "big") + key_version.to_bytes(4, "big")
    return head + sha256(head + body).digest() + body
