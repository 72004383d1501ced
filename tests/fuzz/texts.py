"""Texts made of the pieces that people write, published as page and feed and mailed, and read back by other parsers.

The page is read by html5lib, the feed by feedparser, the mail by Python's `email`. All three must show the same words
and lead to the same places, unless a check of the text has named a fault.
"""

import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import feedparser
import html5lib

from generator.content.content import Content, read_content
from generator.notices.checks import CampaignCheck
from generator.notices.notices import CampaignRenderer, NoticeFacts
from generator.public.site import site_artifacts
from generator.settings import SiteSettings, StatementSettings
from rewards import Fault, Notice, Partner, Rates, compute_statement, rules_on
from rewards.account import Account

TEMPLATES = Path(__file__).parents[2] / "templates"
SITE = "https://partners.example/"
DAY = 738885  # 2023-12-31
PROGRAM = (
    'currency = "EUR"\ntimezone = "Europe/Berlin"\nrefunds_after_period = "ignore"\nallowance_level = "best"\n'
    'base_level = "affiliate"\n[[levels]]\nid = "bronze"\nname = "Bronze"\nquota = 1000\n'
)
OTHER = "---\ntitle: Other\nsummary: Another text.\ndate: 2023-04-14\n---\n## Small print\n\nText\n"
MARKS = ("textbegins", "textends")
SLOW = 10.0
_WORD = re.compile(r"\w+")

_INLINE = (
    "plain words, 15 % and 12.50 €",
    "**strong**",
    "*em*",
    "***both***",
    "__under__ and snake_case_word",
    "~~gone~~",
    "`code <b> {x}`",
    "``a`b``",
    "a & b &amp; c &copy; &#8364; AT&T",
    "5 < 6 > 4",
    r"\*literal\* \# \[x\]",
    "[other](../announcements/other.md)",
    "[print](../announcements/other.md#small-print)",
    "[list](../static/Price%20list%20%231.pdf)",
    "[list](<../static/Price list %231.pdf>)",
    "[out](https://x.example/?a=1&currency=EUR&b=ü)",
    '[titled](https://x.example/ "A title")',
    "[by name][ref]",
    "<https://auto.example/a>",
    "https://bare.example/a_b?c=d&e=f.",
    "www.bare.example",
    "jo@bare.example",
    "{15%} {name} {2024}",
    "**level**{.big}",
    "note[^1]",
    "SLA",
    "line\\\nbreak",
    "two  \nlines",
    "<b>raw</b> &lt;x&gt;",
    "שלום and العربية",
    "日本語のテキスト",
    "a\N{NO-BREAK SPACE}b\N{SOFT HYPHEN}c",
    "1) not a list",
    "#5 in sales",
)
_DEFINITIONS = "[ref]: https://ref.example/a%20b\n\n[^1]: The note, *only* here.\n\n*[SLA]: service level\n"
_BLOCKS = (
    "{}",
    "{}\n- {}\n- {}",
    "- {}\n  - {}\n    - {}\n- {}",
    "1. {}\n2. {}\n   - {}",
    "1) {}\n2) {}",
    "- [ ] {}\n- [x] {}",
    "- {}\n  ```\n  code x < y\n  ```\n- {}",
    "- {}\n\n  {}\n- {}",
    "## {}\n\n{}",
    "{}\n---\n{}",
    "> {}\n> - {}\n\n> {}",
    "> [!NOTE]\n> {}",
    '!!! note "Note well"\n    {}\n    - {}',
    "Term\n:   {}\n:   {}\nOther term\n:   {}",
    "{}\n| a | b |\n|---|--:|\n| {} | 1 |\n| {} | 2 |",
    "```python\nx = 1 < 2\n\n\ny\n```",
    "    indented code",
    "***",
    '<div markdown="1">\n{}\n- {}\n</div>',
    "<!-- {} -->",
    '![shown](../static/a.png "A caption")',
)
_TITLES = (
    "Plain words",
    "AT&T: 15 % & more",
    "Note #5 - *not* a list",
    "<b>bold</b> &amp; 5 < 6",
    "{15%} [x](y) `code`",
    "Prämie für 日本",
    r"'quoted' and \"double\"",
    "yes",
    "2024-01-01",
    "~",
)
_NOISE = (
    "*",
    "_",
    "`",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "#",
    "|",
    "\\",
    "\n",
    "\n\n",
    "    ",
    "- ",
    "> ",
    "~~",
    "&",
)


def text(seed: int) -> str:
    """The text of a seed: some blocks, of which every other text has a few characters put in or left out."""
    rng = random.Random(seed)
    blocks = []
    for _ in range(rng.randint(1, 6)):
        block = rng.choice(_BLOCKS)
        while "{}" in block:
            block = block.replace("{}", rng.choice(_INLINE).replace("{}", ""), 1)
        blocks.append(block)
    written = rng.choice(("\n\n", "\n\n", "\n")).join(blocks)
    if seed % 2:
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(written) + 1)
            written = written[:place] + rng.choice(_NOISE) + written[place + rng.randint(0, 2) :]
    return f"{MARKS[0]}\n\n{written}\n\n{MARKS[1]}\n\n{_DEFINITIONS}"


class Shown(NamedTuple):
    """The words that a reader sees, in their order, and where links lead."""

    words: list[str]
    links: frozenset[str]


@dataclass(frozen=True)
class TextOutcome:
    """What became of a seed: `wrong` says what differs, `faulty` that a check had named a fault."""

    seed: int
    wrong: str = ""
    faulty: bool = False

    def __str__(self) -> str:
        return f"{self.seed}: {self.wrong}\n{text(self.seed)}"


@dataclass(frozen=True)
class _Sender:
    name: str = "Partners"
    address: str = "partners@vendor.example"


