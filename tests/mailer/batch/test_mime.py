"""The message on the wire, read back by the standard library's parser."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import getaddresses
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.batch.mime import header_lines, message_bytes
from rewards import Attachment, Notice
from tests.samples.mail import NOW, notice

ID = "<0123456789abcdef0123456789abcdef01234567@vendor.example>"
HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}} [x](http://evil.example)",
    "\u202egnp.exe",
    "=?utf-8?q?forged?=",
    "a =?utf-8?b?Zg==?= b",
    'Quote " and \\ back',
    "Smith, John (Sales) <x@y.example>; group:",
    "  spaces  inside  and around  ",
    "Ünïcödé Straße İstanbul",
    "日本語の名前" * 9,
    "e\u0301\u200d👩‍👩‍👧" * 12,
    "\u2028line separator\u2029",
    "x" * 400,
    "word " * 60 + "end",
    "\uff1d1+1",
    ".",
    "",
]
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=120),
)


def read(made: Notice) -> EmailMessage:
    """The message as a mail program reads it."""
    message = message_from_bytes(message_bytes(made, ID, NOW), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def lines(text: str) -> list[str]:
    """The text's lines, however they end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


@settings(deadline=None)
@given(subject=texts)
def test_any_subject_is_read_back_as_it_was(subject: str) -> None:
    """Whatever a subject holds, the reader sees exactly that."""
    assert subject == read(notice(subject=subject, html=""))["Subject"]


@settings(deadline=None)
@given(name=texts)
def test_any_name_is_read_back_as_it_was(name: str) -> None:
    """Whatever a name holds, there is one recipient, with exactly that name and the right address.

    Decoded by RFC 2047's rule for neighbouring encoded words, which the newer of the two parsers in the
    standard library keeps in subjects, but not in names.
    """
    content = message_bytes(notice(to_name=name, html=""), ID, NOW)
    ((found, address),) = getaddresses([message_from_bytes(content)["To"]])
    assert (name, "partner1@reseller.example") == (str(make_header(decode_header(found))), address)


@pytest.mark.parametrize(
    "name", ["Пример Компании", "شركة الاتصالات المتقدمة", "日本語の名前日本語の名前", "O'Hara & Söhne"]
)
def test_an_ordinary_name_is_one_encoded_word(name: str) -> None:
    """Names of up to 45 bytes come back whole from every reader."""
    assert name == read(notice(to_name=name))["To"].addresses[0].display_name


