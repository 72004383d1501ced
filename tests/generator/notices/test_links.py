"""Links of campaigns: the address of a page or file that the public sees, or a fault with its line."""

from collections.abc import Callable

import pytest

from generator.notices.body import CampaignLinks, CompiledBody, compile_body
from rewards import Fault
from tests.generator.conftest import SmallSite

HEAD = "---\ntitle: T\nsummary: S\n"
NEWS = f"{HEAD}date: 2023-04-14\n---\n## The terms\n\nText\n"
FILES = {
    "announcements/draft.md": f"{HEAD}date: 2023-04-14\ndraft: true\n---\nText\n",
    "announcements/later.md": f"{HEAD}date: 2024-02-01\n---\nText\n",
    "announcements/held.md": f"{HEAD}date: 2023-04-14\npublish_at: 2024-02-01\n---\nText\n",
    "announcements/over.md": f"{HEAD}date: 2023-04-14\nexpires_at: 2023-12-31\n---\nText\n",
    "announcements/news.md": NEWS,
    "announcements/news.de.md": NEWS.replace("## The terms", "## Bedingungen"),
    "pages/help.md": f"{HEAD}---\n## Hilfe für alle\n\nText\n",
    "static/Price list 50%.pdf": "x",
    "static/C#.pdf": "x",
    "static/Prämie (1).pdf": "x",
}
DAY = 738885  # 2023-12-31
MakeSite = Callable[..., SmallSite]


def compiled(
    site: SmallSite, source: str, language: str = "en", send_at: str = ""
) -> tuple[CompiledBody, list[str]]:
    """A campaign's body, which begins on line 10, compiled for a plan of 2023-12-31, and its faults."""
    front = f"subject: Hello\ncategory: notice\n{f'send_at: {send_at}' if send_at else 'edition: 1'}\n"
    path = site.folder / "content" / "campaigns" / "hello.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"---\n{front}---\n{source}\n", encoding="utf-8")
    content = site.content()
    assert content is not None, [str(fault) for fault in site.faults]
    links = CampaignLinks.of(content, site.settings, language, content.campaigns["hello"], DAY)
    faults: list[Fault] = []
    body = compile_body(source, "content/campaigns/hello.md", 10, faults, address=links)
    return body, [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("link", "address"),
    [
        # RFC 3986: a space is %20, a percent sign %25 (2.1), a number sign %23 (2.2); letters are UTF-8 (2.5).
        ("../static/Price%20list%2050%25.pdf", "Price%20list%2050%25.pdf"),
        ("<../static/Price list 50%25.pdf>", "Price%20list%2050%25.pdf"),
        ("../static/C%23.pdf", "C%23.pdf"),
        ("../static/Pr%C3%A4mie%20(1).pdf", "Pr%C3%A4mie%20%281%29.pdf"),
        ("./../static/C%23.pdf", "C%23.pdf"),
        ("../static/C%23.pdf#page=2", "C%23.pdf#page=2"),
        ("\n../announcements/news.md", "announcements/news/"),
        ("../announcements/news.md#the-terms", "announcements/news/#the-terms"),
        ("../pages/help.md#hilfe-fur-alle", "help/#hilfe-fur-alle"),
    ],
)
def test_links_are_absolute_addresses(make_site: MakeSite, link: str, address: str) -> None:
    """However a link is written, both parts have the absolute, percent-encoded address of its page or file."""
    for source in (f"[x]({link})", f"[x][1]\n\n  [1]: {link.strip()}"):
        body, faults = compiled(make_site(FILES), source)
        assert [] == faults
        assert f'href="https://partners.example/{address}"' in body.html
        assert f"https://partners.example/{address}" in body.text


def test_links_lead_to_the_readers_language(make_site: MakeSite) -> None:
    """A link names the page in the language of the mail, and its headings there."""
    body, faults = compiled(make_site(FILES), "[x](../announcements/news.md#bedingungen)", "de")
    assert [] == faults
    assert "https://partners.example/de/announcements/news/#bedingungen" in body.html


def test_links_in_code_are_text(make_site: MakeSite) -> None:
    """What looks like a link within code stays as it is written."""
    body, faults = compiled(make_site(FILES), "`[x](../announcements/none.md)`")
    assert [] == faults
    assert "[x](../announcements/none.md)" in body.text


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("../announcements/draft.md", "(draft)"),
        ("../announcements/later.md", "(published from 2024-02-01)"),
        ("../announcements/held.md", "(published from 2024-02-01)"),
        ("../announcements/over.md", "(expired on 2023-12-31)"),
        ("../announcements/news.md#no-terms", "did you mean 'the-terms'?"),
        ("../announcements/newz.md", "did you mean 'news.md'?"),
        ("../campaigns/hello.md", "campaigns have no public page"),
        ("../static/none.pdf", "leads to no file"),
        ("#the-terms", "leads to a place in the mail itself"),
        ("javascript:alert(1)", "cannot be used"),
        ("https://other.example/a b", "holds a space"),
        ("/announcements/news/", "no relative path"),
        (f"../pages/help.md#{'x' * 1000}", "names no heading"),
        (f"../pages/help.md#{'x' * 5000}", "has 5017 characters"),
    ],
)
def test_links_to_nothing_are_faults(make_site: MakeSite, link: str, what: str) -> None:
    """A link to what the public does not see, or to no heading, is a fault at its line, however long it is."""
    _, faults = compiled(make_site(FILES), f"Text\n\n[x]({link})")
    assert [True] == [fault.startswith("content/campaigns/hello.md:12: ") for fault in faults]
    assert what.replace("'news.md'", "'../announcements/news.md'") in faults[0]
    assert 700 > len(faults[0])


@pytest.mark.parametrize(
    ("send_at", "faults"), [("2024-02-01T09:00", 0), ("2024-01-31T23:30", 1), ("2024-01-31T23:30-05:00", 0)]
)
def test_links_count_on_the_day_of_sending(make_site: MakeSite, send_at: str, faults: int) -> None:
    """A page that is public on the day of `send_at` in the program's zone may be linked to before."""
    assert faults == len(compiled(make_site(FILES), "[x](../announcements/later.md)", send_at=send_at)[1])


def test_hidden_files_are_no_content(make_site: MakeSite) -> None:
    """An editor's hidden file beside the content cannot be linked to."""
    _, faults = compiled(make_site({**FILES, "announcements/.old.md": NEWS}), "[x](../announcements/.old.md)")
    assert 1 == len(faults)
    assert "leads to no file" in faults[0]
