"""The live preview: builds into the private folder, serves it on this machine only, and reloads pages on change.

Nothing of it is ever in a build: the reload script and the list of partners exist only in the answers of this server.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from watchfiles import watch

from offerpress.building import build
from offerpress.figures import Figures, open_figures
from offerpress.moment import Moment
from offerpress.reporting import say
from offerpress.site import Site, open_site
from rewards import Fault, Faulty

HOST = "127.0.0.1"
LIVE = "/_live"
STAFF = "/_staff/"
WATCHED = ("content", "data", "templates", "offerpress.toml")
RELOAD_SCRIPT = f"new EventSource('{LIVE}/events').onmessage = () => location.reload();\n"
# The pages' own policy would forbid the reload script; the preview is for staff on their own machine.
POLICY = re.compile(rb'<meta http-equiv="?Content-Security-Policy"?[^>]*>', re.IGNORECASE)
KEEP_ALIVE_SECONDS = 15.0
LAST_WORDS_SECONDS = 1.0


class Preview:
    """The present state of a preview: the built folder, its figures or faults, and a count of rebuilds."""

    def __init__(self, folder: Path, port: int, moment: Callable[[], Moment]) -> None:
        self.folder = folder
        self.port = port
        self.moment = moment
        self.faults: tuple[Fault, ...] = ()
        self.figures: Figures | None = None
        self.changed = threading.Condition()
        self.builds = 0
        self.stopped = False

    @property
    def output(self) -> Path:
        """Where the previewed site is built."""
        return self.folder / "private" / "preview"

    def rebuild(self) -> None:
        """Builds once more; faults are kept to be shown in the place of the pages."""
        try:
            site = self._local(open_site(self.folder))
            with open_figures(site, self.moment()) as figures:
                build(figures, self.output, lambda _: None, remember=False)
            self.figures = figures
            self.faults = ()
        except Faulty as faulty:
            self.faults = tuple(fault for fault in faulty.faults if fault.severity == "fault")
            say(f"{len(self.faults)} faults, the first: {self.faults[0]}")
        with self.changed:
            self.builds += 1
            self.changed.notify_all()

    def wait_beyond(self, seen: int) -> int:
        """The count of builds once it is beyond `seen`, or after a while as it is."""
        with self.changed:
            self.changed.wait_for(lambda: self.builds > seen or self.stopped, KEEP_ALIVE_SECONDS)
            return self.builds

    def stop(self) -> None:
        """Lets go of the figures, and of every reader that waits for a rebuild."""
        with self.changed:
            self.stopped = True
            self.figures = None
            self.changed.notify_all()

    def _local(self, site: Site) -> Site:
        """The same site with addresses of this machine, so that links of the preview stay in it."""
        path = urlsplit(site.settings.site.base_url).path
        local = site.settings.site.model_copy(update={"base_url": f"http://{HOST}:{self.port}{path}"})
        return replace(site, settings=replace(site.settings, site=local))

    def staff_page(self) -> str:
        """The list of partners with their private links, for staff to look at any statement."""
        rows = "".join(self._staff_rows())
        return f"<!doctype html><meta charset=utf-8><title>Partners</title><h1>Partners</h1><ul>{rows}</ul>"

    def _staff_rows(self) -> Iterator[str]:
        figures = self.figures
        if figures is None or figures.keys is None:
            return
        for account, _ in figures.sorted_statements():
            partner = account.partner
            url = figures.keys.link(partner.partner_id).url(figures.site.settings.site.base_url)
            name = f"<bdi>{escape(partner.name)}</bdi>"
            yield f'<li><a href="{escape(url)}" target="_blank">{escape(partner.partner_id)}</a> {name}</li>'

    def faults_page(self) -> str:
        """What stands in the way of a build, with file and line."""
        rows = "".join(f"<li><pre>{escape(str(fault))}</pre></li>" for fault in self.faults)
        title = f"{len(self.faults)} faults"
        return f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><ol>{rows}</ol>"


class Handler(SimpleHTTPRequestHandler):
    """Serves the built files with the reload script added to each page."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, preview: Preview, **kwargs: object) -> None:
        self.preview = preview
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # the server passes what the base class takes

    def do_GET(self) -> None:
        """One file, the staff's list, the reload events, or the faults."""
        path = urlsplit(self.path).path
        if path == f"{LIVE}/events":
            self._events()
        elif path == f"{LIVE}/reload.js":
            self._answer(RELOAD_SCRIPT.encode(), "text/javascript")
        elif path == STAFF:
            self._page(self.preview.staff_page().encode())
        elif self.preview.faults:
            self._page(self.preview.faults_page().encode(), 500)
        else:
            self._file(path)

    def _file(self, path: str) -> None:
        base = urlsplit(self.preview.figures.site.settings.site.base_url).path if self.preview.figures else ""
        self.path = self.path.removeprefix(base) or "/"
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if path.endswith("/") else file
        if file.suffix == ".html" and file.is_file():
            self._page(file.read_bytes())
        elif file.is_file() or file.is_dir():
            super().do_GET()
        else:
            missing = self.preview.output / "404.html"
            self._page(missing.read_bytes() if missing.is_file() else b"Not found", 404)

    def _page(self, html: bytes, status: int = 200) -> None:
        script = f'<script src="{LIVE}/reload.js"></script>'.encode()
        self._answer(POLICY.sub(b"", html) + script, "text/html; charset=utf-8", status)

    def _answer(self, body: bytes, media_type: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _events(self) -> None:
        """Server-sent events: one message for each rebuild, until the reader goes away."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            seen = self.preview.builds
            while not self.preview.stopped:
                builds = self.preview.wait_beyond(seen)
                self.wfile.write(b"data: changed\n\n" if builds > seen else b": still here\n\n")
                self.wfile.flush()
                seen = builds
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: paths of a preview are of no interest."""
        del format, args


def serve(folder: Path, port: int, moment: Callable[[], Moment]) -> None:
    """Builds, serves and rebuilds on change until interrupted."""
    preview = Preview(folder, port, moment)
    preview.rebuild()
    server = ThreadingHTTPServer(
        (HOST, port), partial(Handler, preview=preview, directory=str(preview.output))
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(f"Serving http://{HOST}:{port}/ (partners: http://{HOST}:{port}{STAFF}); Ctrl-C stops it")
    watched = [folder / name for name in WATCHED if (folder / name).exists()]
    try:
        for _ in watch(*watched, debounce=50, step=20):
            preview.rebuild()
    finally:
        preview.stop()
        server.shutdown()
        server.server_close()
        # DuckDB complains at the interpreter's end of whatever a thread still holds.
        for thread in threading.enumerate():
            if thread.daemon:
                thread.join(LAST_WORDS_SECONDS)
