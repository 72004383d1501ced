"""The private link in a real browser: whose statement it opens, and what nobody else sees of it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from generator.statements.packs import PackReader
from rewards import statement_json
from tests.samples.statement_site import AS_OF, PARTNERS, link_of, shell_of, site_files, statement_of
from tests.servers.browsing import Reader, Server

Serve = Callable[[Mapping[str, bytes]], Server]
Read = Callable[..., Reader]
# What is on the page, without what the script needs and what it adds for long tables.
FILLED = """(where) => {
    const copy = document.querySelector(where).cloneNode(true);
    for (const one of copy.querySelectorAll("*")) {
        for (const place of ["each", "if", "text", "name", "set", "stop"]) delete one.dataset[place];
    }
    for (const button of copy.querySelectorAll("th button")) button.replaceWith(button.textContent);
    for (const search of copy.querySelectorAll(".search")) search.hidden = true;
    return copy.innerHTML.trim();
}"""


@pytest.fixture
def server(serve: Serve, files: dict[str, bytes]) -> Server:
    """The made-up site as it was built."""
    return serve(files)


def test_good_link_opens_exactly_that_statement(server: Server, read: Read) -> None:
    """A private link shows its own partner's name, figures and dates, and no other partner's."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    assert reader.state == "open"
    assert reader.page.inner_text("h1 >> visible=true") == "Northwind Traders"
    expected = ["Grace Example", "€12,345.67", "15%", "€1,851.85", "€140.00", "€1,711.85", "¥50"]
    expected += ["accruing", "PRO 8SC", "February 29, 2024", "1 of 10 held", "9 more can be registered"]
    expected += ["€7,652.20", "Gold", "Silver", "as of December 31, 2023", "Europe/Athens"]
    expected += ["Ada Example", link_of("P-1").reference]
    assert [text for text in expected if text not in reader.text] == []
    assert [row.name for key, row in PARTNERS.items() if key != "P-1" and row.name in reader.text] == []
    assert reader.page.evaluate("document.activeElement.id") == "statement"


def test_nothing_is_decrypted_before_the_click(server: Server, read: Read) -> None:
    """Opening a link alone shows the button and fetches no pack: programs that scan mail run scripts too."""
    reader = read()
    reader.open(server.link("P-1"))
    assert reader.state == "ready"
    assert reader.page.inner_text("#show") == "Show my statement"
    assert "Northwind" not in reader.page.content()
    assert [line for line in server.requests if "packs" in line] == []


def test_partner_reads_its_own_language(server: Server, read: Read) -> None:
    """The page speaks the browser's language, and with the statement the partner's."""
    reader = read(locale="es-MX")
    reader.open(server.link("P-2"))
    assert reader.page.inner_text("#show") == "Mostrar mi extracto"
    reader.show()
    assert reader.page.get_attribute("html", "lang") == "de"
    assert reader.page.title() == "Ihre private Abrechnung"
    assert "€\u00a01.711,85" in reader.text
    assert "Stand 31. Dezember 2023" in reader.text


def test_unknown_browser_language_reads_the_default(server: Server, read: Read) -> None:
    """A browser in a language that the site lacks shows the site's default."""
    reader = read(locale="fi-FI")
    reader.open(server.link("P-1"))
    assert reader.page.get_attribute("html", "lang") == "en"
    assert reader.page.inner_text("#show") == "Show my statement"


def test_upper_cased_link_opens(server: Server, read: Read) -> None:
    """A link that a mail system upper-cased, with a full stop caught behind it, opens."""
    reader = read()
    base, fragment = server.link("P-1").split("#")
    reader.open(f"{base}#{fragment.upper()}.")
    reader.show()
    assert reader.state == "open"


def test_server_never_learns_the_key(server: Server, read: Read) -> None:
    """No request line or header holds the fragment, the key or a referrer; none leaves the site."""
    reader = read()
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.open(server.link("P-1"))
    reader.show()
    reader.page.click("header.bar a")
    reader.page.wait_for_url(f"{server.url()}/")
    log = "\n".join(server.requests)
    link = link_of("P-1")
    assert log.count("statement/packs/") == 2
    secrets = [link.fragment[:12], link.secret.hex(), link.key.hex(), link.locator.hex()]
    assert [secret for secret in secrets if secret in log.lower()] == []
    assert [request for request in server.requests if "referer" in request.lower()] == []
    assert [url for url in asked if not url.startswith(server.url())] == []


