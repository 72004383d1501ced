"""Files are connected in the studio: three messy exports read as plain tables, and bad files are refused in place."""

import io
import json
import os
import re
import socket
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, expect

from ledger import DataSettings, read
from ledger.tables import TABLES
from offerpress.figures.checking import find_faults
from offerpress.setup.connecting import policy_of
from offerpress.site.keys import make_site_secret
from offerpress.site.site import Site
from tests.exports.generate import GERMAN, JAPANESE, WORKBOOK, ledger_of
from tests.exports.shapes import LedgerRows, Shape, plain_ledger, write_ledger
from tests.servers.studio import PASSPHRASE, Desk, Office, seated, signed_in, small_site, started, stop

PROGRAM = """\
currency = "EUR"
timezone = "Europe/Berlin"
refunds_after_period = "ignore"
allowance_level = "assigned"
base_level = "bronze"
[[levels]]
id = "silver"
name = "Silver"
quota = 5000
"""
SHAPES: Mapping[str, Shape] = {"partners": GERMAN, "sales": WORKBOOK, "subscriptions": JAPANESE}
NO_TABLES: Mapping[str, bytes] = {
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "report.xlsx": b"%PDF-1.7\n" + bytes(100),
    "old.xlsx": b"\xd0\xcf\x11\xe0" + bytes(600),
    "page.xls": b"<html><table><tr><td>1</td></tr></table></html>",
    "cut.xlsx": b"PK\x03\x04" + bytes(200),
    "archive.xlsx": b"",
    "nothing.csv": b" \r\n",
    "noise.csv": bytes(range(256)) * 4,
}


def mixed() -> LedgerRows:
    """The German ledger: partners, sales and subscriptions."""
    rows = ledger_of("german")
    return {table.name: rows[table.name] if table.name in SHAPES else [] for table in TABLES}


def site_without_data(folder: Path) -> Path:
    """A site with a program, an offer and people, and no table."""
    small_site(folder)
    for path in (folder / "data").iterdir():
        path.unlink()
    (folder / "content" / "program.toml").write_text(PROGRAM, encoding="utf-8")
    make_site_secret(folder / "private", os.urandom)
    return folder


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The studio of a site without data."""
    folder = tmp_path / "site"
    folder.mkdir()
    found = started(site_without_data(folder))
    yield found
    stop(found)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One studio for what changes nothing."""
    found = started(site_without_data(tmp_path_factory.mktemp("site")))
    yield found
    stop(found)


def waiting(office: Office) -> list[Path]:
    """What waits in the folder of uploads."""
    folder = office.site / "private" / "uploads"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def exported(folder: Path) -> Mapping[str, Path]:
    """The three tables, each as another system exports it."""
    files = {}
    for table, shape in SHAPES.items():
        write_ledger(folder / table, mixed(), shape, Random(table))
        (files[table],) = (folder / table / "exports").glob(f"{table}.*")
    return files


def field_values(page: str) -> dict[str, str]:
    """What the form of a step would send as it stands."""
    form = page.partition('action="/data/connect/save"')[2].partition("</form>")[0]
    found = {}
    for select in re.findall(r'<select[^>]* name="([^"]+)".*?</select>', form, re.DOTALL):
        body = form.partition(f'name="{select}"')[2].partition("</select>")[0]
        chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)", body)
        first = re.search(r"<option(?: value=\"([^\"]*)\")?>([^<]*)", body)
        picked = chosen or first
        assert picked
        found[select] = picked[2] if picked[1] is None else picked[1]
    for mark in re.findall(r"<input[^>]*>", form):
        facts = dict(re.findall(r'([\w.]+)="([^"]*)"', mark))
        if facts.get("type") not in {"radio", "checkbox"} or " checked" in mark:
            found[facts["name"]] = facts.get("value", "")
    return {name: value for name, value in found.items() if name != "form_token"}


