"""An outbox for several senders, in a real PostgreSQL server: leases, claims side by side, and what goes wrong."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from mailer.batch.batch import Batch
from mailer.delivery.delivery import deliver
from mailer.delivery.run import Delivery
from mailer.errors import LeaseLost, OutboxError, OutboxOwned
from mailer.outbox.database import SendingProcess
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.outbox.postgresql import PostgresqlDatabase
from mailer.rules.states import Cause, Settlement, Status
from mailer.transports.folder import FolderTransport
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notices
from tests.servers.postgresql import empty_schema, postgresql_server

ADA = SendingProcess(1, "north", "2023-12-31T12:00:00.000000Z")
BEN = SendingProcess(2, "south", "2023-12-31T12:00:00.000001Z")
LEASE = 60
SETTINGS = mail_settings(group={"size": 3})


def later(seconds: float) -> datetime:
    """That long after now."""
    return NOW + timedelta(seconds=seconds)


def claimant(sender: SendingProcess) -> Claimant:
    """That sender, sending the plan into a folder."""
    return Claimant(PLAN, str(sender), "folder")


def accepted(*partners: str) -> list[Settlement]:
    """The provider took what these were sent."""
    return [Settlement(partner, Cause.ACCEPTANCE, "taken") for partner in partners]


@pytest.fixture
def other(shared_place: str, shared_outbox: Outbox, tmp_path: Path) -> Iterator[Outbox]:
    """The same outbox, open once more, as another machine has it with receipts of its own."""
    del shared_outbox
    with Outbox.open(shared_place, tmp_path / "other.receipts") as opened:
        yield opened


def test_two_senders_claim_different_notices(shared_outbox: Outbox, other: Outbox, tmp_path: Path) -> None:
    """Both send the same plan at the same time, and neither claims what the other has."""
    approved(shared_outbox, tmp_path, notices(4))
    with shared_outbox.sending(ADA, LEASE, NOW), other.sending(BEN, LEASE, NOW):
        first = shared_outbox.turn(claimant(ADA), [], 2, NOW)
        second = other.turn(claimant(BEN), [], 9, NOW)
        assert [one.partner_id for one in first.claimed] == ["P-0001", "P-0002"]
        assert [one.partner_id for one in second.claimed] == ["P-0003", "P-0004"]


def test_what_is_claimed_in_an_open_transaction_is_passed_over(
    shared_outbox: Outbox, shared_place: str, tmp_path: Path
) -> None:
    """A sender does not wait for rows that another is about to claim."""
    approved(shared_outbox, tmp_path, notices(3))
    with psycopg.connect(shared_place) as connection:
        connection.execute("SELECT 1 FROM notices WHERE partner_id = 'P-0001' FOR UPDATE")
        turn = shared_outbox.turn(claimant(ADA), [], 9, NOW)
    assert [one.partner_id for one in turn.claimed] == ["P-0002", "P-0003"]


def test_a_living_sender_keeps_what_it_claimed(shared_outbox: Outbox, other: Outbox, tmp_path: Path) -> None:
    """While its lease holds nobody makes its notices unknown; saying that it is alive renews it."""
    approved(shared_outbox, tmp_path, notices(2))
    with shared_outbox.sending(ADA, LEASE, NOW):
        shared_outbox.turn(claimant(ADA), [], 2, NOW)
        assert other.recover(later(LEASE - 1)) == 0
        shared_outbox.stay(later(LEASE - 1))
        assert other.recover(later(2 * LEASE - 2)) == 0
        shared_outbox.turn(claimant(ADA), accepted("P-0001", "P-0002"), 0, later(2 * LEASE - 2))
    assert shared_outbox.counts(PLAN)[Status.ACCEPTED] == 2


def test_a_sender_without_a_lease_hands_nothing_over(
    shared_outbox: Outbox, other: Outbox, tmp_path: Path
) -> None:
    """What a silent sender claimed is unknown; awake again it may not hand over, and its proofs are kept."""
    approved(shared_outbox, tmp_path, notices(3))
    with shared_outbox.sending(ADA, LEASE, NOW):
        shared_outbox.turn(claimant(ADA), [], 2, NOW)
        assert other.recover(later(LEASE)) == 2
        with pytest.raises(LeaseLost, match="1@north"):
            shared_outbox.require_lease(later(LEASE))
        with pytest.raises(LeaseLost, match="what it claimed is unknown"):
            shared_outbox.turn(claimant(ADA), accepted("P-0001"), 1, later(LEASE))
    found = {status: number for status, number in shared_outbox.counts(PLAN).items() if number}
    assert found == {Status.ACCEPTED: 1, Status.UNKNOWN: 1, Status.READY: 1}


def test_a_sender_looks_after_the_dead_while_it_sends(
    shared_outbox: Outbox, other: Outbox, tmp_path: Path
) -> None:
    """Whoever renews its lease makes unknown what another left whose lease is over, and counts it."""
    approved(shared_outbox, tmp_path, notices(3))
    with other.sending(BEN, LEASE + 10, NOW), shared_outbox.sending(ADA, LEASE // 2, NOW):
        shared_outbox.turn(claimant(ADA), [], 2, NOW)
        assert other.stay(later(LEASE - 10)) == 2
    assert other.counts(PLAN)[Status.UNKNOWN] == 2


@contextmanager
def opened_again(place: str, tmp_path: Path, name: str) -> Iterator[Outbox]:
    """The outbox, for a thread of its own."""
    with Outbox.open(place, tmp_path / f"{name}.receipts") as outbox:
        yield outbox


def sent_at_once(place: str, tmp_path: Path, batches: list[Batch]) -> list[Delivery]:
    """What deliveries of these do, all at the same time."""

    def one(number: int) -> Delivery:
        with opened_again(place, tmp_path, str(number)) as outbox, Batch.open(batches[number].file) as batch:
            transport = FolderTransport(tmp_path / f"mail-{number}")
            began = later(number)
            return deliver(outbox, batch, transport, clock=lambda: began, settings=SETTINGS)

    with ThreadPoolExecutor(len(batches)) as pool:
        return list(pool.map(one, range(len(batches))))


def test_four_deliveries_share_a_plan(shared_outbox: Outbox, shared_place: str, tmp_path: Path) -> None:
    """Together they hand over each notice exactly once."""
    batch = approved(shared_outbox, tmp_path, notices(60))
    done = sent_at_once(shared_place, tmp_path, [batch] * 4)
    assert sum(one.accepted for one in done) == 60
    assert len(list(tmp_path.glob("mail-*/new/*"))) == 60
    assert shared_outbox.counts(PLAN)[Status.ACCEPTED] == 60


def test_two_plans_of_one_edition_race(shared_outbox: Outbox, shared_place: str, tmp_path: Path) -> None:
    """Sent at the same time they hand the edition to each partner once; the slower claim is skipped."""
    batches = [approved(shared_outbox, tmp_path, notices(30), plan) for plan in (PLAN, "second")]
    done = sent_at_once(shared_place, tmp_path, batches)
    assert (sum(one.accepted for one in done), sum(one.skipped for one in done)) == (30, 30)


def test_reconciling_waits_until_nobody_sends(shared_outbox: Outbox, other: Outbox) -> None:
    """With a sender at work it is refused, and says who that is."""
    with (
        shared_outbox.sending(ADA, LEASE, NOW),
        pytest.raises(OutboxOwned, match="process 1 on north"),
        other.alone(BEN, NOW),
    ):
        pass
    with other.alone(BEN, NOW):
        assert other.reconcile("Ada", NOW) == 0


def test_a_server_that_goes_away_stops_the_sender(tmp_path: Path) -> None:
    """One sentence without the password, and what was under way stays claimed until its lease is over."""
    receipts = tmp_path / "receipts"
    with postgresql_server() as url, psycopg.connect(url, autocommit=True) as connection:
        place = empty_schema(url.replace("postgres@", "postgres:secret@"), "outbox")
        with Outbox.open(place, receipts) as outbox:
            approved(outbox, tmp_path, notices(2))
            outbox.turn(claimant(ADA), [], 1, NOW)
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )
            with pytest.raises(OutboxError, match="database") as caught:
                outbox.turn(claimant(ADA), accepted("P-0001"), 1, NOW)
        assert "secret" not in str(caught.value)
        with Outbox.open(place, receipts) as again:
            assert again.counts(PLAN)[Status.SENDING] == 1


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("CREATE TABLE plans (x text)", "another program's"),
        (
            "CREATE TABLE offerpress_outbox (version integer); INSERT INTO offerpress_outbox VALUES (99)",
            "newer version",
        ),
    ],
)
def test_a_database_that_is_no_outbox_of_ours_is_left_alone(
    shared_place: str, prepare: str, words: str
) -> None:
    """Another program's tables and a newer version's outbox are refused."""
    with psycopg.connect(shared_place) as connection:
        connection.execute(prepare.encode())
    with pytest.raises(OutboxError, match=words):
        Outbox.open(shared_place)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    """The sentence holds the address and what to look at, not the secret."""
    with pytest.raises(OutboxError, match=r"127\.0\.0\.1:9/sent: cannot be reached") as caught:
        Outbox.open("postgresql://mailer:secret@127.0.0.1:9/sent")
    assert "secret" not in str(caught.value)


def test_commits_are_durable_whatever_the_server_says(postgresql: str, shared_place: str) -> None:
    """A server that acknowledges before it has written is told not to, for this session."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE ROLE hasty LOGIN SUPERUSER")
        connection.execute("ALTER ROLE hasty SET synchronous_commit = off")
    database = PostgresqlDatabase.open(shared_place.replace("postgres@", "hasty@"))
    with closing(database), database.transaction():
        assert database.setting("synchronous_commit") == "on"


def test_without_the_extra_it_says_what_to_install() -> None:
    """An address of PostgreSQL on an installation without psycopg."""
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from mailer import Outbox\n"
        "Outbox.open('postgresql://127.0.0.1/sent')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "OutboxError: outbox: postgresql: needs psycopg; install offerpress[postgresql]" in done.stderr