def test_console_is_clean_under_the_policy(server: Server, read: Read) -> None:
    """Neither page nor script breaks the content security policy, and nothing else is wrong."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    assert reader.state == "open"
    assert reader.console == []


def test_address_bar_is_cleaned(server: Server, read: Read) -> None:
    """The key leaves the address bar at once, so that neither a bookmark nor a screenshot holds it."""
    reader = read()
    reader.open(server.link("P-1"))
    assert reader.page.url == f"{server.url()}/statement/"


def test_download_is_the_statement(server: Server, read: Read) -> None:
    """The download is the statement's JSON, with the day that the site was built as of."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    with reader.page.expect_download() as download:
        reader.page.click("#json")
    assert download.value.suggested_filename == "Ostrabell-Partners-P-1-2023-12-31.json"
    assert json.loads(Path(download.value.path()).read_bytes()) == statement_json(statement_of("P-1"))


def test_hostile_name_is_text(server: Server, read: Read) -> None:
    """Markup in a partner's name is shown as text and runs nothing."""
    reader = read()
    reader.open(server.link("P-4"))
    reader.show()
    assert reader.page.inner_text("article h1") == PARTNERS["P-4"].name
    assert reader.page.locator("article img, article script").count() == 0
    assert reader.console == []


def test_right_to_left_name_stays_within_itself(server: Server, read: Read) -> None:
    """A right-to-left name stands in its own isolate and does not turn the line around it."""
    reader = read()
    reader.open(server.link("P-3"))
    reader.show()
    assert reader.page.inner_text("article h1 bdi") == PARTNERS["P-3"].name
    assert (
        reader.page.evaluate("getComputedStyle(document.querySelector('article h1 bdi')).unicodeBidi")
        == "isolate"
    )
    assert reader.page.get_attribute("article", "dir") == "ltr"


def test_statement_without_benefits(server: Server, read: Read) -> None:
    """A partner who sold nothing opens a statement from another size class, with what is still open to it."""
    reader = read()
    reader.open(server.link("P-5"))
    reader.show()
    assert "0 of 2 held" in reader.text
    assert "Another €1,000.00 and you reach Bronze." in reader.text


def test_browser_shows_what_verify_reads(server: Server, files: dict[str, bytes], read: Read) -> None:
    """What the browser makes of shell and record is, for every partner, what Python makes of them."""
    packs = PackReader(files)
    reader = read()
    blank = reader.context.new_page()
    for partner_id in PARTNERS:
        reader.page.goto("about:blank")
        reader.open(server.link(partner_id))
        reader.show()
        language = reader.page.get_attribute("html", "lang") or ""
        record = packs.open(link_of(partner_id))
        values = json.loads(record.shown)
        blank.set_content(shell_of(language).filled(json.loads(record.figures), values, AS_OF))
        assert reader.page.evaluate(FILLED, "#statement") == blank.evaluate(FILLED, "body")


def test_two_links_in_one_tab(server: Server, read: Read) -> None:
    """Pasting another link over an open statement closes it and offers the other."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    reader.page.evaluate("fragment => { location.hash = fragment }", link_of("P-2").fragment)
    reader.page.wait_for_selector("body[data-state=ready]")
    assert "Northwind" not in reader.page.content()
    reader.show()
    assert "Müller & Söhne GmbH" in reader.text


def test_closing_wipes(server: Server, read: Read) -> None:
    """Close takes the statement out of the page and says how to see it again."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    reader.page.click("#close")
    assert reader.state == "closed"
    assert "open the link in our mail" in reader.text
    assert "Northwind" not in reader.page.content()


def test_back_button_shows_nothing(server: Server, read: Read) -> None:
    """Leaving wipes the page, so the browser's back/forward cache holds no statement."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    reader.page.evaluate("window.kept = true")
    reader.page.goto(server.url())
    reader.page.go_back(wait_until="commit")
    reader.page.wait_for_selector("body[data-state]")
    assert reader.page.evaluate("window.kept"), "the page came from the back/forward cache"
    assert reader.state == "closed"
    assert "Northwind" not in reader.page.content()


def test_reload_shows_nothing(server: Server, read: Read) -> None:
    """After a reload the page has no key any more and asks for the link."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    reader.page.reload()
    reader.page.wait_for_selector("body[data-state=none]")
    assert "Please open that link" in reader.text


def test_renewed_link_replaces_the_old_one(serve: Serve, read: Read) -> None:
    """After a revocation the new link opens and the old one is no longer valid."""
    server = serve(site_files({"P-1": 1}))
    old, new = read(), read()
    old.open(server.link("P-1"))
    old.show()
    assert old.state == "unknown"
    new.open(server.link("P-1", epoch=1))
    new.show()
    assert new.state == "open"
