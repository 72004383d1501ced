"""The sealed records of one shard, together: what packs are put together from, in this build and in later ones.

As a file: a line with our name and the SHA-256 of the head; the head, which is a line of JSON (what the writer
noted, each size class with its count, the SHA-256 of the slots) and the prefixes, four big-endian bytes each;
then the slots, class by class.
"""

import json
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from generator.packs import SealedRecord

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
