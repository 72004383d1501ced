"""What a faultless content folder is read as."""

from datetime import UTC, date, datetime

from tests.generator.conftest import NEWS, SiteMaker

CAMPAIGN = """\
---
subject: Hello {{ partner.name }}
preheader: A
  line
category: announcement
edition: 2
audience: {levels: [silver], countries: [NO], offers: [cashback]}
send_at: 2023-12-31T18:00
from: Partner Team <team@partners.example>
attach: statement.csv
---
See [the news](../announcements/news.md#x) and
[ref].

[ref]: ../static/a%20b.pdf
"""


def test_campaign(make_site: SiteMaker) -> None:
    """A campaign has its audience, its instant in the program's zone, and its body as written."""
    translation = "---\nsubject: Hallo\npreheader: Zeile\n---\n[neu](../announcements/news.md)\n"
    site = make_site(
        {"campaigns/hello.md": CAMPAIGN, "campaigns/hello.de.md": translation, "static/a b.pdf": "x"}
    )
    content = site.content()
    assert content is not None, site.faults
    campaign = content.campaigns["hello"]
    assert (campaign.edition, campaign.category, campaign.attach) == (2, "announcement", ("statement.csv",))
    assert campaign.send_at == datetime(2023, 12, 31, 17, tzinfo=UTC)
    assert (campaign.audience.countries, campaign.audience.partners) == (["NO"], None)
    assert campaign.from_ == "Partner Team <team@partners.example>"
    text = campaign.texts["en"]
    assert (text.subject, text.preheader, text.body_line) == ("Hello {{ partner.name }}", "A line", 12)
    assert CAMPAIGN.split("---\n", 2)[2] == text.body
    assert "[neu](../announcements/news.md)\n" == campaign.texts["de"].body


def test_digest_follows_the_content(make_site: SiteMaker) -> None:
    """The digest is the same for the same files, and another for one other byte anywhere."""
    first = make_site({"static/a.txt": "a"}).content()
    again = make_site({"static/a.txt": "a"}).content()
    other = make_site({"static/a.txt": "b"}).content()
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.digest == again.digest
    assert first.digest != other.digest


def test_program_alone_is_a_site(make_site: SiteMaker) -> None:
    """Announcements, offers, campaigns and pages may all be absent."""
    content = make_site({"announcements/news.md": None, "offers/cashback.md": None}).content()
    assert content is not None
    assert [*content.announcements, *content.offers, *content.pages, *content.campaigns] == []


def test_windows_line_ends_and_byte_order_mark(make_site: SiteMaker) -> None:
    """Files saved on Windows read the same."""
    text = "\ufeff" + NEWS.replace("\n", "\r\n")
    content = make_site({"announcements/news.md": text}).content()
    assert content is not None
    assert content.announcements["news"].texts["en"].title == "News"


def test_visible_days(make_site: SiteMaker) -> None:
    """Visible from the later of date and publish_at, in the program's zone, until expires_at."""
    text = NEWS.replace("tags:", "publish_at: 2023-05-01T23:30:00Z\nexpires_at: 2023-06-01\ntags:")
    content = make_site({"announcements/news.md": text}).content()
    assert content is not None
    page = content.announcements["news"]
    days = [date(2023, month, day).toordinal() for month, day in ((5, 1), (5, 2), (5, 31), (6, 1))]
    assert [page.visible(day) for day in days] == [False, True, True, False]
