"""A site that version 0.1.0 (c9d0509) made stays usable: `make_old.py` says what it holds.

The expected values are those that version 0.1.0 exported and printed itself.
"""

import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer import Batch
from tests.acceptance.conftest import ROOT, Call, called
from tests.servers.mail import Recorder, recording_server
from tests.upgrade.make_old import ARCHIVE, AS_OF

BEGUN, ENGLISH, ARABIC, UNAPPROVED = "year-end-credit-1.1", "british-1.1", "arabic-1.1", "later-1.1"
OTHER_PROGRAM = (
    r"stale: \S+: Offerpress renders messages differently since version [\d.]+ "
    r"\(the plan was made with an earlier one\), so \d messages? would be others now "
    r"\(P-[P\d, -]+\); plan the campaign again"
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The old site; its manifest names the folder in which it lies now."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    manifest = tmp_path / "site/private/manifests/build.json"
    facts = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps(facts | {"output": str(tmp_path / "site/output")}), "utf-8")
    return tmp_path / "site"


def test_check_statements_and_verify_agree_with_the_old_version(site: Path, offerpress: Call) -> None:
    """Faultless content stays so, the figures are the old ones, and all that was published and frozen verifies."""
    assert 0 == offerpress("check", *AS_OF).code
    assert (site / "statements.jsonl").read_text("utf-8") == offerpress("statements", *AS_OF).out
    said = offerpress("verify")
    assert (0, True) == (said.code, "all agree" in said.err), said.err
    assert all(plan in said.err for plan in (BEGUN, ENGLISH, ARABIC, UNAPPROVED))
    assert "sign-off cashback-2023.1" in said.err


def test_a_build_replaces_the_old_site(offerpress: Call) -> None:
    """The new version builds over what the old one published, and agrees with itself and the old batches."""
    assert 0 == offerpress("build", *AS_OF).code
    assert 0 == offerpress("verify").code


def test_status_and_told_read_the_old_outbox(offerpress: Call) -> None:
    """The counts are those that the old `send` printed, and what was told is in the old statement."""
    status = offerpress("status", BEGUN, "--json").json
    assert (5, 3, 2, 0) == tuple(status[name] for name in ("planned", "ready", "accepted", "unknown"))
    assert [("orders@elmwick-voice-1005.example", "manual")] == re.findall(
        r"^(orders@\S+)\s+(manual)", offerpress("suppressions").out, re.MULTILINE
    )
    said = offerpress("told", "P-1003")
    assert f"{BEGUN}: accepted" in said.out


def test_a_begun_plan_sends_the_rest_as_it_was_approved(site: Path, offerpress: Call) -> None:
    """The rest leaves by SMTP with the approved digests, whatever renders differently; nobody is written to twice."""
    recorder = Recorder()
    with recording_server(recorder) as port:
        url = f"smtp://127.0.0.1:{port}"
        said = offerpress("send", BEGUN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url)
        assert (0, 3) == (said.code, len(recorder.messages)), said.err
        assert 0 == offerpress("send", BEGUN, "--transport", "smtp", OFFERPRESS_SMTP_URL=url).code
    sent_before = {path.name.partition(":")[0] for path in (site / "private/mail/new").iterdir()}
    keys = {str(message["Message-ID"])[1:].partition("@")[0] for message in recorder.messages}
    assert (2, 3, set()) == (len(sent_before), len(keys), sent_before & keys)
    assert 0 == offerpress("verify", BEGUN).code
    said = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia", "--json")
    assert (0, {"already_sent": 5, "suppressed": 1}) == (said.json["recipients"], said.json["skipped"])


@pytest.mark.parametrize(("plan", "command"), [(ENGLISH, "send"), (ARABIC, "send"), (UNAPPROVED, "approve")])
def test_a_plan_that_has_not_begun_is_sent_or_says_that_the_program_changed(
    plan: str, command: str, offerpress: Call
) -> None:
    """Only another rendering stops an old plan, and the reason is that one; planned again, it is approved and sent."""
    arguments = ("--transport", "folder") if command == "send" else ("--by", "Nia")
    said = offerpress(command, plan, *arguments)
    assert 0 == said.code or re.search(OTHER_PROGRAM, said.err), said.err
    campaign = plan.partition("-")[0]
    assert 0 == offerpress("plan", campaign, *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("approve", f"{campaign}-1.2", "--by", "Nia").code
    assert 0 == offerpress("send", f"{campaign}-1.2", "--transport", "folder").code
    status = offerpress("status", f"{campaign}-1.2", "--json").json
    assert status["planned"] == status["accepted"]


def test_an_arabic_plan_of_the_old_version_is_stale(offerpress: Call) -> None:
    """Mails in Arabic were laid out from left to right in 0.1.0, so the old plan of one is stale."""
    said = offerpress("send", ARABIC, "--transport", "folder")
    assert (1, True) == (said.code, bool(re.search(OTHER_PROGRAM, said.err))), said.err


def test_a_batch_of_the_old_version_has_its_digest_still(site: Path) -> None:
    """The facts that a header gained since then are not part of the digest of a batch without them."""
    for file in sorted((site / "private/batches").glob("*.batch")):
        with Batch.open(file) as batch:
            assert ({}, batch.header.digest) == (batch.header.sources, batch.verify())


def _word(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(site: Path) -> None:
        text = (site / path).read_text("utf-8")
        assert old in text
        (site / path).write_text(text.replace(old, new), "utf-8")

    return change


def _template(site: Path) -> None:
    (site / "templates/mail").mkdir(parents=True)
    text = (ROOT / "templates/mail/notice.txt").read_text("utf-8")
    (site / "templates/mail/notice.txt").write_text(f"To our partner\n\n{text}", "utf-8")


def _sale(site: Path) -> None:
    with (site / "data/sales.csv").open("a", encoding="utf-8") as table:
        table.write("X-1,P-1017,2023-05-05,1000.00,GBP,PRO 8SC,,\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_word("content/campaigns/british.md", "Hello", "Dear"), "content changed"),
        (_word("offerpress.toml", "partner-accounts@", "others@"), "settings changed"),
        (_sale, "data changed"),
        (_template, "templates changed"),
    ],
)
def test_a_stale_plan_names_the_sources_that_changed(
    change: Callable[[Path], None], reason: str, site: Path
) -> None:
    """A plan of this version names what changed, and only that."""
    assert 0 == called(site, "plan", "british", *AS_OF, "--by", "Mia").code
    change(site)
    said = called(site, "approve", "british-1.2", "--by", "Nia")
    assert (1, True) == (said.code, f"stale: british-1.2: {reason}, so" in said.err), said.err


def test_a_new_program_is_named_beside_other_changes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both the program and the content changed: both are named, with the version of each program."""
    assert 0 == called(site, "plan", "british", *AS_OF, "--by", "Mia").code
    monkeypatch.setattr("offerpress.site.inputs.__version__", "9.8.7")
    _word("content/campaigns/british.md", "Hello", "Dear")(site)
    said = called(site, "approve", "british-1.2", "--by", "Nia")
    assert "since version 9.8.7 (the plan was made with 0." in said.err
    assert ", and content changed, so 2 messages" in said.err
