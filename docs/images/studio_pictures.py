"""Makes the pictures of the studio: each screen wide, dark and narrow, with sites as staff have them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FilePayload, FloatRect, Page

from offerpress.site.site import Site
from offerpress.writing.drafts import keep_draft
from offerpress.writing.paths import content_path
from offerpress.writing.saving import save
from offerpress.writing.versions import Author, digest_of_text

IMAGES, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]
COMMAND = str(Path(sys.executable).with_name("offerpress"))
SECRET = {"OFFERPRESS_SITE_SECRET": "0123456789abcdef" * 4}
AS_OF = ("--as-of", "2023-12-31")
PASSPHRASE = "four words without any sense"  # noqa: S105 - of pictures only
FIRST, PLAN, SENT = "year-end-credit-1.1", "year-end-credit-1.2", "thank-you-1.1"
COLOURS = 200

ABOUT = (ROOT / "content" / "pages" / "about.md").read_bytes()

SCREENS = {
    "plan": (f"/plan?plan={PLAN}", 1900),
    "today": ("/", 860),
    "plans": ("/plans", 780),
    "mail": (f"/plan/mail?plan={PLAN}&partner=P-1013", 1280),
    "sending": (f"/plan?plan={SENT}", 900),
    "partners": ("/partners?find=ar", 760),
    "partner": ("/partner?id=P-1001", 1320),
    "forget": ("/partner/forget?id=P-1001", 900),
    "finance": ("/finance", 1240),
    "history": ("/history", 900),
    "settings": ("/settings", 1100),
    "people": ("/people", 900),
    "me": ("/me", 640),
    "writing": ("/writing", 1000),
    "text": ("/text?file=content/announcements/thank-you.md", 1240),
    "translation": ("/text/translation?file=content/announcements/thank-you.de.md", 1240),
    "versions": ("/text/versions?file=content/pages/about.md", 700),
    "compare": (f"/text/compare?file=content/pages/about.md&version={digest_of_text(ABOUT)}", 1100),
    "conflict": ("/text/conflict?file=content/pages/contact.md", 1100),
    "files": ("/writing/files", 760),
    "campaign": ("/campaign?campaign=year-end-credit", 1000),
    "corrections": ("/corrections?campaign=thank-you", 700),
    "draft-mail": ("/campaign/mail?campaign=year-end-credit&partner=P-1002", 1100),
    "statement": ("/partner/statement?partner=P-1002", 1100),
    "offer": ("/offer?file=content/offers/cashback-2023.md", 1240),
    "data": ("/data", 1100),
    "connect": ("/data/connect?step=columns&upload=", 1240),
    "publish": ("/publish", 900),
    "published-file": ("/publish/file?file=index.html", 900),
}
"""Each screen by the name of its pictures: its address, and how much of it is shown."""


def offerpress(site: Path, *arguments: str, **environment: str) -> None:
    """Run a command on that site. A code other than 0 is no error: an unknown outcome has one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
    subprocess.run([COMMAND, *arguments], cwd=site, env=kept | SECRET | environment, check=False)


def prepare(site: Path) -> None:
    """Make a copy of the sample whose year-end mails leave tomorrow."""
    for name in ("content", "data"):
        shutil.copytree(ROOT / name, site / name)
    shutil.copyfile(ROOT / "offerpress.toml", site / "offerpress.toml")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT17:00")
    change(
        site / "content" / "campaigns" / "year-end-credit.md",
        "send_at: 2023-12-31T18:00",
        f"send_at: {tomorrow}",
    )


def write(site: Path) -> None:
    """Ada saves a page; what Mia typed into another one is not saved, and somebody else changed it meanwhile."""
    desk, now = Site(site, datetime.now(UTC), {}), datetime.now(UTC)
    about, ada = content_path(desk, "content/pages/about.md"), Author("ada-lindqvist", "Ada Lindqvist")
    save(
        desk,
        about,
        ABOUT.replace(b"install and look after", b"sell, install and look after", 1),
        digest_of_text(ABOUT),
        ada,
        now,
    )
    path = content_path(desk, "content/pages/contact.md")
    file = site / path.name
    text = file.read_bytes()
    keep_draft(
        desk,
        path,
        text + b"\nWe answer within a day.\n",
        digest_of_text(text),
        Author("mia-sandgren", "Mia"),
        now,
    )
    change(file, "\n---\n", "\n---\nWrite to us.\n\n")


