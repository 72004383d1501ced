"""The studio over HTTP: routes, the check of every request, sign-in, and the live parts, through Starlette."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generator import frame_headers, previewed_by, studio_headers
from mailer import UnknownPlan
from offerpress.preview.server import PreviewApplication, response
from offerpress.preview.serving import Application
from offerpress.preview.state import FAILURES, KNOWN_ERRORS, unexpected
from offerpress.site.folder import OfferpressError, starter_folder
from offerpress.site.people import read_people
from offerpress.site.site import Site
from offerpress.studio.people.sign_in import joined_person, signed_in_person
from offerpress.studio.screens import ACTIONS, ASKS, FACTS, LONG_FORMS, PAGES, PINGS, STREAMS, UPLOADS
from offerpress.studio.state.frames import FRAMES
from offerpress.studio.state.sessions import cookie_name, frame_refusal, request_refusal
from offerpress.studio.state.studio import (
    Context,
    Done,
    FormFields,
    NotThere,
    NotYours,
    Studio,
    Visit,
    address_of,
    page,
)

NO_PROXY = "Only the proxy that [studio] proxies names may ask. Open the studio at its own address.\n"
_HTML = "text/html; charset=utf-8"
_LOCKED = "The studio is locked. Reload the page and sign in again."
_MOST_BYTES, _MOST_BYTES_OF_A_TEXT = 64 << 10, 4 << 20
_MOST_FIELDS, _MOST_FIELDS_OF_A_TEXT = 100, 2000
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_MOST_DRAINED = 1 << 28
_LIVE_SECONDS = 1.0
_TRIES = 3
_Made = TypeVar("_Made")


class TooMuch(Exception):
    """A form is larger than any of ours."""


@dataclass
class Guard:
    """The middleware that refuses what does not come from a page of the studio, and sets the headers of every answer.

    Starlette's `TrustedHostMiddleware` looks at the name only; a session must also be safe from other local ports.
    """

    app: ASGIApp
    studio: Studio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        with_headers = _with_headers(send, studio_headers(self.studio.frames.origin))
        refused = request_refusal(scope["method"], dict(headers), self.studio.origin)
        if refused:
            status, sentence = refused
            await Response(sentence + "\n", status, media_type="text/plain")(scope, receive, with_headers)
        elif headers["host"] != self.studio.origin.partition("://")[2]:
            # Passkeys need a name, and a session belongs to one.
            place = f"{self.studio.origin}{scope['path']}"
            await RedirectResponse(place, HTTPStatus.PERMANENT_REDIRECT)(scope, receive, with_headers)
        else:
            await self.app(scope, receive, with_headers)


def _with_headers(send: Send, headers: Iterable[tuple[str, str]]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            for name, value in headers:
                given.setdefault(name, value)
        await send(message)

    return sent


@dataclass
class AuthorOrigin:
    """The second port: frames, and the preview that `serve` shows. It takes no change and reads no cookie."""

    studio: Studio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        studio = self.studio
        # Behind a proxy everybody could read drafts there.
        public = not scope["path"].startswith(FRAMES) and not studio.settings.origin
        headers = dict(Headers(scope=scope))
        refused = frame_refusal(scope["method"], headers, studio.frames.origin, public=public)
        answer: Application
        if refused:
            status, sentence = refused
            answer = Response(sentence + "\n", status, media_type="text/plain")
        elif public:
            answer = PreviewApplication(studio.preview, previewed_by(studio.origin))
        else:
            answer = await run_in_threadpool(self._framed, scope["path"])
        await answer(scope, receive, send if public else _with_headers(send, frame_headers(studio.origin)))

    def _framed(self, path: str) -> Response:
        found = self.studio.frames.find(path, self.studio.site_now().now)
        if found is None:
            return Response("This frame is closed. Reload the page.\n", 404, media_type="text/plain")
        return response(found)


@dataclass
class StudioServer:
    """The routes of one studio."""

    studio: Studio

    def __post_init__(self) -> None:
        self._application = self.application()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the port of this machine at which it arrived, whatever it says about its host."""
        proxies = self.studio.settings.proxies
        if proxies and scope["client"][0] not in proxies:
            await Response(NO_PROXY, 403, media_type="text/plain")(scope, receive, send)
        elif scope["server"][1] == self.studio.frames.port:
            await AuthorOrigin(self.studio)(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                *(Route(path, self._screen, methods=["GET"]) for path in PAGES),
                *(Route(path, self._told, methods=["GET"]) for path in FACTS),
                *(Route(path, _posted(self._change), methods=["POST"]) for path in ACTIONS),
                *(Route(path, _posted(self._asked), methods=["POST"]) for path in ASKS),
                *(Route(path, self._uploaded, methods=["POST"]) for path in UPLOADS),
                *(
                    Route(path, partial(self._live, state), methods=["GET"])
                    for path, state in STREAMS.items()
                ),
                Route("/session", self._session, methods=["GET"]),
                *(Route(path, self._sign_in_form, methods=["GET"]) for path in ("/sign-in", "/join")),
                *(Route(path, _posted(self._sign_in), methods=["POST"]) for path in ("/sign-in", "/join")),
                Route("/sign-out", _posted(self._sign_out), methods=["POST"]),
                Route("/assets/{name}", _asset, methods=["GET"]),
            ],
            middleware=[Middleware(Guard, studio=self.studio)],
            exception_handlers={404: _missing, 405: _missing, TooMuch: _too_much, OfferpressError: _broken},
        )

    # Pages.

    def _screen(self, request: Request) -> Response:
        template, make = PAGES[request.url.path]
        visit = self._visit(request, dict(request.query_params))
        if visit is None:
            return self._to_sign_in(request)
        if visit.site.is_begun == (request.url.path == "/start"):
            return RedirectResponse("/" if visit.site.is_begun else "/start", HTTPStatus.SEE_OTHER)
        return self._guarded(visit, lambda: _html(page(template, visit, _steady(partial(make, visit)))))

    def _told(self, request: Request) -> Response:
        visit = self._visit(request, dict(request.query_params), used=request.url.path not in PINGS)
        if visit is None:
            return JSONResponse({"locked": True}, 401)
        return _as_json(partial(_steady, partial(FACTS[request.url.path], visit)), refused=409)

    def _asked(self, request: Request, form: FormFields) -> Response:
        visit = self._visit(request, form, used=request.url.path not in PINGS)
        if visit is None or not visit.session.made(form.get("form_token", "")):
            return JSONResponse({"text": _LOCKED}, 401)
        return _as_json(partial(_steady, partial(ASKS[request.url.path], visit)))

    async def _uploaded(self, request: Request) -> Response:
        """Take a file. Who may send it is looked at before a byte of it is read."""
        most, take = UPLOADS[request.url.path]
        named = {"file_name": unquote(request.headers.get("x-file-name", ""), errors="replace")}
        visit = await run_in_threadpool(self._visit, request, dict(request.query_params) | named)
        if visit is None or not visit.session.made(request.headers.get("x-form-token", "")):
            return JSONResponse({"text": _LOCKED}, 401, {"Connection": "close"})
        try:
            body = await _body(request, most)
            return await run_in_threadpool(_as_json, partial(take, visit, body))
        except ClientDisconnect:
            return Response(status_code=400)
        except TooMuch:
            await _drained(request)
            text = f"The file is too large: at most {most >> 20} MB."
            return JSONResponse({"text": text}, 413, {"Connection": "close"})

    def _change(self, request: Request, form: FormFields) -> Response:
        visit = self._visit(request, form)
        if visit is None:
            return self._to_sign_in(request)
        if not visit.session.made(form.get("form_token", "")):
            what = "This page was open before you signed in, so nothing was done. Reload it and try again."
            return _refused(visit, what, 403)
        return self._guarded(visit, lambda: self._done(visit, ACTIONS[request.url.path](visit)))

    def _done(self, visit: Visit, done: Done) -> Response:
        if done.show:
            return _html(page("done.html", visit, {"done": done}))
        if done.template:
            return _html(page(done.template, visit, done.context))
        return RedirectResponse(done.to, HTTPStatus.SEE_OTHER)

    def _guarded(self, visit: Visit, answer: Callable[[], Response]) -> Response:
        """Return the answer, or a page that says why there is none. Nothing is half done then."""
        try:
            return answer()
        except UnknownPlan as error:
            return _refused(visit, f"There is no plan {error.plan}. The page Campaigns lists all plans.", 404)
        except NotThere as error:
            return _refused(visit, str(error), 404)
        except NotYours as error:
            return _refused(visit, str(error), 403)
        except KNOWN_ERRORS as error:
            return _refused(visit, str(error), 409, _back(visit))
        except Exception as error:  # noqa: BLE001 - an error's own text may name a partner, so it reaches no log
            status, what = _failure(error)
            return _refused(visit, what, status, _back(visit))

    async def _live(self, state_of: Callable[[Visit], object], request: Request) -> Response:
        query = dict(request.query_params)
        if await run_in_threadpool(self._visit, request, query) is None:
            return Response(status_code=401)

        async def events() -> AsyncIterator[str]:
            last = ""
            while not await request.is_disconnected() and not self.studio.stopping:
                visit = await run_in_threadpool(self._visit, request, query, used=False)
                if visit is None:
                    return
                try:
                    state = json.dumps(await run_in_threadpool(state_of, visit))
                except FAILURES:
                    return  # the page asks again
                yield f"data: {state}\n\n" if state != last else ": still here\n\n"
                last = state
                await asyncio.sleep(_LIVE_SECONDS)

        return StreamingResponse(events(), media_type="text/event-stream")

    def _session(self, request: Request) -> Response:
        """Say whether the session is open, which is no use of it."""
        return Response(status_code=204 if self._visit(request, {}, used=False) else 401)

    # Sign-in.

    def _visit(self, request: Request, query: FormFields, *, used: bool = True) -> Visit | None:
        """Return the visit of a signed-in person, None for anybody else."""
        site = self.studio.site_now()
        cookie = request.cookies.get(cookie_name(self.studio.port), "")
        session = self.studio.sessions.find(cookie, site.now, used=used) if cookie else None
        if session is None:
            return None
        person = read_people(site).get(session.person)
        if person is None or not person.active:
            return None
        return Visit(self.studio, site, person, session, query)

    def _to_sign_in(self, request: Request) -> Response:
        locked = cookie_name(self.studio.port) in request.cookies
        return RedirectResponse("/sign-in?locked=1" if locked else "/sign-in", HTTPStatus.SEE_OTHER)

    def _sign_in_form(self, request: Request) -> Response:
        site = self.studio.site_now()
        locked = "locked" in request.query_params
        return self._form_page(request.url.path, site, "", "", locked=locked)

    def _form_page(self, path: str, site: Site, why: str, name: str, *, locked: bool = False) -> Response:
        context: Context = {"why": why, "name": name, "locked": locked, "first": not read_people(site)}
        template = "people/join.html" if path == "/join" else "people/sign_in.html"
        return _html(page(template, None, context), 403 if why else 200)

    def _sign_in(self, request: Request, form: FormFields) -> Response:
        """Open a session for who signs in or joins."""
        site, path = self.studio.site_now(), request.url.path
        enter = joined_person if path == "/join" else signed_in_person
        person, why = enter(self.studio, site, form)
        if person is None:
            return self._form_page(path, site, why, form.get("name", ""))
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        cookie = self.studio.sessions.begin(person, site.now)
        answer.set_cookie(
            cookie_name(self.studio.port), cookie, path="/", secure=True, httponly=True, samesite="strict"
        )
        return answer

    def _sign_out(self, request: Request, form: FormFields) -> Response:
        name = cookie_name(self.studio.port)
        cookie = request.cookies.get(name, "")
        session = self.studio.sessions.find(cookie, self.studio.site_now().now)
        if session and session.made(form.get("form_token", "")):
            self.studio.sessions.end(cookie)
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")
        return answer


