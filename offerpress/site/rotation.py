"""A new site secret, and for a time of grace the former one beside it.

Every step leaves a state that works or is recognised: `private/keys.json` holds the fingerprint of the present secret,
and it is written before the new secret takes its place.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from offerpress.site.folder import (
    FORMER_SECRET_FILE,
    FORMER_SECRET_NAME,
    NEW_SECRET_FILE,
    SECRET_FILE,
    SECRET_NAME,
    OfferpressError,
)
from offerpress.site.keys import (
    SECRET_BYTES,
    read_versions,
    secret_fault,
    secret_fingerprint,
    write_versions,
)
from offerpress.site.site import Site
from offerpress.site.state import write_state


def rotate(site: Site, random_bytes: Callable[[int], bytes], until: date) -> int:
    """Make a new secret, or take the one in the environment, and return the version of its links.

    Up to the day `until` the former links open too; a day before the clock's day (UTC) grants no grace. Raises
    `OfferpressError` while an earlier grace lasts, unless this rotation grants none.
    """
    private, versions = site.make_private(), read_versions(site)
    if _finished(site, versions):
        return int(versions["key_version"])
    graced = until.toordinal() >= site.today
    today = date.fromordinal(site.today).isoformat()
    if graced and versions.get("former") and versions["former"]["until"] >= today:
        raise OfferpressError(
            f"not rotated: the grace of an earlier rotation lasts until {versions['former']['until']}; wait for it, "
            "or end it with `offerpress rotate-secret --end`"
        )
    present, new = _secrets(site, random_bytes)
    version = int(versions.get("key_version", 1))
    noted: dict[str, Any] = {"key_version": version + 1, "of": secret_fingerprint(new)}
    if graced:
        former = {"key_version": version, "of": secret_fingerprint(present), "until": until.isoformat()}
        noted["former"] = former
    own = SECRET_NAME not in site.environment
    if own:
        write_state(private / NEW_SECRET_FILE, new.hex() + "\n", mode=0o600)
        if graced:
            write_state(private / FORMER_SECRET_FILE, present.hex() + "\n", mode=0o600)
    write_versions(site, noted)
    if own:
        (private / NEW_SECRET_FILE).replace(private / SECRET_FILE)
    if not graced:
        (private / FORMER_SECRET_FILE).unlink(missing_ok=True)
    return version + 1


def end_grace(site: Site) -> bool:
    """Forget the former secret and return whether there was one. Its links open nothing after the next build."""
    versions = read_versions(site)
    (site.make_private() / FORMER_SECRET_FILE).unlink(missing_ok=True)
    if versions.pop("former", None) is None:
        return False
    write_versions(site, versions)
    return True


def _finished(site: Site, versions: Mapping[str, Any]) -> bool:
    """Finish a rotation that broke off before its last step; return whether there was one."""
    new = site.private / NEW_SECRET_FILE
    if not new.is_file():
        return False
    text = new.read_text(encoding="ascii", errors="replace").strip()
    if secret_fault(text) or not versions or versions["of"] != secret_fingerprint(bytes.fromhex(text)):
        new.unlink()  # it broke off before anything depended on it
        return False
    new.replace(site.private / SECRET_FILE)
    return True


def _secrets(site: Site, random_bytes: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    """Return the secret up to now and the one from now on."""
    environment = site.environment
    if SECRET_NAME not in environment:
        text = (site.private / SECRET_FILE).read_text(encoding="ascii", errors="replace")
        return _secret(text, SECRET_FILE), random_bytes(SECRET_BYTES)
    new = _secret(environment[SECRET_NAME], SECRET_NAME)
    present = _secret(environment.get(FORMER_SECRET_NAME, ""), FORMER_SECRET_NAME)
    if new == present:
        raise OfferpressError(
            f"not rotated: {SECRET_NAME} and {FORMER_SECRET_NAME} are the same; set the first to a new secret "
            "(openssl rand -hex 32), the second to the one up to now"
        )
    return present, new


def _secret(text: str, place: str) -> bytes:
    fault = secret_fault(text.strip())
    if fault:
        raise OfferpressError(f"not rotated: {place}: {fault}; put the right one there")
    return bytes.fromhex(text.strip())
