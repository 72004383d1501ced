"""Notices as partners get them: both parts, subject, attachment, senders, hostile names."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import html5lib
import pytest

from generator.content.content import Content
from generator.notices.checks import CampaignCheck
from generator.notices.layouts import BrokenLayout
from generator.notices.notices import CampaignRenderer, NoticeFacts
from generator.settings import SiteSettings
from rewards import (
    Fault,
    Faulty,
    Notice,
    Partner,
    Rates,
    Statement,
    compute_statement,
    rules_on,
    statement_json,
)
from rewards.account import Account, Sale, Subscription

TEMPLATES = Path(__file__).parents[3] / "templates"
DAY = date(2023, 12, 31).toordinal()
LINK = "https://partners.example/statement/#" + "a2" * 18
REFERENCE = "K7Q2-9FXM"
EXTENSION = """\
---
kind: extension
title: Three months
summary: Longer.
announced_on: 2023-04-14
months: 3
plans: [paid]
active_on: 2023-04-14
---
Longer.
"""
BODY = """\
# Hello {{ partner.name }}

{% for entry in statement.cashback %}
- {{ offers[entry.offer].title }}: {{ entry.amount }}
{% endfor %}

| Id | Product | Until |
| --- | --- | --- |
{% for entry in statement.extensions %}
| {{ entry.subscription_id }} | {{ entry.product }} | {{ entry.extended_to }} |
{% endfor %}

See [the news](../announcements/news.md) and [your page]({{ link }}).
"""
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](http://evil)",
    "{{7*7}}",
    "\u202egnp.exe",
    "a|b * _c_ `d`",
    "שלום עולם",
)


class ASite(Protocol):
    """What the shared fixture makes."""

    folder: Path
    settings: SiteSettings
    faults: list[Fault]

    def content(self) -> Content | None:
        """What is read."""


MakeSite = Callable[..., ASite]


@dataclass(frozen=True)
class Sender:
    """A sender."""

    name: str = "Partners"
    address: str = "partners@vendor.example"


def campaign(body: str = BODY, front: str = "", subject: str = "Hello {{ partner.name }}") -> str:
    """A campaign's file."""
    head = f'---\nsubject: "{subject}"\npreheader: "News for {{{{ partner.name }}}}"\ncategory: notice\n'
    return f"{head}{front}---\n{body}"


def account(name: str = "Müller & Söhne", language: str = "", product: str = "PRO 8SC") -> Account:
    """A partner with a sale and a subscription."""
    partner = Partner("P-1", name, "a@b.example", "EUR", "bronze", language, cc="c@d.example")
    sale = Sale("S", "P-1", DAY - 100, 1234567, "EUR", product, "", None)
    return Account(partner, (sale,), (Subscription("SUB|1", product, "paid", None, DAY, ""),))


@dataclass(frozen=True)
class Office:
    """A site with one campaign, ready to render."""

    site: ASite
    content: Content
    folders: tuple[Path, ...]

    def renderer(self) -> CampaignRenderer:
        """The renderer of the campaign."""
        rules = rules_on(self.content.policy, Rates(()), DAY)
        settings = self.site.settings
        return CampaignRenderer(
            self.content.campaigns["hello"],
            self.content,
            settings,
            Sender(),
            self.folders,
            rules,
            reply_to="help@vendor.example",
            unsubscribe="out@vendor.example",
        )

    def statement(self, of: Account) -> Statement:
        """The statement of an account."""
        faults: list[Fault] = []
        statement = compute_statement(of, rules_on(self.content.policy, Rates(()), DAY), faults)
        assert not faults
        return statement

    def notice(self, of: Account) -> Notice:
        """The notice of an account."""
        return self.renderer().notices([NoticeFacts(of.partner, self.statement(of), LINK, REFERENCE)])[0]

    def faults(self) -> list[str]:
        """What a check of the campaigns finds."""
        return [
            str(fault)
            for fault in CampaignCheck(self.content, self.site.settings, self.folders, DAY).faults()
        ]


@pytest.fixture
def open_office(make_site: MakeSite) -> Callable[..., Office]:
    """Writes a site with a campaign and perhaps its own templates."""

    def open_it(text: str = "", templates: dict[str, str] | None = None, **files: str) -> Office:
        more = {f"campaigns/{name}.md": content for name, content in files.items()}
        site = make_site({"campaigns/hello.md": text or campaign(), "offers/extension.md": EXTENSION, **more})
        for name, source in (templates or {}).items():
            path = site.folder / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        content = site.content()
        assert content is not None, [str(fault) for fault in site.faults]
        return Office(site, content, (site.folder / "templates", TEMPLATES))

    return open_it


