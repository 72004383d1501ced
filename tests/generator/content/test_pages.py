"""Front matter of announcements and pages: the addresses of tags."""

import pytest

from generator.content.pages import tag_slug
from tests.generator.conftest import SiteMaker

ANNOUNCEMENT = "---\ntitle: News\nsummary: News\ndate: 2023-02-01\ntags: [{tags}]\n---\nWords.\n"


@pytest.mark.parametrize(
    ("tag", "address"),
    [
        ("Cash back", "cash-back"),
        ("Größe", "grosse"),
        ("Été 2023!", "ete-2023"),
        ("خصم", "خصم"),
        ("عرض خاص 2023", "عرض-خاص-2023"),
        ("Скидки & бонусы", "скидки-бонусы"),
        ("छूट", "छूट"),
        ("割引 50%", "割引-50"),
        ("ΕΚΠΤΩΣΗ", "εκπτωση"),
        ("../x", "x"),
        ("🎉", ""),
        ("…", ""),
    ],
)
def test_a_tag_of_any_script_has_an_address(tag: str, address: str) -> None:
    """Latin letters lose their marks, other scripts keep letters and marks as GitHub's heading ids do; or none."""
    assert address == tag_slug(tag)


def test_tags_in_two_forms_of_one_letter_are_one(make_site: SiteMaker) -> None:
    """A tag that one file writes composed and another decomposed has one address, and `check` says that they differ."""
    files = {
        "announcements/a.md": ANNOUNCEMENT.format(tags="\u0439ога"),
        "announcements/b.md": ANNOUNCEMENT.format(tags="\u0438\u0306ога"),
    }
    site = make_site(files)
    site.content()
    assert ["has the address of another"] == [
        fault.what.partition("' ")[2] for fault in site.faults if "tag" in fault.what
    ]
