"""Mail over SendGrid's HTTP interface, on kept connections.

Before the first byte of the body the provider cannot have taken the message. After that, 202 proves that it did, and a
refused request (4xx) that it did not. 408, 5xx and a broken connection prove nothing.
"""

import http.client
import json
import re
import select
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPMessage
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from mailer.errors import ConfigurationError, FenceRefused
from mailer.rules.states import NEXT_CALL, Cause, Outcome
from mailer.settings import SendGridSettings
from mailer.transports.base import Attempt

DEFAULT_BASE_URL: Final = "https://api.sendgrid.com"
_OK, _CREATED, _ACCEPTED, _TIMED_OUT, _TOO_MANY = 200, 201, 202, 408, 429
_SETTINGS: Final = frozenset({401, 403, 404, 405})
_REDIRECTION, _REQUEST, _SERVER = 3, 4, 5  # the first digit of a status (RFC 9110 15)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SKEW: Final = 60.0  # seconds by which the clocks of this machine and the provider may differ
_WORDS: Final = 2000  # bytes of an answer that are read for its words
# The fields of a request that are the same for every notice: an error in one of them is no recipient's.
_OURS: Final = re.compile(
    r"(^|; )(from|reply_to|asm|categories|batch_id|send_at|mail_settings|tracking_settings)\b"
)
_BROKEN: Final = (OSError, http.client.HTTPException)


class SendGridTransport:
    """The provider at `base_url` with an API key.

    An empty key, or a base address without https (except on this machine), is a ConfigurationError.
    """

    name = "sendgrid"

    def __init__(
        self,
        key: str,
        settings: SendGridSettings | None = None,
        *,
        base_url: str = DEFAULT_BASE_URL,
        context: ssl.SSLContext | None = None,
        connect_seconds: float = 15.0,
        answer_seconds: float = 60.0,
    ) -> None:
        if not key.strip() or not key.strip().isascii() or not key.strip().isprintable():
            raise ConfigurationError("sendgrid: the API key is missing or damaged; set it again")
        try:
            parts, _ = urlsplit(base_url), urlsplit(base_url).port
        except ValueError:
            parts = urlsplit("")
        local = parts.hostname in _LOOPBACK and parts.scheme == "http"
        if not parts.hostname or not (parts.scheme == "https" or local):
            raise ConfigurationError(
                f"sendgrid: the base address is no https address; write {DEFAULT_BASE_URL}"
            )
        self._key = key.strip()
        self.base_url = base_url
        self.settings = settings or SendGridSettings()
        self.width = self.settings.requests
        self.context = context or ssl.create_default_context()
        self.connect_seconds = connect_seconds
        self.answer_seconds = answer_seconds

    @property
    def fences(self) -> "SendGridFences":
        """The provider's interface for holding messages back and discarding them."""
        return SendGridFences(self._key, self.base_url, self.context, self.connect_seconds)

    def connect(self) -> "SendGridConnection":
        """Return a connection that connects when the first message is handed over."""
        return SendGridConnection(self, self._key)


class SendGridConnection:
    """One kept connection."""

    def __init__(self, transport: SendGridTransport, key: str) -> None:
        self._transport = transport
        self._client: http.client.HTTPConnection | None = None
        parts = urlsplit(transport.base_url)
        self._parts, self._host = parts, parts.hostname or ""
        self._path = f"{parts.path.rstrip('/')}/v3/mail/send"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        # loaded here, because importing the provider's package takes longer than the rest of the mailer
        from mailer.providers.sendgrid.payload import request_body  # noqa: PLC0415

        self._payload = request_body

    def hand(self, attempt: Attempt) -> Outcome:
        """Send one request. A notice that cannot be written as one is a rejection, before anything has left."""
        if attempt.fence is not None and attempt.date >= attempt.fence.closes_at:
            return Outcome(Cause.REFUSAL, "its fence closed before it could be handed over")
        try:
            body = self._payload(attempt, self._transport.settings)
        except Exception as error:  # noqa: BLE001 - the provider's helpers have errors of their own
            return Outcome(
                Cause.REJECTION, f"cannot be written as a request: {type(error).__name__}: {error}"
            )
        try:
            client = self._begun(len(body))
        except ssl.SSLCertVerificationError as error:
            self.close()
            why = f"its certificate is not trusted ({error.verify_message}); correct the base address"
            raise ConfigurationError(f"sendgrid: {self._host}: {why}") from error
        except UnicodeError:
            self.close()
            raise ConfigurationError("sendgrid: the base address has no usable host; correct it") from None
        except _BROKEN as error:
            self.close()
            words = f"{self._host} cannot be reached: {_printable(str(error))}"
            return Outcome(Cause.REFUSAL, words, "transport")
        return self._answered(client, body)

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _begun(self, length: int) -> http.client.HTTPConnection:
        """Return a connection on which the request has begun, without any byte of its body."""
        if self._client is not None and _went_stale(self._client):
            self.close()
        if self._client is None:
            self._client = self._connected()
        client = self._client
        client.putrequest("POST", self._path)
        for name, value in self._headers.items():
            client.putheader(name, value)
        client.putheader("Content-Length", str(length))
        client.endheaders()
        return client

    def _connected(self) -> http.client.HTTPConnection:
        transport = self._transport
        client = _client(self._parts, transport.connect_seconds, transport.context)
        client.connect()
        client.sock.settimeout(transport.answer_seconds)
        return client

    def _answered(self, client: http.client.HTTPConnection, body: bytes) -> Outcome:
        try:
            client.send(body)
            response = client.getresponse()
        except _BROKEN as error:
            self.close()
            words = f"connection lost after the body began: {_printable(str(error)) or type(error).__name__}"
            return Outcome(Cause.LOST_ANSWER, words, "transport")
        try:
            words = _words(response.read(_WORDS))
            kept = not response.read(1)
        except _BROKEN:
            words, kept = "", False
        if not kept or response.will_close:
            self.close()
        return _proved(response.status, response.headers, words, sandbox=self._transport.settings.sandbox)


