"""The preview server: it watches the files of a site and shows every change to a browser on this machine."""

import json
import mimetypes
import sys
import threading
from collections.abc import Callable, Iterator
from glob import has_magic
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from watchfiles import Change, watch

from generator import PREVIEW_HEADERS
from offerpress.preview.answers import HTML, LIVE, Answer, with_script
from offerpress.preview.staff_pages import STAFF, staff_answer
from offerpress.preview.state import Preview, PreviewState
from offerpress.site.folder import SETTINGS_FILE, OfferpressError, starter_folder
from offerpress.site.settings import read_settings
from offerpress.site.site import Site
from offerpress.terminal import say, show_faults
from rewards import Fault

DEFAULT_PORT = 80
HOSTS = ("127.0.0.1", "localhost")
NOTHING_YET = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Not yet</title><p>There is nothing to show yet."
)


class PreviewServer(ThreadingHTTPServer):
    """Listens on one port of this machine; port 0 takes a free one. Raises `OSError` if the port is taken."""

    daemon_threads = True

    def __init__(self, site_now: Callable[[], Site], port: int) -> None:
        super().__init__((HOSTS[0], port), Handler)
        self.origin = f"http://{HOSTS[0]}:{self.server_port}"
        self.preview = Preview(site_now, self.origin)
        self._answering: threading.Thread | None = None

    def start(self) -> None:
        """Start to answer, in a thread."""
        self._answering = threading.Thread(target=self.serve_forever, daemon=True)
        self._answering.start()

    def stop(self) -> None:
        """Stop to answer, started or not."""
        if self._answering:
            self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that closes the connection during an answer, as each reload may."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # passed on as it came


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: "PreviewServer"

    def do_GET(self) -> None:
        """Answer with a page of the site or of the preview. Another host name is refused (DNS rebinding)."""
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
            self._answer(staff_answer(self.server.preview.state, path.removeprefix(STAFF), query))
        else:
            self._answer(page_answer(self.server.preview.state, path))

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
        """Send the present state and each new one as server-sent events, until the reader closes the connection."""
        self.send_response(200)
        for name, value in (*PREVIEW_HEADERS, ("Content-Type", "text/event-stream"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        seen = -1
        while not self.server.preview.stopped:
            state = self.server.preview.wait_beyond(seen)
            told = f"data: {json.dumps(_told(state))}\n\n" if state.number > seen else ": still here\n\n"
            self.wfile.write(told.encode())
            self.wfile.flush()
            seen = state.number

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing."""
        del format, args


def page_answer(state: PreviewState, path: str) -> Answer:
    """Return the file at that path of the site, with the preview's script if it is a page."""
    if state.pages is None:
        return Answer(with_script(NOTHING_YET, state.edition), HTML, 503)
    base = state.pages.site.settings.site.base_path
    if not path.startswith(base):
        return Answer(b"", HTML, 302, (("Location", base),))
    name = path.removeprefix(base)
    file = f"{name}index.html" if not name or name.endswith("/") else name
    of_statements = file.startswith("statement/") and state.staff is not None
    files = state.staff.statement_files if of_statements and state.staff else state.pages.files
    body, status = files.get(file), 200
    if body is None and f"{file}/index.html" in files:
        return Answer(b"", HTML, 302, (("Location", f"{base}{name}/"),))
    if body is None:
        file, status = "404.html", 404
        body = state.pages.files.get(file, b"Not found")
    if file.endswith(".html"):
        return Answer(with_script(body, state.edition), HTML, status)
    return Answer(body, _media_type(file), status)


def _media_type(file: str) -> str:
    known = {".xml": "application/xml", ".webmanifest": "application/manifest+json", ".js": "text/javascript"}
    ending = f".{file.rpartition('.')[2]}"
    found = known.get(ending) or mimetypes.guess_type(file)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def _asset(name: str) -> Answer:
    """Return a script or style of the preview. They are never published, and a site cannot override them."""
    path = starter_folder() / "templates" / "preview" / name
    if name not in {"live.js", "live.css", "page.css", "staff.css"}:
        return Answer(b"Not found\n", "text/plain", 404)
    return Answer(path.read_bytes(), _media_type(name))


def _told(state: PreviewState) -> dict[str, object]:
    """Return a state for the script in a page. All texts in it are plain text."""
    pages = state.pages
    base = pages.site.settings.site.base_path if pages else "/"
    return {
        "edition": state.edition,
        "turn": state.turn,
        "faults": [_shown(fault) for fault in state.faults],
        "remarks": [_shown(fault) for fault in state.remarks],
        "marks": {f"{base}{path}": mark for path, mark in pages.marks.items()} if pages else {},
    }


def _shown(fault: Fault) -> dict[str, str]:
    place = fault.file + (f":{fault.line}" if fault.line else "") + (f" row {fault.row}" if fault.row else "")
    return {"place": place, "field": fault.field, "what": fault.what, "remedy": fault.remedy}


WATCHED = ("content", "data", "templates", SETTINGS_FILE)
WRITTEN = ("output", "private")
_TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")
WAKE_MS = 250
LAST_WORDS_SECONDS = 1.0


def serve_preview(site_now: Callable[[], Site], port: int) -> None:
    """Show a site and its changes on a port of this machine until interrupted. Port 0 takes a free one."""
    folder = site_now().folder
    try:
        server = PreviewServer(site_now, port)
    except OSError as error:
        remedy = "name another one with --port N"
        raise OfferpressError(f"no preview: port {port}: {error.strerror}; {remedy}") from error
    origin, preview = server.origin, server.preview

    def counts(_: Change, path: str) -> bool:
        return _counts(folder, path)

    watched = tuple(_watched(folder))
    changes = watch(
        *watched, watch_filter=counts, debounce=50, step=20, rust_timeout=WAKE_MS, yield_on_timeout=True
    )
    try:
        next(changes)  # from here on the watcher runs, and no change is missed
        preview.update()
        server.start()
        say(f"Serving {origin}/ (partners and mail: {origin}{STAFF}); Ctrl-C stops it")
        told = _tell((), preview.state.faults)
        for changed in changes:
            if changed:
                preview.update({Path(path) for _, path in changed})
                told = _tell(told, preview.state.faults)
    finally:
        preview.stop()
        server.stop()
        # DuckDB reports objects that threads still hold when the interpreter ends.
        for thread in threading.enumerate():
            if thread.daemon:
                thread.join(LAST_WORDS_SECONDS)


def _tell(before: tuple[Fault, ...], faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Write the faults to the terminal if they changed, and say when none is left."""
    if faults and faults != before:
        show_faults(faults)
    elif before and not faults:
        say("No faults any more")
    return faults


def _watched(folder: Path) -> Iterator[Path]:
    """Yield the folders and files of a site, and other folders that hold its data."""
    yield from (folder / name for name in WATCHED if (folder / name).exists())
    settings = read_settings(folder, [])
    for table in _TABLES if settings else ():
        source = settings.data.of(table).path if settings else ""
        place = (folder / source).parent
        if "://" not in source and not has_magic(str(place)) and place.is_dir():
            yield place


def _counts(folder: Path, path: str) -> bool:
    """Return whether a change of that file may change the preview. Files that commands write do not."""
    return not any(Path(path).is_relative_to(folder / name) for name in WRITTEN)
