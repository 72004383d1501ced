"""The `[mail]` section and the addresses in it."""

from decimal import Decimal
from email.errors import HeaderParseError
from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.settings import MailSettings
from rewards import Fault, Source, validated
from rewards.addresses import Mailbox, parse_mailbox, sendable

FROM = "Partner Team <partners@vendor.example>"


def test_only_the_sender_is_required() -> None:
    """Everything else has a default: the folder, no rate limit, no self-approval."""
    settings = MailSettings.model_validate({"from": FROM})
    assert settings.sender == Mailbox("Partner Team", "partners@vendor.example")
    assert (settings.transport, settings.per_second, settings.self_approval) == ("folder", None, False)
    assert (settings.group.size, settings.group.wait_ms) == (50, 20)


@pytest.mark.parametrize(
    ("raw", "field", "words"),
    [
        ({}, "from", "missing"),
        ({"from": "Partner Team"}, "from", "no mail address"),
        ({"from": "a@b.example, c@d.example"}, "from", "no mail address"),
        ({"from": FROM, "transprot": "smtp"}, "transprot", "did you mean 'transport'"),
        ({"from": FROM, "transport": "pigeon"}, "transport", "pigeon"),
        ({"from": FROM, "reply_to": "Office <a@b.example>"}, "reply_to", "bare address"),
        ({"from": FROM, "per_second": 0}, "per_second", "above 0"),
        ({"from": FROM, "smtp": {"per_second": -1}}, "smtp.per_second", "above 0"),
        ({"from": FROM, "per_domain": {"a b": 1}}, "per_domain.a b", "no domain"),
        ({"from": FROM, "per_domain": {"b.example": 0}}, "per_domain.b.example", "above 0"),
        ({"from": FROM, "per_second": Decimal("1e-400")}, "per_second", "between"),
        ({"from": FROM, "per_second": 10**300}, "per_second", "between"),
        ({"from": FROM, "per_domain": {"*": Decimal("1e-99999")}}, "per_domain.*", "between"),
        ({"from": FROM, "latest_start_hours": 10**12}, "latest_start_hours", "8760"),
        ({"from": FROM, "lease_seconds": 10**12}, "lease_seconds", "31536000"),
        ({"from": FROM, "retries": {"longest_seconds": 10**400}}, "retries.longest_seconds", "31536000"),
        ({"from": FROM, "smtp": {"hello": "a\r\nMAIL FROM:<b@c.example>"}}, "smtp.hello", "hello"),
        ({"from": FROM, "smtp": {"hello": "hä"}}, "smtp.hello", "hello"),
        ({"from": FROM, "smtp": {"ca_file": "a\x00b"}}, "smtp.ca_file", "ca_file"),
        (
            {"from": FROM, "smtp": {"return_path": "b" * 24 + "@v.example"}},
            "smtp.return_path",
            "23 characters",
        ),
        (
            {"from": FROM, "smtp": {"dkim": {"selector": "s", "domain": "a" * 64 + ".example"}}},
            "smtp.dkim.domain",
            "no domain",
        ),
        ({"from": FROM, "unsubscribe": {"url": "https://v.example/a b"}}, "unsubscribe.url", "https"),
        ({"from": FROM, "unsubscribe": {"url": "https://[v.example"}}, "unsubscribe.url", "https"),
        ({"from": FROM, "unsubscribe": {"url": f"https://v.example/{'u' * 800}"}}, "unsubscribe.url", "800"),
        ({"from": "[" * 2_000 + "@v.example"}, "from", "no mail address"),
        ({"from": FROM, "self_approval": "yes"}, "self_approval", "yes"),
        ({"from": FROM, "unsubscribe": {"url": "http://v.example/u"}}, "unsubscribe.url", "https"),
        ({"from": FROM, "unsubscribe": {"mailto": "nobody"}}, "unsubscribe.mailto", "no mail address"),
    ],
)
def test_each_mistake_is_named(raw: dict[str, object], field: str, words: str) -> None:
    """A mistake in the section is a fault with its field and what is wrong or right."""
    faults: list[Fault] = []
    assert validated(MailSettings, raw, Source("offerpress.toml"), faults) is None
    assert [field] == [fault.field for fault in faults]
    assert words in str(faults[0])


@pytest.mark.parametrize("rate", [Decimal("nan"), Decimal("inf"), Decimal("-inf")])
def test_a_rate_that_is_no_number_is_a_fault(rate: Decimal) -> None:
    """TOML 1.0 has inf and nan, which no pace can follow."""
    faults: list[Fault] = []
    assert validated(MailSettings, {"from": FROM, "per_second": rate}, Source("x"), faults) is None
    assert {"per_second"} == {str(fault.field).partition(".")[0] for fault in faults}


@pytest.mark.parametrize("rate", [5, Decimal("0.5")])
def test_a_rate_limit_may_be_whole_or_a_fraction(rate: Decimal | int) -> None:
    """Numbers as TOML gives them are taken."""
    assert MailSettings.model_validate({"from": FROM, "per_second": rate}).per_second == rate


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        (FROM, Mailbox("Partner Team", "partners@vendor.example")),
        ("partners@vendor.example", Mailbox("", "partners@vendor.example")),
        ('"Sales, EMEA" <s@v.example>', Mailbox("Sales, EMEA", "s@v.example")),
        ("Jörg <j@bücher.example>", Mailbox("Jörg", "j@bücher.example")),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(text: str, mailbox: Mailbox) -> None:
    """Names may be quoted and beyond ASCII; they are optional."""
    assert parse_mailbox(text) == mailbox


@pytest.mark.parametrize(
    "address",
    [
        "",
        "plain",
        "@b.example",
        "a@",
        "a b@c.example",
        "a@b.example, c@d.example",
        "a(comment)@b.example",
        "<a@b.example>",
        "group: a@b.example;",
        "@route.example:a@b.example",
        "a@b.example\r\nBcc: c@d.example",
        "jörg@b.example",
        "a@b..example",
        f"{'a' * 300}@b.example",
        "a@b@c.example",
        "a\x00@b.example",
        "a@\ud800.example",
    ],
)
def test_what_is_no_single_bare_address_cannot_be_sent_to(address: str) -> None:
    """Groups, comments, routes, several addresses and breaks are refused."""
    assert not sendable(address)


@pytest.mark.parametrize(
    "address", ["a@b.example", "a.b+c@d.example", "info@bücher.example", "o'hara@b.example"]
)
def test_an_ordinary_address_can_be_sent_to(address: str) -> None:
    """Plus signs, apostrophes and international domains are fine."""
    assert sendable(address)


@given(st.from_regex(r"[A-Za-z0-9.!+_'-]{1,9}@[A-Za-z0-9.-]{1,12}", fullmatch=True))
def test_what_is_sendable_is_what_the_grammar_reads_back(address: str) -> None:
    """The usual addresses, which are recognised at once, are those that the standard library reads back unchanged."""
    try:
        read = Address(addr_spec=address).addr_spec
        address.rpartition("@")[2].encode("idna")
    except (HeaderParseError, UnicodeError, ValueError, IndexError):
        read = ""
    assert sendable(address) == (read == address)
