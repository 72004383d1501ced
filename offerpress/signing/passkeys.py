"""Passkeys: how a browser is asked to make one and to sign with one, and what its answer proves, by WebAuthn.

A passkey belongs to the address at which it was made: `localhost`, or the origin of a studio behind a proxy. Its
signatures count if they come from there, wherever the studio is today.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

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

_LOCAL: Final = re.compile(r"http://localhost:[0-9]{1,5}")
_REQUIRED: Final = UserVerificationRequirement.REQUIRED


class SignatureRefused(OfferpressError):
    """A registration or signature of a passkey that proves nothing."""


def creation_options(person: Person, challenge: bytes, origin: str | None) -> dict[str, object]:
    """Return the options with which a browser makes a passkey for that person; without an origin for `localhost`."""
    user = PublicKeyCredentialUserEntity(
        name=person.person, id=person.person.encode(), display_name=person.name
    )
    options, _ = _server(origin).register_begin(
        user,
        credentials=_credentials([one for one in person.passkeys if one.origin == origin]),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=_REQUIRED,
        challenge=challenge,
    )
    return dict(options.public_key)


def registered_passkey(
    answer: str, challenge: bytes, origin: str | None, name: str, now: datetime
) -> Passkey:
    """Return the passkey that a browser made for that challenge; raises `SignatureRefused`."""
    try:
        made = _server(origin).register_complete(_state(challenge), json.loads(answer))
    except Exception as error:  # whatever is wrong with the answer, it registers nothing
        raise SignatureRefused("The device gave no valid passkey. Nothing was kept; try again.") from error
    assert made.credential_data is not None
    credential = websafe_encode(made.credential_data)
    return Passkey(credential=credential, name=name, added_at=now, origin=origin)


def request_options(person: Person, challenge: bytes, origin: str | None) -> dict[str, object]:
    """Return the options with which a browser asks a passkey of that person for a signature at that origin."""
    options, _ = _server(origin).authenticate_begin(
        credentials=_credentials(person.passkeys_at(origin)), user_verification=_REQUIRED, challenge=challenge
    )
    return dict(options.public_key)


def is_signed(challenge: bytes, assertion: Mapping[str, Any], passkeys: Sequence[Passkey]) -> bool:
    """Return whether one of the passkeys signed that challenge at its own origin, after it verified its person."""
    for one in passkeys:
        with suppress(Exception):  # whatever is wrong with the answer, it proves nothing
            _server(one.origin).authenticate_complete(_state(challenge), _credentials([one]), assertion)
            return True
    return False


def _server(origin: str | None) -> Fido2Server:
    """Return the relying party of an origin: its host; only that very origin may ask, or any port of `localhost`."""
    host = urlsplit(origin).hostname if origin else "localhost"
    place = PublicKeyCredentialRpEntity(id=host, name="Offerpress studio")
    return Fido2Server(
        place, verify_origin=lambda asked: asked == origin if origin else _LOCAL.fullmatch(asked) is not None
    )


def _state(challenge: bytes) -> Mapping[str, object]:
    return {"challenge": websafe_encode(challenge), "user_verification": _REQUIRED}


def _credentials(passkeys: Sequence[Passkey]) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(websafe_decode(one.credential)) for one in passkeys]
