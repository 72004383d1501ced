"""Signed acts: decision, sign-off and forgetting, each by a passkey; a signature for anything else does nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailer import pseudonym
from offerpress.site.people import read_history
from offerpress.site.site import Site
from tests.acceptance.conftest import Said, called, finished, installed
from tests.servers.device import Device
from tests.servers.provider import Answer, provider
from tests.servers.studio import PASSPHRASE, Desk, Office, planned, signed_in, small_site, started

OVER = ("--as-of", "2024-01-02")
PLAN = "hello-1.1"
SETTLE = {"plan": PLAN, "partner": "A-1", "decision": "give-up", "reason": "The provider has it."}
JOURNAL = {"offer": "year"}
FORGET = {"partner": "B-2", "typed": "B-2"}
ACTS = [
    ("Finn", "/plan/resolve", SETTLE),
    ("Ada", "/finance/sign-off", JOURNAL),
    ("Finn", "/partner/forget", FORGET),
]
NAMES = ["decision", "sign-off", "forget"]


@dataclass
class Signing:
    """A site that takes signed acts only, with one unknown mail, and a partner who left the data."""

    site: Path
    office: Office
    devices: dict[str, Device]

    def desk(self, name: str) -> Desk:
        """A new session of that person."""
        return signed_in(self.office.origin, name)

    def verify(self) -> Said:
        """What `verify` says."""
        return called(self.site, "verify")


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    """The site in its studio; Mia's plan was approved by Finn with a passkey, and one mail has no outcome."""
    site = small_site(tmp_path_factory.mktemp("signed"))
    settings = site / "offerpress.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + 'approvals = "signed"\n', encoding="utf-8")
    devices = {name: Device(name.lower()).register(site) for name in ("Mia", "Finn", "Ada")}
    office = started(site, OVER)
    found = Signing(site, office, devices)
    assert planned(signed_in(office.origin, "Mia"), "hello") == f"/plan?plan={PLAN}"
    finn = found.desk("Finn")
    digest = finn.found(f"/plan?plan={PLAN}", 'class="digest">([^<]+)<')
    assert "/plan?" in sign(found, finn, "Finn", "/plan/approve", plan=PLAN, digest=digest, total="46.00")
    with provider(Answer(408)) as server:
        keys = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": server.base_url}
        once = ("send", PLAN, "--transport", "sendgrid", "--limit", "1")
        assert 1 == finished(installed(site, *once, environment=keys)).code
    for name in ("partners", "sales"):
        table = site / "data" / f"{name}.csv"
        rows = [row for row in table.read_text(encoding="utf-8").splitlines() if "B-2" not in row]
        table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    yield found
    office.process.terminate()
    office.process.communicate()


def asked(desk: Desk, path: str, form: dict[str, str]) -> dict[str, Any]:
    """What a passkey is asked to sign."""
    found: dict[str, Any] = json.loads(desk.press(f"{path}/begin", **form)[0])
    return found


def sign(signing: Signing, desk: Desk, name: str, path: str, **form: str) -> str:
    """Sign a form with the person's own passkey; return the address to go to or the words shown."""
    proof = signing.devices[name].signed(asked(desk, path, form), signing.office.origin)
    text, to = desk.press(path, **form, signed=proof)
    return to or text


def kept(site: Path) -> dict[str, bytes]:
    """The records of acts and their signatures."""
    private = site / "private"
    names = ("approvals/*.json", "sign-offs/*", "forgotten*")
    status = called(site, "status", PLAN, "--json").out.encode()
    return {"status": status} | {
        str(path.relative_to(private)): path.read_bytes() for one in names for path in private.glob(one)
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("resolve", PLAN, "A-1", "give-up", "--by", "finn", "--reason", "So."), "settled with give-up"),
        (("sign-off", "year", *OVER, "--by", "ada"), "year.1: signed off"),
        (("forget", "B-2", "--by", "finn"), "forgotten"),
    ],
    ids=NAMES,
)
def test_a_name_alone_is_refused(signing: Signing, words: tuple[str, ...], said: str) -> None:
    """Where acts have to be signed, the command with a name does nothing, and says where it is done."""
    before = kept(signing.site)
    told = called(signing.site, *words)
    assert (1, True, True) == (told.code, "not signed: " in told.err, said in told.err), told.err
    assert "`offerpress studio` with a passkey" in told.err
    assert before == kept(signing.site)


