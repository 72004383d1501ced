"""A new site secret: with grace both links open in a real browser, after it the new one alone."""

import json
import os
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from offerpress.site.keys import rotate
from offerpress.site.site import Site
from rewards import Fault
from tests.acceptance.conftest import AS_OF, SECRET, Call
from tests.servers.browsing import Reader, Server

PARTNER = "P-1001"
NEW = "5ec2" * 16


@pytest.fixture
def own_secret(site: Path, offerpress: Call, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site keeps its secret in its private folder, as most do."""
    del offerpress  # which sets the environment that is changed here
    monkeypatch.delenv("OFFERPRESS_SITE_SECRET")
    private = site / "private"
    private.mkdir(mode=0o700)
    (private / "site-secret").write_text(f"{SECRET}\n", encoding="ascii")
    return private


def states(browser: Browser, output: Path, fragments: list[str]) -> list[str | None]:
    """What the page says for each link once a reader asks for the statement."""
    found = []
    with closing(Server(output)) as server:
        for fragment in fragments:
            context = browser.new_context()
            reader = Reader(context)
            reader.open(f"{server.url()}/statement/#{fragment}")
            reader.show()
            found.append(reader.state)
            context.close()
    return found


def link(offerpress: Call) -> tuple[str, str]:
    """The partner's present link after its `#`, and its reference."""
    told = json.loads(offerpress("link", PARTNER, "--json").out)
    return told["link"].partition("#")[2], told["reference"]


def test_both_links_open_in_the_grace_and_then_the_new_one(
    site: Path, own_secret: Path, offerpress: Call, browser: Browser
) -> None:
    """A build makes each change; `verify` agrees before and after, and says when a build is due."""
    old, old_reference = link(offerpress)
    assert 0 == offerpress("build", *AS_OF).code
    assert {"key_version": 2} == {
        key: value
        for key, value in offerpress("rotate-secret", "--grace", "30", "--json").json.items()
        if key != "former_until"
    }
    new, new_reference = link(offerpress)
    assert 1 == offerpress("verify").code
    assert 0 == offerpress("build", *AS_OF).code
    assert ["open", "open"] == states(browser, site / "output", [old, new])
    assert 0 == offerpress("verify").code
    for reference in (old_reference, new_reference):
        assert PARTNER in offerpress("find", reference, *AS_OF, "--json").out
    versions = own_secret / "keys.json"
    noted = json.loads(versions.read_text(encoding="ascii"))
    noted["former"]["until"] = "2024-01-31"  # as if the time had passed
    versions.write_text(json.dumps(noted), encoding="ascii")
    assert "still open, though their grace is over" in offerpress("verify").err
    assert 0 == offerpress("build", *AS_OF).code
    assert ["unknown", "open"] == states(browser, site / "output", [old, new])
    assert 0 == offerpress("verify").code
    assert 1 == offerpress("find", old_reference, *AS_OF).code


def test_a_rotation_without_grace_leaves_no_old_link(
    site: Path, own_secret: Path, offerpress: Call, browser: Browser
) -> None:
    """As after a leak: the former secret is gone too; and a grace can be ended early, but not overlapped."""
    assert 0 == offerpress("rotate-secret", "--grace", "30").code
    again = offerpress("rotate-secret", "--grace", "30")
    assert (1, True) == (again.code, "the grace of an earlier rotation lasts until" in again.err)
    old, _ = link(offerpress)
    assert 0 == offerpress("rotate-secret", "--grace", "0").code
    assert ["keys.json", "policy.cache", "site-secret"] == sorted(
        path.name for path in own_secret.iterdir() if path.is_file()
    )
    new, _ = link(offerpress)
    assert 0 == offerpress("build", *AS_OF).code
    assert ["unknown", "open"] == states(browser, site / "output", [old, new])
    assert 0 == offerpress("rotate-secret", "--grace", "1").code
    assert 0 == offerpress("rotate-secret", "--end").code
    assert not (own_secret / "site-secret.former").exists()
    assert 2 == offerpress("rotate-secret").code


def test_secrets_of_the_environment_are_rotated_there(site: Path, offerpress: Call) -> None:
    """The new one and the one up to now stand in two variables; a wrong one is recognised from then on."""
    old, _ = link(offerpress)
    lacking = offerpress("rotate-secret", "--grace", "7", OFFERPRESS_SITE_SECRET=NEW)
    assert (1, True) == (lacking.code, "OFFERPRESS_FORMER_SITE_SECRET" in lacking.err)
    same = offerpress("rotate-secret", "--grace", "7", OFFERPRESS_FORMER_SITE_SECRET=NEW)
    assert (1, True) == (same.code, "are the same" in same.err)
    assert 0 == offerpress("rotate-secret", "--grace", "7", OFFERPRESS_FORMER_SITE_SECRET=SECRET).code
    assert not (site / "private" / "site-secret").exists()
    assert 0 == offerpress("build", *AS_OF).code
    assert 0 == offerpress("verify").code
    assert old != link(offerpress)[0]
    missing = offerpress("build", *AS_OF, OFFERPRESS_FORMER_SITE_SECRET="")
    assert (1, True) == (missing.code, "the former site secret is missing" in missing.err)
    wrong = offerpress("build", *AS_OF, OFFERPRESS_SITE_SECRET="0123" * 16)
    assert (1, True) == (wrong.code, "this is another site secret" in wrong.err)


def test_a_rotation_that_broke_off_is_finished(own_secret: Path) -> None:
    """Before its last step the keys of two secrets are recognised as such, and the next call makes them work."""
    today, until = datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 30)
    site = Site(own_secret.parent, today, {})
    assert 2 == rotate(site, os.urandom, until)
    (own_secret / "site-secret").rename(own_secret / "site-secret.new")
    (own_secret / "site-secret").write_text(SECRET, encoding="ascii")
    faults: list[Fault] = []
    assert site.read_keys(faults) is None
    assert "call rotate-secret again" in faults[0].remedy
    assert 2 == rotate(site, os.urandom, until)
    keys = site.read_keys(faults)
    assert keys is not None
    former = keys.former_keys(site.today)
    assert former is not None
    assert SECRET == former.secret.hex() != keys.secret.hex()


def test_a_rotation_that_hardly_began_changed_nothing(own_secret: Path) -> None:
    """A new secret that nothing depends on yet is thrown away."""
    site = Site(own_secret.parent, datetime(2024, 1, 1, tzinfo=UTC), {})
    (own_secret / "site-secret.new").write_text(NEW, encoding="ascii")
    assert 2 == rotate(site, os.urandom, date(2024, 1, 30))
    assert NEW not in (own_secret / "site-secret").read_text(encoding="ascii")
    assert not (own_secret / "site-secret.new").exists()