@settings(deadline=None)
@given(body=st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_body_is_read_back_as_it_was(body: str) -> None:
    """Text, HTML and attachment come back line by line, whatever they hold."""
    attachment = Attachment(filename="statement.csv", media_type="text/csv", text=body)
    message = read(notice(text=body, html=body, attachments=(attachment,)))
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    found = [
        plain.get_content(),
        html.get_content(),
        *(part.get_content() for part in message.iter_attachments()),
    ]
    assert [lines(body)] * 3 == [lines(one) for one in found]


@settings(deadline=None)
@given(subject=texts, name=texts, body=st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_every_message_is_clean_on_the_wire(subject: str, name: str, body: str) -> None:
    """Only ASCII, only CRLF line ends, no line over the limit of RFC 5322, one of each header."""
    content = message_bytes(notice(subject=subject, to_name=name, text=body, html=body), ID, NOW)
    assert content.isascii()
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    wire = content.split(b"\r\n")
    assert max(map(len, wire)) <= 998
    assert max([0, *(len(line) for line in wire if b"=?utf-8?b?" in line)]) <= 76
    names = [name.lower() for name in message_from_bytes(content, policy=default)]
    assert len(set(names)) == len(names)


def by_the_standard_library(made: Notice) -> bytes:
    """The message as the standard library alone writes it, with our boundaries."""
    message = EmailMessage(policy=SMTP)
    for line in header_lines(made):
        message[line.name] = line
    message["Date"] = NOW
    message["Message-ID"] = ID
    message["X-Offerpress-Notice"] = ID[1:41]
    message["Auto-Submitted"] = "auto-generated"
    boundaries = re.findall(rb'boundary="([^"]+)"', message_bytes(made, ID, NOW))
    message.set_content(made.text, cte="quoted-printable")
    message.make_alternative(boundary=boundaries.pop().decode())
    message.add_alternative(made.html, subtype="html", cte="quoted-printable")
    if made.attachments:
        message.make_mixed(boundary=boundaries.pop().decode())
    for one in made.attachments:
        message.add_attachment(one.text, subtype="csv", cte="quoted-printable", filename=one.filename)
    return message.as_bytes()


lines_of_text = st.lists(st.text("abc <>&;,:/é日", min_size=1, max_size=6).map(str.strip), max_size=5).map(
    "\n".join
)


@settings(deadline=None)
@given(
    bodies=st.tuples(lines_of_text, lines_of_text, lines_of_text),
    subject=texts,
    filename=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40),
    attached=st.integers(0, 2),
)
def test_the_message_is_byte_for_byte_the_standard_librarys(
    bodies: tuple[str, str, str], subject: str, filename: str, attached: int
) -> None:
    """Filling a prepared skeleton gives what the standard library writes; only lone dots are written more carefully."""
    files = tuple(
        Attachment(filename=f"{number}{filename}", media_type="text/csv", text=f"{bodies[2]}\n")
        for number in range(attached)
    )
    made = notice(subject=subject, text=f"{bodies[0]}\n", html=f"{bodies[1]}\n", attachments=files)
    assert by_the_standard_library(made) == message_bytes(made, ID, NOW)


def test_the_headers_are_those_of_automatic_mail() -> None:
    """Date, Message-ID and Auto-Submitted stand beside sender, recipient and the plan's own headers."""
    own = (("Feedback-ID", "a.1:notice:offerpress"), ("List-Unsubscribe", f"<https://v.example/{'x' * 120}>"))
    message = read(notice(cc=("c@d.example",), reply_to="office@vendor.example", headers=own))
    expected = {
        "From": '"Partner Team" <partners@vendor.example>',
        "To": '"Partner 1" <partner1@reseller.example>',
        "Cc": "c@d.example",
        "Reply-To": "office@vendor.example",
        "Subject": "Your credit: 1.00 EUR",
        "Date": "Sun, 31 Dec 2023 12:00:00 +0000",
        "Message-ID": ID,
        "X-Offerpress-Notice": ID[1:41],
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        **dict(own),
    }
    found = {name: str(value) for name, value in message.items() if name != "Content-Type"}
    assert {name: value.replace('"', "") for name, value in expected.items()} == {
        name: value.replace('"', "") for name, value in found.items()
    }


def test_the_parts_are_an_alternative_and_an_attachment() -> None:
    """Plain text first, HTML second, both quoted-printable; the attachment has its name and type."""
    message = read(notice())
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv"]
    leaves = [part for part in message.walk() if not part.is_multipart()]
    assert {"quoted-printable"} == {part["Content-Transfer-Encoding"] for part in leaves}
    assert [part.get_filename() for part in message.iter_attachments()] == ["statement.csv"]


def test_without_attachments_there_is_only_the_alternative() -> None:
    """A message without attachments is not wrapped once more."""
    assert read(notice(attachments=())).get_content_type() == "multipart/alternative"


def test_the_bytes_are_a_fixed_function_of_what_goes_in() -> None:
    """The same notice, id and date give the same bytes again."""
    assert message_bytes(notice(), ID, NOW) == message_bytes(notice(), ID, NOW)


def test_a_domain_beyond_ascii_goes_in_its_ascii_form() -> None:
    """IDNA in the headers, so that every server understands the address."""
    addresses = read(notice(to_address="info@bücher.example"))["To"].addresses
    assert addresses[0].addr_spec == "info@xn--bcher-kva.example"


@pytest.mark.parametrize("character", [chr(n) for n in range(0x100) if category(chr(n)) == "Cc"])
def test_no_control_character_gets_into_a_header(character: str) -> None:
    """A subject or a name that could break out of its header is refused."""
    hostile = f"a{character}b"
    for made in (notice(subject=hostile), notice(to_name=hostile)):
        with pytest.raises(ValueError, match="control character"):
            message_bytes(made, ID, NOW)


@pytest.mark.parametrize(
    "body",
    [
        "From here on.",
        "Dear reader,\nFrom us to you\n From within",
        "x" * 75 + "From the next line on",
        "From " + "\u00e9" * 40,
        "From " + "a" * 71 + " ",
    ],
)
def test_no_line_of_a_body_begins_as_an_mbox_separates_messages(body: str) -> None:
    """`From ` is written as `=46rom `, which RFC 2049 3 recommends, and no line is longer than 76 (RFC 2045 6.7)."""
    content = message_bytes(notice(text=body, html=body), ID, NOW)
    bodies = content.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert [] == [line for line in bodies if line.startswith(b"From ") or len(line) > 76]
    plain = message_from_bytes(content, policy=default).get_body(("plain",))
    assert plain is not None
    assert lines(body) == lines(plain.get_content())


@pytest.mark.parametrize(
    "address",
    [
        "https://news.example/u?list=?partners",
        "https://news.example/u?a==?utf-8?q?b?=",
        f"https://news.example/{'x' * 780}",
    ],
)
def test_an_unsubscribe_address_is_no_encoded_word(address: str) -> None:
    """RFC 2369 2 gives the header addresses in angle brackets, which RFC 2047 5 forbids to encode."""
    ways = f"<{address}>, <mailto:leave@news.example?subject=unsubscribe>"
    content = message_bytes(notice(headers=(("List-Unsubscribe", ways),)), ID, NOW)
    head = content.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    assert [f"List-Unsubscribe: {ways}"] == [one for one in head.split("\r\n") if one.startswith("List-Un")]
    assert max(map(len, content.split(b"\r\n"))) <= 998
