"""`private/sealed/`: for each shard its sealed records, or the paths of its plain files, under the key of its inputs.

A build writes new shards beside this folder and moves them into it after it has published.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from generator import SealedHead, SealedShard, sealed_bytes, sealed_head
from offerpress.build.shards import BuiltGroup, BuiltShard
from rewards import Tally


class SealedFolder:
    """The shards of one build; new ones are in `beside`."""

    def __init__(self, folder: Path, beside: Path) -> None:
        self._folder = folder
        self._beside = beside
        self._heads: dict[int, SealedHead] = {}
        self._new: set[int] = set()

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """Open the folder with room for new shards, which are deleted at the end unless `keep` was called."""
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            yield cls(folder, beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def has(self, shard: int, key: str) -> bool:
        """Return whether the shard was sealed under that key and its file can be read."""
        head = sealed_head(self._folder / _name(shard))
        if head is None or head.noted.get("key") != key:
            return False
        self._heads[shard] = head
        return True

    def lacking(self, shard: int, keys: Sequence[str]) -> frozenset[int]:
        """Return which groups of a shard its last file does not hold under their keys."""
        head = sealed_head(self._folder / _name(shard))
        held = [key for key, *_ in _groups(head)] if head else []
        return frozenset(n for n, key in enumerate(keys) if held[n : n + 1] != [key])

    def completed(self, built: BuiltShard, keys: Sequence[str]) -> BuiltShard | None:
        """Return a shard with the groups that were not built from its last file; None if that was damaged."""
        lacking = set(range(len(keys))) - built.groups.keys()
        if not lacking:
            return built
        path = self._folder / _name(built.shard)
        head = sealed_head(path)
        whole = head.shard(path.read_bytes()) if head else None
        if head is None or whole is None or lacking & self.lacking(built.shard, keys):
            return None
        held = _groups(head)
        parts = enumerate(whole.split(dict(counts) for *_, counts in held))
        former = {
            n: BuiltGroup(held[n][1], Tally.of_rows(held[n][2]), sealed)
            for n, sealed in parts
            if n in lacking
        }
        return replace(built, groups={**former, **built.groups})

    def put(self, built: BuiltShard, key: str, keys: Sequence[str]) -> None:
        """Write a new shard; `keys` are those of its groups."""
        tally = Tally()
        for group in built.groups.values():
            tally.merge(group.tally)
        groups = [built.groups[n] for n in range(len(keys))]
        noted = {
            "key": key,
            "partners": built.partners,
            "tally": tally.rows(),
            "groups": [
                [key, group.partners, group.tally.rows(), list(group.sealed.counts.items())]
                for key, group in zip(keys, groups, strict=True)
            ],
            "files": [*built.plain, *built.placed],
        }
        path = self._beside / _name(built.shard)
        path.write_bytes(sealed_bytes(built.sealed, noted))
        head = sealed_head(path)
        assert head is not None
        self._heads[built.shard] = head
        self._new.add(built.shard)

    def prefixes(self) -> Iterator[Mapping[int, bytes]]:
        """Return the prefixes of every shard by size class."""
        return (head.prefixes for head in self._heads.values())

    def files(self, numbers: Iterable[int]) -> Iterator[str]:
        """Return the paths of the plain files of those shards."""
        for number in numbers:
            paths: Any = self._heads[number].noted["files"]
            yield from paths

    def tally(self) -> Tally:
        """Return the tally of all shards."""
        whole = Tally()
        for head in self._heads.values():
            rows: Any = head.noted["tally"]
            whole.merge(Tally.of_rows(rows))
        return whole

    def shards(self, numbers: Iterable[int], anew: Callable[[int], SealedShard]) -> Iterator[SealedShard]:
        """Return the records of those shards that hold any; `anew` makes one whose file is damaged."""
        for number in numbers:
            head = self._heads.get(number)
            if head is not None:
                place = self._beside if number in self._new else self._folder
                yield head.shard((place / _name(number)).read_bytes()) or anew(number)

    def keep(self) -> None:
        """Move the new shards in, and remove files that belong to no shard."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for number in sorted(self._new):
            (self._beside / _name(number)).replace(self._folder / _name(number))
        wanted = set(map(_name, self._heads))
        for path in self._folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        self._new.clear()


def _groups(head: SealedHead) -> list[Any]:
    """Return key, partners, tally and records by size class of each group."""
    groups: Any = head.noted.get("groups", [])
    return list(groups)


def _name(shard: int) -> str:
    return f"{shard:06x}"
