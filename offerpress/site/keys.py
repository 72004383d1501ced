"""The site secret and the epochs of private links, from which every link and every encrypted record is derived.

Losing them loses every link; publishing them opens every statement. They never enter `output/`, a log or a message.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailer import UnsubscribeMethods, UnsubscribeTokens, pseudonym
from offerpress.site.folder import (
    EPOCHS_FILE,
    FORMER_SECRET_FILE,
    FORMER_SECRET_NAME,
    NEW_SECRET_FILE,
    SECRET_FILE,
    SECRET_NAME,
    VERSIONS_FILE,
    OfferpressError,
)
from offerpress.site.locking import sole_writer
from offerpress.site.site import Site
from offerpress.site.state import create_state, json_text, read_state, read_text_state, write_state
from rewards import Fault, Faulty, parse_day

if TYPE_CHECKING:  # it loads cryptography
    from generator import LinkSecret

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Former:
    """The secret before a rotation (empty if it is missing); its links open up to the day `until` (an ordinal)."""

    secret: bytes = field(repr=False)
    key_version: int
    until: int


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The site secret (32 bytes), its version, and the epoch of every partner whose link was ever revoked."""

    secret: bytes = field(repr=False)
    key_version: int = 1
    epochs: Mapping[str, int] = field(default_factory=dict)
    former: Former | None = None

    def former_keys(self, today: int) -> "SiteKeys | None":
        """Return the keys whose links also open on that day (an ordinal); raises `Faulty` if the secret is missing."""
        former = self.former
        if former is None or today > former.until:
            return None
        if not former.secret:
            place = f"private/{FORMER_SECRET_FILE}"
            remedy = (
                f"put it back into {place} or {FORMER_SECRET_NAME}, or end the grace: rotate-secret --end"
            )
            raise Faulty([Fault("the former site secret is missing", remedy, place)])
        return SiteKeys(former.secret, former.key_version, self.epochs)

    def link(self, partner_id: str) -> "LinkSecret":
        """Return the link secret of that partner's present epoch."""
        from generator import link_secret  # noqa: PLC0415 - it loads cryptography

        return link_secret(self.secret, partner_id, self.key_version, self.epoch_of(partner_id))

    def epoch_of(self, partner_id: str) -> int:
        """Return how often the partner's link was revoked."""
        if not self.epochs:
            return 0
        known = self.epochs.get(partner_id)
        # who was forgotten and comes back must not get back a link that was revoked
        return self.epochs.get(pseudonym(partner_id), 0) if known is None else known

    @property
    def tokens(self) -> UnsubscribeTokens:
        """The tokens by which partners unsubscribe; they do not depend on epochs.

        UnsubscribeTokens under a former secret are read as long as that secret is kept, even after its grace.
        """
        from generator import unsubscribe_key  # noqa: PLC0415 - it loads cryptography

        former = self.former
        keys = [unsubscribe_key(self.secret, self.key_version)]
        if former and former.secret:
            keys.append(unsubscribe_key(former.secret, former.key_version))
        return UnsubscribeTokens(keys)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change with the secret, its version and any epoch."""
        state = json.dumps([self.key_version, dict(sorted(self.epochs.items()))])
        return sha256(b"offerpress site keys" + self.secret + state.encode()).hexdigest()[:16]


def private_address(site: Site, link: "LinkSecret") -> str:
    """Return where the partner reads its statement: the private link, its own folder, or nowhere (empty)."""
    base, access = site.settings.site.base_url, site.settings.statements.access
    if access == "none":
        return ""
    return link.url(base) if access == "link" else link.plain_url(base)


def unsubscribing(site: Site, keys: SiteKeys | None) -> UnsubscribeMethods:
    """Return how the readers of that site's announcements unsubscribe."""
    return UnsubscribeMethods(site.settings.mail.unsubscribe, keys.tokens if keys else None)


def read_site_keys(site: Site, faults: list[Fault]) -> SiteKeys | None:
    """Read the secret from the environment, else from `private/site-secret`; None, with a fault, if there is none."""
    text, place = site.environment.get(SECRET_NAME), SECRET_NAME
    if text is None:
        place = f"private/{SECRET_FILE}"
        text = read_text_state(site.private / SECRET_FILE)
    if text is None:
        remedy = f"set {SECRET_NAME} to 64 hexadecimal digits, or make one: openssl rand -hex 32 > {place}"
        faults.append(Fault("the site secret is missing", remedy, place))
        return None
    fault = secret_fault(text.strip())
    if fault:
        faults.append(Fault(fault, "make a new one: openssl rand -hex 32", place))
        return None
    secret, versions = bytes.fromhex(text.strip()), read_versions(site)
    if versions and versions["of"] != secret_fingerprint(secret):
        remedy = (
            f"put back the secret of version {versions['key_version']}, or finish a rotation that broke off: "
        )
        faults.append(Fault("this is another site secret", remedy + "call rotate-secret again", place))
        return None
    return SiteKeys(
        secret, versions.get("key_version", 1), _read_epochs(site), _former_secret(site, versions)
    )


