"""The preview server: it watches the files of a site and shows every change to a browser on this machine."""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from glob import has_magic
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from watchfiles import watch

from generator import PREVIEW_HEADERS, drawn_card
from generator.headers import headers_of
from offerpress.preview.answers import HTML, LIVE, Answer, with_script
from offerpress.preview.staff_pages import STAFF, staff_answer
from offerpress.preview.state import Preview, PreviewState, unexpected
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

    @property
    def is_answering(self) -> bool:
        """Whether it was started."""
        return self._answering is not None

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
        elif self.path.partition("?")[0] == f"{LIVE}/events":
            self._events()
        else:
            self._answer(self._found())

    def do_HEAD(self) -> None:
        """Answer as to GET, without the content (RFC 9110 9.3.2)."""
        self.do_GET()

    def _found(self) -> Answer:
        """Return the answer to the request. An error of the program is an answer too, and the preview goes on."""
        try:
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            if path.startswith(f"{LIVE}/"):
                return _asset(path.removeprefix(f"{LIVE}/"))
            if path.startswith(STAFF):
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                return staff_answer(self.server.preview.state, path.removeprefix(STAFF), query)
            return page_answer(self.server.preview.state, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            fault = unexpected(error)
            return Answer(f"{fault.what}; {fault.remedy}\n".encode(), "text/plain; charset=utf-8", 500)

    def _is_asked_locally(self) -> bool:
        port = self.server.server_port
        asked = self.headers.get("Host") or ""
        return asked in {f"{name}:{port}" for name in HOSTS} or (port == DEFAULT_PORT and asked in HOSTS)

    def _answer(self, answer: Answer) -> None:
        if self.command == "GET":
            answer = ranged(answer, self.headers.get("Range") or "")
        self.send_response(answer.status)
        for name, value in (*PREVIEW_HEADERS, ("Accept-Ranges", "bytes"), *answer.headers):
            self.send_header(name, value)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _events(self) -> None:
        """Send the present state and each new one as server-sent events, until the reader closes the connection."""
        self.send_response(200)
        for name, value in (*PREVIEW_HEADERS, ("Content-Type", "text/event-stream"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        if self.command == "HEAD":
            return
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


def ranged(answer: Answer, asked: str) -> Answer:
    """Return the one range of bytes that is asked for (RFC 9110 14.2), or the answer as it is.

    Several ranges, other units and what cannot be read are ignored, as the standard allows.
    """
    match = _RANGE.fullmatch(asked.strip())
    if match is None or answer.status != HTTPStatus.OK or match["first"] == match["last"] == "":
        return answer
    size = len(answer.body)
    if match["first"]:
        first, last = int(match["first"]), min(int(match["last"] or size - 1), size - 1)
        if match["last"] and int(match["last"]) < first:
            return answer
    else:
        first, last = max(size - int(match["last"]), 0), size - 1
    if first >= size or not size or match["last"] == "0" == match["first"] + match["last"]:
        headers = (*answer.headers, ("Content-Range", f"bytes */{size}"))
        return Answer(b"", answer.media_type, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
    headers = (*answer.headers, ("Content-Range", f"bytes {first}-{last}/{size}"))
    return Answer(answer.body[first : last + 1], answer.media_type, HTTPStatus.PARTIAL_CONTENT, headers)


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
    if body is None and file in state.pages.pictures:
        return Answer(state.pages.pictures[file], headers_of(file).content_type)
    if body is None and f"{file}/index.html" in files:
        return Answer(b"", HTML, 302, (("Location", f"{base}{name}/"),))
    if body is None:
        file, status = "404.html", 404
        body = state.pages.files.get(file, b"Not found")
    if file.endswith(".html"):
        return Answer(with_script(body, state.edition), HTML, status)
    if file in state.pages.cards:
        body = drawn_card(file, state.pages.cards[file])
    return Answer(body, headers_of(file).content_type, status)


def _asset(name: str) -> Answer:
    """Return a script or style of the preview. They are never published, and a site cannot override them."""
    path = starter_folder() / "templates" / "preview" / name
    if name not in {"live.js", "live.css", "page.css", "staff.css"}:
        return Answer(b"Not found\n", "text/plain", 404)
    return Answer(path.read_bytes(), headers_of(name).content_type)


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


WATCHED = ("content", "data", "templates")
WRITTEN = ("output", "private")
_TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
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
    interrupted = threading.Event()

    def interrupt(_number: int, _frame: object) -> None:
        """Remember the signal: a library that runs at this moment may turn the exception into one of its own."""
        interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        told: tuple[Fault, ...] = ()
        for changed in _changes(folder):
            preview.update(changed)
            if not server.is_answering:
                server.start()
                say(f"Serving {origin}/ (partners and mail: {origin}{STAFF}); Ctrl-C stops it")
            told = _tell(told, preview.state.faults)
            if interrupted.is_set():
                raise KeyboardInterrupt
    finally:
        preview.stop()
        server.stop()
        # DuckDB reports objects that threads still hold when the interpreter ends.
        for thread in threading.enumerate():
            if thread.daemon:
                thread.join(LAST_WORDS_SECONDS)


def _changes(folder: Path) -> Iterator[Collection[Path]]:
    """Yield the changed files of the site without end; first an empty collection, once changes are watched.

    Folders are watched by their names: if one appears, goes or is replaced, watching begins again. The settings file is
    looked at by its name too, because many editors replace it.
    """
    file = folder / SETTINGS_FILE
    settings, names = _seen(file), _names(folder)
    places = _places(names)
    changed: set[Path] = set()
    while True:
        watcher = watch(
            *(_outermost(places) or [file]),
            watch_filter=lambda _, path: _counts(folder, path),
            debounce=50,
            step=20,
            rust_timeout=WAKE_MS,
            yield_on_timeout=True,
        )
        next(watcher)  # from here on the watcher runs, and no change is missed
        yield changed
        for found in watcher:
            changed = {Path(path) for _, path in found}
            if settings != _seen(file):
                settings, names = _seen(file), _names(folder)
                changed.add(file)
            before, places = places, _places(names)
            if places != before:
                changed |= {path for path in {*places, *before} if places.get(path) != before.get(path)}
                break
            if changed:
                yield changed
        watcher.close()


def _names(folder: Path) -> list[Path]:
    """Return the folders of a site and the other folders that hold its data, whether they exist or not."""
    names = [folder / name for name in WATCHED]
    try:
        settings = read_settings(folder, [])
    except OSError:
        settings = None
    for table in _TABLES if settings else ():
        source = settings.data.of(table).path if settings else ""
        place = (folder / source).parent
        if "://" not in source and not has_magic(str(place)):
            names.append(place)
    return names


def _places(names: Collection[Path]) -> dict[Path, tuple[int, ...]]:
    """Return the folders that exist, each with its device and inode."""
    return {path: _seen(path)[:2] for path in names if path.is_dir()}


def _outermost(places: Collection[Path]) -> list[Path]:
    """Return the places that lie in no other one; the parent of none is a folder that always exists."""
    return [path for path in places if not any(other in path.parents for other in places)]


def _seen(path: Path) -> tuple[int, ...]:
    """Return what tells one state of a file from another: device, inode, size and time; empty without a file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _tell(before: tuple[Fault, ...], faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Write the faults to the terminal if they changed, and say when none is left."""
    if faults and faults != before:
        show_faults(faults)
    elif before and not faults:
        say("No faults any more")
    return faults


def _counts(folder: Path, path: str) -> bool:
    """Return whether a change of that file may change the preview. Files that commands write do not."""
    return not any(Path(path).is_relative_to(folder / name) for name in WRITTEN)
