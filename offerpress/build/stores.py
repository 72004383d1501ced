"""Object stores and other places that fsspec reaches by URL. It needs the extra `stores`, and `s3` for S3."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import fsspec

from generator import ObjectHeaders
from offerpress.site.folder import OfferpressError

_AT_ONCE = 64
_BYTES_AT_ONCE = 32 * 2**20


class FileStore:
    """The place behind an fsspec URL: `s3://BUCKET/PREFIX`, `file:///FOLDER`, `memory://NAME` and others.

    Where a driver wants credentials or an endpoint, it takes them from its own environment.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        with _explained(url):
            self._files, self._root = fsspec.url_to_fs(
                self.url, skip_instance_cache=True, use_listings_cache=False
            )

    def sizes(self) -> Mapping[str, int]:
        """Return the size in bytes of each object by path."""
        begin = f"{self._root}/"
        with _explained(self.url):
            found: dict[str, dict[str, Any]] = (
                self._files.find(self._root, detail=True) if self._files.exists(self._root) else {}
            )
        return {path.removeprefix(begin): int(info["size"]) for path, info in found.items()}

    def read(self, path: str) -> bytes | None:
        """Return an object; None if there is none."""
        with _explained(self.url):
            try:
                return bytes(self._files.cat_file(f"{self._root}/{path}"))
            except FileNotFoundError:
                return None

    def write(self, objects: Iterable[tuple[str, bytes]], headers: ObjectHeaders) -> None:
        """Write objects, some at a time; they are stored when it returns."""
        said = self._said(headers)
        for some in _parted(objects):
            with _explained(self.url):
                self._make_folders(some)
                self._files.pipe({f"{self._root}/{path}": data for path, data in some.items()}, **said)

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects."""
        doomed = [f"{self._root}/{path}" for path in paths]
        if doomed:
            with _explained(self.url):
                self._files.rm(doomed)

    def _said(self, headers: ObjectHeaders) -> dict[str, str]:
        if self._is("s3"):
            return {"ContentType": headers.content_type, "CacheControl": headers.cache_control}
        return {}

    def _make_folders(self, paths: Iterable[str]) -> None:
        if self._is("file"):
            for folder in {path.rpartition("/")[0] for path in paths}:
                self._files.makedirs(f"{self._root}/{folder}", exist_ok=True)

    def _is(self, protocol: str) -> bool:
        own = self._files.protocol
        return protocol == own or (not isinstance(own, str) and protocol in own)


def _parted(objects: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
    """Group the objects into parts that travel together, limited in number and in bytes."""
    part: dict[str, bytes] = {}
    for path, data in objects:
        part[path] = data
        if len(part) >= _AT_ONCE or sum(map(len, part.values())) >= _BYTES_AT_ONCE:
            yield part
            part = {}
    if part:
        yield part


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise OfferpressError(
            f"no store: {url}: {error}; install offerpress with the extra `s3`, or the driver that is named"
        ) from error
    except (OSError, ValueError) as error:
        raise OfferpressError(
            f"no store: {url}: {error}; look at the address, the credentials and what they may do"
        ) from error
