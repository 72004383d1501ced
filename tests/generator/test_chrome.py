"""The chrome: every word that templates add to an author's own is a label that catalogs translate."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from generator.notices.layouts import unsubscribe_pages
from generator.notices.notices import CampaignRenderer, NoticeFacts
from generator.public.site import site_artifacts
from generator.settings import StatementSettings
from generator.statements.page import statement_artifacts
from generator.statements.view import offer_words
from rewards import Account, Partner, Rates, compute_statement, rules_on
from tests.generator.conftest import TEMPLATES, SmallSite
from tests.samples.readings import Sender

DAY = date(2023, 12, 31).toordinal()
PERIOD = "period: {from: 2023-01-01, to: 2023-12-31}"
# Every word of the authors is Qq, so that any other word comes from a template.
PROGRAM = """\
currency = "EUR"
timezone = "UTC"
refunds_after_period = "deduct"
allowance_level = "best"
base_level = "qq"

[[levels]]
id = "qqq"
name = "Qq"
quota = 1000
"""
OFFER = "title: Qq\nsummary: Qq.\nannounced_on: 2023-04-14\n"
TERMS = {
    "a": f"kind: cashback\nrate: 15%\n{PERIOD}\ncredited_on: 2023-12-31\nminimum: {{EUR: 1}}\ncap: {{EUR: 900}}\n",
    "b": "kind: extension\nmonths: 3\nplans: [paid, free, trial, nfr]\nactive_on: 2023-04-14\n",
    "c": "kind: free_subscription\nproduct: Qq\nallowance: {qq: 1, qqq: 2}\nregister_by: 2023-12-31\n"
    "expires_on: 2023-12-31\n",
    "d": f"kind: level_quota\n{PERIOD}\nquotas: {{qqq: 900}}\nsecured_until: 2024-12-31\n",
    "e": f"kind: bonus\n{PERIOD}\nlevel: qqq\namount: {{EUR: 100}}\n",
    "f": f"kind: cashback\nmode: incremental\ntiers: [{{from: 0, rate: 1%}}, {{from: 9, rate: 2%}}]\n{PERIOD}\n"
    "credited_on: 2023-12-31\nproducts: {include: ['Qq*'], exclude: ['']}\n"
    "amendments: [{effective_on: 2023-06-01, note: Qq, mode: retroactive}]\n",
}
NEWS = "---\ntitle: Qq\nsummary: Qq.\ndate: {date}\nauthor: Qq\nupdated: {date}\ntags: [Qq]\noffers: [a, b]\n---\nQq.\n"
FILES = {
    "program.toml": PROGRAM,
    "offers/cashback.md": None,
    **{f"offers/{slug}.md": f"---\n{OFFER}{terms}---\nQq.\n" for slug, terms in TERMS.items()},
    "announcements/news.md": NEWS.format(date="2023-04-14"),
    "announcements/older.md": NEWS.format(date="2023-03-14"),
    "pages/qq.md": "---\ntitle: Qq\nsummary: Qq.\n---\nQq.\n\n## Qq\n\n## Qq\n\n## Qq\n\n## Qq\n",
    "campaigns/hello.md": "---\nsubject: Qq\npreheader: Qq\ncategory: announcement\n---\nQq.\n",
}
# Names of formats, of languages in their own words, of the time zone, and of fixed values.
PROPER = re.compile(
    r"K7Q2-9FXM|https://b[.]example/|\b(Qq|qq|qqq|RSS|Atom|JSON|Feed|EN|EL|English|UTC|EUR)\b"
)


VALUE = re.compile(r"(%\(\w+\)s)")


class Seen(HTMLParser):
    """Collects what people see or hear of a page: text, and attributes with words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the attributes with words."""
        if tag in {"style", "script"} or (tag == "template" and ("id", "dictionary") in attrs):
            self._hidden.append(tag)
        spoken = {"aria-label", "alt", "placeholder", "data-head"}
        self.found += [value for name, value in attrs if name in spoken and value]

    def handle_endtag(self, tag: str) -> None:
        """Leave what is hidden."""
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._hidden:
            self.found.append(data)


def foreign_words(html: str) -> list[str]:
    """The texts with a word that is neither a label nor an author's."""
    seen = Seen()
    seen.feed(re.sub(r"⟦[^⟦⟧]*⟧", "", re.sub(r"⟦[^⟦⟧]*⟧", "", html)))
    texts = (PROPER.sub("", text) for text in seen.found)
    return sorted({" ".join(text.split()) for text in texts if re.search(r"[A-Za-z]{2}", text)})


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of templates whose Greek labels are the English ones within white brackets."""
    folder = tmp_path_factory.mktemp("marked")
    with (TEMPLATES / "locale" / "de.po").open("rb") as file:
        labels = [message.id for message in read_po(file, locale="de") if message.id]
    catalog = Catalog(locale="el")
    for label in labels:
        parts = [label] if isinstance(label, str) else list(label)
        # The brackets close around each value, so that only the label's own words lie within them.
        texts = ["⟦" + VALUE.sub(r"⟧\1⟦", part) + "⟧" for part in parts]
        catalog.add(label, texts[0] if isinstance(label, str) else tuple(texts))
    (folder / "locale").mkdir()
    with (folder / "locale" / "el.po").open("wb") as file:
        write_po(file, catalog)
    return folder


@pytest.fixture
def small(make_site: Callable[..., SmallSite]) -> SmallSite:
    """A site in English and Greek, in whose content no word is English."""
    social = {"forum": "https://forum.example", "contact": "mailto:a@b.example"}
    return make_site(FILES, title="Qq", languages=["en", "el"], links=social)


def pages(site: SmallSite, marked: Path) -> Iterator[tuple[str, str]]:
    """Every page that the package adds words to, in Greek, with its name."""
    content, folders = site.content(), [marked, TEMPLATES]
    assert content is not None, site.faults
    built = site_artifacts(content, site.settings, folders, DAY, site.folder, StatementSettings())
    for path, data in built.items():
        if path.startswith("el/") and path.endswith(".html"):
            yield path, data.decode()
    yield from _mails(site, folders)
    unsubscribing = unsubscribe_pages(folders, site.settings).pages
    yield from (
        (f"unsubscribe {step}", data.decode()) for (code, step), data in unsubscribing.items() if code == "el"
    )
    words = offer_words(content, site.settings, DAY)
    greek = site.settings.model_copy(update={"default_language": "el", "languages": ("el",)})
    opened = statement_artifacts(folders, greek, content.policy, words, DAY)
    yield "statement", opened["statement/index.html"].decode()


def _mails(site: SmallSite, folders: list[Path]) -> Iterator[tuple[str, str]]:
    content = site.content()
    assert content is not None
    campaign = content.campaigns["hello"]
    campaign = replace(campaign, texts={**campaign.texts, "el": campaign.texts["en"]})
    rules = rules_on(content.policy, Rates(), DAY)
    partner = Partner("1", "Qq", "a@b.example", "EUR", "qq", "el")
    statement = compute_statement(Account(partner), rules, [])
    renderer = CampaignRenderer(
        campaign, content, site.settings, Sender(), folders, rules, unsubscribe="https://b.example/"
    )
    (notice,) = renderer.notices([NoticeFacts(partner, statement, "https://b.example/", "K7Q2-9FXM")])
    yield "mail", notice.html
    yield "text of a mail", f"<p>{notice.text}</p>"


def test_every_word_of_the_chrome_is_a_label(small: SmallSite, marked: Path) -> None:
    """No page, mail or statement holds a word that no catalog could translate."""
    found = {name: foreign_words(html) for name, html in pages(small, marked)}
    assert 20 <= len(found)
    assert {} == {name: words for name, words in found.items() if words}
