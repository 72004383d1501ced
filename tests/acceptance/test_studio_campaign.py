"""A campaign in the studio by two people: planned, tested, rejected, planned again, approved, sent and settled."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.conftest import Said, called, change_sale, copy_sample, finished, installed
from tests.servers.provider import Answer, provider
from tests.servers.studio import PASSPHRASE, Seat, invite, join, seated, started, stop

FIRST, SECOND = "year-end-credit-1.1", "year-end-credit-1.2"
TOTAL = "71,598.11"  # 15 % of 54.18 EUR less than in the first plan


class Team(NamedTuple):
    """The site, Mia who writes and manages, and Finn who approves and sends."""

    site: Path
    mia: Seat
    finn: Seat

    def status(self, plan: str) -> dict[str, object]:
        """What `status --json` says about the plan."""
        return called(self.site, "status", plan, "--json").json


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Team]:
    """The sample site in a studio with two people, each with a browser of their own."""
    site = copy_sample(tmp_path_factory.mktemp("site"))
    office = started(site)
    mia = join(seated(browser, office.origin), office.first, "Mia")
    finn = invite(mia, browser, "Finn", "Approver", "Operator")
    yield Team(site, mia, finn)
    for one in (mia, finn):
        one.page.context.close()
    stop(office)


def plan_page(seat: Seat, plan: str) -> Page:
    """Go to the review of a plan."""
    return seat.open(f"/plan?plan={plan}")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is there; it must be seen where it is."""
    for _ in range(300):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            assert "none" != wanted.evaluate("(one) => getComputedStyle(one).outlineStyle")
            return
    pytest.fail(f"the keyboard does not reach {wanted}")


def approve(page: Page, total: str) -> None:
    """Type the total and approve."""
    page.get_by_label("Type the total in EUR").fill(total)
    page.get_by_label("Your passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Approve").click()


def refused(page: Page, words: str) -> None:
    """The sentence of a refusal."""
    expect(page.get_by_role("alert")).to_contain_text(words)


def test_the_maker_plans_and_tests_and_does_not_approve(team: Team) -> None:
    """A plan is made by a button, one mail of it goes to one address, and its maker sees no form to approve."""
    page = team.mia.open("/plans")
    page.get_by_role("button", name="Plan year-end-credit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(FIRST)
    expect(page.get_by_text("You made this plan, so another person approves it.")).to_be_visible()
    page.click("text=Send one as a test")
    page.get_by_label("To this address only").fill("mia@vendor.example")
    page.get_by_role("button", name="Send the test mail").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The test mail is on its way")
    (mail,) = (team.site / "private" / "mail" / "new").iterdir()
    assert b"\nSubject: [Test]" in mail.read_bytes()
    assert b"\nTo: mia@vendor.example" in mail.read_bytes()
    assert ("open", 56) == (team.status(FIRST)["standing"], team.status(FIRST)["ready"])


def test_a_rejection_goes_back_to_the_maker(team: Team) -> None:
    """Finn rejects with a note; Mia reads it, and the plan cannot be approved any more, on the command line either."""
    page = plan_page(team.finn, FIRST)
    page.get_by_label("What has to change").fill("Name the day of the credit.")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("[data-word]")).to_have_text("Stopped")
    expect(plan_page(team.mia, FIRST).get_by_text("Name the day of the credit.")).to_be_visible()
    said = called(team.site, "approve", FIRST, "--by", "Finn")
    assert (1, True) == (said.code, "it was cancelled" in said.err)


