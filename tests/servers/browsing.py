"""A server that remembers every request, and a reader who remembers all that the browser's console said."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.samples.statement_site import link_of

# Chromium heeds the last list alone, so ours repeats what Playwright 1.65 disables. What it adds are the pages for the
# popup of the address bar, which nobody sees: each window renders them, for more CPU seconds than what is tested.
_DISABLED = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,LensOverlay,MediaRouter,"
    "HttpsFirstBalancedModeAutoEnable,PaintHolding,ThirdPartyStoragePartitioning,TcpPortRandomizationWin,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch,WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={_DISABLED}",
    # A name for this machine that, unlike localhost, is no secure context.
    "--host-resolver-rules=MAP site.test 127.0.0.1",
)


class Server:
    """Serves a folder on 127.0.0.1 and remembers every request line and header."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        seen = self.requests

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                del format, args
                seen.append(f"{self.requestline}\n{self.headers}")

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def url(self, host: str = "localhost") -> str:
        """The site's address under one of this machine's names."""
        return f"http://{host}:{self._http.server_port}"

    def link(self, partner_id: str, epoch: int = 0, host: str = "localhost") -> str:
        """A partner's private link."""
        return link_of(partner_id, epoch).url(self.url(host))

    def close(self) -> None:
        """Stops serving."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Reader:
    """A page in the browser, and all that its console said."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))

    def open(self, link: str) -> None:
        """Follows a link until the page says something."""
        self.page.goto(link)
        self.page.wait_for_selector("body[data-state]:not([data-state=''])")

    def show(self) -> None:
        """Asks for the statement, and waits until it is there or a sentence says why not."""
        self.page.click("#show")
        self.page.wait_for_selector("body:not([data-state=ready]):not([data-state=loading])")

    def show_again(self) -> None:
        """Tries a second time."""
        self.page.click("#show")
        self.page.wait_for_selector("body[data-state=open]")

    @property
    def state(self) -> str | None:
        """What the page shows: `open`, or the name of a sentence."""
        return self.page.get_attribute("body", "data-state")

    @property
    def text(self) -> str:
        """Everything that the reader sees."""
        return self.page.inner_text("body")


def opened(server: Server, reader: Reader, partner_id: str) -> Reader:
    """The reader with the statement open."""
    reader.open(server.link(partner_id))
    reader.show()
    assert reader.state == "open"
    return reader
