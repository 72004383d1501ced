"""Handing over by SendGrid's interface, to a stand-in that answers as it is told."""

import json
import ssl
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mailer.delivery.delivery import deliver
from mailer.delivery.run import Delivery
from mailer.errors import ConfigurationError
from mailer.outbox.outbox import Outbox
from mailer.providers.sendgrid.payload import request_body
from mailer.providers.sendgrid.transport import SendGridTransport
from mailer.rules.states import Cause, Outcome, Status
from mailer.settings import SendGridSettings
from mailer.transports.base import Attempt
from rewards import Attachment
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notice, notices
from tests.servers.mail import certificate
from tests.servers.provider import Answer, Provider, provider

KEY = "SG.key.secret"


def transport(
    server: Provider, *, context: ssl.SSLContext | None = None, **settings: object
) -> SendGridTransport:
    """A way to the stand-in, one request at a time unless said otherwise."""
    own = SendGridSettings.model_validate({"requests": 1, **settings})
    return SendGridTransport(KEY, own, base_url=server.base_url, context=context, answer_seconds=10.0)


def attempt(**changes: object) -> Attempt:
    """One attempt at the first sample notice."""
    return Attempt(notice(1, **changes), "<id-1@vendor.example>", "id-1", NOW)


def handed(*answers: Answer, sandbox: bool = False) -> tuple[Outcome, Provider]:
    """What comes of one attempt at a provider that answers so."""
    with provider(*answers) as server, closing(transport(server, sandbox=sandbox).connect()) as connection:
        return connection.hand(attempt()), server


def test_the_request_holds_what_was_frozen() -> None:
    """Sender, recipient, subject, both parts, attachment and our headers; our id, and no tracking."""
    made = notice(
        1,
        to_name='Müller, "Jo" <x@y.example>',
        cc=("c@d.example", "C@D.example", "PARTNER1@reseller.example"),
        reply_to="office@vendor.example",
        headers=(("List-Unsubscribe", f"<https://v.example/{'x' * 90}>, <mailto:u@v.example>"),),
    )
    with provider() as server, closing(transport(server).connect()) as connection:
        outcome = connection.hand(Attempt(made, "<id-1@vendor.example>", "id-1", NOW))
    assert outcome == Outcome(Cause.ACCEPTANCE, "202 abc123")
    (body,) = server.taken
    (attachment,) = body.pop("attachments")
    assert body == {
        "from": {"email": "partners@vendor.example", "name": "Partner Team"},
        "reply_to": {"email": "office@vendor.example"},
        "subject": "Your credit: 1.00 EUR",
        "personalizations": [
            {
                "to": [{"email": "partner1@reseller.example", "name": 'Müller, "Jo" <x@y.example>'}],
                "cc": [{"email": "c@d.example"}],
                "custom_args": {"offerpress_notice": "id-1"},
            }
        ],
        "content": [{"type": "text/plain", "value": made.text}, {"type": "text/html", "value": made.html}],
        "headers": {
            "Message-ID": "<id-1@vendor.example>",
            "X-Offerpress-Notice": "id-1",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<https://v.example/{'x' * 90}>, <mailto:u@v.example>",
        },
        "categories": ["announcement"],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }
    assert b64decode(attachment.pop("content")).decode() == made.attachments[0].text
    assert attachment == {"filename": "statement.csv", "type": "text/csv", "disposition": "attachment"}
    ((path, head),) = server.heads
    assert (path, head["authorization"], head["content-type"]) == (
        "/v3/mail/send",
        f"Bearer {KEY}",
        "application/json",
    )


def test_the_request_tells_no_personal_data_beside_the_message() -> None:
    """What comes back in every event is our own id alone: no partner id, no reference, no figures."""
    _, server = handed()
    (body,) = server.taken
    told = str(body["personalizations"][0]["custom_args"]) + str(body["categories"]) + str(body["headers"])
    assert not [word for word in ("P-0001", "REF-0001", "credit", "partner1") if word in told]


def test_an_empty_part_is_left_out() -> None:
    """The provider refuses a part without words; a message of text alone has one part."""
    with provider() as server, closing(transport(server).connect()) as connection:
        assert connection.hand(attempt(html="")).cause is Cause.ACCEPTANCE
    assert [one["type"] for one in server.taken[0]["content"]] == ["text/plain"]


@pytest.mark.parametrize(("category", "asm"), [("announcement", {"group_id": 7}), ("notice", None)])
def test_the_providers_unsubscribe_group_is_for_announcements(
    category: str, asm: dict[str, int] | None
) -> None:
    """A notice about the partner's own account goes to those who left the group as well."""
    with provider() as server:
        way = transport(server, unsubscribe_group=7, categories=["partners", "announcement"])
        with closing(way.connect()) as connection:
            connection.hand(attempt(category=category))
    (body,) = server.taken
    assert asm == body.get("asm")
    assert sorted({category, "partners", "announcement"}) == sorted(body["categories"])


def errors(message: str) -> str:
    """The body of an error answer."""
    return f'{{"errors": [{{"message": "{message}", "field": "subject"}}]}}'


