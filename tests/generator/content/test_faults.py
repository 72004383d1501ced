"""Author's mistakes: each is one fault with file, line, field and a remedy, in drafts too."""

import pytest

from rewards import Fault
from tests.generator.conftest import CASHBACK, NEWS, PROGRAM, SiteMaker

CAMPAIGN = """\
---
subject: Hello
category: notice
---
Hello {{ partner.name }}
"""


def only_fault(found: list[Fault]) -> Fault:
    """The one fault among remarks."""
    faults = [fault for fault in found if fault.severity == "fault"]
    assert len(faults) == 1, [str(fault) for fault in found]
    return faults[0]


def with_key(text: str, line: str) -> str:
    """The text with a further line at the top of its front matter."""
    return text.replace("---\n", f"---\n{line}\n", 1)


@pytest.mark.parametrize(
    ("name", "text", "line", "field", "what", "remedy"),
    [
        ("announcements/news.md", with_key(NEWS, "autor: x"), 2, "autor", "unknown key 'autor'", "'author'"),
        ("announcements/news.md", NEWS.replace("title: News\n", ""), 1, "title", "missing", "add"),
        ("announcements/news.md", NEWS.replace("date: 2023-04-14\n", ""), 1, "date", "missing", "add"),
        ("announcements/news.md", NEWS.replace("title: News", "title: 2023"), 2, "title", "2023", "quotes"),
        (
            "announcements/news.md",
            NEWS.replace("title: News", "title: '  '"),
            2,
            "title",
            "empty",
            "one line",
        ),
        (
            "announcements/news.md",
            NEWS.replace("2023-04-14", "2023-02-30"),
            4,
            "date",
            "2023-02-30",
            "2023-12-31",
        ),
        (
            "announcements/news.md",
            NEWS.replace("2023-04-14", "20230414"),
            4,
            "date",
            "20230414",
            "2023-12-31",
        ),
        (
            "announcements/news.md",
            NEWS.replace("[cashback]", "[cashbck]"),
            5,
            "offers.0",
            "'cashbck'",
            "'cashback'",
        ),
        ("announcements/news.md", with_key(NEWS, "draft: maybe"), 2, "draft", "maybe", "true or false"),
        ("announcements/news.md", with_key(NEWS, "publish_at: soon"), 2, "publish_at", "soon", "2023-12-31"),
        (
            "announcements/news.md",
            with_key(NEWS, "expires_at: 2023-13-01"),
            2,
            "expires_at",
            "2023-13-01",
            "write",
        ),
        ("announcements/news.md", with_key(NEWS, "updated: 2023-04-13"), 2, "updated", "before", "correct"),
        (
            "announcements/news.md",
            with_key(NEWS, "aliases: [Old News]"),
            2,
            "aliases.0",
            "Old News",
            "old-news",
        ),
        ("announcements/news.md", with_key(NEWS, "aliases: [news]"), 2, "aliases.0", "taken", "another"),
        ("announcements/news.md", with_key(NEWS, "id: a b"), 2, "id", "spaces", "letters"),
        (
            "announcements/news.md",
            with_key(NEWS, "image: ../static/no.png"),
            2,
            "image",
            "no.png",
            "content/static/",
        ),
        ("announcements/news.md", NEWS.replace("[Offers]", "['!!']"), 6, "tags.0", "no address", "letter"),
        ("announcements/news.md", NEWS.replace("[Offers]", "[a b, A-B]"), 6, "tags.1", "twice", "one"),
        (
            "announcements/news.md",
            with_key(NEWS, "draft: true").replace("cashback.md", "cashbak.md"),
            9,
            "",
            "cashbak.md",
            "cashback.md",
        ),
        (
            "announcements/news.md",
            NEWS.replace("small-print", "small-prnt"),
            8,
            "",
            "no heading",
            "the-small-print",
        ),
        ("announcements/news.md", NEWS + "[x](/offers/)\n", 9, "", "no relative path", ".md"),
        ("announcements/news.md", NEWS + "[x](javascript:alert(1))\n", 9, "", "javascript", "https:"),
        (
            "announcements/news.md",
            NEWS + "![x](https://evil.example/a.png)\n",
            9,
            "",
            "another site",
            "content/static/",
        ),
        ("announcements/news.md", NEWS + "<script>x()</script>\n", 9, "", "<script>", "scripts"),
        ("announcements/news.md", NEWS + '<p onclick="x()">a</p>\n', 9, "", "onclick", "leave"),
        ("announcements/news.md", NEWS + '<div class="a">\n\ntext\n', 9, "", "never closed", "</div>"),
        ("announcements/news.md", NEWS + "[mail](../campaigns/hello.md)\n", 9, "", "hello.md", "path"),
        ("announcements/news.md", "", 1, "", "empty", "front matter"),
        ("announcements/News.md", NEWS.replace("tags", "#"), None, "", "'News'", "'news'"),
        ("announcements/a--b.md", NEWS, None, "", "'a--b'", "'a-b'"),
        ("announcements/news.fr.md", NEWS, None, "", "'fr'", "site.languages"),
        ("announcements/news.en.md", NEWS, None, "", "default language", "news.md"),
        (
            "announcements/other.de.md",
            "---\ntitle: A\nsummary: B\n---\n",
            None,
            "",
            "no original",
            "other.md",
        ),
        ("announcements/news.de.md", "---\ntitle: A\n---\n", 1, "summary", "missing", "add"),
        (
            "announcements/news.de.md",
            "---\ntitle: A\nsummary: B\ndate: 2024-01-01\n---\n",
            4,
            "date",
            "differs",
            "leave it out",
        ),
        (
            "announcements/news.de.md",
            "---\ntitle: A\nsummary: B\nsumary: 1\n---\n",
            4,
            "sumary",
            "unknown key",
            "'summary'",
        ),
        (
            "offers/cashback.md",
            with_key(CASHBACK, "credited: 1"),
            2,
            "credited",
            "unknown key",
            "'credited_on'",
        ),
        ("offers/cashback.md", CASHBACK.replace("15%", "15"), 6, "rate", "15", "15%"),
        (
            "offers/cashback.de.md",
            "---\ntitle: A\nsummary: B\nrate: 16%\n---\n",
            4,
            "rate",
            "differs",
            "leave it out",
        ),
        ("pages/offers.md", "---\ntitle: A\nsummary: B\n---\n", None, "", "'offers'", "rename"),
        ("pages/statement.md", "---\ntitle: A\nsummary: B\n---\n", None, "", "'statement'", "rename"),
        ("pages/de.md", "---\ntitle: A\nsummary: B\n---\n", None, "", "'de'", "rename"),
        (
            "pages/a.md",
            "---\ntitle: A\nsummary: B\naliases: [tags]\n---\n",
            4,
            "aliases.0",
            "'tags'",
            "leave",
        ),
        ("campaigns/hello.md", CAMPAIGN.replace("notice", "notices"), 3, "category", "notices", "notice"),
        ("campaigns/hello.md", CAMPAIGN.replace("subject: Hello\n", ""), 1, "subject", "missing", "add"),
        (
            "campaigns/hello.md",
            with_key(CAMPAIGN, "send_at: tomorrow"),
            2,
            "send_at",
            "tomorrow",
            "2023-12-31",
        ),
        ("campaigns/hello.md", with_key(CAMPAIGN, "send_at: 2023-12-31"), 2, "send_at", "no time", "18:00"),
        (
            "campaigns/hello.md",
            with_key(CAMPAIGN, "send_at: 2023-03-26T02:30"),
            2,
            "send_at",
            "does not exist",
            "offset",
        ),
        ("campaigns/hello.md", with_key(CAMPAIGN, "edition: 0"), 2, "edition", "0", "correct"),
        ("campaigns/hello.md", with_key(CAMPAIGN, "from: nobody"), 2, "from", "nobody", "name@example.org"),
        (
            "campaigns/hello.md",
            with_key(CAMPAIGN, "attach: [a.pdf]"),
            2,
            "attach.0",
            "a.pdf",
            "statement.csv",
        ),
        (
            "campaigns/hello.md",
            with_key(CAMPAIGN, "audience: {level: [a]}"),
            2,
            "audience.level",
            "unknown key",
            "'levels'",
        ),
        (
            "campaigns/hello.md",
            with_key(CAMPAIGN, "audience: {levels: [silvr]}"),
            2,
            "audience.levels.0",
            "'silvr'",
            "'silver'",
        ),
        (
            "campaigns/hello.md",
            with_key(CAMPAIGN, "audience: {offers: [cashbck]}"),
            2,
            "audience.offers.0",
            "'cashbck'",
            "'cashback'",
        ),
        ("campaigns/hello.md", CAMPAIGN.replace("Hello {{ partner.name }}\n", ""), 5, "", "no body", "text"),
        ("campaigns/hello.de.md", "---\nsubject: A\n---\nB\n", None, "", "no original", "hello.md"),
        ("program.toml", PROGRAM.replace('"EUR"', "EUR"), 1, "", "TOML", "correct"),
        ("program.toml", PROGRAM.replace("10000", "900"), 15, "levels.1.quota", "rise", "lowest"),
        ("program.toml", None, None, "", "missing", "add"),
    ],
)
def test_author_mistake(
    make_site: SiteMaker, name: str, text: str | None, line: int | None, field: str, what: str, remedy: str
) -> None:
    """One mistake in a good site is one fault, which names its place and what would be right."""
    site = make_site({name: text})
    assert site.content() is None
    fault = only_fault(site.faults)
    assert (fault.file, fault.line, fault.field) == (f"content/{name}", line, field), str(fault)
    assert what in fault.what, str(fault)
    assert remedy in fault.remedy, str(fault)


