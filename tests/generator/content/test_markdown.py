"""The Markdown dialect: blocks and inline text as CommonMark and GitHub Flavored Markdown define them.

Numbers in parentheses are sections of CommonMark 0.31.2 (https://spec.commonmark.org/0.31.2/) or, with `GFM`, of the
GitHub Flavored Markdown Spec 0.29 (https://github.github.com/gfm/).
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.content.bodies import Body, compile_page_body
from generator.content.markdown import INLINE_SIGN, _converter, mail_markdown_html, markdown_html
from generator.errors import UnreadableMarkdownError
from rewards import Fault


def shape(html: str) -> str:
    """HTML without ids, classes and the white space between elements."""
    return re.sub(
        r"\s*(</?(?!code|em|strong|a|del|br)\w+[^>]*>)\s*", r"\1", re.sub(r' (id|class)="[^"]*"', "", html)
    )


@pytest.mark.parametrize(
    ("source", "html"),
    [
        # A list may begin directly after a line of text (5.2, 5.3).
        ("Prices:\n- net\n- gross", "<p>Prices:</p><ul><li>net</li><li>gross</li></ul>"),
        ("First\n1. one\n2. two", "<p>First</p><ol><li>one</li><li>two</li></ol>"),
        ("The year was\n2023. Sales grew.", "<p>The year was\n2023. Sales grew.</p>"),
        ("Text\n-\nmore", "<h2>Text</h2><p>more</p>"),
        # The content of an item begins where its text does (5.2).
        ("* a\n  * b\n    * c", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li></ul>"),
        ("1. a\n   - b\n2. c", "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>"),
        ("10) a\n    - b", '<ol start="10"><li>a<ul><li>b</li></ul></li></ol>'),
        ("- a\n\n  second\n- b", "<ul><li><p>a</p><p>second</p></li><li><p>b</p></li></ul>"),
        ("- a\n-\n- c", "<ul><li>a</li><li><!-- --></li><li>c</li></ul>"),
        # Another mark begins another list (5.3).
        ("- a\n+ b", "<ul><li>a</li></ul><!-- --><ul><li>b</li></ul>"),
        ("1. a\n1) b", "<ol><li>a</li></ol><!-- --><ol><li>b</li></ol>"),
        # Fenced code stands in any container (4.5).
        ("- a\n  ```\n  x < y\n  ```", "<ul><li>a<pre><code>x &lt; y\n</code></pre></li></ul>"),
        ("> ~~~~\n> ```\n> ~~~~", "<blockquote><pre><code>```\n</code></pre></blockquote>"),
        ("text\n```\ncode\n```\ntext", "<p>text</p><pre><code>code\n</code></pre><p>text</p>"),
        ("```\nnever closed", "<pre><code>never closed\n</code></pre>"),
        # Headings need a space, and close with a space before the signs (4.2, 4.3).
        ("#1 in sales", "<p>#1 in sales</p>"),
        ("## In C#", "<h2>In C#</h2>"),
        ("## In C ##", "<h2>In C</h2>"),
        ("Two\nlines\n---", "<h2>Two lines</h2>"),
        ("####### seven", "<p>####### seven</p>"),
        # A table may begin directly after a line of text (GFM 4.10).
        (
            "Rates\n| a | b |\n|---|---|\n| 1 | 2 |\nafter?",
            (
                "<p>Rates</p><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr>"
                "<tr><td>after?</td><td></td></tr></tbody></table>"
            ),
        ),
        (
            "| a | b |\n|---|---|\n| 1 | 2 |\n- item",
            (
                "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
                "<ul><li>item</li></ul>"
            ),
        ),
        # Quotes apart stay apart, and a lazy line belongs to the quote (5.1).
        ("> a\n\n> b", "<blockquote><p>a</p></blockquote><!-- --><blockquote><p>b</p></blockquote>"),
        ("> a\nb", "<blockquote><p>a\nb</p></blockquote>"),
        ("- - -\n***", "<hr><hr>"),
    ],
)
def test_blocks_are_those_of_commonmark(source: str, html: str) -> None:
    """Lists, code, headings, tables and quotes are the blocks that editors and code hosts show."""
    assert html == shape(mail_markdown_html(source))
    assert html.replace("<!-- -->", "") == shape(markdown_html(source)).replace("<!-- -->", "")


@pytest.mark.parametrize(
    ("source", "html"),
    [
        # Code spans end with as many backticks as they begin with (6.1).
        ("``a`b``", "<code>a`b</code>"),
        ("```a``", "```a``"),
        ("`` ` ``", "<code>`</code>"),
        (r"\`a`b`", "`a<code>b</code>"),
        # Every sign of ASCII can be escaped (2.4), and a backslash at the end of a line breaks it (6.7).
        (r"1\) \~ \% \& \&copy; \<b>", "1) ~ % &amp; &amp;copy; &lt;b&gt;"),
        ("one\\\ntwo", "one<br>\ntwo"),
        # Of two definitions the first counts (4.7); a space parts a text from a reference (6.3).
        ("[a]\n\n[a]: https://x.example/1\n[a]: https://x.example/2", '<a href="https://x.example/1">a</a>'),
        ("[b] [a]\n\n[a]: https://x.example/1", '[b] <a href="https://x.example/1">a</a>'),
        # Struck text (GFM 6.5).
        ("~~20 %~~ 15 %", "<del>20 %</del> 15 %"),
        ("a ~~ b ~~ c", "a ~~ b ~~ c"),
        ("`~~a~~`", "<code>~~a~~</code>"),
    ],
)
def test_inline_text_is_that_of_commonmark(source: str, html: str) -> None:
    """Code, escapes, references and struck text are what editors and code hosts show."""
    assert f"<p>{html}</p>" == mail_markdown_html(source)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        (
            "See https://x.example/a_b_c.",
            'See <a href="https://x.example/a_b_c">https://x.example/a_b_c</a>.',
        ),
        ("(https://x.example/a(b))", '(<a href="https://x.example/a(b)">https://x.example/a(b)</a>)'),
        ("www.x.example, next", '<a href="http://www.x.example">www.x.example</a>, next'),
        ("Ask jo.do@x.example!", 'Ask <a href="mailto:jo.do@x.example">jo.do@x.example</a>!'),
        ("https://", "https://"),
        ("xhttps://x.example", "xhttps://x.example"),
        ("`https://x.example`", "<code>https://x.example</code>"),
        ("[https://x.example](https://y.example)", '<a href="https://y.example">https://x.example</a>'),
        (
            '<a href="https://y.example">https://x.example</a>',
            '<a href="https://y.example">https://x.example</a>',
        ),
        ('<img alt="https://x.example" src="a.png">', '<img alt="https://x.example" src="a.png">'),
    ],
)
def test_bare_addresses_are_links(source: str, html: str) -> None:
    """A web or mail address in a text is a link to itself, without the punctuation around it (GFM 6.9)."""
    assert f"<p>{html}</p>" == mail_markdown_html(source)


@pytest.mark.parametrize("words", ["{15%}", "{name}", "{2024}", "{a b}", "{#}", "{x y=}"])
@pytest.mark.parametrize(
    "place", ["## Terms {}", "Text\n{}", "**Level**{} counts", "- item {}\n", "T {}\n:   D"]
)
def test_words_in_braces_are_shown(place: str, words: str) -> None:
    """Braces that hold no list of `#id`, `.class` and `key=value` are text."""
    assert words in re.sub("<[^>]+>", "", markdown_html(place.replace("{}", words)))


@pytest.mark.parametrize(
    ("source", "tag"),
    [
        ("## Terms {#small-print}", '<h2 id="small-print">'),
        ("Text\n{: .wide lang=de}", '<p class="wide" lang="de">'),
        ("**a**{.b title='two words'}", '<strong class="b" title="two words">'),
    ],
)
def test_attribute_lists_are_attributes(source: str, tag: str) -> None:
    """Braces with `#id`, `.class` and `key=value` set attributes and are not shown."""
    html = markdown_html(source)
    assert tag in html
    assert "{" not in html


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("- [x] signed\n- [ ] paid", "<ul><li>☑ signed</li><li>☐ paid</li></ul>"),
        ("> [!TIP]\n> Save", "<div><p>Tip</p><p>Save</p></div>"),
        ("!!! note\n    Do:\n    - a", "<div><p>Note</p><p>Do:</p><ul><li>a</li></ul></div>"),
        (
            "T\n:   Do:\n    - a\nU\n:   V",
            "<dl><dt>T</dt><dd><p>Do:</p><ul><li>a</li></ul></dd><dt>U</dt><dd>V</dd></dl>",
        ),
    ],
)
def test_extensions_hold_blocks(source: str, html: str) -> None:
    """Task lists, callouts and definitions are shown, and hold lists as any other block does."""
    assert html == shape(mail_markdown_html(source))


def page(source: str) -> tuple[Body, list[str]]:
    """A body of a page, and its faults."""
    faults: list[Fault] = []
    body = compile_page_body(source, "p.md", 5, faults)
    return body, [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Große Änderung", "groe-anderung"),
        ("ترقية الشريك", "ترقية-الشريك"),
        ("पार्टनर शर्तें", "पार्टनर-शर्तें"),
        ("割引 2024", "割引-2024"),
    ],
)
def test_headings_of_every_script_have_ids(heading: str, anchor: str) -> None:
    """The id of a heading has its words in their script; Latin ids stay what they were."""
    assert anchor == page(f"## {heading}")[0].headings[0].anchor


@pytest.mark.parametrize("note", ["[^1]", "[^terms]", " [^a]"])
def test_headings_are_named_without_their_notes(note: str) -> None:
    """A list of contents has no numbers of footnotes."""
    body, faults = page(f"## Cashback{note}\n\nText\n\n{note.strip()}: Note")
    assert ([], "Cashback") == (faults, body.headings[0].text)


def test_footnotes_are_numbered_by_their_references() -> None:
    """Notes stand in the order in which the text refers to them; one without a reference is left out."""
    html = markdown_html("A[^b] B[^a]\n\n[^a]: first\n\n[^c]: none\n\n[^b]: second\n")
    assert ["second", "first"] == re.findall(r"<p>(first|none|second)", html)
    assert ["1", "2"] == re.findall(r'class="footnote-ref" href="[^"]*">(\d)', html)


LONG = 50_000


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "`a` ",
            "`` ` ``",
            "<!-- x -->\n",
            "<!--",
            "[a](",
            "![",
            "<a ",
            '<a b=">"',
            "***a",
            "~~a",
            "a@",
            "a@b.",
        ),
        *("> - ", "*[a]: b\n", "[^a]", '<div markdown="1">\n', "{#a", "|-", "- a\n", "www.a", "\\`", "=-\n"),
    ],
)
def test_long_texts_end(piece: str) -> None:
    """50,000 characters of one pattern are converted, or refused with the line, without a search that never ends."""
    _, faults = page(piece * (LONG // len(piece)))
    assert all(fault.startswith("p.md:") for fault in faults)


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("Short\n\n" + "x" * 10_001, 7, "10001 characters"),
        ("a\n" * 150_001, 5, "300002 characters"),
        ("> " * 60 + "deep", 5, "nested too deeply"),
        ("Text\n\n" + "<a " * 600, 7, "never closed"),
        ('<div markdown="1">\n' * 600 + "</div>\n" * 600, 5, "nested too deeply"),
    ],
)
def test_limits_are_faults(source: str, line: int, what: str) -> None:
    """What is too long or too deep is one fault with its line and the remedy."""
    _, faults = page(source)
    assert [True] == [fault.startswith(f"p.md:{line}: ") and what in fault for fault in faults]


def test_a_refusal_names_its_piece() -> None:
    """The error of a text that cannot be converted has the beginning of the piece, by which its line is found."""
    with pytest.raises(UnreadableMarkdownError) as refused:
        mail_markdown_html("a\n\nb " + "c" * 20_000)
    assert refused.value.begin.startswith("b ccc")


TEXTS = (
    "*[HTML]: Hyper Text\n\nThe *HTML* words, and HTML in others",
    "The HTML words, without the abbreviation",
    "A note[^1] and *more*\n\n[^1]: The note",
    "Another note[^1]\n\n[^1]: Another",
    "See [the page] of [us][]\n\n[the page]: one.md\n[us]: two.md",
    "See [the page] of [us][]",
    "# Same\n\n## Same\n\n`code` **open",
    "**open *again\n\nand a line  \nbroken\\\nagain",
    "<div markdown='1'>\n*in* <b>it</b>\n</div>",
    "!!! note\n    www.vendor.example or me@vendor.example, ~~not~~ &copy; \\*",
    "3. three\n4. four\n\n| a | b |\n| --- | --: |\n| 1 | *2* |",
    "- a\n- b\n\nQuestion?\n:   Answer\n",
)


@pytest.mark.parametrize("convert", [markdown_html, mail_markdown_html])
def test_texts_are_converted_as_if_each_were_the_first(convert: Callable[[str], str]) -> None:
    """A converter that has seen other texts, also one that it refused, leaves nothing of them in the next."""
    alone = []
    for text in TEXTS:
        _converter.cache_clear()
        alone.append(convert(text))
    for order in (TEXTS, TEXTS[::-1]):
        for text in order:
            with pytest.raises(UnreadableMarkdownError):
                convert(f"!!! note\n    **x [^1]\n\n[^1]: {'y' * 10_001}")
            convert("**open _and [^1]\n\n[^1]: the end")
            assert convert(text) == alone[TEXTS.index(text)]


def test_each_thread_has_a_converter() -> None:
    """The studio converts texts in several threads at once."""
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(markdown_html, TEXTS * 20))
    assert together == [markdown_html(text) for text in TEXTS] * 20


@given(text=st.text(st.sampled_from("ab.w:/ \n\\`*_[]<>&@~!#x\x02\x03-\N{SNOWMAN}"), max_size=30))
@example("a  \nb")
@example("www.vendor.example")
@example("https://vendor.example")
@example("me@vendor.example")
def test_what_is_not_searched_has_nothing_to_find(text: str) -> None:
    """No pattern finds anything in a text without a sign of one."""
    if not INLINE_SIGN.search(text):
        patterns = _converter(get_ident()).inlinePatterns
        assert [] == [one.pattern for one in patterns if one.getCompiledRegExp().search(text)]
