"""A passkey without a browser: it signs as WebAuthn says, for the address that it is told."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData

from offerpress.site.people import Passkey, read_people, with_passkeys, write_people
from offerpress.site.site import Site

_VERIFIED = 0x05  # the person was there, and the device verified them


@dataclass
class Device:
    """One key of one person."""

    person: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def credential(self) -> bytes:
        """The id of the passkey."""
        return self.person.encode().ljust(16, b"-")

    def register(self, site: Path) -> "Device":
        """Enter the passkey among those of the person."""
        at, now = Site(site, datetime.now(UTC), {}), datetime.now(UTC)
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call] # of fido2
        data = AttestedCredentialData.create(Aaguid(b"\0" * 16), self.credential, public)
        made = Passkey(credential=websafe_encode(data), name="test", added_at=now)
        people = read_people(at)
        write_people(at, with_passkeys(people, self.person, (*people[self.person].passkeys, made)))
        return self

    def signed(self, asked: dict[str, Any], origin: str) -> str:
        """Return the browser's answer to what a page was told to ask, as JSON."""
        client = json.dumps(
            {"type": "webauthn.get", "challenge": asked["challenge"], "origin": origin}
        ).encode()
        place = sha256(b"localhost").digest() + bytes([_VERIFIED]) + bytes(4)
        signature = self.key.sign(place + sha256(client).digest(), ec.ECDSA(SHA256()))
        answer = {"clientDataJSON": client, "authenticatorData": place, "signature": signature}
        return json.dumps(
            {
                "id": websafe_encode(self.credential),
                "rawId": websafe_encode(self.credential),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {name: websafe_encode(value) for name, value in answer.items()},
            }
        )
