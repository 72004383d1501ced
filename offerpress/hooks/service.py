"""The HTTP service: SendGrid's signed events, one-click unsubscribing (RFC 8058), and health, through uvicorn."""

import asyncio
import socket
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from generator import SiteSettings, UnsubscribePages, UnsubscribeStep, accepted_language, unsubscribe_pages
from mailer import Event, EventKind, MailerError, UnsubscribeTokens, read_events, stop_on_signals
from mailer.providers.sendgrid.events import SENDGRID_SOURCE
from mailer.providers.sendgrid.signatures import SIGNATURE_HEADER, TIMESTAMP_HEADER, SignedRequests, recent
from offerpress.hooks.recorder import EventRecorder
from offerpress.site.settings_file import read_section
from offerpress.site.site import Site
from rewards import Fault, Faulty

EVENTS_BYTES: Final = 2 << 20
"""The largest body of events; SendGrid posts less than one megabyte at a time."""

CLICK_BYTES: Final = 4096
ONE_CLICK: Final = "one click"
_ADDRESSES: Final = 10_000
_AT_ONCE: Final = 200
_BODY_SECONDS: Final = 20.0
_Answer = Callable[[Request], Awaitable[Response]]


class TooLarge(Exception):
    """A request's body exceeds the limit."""


async def limited_body(declared: str | None, chunks: AsyncIterator[bytes], most: int) -> bytes:
    """Read a body of at most `most` bytes. Raises `TooLarge` without reading on if the body is longer."""
    if declared is not None and declared.isdecimal() and int(declared) > most:
        raise TooLarge
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise TooLarge
    return bytes(body)


@dataclass(slots=True)
class RequestRate:
    """A token bucket for each address: `per_second` requests in the long run, `burst` at once."""

    per_second: float
    burst: float
    _known: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def admit(self, address: str, now: float) -> bool:
        """Return whether to accept a request from that address at `now`, in seconds of a monotonic clock."""
        left, since = self._known.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        self._known[address] = (left - 1 if left >= 1 else left, now)
        if len(self._known) > _ADDRESSES:
            self._known.popitem(last=False)
        return left >= 1