def walk(desk: Desk, to: str, corrections: Mapping[str, str]) -> str:
    """Confirm every step as it is proposed but for the corrections; return the text of the last step."""
    steps = 0
    while 'action="/data/connect/save"' in (page := desk.ask("GET", to)[0]):
        fields = field_values(page)
        to = desk.act(
            "/data/connect/save", **(fields | {n: t for n, t in corrections.items() if n in fields})
        )
        steps += 1
        assert steps < 6, to
    return page


CORRECTIONS: Mapping[str, Mapping[str, str]] = {
    "partners": {"default.language": "de"},
    "sales": {},
    "subscriptions": {},
}


def test_three_messy_exports_are_the_plain_tables(office: Office, tmp_path: Path) -> None:
    """A German semicolon file, a workbook and a UTF-16 file end with 0 faults and the digest of plain CSV."""
    desk, files = signed_in(office.origin, "Finn"), exported(tmp_path)
    before = (office.site / "offerpress.toml").read_text(encoding="utf-8")
    for table, path in files.items():
        status, answer = desk.bring(table, path.name, path.read_bytes())
        assert 200 == status, answer
        unread = desk.ask("GET", "/data")[0]
        assert path.name in unread
        page = walk(desk, answer["to"], CORRECTIONS[table])
        assert "0 faults in this file" in page, page
        assert before == (office.site / "offerpress.toml").read_text(encoding="utf-8") or table != "partners"
        upload = answer["to"].partition("upload=")[2]
        assert f"/data?connected={table}" == desk.act("/data/connect/finish", upload=upload)
        assert "0 faults." in desk.ask("GET", f"/data?connected={table}")[0]
    site = Site(office.site, datetime(2024, 1, 1, tzinfo=UTC), {})
    assert [] == [str(one) for one in find_faults(site) if one.severity == "fault"]
    assert (office.site / "offerpress.toml").read_text(encoding="utf-8").startswith(before)
    assert [] == list((office.site / "private" / "uploads").iterdir())
    plain_ledger(tmp_path / "plain", mixed())
    digests = set()
    for data, folder in ((site.settings.data, office.site), (DataSettings(), tmp_path / "plain")):
        ledger = read(data, folder, policy_of(site), [])
        assert ledger is not None
        with ledger:
            digests.add(ledger.digest)
    assert 1 == len(digests)
    history = desk.ask("GET", "/history")[0]
    assert "connected a file" in history


def test_the_same_export_again_needs_one_press(office: Office, tmp_path: Path) -> None:
    """A file in the form of the last one goes to the last step; the settings keep every byte."""
    desk, path = signed_in(office.origin, "Finn"), exported(tmp_path)["partners"]
    first = desk.bring("partners", path.name, path.read_bytes())[1]["to"]
    walk(desk, first, CORRECTIONS["partners"])
    desk.act("/data/connect/finish", upload=first.partition("upload=")[2])
    settings = (office.site / "offerpress.toml").read_bytes()
    again = desk.bring("partners", path.name, path.read_bytes().replace(b"K-1003", b"K-1009"))[1]["to"]
    page = desk.ask("GET", again)[0]
    assert "0 faults in this file" in page
    assert "has the form of the last one" in page
    desk.act("/data/connect/finish", upload=again.partition("upload=")[2])
    assert settings == (office.site / "offerpress.toml").read_bytes()
    assert b"K-1009" in (office.site / "data" / "partners.csv").read_bytes()


def test_settled_steps_survive_a_killed_studio(office: Office, tmp_path: Path) -> None:
    """What was confirmed is there after a reload, and after the studio was killed."""
    desk, path = signed_in(office.origin, "Finn"), exported(tmp_path)["partners"]
    to = desk.bring("partners", path.name, path.read_bytes())[1]["to"]
    step = desk.act("/data/connect/save", **field_values(desk.ask("GET", to)[0]))
    fields = field_values(desk.ask("GET", step)[0]) | {"default.language": "de"}
    desk.act("/data/connect/save", **fields)
    office.process.kill()
    office.process.wait()
    again = started(office.site)
    try:
        desk = signed_in(again.origin, "Finn")
        assert 'name="default.language" value="de"' in desk.ask("GET", f"{to}&step=columns")[0]
        assert 2 == desk.ask("GET", f"{to}&step=forms")[0].count("<span>confirmed</span>")
    finally:
        stop(again)


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_no_table_is_refused(shared: Office, name: str) -> None:
    """A picture, a PDF, a page, a cut or foreign archive and an empty file are refused with what they are."""
    data = NO_TABLES[name]
    if name == "archive.xlsx":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("word/document.xml", "<w/>")
        data = packed.getvalue()
    desk, before = signed_in(shared.origin, "Finn"), waiting(shared)
    status, answer = desk.bring("sales", name, data)
    assert 200 == status
    assert "to" not in answer
    assert answer["text"].startswith(name), answer
    assert before == waiting(shared)


