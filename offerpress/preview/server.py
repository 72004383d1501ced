"""Answers a browser on this machine, and nobody else: pages, the live channel, and what only staff see."""

import json
import mimetypes
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from generator import PREVIEW_HEADERS
from offerpress.preview.injecting import HTML, LIVE, Answer, with_script
from offerpress.preview.staff import STAFF, staff_answer
from offerpress.preview.state import Look, Preview
from offerpress.site.folder import starter_folder
from offerpress.site.site import Site
from rewards import Fault

DEFAULT_PORT = 80
HOSTS = ("127.0.0.1", "localhost")
NOTHING_YET = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Not yet</title><p>There is nothing to show yet."
)


class PreviewServer(ThreadingHTTPServer):
    """Listens on one port of this machine; 0 takes a free one. A port that is taken is an OSError."""

    daemon_threads = True

    def __init__(self, site_now: Callable[[], Site], port: int) -> None:
        super().__init__((HOSTS[0], port), Handler)
        self.origin = f"http://{HOSTS[0]}:{self.server_port}"
        self.preview = Preview(site_now, self.origin)
        self._answering: threading.Thread | None = None

    def start(self) -> None:
        """Answers from now on, beside whatever else goes on."""
        self._answering = threading.Thread(target=self.serve_forever, daemon=True)
        self._answering.start()

    def stop(self) -> None:
        """Answers nothing more, started or not."""
        if self._answering:
            self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle of an answer, as each reload may, is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # passed on as it came


class Handler(BaseHTTPRequestHandler):
    """Answers one connection of a browser."""

    protocol_version = "HTTP/1.1"
    server: "PreviewServer"

    def do_GET(self) -> None:
        """A page of the site, or one of the preview's own; a name of another host gets nothing (DNS rebinding)."""
        if not self._is_asked_locally():
            self._answer(Answer(b"This preview answers on this machine only.\n", "text/plain", 421))
            return
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if path == f"{LIVE}/events":
            self._events()
        elif path.startswith(f"{LIVE}/"):
            self._answer(_asset(path.removeprefix(f"{LIVE}/")))
        elif path.startswith(STAFF):
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            self._answer(staff_answer(self.server.preview.look, path.removeprefix(STAFF), query))
        else:
            self._answer(page_answer(self.server.preview.look, path))

    def _is_asked_locally(self) -> bool:
        port = self.server.server_port
        asked = self.headers.get("Host") or ""
        return asked in {f"{name}:{port}" for name in HOSTS} or (port == DEFAULT_PORT and asked in HOSTS)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (*PREVIEW_HEADERS, *answer.headers):
            self.send_header(name, value)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _events(self) -> None:
        """Server-sent events: the present state at once, then each new one, until the reader goes away."""
        self.send_response(200)
        for name, value in (*PREVIEW_HEADERS, ("Content-Type", "text/event-stream"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        seen = -1
        while not self.server.preview.stopped:
            look = self.server.preview.wait_beyond(seen)
            told = f"data: {json.dumps(_told(look))}\n\n" if look.number > seen else ": still here\n\n"
            self.wfile.write(told.encode())
            self.wfile.flush()
            seen = look.number

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: paths of a preview are of no interest."""
        del format, args


def page_answer(look: Look, path: str) -> Answer:
    """The file at that path of the site, with the script if it is a page."""
    if look.pages is None:
        return Answer(with_script(NOTHING_YET, look.edition), HTML, 503)
    base = look.pages.site.settings.site.base_path
    if not path.startswith(base):
        return Answer(b"", HTML, 302, (("Location", base),))
    name = path.removeprefix(base)
    file = f"{name}index.html" if not name or name.endswith("/") else name
    of_statements = file.startswith("statement/") and look.office is not None
    files = look.office.statement_files if of_statements and look.office else look.pages.files
    body, status = files.get(file), 200
    if body is None and f"{file}/index.html" in files:
        return Answer(b"", HTML, 302, (("Location", f"{base}{name}/"),))
    if body is None:
        file, status = "404.html", 404
        body = look.pages.files.get(file, b"Not found")
    if file.endswith(".html"):
        return Answer(with_script(body, look.edition), HTML, status)
    return Answer(body, _media_type(file), status)


def _media_type(file: str) -> str:
    known = {".xml": "application/xml", ".webmanifest": "application/manifest+json", ".js": "text/javascript"}
    ending = f".{file.rpartition('.')[2]}"
    found = known.get(ending) or mimetypes.guess_type(file)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def _asset(name: str) -> Answer:
    """A script or style of the preview itself; they are not published, and no site overrides them."""
    path = starter_folder() / "templates" / "preview" / name
    if name not in {"live.js", "live.css", "page.css", "staff.css"}:
        return Answer(b"Not found\n", "text/plain", 404)
    return Answer(path.read_bytes(), _media_type(name))


def _told(look: Look) -> dict[str, object]:
    """What the script in a page is told of a look; the sentences are plain text."""
    pages = look.pages
    base = pages.site.settings.site.base_path if pages else "/"
    return {
        "edition": look.edition,
        "turn": look.turn,
        "faults": [_shown(fault) for fault in look.faults],
        "remarks": [_shown(fault) for fault in look.remarks],
        "marks": {f"{base}{path}": mark for path, mark in pages.marks.items()} if pages else {},
    }


def _shown(fault: Fault) -> dict[str, str]:
    place = fault.file + (f":{fault.line}" if fault.line else "") + (f" row {fault.row}" if fault.row else "")
    return {"place": place, "field": fault.field, "what": fault.what, "remedy": fault.remedy}