@pytest.mark.parametrize(("name", "path", "form"), ACTS, ids=NAMES)
def test_a_signature_for_something_else_does_nothing(
    signing: Signing, name: str, path: str, form: dict[str, str]
) -> None:
    """A passphrase, another key, another digest, another person's session and a replay are refused alike."""
    before, desk, own = kept(signing.site), signing.desk(name), signing.devices[name]
    assert "takes signed acts only" in desk.press(path, **form, passphrase=PASSPHRASE)[0]
    other = Device(own.person).signed(asked(desk, path, form), signing.office.origin)
    assert f"not one of {name}" in desk.press(path, **form, signed=other)[0]
    challenge = asked(desk, path, form) | {"challenge": "AAAA"}
    forged = own.signed(challenge, signing.office.origin)
    assert f"not one of {name}" in desk.press(path, **form, signed=forged)[0]
    real = own.signed(asked(desk, path, form), signing.office.origin)
    elsewhere = own.signed(asked(desk, path, form), "http://evil.example")
    assert f"not one of {name}" in desk.press(path, **form, signed=elsewhere)[0]
    assert "was used before" in desk.press(path, **form, signed=real)[0]
    again = signing.desk(name)
    assert "was used before" in again.press(path, **form, signed=real)[0]
    mia = signing.desk("Mia")
    assert "can do this. Ask somebody" in mia.press(path, **form, signed=real)[0]
    assert "can do this. Ask somebody" in mia.press(f"{path}/begin", **form)[0]
    assert before == kept(signing.site)


def test_a_signature_does_not_approve_ones_own_plan(signing: Signing) -> None:
    """Whoever made a plan is not even asked to sign it, and a signature over it from elsewhere does nothing."""
    finn, own = signing.desk("Finn"), signing.devices["Finn"]
    campaigns = signing.site / "content" / "campaigns"
    (campaigns / "again.md").write_bytes((campaigns / "hello.md").read_bytes())
    plan = str(called(signing.site, "plan", "again", *OVER, "--by", "finn", "--json").json["plan"])
    form = {"plan": plan, "digest": "0" * 64, "total": "46.00"}
    assert "You made this plan" in asked(finn, "/plan/approve", form)["text"]
    other = own.signed(asked(finn, "/plan/resolve", SETTLE), signing.office.origin)
    assert "You made this plan" in finn.press("/plan/approve", **form, signed=other)[0]
    assert [] == called(signing.site, "status", plan, "--json").json["approved"]
    assert 0 == called(signing.site, "cancel", plan, "--by", "finn").code


@pytest.mark.parametrize(("name", "path", "form"), ACTS, ids=NAMES)
def test_an_act_is_signed(signing: Signing, name: str, path: str, form: dict[str, str]) -> None:
    """The person's passkey signs what is done; record and history have the id, and `verify` names the person."""
    desk = signing.desk(name)
    said = sign(signing, desk, name, path, **form)
    assert "Not done" not in said, said
    told = signing.verify()
    assert 0 == told.code, told.err
    what = {
        "/plan/resolve": f"{PLAN}: an unknown notice settled with give-up",
        "/finance/sign-off": "year.1: signed off",
    }
    words = what.get(path, f"{pseudonym('B-2')}: forgotten")
    assert f"remark: {words} by {name} ({name.lower()})" in told.err
    assert f"remark: {PLAN}: approved by Finn (finn)" in told.err
    newest = next(
        one for one in read_history(Site(signing.site, datetime.now(UTC), {})) if "looked" not in one.action
    )
    assert name.lower() == newest.person
    assert (
        "B-2" not in (signing.site / "private" / "history").read_text(encoding="utf-8")
        or path != "/partner/forget"
    )


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (f"approvals/{PLAN}.json", '"give-up"', '"resend"'),
        ("sign-offs/year.1.signed", '"person": "ada"', '"person": "finn"'),
        ("sign-offs/year.1.json", '"by": "ada"', '"by": "finn"'),
        ("forgotten.signed", '"digest": "', '"digest": "0'),
        ("forgotten.json", '"snapshots": ', '"snapshots": 1'),
    ],
)
def test_a_changed_record_is_found(signing: Signing, file: str, old: str, new: str) -> None:
    """A changed signature, and a record that says something else than was signed, are differences."""
    path = signing.site / "private" / file
    before = path.read_bytes()
    assert old in before.decode()
    path.write_text(before.decode().replace(old, new, 1), encoding="utf-8")
    told = signing.verify()
    path.write_bytes(before)
    assert (1, True) == (told.code, "differs: signature: " in told.err), told.err


@pytest.mark.parametrize("file", [f"approvals/{PLAN}.json", "sign-offs/year.1.signed", "forgotten.signed"])
def test_a_missing_signature_is_found(signing: Signing, file: str) -> None:
    """Where acts have to be signed, one without its signature is a difference."""
    path = signing.site / "private" / file
    before = path.read_bytes()
    path.unlink()
    told = signing.verify()
    path.write_bytes(before)
    assert (1, True) == (told.code, "it is not signed" in told.err), told.err
