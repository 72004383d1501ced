"""Own templates and tables that nothing reads: a misspelt name is told, with the name that is probably meant."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from offerpress.site.site import Site
from offerpress.site.unread import unread_templates_and_tables

NOW = datetime(2024, 1, 15, tzinfo=UTC)


def told(site: Path, *read: str) -> dict[str, str]:
    """The remedies by file."""
    found = unread_templates_and_tables(Site(site, NOW, {}), read)
    assert {"remark"} >= {remark.severity for remark in found}
    return {remark.file: remark.remedy for remark in found}


def put(site: Path, *names: str) -> Path:
    """A site folder with these files."""
    for name in names:
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    return site


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("templates/site/hoem.html", "did you mean 'site/home.html'?"),
        ("templates/page.html", "did you mean 'templates/site/page.html'?"),
        ("templates/site/Offers.html", "did you mean 'site/offers.html'?"),
        ("templates/ideas/2024-spring.txt", "include it in one"),
    ],
)
def test_a_template_that_nothing_uses(name: str, remedy: str, tmp_path: Path) -> None:
    """It replaces no packaged template and no template names it: the remark says which one is probably meant."""
    found = told(put(tmp_path, name))
    assert [name] == list(found)
    assert remedy in found[name]


def test_templates_in_use_are_not_told(tmp_path: Path) -> None:
    """One that replaces a packaged template, one that it includes, styles and catalogs are in use."""
    put(tmp_path, "templates/site/home.html", "templates/site/banner.html", "templates/assets/own.css")
    put(tmp_path, "templates/locale/de.po", "templates/.hidden")
    (tmp_path / "templates/site/home.html").write_text('{% include "site/banner.html" %}', encoding="utf-8")
    assert {} == told(tmp_path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("data/sale.csv", "did you mean 'sales'?"),
        ("data/Partners.CSV", "name it in [data] partners"),
        ("data/subscription.xlsx", "did you mean 'subscriptions'?"),
        ("data/q4-export.parquet", "or delete it"),
    ],
)
def test_a_table_that_nothing_reads(name: str, remedy: str, tmp_path: Path) -> None:
    """A missing table is empty, so a misspelt one would lose its rows without a word."""
    found = told(
        put(tmp_path, name, "data/credits.csv", "data/README.md", "data/~$book.xlsx"), "data/credits.csv"
    )
    assert [name] == list(found)
    assert remedy in found[name]
