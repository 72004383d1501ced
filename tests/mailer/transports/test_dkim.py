"""Signed messages, checked as a receiver checks them."""

from base64 import b64encode
from contextlib import closing
from email import message_from_bytes
from email.policy import default

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from mailer.errors import ConfigurationError
from mailer.rules.states import Cause
from mailer.settings import DkimSettings, SmtpSettings
from mailer.transports.base import Attempt
from mailer.transports.dkim_signing import signer
from mailer.transports.smtp import SmtpTransport
from tests.samples.mail import NOW, notice
from tests.servers.mail import Recorder, recording_server

NAMED = DkimSettings(selector="2023", domain="vendor.example")
PEM, PKCS8, CLEAR = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """A new private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    """The private key as it stands in a file."""
    return key.private_bytes(PEM, PKCS8, CLEAR)


def believed(message: bytes, key: rsa.RSAPrivateKey) -> bool:
    """Whether a receiver who looks up the public key believes the signature."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked: list[str] = []

    def record(name: bytes | str, timeout: int = 5) -> bytes:
        del timeout
        asked.append(name.decode() if isinstance(name, bytes) else name)
        return b"v=DKIM1; k=rsa; p=" + b64encode(public)

    result = bool(dkim.verify(message, dnsfunc=record))
    assert asked == ["2023._domainkey.vendor.example."]
    return result


def test_a_receiver_believes_what_went_over_the_wire(key: rsa.RSAPrivateKey) -> None:
    """The message as the server got it, lines with dots and hostile names included, has a valid signature."""
    recorder = Recorder()
    made = notice(to_name="Ünïcödé <x@y.example>", text=".\n..\n.hidden \n\n\n", subject="日本語 " * 30)
    with recording_server(recorder) as port:
        way = SmtpTransport(
            f"smtp://127.0.0.1:{port}", SmtpSettings(hello="localhost"), sign=signer(NAMED, pem(key))
        )
        with closing(way.connect()) as connection:
            outcome = connection.hand(Attempt(made, "<id-1@vendor.example>", "id-1", NOW))
    assert outcome.cause is Cause.ACCEPTANCE
    (content,) = recorder.contents
    assert believed(content, key)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"Your credit: 1.00", b"Your credit: 9.00"),
        (b"1.00 EUR", b"9.00 EUR"),
        (b"Subject:", b"From: x@evil.example\r\nSubject:"),
        (b"To:", b"Cc: x@evil.example\r\nTo:"),
        (b"List-Unsubscribe: <https://v", b"List-Unsubscribe: <https://e"),
    ],
)
def test_a_changed_message_is_not_believed(key: rsa.RSAPrivateKey, was: bytes, becomes: bytes) -> None:
    """Figures, subject, a second sender, a new recipient, the way to unsubscribe: all are signed."""
    made = notice(headers=(("List-Unsubscribe", "<https://v.example/u>"),))
    signed = signer(NAMED, pem(key))(Attempt(made, "<id-1@vendor.example>", "id-1", NOW).content())
    assert believed(signed, key)
    assert not believed(signed.replace(was, becomes, 1), key)


def test_the_signature_stands_before_what_was_approved(key: rsa.RSAPrivateKey) -> None:
    """Nothing of the message itself changes."""
    content = Attempt(notice(), "<id-1@vendor.example>", "id-1", NOW).content()
    signed = signer(NAMED, pem(key))(content)
    assert signed.endswith(content)
    assert ["DKIM-Signature"] == message_from_bytes(
        signed.removesuffix(content) + b"\r\n", policy=default
    ).keys()


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"no key",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ed25519.Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, CLEAR),
    ],
)
def test_a_key_that_cannot_sign_is_a_configuration_error(damaged: bytes) -> None:
    """Before anything is sent, and without showing the key."""
    with pytest.raises(ConfigurationError, match="the key cannot sign") as caught:
        signer(NAMED, damaged)
    assert "AAAA" not in str(caught.value)
