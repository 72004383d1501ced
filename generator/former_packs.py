"""Packs under a former site secret, beside those under the present one: for the grace after a rotation.

They lie in a folder of their own, and the index lists them last, so the viewer and `PackReader` look there when the
present packs do not hold a link's record.
"""

import json
from collections.abc import Mapping
from typing import Final

from generator.packs import FOLDER, INDEX

FORMER: Final = "former/"


def former_packs(packs: Mapping[str, bytes]) -> dict[str, bytes]:
    """Packs under the former secret at the paths where they are published, without their index."""
    return {
        path.replace(f"{FOLDER}/", f"{FOLDER}/{FORMER}", 1): data
        for path, data in packs.items()
        if path != INDEX
    }


def merged_index(present: bytes, former: bytes) -> bytes:
    """The present index with the former's packs behind its own, each with the folder that it lies in."""
    index = json.loads(present)
    behind = [{**entry, "folder": FORMER} for entry in json.loads(former)["packs"]]
    return json.dumps({**index, "packs": [*index["packs"], *behind]}, separators=(",", ":")).encode() + b"\n"
