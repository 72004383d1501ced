"""The viewer's functions give the values of the vectors that the Python side is tested with."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict

import pytest

from tests.servers.browsing import Reader, Server

Serve = Callable[[Mapping[str, bytes]], Server]
Read = Callable[..., Reader]
VECTORS = Path(__file__).parents[3] / "vectors"
SCRIPT = (Path(__file__).parents[4] / "templates" / "assets" / "viewer.js").read_bytes()
BLANK = b"<!doctype html><title>Vectors</title><link rel=icon href=data:,>"


class Derived(TypedDict):
    """What the browser derives from a fragment; bytes are hexadecimal."""

    secret: str
    locator: str
    paths: list[str]


@pytest.fixture
def page(serve: Serve, read: Read) -> Reader:
    """A blank page beside the viewer's script, which therefore only lends its functions."""
    server = serve({"index.html": BLANK, "viewer.js": SCRIPT})
    reader = read()
    reader.page.goto(f"{server.url()}/index.html")
    return reader


def test_links(page: Reader) -> None:
    """Parsing a fragment and deriving from it gives each vector's secret, locator and shards."""
    vectors = json.loads((VECTORS / "links.json").read_text(encoding="utf-8"))
    derived: list[Derived] = page.page.evaluate(
        """async (fragments) => {
            const { parseFragment, derive, packPath } = await import("/viewer.js");
            const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
            return Promise.all(fragments.map(async (fragment) => {
                const secret = await parseFragment(fragment);
                const { locator } = await derive(secret);
                const paths = [0, 1, 5, 8, 32].map((bits) => packPath(secret, 1024, bits));
                return { secret: hex(secret), locator: hex(locator), paths };
            }));
        }""",
        [vector["fragment"] for vector in vectors],
    )
    assert derived == [
        {
            "secret": vector["secret"],
            "locator": vector["locator"],
            "paths": [
                f"1k-{bits}/{shard:0{max(1, (int(bits) + 3) // 4)}x}.bin"
                for bits, shard in vector["shards"].items()
            ],
        }
        for vector in vectors
    ]


def test_pack(page: Reader) -> None:
    """Opening the vectors' pack gives the record that they fix, right-to-left text included."""
    vector = json.loads((VECTORS / "pack.json").read_text(encoding="utf-8"))
    record = page.page.evaluate(
        """async ({ fragment, pack, dictionary }) => {
            const { parseFragment, derive, openPack } = await import("/viewer.js");
            const bytes = Uint8Array.from(atob(pack), (letter) => letter.charCodeAt(0));
            return openPack(bytes, await derive(await parseFragment(fragment)), dictionary);
        }""",
        {"fragment": vector["fragment"], "pack": vector["pack"], "dictionary": vector["dictionary"]},
    )
    assert record == {name: json.loads(vector[name]) for name in ("figures", "shown")}


def test_another_link_finds_nothing(page: Reader) -> None:
    """A link of another vector finds no record in the pack."""
    vector = json.loads((VECTORS / "pack.json").read_text(encoding="utf-8"))
    stranger = json.loads((VECTORS / "links.json").read_text(encoding="utf-8"))[1]
    record = page.page.evaluate(
        """async ({ fragment, pack, dictionary }) => {
            const { parseFragment, derive, openPack } = await import("/viewer.js");
            const bytes = Uint8Array.from(atob(pack), (letter) => letter.charCodeAt(0));
            return openPack(bytes, await derive(await parseFragment(fragment)), dictionary);
        }""",
        {"fragment": stranger["fragment"], "pack": vector["pack"], "dictionary": vector["dictionary"]},
    )
    assert record is None