def test_a_bomb_and_a_heavy_file_are_refused(shared: Office) -> None:
    """An archive that would become a gibibyte and a file of 50 MB are refused, and nothing of them stays."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (600 << 20))
    desk, before = signed_in(shared.origin, "Finn"), waiting(shared)
    status, answer = desk.bring("sales", "sales.xlsx", packed.getvalue())
    assert (200, True) == (status, "when it is unpacked" in answer["text"]), answer
    status, answer = desk.bring("sales", "sales.csv", bytes(50_000_000))
    assert (413, True) == (status, "too large: at most 40 MB" in answer["text"]), answer
    assert before == waiting(shared)


@pytest.mark.parametrize(
    "name", ["../../offerpress.toml", "C:\\data\\..\\partners.csv", "/etc/passwd", "a\u202eb\n.csv", ""]
)
def test_a_name_is_only_shown(shared: Office, tmp_path: Path, name: str) -> None:
    """A path in a name leads nowhere: the file waits under a name of ours, and its own is shown without folders."""
    desk, path = signed_in(shared.origin, "Finn"), exported(tmp_path)["partners"]
    before = sorted(one for one in shared.site.rglob("*") if "private" not in one.parts)
    status, answer = desk.bring("partners", name, path.read_bytes())
    assert 200 == status, answer
    assert before == sorted(one for one in shared.site.rglob("*") if "private" not in one.parts)
    folder = shared.site / "private" / "uploads" / answer["to"].partition("upload=")[2]
    assert {"partners.csv", "state.json"} == {one.name for one in folder.iterdir()}
    shown = json.loads((folder / "state.json").read_text(encoding="utf-8"))["name"]
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)
    assert 0o700 == folder.stat().st_mode & 0o777
    assert 200 == desk.bring("partners", name, path.read_bytes())[0]


def test_an_upload_cut_in_the_middle_leaves_nothing(shared: Office) -> None:
    """When the connection ends before the file, nothing is kept, and the next try works."""
    desk, before = signed_in(shared.origin, "Finn"), waiting(shared)
    token = desk.found("/history", 'name="form_token" value="([^"]+)"')
    place = urlsplit(shared.origin).netloc
    head = (
        f"POST /data/upload?table=sales HTTP/1.1\r\nHost: {place}\r\nOrigin: {shared.origin}\r\n"
        f"Cookie: {desk.cookie}\r\nX-Form-Token: {token}\r\nContent-Length: 100000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(place.split(":")[1]))) as raw:
        raw.sendall(head.encode() + b"sale_id,partner_id\n")
    tries = 0
    while before != waiting(shared):
        desk.ask("GET", "/history")
        tries += 1
        assert tries < 200
    assert 200 == desk.bring("sales", "sales.csv", b" ")[0]


def test_a_place_that_takes_no_file_loses_nothing(office: Office, tmp_path: Path) -> None:
    """If the file cannot be written, the page says so, and the settled steps wait for another try."""
    desk, path = signed_in(office.origin, "Finn"), exported(tmp_path)["partners"]
    to = desk.bring("partners", path.name, path.read_bytes())[1]["to"]
    walk(desk, to, {})
    upload, settings = to.partition("upload=")[2], (office.site / "offerpress.toml").read_bytes()
    (office.site / "data").rmdir()
    (office.site / "data").write_bytes(b"")
    text, _ = desk.press("/data/connect/finish", upload=upload)
    assert "The disk did not take it" in text
    assert f'href="/data/connect?upload={upload}"' in text
    assert settings == (office.site / "offerpress.toml").read_bytes()
    (office.site / "data").unlink()
    assert "/data?connected=partners" == desk.act("/data/connect/finish", upload=upload)


def test_only_operators_and_finance_connect(shared: Office) -> None:
    """A writer sees the tables, brings no file and opens no upload; a page of another session sends none either."""
    writer = signed_in(shared.origin, "Mia")
    text = writer.ask("GET", "/data")[0]
    assert "Partners" in text
    assert "data-upload" not in text
    status, answer = writer.bring("partners", "p.csv", b"a,b\n1,2\n")
    assert (200, True) == (status, "an operator or finance" in answer["text"])
    finance = signed_in(shared.origin, "Ada")
    to = finance.bring(
        "partners", "p.csv", b"partner_id,name,email,currency,level\nP1,One,a@b.example,EUR,bronze\n"
    )[1]["to"]
    assert "an operator or finance" in writer.ask("GET", to)[0]
    assert "data-upload" in finance.ask("GET", "/data")[0]


def test_contradictions_are_said_in_place(shared: Office, tmp_path: Path) -> None:
    """A column and one value for every row at once is no choice: the step stays and says so."""
    desk, path = signed_in(shared.origin, "Finn"), exported(tmp_path)["partners"]
    to = desk.bring("partners", path.name, path.read_bytes())[1]["to"]
    fields = field_values(desk.ask("GET", f"{to}&step=columns")[0]) | {"constant.currency": "EUR"}
    back = desk.act("/data/connect/save", **fields)
    assert back.endswith("step=columns")
    assert "stands elsewhere too" in desk.ask("GET", back)[0]


WORDS = re.compile(r"\b(TOML|YAML|toml|yaml)\b|\[data|offerpress [a-z]+\b|declare ")


def test_a_file_is_dropped_and_connected_in_a_browser(
    office: Office, tmp_path: Path, browser: Browser
) -> None:
    """With the keyboard alone a file is chosen, confirmed step by step and connected; axe finds nothing."""
    path = exported(tmp_path)["partners"]
    seat = seated(browser, office.origin)
    page = seat.open("/sign-in")
    page.fill("#name", "Finn")
    page.fill("#passphrase", PASSPHRASE)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Data", exact=True).click()
    page.set_input_files("#file-partners", path)
    expect(page.get_by_role("heading", level=1)).to_contain_text("connect")
    for step in ("File", "Columns", "Days, numbers and words", "Rows"):
        expect(page.locator("[aria-current=step]")).to_have_text(step)
        page.wait_for_load_state()
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        for scheme, forced in (("light", "none"), ("dark", "none"), ("light", "active")):
            page.emulate_media(color_scheme=scheme, forced_colors=forced)  # type: ignore[arg-type]
            assert 0 == (found := Axe().run(page)).violations_count, found.generate_report()
        assert not WORDS.search(page.inner_text("main")), page.inner_text("main")
        page.get_by_role("button", name="Confirm and go on").focus()
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="0 faults in this file")).to_be_visible()
    assert 0 == (found := Axe().run(page)).violations_count, found.generate_report()
    page.get_by_role("button", name="Connect").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("0 faults.")
    assert 0 == (found := Axe().run(page)).violations_count, found.generate_report()
    assert [] == [text for text in seat.said if "favicon" not in text]
    assert {urlsplit(office.origin).netloc} == seat.hosts
    page.context.close()


def test_nobody_else_reads_an_upload(shared: Office) -> None:
    """What waits can be read by the owner of the site only."""
    desk = signed_in(shared.origin, "Finn")
    desk.bring("partners", "p.csv", b"partner_id,name,email,currency,level\nP1,One,a@b.example,EUR,bronze\n")
    folder = shared.site / "private" / "uploads"
    modes = {one.stat().st_mode & 0o077 for one in (folder, *folder.rglob("*"))}
    assert {0} == modes, os.fspath(folder)
