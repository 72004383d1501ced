"""The people of the studio with their roles and passphrases, and the history of everything that they did.

`private/people` is a state file. `private/history` holds one line of JSON for each action and only grows.
"""

import fcntl
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args
from unicodedata import normalize

from pydantic import AwareDatetime, BaseModel, ConfigDict

from offerpress.site.folder import HISTORY_FILE, PEOPLE_FILE, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import append_lines, json_text, read_state, write_state

Role = Literal["writer", "approver", "finance", "operator", "support"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
LEAST_PASSPHRASE: Final = 12
INVITED_FOR: Final = timedelta(days=7)
_LONGEST_NAME: Final = 80
_LONGEST_PASSPHRASE: Final = 1000
_COST: Final = 1 << 15
_MEMORY: Final = 1 << 27
_MODE: Final = 0o600


class PeopleRefused(OfferpressError):
    """A change of people that the rules forbid."""


class Passphrase(BaseModel):
    """A passphrase as its scrypt digest, in hexadecimal like the salt."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    salt: str
    digest: str
    cost: int = _COST

    @classmethod
    def of(cls, text: str, salt: bytes) -> "Passphrase":
        """Return the digest of a passphrase; raises `PeopleRefused` if it is too short or too long."""
        if not LEAST_PASSPHRASE <= len(text) <= _LONGEST_PASSPHRASE:
            raise PeopleRefused(f"The passphrase is too short: use at least {LEAST_PASSPHRASE} characters.")
        return cls(salt=salt.hex(), digest=_scrypt(text, salt, _COST).hex())

    def fits(self, text: str) -> bool:
        """Return whether this is the passphrase. It takes the same time for every text."""
        found = _scrypt(text[:_LONGEST_PASSPHRASE], bytes.fromhex(self.salt), self.cost)
        return hmac.compare_digest(found, bytes.fromhex(self.digest))


def _scrypt(text: str, salt: bytes, cost: int) -> bytes:
    words = normalize("NFKC", text).encode("utf-8", "replace")
    return hashlib.scrypt(words, salt=salt, n=cost, r=8, p=1, maxmem=_MEMORY, dklen=32)


class Invitation(BaseModel):
    """An invitation: the SHA-256 (hexadecimal) of its code, and when it ends."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    code: str
    until: AwareDatetime


class Passkey(BaseModel):
    """A passkey: its public key as WebAuthn's attested credential data in base64url, and the name of the device.

    `origin` is the https origin of the studio behind a proxy at which it was made; without one it was `localhost`. One
    that was taken out stays as `active` false, because former approvals are checked with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    credential: str
    name: str
    added_at: AwareDatetime
    active: bool = True
    origin: str | None = None


class Person(BaseModel):
    """A person. `person` is the id, under which the outbox keeps what they did; it never changes.

    Someone who was removed stays as `active` false, because History and approvals name the id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    person: str
    name: str
    roles: tuple[Role, ...]
    passphrase: Passphrase | None = None
    passkeys: tuple[Passkey, ...] = ()
    invitation: Invitation | None = None
    added_by: str
    added_at: AwareDatetime
    active: bool = True

    def may(self, *roles: Role) -> bool:
        """Return whether the person has one of these roles."""
        return self.active and not set(roles).isdisjoint(self.roles)

    def passkeys_at(self, origin: str | None) -> list[Passkey]:
        """Return the passkeys with which the person signs in the studio of that origin."""
        return [one for one in self.passkeys if one.active and one.origin == origin]


Everyone = Mapping[str, Person]


def read_people(site: Site) -> Everyone:
    """Return everyone by id; empty where nobody was added. Raises `DamagedState`."""
    remedy = (
        "restore it from a backup, or delete it and start `offerpress studio` to begin again with one person"
    )
    return read_state(site.private / PEOPLE_FILE, _people, remedy) or {}


def _people(raw: Any) -> Everyone:  # noqa: ANN401 - JSON
    found = [Person.model_validate(one) for one in raw["people"]]
    return {one.person: one for one in found}


def write_people(site: Site, people: Everyone) -> None:
    """Replace the file, which only its owner can read."""
    site.make_private()
    rows = [one.model_dump(mode="json", exclude_none=True) for one in people.values()]
    write_state(site.private / PEOPLE_FILE, json_text({"people": rows}), mode=_MODE)


def invitation_digest(code: str) -> str:
    """Return the form in which the code of an invitation is kept."""
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def invited(
    people: Everyone, name: str, roles: tuple[Role, ...], code: str, by: str, now: datetime
) -> tuple[Person, Everyone]:
    """Return a new person who may join with `code`, and everyone with them. Raises `PeopleRefused`."""
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise PeopleRefused("The name is empty, too long or holds signs that cannot be shown: give another.")
    if not roles:
        raise PeopleRefused(f"{name} has no task yet: choose at least one.")
    if any(_same(one.name) == _same(name) for one in people.values()):
        raise PeopleRefused(f"There is somebody named {name} already: give a name that tells them apart.")
    person = Person(
        person=_new_id(name, people),
        name=name,
        roles=roles,
        invitation=Invitation(code=invitation_digest(code), until=now + INVITED_FOR),
        added_by=by,
        added_at=now,
    )
    return person, {**people, person.person: person}


def invited_by_code(people: Everyone, code: str, now: datetime) -> Person | None:
    """Return who may join with that code now; None if nobody may."""
    digest = invitation_digest(code)
    found = (one for one in people.values() if one.active and one.invitation)
    return next(
        (
            one
            for one in found
            if one.invitation
            and hmac.compare_digest(one.invitation.code, digest)
            and now < one.invitation.until
        ),
        None,
    )


def joined(people: Everyone, person: Person, passphrase: Passphrase) -> Everyone:
    """Return everyone after that person joined. The invitation is used up."""
    return {**people, person.person: person.model_copy(update={"passphrase": passphrase, "invitation": None})}


def with_passkeys(people: Everyone, person: str, passkeys: tuple[Passkey, ...]) -> Everyone:
    """Return everyone after that person's passkeys changed."""
    return {**people, person: people[person].model_copy(update={"passkeys": passkeys})}


def removed(people: Everyone, person: str) -> Everyone:
    """Return everyone after that person was removed. Raises `PeopleRefused` for the last operator."""
    if person not in people or not people[person].active:
        raise PeopleRefused("There is no such person: reload the page.")
    gone = people[person].model_copy(
        update={"active": False, "passphrase": None, "invitation": None, "roles": ()}
    )
    left = {**people, person: gone}
    if not any(one.may("operator") and one.passphrase for one in left.values()):
        raise PeopleRefused(
            f"{people[person].name} is the last person who can manage people: let another one do it first."
        )
    return left


def _same(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())


def _new_id(name: str, people: Everyone) -> str:
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "person"
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(people) + 2))
    return next(one for one in names if one not in people)


