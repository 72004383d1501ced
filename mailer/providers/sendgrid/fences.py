"""Fences at SendGrid: a `batch_id` of scheduled messages, cancelled as a whole before their `send_at`."""

import http.client
import json
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from mailer.errors import FenceRefused

_CREATED, _DONE = 201, 200
_SKEW: Final = 60.0  # seconds by which the clocks may differ


class SendGridFences:
    """The fences of the provider at `base_url`; each request uses a connection of its own."""

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
        if status == _DONE and held.get(key) == "cancel":
            return
        raise FenceRefused(
            f"{key}: the provider does not say that it is cancelled ({first}, then {status}); give the API key the "
            "right to change scheduled sends, see that at most 10 are cancelled at a time, and withdraw again"
        )

    def _asked(
        self, method: str, path: str, body: dict[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, parsed JSON (None if there is none) and headers; the status is 0 without an answer."""
        host, port = self._parts.hostname or "", self._parts.port
        client: http.client.HTTPConnection
        if self._parts.scheme == "https":
            client = http.client.HTTPSConnection(host, port, timeout=self._seconds, context=self._context)
        else:
            client = http.client.HTTPConnection(host, port, timeout=self._seconds)
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