def change(file: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@contextmanager
def studio(site: Path) -> Iterator[str]:
    """The studio on that site; gives the address of the first person."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
    command = [COMMAND, "studio", *AS_OF, "--port", "0"]
    with subprocess.Popen(
        command, cwd=site, env=kept | SECRET, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stderr is not None
        yield process.stderr.readline().split()[1]
        process.terminate()


def join(page: Page, address: str) -> None:
    """The first person, with a passkey, invites the others."""
    page.goto(address)
    page.fill("#name", "Mia Sandgren")
    for field in ("#passphrase", "#again"):
        page.fill(field, PASSPHRASE)
    page.click("button.main")
    page.wait_for_selector("h1:text('Today')")
    base = address.partition("/join")[0]
    for name, tasks in (("Ada Lindqvist", ["Writer"]), ("Finn Aalto", ["Approver", "Operator"])):
        page.goto(f"{base}/people")
        page.fill("#name", name)
        for task in tasks:
            page.get_by_label(f"{task}:").check()
        page.click("text=Make an invitation")
    debugger = page.context.new_cdp_session(page)
    debugger.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{base}/me")
    page.fill("#device", "Phone")
    page.fill("#passphrase", PASSPHRASE)
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_selector("text=added on")


def bring(page: Page, base: str) -> str:
    """Bring an export of sales; gives the id under which it waits to be connected."""
    page.goto(f"{base}/data")
    file: FilePayload = {
        "name": "Umsätze 2024.csv",
        "mimeType": "text/csv",
        "buffer": EXPORT.encode("cp1252"),
    }
    page.set_input_files("#file-sales", file)
    page.wait_for_url("**/data/connect?**")
    return page.url.partition("upload=")[2].partition("&")[0]


def live(page: Page, site: Path, base: str) -> None:
    """What happened before the pictures: a sending with an unknown outcome, a rejection, a plan that waits."""
    sys.path.insert(0, str(ROOT))
    from tests.servers.mail import Recorder, recording_server  # noqa: PLC0415 - only this script needs it

    write(site)
    offerpress(site, "build", *AS_OF)
    offerpress(site, "plan", "thank-you", *AS_OF, "--by", "ada-lindqvist")
    offerpress(site, "approve", SENT, "--by", "finn-aalto")
    with recording_server(Recorder(cut=frozenset({"orders@calle-nueve-1003.example"}))) as port:
        url = f"smtp://127.0.0.1:{port}"
        way = ("--transport", "smtp", "--limit", "41")
        offerpress(site, "send", SENT, *way, OFFERPRESS_SMTP_URL=url)
    offerpress(site, "plan", "year-end-credit", *AS_OF, "--by", "ada-lindqvist")
    page.goto(f"{base}/plan?plan={FIRST}")
    page.get_by_label("What has to change").fill("The refund of 3 March is missing.")
    page.get_by_role("button", name="Reject").click()
    page.wait_for_selector("text=Stopped")
    sales = site / "data" / "sales.csv"
    change(sales, sales.read_text(encoding="utf-8").split("A-01232,")[1].split("\n")[0], SALE)
    offerpress(site, "plan", "year-end-credit", *AS_OF, "--by", "ada-lindqvist")
    page.goto(f"{base}/plan?plan={PLAN}")
    page.locator("#read tbody a").first.click()
    for _ in range(4):
        page.get_by_role("button", name="I have looked at this").click()
        page.wait_for_load_state()


EXPORT = """Beleg;Partner-Nr;Datum;Betrag;Währung;Artikel
B-20001;P-1001;03.01.2024;1.054,18;EUR;PRO 16SC
B-20002;P-1004;17.01.2024;820,66;EUR;PRO 8SC
B-20003;P-1009;22.01.2024;4.190,86;CHF;ENT 32SC
"""
SALE = "P-1001,2023-03-03,120.00,EUR,PRO 4SC,,new"


def take(page: Page, name: str, width: int, height: int) -> None:
    """One picture of the page as wide as its window, cut at `height`, with few colours."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(300)
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, clip=clip, full_page=True)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def take_studio(browser: Browser, folder: Path, only: tuple[str, ...] = ()) -> None:
    """The screens of the studio: wide, dark and narrow."""
    site = folder / "studio-site"
    site.mkdir()
    prepare(site)
    with studio(site) as address:
        page = browser.new_context(viewport={"width": 1180, "height": 900}).new_page()
        base = address.partition("/join")[0]
        join(page, address)
        live(page, site, base)
        upload = bring(page, base)
        for name, (place, height) in SCREENS.items():
            if only and name not in only:
                continue
            page.set_viewport_size({"width": 1180, "height": 900})
            page.emulate_media(color_scheme="light")
            page.goto(base + place + (upload if place.endswith("upload=") else ""))
            page.wait_for_timeout(1500)
            if name == "plan":
                take(page, "studio-review", 1180, 900)  # for the README
            take_looks(page, name, height)
        page.context.close()
    if not only or "start" in only:
        take_start(browser, folder / "empty-site")


def take_looks(page: Page, name: str, height: int) -> None:
    """The screen wide, dark and narrow."""
    take(page, f"studio-{name}", 1180, height)
    page.emulate_media(color_scheme="dark")
    take(page, f"studio-{name}-dark", 1180, height)
    page.emulate_media(color_scheme="light")
    take(page, f"studio-{name}-narrow", 360, 1200)


def take_start(browser: Browser, site: Path) -> None:
    """The first screen in an empty folder."""
    site.mkdir()
    with studio(site) as address:
        page = browser.new_context(viewport={"width": 1180, "height": 900}).new_page()
        page.goto(address)
        page.fill("#name", "Mia Sandgren")
        for field in ("#passphrase", "#again"):
            page.fill(field, PASSPHRASE)
        page.click("button.main")
        page.wait_for_selector("h1:text('Begin a new site')")
        take_looks(page, "start", 1240)
        page.context.close()