def test_both_parts_tell_the_same_facts(open_office: Callable[..., Office]) -> None:
    """Amounts, dates, link and reference are in the HTML and in the text."""
    notice = open_office().notice(account())
    for fact in (
        "€1,851.85",
        "March 31, 2024",
        "SUB|1",
        "PRO 8SC",
        LINK,
        REFERENCE,
        "https://partners.example/announcements/news/",
    ):
        assert fact in notice.text
        assert fact in notice.html
    assert notice.text.count(LINK) == 1
    assert notice.text.rstrip().endswith(REFERENCE)
    assert notice.subject == "Hello Müller & Söhne"
    assert "Hello Müller &amp; Söhne</title>" in notice.html


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_in_both_parts(open_office: Callable[..., Office], name: str) -> None:
    """A partner's name and product change nothing but the letters shown, and are isolated."""
    notice = open_office().notice(account(name, product=name))
    page = html5lib.parse(notice.html, namespaceHTMLElements=False)
    isolated = ["".join(element.itertext()) for element in page.iter("bdi")]
    assert isolated.count(name) == 2
    harmless = open_office().notice(account("x", product="x"))
    tags = [element.tag for element in page.iter()]
    assert tags == [
        element.tag for element in html5lib.parse(harmless.html, namespaceHTMLElements=False).iter()
    ]
    assert notice.text.count(f"\u2068{name}\u2069") == 2
    assert name in notice.subject


def test_isolates_in_a_subject_only_where_they_do_something(open_office: Callable[..., Office]) -> None:
    """A name that runs from right to left is isolated in the subject; a plain one leaves it plain."""
    office = open_office()
    assert office.notice(account("Ann")).subject == "Hello Ann"
    hebrew = "\u05e9\u05dc\u05d5\u05dd"
    assert office.notice(account(hebrew)).subject == f"Hello \u2068{hebrew}\u2069"


def test_readers_get_their_language(open_office: Callable[..., Office]) -> None:
    """Text and labels follow the partner's language, else the site's default; amounts and dates follow its region."""
    office = open_office(
        **{"hello.de": "---\nsubject: Hallo {{ partner.name }}\n---\n{{ statement.cashback[0].amount }}\n"}
    )
    notice = office.notice(account(language="de-CH"))
    assert (notice.language, notice.subject) == ("de", "Hallo Müller & Söhne")
    assert "EUR\xa01’851.85" in notice.text
    assert "1.851,85\xa0€" in office.notice(account(language="de")).text
    assert "Meine Abrechnung öffnen" in notice.html
    assert 'lang="de"' in notice.html
    assert office.notice(account(language="fr")).language == "en"


def test_a_fallback_says_so(open_office: Callable[..., Office]) -> None:
    """A reader whose language the campaign lacks is told in it where the text exists; others read nothing of it."""
    office = open_office()
    notice = office.notice(account(language="de-AT"))
    assert notice.language == "en"
    assert notice.text.startswith("Diesen Text gibt es nur auf Englisch.\n\n")
    assert re.search(r'<p lang="de" dir="ltr"[^>]*>Diesen Text gibt es nur auf Englisch.</p>', notice.html)
    assert "This text exists" not in office.notice(account(language="fr")).text


def test_senders_copies_and_figures(open_office: Callable[..., Office]) -> None:
    """From and Reply-To are the settings' or the campaign's; the figures are the statement's JSON."""
    office = open_office()
    notice = office.notice(account())
    assert (notice.from_name, notice.from_address, notice.reply_to) == (
        "Partners",
        "partners@vendor.example",
        "help@vendor.example",
    )
    assert (notice.to_name, notice.to_address, notice.cc) == (
        "Müller & Söhne",
        "a@b.example",
        ("c@d.example",),
    )
    assert json.loads(notice.figures) == json.loads(json.dumps(statement_json(office.statement(account()))))
    own = open_office(
        campaign(front="from: Credits <credits@vendor.example>\nreply_to: Desk <desk@vendor.example>\n")
    )
    notice = own.notice(account())
    assert (notice.from_name, notice.from_address, notice.reply_to) == (
        "Credits",
        "credits@vendor.example",
        "desk@vendor.example",
    )


def test_the_table_is_attached_where_asked_for(open_office: Callable[..., Office]) -> None:
    """`attach` adds the statement as a CSV file."""
    assert open_office().notice(account()).attachments == ()
    (attachment,) = open_office(campaign(front="attach: statement.csv\n")).notice(account()).attachments
    assert (attachment.filename, attachment.media_type) == ("statement.csv", "text/csv")
    assert "1851.85" in attachment.text


def test_only_announcements_show_how_to_unsubscribe(open_office: Callable[..., Office]) -> None:
    """The foot of an announcement has the address, a notice about the own account has none."""
    assert "out@vendor.example" not in open_office().notice(account()).html
    notice = open_office(campaign().replace("category: notice", "category: announcement")).notice(account())
    assert 'href="mailto:out@vendor.example"' in notice.html
    assert "\nout@vendor.example\n" in notice.text


