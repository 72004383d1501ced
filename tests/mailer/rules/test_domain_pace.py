"""The pace towards each domain."""

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.delivery import deliver
from mailer.delivery.throttle import Throttle
from mailer.outbox.database import migrations
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.outbox.sqlite import APPLICATION_ID
from mailer.rules.domain_pace import DomainOpenings, domain_of, longest_wait, opening, rate_of, room
from mailer.rules.states import Cause, Outcome, Status, instant_text
from mailer.transports.base import Attempt
from rewards import Notice
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notice, notices

ME = Claimant(PLAN, "1@here", "scripted")
SECOND = timedelta(seconds=1)


def test_a_domain_without_history_has_room_for_one() -> None:
    """Nothing is saved up before the first."""
    assert room(None, 100, NOW) == 1
    assert opening(None, 100, NOW, 1) == NOW + SECOND / 100


@pytest.mark.parametrize(
    ("after", "rate", "expected"),
    [
        (-0.001, 10, 0),
        (0, 10, 1),
        (0.1, 10, 2),
        (0.1, Decimal("0.5"), 1),
        (3600, 10, 2),
        (3600, 100, 11),
    ],
)
def test_room_grows_with_time_and_is_not_saved_up(after: float, rate: Decimal | int, expected: int) -> None:
    """None before the domain opens; a late turn makes up for a tenth of a second, and an idle hour for no more."""
    assert room(NOW, rate, NOW + timedelta(seconds=after)) == expected


@given(
    st.decimals(min_value="0.1", max_value="500", places=1),
    st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 50)), min_size=1, max_size=60),
)
def test_no_stretch_of_time_holds_more_than_the_rate(rate: Decimal, turns: list[tuple[float, int]]) -> None:
    """Whenever turns come and however much they ask for: the rate, what a late turn makes up, and one."""
    now, open_at = NOW, None
    claims: list[tuple[datetime, int]] = []
    for pause, wanted in turns:
        now += timedelta(seconds=pause)
        number = min(wanted, room(open_at, rate, now))
        if number:
            open_at = opening(open_at, rate, now, number)
            claims.append((now, number))
    for index, (begin, _) in enumerate(claims):
        total = 0
        for end, number in claims[index:]:
            total += number
            seconds = Decimal(str((end - begin).total_seconds()))
            assert total <= rate * (seconds + Decimal("0.1001")) + 1


def test_a_named_domain_goes_before_every_other() -> None:
    """`*` is for domains that are not named; without it they have no limit."""
    rates = {"slow.example": 1, "*": 5}
    assert (rate_of("slow.example", rates), rate_of("other.example", rates)) == (1, 5)
    assert rate_of("other.example", {"slow.example": 1}) is None
    assert (longest_wait({"slow.example": Decimal("0.1"), "*": 5}), longest_wait({})) == (10.0, 0.0)


def test_one_claim_admits_to_each_domain_what_it_has_room_for() -> None:
    """A closed domain takes nothing from an open one, and only what was admitted to moves on."""
    openings = DomainOpenings({"slow.example": 1, "fast.example": 20, "shut.example": 1}, NOW)
    assert not openings.admit("shut.example", instant_text(NOW + SECOND))
    tenth = instant_text(NOW - SECOND / 10)
    assert [openings.admit("slow.example", "") for _ in range(3)] == [True, False, False]
    assert [openings.admit("fast.example", tenth) for _ in range(4)] == [True, True, True, False]
    assert openings.admit("free.example", "")
    assert openings.moved() == {
        "slow.example": NOW + SECOND,
        "fast.example": NOW - SECOND / 10 + 3 * SECOND / 20,
    }


def test_the_domain_is_what_follows_the_last_at(tmp_path: Path) -> None:
    """An outbox from before there was a pace learns the domains of the notices that it holds."""
    addresses = ["a@b.example", '"a@b"@c.example', "nobody"]
    assert [domain_of(one) for one in addresses] == ["b.example", "c.example", "nobody"]
    file = tmp_path / "outbox.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript("".join(migrations()[:3]))
        connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 3")
        connection.execute(
            "INSERT INTO plans VALUES ('p', 'c', 1, 'notice', 0, 'd', 'Anna', 'then', NULL, 3, 'open', 'then')"
        )
        for one in addresses:
            connection.execute(
                "INSERT INTO notices VALUES ('p', ?1, ?1, 'c', 1, ?1, 'ready', '', '', '', 0, 0, '', '', 0)",
                (one,),
            )
    connection.close()
    Outbox.open(file).close()
    with sqlite3.connect(file) as connection:
        found = connection.execute("SELECT address_key, domain FROM notices").fetchall()
    connection.close()
    assert dict(found) == {one: domain_of(one) for one in addresses}


