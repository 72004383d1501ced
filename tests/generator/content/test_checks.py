"""Remarks about content: what is found, and what is left alone."""

from datetime import date
from pathlib import Path

import pytest

from generator.content.checks import LARGEST_PICTURE, picture_remarks, text_remarks
from generator.content.front_matter import parse_document
from generator.content.terms import term_remarks
from generator.templating.formats import dates, percentages
from rewards import Fault, Offer, Program, Source, parse_offer, parse_program

PROGRAM = {
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "refunds_after_period": "ignore",
    "allowance_level": "assigned",
    "base_level": "affiliate",
    "levels": [{"id": "bronze", "name": "Bronze", "quota": 1000}],
}
CASHBACK = {
    "kind": "cashback",
    "title": "15 % cashback on your sales",
    "summary": "Credit",
    "announced_on": "2023-04-14",
    "rate": "15%",
    "period": {"from": "2023-01-01", "to": "2023-12-31"},
    "credited_on": "2024-01-15",
    "amendments": [{"effective_on": "2023-07-01", "note": "More.", "rate": "17.5%"}],
}


def known() -> tuple[Program, Offer]:
    """A program with one offer."""
    faults: list[Fault] = []
    program = parse_program(PROGRAM, Source("program.toml"), faults)
    assert program, faults
    offer = parse_offer("cashback", CASHBACK, program, Source("cashback.md"), faults)
    assert offer, faults
    return program, offer


def contradictions(text: str, language: str = "en", title: str = "15 % cashback on your sales") -> list[str]:
    """What is said of an announcement with that body."""
    document = parse_document(f"---\ntitle: News\nsummary: What is new\n---\n{text}\n", "news.md", [])
    assert document is not None
    program, offer = known()
    own = frozenset({date(2023, 4, 20).toordinal()})
    return [
        str(fault) for fault in term_remarks(document, language, {"cashback": (offer, title)}, program, own)
    ]


@pytest.mark.parametrize(
    ("text", "language", "written"),
    [
        ("31 December 2023, December 31, 2023, Dec. 31, 2023, 2023-12-31", "en", 4),
        ("31/12/2023 or 12/31/2023", "en", 2),
        ("31. Dezember 2023, 31.12.2023, 31. Dez. 2023", "de", 3),
        ("el 31 de diciembre de 2023", "es", 1),
        ("٣١ ديسمبر ٢٠٢٣", "ar", 1),
        ("2023年12月31日", "ja", 1),
        ("31\ndécembre 2023", "fr", 1),
    ],
)
def test_dates_are_found_as_they_are_written(text: str, language: str, written: int) -> None:
    """The usual forms of a date in a language mean the same day."""
    found = [one.values for one in dates(text, language)]
    assert [frozenset({date(2023, 12, 31).toordinal()})] * written == found


@pytest.mark.parametrize(
    "text", ["31 February 2023", "version 10.2.2023.4", "12345-12-31", "in May 2023", "31 December"]
)
def test_what_is_no_whole_date_is_left_alone(text: str) -> None:
    """Impossible days, versions, and dates without year or day are not compared."""
    assert [] == [one.text for one in dates(text, "en")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("15 %", "en"),
        ("15%", "en"),
        ("15 percent", "en"),
        ("15 Prozent", "de"),
        ("15 por ciento", "es"),
        ("%15", "tr"),
        ("١٥٪", "ar"),
    ],
)
def test_percentages_are_found_as_they_are_written(text: str, language: str) -> None:
    """With a sign before or after the number, or with the language's word."""
    assert [[3 / 20]] == [
        [float(value) for value in one.values] for one in percentages(f"xx {text} xx", language)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "You get 15 % cashback, since July 17.5 %.",
        "The [cashback](../offers/cashback.md): for sales from 1 January 2023 to 31 December 2023, on 15 January 2024.",
        "Cashback for all sales before January 1, 2024, as announced on 14 April 2023 and here on 20 April 2023.",
        "Our growth was 40 % in the year that ended on 30 June 2022.",
        "The code `cashback 99 %` is code.\n\n```\ncashback 98 %\n```\n",
    ],
)
def test_what_agrees_or_is_about_something_else_is_left_alone(text: str) -> None:
    """Every version's values, the announcement's own days, and what is not about an offer give no remark."""
    assert [] == contradictions(text)


