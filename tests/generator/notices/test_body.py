"""Markdown bodies with template tags: lists, tables, filters, quotes, links, and what is refused."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template

from generator.notices.body import CompiledBody, author_line, compile_body, compiled_source, mail_environment
from generator.notices.text_part import WIDTH, _wrapped_narrow, _wrapped_wide, finished
from generator.templating.formats import Direction
from generator.templating.values import Address, PartnerText, Shown
from rewards import Fault

ROWS = {"rows": [{"a": "x", "b": 1}, {"a": "y|z", "b": 2}]}


def compiled(source: str) -> CompiledBody:
    """The body, which must have no faults."""
    faults: list[Fault] = []
    body = compile_body(source, "b.md", 1, faults)
    assert not faults
    return body


def html(source: str, values: Mapping[str, object]) -> str:
    """The body rendered as HTML, white space between tags left out."""
    rendered = (
        mail_environment((), "en", "html")
        .from_string(compiled(known(source)).html)
        .render(statement={"total": values})
    )
    return re.sub(
        r">\s+<", "><", re.sub(r' (class|style|align|scope|border|cell\w+|width)="[^"]*"', "", rendered)
    )


def text(source: str, values: Mapping[str, object]) -> str:
    """The body rendered as text."""
    template = mail_environment((), "en", "text").from_string(compiled(known(source)).text)
    return finished(template.render(statement={"total": values}))


def known(source: str) -> str:
    """`$('name')` is one of the values that the test gives, of a type that is not known beforehand."""
    return source.replace("$", "statement.total.get")


@pytest.mark.parametrize(
    ("source", "shown", "plain"),
    [
        ("It is {{ $('a') }}.", "<p>It is 1 kr.</p>", "It is 1 kr."),
        ("It is **{{ $('a') }}**.", "<p>It is <strong>1 kr</strong>.</p>", "It is 1 kr."),
        ("{{ $('a') }} is it", "<p>1 kr. is it</p>", "1 kr. is it"),
        ("It is {{ $('b') }}.", "<p>It is 1 د.ك\u200f.</p>", "It is 1 د.ك\u200f."),
        ("It is {{ $('c') }}.", "<p>It is <bdi>Acme Inc</bdi>.</p>", "It is \u2068Acme Inc\u2069."),
        ("It is {{ $('d') }}.", "<p>It is 1 EUR.</p>", "It is 1 EUR."),
        ("Until {{ $('a') }}..", "<p>Until 1 kr...</p>", "Until 1 kr..."),
        ("{{ $('d') if $('a') else 'x.' }}.", "<p>1 EUR.</p>", "1 EUR."),
    ],
)
def test_a_sentence_ends_once(source: str, shown: str, plain: str) -> None:
    """A full stop is written once after a value that ends with one: a currency, an abbreviated date or a name."""
    values = {
        "a": Shown("1 kr.", "1.00"),
        "b": Shown("1 د.ك.\u200f", "1.000"),
        "c": PartnerText("Acme Inc."),
        "d": Shown("1 EUR", "1.00"),
    }
    body = compiled(known(source))
    for kind, template, expected in (("html", body.html, shown), ("text", body.text, plain)):
        code = compiled_source(template, "b.md", "html" if kind == "html" else "text")
        built = mail_environment((), "en", "html" if kind == "html" else "text")
        found = Template.from_code(built, code, dict(built.globals)).render(statement={"total": values})
        assert expected == re.sub(r' style="[^"]*"', "", found).strip()


def body_faults(source: str, first_line: int = 1) -> list[str]:
    """What is wrong with a body, as text."""
    faults: list[Fault] = []
    compile_body(source, "b.md", first_line, faults)
    return [str(fault) for fault in faults]


LIST = "Items:\n\n{% for row in $('rows') %}\n- {{ row.a }}: {{ row.b }}\n{% endfor %}\n\nEnd.\n"
TABLE = (
    "| A | B |\n|---|--:|\n"
    "{% for row in $('rows') %}\n| {{ row.a|upper }} | {{ row.b }} |\n{% endfor %}\n\nEnd.\n"
)


def test_a_loop_around_a_list_item_repeats_the_item() -> None:
    """The list is there once, with an item for each round."""
    assert html(LIST, ROWS) == "<p>Items:</p><ul><li>x: 1</li><li>y|z: 2</li></ul><p>End.</p>"
    assert text(LIST, ROWS) == "Items:\n\n- x: 1\n- y|z: 2\n\nEnd.\n"


def test_a_list_may_follow_its_sentence_directly() -> None:
    """A loop on the line after a paragraph still becomes a list, and the paragraph after it stays outside."""
    source = "Items:\n{% for row in $('rows') %}\n- {{ row.a }}\n{% endfor %}\nEnd.\n"
    assert html(source, ROWS) == "<p>Items:</p><ul><li>x</li><li>y|z</li></ul><p>End.</p>"


def test_blank_lines_around_the_tags_do_not_matter() -> None:
    """Items spread out with blank lines are repeated one by one too."""
    source = "{% for row in $('rows') %}\n\n- {{ row.a }}\n\n{% endfor %}\n"
    assert html(source, ROWS).replace("<p>", "").replace("</p>", "") == "<ul><li>x</li><li>y|z</li></ul>"


def test_branches_around_list_items() -> None:
    """`if`, `else` and a loop's `else` choose items of one list."""
    source = (
        "{% for row in $('rows') %}\n{% if row.b > 1 %}\n- many {{ row.a }}\n"
        "{% else %}\n- one {{ row.a }}\n{% endif %}\n"
        "{% else %}\n- none\n{% endfor %}\n"
    )
    assert html(source, ROWS) == "<ul><li>one x</li><li>many y|z</li></ul>"
    assert html(source, {"rows": []}) == "<ul><li>none</li></ul>"
    assert text(source, ROWS) == "- one x\n- many y|z\n"