def attempts(seeds: Sequence[int]) -> list[TextOutcome]:
    """Publishes and mails the text of each seed."""
    with tempfile.TemporaryDirectory() as folder:
        return [_attempt(seed, Path(folder) / str(seed)) for seed in seeds]


def _attempt(seed: int, folder: Path) -> TextOutcome:
    began = time.process_time()
    try:
        outcome = TextOutcome(seed, *_compared(text(seed), title(seed), folder))
    except Exception as error:  # noqa: BLE001 - a traceback is the finding
        return TextOutcome(seed, f"{type(error).__name__}: {error}")
    took = time.process_time() - began
    return outcome if took < SLOW else TextOutcome(seed, f"took {took:.0f} s")


def title(seed: int) -> str:
    """The title and subject of a seed, as front matter quotes it."""
    return _TITLES[seed % len(_TITLES)]


def _compared(body: str, quoted: str, folder: Path) -> tuple[str, bool]:
    settings = SiteSettings.model_validate({"title": "Partners", "base_url": SITE, "cards": False})
    for name, written in _files(body, quoted).items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written)
    faults: list[Fault] = []
    content = read_content(folder, settings, faults)
    if content is None:
        return "" if faults else "no content and no fault", True
    site = site_artifacts(content, settings, [TEMPLATES], DAY, folder, StatementSettings())
    html = site["announcements/text/index.html"].decode()
    page = _of_html(html, f"{SITE}announcements/text/")
    named, entry = _entry(site["atom.xml"])
    feed = _of_html(entry, SITE)
    heading = next(html5lib.parse(html, namespaceHTMLElements=False).iter("h1"))
    wanted = quoted.replace("\\", "")
    titles = ("".join(heading.itertext()).strip(), named)
    if titles != (wanted, wanted):
        return f"titles differ: {titles}", False
    if page != feed:
        return f"page and feed differ: {_difference(page, feed)}", False
    if CampaignCheck(content, settings, [TEMPLATES], DAY).faults():
        return "", True
    mail = _mail(content, settings)
    if mail["Subject"] != wanted:
        return f"the subject is {mail['Subject']}", False
    return _compared_mail(page, mail), False


def _compared_mail(page: Shown, mail: EmailMessage) -> str:
    html, plain = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None
    assert plain is not None
    shown = _of_html(html.get_content(), SITE)
    page = Shown(
        page.words,
        frozenset(link for link in page.links if not link.startswith(f"{SITE}announcements/text/")),
    )
    if page != shown:
        return f"page and mail differ: {_difference(page, shown)}"
    text = re.sub(r"\s", "", plain.get_content())
    signs = Counter("".join(page.words)) - Counter(text)
    missing = [word for word in page.words if word not in text] or dict(signs)
    if missing:
        return f"the text part lacks {missing}"
    lost = [
        link
        for link in page.links
        if link.removeprefix("mailto:") not in re.sub(r"\s", "", plain.get_content())
    ]
    return f"the text part lacks {lost}" if lost else ""


def _difference(one: Shown, other: Shown) -> str:
    words = Counter(one.words), Counter(other.words)
    return (
        f"{dict(words[0] - words[1])} {dict(words[1] - words[0])} {set(one.links ^ other.links)} {one.words}"
    )


def _files(body: str, quoted: str) -> dict[str, bytes]:
    head = f'---\ntitle: "{quoted}"\nsummary: A text.\ndate: 2023-04-15\n---\n'
    return {
        "program.toml": PROGRAM.encode(),
        "announcements/other.md": OTHER.encode(),
        "announcements/text.md": f"{head}{body}".encode(),
        "campaigns/text.md": f'---\nsubject: "{quoted}"\ncategory: announcement\n---\n{body}'.encode(),
        "static/Price list #1.pdf": b"x",
        "static/a.png": b"x",
    }


def _entry(feed: bytes) -> tuple[str, str]:
    """Title and HTML of the text's entry."""
    entries = feedparser.parse(feed, sanitize_html=False).entries
    (entry,) = [entry for entry in entries if entry.link.endswith("/text/")]
    return str(entry.title), str(entry.content[0].value)


def _mail(content: Content, settings: SiteSettings) -> EmailMessage:
    """The mail of one partner, as a mail program reads it."""
    rules = rules_on(content.policy, Rates(()), DAY)
    partner = Partner("P-1", "Ada Ltd", "ada@a.example", "EUR", "bronze")
    statement = compute_statement(Account(partner, (), ()), rules, [])
    renderer = CampaignRenderer(content.campaigns["text"], content, settings, _Sender(), [TEMPLATES], rules)
    facts = NoticeFacts(partner, statement, f"{SITE}statement/#x", "AAAA-AAAA")
    return _read(*renderer.notices([facts]))


def _read(notice: Notice) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = notice.subject
    message.set_content(notice.text)
    message.add_alternative(notice.html, subtype="html")
    read = message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def _of_html(html: str, base: str) -> Shown:
    """The words and links of the text within a document, from its first mark on."""
    root = html5lib.parse(html, namespaceHTMLElements=False)
    parents = {child: parent for parent in root.iter() for child in parent}
    first = next(element for element in root.iter("p") if (element.text or "").strip() == MARKS[0])
    body = parents[first]
    words = [word for piece in _texts(body) for word in _WORD.findall(piece)]
    links = {
        urljoin(base, link.get("href", "")) for link in body.iter("a") if "#fn" not in link.get("href", "")
    }
    return Shown(words, frozenset(links - {base}))


def _texts(element: Element) -> Iterator[str]:
    """The texts of an element; code, which templates may wrap, and the way back from a note are read apart."""
    if element.get("class") == "card-label" or element.tag in {"style", "script"}:
        return
    yield element.text or ""
    for child in element:
        yield from _texts(child)
        yield child.tail or ""
