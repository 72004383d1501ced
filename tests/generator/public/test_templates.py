"""A site's own templates win file by file; mistakes in them are faults with file and line."""

from datetime import date

import pytest

from generator.public.site import site_artifacts
from generator.settings import StatementSettings
from rewards import Faulty
from tests.generator.conftest import TEMPLATES, SiteMaker, SmallSite

BASE = '{% extends "site/base.html" %}\n{% block title %}x{% endblock %}\n{% block main %}\n'


def with_template(site: SmallSite, name: str, text: str) -> SmallSite:
    """The site with a template of its own."""
    path = site.folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return site


def test_own_template_and_asset_win(make_site: SiteMaker) -> None:
    """One file of the site replaces one of ours; the others stay."""
    site = with_template(make_site(), "site/offers.html", f"{BASE}Mine{{% endblock %}}")
    with_template(site, "assets/site.css", "body { color: red }")
    built = site.artifacts()
    assert b"Mine" in built["offers/index.html"]
    (styles,) = (path for path in built if path.startswith("assets/site-"))
    (mark,) = (path for path in built if path.startswith("assets/mark-"))
    assert b"body { color: red }" == built[styles]
    assert (TEMPLATES / "assets/mark.svg").read_bytes() == built[mark]
    assert f"../{styles}" in site.page("offers/")


def test_styles_name_other_assets_as_they_are_called(make_site: SiteMaker) -> None:
    """A file that a style sheet names is named by its content there too; what is no asset stays."""
    site = with_template(make_site(), "assets/pictures/dot.svg", "<svg/>")
    with_template(
        site, "assets/site.css", "a { background: url('pictures/dot.svg') } b { background: url(x.png) }"
    )
    built = site.artifacts()
    (styles,) = (path for path in built if path.startswith("assets/site-"))
    (dot,) = (path for path in built if path.startswith("assets/pictures/"))
    named = dot.removeprefix("assets/")
    assert f'a {{ background: url("{named}") }} b {{ background: url(x.png) }}' == built[styles].decode()


@pytest.mark.parametrize(
    ("name", "text", "line", "what", "remedy"),
    [
        ("site/offers.html", f"{BASE}{{{{ ofers }}}}{{% endblock %}}", 4, "ofers", "'offers'"),
        ("site/offers.html", f"{BASE}{{{{ site.titel }}}}{{% endblock %}}", 4, "titel", "correct"),
        ("site/offers.html", f"{BASE}\n{{% for %}}{{% endblock %}}", 5, "read", "correct"),
        ("site/offers.html", f"{BASE}\n{{{{ 1 / 0 }}}}{{% endblock %}}", 5, "division", "correct"),
        ("site/offers.html", f"{BASE}{{{{ ''.__class__ }}}}{{% endblock %}}", 4, "__class__", "correct"),
        ("site/offers.html", '\n{% include "site/nowhere.html" %}', 2, "nowhere", "name"),
        ("site/unused.html", "a\n{% if %}", 2, "read", "correct"),
        ("site/parts.html", "\n{% macro %}", 2, "read", "correct"),
    ],
)
def test_template_mistake(
    make_site: SiteMaker, name: str, text: str, line: int, what: str, remedy: str
) -> None:
    """A mistake in a template is a fault that names the template's line."""
    site = with_template(make_site(), name, text)
    with pytest.raises(Faulty) as caught:
        site.artifacts()
    fault = caught.value.faults[0]
    assert (fault.file, fault.line) == (f"templates/{name}", line), str(fault)
    assert what in fault.what, str(fault)
    assert remedy in fault.remedy, str(fault)


@pytest.mark.parametrize(
    "name",
    ["index.html", "offers/cashback/index.html", "robots.txt", "offers", "statement/x.html", "Feed.xml"],
)
def test_static_file_in_our_place(make_site: SiteMaker, name: str) -> None:
    """A static file that would replace a page of the site is a fault."""
    site = make_site({f"static/{name}": "x"})
    with pytest.raises(Faulty) as caught:
        site.artifacts()
    assert caught.value.faults[0].file == f"content/static/{name}"


@pytest.mark.parametrize("cards", [None, {}])
def test_card_that_cannot_be_drawn(make_site: SiteMaker, cards: dict[str, str] | None) -> None:
    """A template of cards that is no well-formed SVG is a fault for `build`, and for `check`, which draws nothing."""
    site = with_template(make_site(), "site/card.svg", "<svg><text></svg>")
    content = site.content()
    assert content is not None
    with pytest.raises(Faulty) as caught:
        site_artifacts(
            content,
            site.settings,
            [site.folder / "templates", TEMPLATES],
            date(2023, 12, 31).toordinal(),
            site.folder,
            StatementSettings(),
            cards=cards,
        )
    assert "templates/site/card.svg" == caught.value.faults[0].file
