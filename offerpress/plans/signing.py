"""Signed approvals: the passkeys that people register, and a passkey's signature over the digest of a plan.

A signature is stored in `private/approvals/PLAN.json`. Whoever has the site can check offline which person approved
which bytes. The signed challenge is the SHA-256 over a label of our own, the plan, its digest, the person and the
instant, so a signature fits nothing else.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from pydantic import BaseModel, ConfigDict

from mailer import Batch, Outbox
from offerpress.site.folder import APPROVALS, OfferpressError
from offerpress.site.people import Everyone, Passkey, Person, read_people
from offerpress.site.site import Site
from offerpress.site.state import json_text, read_state, write_state

PLACE: Final = "localhost"
_LABEL: Final = "offerpress approval 1"
_ORIGIN: Final = re.compile(r"http://localhost:[0-9]{1,5}")
_REQUIRED: Final = UserVerificationRequirement.REQUIRED


class SignatureRefused(OfferpressError):
    """A registration or signature of a passkey that proves nothing."""


class NotSigned(OfferpressError):
    """The site takes signed approvals only, and the plan has none."""


class SignedApproval(BaseModel):
    """One approval with its proof. `assertion` is the browser's answer in the JSON form of WebAuthn."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    plan: str
    digest: str
    person: str
    name: str
    at: str
    assertion: dict[str, Any]

    @property
    def challenge(self) -> bytes:
        """What was signed."""
        return approval_challenge(self.plan, self.digest, self.person, self.at)


def approval_challenge(plan: str, digest: str, person: str, at: str) -> bytes:
    """Return the SHA-256 over the facts of an approval, a line each; none of them can hold a line break."""
    return hashlib.sha256(f"{_LABEL}\n{plan}\n{digest}\n{person}\n{at}".encode()).digest()


def creation_options(person: Person, challenge: bytes) -> dict[str, object]:
    """Return the options with which a browser makes a passkey for that person."""
    user = PublicKeyCredentialUserEntity(
        name=person.person, id=person.person.encode(), display_name=person.name
    )
    options, _ = _server().register_begin(
        user,
        credentials=_credentials(person.passkeys),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=_REQUIRED,
        challenge=challenge,
    )
    return dict(options.public_key)


def registered_passkey(answer: str, challenge: bytes, name: str, now: datetime) -> Passkey:
    """Return the passkey that a browser made for that challenge; raises `SignatureRefused`."""
    try:
        made = _server().register_complete(_state(challenge), json.loads(answer))
    except Exception as error:  # whatever is wrong with the answer, it registers nothing
        raise SignatureRefused("The device gave no valid passkey. Nothing was kept; try again.") from error
    assert made.credential_data is not None
    return Passkey(credential=websafe_encode(made.credential_data), name=name, added_at=now)


def request_options(person: Person, challenge: bytes) -> dict[str, object]:
    """Return the options with which a browser asks a passkey of that person for a signature."""
    active = [one for one in person.passkeys if one.active]
    options, _ = _server().authenticate_begin(
        credentials=_credentials(active), user_verification=_REQUIRED, challenge=challenge
    )
    return dict(options.public_key)


def signed_approval(signed: SignedApproval, person: Person) -> SignedApproval:
    """Return a new approval whose signature is by an active passkey of the person; raises `SignatureRefused`."""
    check_signature(signed, [one for one in person.passkeys if one.active])
    return signed


def check_signature(signed: SignedApproval, passkeys: Sequence[Passkey]) -> None:
    """Raise `SignatureRefused` unless one of the passkeys signed exactly this approval."""
    try:
        _server().authenticate_complete(_state(signed.challenge), _credentials(passkeys), signed.assertion)
    except Exception as error:  # whatever is wrong with the answer, it proves nothing
        raise SignatureRefused(
            f"The signature is not one of {signed.name} over this plan. Nothing was approved."
        ) from error


def _server() -> Fido2Server:
    place = PublicKeyCredentialRpEntity(id=PLACE, name="Offerpress studio")
    return Fido2Server(place, verify_origin=lambda origin: _ORIGIN.fullmatch(origin) is not None)


def _state(challenge: bytes) -> Mapping[str, object]:
    return {"challenge": websafe_encode(challenge), "user_verification": _REQUIRED}


def _credentials(passkeys: Sequence[Passkey]) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(websafe_decode(one.credential)) for one in passkeys]


# The stored approvals.


def read_signed(site: Site, plan: str) -> list[SignedApproval]:
    """Return the signed approvals of a plan, the oldest first; raises `DamagedState`."""
    remedy = "restore it from a backup, or delete it and let the plan be approved again"
    return read_state(site.private / APPROVALS / f"{plan}.json", _parsed, remedy) or []


def _parsed(raw: Any) -> list[SignedApproval]:  # noqa: ANN401 - JSON
    return [SignedApproval.model_validate(one) for one in raw["approvals"]]


def write_signed(site: Site, signed: SignedApproval) -> None:
    """Add a signed approval. It counts once the outbox holds the approval too."""
    rows = [*read_signed(site, signed.plan), signed]
    site.make_private()
    text = json_text({"approvals": [one.model_dump(mode="json") for one in rows]})
    write_state(site.private / APPROVALS / f"{signed.plan}.json", text, mode=0o600)


def require_signed(site: Site, outbox: Outbox, batch: Batch) -> None:
    """Raise `NotSigned` unless an approval of this batch in the outbox has a valid signature."""
    plan = batch.header.plan
    if not any(not why for _, why in _checked(site, outbox, plan, read_people(site))):
        raise NotSigned(
            f'not signed: {plan}: [mail] approvals is "signed", and no approval of it is; approve it in '
            "`offerpress studio` with a passkey"
        )


def _checked(site: Site, outbox: Outbox, plan: str, people: Everyone) -> Iterator[tuple[SignedApproval, str]]:
    """Yield each stored approval of a plan with the reason why it proves nothing; empty if it does."""
    record, given = outbox.plan(plan), {(one.by, one.at, one.digest) for one in outbox.approvals(plan)}
    for one in read_signed(site, plan):
        person = people.get(one.person)
        if (one.plan, one.digest) != (plan, record.digest):
            yield one, "it is about other bytes than the plan holds"
        elif (one.person, one.at, one.digest) not in given:
            yield one, "the outbox does not hold this approval"
        elif person is None:
            yield one, f"nobody has the id {one.person!r}"
        else:
            try:
                check_signature(one, person.passkeys)
            except SignatureRefused:
                yield one, f"the signature is not one of {person.name}"
            else:
                yield one, ""


def signed_findings(site: Site, outbox: Outbox, plan: str) -> tuple[list[str], list[str]]:
    """Return who signed a plan, in sentences, and what is wrong with its signatures.

    Where `[mail] approvals` is `signed`, an approval without a signature is wrong too.
    """
    told, wrong, proved = [], [], set()
    for one, why in _checked(site, outbox, plan, read_people(site)):
        if why:
            wrong.append(f"the approval of {one.name} ({one.person}, {one.at}): {why}")
        else:
            proved.add((one.person, one.at))
            told.append(f"{plan}: approved by {one.name} ({one.person}), {one.at}, signed with a passkey")
    if site.mail_settings.approvals == "signed":
        wrong += [
            f"the approval of {one.by} ({one.at}) is not signed"
            for one in outbox.approvals(plan)
            if (one.by, one.at) not in proved
        ]
    return told, wrong