def test_a_contradiction_names_text_term_and_what_agrees() -> None:
    """The remark says which text stands against which term, and its line."""
    agree = ": let them agree, or leave it if it is about something else"
    assert [
        f"news.md:6: '12 %' is no rate of 'cashback'; the terms say rate 15%, rate 17.5%{agree}",
        f"news.md:7: '30 December 2023' is no day of 'cashback'; the terms say period 2023-12-31{agree}",
    ] == contradictions("We thank you.\nThe cashback is 12 %\nuntil 30 December 2023.")


def test_a_translation_is_compared_in_its_own_words() -> None:
    """What is about an offer is told by the title in the same language."""
    assert 1 == len(contradictions("Es gibt 12 % Rückvergütung.", "de", "15 % Rückvergütung auf alles"))
    assert [] == contradictions("Es gibt 12 % Rückvergütung.", "de", "Anderes")


def remarks(body: str, *, under_title: bool = True) -> list[tuple[int | None, str]]:
    """Line and sentence of each remark about a body, which begins on line 3."""
    document = parse_document(f"---\n---\n{body}\n", "news.md", [])
    assert document is not None
    return [(fault.line, fault.what) for fault in text_remarks(document, under_title=under_title)]


@pytest.mark.parametrize(
    "body",
    [
        "## Two\n### Three\n## Two\n### Three\n#### Four",
        "Two\n---\n\nText\n\n---\n\nText",
        "```\n# code\nTODO\n![](x)\n```",
        "`# code` and `TODO`",
        "| a |\n| --- |\n| b |",
        "![A bell](../static/bell.svg) <img alt='' src='x'> <IMG ALT=x src=y>",
        "<!-- TODO: later -->\nMastodon, a todo list, method XXXV.",
        "- a\n---",
    ],
)
def test_sound_texts_have_no_remark(body: str) -> None:
    """Headings that go step by step, rules, code, comments and described pictures are left alone."""
    assert [] == remarks(body)


def test_every_sort_of_slip_is_found_on_its_line() -> None:
    """Headings, pictures and placeholders, in the order of the text."""
    found = remarks("# One\n\nText\n\n#### Four\n\n![](a.png) TODO\n<img src=b>\nLorem ipsum dolor […]")
    assert [3, 7, 9, 9, 10, 11, 11] == [line for line, _ in found]
    assert [] == remarks("# One\n## Two", under_title=False)


def test_a_huge_picture_is_remarked(tmp_path: Path) -> None:
    """A picture beyond the limit is named with its size; other files may be large."""
    for name, size in (
        ("large.png", LARGEST_PICTURE + 1),
        ("small.png", 10),
        ("large.pdf", LARGEST_PICTURE + 1),
    ):
        (tmp_path / name).write_bytes(b"x" * size)
    (fault,) = picture_remarks({path.name: path for path in sorted(tmp_path.iterdir())})
    assert ("content/static/large.png", "remark") == (fault.file, fault.severity)
    assert fault.what.startswith("the picture has 1.0 MB")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<div>\n\n- one\n\n</div>\n", {5: "Markdown within <div> is shown as it is written"}),
        ("<section class='a'>\n<p>x</p>\n\nSee [x](y.md).\n</section>\n", {6: "Markdown within <section>"}),
        ("<aside>\n\n**Note**\n", {5: "Markdown within <aside>"}),
        ('<div markdown="1">\n\n- one\n\n</div>\n', {}),
        ("<div>\n- one\n</div>\n\n- two\n", {}),
        ("<div>\n\nplain text\n\n</div>\n", {}),
    ],
)
def test_markdown_in_html_is_told(body: str, said: dict[int, str]) -> None:
    """Markdown after a blank line within an element, which CommonMark (4.6) converts, is told with its line."""
    found = {line or 0: sentence for line, sentence in remarks(body) if "Markdown within" in sentence}
    assert said.keys() == found.keys()
    assert all(said[line] in found[line] for line in said)


