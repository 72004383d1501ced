"""The tokens by which partners unsubscribe."""

from hypothesis import given
from hypothesis import strategies as st

from mailer.batch.unsubscribe import UnsubscribeMethods, UnsubscribeTokens
from mailer.settings import UnsubscribeSettings

KEY = "a1" * 20
OURS = UnsubscribeTokens([b"our secret"])


@given(st.binary(min_size=20, max_size=20))
def test_a_token_leads_back_to_its_notice(own: bytes) -> None:
    """And is made of letters, digits, hyphen and underscore, which no mail program changes."""
    token = OURS.token(own.hex())
    assert own.hex() == OURS.notice(token)
    assert token.replace("-", "a").replace("_", "a").isalnum()


@given(st.text(max_size=60))
def test_what_is_no_token_leads_nowhere(text: str) -> None:
    """However it looks."""
    assert OURS.notice(text) is None


def test_a_changed_token_leads_nowhere() -> None:
    """In each of its characters, and another site's as well."""
    token = OURS.token(KEY)
    changed = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    assert [None] * len(token) == [OURS.notice(one) for one in changed]
    assert OURS.notice(UnsubscribeTokens([b"their secret"]).token(KEY)) is None


def test_a_former_secrets_token_is_still_read() -> None:
    """While it is named among the keys; new tokens are of the first."""
    both = UnsubscribeTokens([b"new secret", b"our secret"])
    assert KEY == both.notice(OURS.token(KEY))
    assert UnsubscribeTokens([b"new secret"]).token(KEY) == both.token(KEY)


def test_without_a_secret_there_is_no_click() -> None:
    """A message to the address is left."""
    ways = UnsubscribeSettings(url="https://v.example/u", mailto="out@v.example")
    expected = [("List-Unsubscribe", "<mailto:out@v.example?subject=unsubscribe>")]
    assert expected == UnsubscribeMethods(ways, None).headers(KEY)
