"""A real S3 server on this machine: moto's, in a process of its own, which forgets everything when it ends."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import s3fs

from tests.servers.ports import free_port

_PATIENCE_S = 60


@dataclass(frozen=True)
class S3:
    """A running server: what a program needs in its environment to use it, and a look into it."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """As for the real one."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def files(self) -> Any:  # noqa: ANN401 - s3fs has no types
        """The server's buckets as a file system."""
        options = {"endpoint_url": self.endpoint, "key": "key", "secret": "secret"}
        return s3fs.S3FileSystem(**options, skip_instance_cache=True, use_listings_cache=False)

    def make_bucket(self, name: str) -> str:
        """A new bucket's URL."""
        self.files().mkdir(name)
        return f"s3://{name}"

    def tree(self, place: str) -> dict[str, bytes]:
        """Every object below `BUCKET/PREFIX`."""
        files = self.files()
        paths = files.find(place)
        found: Mapping[str, bytes] = files.cat(paths) if paths else {}
        return {path.removeprefix(f"{place}/"): data for path, data in found.items()}

    def head(self, path: str) -> tuple[str, str]:
        """The content type and the cache header that it gives with an object."""
        bucket, _, key = path.partition("/")
        answer = self.files().call_s3("head_object", Bucket=bucket, Key=key)
        return answer["ContentType"], answer["CacheControl"]


@contextmanager
def s3_server() -> Iterator[S3]:
    """The server on a free port."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + _PATIENCE_S
        while _refuses(port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the S3 server did not start")
            time.sleep(0.05)
        yield S3(f"http://127.0.0.1:{port}")
    finally:
        server.kill()
        server.wait()


def _refuses(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) != 0