@pytest.mark.parametrize("piece", ["<!--", "<!-- x", "<img ", "`a` ", "``", "![ ](", "a'"])
def test_remarks_end(piece: str) -> None:
    """Remarks about 50,000 characters of one pattern are found without a search that never ends."""
    assert 50_000 // len(piece) >= len(list(remarks(piece * (50_000 // len(piece)))))


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("Text[^1]\n\n[^1]: used", []),
        ("Text\n\n[^a]: unused", [5]),
        ("[^1]: unused\n[^2]: refers to [^3]\n\n[^3]: used", [3, 4]),
    ],
)
def test_unused_footnotes_are_told(body: str, lines: list[int]) -> None:
    """A footnote to which no text refers is not shown, as on code hosts, and is told with its line."""
    assert lines == [line for line, sentence in remarks(body) if "footnote" in sentence]


def told(front: str, body: str = "", *, day: str = "", of_one: bool = False) -> list[str]:
    """What is said of a text with these keys in its front matter, of that day, about the one offer."""
    document = parse_document(f"---\n{front}\n---\n{body}\n", "text.md", [])
    assert document is not None
    program, offer = known()
    on = date.fromisoformat(day).toordinal() if day else 0
    named = {"cashback": (offer, offer.title)}
    found = term_remarks(document, "en", named, program, frozenset(), day=on, of_one=of_one)
    return [str(fault).partition(": let them agree")[0] for fault in found]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2023-06-30", []),
        ("2023-07-01", []),
        ("2023-07-02", ["text.md:2: title: '15 %' is a former rate of 'cashback'; now it is rate 17.5%"]),
        ("", []),
    ],
)
def test_a_superseded_value_is_told_in_what_is_dated_after_it(day: str, expected: list[str]) -> None:
    """On the day of an amendment a text may say what was; later it contradicts the terms."""
    assert expected == told("title: 15 % cashback for all", day=day)
    assert [] == told("title: 17.5 % cashback for all", day=day)


def test_an_offers_own_file_is_about_it_everywhere() -> None:
    """Title, summary and body are compared with the terms, also where no word of the title stands."""
    assert [
        "text.md:2: title: '14 %' is no rate of 'cashback'; the terms say rate 15%, rate 17.5%",
        "text.md:3: summary: '31 October 2023' is no day of 'cashback'; the terms say period 2023-12-31",
        "text.md:5: '16 %' is no rate of 'cashback'; the terms say rate 15%, rate 17.5%",
    ] == told("title: 14 %\nsummary: Until 31 October 2023", "You get 16 %, or 15 %.", of_one=True)
    assert [] == told("title: Yes", "You get 16 %.")
    assert [] == told("title: Yes", "The [other one](other.md) and ../offers/x.md: 17.5 %.", of_one=True)


def test_the_words_of_an_amendment_are_dated_by_it() -> None:
    """A title that an amendment writes has the value that holds since then."""
    amended = "title: 15 %\namendments: [{effective_on: 2023-07-01, title: Still 15 %, summary: Now 17.5 %}]"
    assert [
        "text.md:3: amendments.0.title: '15 %' is a former rate of 'cashback'; now it is rate 17.5%"
    ] == told(amended, of_one=True)


def test_a_campaign_is_compared_where_it_is_about_an_offer() -> None:
    """Subject, preheader and body; expressions and tags of its templates tell nothing."""
    front = "subject: Your 12 % cashback\npreheader: Up to 30 % more"
    body = "{% if cashback > 0 % 2 %}\nYour cashback of {{ 90 % 7 }} is 11 %.\n{% endif %}"
    assert [
        "text.md:2: subject: '12 %' is no rate of 'cashback'; the terms say rate 15%, rate 17.5%",
        "text.md:6: '11 %' is no rate of 'cashback'; the terms say rate 15%, rate 17.5%",
    ] == told(front, body)
