"""The people of the studio and the history: what is kept, who may read it, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offerpress.site.people import (
    HistoryEntry,
    Passphrase,
    PeopleRefused,
    append_history,
    forget_in_history,
    invited,
    invited_by_code,
    joined,
    read_history,
    read_people,
    removed,
    write_people,
)
from offerpress.site.site import Site
from offerpress.site.state import DamagedState
from tests.samples.full_disk import full_beyond

NOW = datetime(2023, 12, 31, 12, 0, tzinfo=UTC)
WORDS = "four words without any sense"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty site folder."""
    return Site(tmp_path, NOW, {})


def test_people_are_kept_for_their_owner_only(site: Site) -> None:
    """The file has mode 0600 and holds neither a passphrase nor the code of an invitation."""
    person, people = invited({}, "Mia  Keller", ("writer",), "the-code", "terminal", NOW)
    write_people(site, joined(people, person, Passphrase.of(WORDS, b"salt")))
    _, people = invited(read_people(site), "Finn", ("approver",), "another-code", "mia-keller", NOW)
    write_people(site, people)
    file = site.private / "people"
    text = file.read_text(encoding="utf-8")
    assert 0o600 == file.stat().st_mode & 0o777
    assert [] == [word for word in (WORDS, "the-code", "another-code") if word in text]
    mia, finn = read_people(site).values()
    assert ("mia-keller", "Mia Keller", True) == (mia.person, mia.name, mia.may("writer"))
    assert mia.passphrase is not None
    assert (True, False) == (mia.passphrase.fits(WORDS), mia.passphrase.fits(WORDS + " "))
    assert (False, None) == (finn.may("writer"), finn.passphrase)


def test_an_invitation_works_once_and_for_a_week(site: Site) -> None:
    """The code opens the place of its person only, until it was used or a week is over."""
    del site
    person, people = invited({}, "Mia", ("writer",), "code", "terminal", NOW)
    assert person == invited_by_code(people, "code", NOW + timedelta(days=6))
    assert invited_by_code(people, "code", NOW + timedelta(days=7)) is None
    assert invited_by_code(people, "codE", NOW) is None
    after = joined(people, person, Passphrase.of(WORDS, b"salt"))
    assert invited_by_code(after, "code", NOW) is None


@pytest.mark.parametrize(
    ("name", "roles", "why"),
    [
        ("", ("writer",), "The name is empty"),
        ("a\u202eb", ("writer",), "signs that cannot be shown"),
        ("ＭＩＡ  keller", ("writer",), "There is somebody named"),
        ("Finn", (), "choose at least one"),
    ],
)
def test_names_are_told_apart(name: str, roles: tuple[str, ...], why: str) -> None:
    """A name must be visible and differ from others by more than width and case, as approvals compare them."""
    _, people = invited({}, "Mia Keller", ("writer",), "code", "terminal", NOW)
    with pytest.raises(PeopleRefused, match=why):
        invited(people, name, roles, "other", "mia-keller", NOW)  # type: ignore[arg-type] # given above


def test_two_people_of_one_id_get_two() -> None:
    """Names that give the same id, or none, are numbered."""
    _, people = invited({}, "Zoë", ("writer",), "1", "terminal", NOW)
    _, people = invited(people, "Zoe", ("writer",), "2", "zoe", NOW)
    _, people = invited(people, "李娜", ("writer",), "3", "zoe", NOW)
    assert ["zoe", "zoe-2", "person"] == list(people)


def test_the_last_operator_stays(site: Site) -> None:
    """Somebody must be able to invite; whoever was removed keeps the id, which approvals name."""
    del site
    mia, people = invited({}, "Mia", ("operator",), "1", "terminal", NOW)
    people = joined(people, mia, Passphrase.of(WORDS, b"salt"))
    finn, people = invited(people, "Finn", ("operator",), "2", "mia", NOW)
    with pytest.raises(PeopleRefused, match="Mia is the last person"):
        removed(people, "mia")
    left = removed(joined(people, finn, Passphrase.of(WORDS, b"salt")), "mia")
    assert (False, None, ()) == (left["mia"].active, left["mia"].passphrase, left["mia"].roles)


def test_a_short_passphrase_is_refused() -> None:
    """Eleven characters are too few."""
    with pytest.raises(PeopleRefused, match="at least 12"):
        Passphrase.of("x" * 11, b"salt")


def test_damaged_people_are_a_sentence(site: Site) -> None:
    """A file that cannot be read names its remedy."""
    site.make_private()
    (site.private / "people").write_text('{"people": [{}]}', encoding="utf-8")
    with pytest.raises(DamagedState, match="restore it from a backup"):
        read_people(site)


def test_history_grows_and_survives_a_crash(site: Site) -> None:
    """Each line stays; one that a crash cut off is shown as damaged, and the next is whole."""
    append_history(site, HistoryEntry("2023-12-31T12:00:00+00:00", "mia", "Mia", "signed in"))
    with (site.private / "history").open("ab") as file:
        file.write(b'{"at": "2023')
    append_history(
        site, HistoryEntry("2023-12-31T12:01:00+00:00", "mia", "Mia", "looked at a partner", partner="P-1")
    )
    assert ["looked at a partner", "a damaged line, which cannot be read", "signed in"] == [
        one.action for one in read_history(site)
    ]
    assert 0o600 == (site.private / "history").stat().st_mode & 0o777


def test_a_forgotten_partner_leaves_the_history(site: Site) -> None:
    """`forget` takes the id out and leaves every other line as it is."""
    for partner in ("P-1", "P-2"):
        append_history(
            site, HistoryEntry("2023-12-31T12:00:00+00:00", "mia", "Mia", "looked", partner=partner)
        )
    forget_in_history(site, lambda one: "#gone" if one == "P-1" else one)
    lines = (site.private / "history").read_text(encoding="utf-8").splitlines()
    assert ["#gone", "P-2"] == [json.loads(line)["partner"] for line in lines]


def test_a_line_that_the_disk_takes_in_part_is_an_error(site: Site) -> None:
    """Whoever wrote it is told, and the next line stands by itself."""
    first = HistoryEntry("2023-12-31T12:00:00+00:00", "mia", "Mia", "signed in")
    append_history(site, first)
    size = (site.private / "history").stat().st_size
    with full_beyond(size + 20), pytest.raises(OSError, match="too large"):
        append_history(
            site, HistoryEntry("2023-12-31T12:01:00+00:00", "mia", "Mia", "made a plan", "hello-1.1")
        )
    append_history(site, first)
    assert ["signed in", "a damaged line, which cannot be read", "signed in"] == [
        one.action for one in read_history(site)
    ]
