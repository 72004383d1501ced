"""A backup of `private/` put back as the guide says: nothing leaves before it is reconciled, and nothing twice."""

import shutil
import subprocess
from collections import Counter
from email import message_from_bytes
from pathlib import Path

from tests.acceptance.conftest import AS_OF, PLAN, Call

LATER = "thank-you-1.1"


def handed(site: Path) -> Counter[str]:
    """How many messages of each campaign lie in the mail folder for each address."""
    folder = site / "mailbox"
    folder.mkdir(exist_ok=True)
    for file in (site / "private" / "mail" / "new").iterdir():
        file.rename(
            folder / f"{len(list(folder.iterdir()))}"
        )  # a file of the same name would hide a second handing
    found: Counter[str] = Counter()
    for file in folder.iterdir():
        message = message_from_bytes(file.read_bytes())
        found[f"{message['Feedback-ID']} {message['To']}"] += 1
    return found


def test_a_restored_backup_sends_nothing_twice(approved: Path, offerpress: Call) -> None:
    """The backup is of the middle of one plan and before another; both go on after a person settled what is unknown."""
    site = approved
    assert 0 == offerpress("send", PLAN, "--limit", "20").code
    private = site / "private"
    handed(site)  # takes the messages away, so that the backup puts none back
    subprocess.run(["tar", "-czpf", "backup.tar.gz", "private"], cwd=site, check=True)
    assert 0 == offerpress("send", PLAN, "--limit", "30").code
    assert 0 == offerpress("plan", "thank-you", *AS_OF, "--by", "Mia").code
    before = handed(site)
    receipts, batches = (private / "outbox.sqlite.receipts").read_bytes(), site / "batches"
    shutil.copytree(private / "batches", batches)
    shutil.rmtree(private)  # the disk is lost, but for the receipts and the batches, which lay elsewhere
    subprocess.run(["tar", "-xzpf", "backup.tar.gz"], cwd=site, check=True)
    (private / "outbox.sqlite.receipts").write_bytes(receipts)
    for batch in batches.iterdir():
        if not (private / "batches" / batch.name).exists():
            shutil.copy2(batch, private / "batches")
    for arguments in ([PLAN], ["--due"]):
        refused = offerpress("send", *arguments)
        assert (1, True) == (refused.code, "offerpress reconcile" in refused.err)
    assert before == handed(site)
    reconciled = offerpress("reconcile", "--by", "Cleo", "--json")
    assert (1, {"unknown": 30, "registered": [LATER]}) == (reconciled.code, reconciled.json)
    assert 1 == offerpress("send", PLAN).code  # the rest leaves; 30 wait for a person
    status = offerpress("status", PLAN, "--json").json
    assert (30, 0, status["planned"]) == (status["unknown"], status["ready"], status["accepted"] + 30)  # type: ignore[operator] # a number
    assert 1 == offerpress("send", LATER).code  # its approval was lost with the outbox
    assert 0 == offerpress("approve", LATER, "--by", "Finn").code
    assert 0 == offerpress("send", LATER).code
    assert {1} == set(handed(site).values())
    assert 0 == offerpress("verify").code


def test_an_empty_outbox_beside_batches_is_refused_with_the_remedy(approved: Path, offerpress: Call) -> None:
    """It must have known their plans; deleted, it is made anew from the batches by `reconcile`."""
    outbox = approved / "private/outbox.sqlite"
    for name in ("outbox.sqlite-wal", "outbox.sqlite-shm"):
        (approved / "private" / name).unlink(missing_ok=True)
    outbox.write_bytes(b"")
    for command in (("status",), ("send", PLAN), ("plan", "thank-you", *AS_OF), ("suppressions",)):
        said = offerpress(*command)
        assert (1, True, True) == (said.code, PLAN in said.err, "reconcile --by NAME" in said.err), said.err
    assert 0 == outbox.stat().st_size
    outbox.unlink()
    assert 0 == offerpress("reconcile", "--by", "Mia").code
    assert PLAN in offerpress("status").out
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
