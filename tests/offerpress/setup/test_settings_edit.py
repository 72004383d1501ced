"""One table of `[data]` is written, and nothing else in the file changes."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerpress.setup.settings_edit import with_table_settings
from offerpress.site.folder import OfferpressError

SETTINGS: dict[str, Any] = {
    "path": "data/sales.csv",
    "encoding": "cp1252",
    "dates": ["%d.%m.%Y"],
    "columns": {"amount": 'Be"trag', "sold_on": "Datum"},
    "values": {"status": {"aktiv": "active", "": "closed"}},
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        '# Ours.\n[site]\ntitle = "Offers"  # shown\n',
        '[data]\npartners = "p.csv"\nsales = "a.csv" # weekly\n\n[mail]\nfrom = "a@b.example"\n',
        '[data.sales]\n# from SAP\npath = "x.csv"   # here\nskip_last = 1\n\n[mail]\nfrom = "a@b.example"\n',
        'data = {partners = "p.csv", sales = {path = "x"}}\n',
        '[data]\npartners = "p.csv"\n\n[data.control.sales]\nrows = 3 # counted\n\n[site]\ntitle = "x"\n',
        '[data.sales]\npath = "x"\n[data.sales.columns]\namount = "Geld" # net\n[site]\ntitle = "x"\n',
        'data.partners = "p.csv"\n[site]\ntitle = "x"\n',
        'site.title = "x"\n[data]\n[mail]\nfrom = "y"\n',
    ],
)
def test_one_table_changes(text: str) -> None:
    """The settings are there, every other key has its value, and every comment stays, also with CRLF."""
    for written in (text, text.replace("\n", "\r\n")):
        changed = with_table_settings(written, "sales", SETTINGS)
        before, after = tomllib.loads(written), tomllib.loads(changed)
        assert SETTINGS == after["data"].pop("sales")
        before.get("data", {}).pop("sales", None)
        assert {**before, "data": before.get("data", {})} == after
        comments = [line.partition("#")[2].strip() for line in written.splitlines() if "#" in line]
        assert all(comment in changed for comment in comments)
        assert "\r\n" not in written or "\n" not in changed.replace("\r\n", "")
        assert changed == with_table_settings(changed, "sales", SETTINGS)


def test_the_same_settings_change_no_byte() -> None:
    """What is there already keeps its spelling."""
    text = "[data.sales]\npath='x.csv'\ndates = [ '%d.%m.%Y' ] # German\n"
    assert text == with_table_settings(text, "sales", {"path": "x.csv", "dates": ["%d.%m.%Y"]})


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers(0, 9) | st.lists(st.text(), max_size=3)))
def test_any_texts_are_written(settings: dict[str, Any]) -> None:
    """Whatever an export calls its columns and words, it comes back as it was."""
    changed = with_table_settings('[data]\nsales = "x"\n# end\n', "sales", settings)
    assert settings == tomllib.loads(changed)["data"]["sales"]
    assert changed.endswith("# end\n")


def test_a_damaged_file_is_refused() -> None:
    """A file that is no TOML is left alone."""
    with pytest.raises(OfferpressError, match="correct it first"):
        with_table_settings("[data\n", "sales", SETTINGS)
