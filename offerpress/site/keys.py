"""The site secret and the epochs of private links: what every link and every encrypted record hangs on.

Losing them loses every link; publishing them opens every statement. They never enter `output/`, a log or a message.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator import LinkSecret, link_secret, unsubscribe_key
from mailer import Tokens, Unsubscribing, pseudonym
from offerpress.site.inputs import FORMER_SECRET_NAME, SECRET_NAME, VERSIONS
from rewards import Fault, Faulty, parse_day

if (
    TYPE_CHECKING
):  # it brings the ledger's settings and its database, which who only reads the secret does not need
    from offerpress.site.site import Site

FORMER_NAME = FORMER_SECRET_NAME
FILE = "site-secret"
FORMER_FILE = "site-secret.former"
EPOCHS = "epochs.json"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Former:
    """The secret before a rotation (empty where it is missing), whose links open up to the day `until` (an ordinal)."""

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
        """The keys whose links open too on that day (an ordinal); raises `Faulty` where their secret is missing."""
        former = self.former
        if former is None or today > former.until:
            return None
        if not former.secret:
            remedy = f"put it back into private/{FORMER_FILE} or {FORMER_NAME}, or end the grace: rotate-secret --end"
            raise Faulty([Fault("the former site secret is missing", remedy, f"private/{FORMER_FILE}")])
        return SiteKeys(former.secret, former.key_version, self.epochs)

    def link(self, partner_id: str) -> LinkSecret:
        """The link secret of that partner's present epoch."""
        return link_secret(self.secret, partner_id, self.key_version, self.epoch_of(partner_id))

    def epoch_of(self, partner_id: str) -> int:
        """How often the partner's link was revoked."""
        if not self.epochs:
            return 0
        known = self.epochs.get(partner_id)
        # who was forgotten and comes back must not get back a link that was revoked
        return self.epochs.get(pseudonym(partner_id), 0) if known is None else known

    @property
    def tokens(self) -> Tokens:
        """What makes and reads the tokens by which partners unsubscribe; no partner's epoch enters them.

        Those under a former secret are read for as long as that is kept, past its grace too.
        """
        former = self.former
        keys = [unsubscribe_key(self.secret, self.key_version)]
        if former and former.secret:
            keys.append(unsubscribe_key(former.secret, former.key_version))
        return Tokens(keys)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change with the secret, its version and any epoch."""
        state = json.dumps([self.key_version, dict(sorted(self.epochs.items()))])
        return sha256(b"offerpress site keys" + self.secret + state.encode()).hexdigest()[:16]


def private_address(site: "Site", link: LinkSecret) -> str:
    """Where the partner reads its statement: the private link, its own folder, or nowhere (empty)."""
    base, access = site.settings.site.base_url, site.settings.statements.access
    if access == "none":
        return ""
    return link.url(base) if access == "link" else link.plain_url(base)


def unsubscribing(site: "Site", keys: SiteKeys | None) -> Unsubscribing:
    """How the readers of that site's announcements unsubscribe."""
    return Unsubscribing(site.settings.mail.unsubscribe, keys.tokens if keys else None)


def read_site_keys(private: Path, environment: Mapping[str, str], faults: list[Fault]) -> SiteKeys | None:
    """The secret from the environment, else from `private/site-secret`; None with a fault where there is none."""
    text, place = environment.get(SECRET_NAME), SECRET_NAME
    if text is None:
        place = f"private/{FILE}"
        text = _read(private / FILE)
    if text is None:
        remedy = f"set {SECRET_NAME} to 64 hexadecimal digits, or make one: openssl rand -hex 32 > {place}"
        faults.append(Fault("the site secret is missing", remedy, place))
        return None
    fault = secret_fault(text.strip())
    if fault:
        faults.append(Fault(fault, "make a new one: openssl rand -hex 32", place))
        return None
    secret, versions = bytes.fromhex(text.strip()), read_versions(private)
    if versions and versions["of"] != fingerprint(secret):
        remedy = (
            f"put back the secret of version {versions['key_version']}, or finish a rotation that broke off: "
        )
        faults.append(Fault("this is another site secret", remedy + "call rotate-secret again", place))
        return None
    former = _former(private, environment, versions)
    return SiteKeys(secret, versions.get("key_version", 1), _read_epochs(private), former)


def read_versions(private: Path) -> dict[str, Any]:
    """What a rotation noted: `key_version`, `of` (the present secret's fingerprint) and `former`; empty without one."""
    text = _read(private / VERSIONS)
    return json.loads(text) if text is not None else {}


def fingerprint(secret: bytes) -> str:
    """16 hexadecimal digits by which a secret is recognised; nobody can go back from them."""
    return sha256(b"offerpress site secret" + secret).hexdigest()[:16]


def _former(private: Path, environment: Mapping[str, str], versions: Mapping[str, Any]) -> Former | None:
    noted = versions.get("former")
    if noted is None:
        return None
    text = (environment.get(FORMER_NAME) or _read(private / FORMER_FILE) or "").strip()
    secret = b"" if secret_fault(text) else bytes.fromhex(text)
    return Former(
        secret if noted["of"] == fingerprint(secret) else b"", noted["key_version"], parse_day(noted["until"])
    )


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None


def secret_fault(text: str) -> str:
    """What is wrong with a site secret, never quoting it; empty where nothing is."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return "the site secret is not 64 hexadecimal digits"
    if len(set(bytes.fromhex(text))) == 1:
        return "the site secret is one byte repeated, so anyone can guess it"
    return ""


def make_site_secret(private: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Writes `private/site-secret` with mode 0600, unless there is one already."""
    private.mkdir(mode=0o700, exist_ok=True)
    try:
        handle = os.open(private / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(random_bytes(SECRET_BYTES).hex() + "\n")


def revoke(keys: SiteKeys, private: Path, partner_id: str) -> SiteKeys:
    """Keys in which that partner has a new link; the old one opens nothing after the next build."""
    epochs = {**keys.epochs, partner_id: keys.epoch_of(partner_id) + 1}
    private.mkdir(mode=0o700, exist_ok=True)
    _write_epochs(private, epochs)
    return replace(keys, epochs=epochs)


def forget_epochs(private: Path, names: Mapping[str, str]) -> None:
    """Let the epochs of these partners stand under other names."""
    epochs = _read_epochs(private)
    if epochs.keys() & names.keys():
        _write_epochs(private, {names.get(partner, partner): epoch for partner, epoch in epochs.items()})


def _write_epochs(private: Path, epochs: Mapping[str, int]) -> None:
    beside = private / f"{EPOCHS}.new"
    beside.write_text(
        json.dumps(dict(sorted(epochs.items())), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    beside.replace(private / EPOCHS)


def _read_epochs(private: Path) -> dict[str, int]:
    try:
        text = (private / EPOCHS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {str(partner): int(epoch) for partner, epoch in json.loads(text).items()}