def test_the_html_follows_the_rules_of_mail(open_office: Callable[..., Office]) -> None:
    """Layout tables are for presentation, styles inline, nothing is loaded, and the size stays small."""
    html = open_office().notice(account()).html
    assert len(html.encode()) < 102_000
    page = html5lib.parse(html, namespaceHTMLElements=False)
    for table in page.iter("table"):
        assert table.get("role") == "presentation" or list(table.iter("th"))
    for tag in ("p", "h1", "td", "a"):
        assert all(element.get("style") for element in page.iter(tag)), tag
    assert not list(page.iter("img")) + list(page.iter("script")) + list(page.iter("link"))
    assert "@import" not in html
    assert "http://" not in re.sub(r"http://www\.w3\.org/\S+", "", html)


def test_the_preheader_comes_first(open_office: Callable[..., Office]) -> None:
    """The preheader is the first text of the body, so the list of mails shows it."""
    page = html5lib.parse(open_office().notice(account()).html, namespaceHTMLElements=False)
    body = page.find("body")
    assert body is not None
    first = next(text.strip() for text in body.itertext() if text.strip())
    assert first == "News for Müller & Söhne"


def test_rendering_is_deterministic(open_office: Callable[..., Office]) -> None:
    """The same partner and statement give the same notice, from another renderer too."""
    assert open_office().notice(account()) == open_office().notice(account())


def test_a_sites_own_layout_replaces_ours(open_office: Callable[..., Office]) -> None:
    """A template of the site goes before the packaged one; one without a place for the body is refused."""
    text = "<mj-text>Ours {{ body }}</mj-text>"
    own = f"<mjml><mj-body><mj-section><mj-column>{text}</mj-column></mj-section></mj-body></mjml>"
    assert "Ours <h1" in open_office(templates={"mail/notice.mjml": own}).notice(account()).html
    with pytest.raises(BrokenLayout, match=r"mail/notice\.mjml"):
        open_office(templates={"mail/notice.mjml": own.replace("{{ body }}", "")}).renderer()
    broken = open_office(templates={"mail/notice.mjml": "<mjml><mj-body></mjml>"})
    assert "mail/notice.mjml" in broken.faults()[0]


def test_braces_in_a_title_are_text(make_site: MakeSite, open_office: Callable[..., Office]) -> None:
    """What the settings say is no template source."""
    office = open_office()
    site = make_site(
        {"campaigns/hello.md": campaign(), "offers/extension.md": EXTENSION}, title="{{ 7*7 }} & Co"
    )
    content = site.content()
    assert content is not None
    notice = Office(site, content, office.folders).notice(account())
    assert "{{ 7*7 }} &amp; Co" in notice.html
    assert "{{ 7*7 }} & Co" in notice.text


def test_a_group_has_the_messages_of_each_alone(open_office: Callable[..., Office]) -> None:
    """Partners of several languages who are rendered together get what each gets alone, in their order."""
    german = campaign(
        "Hallo {{ partner.name }}: {{ link }}, {{ reference }}", subject="Für {{ partner.name }}"
    )
    office = open_office(**{"hello.de": german})
    accounts = [account("Ann"), account("Änne", "de"), account("Bob", "fr"), account("Cem", "de-AT", "4SC")]
    facts = [NoticeFacts(of.partner, office.statement(of), f"{LINK}x", REFERENCE) for of in accounts]
    together = office.renderer().notices(facts)
    assert together == [notice for one in facts for notice in office.renderer().notices([one])]
    assert ["en", "de", "en", "de"] == [notice.language for notice in together]


def test_a_fault_while_rendering_names_the_authors_line(open_office: Callable[..., Office]) -> None:
    """What only this partner lacks is told with file and line of the campaign."""
    office = open_office(campaign("Hi\n\n- a\n- {{ statement.total.JPY }}\n"))
    with pytest.raises(Faulty) as caught:
        office.notice(account())
    fault = caught.value.faults[0]
    assert (fault.file, fault.line) == ("content/campaigns/hello.md", 9)
    assert "JPY" in fault.what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (campaign("{{ partner.nmae }}"), "hello.md:6: 'partner' has no 'nmae'; did you mean 'name'?"),
        (campaign("a\n{% if partner.country == 'NO' %}\n{{ partner.nmae }}\n{% endif %}"), "hello.md:8: "),
        (campaign("{{ statement.cashback[0].amount }}"), "hello.md:6: the template names what is not there"),
        (campaign("{{ 1 // 0 }}"), "hello.md:6: "),
        (campaign("{{ link.__class__ }}"), "hello.md:6: "),
        (campaign(subject="Hi {{ partner.nmae }}"), "hello.md:2: subject: "),
        (campaign(subject="{{ statement.cashback[0].amount }}"), "hello.md:2: subject: "),
        (campaign("{{ statement.levels[0].next_quota.raw }}"), "hello.md:6: "),
    ],
)
def test_the_check_finds_what_some_partner_would_break(
    open_office: Callable[..., Office], text: str, words: str
) -> None:
    """Misspelt names in any branch, and what fails for a partner with the least or the most."""
    found = open_office(text).faults()
    assert any(fault.startswith(f"content/campaigns/{words}") for fault in found), found


def test_the_check_accepts_what_suits_everyone(open_office: Callable[..., Office]) -> None:
    """A campaign that renders for every possible partner has no fault."""
    assert open_office().faults() == []
