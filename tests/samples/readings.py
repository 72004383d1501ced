"""What partners of the sample site read in particular situations, as text: the mail and the statement.

`tests/golden/words` holds these texts. `python -m tests.samples.readings` writes them again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

from generator.content.campaigns import Campaign
from generator.content.content import Content, read_content
from generator.notices.notices import CampaignRenderer, NoticeFacts
from generator.settings import SiteSettings
from generator.statements.page import Shell, StatementRenderer, shell
from generator.statements.view import offer_words
from rewards import (
    Account,
    Credit,
    Fault,
    Notice,
    Partner,
    Rates,
    Rules,
    Sale,
    Subscription,
    compute_statement,
    counted_lines,
    monthly_sales,
    rules_on,
)

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
FOLDER = ROOT / "tests" / "golden" / "words"
SETTINGS = SiteSettings(
    title="Ostrabell Partner Program",
    base_url="https://partners.ostrabell.example",
    languages=("en", "de", "es", "ar"),
)
LINK = "https://partners.ostrabell.example/statement/#" + "a2" * 18
REFERENCE = "K7Q2-9FXM"
LANGUAGES = ("en", "de", "es", "ar")


@dataclass(frozen=True)
class Sender:
    """The sender of the sample site."""

    name: str = "Ostrabell Partner Team"
    address: str = "partners@ostrabell.example"


def day(text: str) -> int:
    """The ordinal of a day such as 2023-12-31."""
    return date.fromisoformat(text).toordinal()


def sale(number: int, on: str, minor: int, currency: str = "EUR", product: str = "PRO 8SC") -> Sale:
    """A sale of the invented partner."""
    return Sale(f"V-{number:04}", "P-1", day(on), minor, currency, product, "", None)


def _date(number: int) -> str:
    return date.fromordinal(day("2023-01-01") + number * 7919 % 365).isoformat()


PAID = Subscription("S-1", "PRO 8SC", "paid", None, day("2023-11-30"), "")
LONG_PAST = Subscription("S-2", "PRO 4SC", "paid", None, day("2023-04-20"), "")
PARTNER = Partner(
    "P-1", "Northwind Phones", "post@northwind.example", "EUR", "bronze", contact_name="Grace Lind"
)


@dataclass(frozen=True)
class Situation:
    """An invented account on a day; `campaign` is what is mailed to it, in these languages."""

    account: Account
    campaign: str = "year-end-credit"
    as_of: str = "2023-12-31"
    languages: tuple[str, ...] = LANGUAGES


def _account(
    level: str = "bronze", *sales: Sale, credited: int = 0, paid: tuple[Subscription, ...] = ()
) -> Account:
    lines = (Credit("C-1", "cashback-2023", credited, "EUR", day("2023-10-01")),) if credited else ()
    return Account(replace(PARTNER, level=level), sales, paid, lines)


_GOOD = (
    sale(1, "2023-02-14", 420_000),
    sale(2, "2023-06-30", 399_950),
    sale(3, "2023-09-01", -20_000),
)
_SOLD = sale(1, "2023-02-14", 100_000)
SITUATIONS: Mapping[str, Situation] = {
    "due": Situation(_account("silver", *_GOOD, credited=20_000, paid=(PAID, LONG_PAST))),
    "after-the-period": Situation(_account("silver", *_GOOD, credited=20_000), as_of="2024-01-15"),
    "negative": Situation(_account("bronze", _SOLD, credited=20_000)),
    "negative-after-the-period": Situation(
        _account("bronze", _SOLD, credited=20_000), as_of="2024-01-15", languages=("en", "de")
    ),
    "more-refunds-than-sales": Situation(
        _account("bronze", sale(1, "2023-03-01", -5_000)), languages=("en", "de")
    ),
    "zero": Situation(_account("bronze", _SOLD, credited=15_000)),
    "empty": Situation(_account("affiliate")),
    "nothing-at-all": Situation(_account("affiliate"), "thank-you", "2023-04-13"),
    "accruing": Situation(_account("bronze", *_GOOD, paid=(PAID,)), "thank-you", "2023-09-15"),
    "at-the-top": Situation(_account("titanium", sale(1, "2023-02-14", 9_500_000))),
    "below-the-first-quota": Situation(_account("bronze", sale(1, "2023-02-14", 40_000))),
    "several-currencies": Situation(
        _account(
            "bronze", sale(1, "2023-02-14", 420_000), sale(2, "2023-03-01", 90_000, "USD"), credited=90_000
        )
    ),
    **{
        f"stub-{name}": Situation(_account("silver", *_GOOD, credited=credited), "stub", languages=("en",))
        for name, credited in (("due", 20_000), ("negative", 130_000), ("zero", 119_993))
    },
    "long-past": Situation(_account(paid=(LONG_PAST,)), "thank-you"),
    "two-thousand-lines": Situation(
        _account("titanium", *(sale(n, _date(n), 1_000 + n * 104_729 % 90_000) for n in range(1, 2001))),
        languages=("en", "ar"),
    ),
    "fallback": Situation(
        _account("bronze", *_GOOD, paid=(PAID,)), "thank-you", languages=("ar", "sv", "en-GB", "de-CH")
    ),
}


@cache
def content() -> Content:
    """The content of the sample site."""
    faults: list[Fault] = []
    found = read_content(ROOT, SETTINGS, faults)
    assert found, faults
    return found


@cache
def rules_as_of(as_of: str) -> Rules:
    """The rules of a day; a dollar is worth 0.9 euro."""
    rates = Rates([(day("2023-01-01"), "USD", "EUR", Fraction(9, 10))])
    return rules_on(content().policy, rates, day(as_of))


def stub() -> Campaign:
    """The campaign that `offerpress add campaign` writes, as it stands."""
    _, _, body = (TEMPLATES / "stubs" / "campaign.md").read_text(encoding="utf-8").split("---\n", 2)
    base = content().campaigns["thank-you"]
    return replace(
        base, texts={"en": replace(base.texts["en"], subject="Your news", preheader="", body=body)}
    )


@cache
def campaign_renderer(campaign: str, as_of: str) -> CampaignRenderer:
    """The renderer of a campaign's mails on a day."""
    of_campaign = stub() if campaign == "stub" else content().campaigns[campaign]
    return CampaignRenderer(of_campaign, content(), SETTINGS, Sender(), [TEMPLATES], rules_as_of(as_of))


