"""Signed approvals: a virtual device signs in a real browser, and `verify` proves offline who approved which bytes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import PLAN, PLANNED, called, copy_sample
from tests.servers.studio import PASSPHRASE, Seat, invite, join, seated, started, stop, with_device

TOTAL = "71606.24"


class Signers(NamedTuple):
    """The site, which takes signed approvals only, its plan by Mia, and Finn with a virtual device."""

    site: Path
    mia: Seat
    finn: Seat


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Signers]:
    """The sample site with `approvals = "signed"` and a plan, in a studio with two people."""
    site = copy_sample(tmp_path_factory.mktemp("site"))
    settings = site / "offerpress.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[mail]\n", '[mail]\napprovals = "signed"\n'), encoding="utf-8")
    said = called(site, *PLANNED)
    assert 0 == said.code, said.err
    office = started(site)
    mia = join(seated(browser, office.origin), office.first, "Mia")
    finn = with_device(invite(mia, browser, "Finn", "Approver"))
    yield Signers(site, mia, finn)
    for one in (mia, finn):
        one.page.context.close()
    stop(office)


def plan_page(signers: Signers) -> Page:
    """Finn's page of the plan, with the total typed."""
    page = signers.finn.open(f"/plan?plan={PLAN}")
    page.get_by_label("Type the total in EUR").fill(TOTAL)
    return page


def stored(signers: Signers) -> list[dict[str, Any]]:
    """The signed approvals in `private/approvals`."""
    file = signers.site / "private" / "approvals" / f"{PLAN}.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["approvals"]
    return rows


def test_a_name_alone_approves_nothing(signers: Signers) -> None:
    """The command refuses, and so does the studio without a passkey; a plan that was approved before is not sent."""
    said = called(signers.site, "approve", PLAN, "--by", "Finn")
    assert (1, True) == (said.code, 'approvals is "signed"' in said.err)
    page = signers.finn.open(f"/plan?plan={PLAN}")
    expect(page.get_by_text("This site takes signed acts only.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_passkey_needs_the_passphrase(signers: Signers) -> None:
    """Whoever finds an open browser adds no device of their own."""
    page = signers.finn.open("/me")
    page.fill("#device", "Phone")
    page.fill("#passphrase", "another passphrase")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_have_text("That is not your passphrase.")
    page.fill("#passphrase", PASSPHRASE)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".rows bdi")).to_have_text(["Phone"])


def test_a_wrong_total_asks_no_device(signers: Signers) -> None:
    """Everything else is checked before the device is asked, and the form keeps what was typed."""
    page = plan_page(signers)
    page.get_by_label("Type the total in EUR").fill("1")
    page.get_by_role("button", name="Approve with your passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("another than that of the plan")
    assert not (signers.site / "private" / "approvals").exists()


def test_the_device_signs_the_bytes(signers: Signers) -> None:
    """One press and the device approve; the outbox has the person's id, and `verify` names the signer."""
    page = plan_page(signers)
    page.get_by_role("button", name="Approve with your passkey").click()
    expect(page.locator("[data-word]")).to_have_text("Due")
    (one,) = stored(signers)
    assert (PLAN, "finn", "Finn") == (one["plan"], one["person"], one["name"])
    told = called(signers.site, "verify")
    assert (0, True) == (told.code, "all agree" in told.err), told.err
    assert f"{PLAN}: approved by Finn (finn), {one['at']}, signed with a passkey" in told.err
    assert [] == signers.finn.said


def test_a_used_signature_fits_nothing_else(signers: Signers) -> None:
    """The same answer of the device, posted again or for another digest, approves nothing."""
    (one,) = stored(signers)
    page = signers.finn.open("/")
    token = page.locator("input[name=form_token]").first.get_attribute("value")
    for digest in (one["digest"], "0" * 64):
        form = {
            "form_token": token,
            "plan": PLAN,
            "digest": digest,
            "total": TOTAL,
            "signed": json.dumps(one["assertion"]),
        }
        answer = page.request.post(
            f"{signers.finn.origin}/plan/approve",
            form=form,  # type: ignore[arg-type] # all texts
            headers={"Origin": signers.finn.origin},
        )
        assert 409 == answer.status
    assert [one] == stored(signers)


@pytest.mark.parametrize(
    ("field", "value"),
    [("person", "mia"), ("digest", "0" * 64), ("at", "2023-12-31T12:00:00+00:00")],
)
def test_verify_names_a_forged_approval(signers: Signers, field: str, value: str) -> None:
    """Another person, digest or instant in the stored approval is a difference, and the plan is not sent."""
    file = signers.site / "private" / "approvals" / f"{PLAN}.json"
    before = file.read_bytes()
    file.write_text(json.dumps({"approvals": [stored(signers)[0] | {field: value}]}), encoding="utf-8")
    told, sent = called(signers.site, "verify"), called(signers.site, "send", PLAN)
    file.write_bytes(before)
    assert (1, True) == (told.code, "the signature is not one of " in told.err), told.err
    assert (1, True) == (sent.code, f"not signed: {PLAN}" in sent.err), sent.err


def test_a_signature_of_another_key_proves_nothing(signers: Signers) -> None:
    """The signature must be one of the person's passkeys; a passkey that was taken out still proves what it signed."""
    page = signers.finn.open("/me")
    page.get_by_role("button", name="Remove Phone").click()
    expect(page.get_by_text("You have none yet.")).to_be_visible()
    assert 0 == called(signers.site, "verify").code
    file = signers.site / "private" / "people"
    before = file.read_bytes()
    people = json.loads(before)
    people["people"][1]["passkeys"] = []
    file.write_text(json.dumps(people), encoding="utf-8")
    told = called(signers.site, "verify")
    file.write_bytes(before)
    assert (1, True) == (told.code, "the signature is not one of Finn" in told.err), told.err


def test_a_signed_plan_is_sent(signers: Signers) -> None:
    """With its signature in place it leaves like any other."""
    said = called(signers.site, "send", PLAN)
    assert (0, True) == (said.code, "56 accepted" in said.err), said.err
