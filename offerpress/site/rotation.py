"""A new site secret, and for a time of grace the former one beside it.

Every step leaves a state that works or is recognised: what the present secret is stands in `private/keys.json` by its
fingerprint, which is written before the new secret takes its place.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from offerpress.site.folder import OfferpressError
from offerpress.site.inputs import SECRET_NAME, VERSIONS
from offerpress.site.keys import (
    FILE,
    FORMER_FILE,
    FORMER_NAME,
    SECRET_BYTES,
    fingerprint,
    read_versions,
    secret_fault,
)

_NEW = f"{FILE}.new"


def rotate(
    private: Path,
    environment: Mapping[str, str],
    random_bytes: Callable[[int], bytes],
    today: date,
    until: date,
) -> int:
    """Make a new secret, or take the one in the environment; the version of its links.

    Up to the day `until` the former links open too; for none of it, give a day before `today`. Raises
    `OfferpressError` while an earlier grace lasts, unless this rotation grants none.
    """
    versions = read_versions(private)
    if _finished(private, versions):
        return int(versions["key_version"])
    if until >= today and versions.get("former") and versions["former"]["until"] >= today.isoformat():
        raise OfferpressError(
            f"not rotated: the grace of an earlier rotation lasts until {versions['former']['until']}; wait for it, "
            "or end it with `offerpress rotate-secret --end`"
        )
    present, new = _secrets(private, environment, random_bytes)
    version = int(versions.get("key_version", 1))
    noted: dict[str, Any] = {"key_version": version + 1, "of": fingerprint(new)}
    if until >= today:
        noted["former"] = {"key_version": version, "of": fingerprint(present), "until": until.isoformat()}
    own = SECRET_NAME not in environment
    if own:
        _write(private / _NEW, new.hex() + "\n")
        if until >= today:
            _write(private / FORMER_FILE, present.hex() + "\n")
    _write(private / VERSIONS, json.dumps(noted, indent=1) + "\n")
    if own:
        (private / _NEW).replace(private / FILE)
    if until < today:
        (private / FORMER_FILE).unlink(missing_ok=True)
    return version + 1


def end_grace(private: Path) -> bool:
    """Forget the former secret; whether there was one. Its links open nothing after the next build."""
    versions = read_versions(private)
    (private / FORMER_FILE).unlink(missing_ok=True)
    if versions.pop("former", None) is None:
        return False
    _write(private / VERSIONS, json.dumps(versions, indent=1) + "\n")
    return True


def _finished(private: Path, versions: Mapping[str, Any]) -> bool:
    """Whether a rotation that broke off before its last step was finished now."""
    new = private / _NEW
    if not new.is_file():
        return False
    if not versions or versions["of"] != fingerprint(bytes.fromhex(new.read_text(encoding="ascii").strip())):
        new.unlink()  # it broke off before anything depended on it
        return False
    new.replace(private / FILE)
    return True


def _secrets(
    private: Path, environment: Mapping[str, str], random_bytes: Callable[[int], bytes]
) -> tuple[bytes, bytes]:
    """The secret up to now and the one from now on."""
    if SECRET_NAME not in environment:
        return _secret((private / FILE).read_text(encoding="ascii", errors="replace"), FILE), random_bytes(
            SECRET_BYTES
        )
    new = _secret(environment[SECRET_NAME], SECRET_NAME)
    present = _secret(environment.get(FORMER_NAME, ""), FORMER_NAME)
    if new == present:
        raise OfferpressError(
            f"not rotated: {SECRET_NAME} and {FORMER_NAME} are the same; set the first to a new secret "
            "(openssl rand -hex 32), the second to the one up to now"
        )
    return present, new


def _secret(text: str, place: str) -> bytes:
    fault = secret_fault(text.strip())
    if fault:
        raise OfferpressError(f"not rotated: {place}: {fault}; put the right one there")
    return bytes.fromhex(text.strip())


def _write(path: Path, text: str) -> None:
    """The file, for the owner alone, in one piece."""
    beside = path.with_name(f"{path.name}.writing")
    beside.unlink(missing_ok=True)
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
