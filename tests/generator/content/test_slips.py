"""Slips of everyday writing: characters from presentations, and addresses without https://."""

import pytest

from tests.generator.conftest import NEWS, SiteMaker, attributes


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Save\x0bmore now", "Save more now"),
        ("One page\x0cand the next", "One page and the next"),
        ("## A title\x0bin two lines", "A title in two lines"),
        ("- an\x0b item", "an  item"),
    ],
)
def test_soft_break_keeps_words_apart(make_site: SiteMaker, body: str, words: str) -> None:
    """A vertical tab (PowerPoint's soft line break) or a form feed is a space, and a remark says so."""
    site = make_site({"announcements/news.md": f"{NEWS}\n{body}\n"})
    assert words in site.page("announcements/news/")
    assert ["becomes a space"] == [one.what[-15:] for one in site.faults if "control" in one.what]


@pytest.mark.parametrize(
    "address", ["www.example.com", "shop.example.com/buy?x=1", "example.org#top", "www.example.com:8080/a"]
)
def test_address_without_scheme(make_site: SiteMaker, address: str) -> None:
    """A link to a host without a scheme is a fault that says how to write it (RFC 3986, 4.2 takes it for a path)."""
    site = make_site({"announcements/news.md": f"{NEWS}\n[x]({address})\n"})
    assert site.content() is None
    assert [f"write https://{address}"] == [fault.remedy for fault in site.faults]


@pytest.mark.parametrize("address", ["newz.md", "../static/price.list.pdf", "a.b.md"])
def test_file_is_no_host(make_site: SiteMaker, address: str) -> None:
    """A missing file is not taken for a host."""
    site = make_site({"announcements/news.md": f"{NEWS}\n[x]({address})\n"})
    assert site.content() is None
    assert [] == [fault.remedy for fault in site.faults if "https" in fault.remedy]


@pytest.mark.parametrize(("columns", "frames"), [(3, 0), (5, 1), (12, 1)])
def test_wide_table_in_html(make_site: SiteMaker, columns: int, frames: int) -> None:
    """A wide table scrolls in a frame of its own, however it is written; none has two frames."""
    row = "<tr>" + "<td>x</td>" * columns + "</tr>"
    markdown = "".join(f"\n|{f'{cell}|' * columns}" for cell in ("x", "---", "y"))
    site = make_site({"announcements/news.md": f"{NEWS}\n<table>{row}{row}</table>\n{markdown}\n"})
    page = site.page("announcements/news/")
    assert 2 * frames == len(attributes(page, "//div[@class='scroll' and @tabindex='0']/table"))
    assert 2 * frames == page.count('class="scroll"')


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("See [link](https://x.example).", 0),
        ("See [name][1].\n\n[1]: https://x.example", 0),
        ("Dear [NAME],", 1),
    ],
)
def test_link_text_is_no_placeholder(make_site: SiteMaker, body: str, told: int) -> None:
    """A link whose text is the word "link" is no placeholder; the word in brackets alone is one."""
    site = make_site({"announcements/news.md": f"{NEWS}\n{body}\n"})
    site.content()
    assert told == len([fault for fault in site.faults if "placeholder" in fault.what])
