"""The three ways in which partners reach their statements, and what a campaign may load."""

import json
import shutil
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.batch.freezing import freeze_batch
from tests.acceptance.conftest import AS_OF, PLAN, Call


def choose(site: Path, access: str) -> None:
    """Sets `[statements] access`."""
    marker = site / "offerpress.toml"
    text = marker.read_text(encoding="utf-8")
    assert 'access = "link"' in text
    marker.write_text(text.replace('access = "link"', f'access = "{access}"'), encoding="utf-8")


def test_plain_statements_are_no_leak(offerpress: Call, site: Path) -> None:
    """With `plain` the statements are open by choice, so `verify` agrees; a name elsewhere is still found."""
    choose(site, "plain")
    assert 0 == offerpress("build", *AS_OF).code
    assert 0 == offerpress("verify").code
    page = site / "output" / "about" / "index.html"
    page.write_text("Aldergrove Phones", encoding="utf-8")
    said = offerpress("verify")
    assert (1, True) == (said.code, "about/index.html" in said.err and "particulars in the open" in said.err)


def test_without_statements_there_is_no_link(offerpress: Call, site: Path) -> None:
    """With `none`, `link` and `find` say that there are no links and what to set."""
    choose(site, "none")
    for arguments in (("link", "P-1001"), ("find", "K7Q2-9FXM")):
        said = offerpress(*arguments)
        assert (1, "", True) == (said.code, said.out, "access is" in said.err)


def test_a_batch_rewritten_as_a_whole_is_found(offerpress: Call, planned: Path, tmp_path: Path) -> None:
    """A batch that is consistent in itself but is not the one that was registered differs for `verify`."""
    file = planned / "private" / "batches" / f"{PLAN}.batch"
    with Batch.open(file) as batch:
        notices = [notice.model_copy(update={"subject": "Another subject"}) for notice in batch.messages()]
        freeze_batch(tmp_path, batch.header, notices).close()
    file.unlink()
    shutil.copyfile(tmp_path / f"{PLAN}.batch", file)
    said = offerpress("verify", PLAN, "--json")
    assert (1, ["batch"]) == (said.code, [finding["channel"] for finding in json.loads(said.out)["findings"]])


def test_a_mail_loads_no_image_from_elsewhere(offerpress: Call, site: Path) -> None:
    """An image of another host would tell it who reads: a fault. One of our own goes in under the site's address."""
    campaign = site / "content" / "campaigns" / "year-end-credit.md"
    text = campaign.read_text(encoding="utf-8")
    for address in ("https://other.example/p.png", "https://partners.ostrabell.example.evil.example/p.png"):
        campaign.write_text(f"{text}\n![x]({address})\n", encoding="utf-8")
        said = offerpress("check", *AS_OF)
        assert (1, True) == (said.code, "would be loaded from another site" in said.err), said.err
    campaign.write_text(f"{text}\n![x](../static/ostrabell.svg)\n", encoding="utf-8")
    assert 0 == offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia").code
    html = offerpress("notice", PLAN, "P-1002", "--format", "html").out
    assert 'src="https://partners.ostrabell.example/ostrabell.svg"' in html
