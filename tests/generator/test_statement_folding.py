"""Folding labels into a template changes how fast it renders, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from generator.catalogs import translations
from generator.environment import environment
from generator.errors import GeneratorError
from generator.folding import folded_template
from generator.formats import formats
from generator.statement_view import Viewer, level_names
from rewards import BonusEntry
from tests.statement_site import PARTNERS, SETTINGS, TEMPLATES, policy, statement_of

NAME = "statement/statement.html"


@pytest.mark.parametrize("language", SETTINGS.languages)
@pytest.mark.parametrize("partner_id", PARTNERS)
def test_same_output(language: str, partner_id: str) -> None:
    """A folded template gives, for every language and partner, what the template gives as it is."""
    built = environment([TEMPLATES], language, kind="html")
    viewer = Viewer(formats(language), level_names(policy()))
    bonus = BonusEntry("bonus", "EUR", 50000, "silver", "gold", "final")
    statement = replace(statement_of(partner_id), bonuses=(bonus,))
    values = {
        **viewer.view(PARTNERS[partner_id], statement),
        "as_of_hole": "<2023>",
        "manager": {"name": "A & B", "email": "a@b.example"},
        "reference": "K7Q2-9FXM",
        "timezone": "Europe/Athens",
    }
    folded = folded_template(built, NAME, translations([TEMPLATES], language).gettext)
    assert folded.render(values) == built.get_template(NAME).render(values)


def rendered(tmp_path: Path, source: str, translation: str, **values: object) -> str:
    """The source folded with one translation for all labels, and rendered."""
    (tmp_path / "x.html").write_text(source, encoding="utf-8")
    built = environment([tmp_path], "en", kind="html")
    return folded_template(built, "x.html", lambda _: translation).render(values)


def test_values_change_places(tmp_path: Path) -> None:
    """A translation may use a label's values in another order, twice or not at all, and they stay escaped."""
    source = '{{ _("%(a)s then %(b)s", a=one, b=two) }}'
    found = rendered(tmp_path, source, "100 %% %(b)s, %(a)s, %(b)s", one="<1>", two="&2")
    assert found == "100 % &amp;2, &lt;1&gt;, &amp;2"
    assert rendered(tmp_path, source, "nothing", one=1, two=2) == "nothing"


def test_label_within_an_expression(tmp_path: Path) -> None:
    """A label with values may also stand in a condition or be handed on."""
    source = '{% set text = _("x %(a)s", a=one) %}{{ text if one else "" }}{{ text|length }}'
    assert rendered(tmp_path, source, "[%(a)s]", one="<") == "[&lt;]6"


def test_unknown_value(tmp_path: Path) -> None:
    """A translation with a value that the label lacks is an error that names both."""
    with pytest.raises(GeneratorError, match=r"'%\(day\)s' has no value 'day'"):
        rendered(tmp_path, '{{ _("on %(date)s", date=1) }}', "%(day)s")


def test_what_is_included_is_folded_too(tmp_path: Path) -> None:
    """A part included by its name is as if it stood there, with the names of the page and its own labels."""
    (tmp_path / "part.html").write_text('{{ twice(one) }} {{ _("x %(a)s", a=one) }}', encoding="utf-8")
    source = '{% macro twice(a) %}{{ a }}{{ a }}{% endmacro %}{% include "part.html" %}.'
    assert rendered(tmp_path, source, "[%(a)s]", one=7) == "77 [7]."