def read_versions(site: Site) -> dict[str, Any]:
    """Read the notes of the last rotation; empty without one.

    `key_version` and `of` are the present secret's version and fingerprint, `former` describes the one before.
    """
    remedy = "restore it from a backup; without it links under a rotated secret cannot be told apart"
    return read_state(site.private / VERSIONS_FILE, _versions, remedy) or {}


def _versions(raw: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    former = raw.get("former")
    if former is not None:
        int(former["key_version"]), str(former["of"]), parse_day(former["until"])
    return {**raw, "key_version": int(raw["key_version"]), "of": str(raw["of"])}


def write_versions(site: Site, versions: Mapping[str, Any]) -> None:
    """Write the notes of a rotation, for the owner alone."""
    write_state(site.private / VERSIONS_FILE, json_text(versions), mode=0o600)


def secret_fingerprint(secret: bytes) -> str:
    """Return 16 hexadecimal digits by which a secret is recognised; the secret cannot be derived from them."""
    return sha256(b"offerpress site secret" + secret).hexdigest()[:16]


def _former_secret(site: Site, versions: Mapping[str, Any]) -> Former | None:
    noted = versions.get("former")
    if noted is None:
        return None
    named = site.environment.get(FORMER_SECRET_NAME)
    text = (named or read_text_state(site.private / FORMER_SECRET_FILE) or "").strip()
    secret = b"" if secret_fault(text) else bytes.fromhex(text)
    return Former(
        secret if noted["of"] == secret_fingerprint(secret) else b"",
        noted["key_version"],
        parse_day(noted["until"]),
    )


def secret_fault(text: str) -> str:
    """Say what is wrong with a site secret, without quoting it; empty if nothing is wrong."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return "the site secret is not 64 hexadecimal digits"
    if len(set(bytes.fromhex(text))) == 1:
        return "the site secret is one byte repeated, so anyone can guess it"
    return ""


def make_site_secret(private: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Write `site-secret` with mode 0600 into that private folder, unless there is one already."""
    private.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        create_state(private / SECRET_FILE, random_bytes(SECRET_BYTES).hex() + "\n", mode=0o600)


def revoke(site: Site, keys: SiteKeys, partner_id: str) -> SiteKeys:
    """Return keys in which that partner has a new link; the old one opens nothing after the next build."""
    with sole_writer(site):
        now = replace(keys, epochs=_read_epochs(site))  # another command may have revoked a link meanwhile
        now = replace(now, epochs={**now.epochs, partner_id: now.epoch_of(partner_id) + 1})
        _write_epochs(site, now.epochs)
    return now


def forget_epochs(site: Site, names: Mapping[str, str]) -> None:
    """Keep the epochs of these partners under other names."""
    with sole_writer(site):
        epochs = _read_epochs(site)
        if epochs.keys() & names.keys():
            _write_epochs(site, {names.get(partner, partner): epoch for partner, epoch in epochs.items()})


def _write_epochs(site: Site, epochs: Mapping[str, int]) -> None:
    write_state(site.private / EPOCHS_FILE, json_text(dict(sorted(epochs.items()))))


def _read_epochs(site: Site) -> dict[str, int]:
    remedy = "restore it from a backup; without it links that were revoked would open again"
    return read_state(site.private / EPOCHS_FILE, _epochs, remedy) or {}


def _epochs(raw: Any) -> dict[str, int]:  # noqa: ANN401 - JSON
    return {str(partner): int(epoch) for partner, epoch in raw.items()}


# Rotation: every step leaves a state that works or is recognised. `private/keys.json` holds the fingerprint of the
# present secret, and it is written before the new secret takes its place.


def rotate(site: Site, random_bytes: Callable[[int], bytes], until: date) -> int:
    """Make a new secret, or take the one in the environment, and return the version of its links.

    Up to the day `until` the former links open too; a day before the clock's day (UTC) grants no grace. Raises
    `OfferpressError` while an earlier grace lasts, unless this rotation grants none.
    """
    with sole_writer(site):
        return _rotate(site, random_bytes, until)


def _rotate(site: Site, random_bytes: Callable[[int], bytes], until: date) -> int:
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
    with sole_writer(site):
        versions = read_versions(site)
        had = versions.pop("former", None) is not None
        if had:
            write_versions(site, versions)
        (site.private / FORMER_SECRET_FILE).unlink(missing_ok=True)
    return had


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
