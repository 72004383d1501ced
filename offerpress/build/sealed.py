"""`private/sealed/`: for each shard its sealed records, or the paths of its plain files, under the key of its inputs.

A build writes new shards beside this folder and moves them into it after it has published.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from generator import SealedHead, SealedShard, sealed_bytes, sealed_head
from offerpress.build.shards import BuiltShard
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

    def put(self, built: BuiltShard, key: str) -> None:
        """Write a new shard."""
        noted = {
            "key": key,
            "partners": built.partners,
            "tally": built.tally.rows(),
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


def _name(shard: int) -> str:
    return f"{shard:06x}"
