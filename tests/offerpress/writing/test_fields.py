"""Changing keys of front matter: the bytes of everything else stay."""

from datetime import UTC, datetime

import pytest

from offerpress.writing.fields import NotChangeable, changed_keys
from offerpress.writing.yaml_edits import REMOVED

FILE = "content/pages/terms.md"


def test_one_value_changes_and_the_rest_stays() -> None:
    """A changed title keeps its quotes, its comment, the order, the line ends and the byte order mark."""
    before = "\ufeff---\r\n# our words\r\ntitle:  'Terms'  # short\r\nunknown: &a [1,  2]\r\nalso: *a\r\n---\r\nBody \n"
    after = changed_keys(before.encode(), FILE, {"title": "It's new"})
    assert before.replace("'Terms'", "'It''s new'").encode() == after


def test_a_list_keeps_the_comments_of_its_items() -> None:
    """An item that is added or taken out changes its own line only."""
    before = "---\ntags:\n  - one  # first\n  # between\n  - two\n---\n"
    assert b"---\ntags:\n  - one  # first\n  # between\n  - two\n  - three\n---\n" == changed_keys(
        before.encode(), FILE, {"tags": ["one", "two", "three"]}
    )
    assert b"---\ntags:\n  # between\n  - two\n---\n" == changed_keys(
        before.encode(), FILE, {"tags": ["two"]}
    )


def test_what_others_refer_to_moves_to_the_first_of_them() -> None:
    """A changed value that an alias names leaves its former value to the alias."""
    before = b"---\nfirst: &a one\nsecond: *a\nthird: *a\n---\n"
    assert b"---\nfirst: new\nsecond: &a one\nthird: *a\n---\n" == changed_keys(
        before, FILE, {"first": "new"}
    )


def test_a_key_can_be_added_and_removed() -> None:
    """A new key is the last one, and a removed key goes with its line."""
    before = b"---\ntitle: T\ndraft: true # yet\n---\nBody"
    assert b"---\ntitle: T\n---\nBody" == changed_keys(before, FILE, {"draft": REMOVED})
    added = changed_keys(
        before, FILE, {"summary": "a: b", "published": datetime(2027, 1, 2, tzinfo=UTC).date()}
    )
    assert b'---\ntitle: T\ndraft: true # yet\nsummary: "a: b"\npublished: 2027-01-02\n---\nBody' == added


def test_what_cannot_be_read_is_left_to_the_text() -> None:
    """Invalid front matter is refused with its line."""
    with pytest.raises(NotChangeable, match="line 2"):
        changed_keys(b"---\ntitle: 'open\n---\n", FILE, {"title": "T"})