# History.


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One action: when, by whom (id and name), what, about which plan, partner or person, and the note given."""

    at: str
    person: str
    name: str
    action: str
    subject: str = ""
    partner: str = ""
    note: str = ""


def append_history(site: Site, entry: HistoryEntry) -> None:
    """Append an action, durably. A line that a crash cut off is ended first."""
    site.make_private()
    with _locked_history(site) as handle:
        append_lines(handle, _line(entry))


def extend_history(site: Site, more: Callable[[list[HistoryEntry]], Iterable[HistoryEntry]]) -> int:
    """Append what `more` gives for the present history, the newest action first; return how many lines.

    Nobody else writes meanwhile, in any process. So a line that follows from what is there is written once.
    """
    site.make_private()
    with _locked_history(site) as handle:
        entries = list(more(read_history(site)))
        if entries:
            append_lines(handle, b"".join(map(_line, entries)))
        return len(entries)


@contextmanager
def _locked_history(site: Site) -> Iterator[int]:
    """Hold the file's own lock, so that looking at a page never waits for a long command."""
    path = site.private / HISTORY_FILE
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, _MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                yield handle
                return
        finally:
            os.close(handle)


def _line(entry: HistoryEntry) -> bytes:
    return json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"


def read_history(site: Site) -> list[HistoryEntry]:
    """Return every action, the newest first. A line that cannot be read is shown as such."""
    try:
        lines = (site.private / HISTORY_FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return list(reversed([_deed(line) for line in lines if line]))


def _deed(line: bytes) -> HistoryEntry:
    try:
        return HistoryEntry(**{str(name): str(value) for name, value in json.loads(line).items()})
    except (ValueError, TypeError, AttributeError):
        return HistoryEntry("", "", "", "a damaged line, which cannot be read")


def forget_in_history(site: Site, name_of: Callable[[str], str]) -> None:
    """Replace partners in the history as `name_of` says."""
    path = site.private / HISTORY_FILE
    if not path.is_file():
        return
    with _locked_history(site):
        before = path.read_bytes().split(b"\n")
        after = list(_renamed(before, name_of))
        if after != before:
            write_state(path, b"\n".join(after).decode("utf-8", "replace"), mode=_MODE)


def _renamed(lines: list[bytes], name_of: Callable[[str], str]) -> Iterator[bytes]:
    for line in lines:
        entry = _deed(line) if line else None
        if entry is None or not entry.partner or name_of(entry.partner) == entry.partner:
            yield line
        else:
            facts = asdict(entry) | {"partner": name_of(entry.partner)}
            yield json.dumps(facts, ensure_ascii=False).encode()