def test_nested_lists_repeat_inside_their_item() -> None:
    """An indented loop repeats the inner items."""
    source = (
        "{% for row in $('rows') %}\n- {{ row.a }}\n    {% for n in range(row.b) %}\n"
        "    - {{ n }}\n    {% endfor %}\n{% endfor %}\n"
    )
    assert html(source, ROWS).replace("\n", "") == (
        "<ul><li>x<ul><li>0</li></ul></li><li>y|z<ul><li>0</li><li>1</li></ul></li></ul>"
    )
    assert text(source, ROWS) == "- x\n  - 0\n- y|z\n  - 0\n  - 1\n"


def test_ordered_lists_count_on_in_loops() -> None:
    """Numbers in the text part follow the rounds."""
    source = "{% for row in $('rows') %}\n1. {{ row.a }}\n{% endfor %}\n2. last\n"
    assert html(source, ROWS) == "<ol><li>x</li><li>y|z</li><li>last</li></ol>"
    assert text(source, ROWS) == "1. x\n2. y|z\n3. last\n"


def test_a_loop_around_a_table_row_repeats_the_row() -> None:
    """The table and its head are there once; pipes in filters and values split no cell."""
    rendered = re.sub(r"<span>\w+</span>", "", html(TABLE, ROWS))
    assert rendered == (
        "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody>"
        "<tr><td>X</td><td>1</td></tr><tr><td>Y|Z</td><td>2</td></tr></tbody></table><p>End.</p>"
    )
    assert text(TABLE, ROWS) == "A    B\n---  -\nX    1\nY|Z  2\n\nEnd.\n"


def test_branches_around_table_rows() -> None:
    """Conditions choose rows, also several deep and on one line."""
    source = (
        "| A | B |\n|---|---|\n| first | row |\n"
        "{% for row in $('rows') %}{% if row.b > 1 %}\n| {{ row.a }} | big |\n"
        "{% else %}\n| {{ row.a }} | small |\n{% endif %}{% endfor %}\n| last | row |\n"
    )
    cells = re.findall(r"<td>([^<]*)</td>", html(source, ROWS))
    assert cells == ["first", "row", "x", "small", "y|z", "big", "last", "row"]


def test_a_table_inside_a_condition_is_whole_or_absent() -> None:
    """A condition around head and rows takes the whole table."""
    source = "{% if $('rows') %}\n## Head\n\n" + TABLE.replace("\nEnd.\n", "") + "{% endif %}\nEnd.\n"
    assert html(source, {"rows": []}).strip() == "<p>End.</p>"
    assert "<table>" in html(source, ROWS)
    assert text(source, {"rows": []}) == "End.\n"


def test_wide_tables_become_records_in_text() -> None:
    """A table too wide for a mail is written as lines of `head: cell`."""
    source = (
        "| First | Second |\n|---|---|\n{% for row in $('rows') %}\n"
        "| {{ row.a * 20 }} | {{ row.a * 20 }} |\n{% endfor %}\n"
    )
    assert text(source, ROWS).startswith(f"First: {'x' * 20}\nSecond: {'x' * 20}\n\nFirst: y|zy")


