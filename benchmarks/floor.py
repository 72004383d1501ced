"""The floor: the same figures as hand-joined strings, sealed and packed with the same primitives, written once.

python benchmarks/floor.py STATEMENTS.JSONL OUTPUT

It reads finished figures and knows no templates, languages, faults, proofs or unchanged files: what remains is what
no build of encrypted statements can do without. One process.
"""

import hmac
import json
import sys
import zlib
from collections import defaultdict
from hashlib import sha256
from html import escape
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SECRET = bytes.fromhex("5eed" * 16)
CLASSES = (1024, 2048, 4096, 16_384, 131_072)
LIST = tuple[dict[str, str], ...]


def fragment(statement: dict[str, LIST]) -> str:
    """What a partner reads, joined by hand."""
    parts = [f"<article><header><h1>{escape(str(statement['partner_id']))}</h1></header>"]
    for entry in statement["cashback"]:
        rows = "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>"
            for name, value in entry.items()
        )
        parts.append(f"<section><h2>{escape(entry['offer'])}</h2><dl>{rows}</dl></section>")
    for entry in statement["extensions"]:
        cells = "".join(f"<td>{escape(value)}</td>" for value in entry.values())
        parts.append(f"<table><tr>{cells}</tr></table>")
    for name in ("free_subscriptions", "levels"):
        for entry in statement[name]:
            rows = "".join(
                f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>"
                for name, value in entry.items()
            )
            parts.append(f"<section><dl>{rows}</dl></section>")
    return "".join([*parts, "</article>"])


def main() -> None:
    """Seals every statement and writes the packs."""
    source, output = map(Path, sys.argv[1:])
    output.mkdir(parents=True)
    packs: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)
    with source.open(encoding="utf-8") as lines:
        for line in lines:
            statement = json.loads(line)
            secret = HKDFExpand(SHA256(), 20, b"link" + statement["partner_id"].encode()).derive(SECRET)
            keys = HKDFExpand(SHA256(), 96, b"keys").derive(secret.ljust(32, b"\0"))
            compressor = zlib.compressobj(6, zlib.DEFLATED, -15, 5)
            packed = compressor.compress((fragment(statement) + line).encode()) + compressor.flush()
            size = next(size for size in CLASSES if len(packed) * 1.2 + 48 <= size)
            padded = packed.ljust(size - 44, b"\0")
            nonce = hmac.digest(keys[48:80], padded, "sha256")[:12]
            sealed = keys[:16] + nonce + AESGCM(keys[16:48]).encrypt(nonce, padded, b"record")
            packs[size, secret[0]].append(sealed)
    for (size, shard), records in packs.items():
        body = b"".join(sorted(records))
        (output / f"{size}-{shard:02x}.bin").write_bytes(sha256(body).digest() + body)


if __name__ == "__main__":
    main()
