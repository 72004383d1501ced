"""Handing over by SMTP: to a real server, and to one that answers as it is told."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mailer.batch.freezing import freeze_batch
from mailer.batch.unsubscribe import UnsubscribeMethods, UnsubscribeTokens
from mailer.delivery.delivery import deliver
from mailer.delivery.run import Delivery
from mailer.errors import ConfigurationError
from mailer.outbox.database import SendingProcess
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Outcome, Status
from mailer.settings import SmtpSettings, UnsubscribeSettings
from mailer.transports.base import Attempt
from mailer.transports.smtp import SmtpTransport
from mailer.transports.smtp_session import SmtpServer, Timeouts, parse_smtp_url
from tests.samples.mail import NOW, PLAN, approved, header, mail_settings, notice, notices
from tests.servers.mail import CUT, Double, Recorder, certificate, double, recording_server

LOCAL = SmtpSettings(hello="localhost")
QUICK = Timeouts(connect=10, command=10, final=10)


def transport(port: int, **changes: object) -> SmtpTransport:
    """A way to a server on this machine."""
    settings = SmtpSettings.model_validate({"hello": "localhost", "connections": 1, **changes})
    return SmtpTransport(f"smtp://127.0.0.1:{port}", settings, timeouts=QUICK)


def attempt(**changes: object) -> Attempt:
    """One attempt at the first sample notice."""
    return Attempt(notice(1, **changes), "<id-1@vendor.example>", "id-1", NOW)


TOGETHER = "250-here\r\n250 PIPELINING"


@pytest.fixture(params=["250 here", TOGETHER], ids=["in turn", "together"])
def offers(request: pytest.FixtureRequest) -> str:
    """A server that wants commands one by one, and one that takes them together."""
    return str(request.param)


def handed(
    answers: dict[str, Sequence[str]], *, cut_in_body: bool = False, offers: str = "250 here"
) -> Outcome:
    """What comes of one attempt at a server that answers so."""
    with (
        double({"EHLO": [offers], **answers}, cut_in_body=cut_in_body) as server,
        closing(transport(server.port).connect()) as connection,
    ):
        return connection.hand(attempt())


def test_each_notice_is_accepted_once_with_its_headers(outbox: Outbox, tmp_path: Path) -> None:
    """What the server got is what was frozen: sender, recipient, ids, parts; sending again sends nothing."""
    ways, tokens = UnsubscribeSettings(url="https://vendor.example/u"), UnsubscribeTokens([b"secret"])
    batch = freeze_batch(tmp_path, header(), notices(30), unsubscribe=UnsubscribeMethods(ways, tokens))
    outbox.register(batch, NOW)
    outbox.approve(PLAN, batch.digest, "Bert", NOW)
    recorder = Recorder()
    with recording_server(recorder) as port:
        way = transport(port)
        first = deliver(outbox, batch, way, clock=lambda: NOW, settings=mail_settings())
        again = deliver(outbox, batch, way, clock=lambda: NOW, settings=mail_settings())
    assert (first.accepted, again) == (30, Delivery(PLAN))
    assert sorted(recorder.message_ids) == sorted(batch.frozen(one).message_id for one in batch.partner_ids())
    by_id = {str(message["Message-ID"]): message for message in recorder.messages}
    frozen = batch.frozen("P-0007")
    message = by_id[frozen.message_id]
    assert str(message["To"]) == "Partner 7 <partner7@reseller.example>"
    assert message["Subject"] == "Your credit: 7.00 EUR"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == f"<https://vendor.example/u?token={tokens.token(frozen.key)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == "thank-you.1:announcement:offerpress"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == frozen.notice.text.splitlines()
    assert ("partners@vendor.example", ("partner7@reseller.example",)) in recorder.envelopes


def test_one_connection_carries_many_messages() -> None:
    """The line is kept from one message to the next, and said goodbye to at the end."""
    with double() as server:
        connection = transport(server.port).connect()
        assert [connection.hand(attempt()).cause for _ in range(5)] == [Cause.ACCEPTANCE] * 5
        connection.close()
        assert (server.connections, len(server.bodies)) == (1, 5)


def test_commands_go_out_together_where_the_server_takes_them_so() -> None:
    """A server that answers nothing before it has read sender, recipient and DATA gets the message."""
    with (
        double({"EHLO": [TOGETHER]}, waits=True) as server,
        closing(transport(server.port).connect()) as connection,
    ):
        assert [connection.hand(attempt()).cause for _ in range(3)] == [Cause.ACCEPTANCE] * 3


def test_lines_that_begin_with_a_dot_arrive() -> None:
    """Dots at the beginning of lines are doubled on the wire, so that none ends the message early."""
    recorder = Recorder()
    body = ".\n..\n.hidden\nend\n"
    with recording_server(recorder) as port:
        connection = transport(port).connect()
        connection.hand(attempt(text=body))
        connection.close()
    plain = recorder.messages[0].get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == body.splitlines()


@pytest.mark.parametrize(
    ("answers", "cause", "about"),
    [
        ({"greeting": ["421 busy"]}, Cause.REFUSAL, "transport"),
        ({"greeting": [CUT]}, Cause.REFUSAL, "transport"),
        ({"EHLO": [CUT]}, Cause.REFUSAL, "transport"),
        ({"MAIL": ["451 later"]}, Cause.REFUSAL, "transport"),
        ({"MAIL": ["550 not from there"]}, Cause.REFUSAL, "transport"),
        ({"MAIL": [CUT]}, Cause.REFUSAL, "transport"),
        ({"RCPT": ["450 mailbox busy"]}, Cause.REFUSAL, "notice"),
        ({"RCPT": ["454 throttled"]}, Cause.REFUSAL, "transport"),
        ({"RCPT": ["421 closing"]}, Cause.REFUSAL, "transport"),
        ({"RCPT": ["550 no such user"]}, Cause.REJECTION, "notice"),
        ({"RCPT": ["nonsense"]}, Cause.REFUSAL, "transport"),
        ({"RCPT": [CUT]}, Cause.REFUSAL, "transport"),
        ({"DATA": ["451 later"]}, Cause.REFUSAL, "notice"),
        ({"DATA": ["554 no"]}, Cause.REJECTION, "notice"),
        ({"DATA": ["250 what"]}, Cause.REFUSAL, "transport"),
        ({"DATA": [CUT]}, Cause.REFUSAL, "transport"),
        ({"BODY": ["250 queued"]}, Cause.ACCEPTANCE, "notice"),
        ({"BODY": ["451 try again"]}, Cause.REFUSAL, "notice"),
        ({"BODY": ["454 rate exceeded"]}, Cause.REFUSAL, "transport"),
        ({"BODY": ["421 closing"]}, Cause.REFUSAL, "transport"),
        ({"BODY": ["554 spam"]}, Cause.REJECTION, "notice"),
        ({"BODY": ["nonsense"]}, Cause.LOST_ANSWER, "notice"),
        ({"BODY": ["354 more"]}, Cause.LOST_ANSWER, "notice"),
        ({"BODY": [CUT]}, Cause.LOST_ANSWER, "transport"),
    ],
)
def test_each_answer_proves_what_it_proves(
    answers: dict[str, Sequence[str]], cause: Cause, about: str, offers: str
) -> None:
    """Before the body nothing was taken; after it only a clear answer to the final dot says what became of it."""
    outcome = handed(answers, offers=offers)
    assert (outcome.cause, outcome.about) == (cause, about)


def test_a_line_cut_inside_the_body_is_a_lost_answer() -> None:
    """Once the body has begun a broken connection proves nothing."""
    assert handed({}, cut_in_body=True).cause is Cause.LOST_ANSWER


def test_nobody_listening_is_a_refusal() -> None:
    """A server that is not there cannot have taken anything."""
    with double() as server:
        port = server.port
    outcome = transport(port).connect().hand(attempt())
    assert (outcome.cause, outcome.about) == (Cause.REFUSAL, "transport")
    assert "cannot be reached" in outcome.detail


@pytest.mark.parametrize(
    "answers",
    [{"greeting": ["554 no service here"]}, {"MAIL": ["530 log in first"]}, {"RCPT": ["530 log in first"]}],
)
def test_a_server_that_wants_other_settings_is_a_configuration_error(
    answers: dict[str, Sequence[str]],
) -> None:
    """What no retry can mend stops the delivery and says so."""
    with pytest.raises(ConfigurationError):
        handed(answers)


@pytest.mark.parametrize("data", [["354 go ahead"], ["503 no recipients", "354 go ahead"]])
def test_a_refused_message_leaves_the_line_usable(offers: str, data: list[str]) -> None:
    """After a refused recipient the next message goes over the same line, even if the server asked for a body first."""
    if offers != TOGETHER:
        data = ["354 go ahead"]  # asked only when the recipient is taken
    with double({"EHLO": [offers], "RCPT": ["550 unknown", "250 ok"], "DATA": data}) as server:
        connection = transport(server.port).connect()
        assert connection.hand(attempt()).cause is Cause.REJECTION
        assert connection.hand(attempt()).cause is Cause.ACCEPTANCE
        connection.close()
        assert server.connections == 1
        assert [b""] * (len(server.bodies) - 1) == server.bodies[:-1]


def in_a_row(answers: dict[str, Sequence[str]], count: int) -> tuple[list[Cause], Double]:
    """What comes of attempts each of which is told the next one, at a server that takes commands together."""
    attempts = [attempt() for _ in range(count)]
    with (
        double({"EHLO": [TOGETHER], **answers}) as server,
        closing(transport(server.port).connect()) as connection,
    ):
        after = [*attempts[1:], None]
        outcomes = [connection.hand_before(*pair, lambda: None) for pair in zip(attempts, after, strict=True)]
        return [one.cause for one in outcomes], server


def test_the_next_envelope_leaves_with_the_end_of_a_message() -> None:
    """Once a message is answered, the next envelope was said too; meanwhile there is time for other things."""
    first, second, mails = attempt(), attempt(), ["250 first", "250 second", "250 third"]
    other: list[int] = []
    with (
        double({"EHLO": [TOGETHER], "MAIL": mails}) as server,
        closing(transport(server.port).connect()) as connection,
    ):
        assert connection.hand_before(first, second, lambda: other.append(1)).cause is Cause.ACCEPTANCE
        assert ["250 third"] == server.answers["MAIL"]
        assert connection.hand_before(second, None, lambda: other.append(2)).cause is Cause.ACCEPTANCE
        assert ["250 third"] == server.answers["MAIL"]
        assert (1, 2, [1, 2]) == (server.connections, len(server.bodies), other)


@pytest.mark.parametrize(
    ("answers", "causes", "connections", "taken"),
    [
        ({"RCPT": ["250 ok", "550 unknown", "250 ok"]}, "acceptance rejection acceptance", 1, 2),
        ({"RCPT": ["250 ok", "450 later", "250 ok"]}, "acceptance refusal acceptance", 1, 2),
        ({"DATA": ["354 go ahead", "451 later", "354 go ahead"]}, "acceptance refusal acceptance", 1, 2),
        ({"MAIL": ["250 ok", CUT, "250 ok"]}, "acceptance acceptance acceptance", 2, 3),
        ({"MAIL": ["250 ok", "421 closing", "250 ok"]}, "acceptance acceptance acceptance", 2, 3),
        ({"DATA": ["354 go ahead", CUT, "354 go ahead"]}, "acceptance acceptance acceptance", 2, 3),
        ({"BODY": [CUT, "250 ok"]}, "lost-answer acceptance acceptance", 2, 3),
        ({"BODY": ["554 spam", "250 ok"]}, "rejection acceptance acceptance", 1, 2),
        ({"BODY": ["421 closing", "250 ok"]}, "refusal acceptance acceptance", 2, 2),
        ({"BODY": ["no answer", "250 ok"]}, "lost-answer acceptance acceptance", 2, 2),
    ],
)
def test_each_message_has_its_own_outcome_whatever_became_of_its_neighbours(
    answers: dict[str, Sequence[str]], causes: str, connections: int, taken: int
) -> None:
    """What is answered to an envelope that was said ahead is about that message, and what breaks there loses none."""
    found, server = in_a_row(answers, 3)
    assert causes.split() == [str(cause) for cause in found]
    assert (connections, taken) == (server.connections, len(server.taken))


def test_an_envelope_whose_message_does_not_come_is_abandoned() -> None:
    """If another message is handed over than was told, the line is given up; nothing goes under the wrong envelope."""
    first, never, other = attempt(), attempt(to_address="never@reseller.example"), attempt(text="other")
    with (
        double({"EHLO": [TOGETHER]}) as server,
        closing(transport(server.port).connect()) as connection,
    ):
        assert connection.hand_before(first, never, lambda: None).cause is Cause.ACCEPTANCE
        assert connection.hand(other).cause is Cause.ACCEPTANCE
        assert (2, 2) == (server.connections, len(server.taken))
        assert b"other" in server.taken[1]


def test_a_line_that_went_stale_is_opened_anew() -> None:
    """If the server closed a kept line between two messages, the second one still goes, once."""
    with double({"MAIL": ["250 ok", "421 idle for too long", "250 ok"]}) as server:
        connection = transport(server.port).connect()
        assert [connection.hand(attempt()).cause for _ in range(2)] == [Cause.ACCEPTANCE] * 2
        connection.close()
        assert (server.connections, len(server.bodies)) == (2, 2)


def test_a_refused_copy_keeps_nothing_from_the_recipient(offers: str) -> None:
    """The message goes to those whom the server takes; a refused recipient gets nothing, nor do the copies."""
    told = ["250 ok", "550 unknown copy", "550 unknown recipient", "250 ok"]
    with double({"EHLO": [offers], "RCPT": told}) as server:
        connection = transport(server.port).connect()
        assert connection.hand(attempt(cc=("copy@reseller.example",))).cause is Cause.ACCEPTANCE
        assert connection.hand(attempt(cc=("copy@reseller.example",))).cause is Cause.REJECTION
        connection.close()
        assert len(server.bodies) == 1


def test_every_status_is_reached_and_settled_over_a_server_that_misbehaves(
    outbox: Outbox, tmp_path: Path
) -> None:
    """Refused, rejected, lost and accepted in one delivery: the plan balances and nothing is taken twice."""
    batch = approved(outbox, tmp_path, notices(6))
    answers = {
        "RCPT": ["450 later", "550 unknown", "250 ok"],
        "BODY": ["250 ok", CUT, "451 later", "554 spam", "250 ok"],
    }
    with double(answers) as server:
        report = deliver(outbox, batch, transport(server.port), clock=lambda: NOW, settings=mail_settings())
        assert len(server.bodies) == 6
    counts = {status.value: number for status, number in outbox.counts(PLAN).items() if number}
    assert counts == {"accepted": 3, "rejected": 2, "unknown": 1}
    assert (report.accepted, report.rejected, report.unknown, report.refused) == (3, 2, 1, 2)
    assert outbox.notices_at(PLAN, Status.UNKNOWN)[0].reason.startswith(
        "connection lost after the body began"
    )


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_secured_line_with_a_login(tmp_path: Path, scheme: str) -> None:
    """TLS from the start or by STARTTLS, the certificate checked, then the account with its special characters."""
    theirs, ours = certificate(tmp_path)
    recorder = Recorder()
    tls, starttls = (theirs, None) if scheme == "smtps" else (None, theirs)
    with recording_server(recorder, tls=tls, starttls=starttls, account=(b"us@er", b"p:w/d%")) as port:
        url = f"{scheme}://us%40er:p%3Aw%2Fd%25@127.0.0.1:{port}"
        connection = SmtpTransport(url, LOCAL, context=ours, timeouts=QUICK).connect()
        assert connection.hand(attempt()).cause is Cause.ACCEPTANCE
        connection.close()
        with pytest.raises(ConfigurationError, match="login"):
            SmtpTransport(url.replace("p%3A", "no"), LOCAL, context=ours).connect().hand(attempt())
    assert recorder.message_ids == ["<id-1@vendor.example>"]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_nobody_vouches_for_is_a_configuration_error(tmp_path: Path, scheme: str) -> None:
    """Without trust in the server nothing is sent to it, neither password nor message."""
    theirs, _ = certificate(tmp_path)
    recorder = Recorder()
    tls, starttls = (theirs, None) if scheme == "smtps" else (None, theirs)
    with recording_server(recorder, tls=tls, starttls=starttls) as port:
        connection = SmtpTransport(f"{scheme}://127.0.0.1:{port}", LOCAL, timeouts=QUICK).connect()
        with pytest.raises(ConfigurationError, match="certificate"):
            connection.hand(attempt())
    assert recorder.messages == []


def test_a_server_without_starttls_is_not_talked_to_in_the_clear() -> None:
    """If the address asks for STARTTLS and the server offers none, that is a configuration error."""
    with double({"EHLO": ["250 plain"]}) as server:
        connection = SmtpTransport(f"smtp+starttls://127.0.0.1:{server.port}", LOCAL).connect()
        with pytest.raises(ConfigurationError, match="STARTTLS"):
            connection.hand(attempt())
        assert server.bodies == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25)),
        ("smtps://mail.example", SmtpServer("mail.example", 465, "tls")),
        ("smtp+starttls://a:b@mail.example", SmtpServer("mail.example", 587, "starttls", "a", "b")),
        ("smtp://a:b@localhost:2525/", SmtpServer("localhost", 2525, "none", "a", "b")),
        ("smtp://[::1]:2525", SmtpServer("::1", 2525)),
    ],
)
def test_an_address_names_a_server(url: str, server: SmtpServer) -> None:
    """Scheme, host, port with its default, and the account."""
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example:25",
        "http://a:secret@mail.example",
        "smtp://",
        "smtp://a:secret@mail.example:port",
        "smtp://a:secret@mail.example:99999",
        "smtps://a:secret@mail.example/path",
        "smtps://a:secret@mail.example?x=1",
        "smtp://a:secret@mail.example",
    ],
)
def test_an_address_that_names_none_is_refused_without_showing_its_password(url: str) -> None:
    """So is a password that would travel in the clear to another machine."""
    with pytest.raises(ConfigurationError) as caught:
        parse_smtp_url(url)
    assert "secret" not in str(caught.value)


def test_a_server_is_shown_without_its_password() -> None:
    """Neither its text nor its representation holds the password."""
    server = parse_smtp_url("smtps://user:secret@mail.example")
    assert "secret" not in f"{server} {server!r}"


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": ["550 5.1.8 sender rejected"]},
        {"MAIL": ["553 not from there"]},
        {"RCPT": ["554 5.7.1 Relay access denied"]},
        {"RCPT": ["550 5.1.7 bad address of the sender"]},
        {"BODY": ["550 5.4.5 Daily sending quota exceeded"]},
        {"BODY": ["554 Message rejected: the address is not verified"]},
        {"BODY": ["550 5.7.60 client may not send as this sender: not allowed to send"]},
    ],
)
def test_a_refusal_of_us_ends_the_call_and_rejects_nobody(
    file_outbox: Outbox, tmp_path: Path, answers: dict[str, Sequence[str]], offers: str
) -> None:
    """The sender, its quota and its right to relay (RFC 3463 3.2, 3.5 and 3.8) are no fault of any recipient."""
    batch = approved(file_outbox, tmp_path, notices(6))
    said = {word: ["250 ok", "250 ok", *told] for word, told in answers.items()}
    with double({"EHLO": [offers], **said}) as server:
        report = deliver(
            file_outbox, batch, transport(server.port), clock=lambda: NOW, settings=mail_settings()
        )
    counts = {status.value: number for status, number in file_outbox.counts(PLAN).items() if number}
    assert ({"accepted": 2, "ready": 4}, 0) == (counts, report.rejected)
    (told,) = answers.values()
    assert told[0] in report.stopped


@pytest.mark.parametrize(
    "words",
    [
        "550 5.1.1 no such user",
        "552 5.2.2 over quota",
        "550 5.7.1 blocked by policy",
        "550 5.7.1 you are not authorized to send to this recipient",
        "550 unknown",
    ],
)
def test_a_refusal_of_one_recipient_rejects_that_one(
    file_outbox: Outbox, tmp_path: Path, words: str, offers: str
) -> None:
    """The other notices of the plan are sent."""
    batch = approved(file_outbox, tmp_path, notices(3))
    with double({"EHLO": [offers], "RCPT": ["250 ok", words, "250 ok"]}) as server:
        report = deliver(
            file_outbox, batch, transport(server.port), clock=lambda: NOW, settings=mail_settings()
        )
    assert (2, 1, "") == (report.accepted, report.rejected, report.stopped)


COPIES = (
    "copy@reseller.example",
    "PARTNER1@reseller.example",
    "boss@reseller.example",
    "COPY@reseller.example",
)


@pytest.mark.parametrize(
    ("suppressed", "expected"),
    [
        ([], ["boss@reseller.example", "copy@reseller.example", "partner1@reseller.example"]),
        (["copy@reseller.example"], ["boss@reseller.example", "partner1@reseller.example"]),
        (["Boss@reseller.example", "copy@reseller.example"], ["partner1@reseller.example"]),
    ],
)
def test_each_address_gets_one_copy_and_a_suppressed_one_none(
    file_outbox: Outbox, tmp_path: Path, suppressed: list[str], expected: list[str], offers: str
) -> None:
    """Whoever must not be written to gets no copy either, and the history of the notice says so."""
    batch = approved(file_outbox, tmp_path, [notice(1, cc=COPIES)])
    for address in suppressed:
        file_outbox.suppress(address, "bounced", "test", NOW)
    with double({"EHLO": [offers]}) as server:
        deliver(file_outbox, batch, transport(server.port), clock=lambda: NOW, settings=mail_settings())
        assert expected == sorted(server.recipients)
    detail = file_outbox.told("P-0001")[0].attempts[0].detail
    assert f"left out: {len(suppressed)}" in detail if suppressed else "left out" not in detail


def test_a_forgotten_address_gets_no_copy(file_outbox: Outbox, tmp_path: Path) -> None:
    """Of a forgotten address only the digest is left, which still suppresses it."""
    file_outbox.suppress("copy@reseller.example", "complained", "test", NOW)
    with file_outbox.alone(SendingProcess.here("now"), NOW):
        file_outbox.forget([], ["copy@reseller.example"], "Bert", NOW)
    batch = approved(file_outbox, tmp_path, [notice(1, cc=("copy@reseller.example",))])
    with double() as server:
        deliver(file_outbox, batch, transport(server.port), clock=lambda: NOW, settings=mail_settings())
        assert ["partner1@reseller.example"] == server.recipients


def test_the_return_path_carries_the_notices_id(file_outbox: Outbox, tmp_path: Path) -> None:
    """With `return_path` a bounce comes back to an address that names its notice, and the From stays."""
    batch = approved(file_outbox, tmp_path, notices(1))
    recorder = Recorder()
    with recording_server(recorder) as port:
        way = transport(port, return_path="bounces@vendor.example")
        deliver(file_outbox, batch, way, clock=lambda: NOW, settings=mail_settings())
    ((sender, _),) = recorder.envelopes
    assert f"bounces+{batch.key('P-0001')}@vendor.example" == sender
    assert "Partner Team <partners@vendor.example>" == str(recorder.messages[0]["From"])
