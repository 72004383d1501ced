"""The journey's last step over SMTP: the command and a real server with a certificate of its own."""

from base64 import b64encode
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailer.batch.batch import Batch
from tests.acceptance.conftest import PLAN, Call
from tests.servers.mail import Recorder, certificate, recording_server


@pytest.fixture
def recipients(approved: Path) -> int:
    """How many an approved plan has."""
    with Batch.open(approved / "private" / "batches" / f"{PLAN}.batch") as batch:
        return len(batch)


def add(site: Path, settings: str) -> None:
    """Adds sections to the site's settings."""
    file = site / "offerpress.toml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{settings}\n", encoding="utf-8")


def test_a_relay_with_a_certificate_of_its_own_is_believed_by_its_file(
    site: Path, offerpress: Call, recipients: int
) -> None:
    """Refused by default, with nothing sent and the remedy; accepted where `ca_file` vouches for it."""
    theirs, _ = certificate(site)
    recorder = Recorder()
    with recording_server(recorder, starttls=theirs, account=(b"user", b"word")) as port:
        url = f"smtp+starttls://user:word@127.0.0.1:{port}"
        refused = offerpress("send", PLAN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url)
        assert (1, []) == (refused.code, recorder.messages)
        assert "ca_file" in refused.err
        assert "word" not in refused.err
        add(site, '[mail.smtp]\nca_file = "server.pem"')
        assert 0 == offerpress("send", PLAN, "--transport", "smtp").code
    assert recipients == len(set(recorder.message_ids)) == len(recorder.messages)


def test_messages_are_signed_with_the_key_in_private(site: Path, offerpress: Call, recipients: int) -> None:
    """A receiver believes each of them; without the key nothing is sent."""
    add(site, '[mail.smtp.dkim]\nselector = "2023"\ndomain = "ostrabell.example"')
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    recorder = Recorder()
    with recording_server(recorder) as port:
        url = f"smtp://127.0.0.1:{port}"
        refused = offerpress("send", PLAN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url)
        assert 1 == refused.code
        assert "private/dkim.pem" in refused.err
        (site / "private" / "dkim.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
        assert 0 == offerpress("send", PLAN, "--transport", "smtp").code
    assert recipients == len(recorder.contents)

    def record(name: bytes, timeout: int = 5) -> bytes:
        del name, timeout
        return b"v=DKIM1; k=rsa; p=" + b64encode(public)

    assert all(dkim.verify(content, dnsfunc=record) for content in recorder.contents)