def _client(parts: SplitResult, seconds: float, context: ssl.SSLContext) -> http.client.HTTPConnection:
    """Return a client of that address, which connects later."""
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _went_stale(client: http.client.HTTPConnection) -> bool:
    """Return whether the provider closed a kept connection: before a request there is nothing to read."""
    if client.sock is None:
        return True
    waiting = select.poll()
    waiting.register(client.sock, select.POLLIN)
    return bool(waiting.poll(0))


def _proved(status: int, headers: HTTPMessage, words: str, *, sandbox: bool) -> Outcome:
    """Return what an answer proves; ConfigurationError if it is about the key, the account or the address."""
    detail = f"{status} {words}".strip()
    if status == _ACCEPTED or (sandbox and status == _OK):
        return Outcome(Cause.ACCEPTANCE, f"{status} {_printable(headers.get('X-Message-Id', ''))}".strip())
    if status == _TOO_MANY:
        return Outcome(Cause.REFUSAL, detail, "transport", _asked_to_wait(headers))
    if status in _SETTINGS or status // 100 == _REDIRECTION:
        raise ConfigurationError(
            f"sendgrid: {detail}; correct the key, its rights, the sender or the base address"
        )
    if status // 100 == _REQUEST and status != _TIMED_OUT:
        if _OURS.search(words):
            return Outcome(Cause.REFUSAL, detail, "transport", NEXT_CALL)
        return Outcome(Cause.REJECTION, detail)
    about_all = status // 100 == _SERVER
    words = f"an answer that proves nothing: {detail}"
    return Outcome(Cause.LOST_ANSWER, words, "transport" if about_all else "notice")


def _asked_to_wait(headers: HTTPMessage) -> float | None:
    """Return the seconds until the provider takes more, by its own clock; None if it does not say."""
    try:
        if "Retry-After" in headers:
            return max(0.0, float(headers["Retry-After"]))
        now = parsedate_to_datetime(headers["Date"]).timestamp()
        return max(0.0, float(headers["X-RateLimit-Reset"]) - now)
    except (KeyError, ValueError, TypeError):
        return None


def _words(answer: bytes) -> str:
    """Return the messages of an error answer, or its beginning if it has none."""
    try:
        told = json.loads(answer)["errors"]
        return _printable("; ".join(f"{one.get('field') or 'request'}: {one['message']}" for one in told))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _printable(answer.decode("utf-8", "replace"))


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


class SendGridFences:
    """The fences of the provider at `base_url`: a `batch_id` of scheduled messages, cancelled as a whole.

    Each request uses a connection of its own.
    """

    def __init__(self, key: str, base_url: str, context: ssl.SSLContext, seconds: float) -> None:
        self._key, self._context, self._seconds = key, context, seconds
        self._parts = urlsplit(base_url)

    def open(self, now: datetime) -> str:
        """Return a new batch id; FenceRefused also if this machine's clock differs from the provider's."""
        status, answer, headers = self._asked("POST", "/v3/mail/batch")
        if status != _CREATED or not isinstance(answer, dict) or not answer.get("batch_id"):
            raise FenceRefused(
                f"the provider gives none ({status}); send without --fence, or call again later"
            )
        if "Date" in headers:
            skew = abs((parsedate_to_datetime(headers["Date"]) - now).total_seconds())
            if skew > _SKEW:
                raise FenceRefused(
                    f"this machine's clock is {skew:.0f} seconds from the provider's; set it right"
                )
        return str(answer["batch_id"])

    def cancel(self, key: str) -> None:
        """Cancel, then ask for the state: the first answer may be lost, or report an earlier cancellation."""
        first, _, _ = self._asked("POST", "/v3/user/scheduled_sends", {"batch_id": key, "status": "cancel"})
        status, answer, _ = self._asked("GET", f"/v3/user/scheduled_sends/{quote(key, safe='')}")
        found = answer if isinstance(answer, list) else []
        held = {one.get("batch_id"): one.get("status") for one in found if isinstance(one, dict)}
        if status == _OK and held.get(key) == "cancel":
            return
        raise FenceRefused(
            f"{key}: the provider does not say that it is cancelled ({first}, then {status}); give the API key the "
            "right to change scheduled sends, see that at most 10 are cancelled at a time, and withdraw again"
        )

    def _asked(
        self, method: str, path: str, body: dict[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, parsed JSON (None if there is none) and headers; the status is 0 without an answer."""
        client = _client(self._parts, self._seconds, self._context)
        headers = {"Authorization": f"Bearer {self._key}"}
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            client.request(method, self._parts.path.rstrip("/") + path, content, headers)
            response = client.getresponse()
            return response.status, _parsed(response.read()), dict(response.headers.items())
        except (OSError, UnicodeError, http.client.HTTPException):
            return 0, None, {}
        finally:
            client.close()


def _parsed(answer: bytes) -> Any:  # noqa: ANN401 - as the provider gives it
    try:
        return json.loads(answer)
    except ValueError:
        return None
