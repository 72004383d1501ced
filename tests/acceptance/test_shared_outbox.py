"""The commands over an outbox in PostgreSQL that two sites' folders, as on two machines, share."""

import shutil
from pathlib import Path

from tests.acceptance.conftest import AS_OF, PLAN, Call


def test_a_plan_is_sent_from_two_machines(
    offerpress: Call, shared_place: str, site: Path, tmp_path: Path
) -> None:
    """One plans and sends a part, the other has a copy of the batch and sends the rest; nothing lies in a file."""
    at = {"OFFERPRESS_OUTBOX": shared_place}
    assert offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia", **at).code == 0
    assert offerpress("approve", PLAN, "--by", "Finn", **at).code == 0
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(site, elsewhere)
    assert offerpress("send", PLAN, "--limit", "20", **at).code == 0
    said = offerpress("send", PLAN, "--site", str(elsewhere), "--json", **at)
    assert said.code == 0, said.err
    mails = [len(list((one / "private" / "mail" / "new").iterdir())) for one in (site, elsewhere)]
    assert mails == [20, 36]
    assert offerpress("status", PLAN, "--json", **at).json["accepted"] == 56
    assert not list(site.glob("private/outbox.sqlite*"))
    assert len((site / "private" / "outbox.receipts").read_text(encoding="utf-8").splitlines()) == 20
