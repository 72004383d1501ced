"""An outbox from a backup sends nothing again: its receipts know what it forgot."""

import shutil
from pathlib import Path

import pytest

from mailer.delivery.delivery import deliver
from mailer.errors import LostPlans, OutboxRestored
from mailer.outbox.base import Receipts
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Settlement, Status
from mailer.settings import MailSettings
from mailer.transports.folder import FolderTransport
from tests.samples.full_disk import full_beyond
from tests.samples.mail import NOW, PLAN, approved, notices

ME = Claimant(PLAN, "1@here", "folder")
SETTINGS = MailSettings.model_validate({"from": "partners@vendor.example", "group": {"size": 2}})


def claim_and_accept(outbox: Outbox, most: int) -> list[str]:
    """Claims that many notices, and records that they were accepted."""
    turn = outbox.turn(ME, [], most, NOW)
    settled = [Settlement(one.partner_id, Cause.ACCEPTANCE, "taken") for one in turn.claimed]
    outbox.turn(ME, settled, 0, NOW)
    return [one.partner_id for one in turn.claimed]


def backed_up(outbox: Outbox, tmp_path: Path) -> Path:
    """A copy of the outbox as it is now, made by the database itself."""
    copy = tmp_path / "backup.sqlite"
    shutil.copyfile(outbox.name, copy)
    return copy


def test_a_restored_outbox_refuses_to_send(tmp_path: Path) -> None:
    """Its serial is older than its receipts: one clear error with the remedy, and nothing leaves."""
    file = tmp_path / "outbox.sqlite"
    with Outbox.open(file) as outbox:
        batch = approved(outbox, tmp_path, notices(5))
        first = claim_and_accept(outbox, 2)
    copy = backed_up(outbox, tmp_path)
    with Outbox.open(file) as outbox:
        later = claim_and_accept(outbox, 2)
    shutil.copyfile(copy, file)
    mail = tmp_path / "mail"
    with Outbox.open(file) as outbox:
        with pytest.raises(OutboxRestored, match=r"2 notices were claimed since.*reconcile"):
            deliver(outbox, batch, FolderTransport(mail), clock=lambda: NOW, settings=SETTINGS)
        assert not mail.exists()
        assert outbox.reconcile("Ada", NOW) == 2
        assert [one.partner_id for one in outbox.notices_at(PLAN, Status.UNKNOWN)] == later
        assert "Ada" in outbox.notices_at(PLAN, Status.UNKNOWN)[0].reason
        done = deliver(outbox, batch, FolderTransport(mail), clock=lambda: NOW, settings=SETTINGS)
        assert (done.accepted, len(list((mail / "new").iterdir()))) == (1, 1)
        assert [one.partner_id for one in outbox.notices_at(PLAN, Status.ACCEPTED)][:2] == first
        assert outbox.reconcile("Ada", NOW) == 0


def test_claims_of_an_unknown_plan_keep_it_refused(tmp_path: Path) -> None:
    """Without the plan nobody knows who was written to: it has to be registered again first."""
    file = tmp_path / "outbox.sqlite"
    with Outbox.open(file) as outbox:
        assert outbox.plans() == []
    copy = backed_up(outbox, tmp_path)
    with Outbox.open(file) as outbox:
        batch = approved(outbox, tmp_path, notices(3))
        claim_and_accept(outbox, 2)
    shutil.copyfile(copy, file)
    with Outbox.open(file) as outbox:
        with pytest.raises(LostPlans, match="2 notices"):
            outbox.reconcile("Ada", NOW)
        with pytest.raises(OutboxRestored):
            outbox.require_current()
        outbox.register(batch, NOW)
        assert outbox.reconcile("Ada", NOW) == 2
        outbox.require_current()


def test_a_torn_receipt_is_left_out(tmp_path: Path) -> None:
    """A power cut may tear the last line; the outbox is then ahead, which does no harm."""
    file = tmp_path / "outbox.sqlite"
    with Outbox.open(file) as outbox:
        approved(outbox, tmp_path, notices(3))
        claim_and_accept(outbox, 2)
        receipts = file.with_name("outbox.sqlite.receipts")
        assert receipts.stat().st_mode & 0o777 == 0o600
        receipts.write_bytes(receipts.read_bytes()[:-7])
        outbox.require_current()
        assert claim_and_accept(outbox, 2)
        outbox.require_current()


def test_receipts_that_the_disk_takes_in_part_are_an_error(tmp_path: Path) -> None:
    """No message may leave without its receipt; the next receipts stand on lines of their own."""
    receipts = Receipts(tmp_path / "receipts")
    receipts.append(1, ["one"])
    with full_beyond(len("1 one\n2 two\n2 thr")), pytest.raises(OSError, match="No space left"):
        receipts.append(2, ["two", "three"])
    receipts.append(3, ["four"])
    assert ["two", "thr", "four"] == receipts.since(1)
    assert 3 == receipts.last()