def test_a_wrong_total_approves_nothing(team: Team) -> None:
    """The new plan says how it differs; the total must be that of the plan, or nothing is approved."""
    change_sale(team.site, "A-01232", "1000.00")
    page = team.mia.open("/plans")
    page.get_by_role("button", name="Plan year-end-credit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SECOND)
    expect(page.get_by_text(f"Compared with {FIRST}: 0 new, 0 gone, 1 with other sums.")).to_be_visible()
    team.mia.open("/history")
    page = plan_page(team.finn, SECOND)
    approve(page, "71,606.24")
    refused(page, "The total in EUR that you typed is another")
    said = called(team.site, "send", SECOND)
    assert (1, True) == (said.code, "approve" in said.err), said.err


def test_a_look_at_a_mail_is_kept(team: Team) -> None:
    """By keyboard alone Finn says that he looked at two mails; page and history name him and these bytes."""
    page = plan_page(team.finn, SECOND)
    looked = page.locator("[data-looked]")
    expect(looked).to_have_text(re.compile("^0 of [0-9]+ looked at.$"))
    tab_to(page, page.locator("#read tbody a").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("To ")
    for _ in range(2):
        before = page.url
        tab_to(page, page.get_by_role("button", name="I have looked at this"))
        page.keyboard.press("Enter")
        expect(page).not_to_have_url(before)
    page = plan_page(team.mia, SECOND)
    expect(page.locator("[data-looked]")).to_have_text(re.compile("^2 of [0-9]+ looked at, by Finn.$"))
    expect(page.locator("#read tbody td:last-child", has_text="Finn")).to_have_count(2)
    kept = [one for one in history(team) if one["action"] == "confirmed to have looked at a mail"]
    digest = team.finn.open(f"/plan?plan={SECOND}").inner_text(".digest")
    assert [("finn", SECOND, f"digest {digest}")] * 2 == [
        (one["person"], one["subject"], one["note"]) for one in kept
    ]


def history(team: Team) -> list[dict[str, str]]:
    """The lines of `private/history`."""
    text = (team.site / "private" / "history").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_checklist_says_what_is_open(team: Team) -> None:
    """The first plan had a test mail, the second had none; a site that was never built is said with its cure."""
    row = "[aria-labelledby=ready] li"
    expect(plan_page(team.mia, FIRST).locator(row).first).to_contain_text("yes A test mail was sent")
    page = plan_page(team.mia, SECOND)
    expect(page.locator(row).first).to_contain_text("no A test mail was sent")
    site = page.locator(row, has_text="The site is built as of 31 December 2023")
    expect(site).to_contain_text("It was never built here. An operator builds it")
    expect(page.locator(row, has_text="to nobody")).to_contain_text("no The provider is set up (folder)")
    expect(page.locator("[aria-labelledby=who]")).to_contain_text("German")


def test_the_approval_is_that_of_the_command(team: Team) -> None:
    """Finn approves by keyboard alone; the outbox names his id, and an old form in a second tab does nothing more."""
    old = team.finn.page.context.new_page()
    old.route("**/plan/live?**", lambda route: route.abort())  # otherwise the page follows by itself
    old.goto(f"{team.finn.origin}/plan?plan={SECOND}")
    page = plan_page(team.finn, SECOND)
    for field, text in (("Type the total in EUR", TOTAL), ("Your passphrase", PASSPHRASE)):
        tab_to(page, page.get_by_label(field))
        page.keyboard.type(text)
    tab_to(page, page.get_by_role("button", name="Approve"))
    page.keyboard.press("Enter")
    expect(page.locator("[data-word]")).to_have_text("Due")
    expect(page.get_by_text("by Finn, ")).to_be_visible()
    assert re.search("2 of [0-9]+ mails to read looked at$", history(team)[-1]["note"])
    approve(old, TOTAL)
    refused(old, "It is approved already, by Finn.")
    old.close()
    mails = [one for one in told(team, "P-1001") if one["plan"] == SECOND]
    assert [["finn"]] == [one["approved_by"] for one in mails]


def told(team: Team, partner: str) -> list[dict[str, object]]:
    """What `told --json` lists."""
    rows = called(team.site, "told", partner, "--json").json["told"]
    assert isinstance(rows, list)
    return rows


def test_a_paused_plan_waits(team: Team) -> None:
    """Pause and its end change what the commands see, and Mia's open page follows without a hand."""
    watching = plan_page(team.mia, SECOND)
    page = plan_page(team.finn, SECOND)
    page.get_by_role("button", name="Pause").click()
    expect(watching.locator("[data-word]")).to_have_text("Paused")
    assert "paused" == team.status(SECOND)["standing"]
    page.get_by_role("button", name="Let it go on").click()
    expect(watching.locator("[data-word]")).to_have_text("Due")


def unknown(site: Path, plan: str) -> Said:
    """Send one mail to a provider that gives no answer."""
    with provider(Answer(408)) as server:
        keys = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": server.base_url}
        once = ("send", plan, "--transport", "sendgrid", "--limit", "1")
        return finished(installed(site, *once, environment=keys))


def test_an_unknown_outcome_is_settled_with_a_reason(team: Team) -> None:
    """The page names the mail with its evidence; the decision needs a reason, and is kept with the person's id."""
    assert 1 == unknown(team.site, SECOND).code
    page = plan_page(team.finn, SECOND)
    expect(page.locator("[data-word]")).to_have_text("Needs you")
    page.get_by_label("Send it again").check()
    page.get_by_label("Why").fill("The provider lists nothing.")
    page.get_by_label("Your passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Settle it").click()
    expect(page.locator("[data-word]")).to_have_text("Sending")
    (settled,) = [one for name in ("P-1001",) for one in told(team, name) if one["plan"] == SECOND]
    assert [("resend", "finn", "The provider lists nothing.")] == [
        (one["decision"], one["by"], one["reason"])
        for one in settled["decisions"]  # type: ignore[attr-defined] # a list
    ]


def test_sending_is_followed_live(team: Team) -> None:
    """Finn starts the sender; Mia's open page counts up to the end, as `status --json` does."""
    watching = plan_page(team.mia, SECOND)
    page = plan_page(team.finn, SECOND)
    page.get_by_role("button", name="Send what is due").click()
    expect(watching.locator("[data-word]")).to_have_text("Done", timeout=60_000)
    expect(watching.locator("[data-count=accepted]")).to_have_text("56")
    assert (56, 0) == (team.status(SECOND)["accepted"], team.status(SECOND)["ready"])
    page = team.finn.open("/")
    expect(page.get_by_text("Finn started it")).to_be_visible()
    page.get_by_role("button", name="Stop sending").click()
    expect(page.get_by_text("From here nothing is being sent now.")).to_be_visible()
    expect(page.get_by_text("56 of 56 were sent.")).to_be_visible()


def test_the_partners_page_tells_what_became(team: Team) -> None:
    """Support sees both mails: the one that was left out and the one that was sent, with approval and decision."""
    page = team.mia.open("/partner?id=P-1001")
    chips = page.locator("[aria-labelledby=mails] .chip").all_inner_texts()
    assert ["sent", "left out"] == chips
    page.click("text=All about this mail")
    expect(page.get_by_text("resend by Finn: The provider lists nothing.")).to_be_visible()


def test_everything_is_in_the_history(team: Team) -> None:
    """Each action stands there with its person, the newest first, and the channels agree."""
    page = team.mia.open("/finance")
    page.click("text=Compare now")
    expect(page.get_by_text("All of them agree.")).to_be_visible()
    page = team.mia.open("/history")
    rows = [one.locator("th, td").all_inner_texts() for one in page.locator("tbody tr").all()]
    done = [
        (row[1], row[2].splitlines()[0]) for row in reversed(rows) if "looked" not in row[2].splitlines()[0]
    ]
    assert [
        ("Mia", "joined"),
        ("Mia", "invited a person"),
        ("Finn", "joined"),
        ("Mia", "made a plan"),
        ("Mia", "sent a test mail"),
        ("Finn", "wrote why a plan must not go on"),
        ("Finn", "rejected a plan"),
        ("Mia", "made a plan"),
        ("Finn", "approved a plan"),
        ("Finn", "paused a plan"),
        ("Finn", "let a plan go on"),
        ("Finn", "settled an unknown mail: resend"),
        ("Finn", "started sending what is due"),
        ("Finn", "stopped sending"),
        ("Mia", "compared all channels"),
    ] == done


def test_the_console_stays_silent(team: Team) -> None:
    """Under the policy no page had anything to complain of, but for the refusals, and no other host was asked."""
    refusals = [one for one in team.finn.said if "409 (Conflict)" in one]
    assert ([], refusals) == (team.mia.said, team.finn.said)
    assert set() == team.mia.strangers() | team.finn.strangers()
