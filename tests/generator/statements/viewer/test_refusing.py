"""What the reader is told when a statement cannot be shown: a sentence for each cause, and no figure."""

import json
from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Route

from generator.statements.links import link_secret
from tests.samples.statement_site import SETTINGS, link_of
from tests.servers.browsing import Reader, Server

Serve = Callable[[Mapping[str, bytes]], Server]
Read = Callable[..., Reader]
PACK = "statement/packs/1k-0/0.bin"


@pytest.fixture
def server(serve: Serve, files: dict[str, bytes]) -> Server:
    """The made-up site as it was built."""
    return serve(files)


def swapped(text: str, place: int) -> str:
    """The fragment with one letter mistyped."""
    return text[:place] + ("a" if text[place] != "a" else "b") + text[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda fragment: fragment[:-1], id="last letter cut"),
        pytest.param(lambda fragment: swapped(fragment, 3), id="mistyped"),
        pytest.param(lambda fragment: fragment[:10] + " " + fragment[10:], id="blank within"),
        pytest.param(lambda fragment: fragment[:20], id="half cut", marks=pytest.mark.long),
        pytest.param(lambda fragment: swapped(fragment, 35), id="checksum mistyped", marks=pytest.mark.long),
        pytest.param(lambda fragment: fragment + "a", id="letter added", marks=pytest.mark.long),
    ],
)
def test_damaged_link(server: Server, read: Read, damage: Callable[[str], str]) -> None:
    """A link that was cut off or mistyped is called damaged, without asking the server for anything."""
    reader = read()
    reader.open(f"{server.url()}/statement/#{damage(link_of('P-1').fragment)}")
    assert reader.state == "damaged"
    assert "This link is damaged" in reader.text
    assert "36 letters and digits" in reader.text
    assert not reader.page.is_visible("#show")
    assert [line for line in server.requests if "packs" in line] == []


@pytest.mark.parametrize(
    "link",
    [link_of("P-1", epoch=1), link_secret(bytes(32), "P-1"), link_of("P-99")],
    ids=["revoked", "another site's", "unknown partner's"],
)
def test_unknown_link(server: Server, read: Read, link: object) -> None:
    """A whole link that opens nothing here is called no longer valid."""
    reader = read()
    reader.open(f"{server.url()}/statement/#{link.fragment}")  # type: ignore[attr-defined]
    reader.show()
    assert reader.state == "unknown"
    assert "This link is no longer valid" in reader.text
    assert not reader.page.is_visible("#show")


def test_no_link(server: Server, read: Read) -> None:
    """The page without a link says where the link is to be found."""
    reader = read()
    reader.open(f"{server.url()}/statement/")
    assert reader.state == "none"
    assert "Please open that link" in reader.text


@pytest.mark.parametrize(
    "place", [0, 48, -1, *(pytest.param(place, marks=pytest.mark.long) for place in (5, 20, 60, 9000))]
)
def test_changed_pack(serve: Serve, files: dict[str, bytes], read: Read, place: int) -> None:
    """One bit changed anywhere in a pack keeps the statement closed."""
    spoilt = bytearray(files[PACK])
    spoilt[place] ^= 1
    server = serve({**files, PACK: bytes(spoilt)})
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    assert reader.state == "tampered"
    assert "could not be verified" in reader.text
    assert "Northwind" not in reader.page.content()


def test_pack_of_another_build(serve: Serve, files: dict[str, bytes], read: Read) -> None:
    """A web page in the place of a pack, as some hosts answer for missing files, is not taken for one."""
    server = serve({**files, PACK: b"<!doctype html><title>Not found</title>"})
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    assert reader.state == "tampered"


@pytest.mark.parametrize("index", [b"<!doctype html>", json.dumps({"format": 2, "packs": []}).encode()])
def test_unreadable_index(serve: Serve, files: dict[str, bytes], read: Read, index: bytes) -> None:
    """An index that is none, or of a format that this script does not know, opens nothing."""
    server = serve({**files, "statement/packs/index.json": index})
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    assert reader.state == "tampered"


def test_missing_pack_can_be_tried_again(serve: Serve, files: dict[str, bytes], read: Read) -> None:
    """A pack that is not there yet is called missing, and a second try opens the statement once it is."""
    server = serve({path: content for path, content in files.items() if path != PACK})
    reader = read()
    reader.open(server.link("P-1"))
    reader.show()
    assert reader.state == "missing"
    assert reader.page.inner_text("#show") == "Try again"
    (server.folder / PACK).parent.mkdir(exist_ok=True)
    (server.folder / PACK).write_bytes(files[PACK])
    reader.show_again()
    assert reader.state == "open"


def test_offline_can_be_tried_again(server: Server, read: Read) -> None:
    """Without a connection the reader is told so, and can try again when it is back."""
    reader = read()
    reader.open(server.link("P-1"))
    reader.context.set_offline(True)
    reader.show()
    assert reader.state == "offline"
    assert "You seem to be offline" in reader.text
    reader.context.set_offline(False)
    reader.show_again()
    assert reader.state == "open"


def test_insecure_origin(server: Server, read: Read) -> None:
    """Over plain http the browser has no cryptography: the page says so and what to do."""
    reader = read()
    reader.open(server.link("P-1", host="site.test"))
    assert reader.state == "insecure"
    assert "This connection is not secure" in reader.text
    assert not reader.page.is_visible("#show")
    assert reader.console == []


def test_no_javascript(server: Server, read: Read) -> None:
    """Without scripts the page says, in every language of the site, that it needs them and why."""
    reader = read(scripted=False)
    reader.page.goto(server.link("P-1"))
    sentences = reader.page.locator("noscript p")
    assert sentences.count() == len(SETTINGS.languages)
    assert "This page needs JavaScript: your statement is encrypted" in reader.text
    assert "Diese Seite braucht JavaScript" in reader.text
    assert not reader.page.is_visible("#show")


def test_changed_script_does_not_run(serve: Serve, files: dict[str, bytes], read: Read) -> None:
    """A script that is not the one the page names by its digest is not run."""
    path = next(path for path in files if path.startswith("statement/viewer-"))
    server = serve({**files, path: files[path] + b"\n// changed"})
    reader = read()
    reader.page.goto(server.link("P-1"))
    reader.page.wait_for_load_state("networkidle")
    assert reader.state is None
    assert any("integrity" in line for line in reader.console)


def test_inline_script_is_refused(server: Server, read: Read) -> None:
    """Were markup with a script ever inserted, policy and trusted types would stop it."""
    reader = read()
    reader.open(server.link("P-1"))
    with pytest.raises(PlaywrightError, match="TrustedHTML"):
        reader.page.evaluate("document.body.innerHTML = '<img src=x onerror=alert(1)>'")


def test_old_browser(server: Server, read: Read) -> None:
    """A browser that cannot undo the compression is told to be too old."""
    reader = read()
    reader.page.add_init_script("delete window.DecompressionStream")
    reader.open(server.link("P-1"))
    assert reader.state == "outdated"
    assert "This browser is too old" in reader.text


def test_leaving_while_loading(server: Server, read: Read) -> None:
    """A statement that arrives after the reader has closed the page is not shown."""
    reader = read()
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    reader.page.route("**/packs/index.json", hold)
    reader.open(server.link("P-1"))
    with reader.page.expect_request("**/packs/index.json"):
        reader.page.click("#show")
    reader.page.wait_for_selector("body[data-state=loading]")
    reader.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    assert reader.state == "closed"
    waiting[0].continue_()
    reader.page.wait_for_load_state("networkidle")
    assert reader.state == "closed"
    assert "Northwind" not in reader.page.content()
