"""Sealed records → packs: how many packs each size class has, and their bytes, a few of them in memory at a time."""

import json
import struct
from collections import Counter, defaultdict
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Self

from generator.statements.links import expand, fields
from generator.statements.packs import (
    PACK_FORMAT,
    PACK_MAGIC,
    PACKS_INDEX,
    SealedRecord,
    pack_path,
)

# The sealed records of one shard, together: what packs are put together from, in this build and in later ones.

_NAME = b"offerpress sealed shard 1 "
_PREFIX = 4


@dataclass(frozen=True, slots=True)
class SealedShard:
    """Sealed records by size class: `prefixes` holds the first 32 bits of each S, `slots` the records in that order."""

    prefixes: Mapping[int, bytes]
    slots: Mapping[int, bytes]

    @classmethod
    def of(cls, records: Iterable[SealedRecord]) -> Self:
        """The records, in their order."""
        classes: defaultdict[int, list[SealedRecord]] = defaultdict(list)
        for record in records:
            classes[record.slot].append(record)
        return cls(
            {slot: packed_prefixes(found) for slot, found in classes.items()},
            {slot: b"".join(record.data for record in found) for slot, found in classes.items()},
        )

    def records(self, slot: int) -> Iterator[tuple[int, bytes]]:
        """Prefix and bytes of each record of a size class."""
        slots = self.slots.get(slot, b"")
        for number, prefix in enumerate(unpacked_prefixes(self.prefixes.get(slot, b""))):
            yield prefix, slots[number * slot : (number + 1) * slot]


def packed_prefixes(records: Iterable[SealedRecord]) -> bytes:
    """The records' prefixes, four big-endian bytes each."""
    return b"".join(record.prefix.to_bytes(_PREFIX, "big") for record in records)


def unpacked_prefixes(packed: bytes) -> tuple[int, ...]:
    """The prefixes as numbers."""
    return struct.unpack(f">{len(packed) // _PREFIX}I", packed)


@dataclass(frozen=True, slots=True)
class SealedHead:
    """What a file tells without its slots being read; `noted` is what its writer noted."""

    noted: Mapping[str, object]
    prefixes: Mapping[int, bytes]
    digest: str
    end: int

    def shard(self, data: bytes) -> SealedShard | None:
        """The records in the whole file's `data`; None where a byte of them changed."""
        if sha256(data[self.end :]).hexdigest() != self.digest:
            return None
        slots, start = {}, self.end
        for slot, prefixes in self.prefixes.items():
            size = len(prefixes) // _PREFIX * slot
            slots[slot] = data[start : start + size]
            start += size
        return SealedShard(self.prefixes, slots)


def sealed_bytes(shard: SealedShard, noted: Mapping[str, object]) -> bytes:
    """The shard as a file, with what is to be noted beside it."""
    body = b"".join(shard.slots.values())
    classes = [[slot, len(prefixes) // _PREFIX] for slot, prefixes in shard.prefixes.items()]
    line = json.dumps({"noted": noted, "classes": classes, "sha256": sha256(body).hexdigest()}) + "\n"
    head = line.encode() + b"".join(shard.prefixes.values())
    return _NAME + sha256(head).hexdigest().encode() + b"\n" + head + body


def sealed_head(path: Path) -> SealedHead | None:
    """The head of that file; None where there is none, or it is damaged or of another version."""
    try:
        with path.open("rb") as file:
            name, line = file.readline(), file.readline()
            raw = json.loads(line)
            prefixes = {slot: file.read(count * _PREFIX) for slot, count in raw["classes"]}
            if name != _NAME + sha256(line + b"".join(prefixes.values())).hexdigest().encode() + b"\n":
                return None
            return SealedHead(raw["noted"], prefixes, raw["sha256"], file.tell())
    except (OSError, ValueError, KeyError, TypeError):
        return None


_DUMMY_KEY_SIZE = 32
# Slots come in eights, so that the size of a pack does not count its partners; 255 of 1 KiB are 256 KiB.
_STEP = 8
_LARGEST = {1024: 255}
_FEWEST = {1024: 200, 2048: 64, 4096: 8, 16_384: 8, 131_072: 8}
# The mean keeps a distance from the largest and from the next eight that chance alone hardly ever crosses.
_MEAN = {1024: 200, 2048: 100, 4096: 48, 16_384: 12, 131_072: 4}

Shards = Iterable[SealedShard]


def pack_artifacts(
    records: Iterable[SealedRecord], site_secret: bytes, key_version: int = 1
) -> dict[str, bytes]:
    """Every file under `statement/packs/` for these records."""
    return packs_of([SealedShard.of(records)], site_secret, key_version)


def packs_of(shards: Sequence[SealedShard], site_secret: bytes, key_version: int = 1) -> dict[str, bytes]:
    """Every file under `statement/packs/` for shards that are all in memory."""
    packing = Packing(bits_of(shard.prefixes for shard in shards), 0, site_secret, key_version)
    found = packing.artifacts(lambda _: shards, lambda *_: True)
    return {path: data for path, data in found if data is not None}


def bits_of(prefixes: Iterable[Mapping[int, bytes]]) -> dict[int, int]:
    """How many first bits of S number the packs of each size class in use, from the prefixes of each shard."""
    found: dict[int, list[bytes]] = {}
    for classes in prefixes:
        for slot, packed in classes.items():
            found.setdefault(slot, []).append(packed)
    return {slot: pack_bits(slot, unpacked_prefixes(b"".join(found[slot]))) for slot in sorted(found)}


def pack_bits(slot: int, prefixes: Sequence[int]) -> int:
    """How many first bits of S number the packs of a class: by the count of its records; none bursts.

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
        """Every file under `statement/packs/`: path and bytes, which are None where they are not `wanted`.

        Both functions are given the numbers of the shards that one or several packs are made of, `wanted` the size
        class too.
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