def test_bytes_that_are_no_text(make_site: SiteMaker) -> None:
    """A NUL byte and a byte that is not UTF-8 are faults with their line."""
    for damage, what in ((b"\0", "NUL"), (b"\xff", "UTF-8")):
        site = make_site({"announcements/news.md": NEWS.encode() + b"\na" + damage})
        assert site.content() is None
        fault = only_fault(site.faults)
        assert (fault.file, fault.line) == ("content/announcements/news.md", 10)
        assert what in fault.what


def test_all_faults_come_at_once(make_site: SiteMaker) -> None:
    """Mistakes in several files are reported by one reading, in a fixed order."""
    site = make_site(
        {
            "announcements/news.md": NEWS.replace("2023-04-14", "never"),
            "offers/cashback.md": CASHBACK.replace("15%", "15"),
            "pages/about.md": "",
        }
    )
    assert site.content() is None
    first = [str(fault) for fault in site.faults]
    assert {fault.file.split("/")[1] for fault in site.faults} == {"announcements", "offers", "pages"}
    site.content()
    assert [str(fault) for fault in site.faults] == first


def test_two_pages_with_one_address(make_site: SiteMaker) -> None:
    """Two aliases of one name, two equal ids and two spellings of one tag are faults."""
    other = NEWS.replace("title: News", "title: Other\nid: old\naliases: [old]").replace(
        "[Offers]", "[offers]"
    )
    site = make_site(
        {"announcements/news.md": with_key(NEWS, "aliases: [old]"), "announcements/other.md": other}
    )
    assert site.content() is None
    fields = sorted(fault.field for fault in site.faults)
    assert fields == ["aliases.0", "id", "tags.0"]


def test_unused_file_is_a_remark(make_site: SiteMaker) -> None:
    """A file that is no Markdown stops nothing and is said; editors' own files are not."""
    site = make_site({"announcements/.news.md.swp": "x", "pages/picture.png": "x", "pages/about.md~": "x"})
    assert site.content() is not None
    assert [(fault.file, fault.severity) for fault in site.faults] == [
        ("content/pages/picture.png", "remark")
    ]


def test_symbolic_link_in_static_files(make_site: SiteMaker) -> None:
    """A link in the file system could publish what is private, so it is refused."""
    site = make_site({"static/a.txt": "x"})
    (site.folder / "content/static/b.txt").symlink_to("/etc/hostname")
    assert site.content() is None
    assert only_fault(site.faults).file == "content/static/b.txt"
