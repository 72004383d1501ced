"""Offers that are drafts: checked and shown in the preview, and nowhere else."""

from datetime import date

from generator.content.content import Content, with_unpublished
from tests.generator.conftest import CASHBACK, NEWS, SiteMaker, SmallSite

DRAFT = CASHBACK.replace("kind: cashback\n", "kind: cashback\ndraft: true\n").replace("Cashback", "Unborn")
CAMPAIGN = "---\nsubject: Yours\ncategory: notice\naudience: {offers: [unborn]}\n---\nHello.\n"
AS_OF = date(2023, 12, 31).toordinal()
REMARK = (
    "offers.0: the offer 'unborn' is a draft, which readers do not see and which gives nothing; "
    "publish the offer first: remove 'draft: true' from its file"
)


def read(site: SmallSite) -> Content:
    """The content of a site, which must have no faults."""
    content = site.content()
    assert content is not None, [str(fault) for fault in site.faults]
    return content


def test_a_draft_is_in_no_page_feed_or_policy(make_site: SiteMaker) -> None:
    """No published file names it, a link to it is plain text, and no statement follows from it."""
    news = (
        NEWS.replace("offers: [cashback]", "offers: [cashback, unborn]")
        + "And [more](../offers/unborn.md).\n"
    )
    site = make_site({"offers/unborn.md": DRAFT, "announcements/news.md": news})
    content = read(site)
    assert (["cashback"], ["unborn"]) == (list(content.offers), list(content.drafts))
    assert ["cashback"] == [offer.slug for offer in content.policy.offers]
    built = site.artifacts()
    assert [] == [path for path, data in built.items() if "unborn" in path or b"Unborn" in data]
    page = built["announcements/news/index.html"].decode()
    assert "more" in page
    assert "unborn" not in page


def test_the_preview_shows_a_draft_with_a_mark(make_site: SiteMaker) -> None:
    """As if it were announced; the policy, from which statements follow, stays without it."""
    site = make_site({"offers/unborn.md": DRAFT})
    shown, marks = with_unpublished(read(site), site.settings, AS_OF)
    assert ["cashback", "unborn"] == list(shown.offers)
    assert shown.offers["unborn"].visible(AS_OF)
    assert "Draft" == marks["offers/unborn/"]
    assert ["cashback"] == [offer.slug for offer in shown.policy.offers]


def test_a_text_that_names_a_draft_is_told(make_site: SiteMaker) -> None:
    """An announcement and a campaign are; a text that is a draft itself is not."""
    news = NEWS.replace("offers: [cashback]", "offers: [unborn]")
    files = {"offers/unborn.md": DRAFT, "announcements/news.md": news, "campaigns/yours.md": CAMPAIGN}
    site = make_site(files)
    read(site)
    told = [str(fault) for fault in site.faults if "is a draft" in fault.what]
    assert [
        f"content/announcements/news.md:5: {REMARK}",
        f"content/campaigns/yours.md:4: audience.{REMARK}",
    ] == told
    hidden = make_site({**files, "announcements/news.md": news.replace("title:", "draft: true\ntitle:")})
    read(hidden)
    assert 1 == sum("is a draft" in fault.what for fault in hidden.faults)


def test_a_draft_is_checked(make_site: SiteMaker) -> None:
    """A mistake in its terms is a fault, and so is a word that is neither true nor false."""
    site = make_site(
        {"offers/unborn.md": DRAFT.replace("15%", "15"), "offers/other.md": DRAFT.replace("true", "yes")}
    )
    assert site.content() is None
    assert [
        "content/offers/other.md:3: draft: 'draft' cannot be 'yes'; write true or false",
        "content/offers/unborn.md:7: rate: 15 is no percentage; write it with a percent sign, such as 15%",
    ] == sorted(map(str, site.faults))