@pytest.mark.parametrize(
    ("answer", "cause", "about", "words"),
    [
        (Answer(), Cause.ACCEPTANCE, "notice", "202 abc123"),
        (Answer(200), Cause.LOST_ANSWER, "notice", "proves nothing"),
        (Answer(400, body=errors("too long")), Cause.REJECTION, "notice", "400 subject: too long"),
        (Answer(413, body="<html>too large"), Cause.REJECTION, "notice", "413 <html>too large"),
        (Answer(408), Cause.LOST_ANSWER, "notice", "408"),
        (Answer(429), Cause.REFUSAL, "transport", "429"),
        (Answer(500), Cause.LOST_ANSWER, "transport", "500"),
        (Answer(503, close=True), Cause.LOST_ANSWER, "transport", "503"),
        (Answer(cut="before body"), Cause.LOST_ANSWER, "transport", "after the body began"),
        (Answer(cut="after body"), Cause.LOST_ANSWER, "transport", "after the body began"),
        (Answer(cut="half answer"), Cause.LOST_ANSWER, "transport", "after the body began"),
    ],
)
def test_each_answer_proves_what_it_proves(answer: Answer, cause: Cause, about: str, words: str) -> None:
    """Only 202 is an acceptance; only a refused request is a rejection; what broke under way proves nothing."""
    outcome, _ = handed(answer)
    assert (outcome.cause, outcome.about) == (cause, about)
    assert words in outcome.detail


@pytest.mark.parametrize("status", [401, 403, 404, 405, 302])
def test_a_key_or_an_address_that_is_wrong_is_a_configuration_error(status: int) -> None:
    """It is about no notice, and no retry can mend it."""
    with pytest.raises(ConfigurationError, match=f"{status}.*correct the key"):
        handed(Answer(status, body=errors("no rights")))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("Retry-After", "7"),), 7.0),
        ((("Date", "Sun, 31 Dec 2023 12:00:00 GMT"), ("X-RateLimit-Reset", "1704024025")), 25.0),
        ((("Date", "Sun, 31 Dec 2023 12:00:00 GMT"), ("X-RateLimit-Reset", "1704023000")), 0.0),
        ((("X-RateLimit-Reset", "soon"),), None),
        ((), None),
    ],
)
def test_the_provider_says_how_long_to_wait(
    headers: Sequence[tuple[str, str]], seconds: float | None
) -> None:
    """By its own clock, so that ours may be wrong."""
    outcome, _ = handed(Answer(429, headers=tuple(headers)))
    assert outcome.wait_seconds == seconds


def test_nobody_listening_is_a_refusal() -> None:
    """A provider that is not there cannot have taken anything."""
    with provider() as server:
        way = transport(server)
    outcome = way.connect().hand(attempt())
    assert (outcome.cause, outcome.about) == (Cause.REFUSAL, "transport")


def test_the_line_is_kept_and_opened_anew_after_it_was_closed() -> None:
    """Many requests over one connection; where the provider closes it, the next request opens another."""
    answers = [Answer(), Answer(), Answer(close=True), Answer()]
    with provider(*answers) as server, closing(transport(server).connect()) as connection:
        outcomes = [connection.hand(attempt()).cause for _ in range(3)]
        while connection.hand(attempt()).cause is not Cause.ACCEPTANCE:
            pass  # the line may break under the request that finds it closed
    assert outcomes == [Cause.ACCEPTANCE] * 3
    assert server.connections == 2


def test_a_secured_line_is_kept_too(tmp_path: Path) -> None:
    """TLS with a certificate that is believed; five requests over one connection."""
    theirs, ours = certificate(tmp_path)
    with provider(tls=theirs) as server, closing(transport(server, context=ours).connect()) as connection:
        assert [connection.hand(attempt()).cause for _ in range(5)] == [Cause.ACCEPTANCE] * 5
        assert server.connections == 1


def test_a_certificate_that_nobody_vouches_for_is_a_configuration_error(tmp_path: Path) -> None:
    """Without trust in the provider neither key nor message goes to it."""
    theirs, _ = certificate(tmp_path)
    with provider(tls=theirs) as server, pytest.raises(ConfigurationError, match="certificate"):
        transport(server).connect().hand(attempt())
    assert server.taken == []


def test_the_sandbox_checks_and_sends_nothing() -> None:
    """The provider is asked only to check, and its answer to that is an acceptance."""
    outcome, server = handed(Answer(200), sandbox=True)
    assert outcome.cause is Cause.ACCEPTANCE
    assert server.taken[0]["mail_settings"] == {"sandbox_mode": {"enable": True}}


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("", "https://api.sendgrid.com"),
        ("SG.a\nb", "https://api.sendgrid.com"),
        (KEY, "http://api.sendgrid.com"),
        (KEY, "api.sendgrid.com"),
        (KEY, "ftp://127.0.0.1"),
    ],
)
def test_a_key_is_sent_only_where_it_belongs(key: str, url: str) -> None:
    """A damaged key, or an address that is not https, is a configuration error that does not show the key."""
    with pytest.raises(ConfigurationError) as caught:
        SendGridTransport(key, base_url=url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a\r\nBcc: x@y.example"},
        {"to_name": "a\nb"},
        {"text": "SG.abc.def is here"},
        {"subject": ""},
        {"text": "", "html": ""},
        {"attachments": (Attachment(filename="statement.csv", media_type="text/csv", text=""),)},
    ],
)
def test_what_cannot_be_a_request_is_rejected_before_anything_leaves(changes: dict[str, object]) -> None:
    """JSON would carry a line break into a subject; it is refused as it would be in a message."""
    with provider() as server, closing(transport(server).connect()) as connection:
        assert connection.hand(attempt(**changes)).cause is Cause.REJECTION
    assert (server.taken, server.connections) == ([], 0)


