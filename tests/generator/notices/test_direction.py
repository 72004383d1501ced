"""Mails in languages that are written from right to left, as a browser lays them out."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from generator.notices.html_part import _mirrored
from generator.notices.notices import CampaignRenderer, NoticeFacts
from rewards import Partner, Rates, compute_statement, rules_on
from rewards.account import Account, Sale
from tests.generator.conftest import CASHBACK, TEMPLATES, SiteMaker

DAY = date(2023, 12, 31).toordinal()
CAMPAIGN = """\
---
subject: Hello
preheader: News
category: notice
---
# Hello {{ partner.name }}

| Offer | Amount |
| --- | ---: |
{% for entry in statement.cashback %}
| {{ entry.title }} | {{ entry.amount }} |
{% endfor %}

1. One
2. Two

- Three

> A quotation.

"""
# Elements that hold words themselves, with the direction and the side on which their lines begin.
WORDS = """[...document.body.querySelectorAll("*")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((one) => one.checkVisibility() && !one.closest("bdi, a[href] > *"))
    .map((one) => [one.tagName, getComputedStyle(one).direction])"""
BOXES = """Object.fromEntries(["ol", "ul", "blockquote", "th", "thead ~ tbody td"].map((name) => {
    const style = getComputedStyle(document.querySelector(name));
    return [name.split(" ").pop(), [style.paddingLeft, style.paddingRight]];
}))"""
COLUMNS = (
    "[...document.querySelectorAll('th, thead ~ tbody td')].map((one) => getComputedStyle(one).textAlign)"
)
LAYOUT = (
    "[...new Set([...document.querySelectorAll('td, th')].map((one) => getComputedStyle(one).direction))]"
)
CELLS = "[...document.querySelectorAll('th')].map((one) => Math.round(one.getBoundingClientRect().left))"


class Vendor:
    """The sender."""

    name = "Partners"
    address = "partners@vendor.example"


def mail(make_site: SiteMaker, language: str, files: Mapping[str, str] | None = None) -> str:
    """The HTML of a mail to a partner who reads that language."""
    translation = (
        {}
        if language == "en"
        else {f"campaigns/hello.{language}.md": CAMPAIGN.replace("category: notice\n", "")}
    )
    site = make_site(
        {"campaigns/hello.md": CAMPAIGN, **translation, **(files or {})}, languages=sorted({"en", language})
    )
    content = site.content()
    assert content is not None, site.faults
    rules = rules_on(content.policy, Rates(()), DAY)
    account = Account(
        Partner("P-1", "Gulf Networks", "a@b.example", "EUR", "bronze", language),
        (Sale("S", "P-1", DAY - 100, 1234567, "EUR", "", "", None),),
    )
    renderer = CampaignRenderer(
        content.campaigns["hello"], content, site.settings, Vendor(), (Path(TEMPLATES),), rules
    )
    link = "https://partners.example/statement/#x"
    facts = NoticeFacts(account.partner, compute_statement(account, rules, []), link, "K7Q2-9FXM")
    return renderer.notices([facts])[0].html


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("de", "ltr")]
)
def test_mail_is_laid_out_in_its_direction(
    make_site: SiteMaker, browser: Browser, language: str, direction: str
) -> None:
    """Every element with words has the direction of the language (CLDR), and columns follow it."""
    page = browser.new_page(viewport={"width": 800, "height": 600})
    page.set_content(mail(make_site, language))
    found = page.evaluate(WORDS)
    first, second = page.evaluate(CELLS)
    boxes, columns, layout = page.evaluate(BOXES), page.evaluate(COLUMNS), page.evaluate(LAYOUT)
    page.close()
    start, end = ("left", "right") if direction == "ltr" else ("right", "left")
    assert [direction] == layout
    assert [start, end, start, end] == columns
    assert ("24px", "24px") == (boxes["ol"][start == "right"], boxes["ul"][start == "right"])
    assert ("0px", "0px") == (boxes["ol"][end == "right"], boxes["ul"][end == "right"])
    assert ("16px", "0px") == (boxes["blockquote"][start == "right"], boxes["blockquote"][end == "right"])
    assert "0px" == boxes["th"][start == "right"] == boxes["td"][start == "right"]
    assert "12px" == boxes["th"][end == "right"] == boxes["td"][end == "right"]
    assert len(found) > 8
    assert {direction} == {one for _, one in found}
    assert (direction == "ltr") == (first < second)


def test_titles_in_another_direction_are_isolated(make_site: SiteMaker, browser: Browser) -> None:
    """An offer without an Arabic title keeps its own within the Arabic mail: `15 %` stands before its words."""
    offer = CASHBACK.replace("title: Cashback", "title: 15 % cashback")
    html = mail(make_site, "ar", {"offers/cashback.md": offer})
    assert "<bdi>15 % cashback</bdi>" in html
    page = browser.new_page()
    page.set_content(html)
    lefts = page.evaluate(
        """(() => {
            const all = [...document.querySelectorAll("bdi")];
            const text = all.find((one) => one.textContent.startsWith("15")).firstChild;
            return [0, 5].map((place) => {
                const range = document.createRange();
                range.setStart(text, place);
                range.setEnd(text, place + 1);
                return range.getBoundingClientRect().left;
            });
        })()"""
    )
    page.close()
    assert lefts[0] < lefts[1]


def test_only_four_lengths_change_their_sides() -> None:
    """Four lengths are top, right, bottom, left (CSS 2.2 8.4); two lengths of two declarations are not four."""
    assert "margin:1px 4px 3px 2px;padding:0" == _mirrored("margin:1px 2px 3px 4px;padding:0")
    assert "margin:0 2px;padding: 3px 4px" == _mirrored("margin:0 2px;padding: 3px 4px")
    assert "margin:0 1px; padding: 2px" == _mirrored("margin:0 1px; padding: 2px")
