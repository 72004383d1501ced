"""The template engine: what it escapes, isolates, refuses and translates."""

from dataclasses import dataclass
from pathlib import Path

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from generator.languages import reader_language
from generator.templating.catalogs import BrokenCatalog
from generator.templating.environment import environment
from generator.templating.values import Address, PartnerText, contained

HOSTILE = (
    "<script>alert(1)</script>",
    "[x](http://evil)",
    "{{7*7}}",
    "\u202egnp.exe",
    "a\u2069\u202eb",
    "Müller & Söhne",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_partners_text_is_text_in_html(name: str) -> None:
    """Whatever a partner is called, HTML shows it as text inside one `<bdi>`."""
    rendered = (
        environment((), "en", kind="html").from_string("<p>{{ name }}!</p>").render(name=PartnerText(name))
    )
    paragraph = html5lib.parseFragment(rendered, namespaceHTMLElements=False)[0]
    assert [child.tag for child in paragraph] == ["bdi"]
    assert paragraph[0].text == contained(name)
    assert not list(paragraph[0])


@pytest.mark.parametrize("name", HOSTILE)
def test_partners_text_is_isolated_in_text(name: str) -> None:
    """In text a partner's name stands between an isolate's start and end, unescaped."""
    rendered = environment((), "en", kind="text").from_string("{{ name }}!").render(name=PartnerText(name))
    assert rendered == f"\u2068{contained(name)}\u2069!"


@given(st.text(alphabet="ab \u2066\u2067\u2068\u2069\u202e\n\u2029\x00", max_size=12))
def test_contained_text_cannot_leave_its_isolate(text: str) -> None:
    """Isolates inside are balanced and no line break remains: what follows keeps its direction and line."""
    depth = 0
    for char in contained(text):
        depth += char in "\u2066\u2067\u2068"
        depth -= char == "\u2069"
        assert depth >= 0
        assert char not in "\n\u2029\x00"
    assert depth == 0


@pytest.mark.parametrize(
    "expression", ["name|upper", "name|trim", "name|lower", "name|capitalize", "name.title()"]
)
def test_filters_keep_the_isolation(expression: str) -> None:
    """A filter that changes a name's letters does not make it the author's text."""
    template = environment((), "en", kind="text").from_string("{{ %s }}" % expression)  # noqa: UP031 - braces
    assert template.render(name=PartnerText("ann b")).startswith("\u2068")


def test_undefined_names_are_errors() -> None:
    """A misspelt name stops the page instead of leaving a gap in it."""
    with pytest.raises(UndefinedError, match="nmae"):
        environment((), "en", kind="html").from_string("{{ nmae }}").render()


def test_nothing_shows_as_nothing() -> None:
    """A figure that does not exist, such as the next level at the top, leaves no `None` behind."""
    for kind in ("html", "text"):
        built = environment((), "en", kind="html" if kind == "html" else "text")
        assert built.from_string("[{{ x }}]").render(x=None) == "[]"


@pytest.mark.parametrize(
    "source", ["{{ ''.__class__.__mro__ }}", "{{ x.append(1) }}", "{{ '{0.__class__}'.format(x) }}"]
)
def test_templates_cannot_reach_the_machinery(source: str) -> None:
    """Authors' templates run sandboxed: no internals, no changes to what they are given."""
    with pytest.raises(SecurityError):
        environment((), "en", kind="html").from_string(source).render(x=[])


def test_addresses_show_as_links() -> None:
    """An address that we made is a link to itself in HTML and bare in text."""
    address = Address("https://a.example/?a=1&b=2")
    html = environment((), "en", kind="html").from_string("{{ a }}").render(a=address)
    assert html == '<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>'
    assert environment((), "en", kind="text").from_string("{{ a }}").render(a=address) == address


def test_the_sites_catalog_goes_before_the_packaged_one(tmp_path: Path) -> None:
    """A label comes from the site's catalog, else from the packaged one, else stays English."""
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    for name, entries in (("site", {"a": "site a"}), ("packaged", {"a": "packaged a", "b": "packaged b"})):
        (tmp_path / name / "locale").mkdir(parents=True)
        messages = "".join(f'msgid "{key}"\nmsgstr "{value}"\n\n' for key, value in entries.items())
        (tmp_path / name / "locale" / "de.po").write_text(head + messages, encoding="utf-8")
    folders = [tmp_path / "site", tmp_path / "packaged"]
    for language in ("de", "de-AT"):
        template = environment(folders, language, kind="html").from_string(
            "{{ _('a') }} {{ _('b') }} {{ _('c') }}"
        )
        assert template.render() == "site a packaged b c"


def test_a_broken_catalog_names_its_file(tmp_path: Path) -> None:
    """A catalog that cannot be read is an error that says which."""
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "de.po").write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(BrokenCatalog, match=r"de\.po"):
        environment([tmp_path], "de", kind="html")


@dataclass(frozen=True)
class Site:
    """The languages of a site."""

    languages: tuple[str, ...] = ("en", "de", "pt-BR")
    default_language: str = "en"


@pytest.mark.parametrize(
    ("partner", "expected"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("DE", "de"),
        ("pt-br", "pt-BR"),
        ("pt", "en"),
        ("", "en"),
        ("fr", "en"),
    ],
)
def test_readers_get_the_nearest_language(partner: str, expected: str) -> None:
    """A regional code falls back to its language, an unknown or empty one to the site's default."""
    assert reader_language(partner, Site()) == expected