@pytest.mark.parametrize("quoted", ["\"double\" and 'single'", "5 < 6 & 7 > 2", "a*b_c_d", "&amp; stays"])
def test_text_has_quotes_and_signs_as_typed(quoted: str) -> None:
    """The text part has no HTML escapes and no typographic changes, the HTML part is escaped."""
    source = f"Say {quoted} to {{{{ $('name') }}}}.\n"
    shown = quoted.replace("&amp;", "&")
    assert text(source, {"name": '"O\'Neil" & <b>'}) == f'Say {shown} to "O\'Neil" & <b>.\n'
    assert "&lt;b&gt;" in html(source, {"name": '"O\'Neil" & <b>'})


def test_braces_of_the_author_are_text() -> None:
    """Escaped or raw braces do not become template code after the conversion."""
    source = "\\{\\{ 7+7 \\}\\} and {% raw %}{{ 7+7 }}{% endraw %} and &#123;&#123; 7+7 }}\n"
    assert html(source, {}).count("{{ 7+7 }}") == 3
    assert text(source, {}).count("{{ 7+7 }}") == 3


@given(st.text(alphabet="ab<>&\"'{}[]()*_`|#-+.!\\\n", max_size=40))
def test_values_never_become_markup(value: str) -> None:
    """Whatever a value holds, it arrives as text: nothing of it is Markdown, HTML or a template."""
    shown = PartnerText(value)
    rendered = html("Hello {{ $('name') }}!\n", {"name": shown})
    inside = (
        rendered.removeprefix("<p>Hello ").removesuffix("!</p>").removeprefix("<bdi>").removesuffix("</bdi>")
    )
    assert "<" not in inside
    assert "{{" not in value or "{{" in inside


LINKS = "See [the rules](https://a.example/x?a=1&b=2), then [your page]({{ link }}).\n\nBye.\n"
PRIVATE = "https://a.example/statement/#" + "a" * 60


def text_with_links(direction: Direction = "ltr", *, link_below: bool = False) -> str:
    """The text part of two links, as it is sent."""
    body = compile_body(LINKS, "c.md", 1, [], direction=direction, link_below=link_below)
    return finished(mail_environment((), "en", "text").from_string(body.text).render(link=Address(PRIVATE)))


def test_an_address_stands_once_behind_its_words_in_text() -> None:
    """No label is repeated below the paragraph; a long address moves to a line of its own as a whole."""
    assert text_with_links() == (
        f"See the rules <https://a.example/x?a=1&b=2>, then your page\n<{PRIVATE}>.\n\nBye.\n"
    )


def test_the_private_link_is_not_repeated_if_the_layout_shows_it() -> None:
    """The words stay, and the address stands where the layout puts it."""
    assert text_with_links(link_below=True) == (
        "See the rules <https://a.example/x?a=1&b=2>, then your page.\n\nBye.\n"
    )


def test_an_address_in_right_to_left_text_is_isolated() -> None:
    """The isolates stand outside the brackets, where no mail program takes them for a part of the address."""
    assert "the rules \u2066<https://a.example/x?a=1&b=2>\u2069," in text_with_links("rtl")


def test_links_in_html_are_ours_or_the_authors() -> None:
    """The private link goes into `href` escaped; angle brackets around it show it as a link to itself."""
    source = "[page]({{ link }}) <{{ link }}> [more]({{ site.base_url }}/more/)\n"
    template = mail_environment((), "en", "html").from_string(compiled(source).html)
    rendered = template.render(
        link=Address("https://a.example/#k&x"), site={"base_url": Address("https://a.example")}
    )
    assert rendered.count('href="https://a.example/#k&amp;x"') == 2
    assert 'href="https://a.example/more/"' in rendered


@pytest.mark.parametrize(
    "source",
    [
        "[x]({{ partner.name }})",
        "[x]({{ partner.email|upper }})",
        "[x](https://evil.example/{{ partner.name }})",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "[x](/relative)",
        "![x]({{ link }})",
        '[x]({{ link }} "{{ partner.name }}")',
        '<a href="{{ partner.name }}">x</a>',
        '<p style="{{ partner.name }}">x</p>',
        "<script>{{ partner.name }}</script>",
        "<!-- {{ partner.name }} -->",
        "<{{ partner.name }}>",
    ],
)
def test_only_trusted_addresses_are_links(source: str) -> None:
    """What a partner supplied, and any scheme but http, https and mailto, is refused with its line."""
    found = body_faults(f"First.\n\n{source}\n", first_line=10)
    assert found
    assert all(fault.startswith("b.md:1") for fault in found)
    assert any(fault.startswith("b.md:12:") for fault in found)


