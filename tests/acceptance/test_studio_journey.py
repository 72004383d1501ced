"""A campaign in the studio by two people, from the plan to the proof, with real browsers, devices and mail server."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import AS_OF, called, change_sale, copy_sample
from tests.servers.mail import Recorder, recording_server
from tests.servers.studio import (
    PASSPHRASE,
    Seat,
    flaws,
    invite,
    join,
    seated,
    started,
    stop,
    tab_to,
    with_device,
)

CAMPAIGN = "year-end-credit"
FIRST, SECOND, THIRD = (f"{CAMPAIGN}-1.{number}" for number in (1, 2, 3))
PARTNER, NAME, CUT = "P-1001", "Aldergrove Phones", "P-1055"
CUT_ADDRESS = "orders@zephyr-lane-1055.example"
HELD_FROM = 20
MAKE, CORRECT = f"Plan {CAMPAIGN}", "Plan these corrections"
REFUND = ("R-1", PARTNER, "2023-12-30", "-432.65", "EUR", "PRO 4SC", "A-02344", "refund")


@dataclass
class Team:
    """The site with signed approvals, its mail server, Mia who writes and manages, and Finn who approves and sends.

    `planned` is what `plan --json` says about each plan at the time when it was made.
    """

    site: Path
    relay: Recorder
    mia: Seat
    finn: Seat
    planned: dict[str, dict[str, Any]] = field(default_factory=dict)

    def json(self, *command: str) -> dict[str, Any]:
        """What a command says as JSON."""
        return called(self.site, *command, "--json").json


@pytest.fixture
def team(tmp_path: Path, browser: Browser) -> Iterator[Team]:
    """The sample site in a studio with two people, each with a browser and a device of their own."""
    site, relay = copy_sample(tmp_path), Recorder(cut=frozenset({CUT_ADDRESS}), hold_from=HELD_FROM)
    replace(site / "offerpress.toml", "[mail]\n", '[mail]\ntransport = "smtp"\napprovals = "signed"\n')
    with recording_server(relay) as port:
        office = started(site, environment={"OFFERPRESS_SMTP_URL": f"smtp://127.0.0.1:{port}"})
        mia = with_device(join(seated(browser, office.origin), office.first, "Mia"))
        finn = with_device(invite(mia, browser, "Finn", "Approver", "Operator"))
        yield Team(site, relay, mia, finn)
        relay.go.set()
        for one in (mia, finn):
            one.page.context.close()
        stop(office)


def replace(file: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = file.read_text(encoding="utf-8")
    assert 1 == text.count(old)
    file.write_text(text.replace(old, new), encoding="utf-8")


def plan_page(seat: Seat, plan: str) -> Page:
    """Go to the review of a plan."""
    return seat.open(f"/plan?plan={plan}")


def word(page: Page, *words: str) -> None:
    """The plan stands there, and the page says so, if need be without a hand."""
    expect(page.locator("[data-word]")).to_have_text(re.compile(f"^({'|'.join(words)})$"), timeout=180_000)


def test_a_campaign_from_the_plan_to_the_proof(team: Team) -> None:
    """Two people plan, reject, approve, send, settle, correct and prove; every figure is that of the commands."""
    for seat in (team.mia, team.finn):
        add_passkey(seat)
    plan_and_test(team)
    reject(team)
    plan_again(team)
    look_at_the_mails(team)
    approve(team, SECOND)
    hold_back(team)
    send_and_follow(team)
    settle_the_unknown(team)
    correct_after_a_refund(team)
    find_by_reference(team)
    prove(team)
    compare_every_figure(team)
    read_the_history(team)
    refusals = [one for one in team.finn.said if "409 (Conflict)" in one]
    assert ([], refusals) == (team.mia.said, team.finn.said)
    assert set() == team.mia.strangers() | team.finn.strangers()


def add_passkey(seat: Seat) -> None:
    """The person's device makes a passkey."""
    page = seat.open("/me")
    page.get_by_label("Name of the device").fill("Phone")
    page.get_by_label("Your passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".rows bdi")).to_have_text(["Phone"])


def press_plan(team: Team, button: str, plan: str, *options: str) -> Page:
    """Mia plans; what the command would say is kept, to be compared when all is over."""
    team.planned[plan] = team.json("plan", CAMPAIGN, *options, *AS_OF, "--dry-run")
    page = team.mia.open("/plans")
    if button == CORRECT:
        page.get_by_role("link", name=f"Corrections of {CAMPAIGN}").click()
        expect(page.get_by_text(f"a refund came: {REFUND[0]}")).to_be_visible()
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(plan)
    return page


def plan_and_test(team: Team) -> None:
    """The maker sees no form to approve. A test mail goes to one address and counts as no mail of the plan."""
    page = press_plan(team, MAKE, FIRST)
    expect(page.get_by_text("You made this plan, so another person approves it.")).to_be_visible()
    page.click("text=Send one as a test")
    page.get_by_label("To this address only").fill("mia@vendor.example")
    page.get_by_role("button", name="Send the test mail").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The test mail is on its way")
    assert ["mia@vendor.example"] == [to for _, (to,) in team.relay.envelopes]
    assert team.relay.messages[0]["Subject"].startswith("[Test] ")
    assert ("open", 56) == tuple(team.json("status", FIRST)[name] for name in ("standing", "ready"))


def reject(team: Team) -> None:
    """Mia reads the note of Finn on the page of the plan, which is stopped for good."""
    page = plan_page(team.finn, FIRST)
    expect(page.locator("[aria-labelledby=ready] li").first).to_contain_text("yes A test mail was sent")
    assert {} == flaws(page)
    page.get_by_label("What has to change").fill("One sale is wrong.")
    page.get_by_role("button", name="Reject").click()
    word(page, "Stopped")
    expect(plan_page(team.mia, FIRST).get_by_text("One sale is wrong.")).to_be_visible()
    assert "cancelled" == team.json("status", FIRST)["standing"]


def plan_again(team: Team) -> None:
    """The new plan, due in a minute, says how it differs; a total that is not the plan's approves nothing."""
    change_sale(team.site, "A-01232", "1000.00")
    due = (datetime.now(UTC) + timedelta(seconds=90)).replace(second=0).isoformat(timespec="seconds")
    replace(
        team.site / "content" / "campaigns" / f"{CAMPAIGN}.md", "send_at: 2023-12-31T18:00", f"send_at: {due}"
    )
    page = press_plan(team, MAKE, SECOND)
    expect(page.get_by_text(f"Compared with {FIRST}: 0 new, 0 gone, 1 with other sums.")).to_be_visible()
    expect(page.get_by_text("Up to date: every mail would be made the same way now.")).to_be_visible()
    assert datetime.fromisoformat(due) == datetime.fromisoformat(team.json("status", SECOND)["due_at"])
    page = plan_page(team.finn, SECOND)
    checks = page.locator("[aria-labelledby=ready] li")
    expect(checks.first).to_contain_text("no A test mail was sent")
    expect(checks.filter(has_text="The site is built as of 31 December 2023")).to_contain_text(
        "It was never built here."
    )
    page.get_by_label("Type the total in EUR").fill("71,606.24")
    page.get_by_role("button", name="Approve with your passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The total in EUR that you typed is another")


def look_at_the_mails(team: Team) -> None:
    """By keyboard alone Finn says that he looked at two mails; page and history name him and these bytes."""
    page = plan_page(team.finn, SECOND)
    expect(page.locator("[data-looked]")).to_have_text(re.compile("^0 of [0-9]+ looked at.$"))
    tab_to(page, page.locator("#read tbody a").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("To ")
    for _ in range(2):
        before = page.url
        tab_to(page, page.get_by_role("button", name="I have looked at this"))
        page.keyboard.press("Enter")
        expect(page).not_to_have_url(before)
    page = plan_page(team.finn, SECOND)
    expect(page.locator("[data-looked]")).to_have_text(re.compile("^2 of [0-9]+ looked at, by Finn.$"))
    kept = [one for one in history(team) if one["action"] == "confirmed to have looked at a mail"]
    digest = page.locator("p.digest").inner_text()
    assert [("finn", SECOND, f"digest {digest}")] * 2 == [
        (one["person"], one["subject"], one["note"]) for one in kept
    ]


def history(team: Team) -> list[dict[str, str]]:
    """The lines of `private/history`."""
    text = (team.site / "private" / "history").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def approve(team: Team, plan: str) -> None:
    """By keyboard alone Finn types the total and lets his device sign exactly these bytes."""
    page, planned = plan_page(team.finn, plan), team.planned[plan]
    digest = page.locator("p.digest").inner_text()
    field = page.get_by_label("Type the total in EUR")
    tab_to(page, field)
    page.keyboard.type(planned["totals"]["EUR"]["credit"])
    tab_to(page, page.get_by_role("button", name="Approve with your passkey"))
    page.keyboard.press("Enter")
    word(page, "Approved", "Due")
    expect(page.get_by_text("by Finn, ").first).to_be_visible()
    assert history(team)[-1]["note"].startswith(f"signed with a passkey, digest {digest}, ")


def hold_back(team: Team) -> None:
    """It waits for its time. Finn pauses it and lets it go on, and Mia's open page follows without a hand."""
    expect(team.mia.open("/").locator("[aria-labelledby=leaving]")).to_contain_text(SECOND)
    watching, page = plan_page(team.mia, SECOND), team.finn.page
    page.get_by_role("button", name="Pause").click()
    word(watching, "Paused")
    assert "paused" == team.json("status", SECOND)["standing"]
    page.get_by_role("button", name="Let it go on").click()
    word(watching, "Approved", "Due")


def send_and_follow(team: Team) -> None:
    """Finn starts the sender before the time has come; Mia's open page counts while the mail server works."""
    team.finn.page.get_by_role("button", name="Send what is due").click()
    watching = team.mia.page
    word(watching, "Sending")
    count = watching.locator("[data-count=accepted]")
    expect(count).to_have_text(re.compile("^(1[0-9]|[2-9])$"))
    between = int(count.inner_text())
    assert between <= team.json("status", SECOND)["accepted"] < 56
    team.relay.go.set()
    word(watching, "Needs you")
    expect(count).to_have_text("55")
    told = team.json("status", SECOND)
    assert (55, 1, 0) == (told["accepted"], told["unknown"], told["ready"])
    assert 57 == len(set(team.relay.message_ids)) == len(team.relay.messages)  # with the test mail


def settle_the_unknown(team: Team) -> None:
    """The page names the mail whose answer was cut; Finn decides with a reason, which is kept with his id."""
    page = plan_page(team.finn, SECOND)
    expect(page.locator("[aria-labelledby=unknown]")).to_contain_text(CUT)
    assert {} == flaws(page)
    page.get_by_label("Give it up").check()
    page.get_by_label("Why").fill("The server's log has it.")
    page.get_by_role("button", name="Settle it").click()
    word(page, "Done")
    expect(page.locator("[data-count=abandoned]")).to_have_text("1")
    (mail,) = [one for one in team.json("told", CUT)["told"] if one["plan"] == SECOND]
    assert [("give-up", "finn", "The server's log has it.")] == [
        (one["decision"], one["by"], one["reason"]) for one in mail["decisions"]
    ]
    stop_sending(team)


def stop_sending(team: Team) -> None:
    """Finn ends what he started."""
    page = team.finn.open("/")
    expect(page.get_by_text("Finn started it")).to_be_visible()
    page.get_by_role("button", name="Stop sending").click()
    expect(page.get_by_text("From here nothing is being sent now.")).to_be_visible()


def correct_after_a_refund(team: Team) -> None:
    """A refund arrives in the ledger: exactly its partner is told, by a plan that Finn signs like any other."""
    with (team.site / "data" / "sales.csv").open("a", encoding="utf-8", newline="") as table:
        csv.writer(table, lineterminator="\n").writerow(REFUND)
    page = press_plan(team, CORRECT, THIRD, "--corrections")
    assert 1 == team.planned[THIRD]["recipients"]
    page.locator("#read tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"To {NAME}")
    approve(team, THIRD)
    team.finn.page.get_by_role("button", name="Send what is due").click()
    word(team.finn.page, "Done")
    assert 58 == len(team.relay.messages)
    assert PARTNER.lower()[2:] in str(team.relay.messages[-1]["To"])
    stop_sending(team)


def find_by_reference(team: Team) -> None:
    """Support types the reference that stands on the mail, and finds the partner with every mail and its fate."""
    mail, _ = [one for one in team.relay.messages if PARTNER.lower()[2:] in str(one["To"])]
    body = mail.get_body(("plain",))
    assert body is not None
    (reference,) = set(re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", body.get_content()))
    page = team.mia.open("/partners")
    page.get_by_label("Find a partner or a mail").press_sequentially(reference)
    rows = page.locator("[data-found=partners] tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name=NAME).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    assert ["sent", "sent", "left out"] == page.locator("[aria-labelledby=mails] .chip").all_inner_texts()


def prove(team: Team) -> None:
    """All channels agree, and command and screen name who signed both plans."""
    said = called(team.site, "verify")
    assert (0, True) == (said.code, "all agree" in said.err), said.err
    page = team.mia.open("/finance")
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("All of them agree.")).to_be_visible()
    shown = page.locator("[aria-labelledby=check] li").all_inner_texts()
    for plan in (SECOND, THIRD):
        (signed,) = [one for one in shown if one.startswith(f"{plan}: approved by Finn (finn)")]
        assert signed.endswith("signed with a passkey")
        assert signed in said.err


def figures(page: Page, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, row by row, each figure as a command writes it."""
    section = page.locator("section", has=page.get_by_role("heading", name=heading, exact=True))
    read = "table => Array.from(table.tBodies[0].rows, row => Array.from(row.cells, cell => cell.innerText))"
    rows: list[list[str]] = section.locator("table").first.evaluate(read)
    return [[plain(cell) for cell in row] for row in rows]


def plain(text: str) -> str:
    """A figure without the commas between its thousands, and with a minus sign of ASCII."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("\N{MINUS SIGN}", "-")


def compare_every_figure(team: Team) -> None:
    """Plans, statuses, credits and the statement on the screens are those of `--json`, number by number."""
    for plan, planned in team.planned.items():
        page, status = plan_page(team.mia, plan), team.json("status", plan)
        read = "all => Object.fromEntries(all.map(one => [one.dataset.count, one.textContent]))"
        counts = {
            name: int(plain(text)) for name, text in page.locator("[data-count]").evaluate_all(read).items()
        }
        assert counts == {name: status[name] for name in counts}
        assert len(counts) == 7
        shown = {row[0]: row[1:3] + row[-1:] for row in figures(page, "What they are told to get")}
        assert shown == {
            currency: [str(one["partners"]), one["credit"], one["amount"]]
            for currency, one in planned["totals"].items()
        }
        languages = page.locator(".list", has_text="Language of the mail").locator("dd").all_inner_texts()
        assert sorted(map(int, languages)) == sorted(planned["languages"].values())
        left_out = page.locator("[aria-labelledby=skipped] .rows > li > span > b").all_inner_texts()
        assert sorted(map(int, left_out)) == sorted(planned["skipped"].values())
    compare_credits(team)
    page, told = team.mia.open(f"/partner?id={PARTNER}"), team.json("statement", PARTNER, *AS_OF)
    (entry,) = told["cashback"]
    assert f"{entry['to_credit']} EUR to credit" == plain(page.locator(".sums").inner_text())
    changes = next(one for one in team.json("told", PARTNER)["told"] if one["plan"] == THIRD)["changes"]
    text = plain(page.locator("[aria-labelledby=mails]").text_content() or "")
    assert all(f"{one['told']} → {one['now']}" in text for one in changes)
    assert changes


def compare_credits(team: Team) -> None:
    """The journal, and what each partner is due in the search, are those of `credits`."""
    told = team.json("credits", "cashback-2023", *AS_OF, "--accruing")
    page = team.mia.open("/finance")
    (row,) = [row for row in figures(page, "Journals") if "cashback-2023" in row[0]]
    totals = {line.split()[1]: line.split()[0] for line in row[4].splitlines()}
    assert (str(len(told["credits"])), told["totals"]) == (row[2], totals)
    owed = {row[0]: row[4] for row in figures(page, "What is owed")}
    assert told["totals"] == owed
    page = team.mia.open("/partners?find=P-10")
    shown = {
        (row[0].split()[-1], currency): amount
        for row in figures(page, "Partners")
        for amount, _, currency in (one.partition(" ") for one in row[4].split("; ") if one)
    }
    journal = {(one["partner_id"], one["currency"]): one["amount"] for one in told["credits"]}
    assert len(shown) > 40
    assert {key: one for key, one in shown.items() if Decimal(one)} == {
        key: one for key, one in journal.items() if key in shown
    }


def read_the_history(team: Team) -> None:
    """Each action stands there with its person, in order."""
    page = team.mia.open("/history")
    read = "rows => rows.map(row => [row.cells[1].innerText, row.cells[2].innerText.split('\\n')[0]])"
    rows = page.locator("tbody tr").evaluate_all(read)
    done = [(who, what) for who, what in reversed(rows) if "looked" not in what]
    assert [
        ("Mia", "joined"),
        ("Mia", "invited a person"),
        ("Finn", "joined"),
        ("Mia", "added a passkey"),
        ("Finn", "added a passkey"),
        ("Mia", "made a plan"),
        ("Mia", "sent a test mail"),
        ("Finn", "wrote why a plan must not go on"),
        ("Finn", "rejected a plan"),
        ("Mia", "made a plan"),
        ("Finn", "approved a plan"),
        ("Finn", "paused a plan"),
        ("Finn", "let a plan go on"),
        ("Finn", "started sending what is due"),
        ("Finn", "settled an unknown mail: give-up"),
        ("Finn", "stopped sending"),
        ("Mia", "made a plan"),
        ("Finn", "approved a plan"),
        ("Finn", "started sending what is due"),
        ("Finn", "stopped sending"),
        ("Mia", "compared all channels"),
    ] == done