@dataclass(slots=True)
class Service:
    """Answers the requests. Without `signed` it accepts no events.

    `refused` counts the requests that changed nothing, by reason.
    """

    recorder: EventRecorder
    pages: UnsubscribePages
    languages: tuple[str, ...]
    tokens: UnsubscribeTokens
    signed: SignedRequests | None
    clock: Callable[[], datetime]
    ticks: Callable[[], float]
    most_age: timedelta = timedelta(minutes=10)
    rate: RequestRate = field(default_factory=lambda: RequestRate(500, 1000))
    refused: Counter[str] = field(default_factory=Counter)

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/events/sendgrid", self._limited(self._events), methods=["POST"]),
                Route("/unsubscribe", self._limited(self._ask), methods=["GET"]),
                Route("/unsubscribe", self._limited(self._unsubscribe), methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ]
        )

    def _limited(self, answer: _Answer) -> _Answer:
        async def limited(request: Request) -> Response:
            address = request.client.host if request.client else ""
            if not self.rate.admit(address, self.ticks()):
                return self._refuse("rate", 429, {"Retry-After": "1"})
            try:
                return await answer(request)
            except TooLarge:
                # The rest of the body is not read, so the connection cannot be used again.
                return self._refuse("size", 413, {"Connection": "close"})
            except TimeoutError:
                return self._refuse("slow", 408, {"Connection": "close"})
            except ClientDisconnect:
                return self._refuse("cut", 400)

        return limited

    async def _events(self, request: Request) -> Response:
        if self.signed is None:
            return self._refuse("not set up", 404)
        body = await _body(request, EVENTS_BYTES)
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        if not recent(timestamp, self.clock(), self.most_age):
            return self._refuse("timestamp", 403)
        if not self.signed.genuine(body, request.headers.get(SIGNATURE_HEADER, ""), timestamp):
            return self._refuse("signature", 403)
        try:
            read = read_events(body)
        except ValueError:
            return self._refuse("unreadable", 400)
        self.refused.update({"damaged event": read.damaged} if read.damaged else {})
        return await self._recorded(read.events, SENDGRID_SOURCE) or Response(status_code=204)

    async def _ask(self, request: Request) -> Response:
        """Answer with the page that holds the button. Link scanners open it too, so opening it changes nothing."""
        known = self.tokens.notice(request.query_params.get("token", ""))
        return self._page(request, "ask" if known else "failed", 200 if known else 404)

    async def _unsubscribe(self, request: Request) -> Response:
        """Unsubscribe for a request of a mail program or of the page's button (RFC 8058 3.2)."""
        body = await _body(request, CLICK_BYTES)
        key = self.tokens.notice(request.query_params.get("token", ""))
        if key is None or b"List-Unsubscribe" not in body or b"One-Click" not in body:
            self.refused["token" if key is None else "no click"] += 1
            return self._page(request, "failed", 404 if key is None else 400)
        at = self.clock().replace(microsecond=0)
        click = Event(key, EventKind.UNSUBSCRIBED, at, suppresses="unsubscribed")
        return await self._recorded([click], ONE_CLICK) or self._page(request, "done", 200)

    async def _recorded(self, events: "list[Event] | tuple[Event, ...]", source: str) -> Response | None:
        """Return None once the events are durable, otherwise an answer that asks the caller to try again."""
        try:
            await asyncio.wrap_future(self.recorder.record(events, source))
        except MailerError:
            return self._refuse("outbox", 503, {"Retry-After": "30"})
        except Exception:  # noqa: BLE001 - the service goes on; the count tells of what it left out
            return self._refuse("not recorded", 503, {"Retry-After": "30"})
        return None

    async def _health(self, request: Request) -> Response:
        del request
        return JSONResponse(
            {"status": "ok", "events": asdict(self.recorder.total), "refused": dict(self.refused)}
        )

    def _page(self, request: Request, step: UnsubscribeStep, status: int) -> Response:
        language = accepted_language(request.headers.get("Accept-Language", ""), self.languages)
        content = self.pages.pages[language, step]
        return Response(content, status, dict(self.pages.headers), "text/html; charset=utf-8")

    def _refuse(self, reason: str, status: int, headers: dict[str, str] | None = None) -> Response:
        self.refused[reason] += 1
        return Response(status_code=status, headers=headers)


async def _body(request: Request, most: int) -> bytes:
    async with asyncio.timeout(_BODY_SECONDS):
        return await limited_body(request.headers.get("content-length"), request.stream(), most)


def run_service(
    site: Site,
    webhook_key: str,
    host: str,
    port: int,
    *,
    most_age: timedelta,
    clock: Callable[[], datetime],
    ticks: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Answer requests until SIGTERM or Ctrl-C. Requests that have begun are recorded and answered first.

    Port 0 takes a free port, which `say` reports. Raises `Faulty` without a site secret, `ConfigurationError` for an
    invalid public key, and the error that prevents the outbox from being opened.
    """
    faults: list[Fault] = []
    keys = site.read_keys(faults)
    settings = read_section(site.folder, "site", SiteSettings, faults)
    if keys is None or settings is None:
        raise Faulty(faults)
    recorder = EventRecorder(site.open_outbox, clock)
    service = Service(
        recorder,
        unsubscribe_pages(site.template_folders, settings),
        settings.languages,
        keys.tokens,
        SignedRequests(webhook_key) if webhook_key else None,
        clock,
        ticks,
        most_age,
    )
    # uvicorn raises the signal again after its last answer, when it must have no more effect
    with stop_on_signals(), recorder.at_work(), socket.create_server((host, port)) as listening:
        say(f"Listening on http://{host}:{listening.getsockname()[1]}")
        uvicorn.Server(_settings(service)).run(sockets=[listening])
    say(stop_message(recorder.total.new, service.refused))


def stop_message(taken: int, refused: Mapping[str, int]) -> str:
    """Return what the service took in and what it left out, by reason."""
    left_out = ", ".join(f"{number:,} {reason}" for reason, number in sorted(refused.items()))
    return f"Stopped; {taken:,} events taken in" + (f"; left out: {left_out}" if left_out else "")


def _settings(service: Service) -> uvicorn.Config:
    """Return settings that log no addresses or tokens. Only a proxy on this machine may name the client."""
    return uvicorn.Config(
        service.application(),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
        lifespan="off",
    )