_Posted = Callable[[Request, FormFields], Response]


def _posted(answer: _Posted) -> Callable[[Request], Awaitable[Response]]:
    """Read the form, which is small, and answer in a thread, because files and the outbox make an answer wait."""

    async def answered(request: Request) -> Response:
        is_text = request.url.path in LONG_FORMS
        try:
            body = await _body(request, _MOST_BYTES_OF_A_TEXT if is_text else _MOST_BYTES)
        except ClientDisconnect:
            return Response(status_code=400)
        most = _MOST_FIELDS_OF_A_TEXT if is_text else _MOST_FIELDS
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
        roles = [value for name, value in pairs if name == "role"]
        return await run_in_threadpool(answer, request, dict(pairs) | {"roles": " ".join(roles)})

    return answered


async def _body(request: Request, most: int) -> bytes:
    """Return the body; raises `TooMuch` as soon as it is larger, and `ClientDisconnect` where it is cut off."""
    if int(request.headers.get("content-length") or 0) > most:
        raise TooMuch
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooMuch
    return bytes(body)


async def _drained(request: Request) -> None:
    """Read what still arrives, within reason: only then a browser shows the answer."""
    size = 0
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            size += len(chunk)
            if size > _MOST_DRAINED:
                return


def _asset(request: Request) -> Response:
    """Return the style sheet or the script. A site cannot override them."""
    path = starter_folder() / "templates" / "studio" / request.path_params["name"]
    if path.suffix not in _TYPES or not path.is_file():
        return Response("There is no such file.\n", 404, media_type="text/plain")
    return Response(path.read_bytes(), 200, {"Content-Type": _TYPES[path.suffix]})


