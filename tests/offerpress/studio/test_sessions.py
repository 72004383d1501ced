"""Who may ask the studio: the check of a request, sessions that lock, and the throttle of guesses."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from offerpress.studio.state.sessions import Sessions, SignInThrottle, request_refusal

NOW = datetime(2023, 12, 31, 12, 0, tzinfo=UTC)
HERE = "http://localhost:8010"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"host": "127.0.0.1:8010"}),
        ("GET", {"host": "[::1]:8010"}),
        ("GET", {"sec-fetch-site": "none", **NAVIGATION}),
        ("GET", {"sec-fetch-site": "cross-site", **NAVIGATION}),
        ("GET", {"sec-fetch-site": "same-origin", "origin": HERE}),
        ("POST", {"sec-fetch-site": "same-origin", "origin": HERE}),
        ("POST", {"origin": HERE}),
    ],
)
def test_requests_of_the_studios_own_pages_are_answered(method: str, headers: dict[str, str]) -> None:
    """Typed addresses, links and the studio's own pages are answered; an old browser may leave Fetch headers out."""
    assert request_refusal(method, {"host": "localhost:8010", **headers}, HERE) is None


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"host": "evil.example:8010"}, 421),
        ("GET", {"host": "localhost:8011"}, 421),
        ("GET", {"host": ""}, 421),
        ("GET", {"origin": "http://localhost:8000"}, 403),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, 403),
        (
            "GET",
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
            403,
        ),
        ("POST", {}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://evil.example"}, 403),
        ("POST", {"origin": HERE, "sec-fetch-site": "cross-site"}, 403),
        ("POST", {"origin": HERE, "sec-fetch-site": "none"}, 403),
    ],
)
def test_requests_from_elsewhere_are_refused(method: str, headers: dict[str, str], status: int) -> None:
    """A foreign host, page, frame or local port is refused with a sentence, and so is a change of unknown origin."""
    refused = request_refusal(method, {"host": "localhost:8010", **headers}, HERE)
    assert refused is not None
    assert (status, ".") == (refused[0], refused[1][-1])


PROXIED = "https://studio.example"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"host": "studio.example"}, 0),
        ("POST", {"host": "studio.example", "origin": PROXIED, "sec-fetch-site": "same-origin"}, 0),
        ("GET", {"host": "localhost:8010"}, 421),
        ("GET", {"host": "127.0.0.1:8010"}, 421),
        ("GET", {"host": "studio.example:8010"}, 421),
        ("POST", {"host": "studio.example", "origin": "http://studio.example"}, 403),
        ("POST", {"host": "studio.example", "origin": HERE}, 403),
    ],
)
def test_behind_a_proxy_the_checks_follow_its_origin(
    method: str, headers: dict[str, str], status: int
) -> None:
    """Only the host and the https origin of the settings are the studio's own, and this machine's names are not."""
    refused = request_refusal(method, headers, PROXIED)
    assert status == (refused[0] if refused else 0)


@pytest.fixture
def kept() -> Sessions:
    """No session yet, with texts that are counted in place of random ones."""
    numbers = count(1)
    return Sessions(lambda size: f"{next(numbers)}-{size}")


def test_a_session_locks_after_ten_minutes_without_use(kept: Sessions) -> None:
    """Each use gives ten minutes more; a live part of a page gives none."""
    cookie = kept.begin("mia", NOW)
    nine, eighteen, late = (NOW + timedelta(minutes=minutes) for minutes in (9, 18, 28))
    assert kept.find(cookie, nine) is not None
    assert kept.find(cookie, eighteen, used=False) is not None
    assert kept.find(cookie, NOW + timedelta(minutes=19), used=False) is None
    assert kept.find(cookie, late) is None
    assert kept.find(cookie, nine) is None


def test_a_session_ends_after_half_a_day_and_with_its_person(kept: Sessions) -> None:
    """However busy, it ends after twelve hours; removing the person or signing out ends it at once."""
    cookie = kept.begin("mia", NOW)
    for minutes in range(0, 12 * 60, 9):
        assert kept.find(cookie, NOW + timedelta(minutes=minutes)) is not None
    assert kept.find(cookie, NOW + timedelta(hours=12)) is None
    other = kept.begin("finn", NOW)
    kept.end_all_of("finn")
    assert kept.find(other, NOW) is None
    last = kept.begin("finn", NOW)
    kept.end(last)
    assert kept.find(last, NOW) is None


def test_a_clock_that_was_set_back_locks(kept: Sessions) -> None:
    """A session that seems to be from the future is no longer valid."""
    cookie = kept.begin("mia", NOW)
    assert kept.find(cookie, NOW - timedelta(hours=1)) is None


def test_requests_that_were_sent_together_are_answered_in_any_order(kept: Sessions) -> None:
    """One whose instant is a little before the last one ends no session, and moves no end."""
    cookie = kept.begin("mia", NOW)
    assert kept.find(cookie, NOW + timedelta(seconds=3)) is not None
    assert kept.find(cookie, NOW + timedelta(seconds=1)) is not None
    assert kept.find(cookie, NOW + timedelta(minutes=10, seconds=2), used=False) is not None
    assert kept.find(cookie, NOW + timedelta(minutes=10, seconds=3)) is None


def test_guesses_wait_longer_and_longer() -> None:
    """Five tries are free; then each wrong one doubles the wait, for that name only, until a right one."""
    throttle, waits = SignInThrottle(), []
    for _ in range(9):
        throttle.wrong("mia", NOW)
        opens = throttle.opens("mia", NOW)
        waits.append(int((opens - NOW).total_seconds()) if opens else 0)
    assert [0, 0, 0, 0, 2, 4, 8, 16, 32] == waits
    assert throttle.opens("finn", NOW) is None
    assert throttle.opens("mia", NOW + timedelta(seconds=32)) is None
    throttle.right("mia")
    assert throttle.opens("mia", NOW) is None
