"""Makes the pictures of the docs from the sample site: `python docs/images/make_screenshots.py`."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright
from studio_pictures import take_studio

IMAGES = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("offerpress"))
# A secret that everyone knows, so that the same site gives the same pictures.
SECRET = {"OFFERPRESS_SITE_SECRET": "0123456789abcdef" * 4}
PLAN, PARTNER, ARABIC = "year-end-credit-1.1", "P-1002", "P-1013"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""
        del format, args


def offerpress(site: Path, *arguments: str) -> str:
    """The standard output of a command on that site."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
    done = subprocess.run(
        [COMMAND, *arguments], cwd=site, env=kept | SECRET, capture_output=True, text=True, check=True
    )
    return done.stdout


def take(page: Page, name: str, width: int, height: int) -> None:
    """One picture of the page as wide as its window, cut at `height`."""
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
    page.screenshot(path=IMAGES / f"{name}.png", clip=clip, full_page=True)


def take_site(page: Page, base: str, output: Path) -> None:
    """The public pages: light, dark, narrow, on paper, and from right to left where the sample has such a language."""
    page.goto(base)
    take(page, "home", 1080, 980)
    page.emulate_media(color_scheme="dark")
    take(page, "home-dark", 1080, 980)
    page.goto(f"{base}/announcements/thank-you/")
    take(page, "announcement-dark", 1080, 1200)
    page.emulate_media(color_scheme="light")
    take(page, "announcement", 1080, 1200)
    page.goto(f"{base}/offers/lower-quotas-2023/")
    take(page, "offer", 1080, 1560)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    take(page, "offer-print", 794, 1123)
    page.emulate_media(media="screen")
    for place, name in (
        ("", "home"),
        ("announcements/thank-you/", "announcement"),
        ("offers/cashback-2023/", "offer"),
    ):
        page.set_viewport_size({"width": 320, "height": 900})
        page.goto(f"{base}/{place}")
        take(page, f"{name}-narrow", 320, 1200)
        page.set_viewport_size({"width": 1080, "height": 900})
        if (output / "ar").is_dir():
            page.goto(f"{base}/ar/{place}")
            take(page, f"{name}-right-to-left", 1080, 980)


def show(page: Page, site: Path, address: str, partner: str) -> None:
    """Opens a partner's statement on a screen of usual width."""
    page.set_viewport_size({"width": 860, "height": 900})
    page.goto(address + offerpress(site, "link", partner).strip().partition("#")[2])
    page.click("#show")
    page.wait_for_selector("body[data-state=open]")


def statements(page: Page, site: Path, address: str) -> None:
    """The statement in every look; `address` is that of private links up to the secret."""
    show(page, site, address, PARTNER)
    take(page, "statement", 860, 1100)
    page.emulate_media(color_scheme="dark")
    take(page, "statement-dark", 860, 1100)
    page.emulate_media(color_scheme="light", media="print")
    page.set_viewport_size({"width": 688, "height": 1016})
    take(page, "statement-print", 688, 1016)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 320, "height": 900})
    take(page, "statement-narrow", 320, 1100)
    show(page, site, address, ARABIC)
    take(page, "statement-right-to-left", 860, 1100)


def main() -> None:
    """Runs the demo in a temporary folder and takes every picture."""
    folder = Path(tempfile.mkdtemp())
    offerpress(folder, "demo")
    site = folder / "offerpress-demo"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site / "output")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    mail, arabic = folder / "mail.html", folder / "arabic.html"
    mail.write_text(offerpress(site, "notice", PLAN, PARTNER, "--format", "html"), encoding="utf-8")
    arabic.write_text(offerpress(site, "notice", PLAN, ARABIC, "--format", "html"), encoding="utf-8")
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1080, "height": 900})
        take_site(page, base, site / "output")
        statements(page, site, f"{base}/statement/#")
        page.set_viewport_size({"width": 680, "height": 900})
        page.goto(mail.as_uri())
        take(page, "mail", 680, 1180)
        page.emulate_media(color_scheme="dark")
        take(page, "mail-dark", 680, 1180)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 900})
        take(page, "mail-narrow", 320, 1180)
        page.set_viewport_size({"width": 680, "height": 900})
        page.goto(arabic.as_uri())
        take(page, "mail-right-to-left", 680, 1180)
        offerpress(site, "report", "--as-of", "2023-10-15")
        page.set_viewport_size({"width": 1080, "height": 900})
        page.goto((site / "private" / "reports" / "figures-2023-10-15.html").as_uri())
        take(page, "report", 1080, 1080)
        take_studio(browser, folder)
        browser.close()
    server.shutdown()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
