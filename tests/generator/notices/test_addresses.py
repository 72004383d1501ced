"""Which addresses can be written to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.notices.audience import address_list, plain_address


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example",
        "anna.o'neil+tag@sub.b.example",
        "A@B.EXAMPLE",
        "a@b",
        "a@bücher.example",
        "a@xn--bcher-kva.example",
    ],
)
def test_plain_addresses_are_kept(text: str) -> None:
    """One `local@domain` stays as it is, space around it left out; domains may be in Unicode."""
    assert plain_address(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "a@b@c.example",
        "a b@c.example",
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        "Ann <a@b.example>",
        "<a@b.example>",
        "team: a@b.example;",
        "a(comment)@b.example",
        "a@b.example (Ann)",
        "<@route.example:a@b.example>",
        '"a b"@c.example',
        "a@[127.0.0.1]",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\x00",
        "a\u202e@b.example",
        "\ud800@b.example",
        "a@\ud800.example",
        "ä@b.example",
        ".a@b.example",
        "a..b@c.example",
        "a@b..example",
        "a@-b.example",
        "a@b_c.example",
        "a@straße.example",
        "a@b\u3002example extra",
        f"{'a' * 65}@b.example",
        f"a@{'b' * 64}.example",
        f"a@{'b.' * 130}example",
    ],
)
def test_everything_else_is_bad(text: str) -> None:
    """Groups, comments, routes, several addresses, control characters and their like are no address."""
    assert plain_address(text) is None


@given(st.text(max_size=30))
def test_no_text_breaks_the_check(text: str) -> None:
    """Any text gives an address or None; an address never holds spaces, commas or line ends."""
    address = plain_address(f"a{text}@b.example")
    assert address is None or not set(address) & set(" ,;<>()\r\n\x00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("a@b.example", ("a@b.example",)),
        ("a@b.example, c@d.example; a@b.example;", ("a@b.example", "c@d.example")),
        ("a@b.example, nonsense", None),
    ],
)
def test_lists_are_split_at_commas_and_semicolons(text: str, expected: tuple[str, ...] | None) -> None:
    """Copies go to each address once; one bad address spoils the list."""
    assert address_list(text) == expected