@cache
def shell_in(language: str, as_of: str) -> Shell:
    """The page around statements in a language on a day."""
    rules = rules_as_of(as_of)
    words = offer_words(content(), SETTINGS, rules.as_of)
    return shell([TEMPLATES], SETTINGS, content().policy, words(language), language, rules.as_of)


def account_in(one: Situation, language: str) -> Account:
    """The account, whose reader has that language."""
    return replace(one.account, partner=replace(one.account.partner, language=language))


def notice_of(one: Situation, language: str) -> Notice:
    """The mail to the account."""
    rules, account = rules_as_of(one.as_of), account_in(one, language)
    renderer = campaign_renderer(one.campaign, one.as_of)
    statement = compute_statement(account, rules, [])
    return renderer.notices([NoticeFacts(account.partner, statement, LINK, REFERENCE)])[0]


def statement_html(one: Situation, language: str) -> str:
    """The statement as the page shows it."""
    rules, account = rules_as_of(one.as_of), account_in(one, language)
    words = offer_words(content(), SETTINGS, rules.as_of)
    renderer = StatementRenderer([TEMPLATES], SETTINGS, content().policy, words)
    statement = compute_statement(account, rules, [])
    lines = counted_lines(account, statement, rules)
    record = renderer.record(account.partner, statement, REFERENCE, monthly_sales(account, rules), lines)
    values = json.loads(record.shown)
    of_language = shell_in(str(values["language"]), one.as_of)
    return of_language.filled(json.loads(record.figures), values, rules.as_of)


_BLOCKS = frozenset(
    (
        *("p", "div", "h1", "h2", "h3", "li", "tr", "section", "article", "header", "footer", "dt"),
        *("table", "figcaption", "summary", "dl", "figure"),
    )
)
_CELLS, _MOST_ROWS = 4, 20
_SKIPPED = frozenset({"style", "script", "title", "head"})


class _Text(HTMLParser):
    """Collects text: a line a block, an item marked, cells parted by bars."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line at a block."""
        if tag in _SKIPPED or ("class", "card-label") in attrs:
            self._skipped.append(tag)
        self.parts.append("\n- " if tag == "li" else "\n" if tag in _BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        """End a block or a cell."""
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()
        self.parts.append(" | " if tag in {"td", "th", "dt"} else "\n" if tag in _BLOCKS else "")

    def handle_data(self, data: str) -> None:
        """Keep text that people see."""
        if not self._skipped:
            self.parts.append(data.replace("\n", " "))


def text_of(html: str) -> str:
    """The text of HTML for reading."""
    parser = _Text()
    parser.feed(html)
    lines = [re.sub(r"[ \t]+", " ", line).strip(" |") for line in "".join(parser.parts).split("\n")]
    return "\n".join(_abridged([line for line in lines if line.strip(" -")])) + "\n"


def _abridged(lines: list[str]) -> Iterator[str]:
    """Leave out the middle of long tables."""
    for is_row, run in groupby(lines, lambda line: line.count(" | ") == _CELLS - 1):
        rows = list(run)
        if is_row and len(rows) > _MOST_ROWS:
            rows = [*rows[:4], f"[… {len(rows) - 7} more rows]", *rows[-3:]]
        yield from rows


def reading(name: str, language: str) -> str:
    """Mail and statement of a situation, as a reader of that language gets them."""
    one = SITUATIONS[name]
    mail = notice_of(one, language)
    parts = {
        f"Subject: {mail.subject}": mail.text,
        "The HTML part": text_of(mail.html),
        "The statement": text_of(statement_html(one, language)),
    }
    return "\n".join(f"######## {title}\n\n{text}" for title, text in parts.items())


def files() -> dict[str, tuple[str, str]]:
    """Situation and language of every golden text by its file name."""
    return {
        f"{name}.{language}.txt": (name, language)
        for name, one in SITUATIONS.items()
        for language in one.languages
    }


if __name__ == "__main__":
    for file, of in files().items():
        (FOLDER / file).write_text(reading(*of), encoding="utf-8")