def _steady(make: Callable[[], _Made]) -> _Made:
    """Return what is made; made again if a file went while it was read, which an editor or a command replaced."""
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError):
            return make()
    return make()


def _as_json(make: Callable[[], object], refused: int = 200) -> Response:
    """Return what a script asked for, or a sentence that says why there is none, with the status `refused`."""
    try:
        return JSONResponse(make())
    except KNOWN_ERRORS as error:
        return JSONResponse({"tone": "wrong", "text": str(error)}, refused)
    except Exception as error:  # noqa: BLE001 - as for a screen
        status, text = _failure(error)
        return JSONResponse({"tone": "wrong", "text": text}, status)


def _failure(error: Exception) -> tuple[int, str]:
    """Return status and sentence of an error of the disk or of the program."""
    if isinstance(error, FileNotFoundError):
        return 409, "Another program moved or removed a file meanwhile. Nothing was done. Try again."
    if isinstance(error, OSError):
        return (
            507,
            f"The disk did not take it: {error.strerror}. Nothing was done. Make room, then try again.",
        )
    what = unexpected(error).what
    return 500, f"{what[:1].upper()}{what[1:]}. Report this as a defect."


def _html(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"Content-Type": _HTML})


def _refused(visit: Visit | None, what: str, status: int, back: str = "/") -> Response:
    """Return the page that says why something was not done, with a link to where a person goes on."""
    return _html(page("refused.html", visit, {"what": what, "back": back}), status)


def _back(visit: Visit) -> str:
    """Return where a person goes on after a refusal: the plan or the file that it was about, or Today."""
    for name, path in (("plan", "/plan"), ("upload", "/data/connect")):
        if found := visit.query.get(name, ""):
            return address_of(path, **{name: found})
    return "/"


def _missing(request: Request, error: Exception) -> Response:
    del request, error
    return _refused(None, "There is no such page. Go back to where you came from.", 404)


def _broken(request: Request, error: Exception) -> Response:
    """Return the sentence of what keeps the studio from answering anybody, such as a damaged file of people."""
    del request
    return _refused(None, str(error), 500)


def _too_much(request: Request, error: Exception) -> Response:
    del request, error
    return Response("The form is too large.\n", 413, {"Connection": "close"}, "text/plain")