def mixed(slow: int, fast: int) -> list[Notice]:
    """Notices of which the first go to a slow domain."""
    made = notices(slow + fast)
    return [
        one if number >= slow else notice(number + 1, to_address=f"p{number}@slow.example")
        for number, one in enumerate(made)
    ]


def test_a_slow_domain_does_not_hold_up_the_others(file_outbox: Outbox, tmp_path: Path) -> None:
    """Though it comes first, all others leave before its second; what waits is ready, and all leaves at last."""
    batch = approved(file_outbox, tmp_path, mixed(6, 60))
    watch = Watching(Path(file_outbox.name))
    report = deliver(
        file_outbox, batch, watch, clock=lambda: NOW, settings=mail_settings(per_domain={"Slow.example": 10})
    )
    assert (report.accepted, report.stopped) == (66, "")
    assert [domain for domain, _ in watch.seen[1:61]] == ["reseller.example"] * 60
    assert max(claimed for domain, claimed in watch.seen if domain == "slow.example") == 1


def test_one_claim_looks_past_a_domain_that_has_no_room(outbox: Outbox, tmp_path: Path) -> None:
    """Though it opens again before every claim, and its notices come first, the others are not kept from theirs."""
    approved(outbox, tmp_path, mixed(100, 80))
    for number in range(2):
        now = NOW + number * SECOND / 50
        claimed = outbox.turn(ME, [], 40, now, {"slow.example": 100}).claimed
        slow = [one for one in claimed if one.partner_id <= "P-0100"]
        assert (len(claimed), len(slow)) == (40, [1, 2][number])


class Watching:
    """A transport that notes each domain, and how many notices to the slow one are claimed meanwhile."""

    name = "watching"
    width = 1

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen: list[tuple[str, int]] = []

    def connect(self) -> "Watching":
        """Itself is the connection."""
        return self

    def hand(self, attempt: Attempt) -> Outcome:
        """Look, and accept."""
        with sqlite3.connect(self.file) as connection:
            sql = "SELECT count(*) FROM notices WHERE status = 'sending' AND domain = 'slow.example'"
            (claimed,) = connection.execute(sql).fetchone()
        connection.close()
        self.seen.append((domain_of(attempt.notice.to_address), claimed))
        return Outcome(Cause.ACCEPTANCE, "ok")

    def close(self) -> None:
        """Nothing is held."""


def test_a_pace_outlives_its_sender(file_outbox: Outbox, tmp_path: Path) -> None:
    """The next call does not begin with a burst: the outbox knows when the domain opens."""
    approved(file_outbox, tmp_path, mixed(3, 0))
    rates = {"slow.example": Decimal("0.1")}
    assert len(file_outbox.turn(ME, [], 10, NOW, rates).claimed) == 1
    with Outbox.open(Path(file_outbox.name)) as again:
        assert again.turn(ME, [], 10, NOW + 9 * SECOND, rates).claimed == ()
        assert again.next_due(PLAN, NOW + 9 * SECOND) == instant_text(NOW + 10 * SECOND)
        assert len(again.turn(ME, [], 10, NOW + 10 * SECOND, rates).claimed) == 1
        assert again.counts(PLAN)[Status.READY] == 1


def test_what_waits_for_its_domain_is_waited_for(outbox: Outbox, tmp_path: Path) -> None:
    """However slow the pace is, one call sends all: patience is for retries."""
    approved(outbox, tmp_path, notices(1))
    settings = mail_settings(per_domain={"*": Decimal("0.01")}, retries={"patience_seconds": 0})
    patience = Throttle(lambda: NOW, lambda: 0.0, settings)
    assert patience.outlasts(instant_text(NOW + 100 * SECOND))
    assert not patience.outlasts(instant_text(NOW + 101 * SECOND))


def test_each_transport_may_have_its_own_rate() -> None:
    """It goes before the rate of all; a transport without one takes that of all."""
    settings = mail_settings(per_second=5, sendgrid={"per_second": 100})
    assert [settings.rate_of_transport(name) for name in ("folder", "smtp", "sendgrid")] == [5, 5, 100]
    assert mail_settings().rate_of_transport("smtp") is None
    assert Throttle(lambda: NOW, lambda: 0.0, settings, "sendgrid").burst() == 2
