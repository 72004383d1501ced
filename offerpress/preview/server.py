"""The preview over HTTP, through Starlette: `serve` runs it alone, the studio answers with it on its second port."""

import asyncio
import json
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from socket import socket

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from generator import PREVIEW_HEADERS
from offerpress.preview.answers import LIVE, Answer
from offerpress.preview.pages import live_asset, page_answer, ranged, told_state
from offerpress.preview.serving import LOCAL_NAMES, close_all, listen, port_of, serving
from offerpress.preview.state import KEEP_ALIVE_SECONDS, Preview, unexpected
from offerpress.preview.watching import watched_changes
from offerpress.site.site import Site
from offerpress.terminal import say, show_faults
from rewards import Fault

_DEFAULT_PORT = 80
_LAST_WORDS_SECONDS = 1.0
_LOOK_SECONDS = 0.1


@dataclass
class PreviewApplication:
    """The ASGI application of a preview: pages, their files and the live channel. It has nothing of a partner."""

    preview: Preview
    headers: tuple[tuple[str, str], ...] = PREVIEW_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as to GET (RFC 9110 9.3.2: HEAD has no content)."""
        path, headers = scope["path"], Headers(scope=scope)
        answer: Response
        if scope["method"] not in {"GET", "HEAD"}:
            answer = Response("Nothing can be changed here.\n", 405, {"Allow": "GET, HEAD"}, "text/plain")
        elif path == f"{LIVE}/events":
            told = self._events() if scope["method"] == "GET" else ""
            answer = StreamingResponse(told, media_type="text/event-stream")
        else:
            found = await run_in_threadpool(self._found, path)
            answer = response(ranged(found, headers.get("range", "")) if scope["method"] == "GET" else found)
        for name, value in (*self.headers, ("Accept-Ranges", "bytes")):
            answer.headers.setdefault(name, value)
        await answer(scope, receive, send)

    def _found(self, path: str) -> Answer:
        """Return the answer at that path. An error of the program is an answer too, and the preview goes on."""
        try:
            if path.startswith(f"{LIVE}/"):
                return live_asset(path.removeprefix(f"{LIVE}/"))
            return page_answer(self.preview.state, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            fault = unexpected(error)
            return Answer(f"{fault.what}; {fault.remedy}\n".encode(), "text/plain; charset=utf-8", 500)

    async def _events(self) -> AsyncIterator[str]:
        """Yield the present state and each new one as server-sent events, until the preview stops."""
        seen, quiet = -1, 0.0
        while not self.preview.stopped:
            state = self.preview.state
            if state.number > seen:
                yield f"data: {json.dumps(told_state(state))}\n\n"
                seen, quiet = state.number, 0.0
            elif quiet > KEEP_ALIVE_SECONDS:
                yield ": still here\n\n"
                quiet = 0.0
            await asyncio.sleep(_LOOK_SECONDS)
            quiet += _LOOK_SECONDS


def response(answer: Answer) -> Response:
    """Return an answer in the form of Starlette."""
    return Response(answer.body, answer.status, {**dict(answer.headers), "Content-Type": answer.media_type})


@dataclass
class LocalPreview:
    """The application that `serve` runs: it answers under the names of this machine only (DNS rebinding)."""

    preview: Preview
    port: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = Headers(scope=scope).get("host", "")
        local = {f"{name}:{self.port}" for name in LOCAL_NAMES}
        if asked in (local | set(LOCAL_NAMES) if self.port == _DEFAULT_PORT else local):
            await PreviewApplication(self.preview)(scope, receive, send)
        else:
            refused = Response("This preview answers on this machine only.\n", 421, media_type="text/plain")
            await refused(scope, receive, send)


@contextmanager
def answering(preview: Preview, listening: list[socket]) -> Iterator[None]:
    """Answer with the preview at these sockets, in a thread, inside the block."""
    server = serving(LocalPreview(preview, port_of(listening)), seconds=0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": listening}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        preview.stop()
        server.should_exit = server.force_exit = True
        thread.join(_LAST_WORDS_SECONDS)
        close_all(listening)


def serve_preview(site_now: Callable[[], Site], port: int) -> None:
    """Show a site and its changes on a port of this machine until interrupted. Port 0 takes a free one."""
    listening = listen(port)
    origin = f"http://{LOCAL_NAMES[0]}:{port_of(listening)}"
    preview = Preview(site_now, origin)
    interrupted = threading.Event()

    def interrupt(_number: int, _frame: object) -> None:
        """Remember the signal: a library that runs at this moment may turn the exception into one of its own."""
        interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    with ExitStack() as stack:
        stack.callback(close_all, listening)
        stack.callback(preview.stop)
        say("Reading the site …")
        told: tuple[Fault, ...] = ()
        for number, changed in enumerate(watched_changes(site_now().folder)):
            preview.update(changed)
            if interrupted.is_set():
                raise KeyboardInterrupt
            if number == 0:
                stack.enter_context(answering(preview, listening))
                say(f"Serving {origin}/ (partners and mails: offerpress studio); Ctrl-C stops it")
            told = _tell(told, preview.state.faults)


def _tell(before: tuple[Fault, ...], faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Write the faults to the terminal if they changed, and say when none is left."""
    if faults and faults != before:
        show_faults(faults)
    elif before and not faults:
        say("No faults any more")
    return faults