def test_a_domain_beyond_ascii_goes_in_its_ascii_form() -> None:
    """IDNA, as in the headers of a message."""
    with provider() as server, closing(transport(server).connect()) as connection:
        connection.hand(attempt(to_address="info@bücher.example"))
    assert server.taken[0]["personalizations"][0]["to"][0]["email"] == "info@xn--bcher-kva.example"


def test_a_plan_goes_out_once_over_many_connections(outbox: Outbox, tmp_path: Path) -> None:
    """Requests go side by side over kept connections; sending again asks the provider for nothing."""
    batch = approved(outbox, tmp_path, notices(80))
    with provider(delay=0.02) as server:
        way = transport(server, requests=8)
        first = deliver(outbox, batch, way, clock=lambda: NOW, settings=mail_settings())
        again = deliver(outbox, batch, way, clock=lambda: NOW, settings=mail_settings())
    assert (first.accepted, again) == (80, Delivery(PLAN))
    assert Counter(server.ids) == Counter(batch.key(one) for one in batch.partner_ids())
    assert server.connections <= 8


def test_a_provider_that_fails_does_not_make_notice_after_notice_unknown(
    outbox: Outbox, tmp_path: Path
) -> None:
    """After each failure the delivery rests, and gives up when the next rest would be too long."""
    batch = approved(outbox, tmp_path, notices(100))
    settings = mail_settings(retries={"first_seconds": 0, "attempts": 3})
    with provider(Answer(500)) as server:
        report = deliver(outbox, batch, transport(server, requests=2), clock=lambda: NOW, settings=settings)
    assert "cannot be used now" in report.stopped
    counts = outbox.counts(PLAN)
    assert 3 <= counts[Status.UNKNOWN] <= 3 * 2
    assert counts[Status.UNKNOWN] + counts[Status.READY] == 100


def test_what_the_provider_took_before_it_failed_is_unknown(outbox: Outbox, tmp_path: Path) -> None:
    """Accepted, then an error or a broken line: the provider's own count stays at one for each notice."""
    batch = approved(outbox, tmp_path, notices(12))
    settings = mail_settings(retries={"first_seconds": 0, "attempts": 100})
    answers = [
        Answer(),
        Answer(500),
        Answer(cut="after body"),
        Answer(429, takes=False),
        Answer(cut="before body"),
        Answer(400, takes=False, body=errors("no")),
        Answer(),
    ]
    with provider(*answers) as server:
        for _ in range(2):
            deliver(outbox, batch, transport(server), clock=lambda: NOW, settings=settings)
    counts = outbox.counts(PLAN)
    assert (counts[Status.UNKNOWN], counts[Status.REJECTED], counts[Status.ACCEPTED]) == (3, 1, 8)
    assert set(Counter(server.ids).values()) == {1}
    unsure = {*outbox.notices_at(PLAN, Status.UNKNOWN), *outbox.notices_at(PLAN, Status.ACCEPTED)}
    assert set(server.ids) <= {batch.key(one.partner_id) for one in unsure}


@pytest.mark.parametrize("field", ["from.email", "reply_to", "categories", "asm.group_id"])
def test_a_refused_sender_ends_the_call(file_outbox: Outbox, tmp_path: Path, field: str) -> None:
    """What is wrong in every request is no recipient's fault: nobody is rejected, and a later call goes on."""
    batch = approved(file_outbox, tmp_path, notices(4))
    told = json.dumps({"errors": [{"field": field, "message": "not valid"}]})
    with provider(Answer(400, body=told, takes=False)) as server:
        report = deliver(file_outbox, batch, transport(server), clock=lambda: NOW, settings=mail_settings())
        counts = {status.value: number for status, number in file_outbox.counts(PLAN).items() if number}
    assert ({"ready": 4}, 0) == (counts, report.rejected)
    assert f"{field}: not valid" in report.stopped


def test_a_suppressed_copy_is_in_no_request() -> None:
    """The request names each address once, and none that must not be written to."""
    made = notice(1, cc=("copy@reseller.example", "boss@reseller.example", "Boss@reseller.example"))
    withheld = frozenset({"copy@reseller.example"})
    body = json.loads(request_body(Attempt(made, "<id-1@vendor.example>", "id-1", NOW, withheld=withheld)))
    (one,) = body["personalizations"]
    assert ["boss@reseller.example"] == [copy["email"] for copy in one["cc"]]