def test_values_of_unknown_type_are_refused_when_rendered() -> None:
    """Where the type of a link's expression shows only at run time, it is checked then."""
    body = compiled("{% set where = statement.total.get('where') %}\n[x]({{ where }})\n")
    template = mail_environment((), "en", "html").from_string(body.html)
    with pytest.raises(TypeError, match="address that we made"):
        template.render(statement={"total": {"where": "https://evil.example"}})


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a\n\n| A | B |\n|---|---|\n| a | b | {{ link }}\n", 5, "lost"),
        ("a\n\n- {% if link %}b\n- c{% endif %}\n", 3, "different places"),
        ("a\n\n**{% if link %}b** c{% endif %}\n", 3, "different places"),
        ("a\n\n{{ link\n", 3, "end of print"),
        ("a\n\n{% for %}\n", 3, "Expected an expression"),
        ("a\n\n{{ partner.name|nosuch }}\n", 3, "nosuch"),
        ("a\n\n{{ partner.name|safe }}\n", 3, "safe"),
        ("a\n\n{% include 'x' %}\n", 3, "include"),
        ("a\n\n{% if link %}\nb\n", 3, "endif"),
    ],
)
def test_what_cannot_be_compiled_is_told_with_its_line(source: str, line: int, words: str) -> None:
    """A tag that Markdown would lose or tear apart, and broken syntax, are faults with line and remedy."""
    found = body_faults(source)
    assert any(fault.startswith(f"b.md:{line}:") and words in fault and "; " in fault for fault in found), (
        found
    )


def test_lines_of_the_template_lead_back_to_the_author() -> None:
    """Each tag of the compiled template knows the line on which it was written."""
    body = compile_body("One {{ link }}\n\n- a\n\n\nTwo {{ reference }}\n", "b.md", 7, [])
    template = body.html.split("\n")
    for word, line in (("link", 7), ("reference", 12)):
        at = next(number for number, code in enumerate(template, 1) if code.startswith(word))
        assert author_line(body.html_lines, at) == line


WORDS = st.sampled_from(
    ["word", "{{ link }}", "**bold**", "- item", "{{ as_of }}", "", "# head", "text | pipe"]
)
BLOCKS = st.sampled_from(
    [("{% if link %}", "{% endif %}"), ("{% for e in statement.cashback %}", "{% endfor %}")]
)


@given(
    st.recursive(
        st.lists(WORDS, max_size=4),
        lambda inner: st.tuples(BLOCKS, st.lists(inner, max_size=3)),
        max_leaves=8,
    )
)
def test_what_compiles_keeps_every_tag(tree: object) -> None:
    """For any nesting of tags and Markdown, each tag is there once and in order, or there is a fault."""
    source = "\n".join(_lines(tree))
    faults: list[Fault] = []
    body = compile_body(source, "b.md", 1, faults)
    if faults:
        return
    tags = re.findall(r"\{[{%] ?(.*?) [}%]\}", source)
    written = re.findall(r"\{[{%]\n(.*?) [}%]\}", body.html)
    assert [tag.strip() for tag in tags] == written
    mail_environment((), "en", "html").compile(body.html)
    mail_environment((), "en", "text").compile(body.text)


def _lines(tree: object) -> list[str]:
    if isinstance(tree, tuple):
        (begin, end), inner = tree
        return [begin, *(line for part in inner for line in _lines(part)), end]
    return [line for part in tree for line in _lines(part)] if isinstance(tree, list) else [str(tree)]


@given(
    st.sampled_from(("", "- ", "> ", "12. ", "> - ", "  ", " " * 80)),
    st.lists(st.sampled_from(("", "a", "né", "word", "x" * 40, "y" * 76, "z" * 90)), max_size=30),
)
def test_a_line_of_narrow_characters_is_wrapped_as_any_other(lead: str, words: list[str]) -> None:
    """The quick way breaks at the same blanks as the one that measures each word, whatever stands between them."""
    line = f"{lead}{' '.join(words)}".rstrip()
    begin = min(len(lead), len(line))
    wrapped = _wrapped_narrow(line, begin, " " * begin)
    assert wrapped == _wrapped_wide(line, begin, " " * begin)
    if begin < WIDTH // 2:
        assert all(len(one) <= WIDTH or " " not in one[begin:] for one in wrapped)
