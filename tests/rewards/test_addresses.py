"""Which addresses can be written to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.addresses import (
    Mailbox,
    address_fault,
    address_key,
    address_list,
    bare_address,
    parse_mailbox,
    plain_address,
    wire_address,
)


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example",
        "anna.o'neil+tag@sub.b.example",
        "A@B.EXAMPLE",
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
        "a@b",  # RFC 5321 2.3.5: a domain is fully qualified
        "a@b.example\u00a0",
        "\u200ba@b.example",
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no address"),
        ("Ann <a@b.example>", "write a@b.example"),
        ("<a@b.example>", "write a@b.example"),
        ("mailto:a@b.example", "write a@b.example"),
        ("a@b.example\u00a0", "U+00A0"),
        ("\ufeffa@b.example", "U+FEFF"),
        ("a\u200b@b.example", "U+200B"),
        ("a.b.example", "no @"),
        ("jörg@b.example", "other letters"),
        ("a..b@c.example", "before the @"),
        (f"{'a' * 65}@b.example", "64 characters"),
        ("ann@mailhub", "no dot"),
        ("a@b_c.example", "domain"),
        (f"a@{'b' * 64}.example", "domain"),
        (f"a@{'b.' * 130}example", "254"),
    ],
)
def test_a_fault_says_why_an_address_is_unusable(text: str, words: str) -> None:
    """Each reason is told with its remedy (RFC 5321 2.3.5 and 4.5.3.1, RFC 5322 3.4.1)."""
    assert words in str(address_fault(text))


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example",
        " a@b.example ",
        "a@b.example\u00a0",
        "<a@b.example>",
        "Ann <a@b.example>",
        '"Ann, of Sales" <a@b.example>',
        "a@b.example (Ann)",
        "mailto:a@b.example",
        "MAILTO:a%40b.example?subject=unsubscribe",
    ],
)
def test_pasted_texts_give_their_bare_address(text: str) -> None:
    """People paste addresses from mail programs, tables and links (RFC 6068)."""
    assert "a@b.example" == bare_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "Ann", "a@b.example, c@d.example", "mailto:", "mailto:a@b.example,c@d.example", "<a@b.example"],
)
def test_other_texts_give_no_bare_address(text: str) -> None:
    """Nothing is guessed where a text holds no address or several."""
    with pytest.raises(ValueError, match="no mail address"):
        bare_address(text)


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("Vendor (Sales) <s@v.example>", Mailbox("Vendor (Sales)", "s@v.example")),
        (r'"Ann \"A\" Lee" <s@v.example>', Mailbox('Ann "A" Lee', "s@v.example")),
        ('Team "A, B" of Vendor <s@v.example>', Mailbox("Team A, B of Vendor", "s@v.example")),
        ("Dr. Who<s@v.example>", Mailbox("Dr. Who", "s@v.example")),
        ("s@v.example (Sales)", Mailbox("Sales", "s@v.example")),
    ],
)
def test_names_are_read_as_the_standard_library_reads_them(text: str, mailbox: Mailbox) -> None:
    """The values are those of `email.utils.getaddresses`, which older versions used."""
    assert mailbox == parse_mailbox(text)


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ('"a,b"@c.example', '"a,b"@c.example'),
        ('"a"@c.example', None),  # quoted without need
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[", None),
        ("a@mailhub", "a@mailhub"),
    ],
)
def test_what_was_frozen_before_can_still_be_sent(address: str, wire: str | None) -> None:
    """The mailer sends to every address that the standard library's grammar reads back unchanged, as older versions."""
    assert wire == wire_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "." * 50_000 + "@b.example",
        '"' * 50_000,
        "[" * 50_000,
        "(" * 50_000 + "@b.example",
        "a@" + "b" * 50_000,
        "a@" + "b." * 25_000,
        "Ann <" + "[" * 2_000 + ">",
        "\\" * 50_000,
    ],
)
def test_long_texts_are_refused_at_once(text: str) -> None:
    """No pattern sees more than one line of a header (RFC 5322 2.1.1), so hostile texts cost nothing."""
    assert (None, None) == (wire_address(text), plain_address(text))
    assert address_fault(text) is not None
    assert address_key(text) == text.casefold()
    for read in (parse_mailbox, bare_address):
        with pytest.raises(ValueError, match="no mail address"):
            read(text)
