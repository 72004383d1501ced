"""Passkeys: how a browser is asked to make one and to sign with one, and what its answer proves, by WebAuthn."""

import json
import re
from collections.abc import Mapping, Sequence
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

from offerpress.site.folder import OfferpressError
from offerpress.site.people import Passkey, Person

PLACE: Final = "localhost"
_ORIGIN: Final = re.compile(r"http://localhost:[0-9]{1,5}")
_REQUIRED: Final = UserVerificationRequirement.REQUIRED


class SignatureRefused(OfferpressError):
    """A registration or signature of a passkey that proves nothing."""


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


def is_signed(challenge: bytes, assertion: Mapping[str, Any], passkeys: Sequence[Passkey]) -> bool:
    """Return whether one of the passkeys signed that challenge, after it verified its person."""
    try:
        _server().authenticate_complete(_state(challenge), _credentials(passkeys), assertion)
    except Exception:  # noqa: BLE001 - whatever is wrong with the answer, it proves nothing
        return False
    return True


def _server() -> Fido2Server:
    place = PublicKeyCredentialRpEntity(id=PLACE, name="Offerpress studio")
    return Fido2Server(place, verify_origin=lambda origin: _ORIGIN.fullmatch(origin) is not None)


def _state(challenge: bytes) -> Mapping[str, object]:
    return {"challenge": websafe_encode(challenge), "user_verification": _REQUIRED}


def _credentials(passkeys: Sequence[Passkey]) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(websafe_decode(one.credential)) for one in passkeys]
