"""Each kind of offer is known wherever kinds are walked: what `docs/how-to/add-a-kind-of-offer.md` asks for."""

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from generator.public.examples import compute_example
from generator.public.terms import TermsFormatter
from generator.statements.table import COLUMNS
from generator.statements.view import ENTRY_VIEWS, StatementView, StatementViews, level_names
from generator.templating.formats import formats
from rewards import KINDS, LISTS, Policy, Statement, parse_day, statement_json
from rewards.offers.entry import public_form, read_back
from tests.reference import samples, worlds
from tests.reference.naive import Site
from tests.reference.samples import account, computed, offer, program, rules, sale, subscription

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "templates"
NAMES = sorted(KINDS)


def text(path: str) -> str:
    """A file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def statement_with(kind: str) -> Statement:
    """The statement of somebody to whom the sample offer of that kind gives something."""
    lines = (
        sale("1", "5000.00"),
        subscription("1", "2023-11-30"),
        subscription("2", "2023-11-30", plan="free"),
    )
    return computed(account(*lines), rules(offer(kind)))


def test_samples_worlds_and_statements_have_every_kind() -> None:
    """Every kind has a sample, a place in random worlds, and a list in the statement of both implementations."""
    assert set(NAMES) == set(samples.KINDS) == set(worlds.KINDS)
    assert set(LISTS) == {kind.list for kind in KINDS.values()}
    empty = Site({**samples.PROGRAM}, {}, {"partners": []}, "2023-12-31")
    empty.partners = {"P": {"partner_id": "P", "currency": "EUR", "level": "bronze"}}
    assert list(statement_json(computed(account(), rules()))) == list(empty.statement("P"))


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_gives_an_entry_that_every_view_knows(name: str) -> None:
    """Its entry gives something; template, table and docs know its list and each key of its public form."""
    kind = KINDS[name]
    statement = statement_with(name)
    (entry, *_) = statement.entries(kind.list)
    assert entry.gives
    given = program()
    viewer = StatementViews(formats("en"), level_names(Policy(given, ()), statement.as_of))
    shown = viewer.view(account().partner, statement)["statement"]
    (viewed, *_) = getattr(shown, kind.list)
    assert isinstance(shown, StatementView)
    assert isinstance(viewed, ENTRY_VIEWS[kind.list])
    public = public_form(entry)
    assert set(public) <= set(get_type_hints(type(viewed)))
    assert set(public) - {"subscriptions"} <= set(COLUMNS)
    assert public == public_form(read_back(kind.entry, public))
    assert f'"{kind.list}"' in text("docs/reference/statement-json.md")


@pytest.mark.parametrize("name", NAMES)
def test_the_statement_page_has_a_section_for_each_kind(name: str) -> None:
    """A template under `statement/sections/`, which the page includes."""
    section = f"statement/sections/{KINDS[name].list}.html"
    assert (TEMPLATES / section).is_file()
    assert f'include "{section}"' in text("templates/statement/statement.html")


@pytest.mark.parametrize("name", NAMES)
def test_the_offer_page_has_words_for_each_kind(name: str) -> None:
    """The kind has a name and a colour, its terms have rows, and each row has a label."""
    assert f'kind == "{name}"' in text("templates/site/parts.html")
    assert f".card-{name} " in text("templates/assets/site.css")
    terms = offer(name).versions[0].terms
    rows = TermsFormatter(Policy(program(), ()), formats("en"), "en").rows(terms, offer(name).announced_on)
    labels = set(re.findall(r'name == "(\w+)"', text("templates/site/terms.html")))
    assert rows
    assert {row.name for row in rows} <= labels


@pytest.mark.parametrize("name", NAMES)
def test_corrections_have_a_label_for_each_figure(name: str) -> None:
    """A kind has figures that corrections report, and each catalog translates their labels."""
    kind = KINDS[name]
    labels = {label for compared in kind.compared for label in kind.labels(compared).values()}
    assert labels
    for catalog in sorted((TEMPLATES / "locale").glob("*.po")):
        translated = set(re.findall(r'(?m)^msgid "(.+)"$', catalog.read_text(encoding="utf-8")))
        assert set() == labels - translated


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_describes_each_kind(name: str) -> None:
    """A section of its own, the list of kinds, and a how-to with its terms."""
    offers = text("docs/reference/offers.md")
    assert f"\n## `{name}`\n" in offers
    assert f"`{name}`" in offers.split("## Which sales count")[0]
    assert f"kind: {name}\n" in text("docs/how-to/offer-terms.md")


@pytest.mark.parametrize("name", NAMES)
def test_the_offer_page_has_an_example_for_each_kind(name: str) -> None:
    """The sample offer's terms give an invented partner something, and the template knows how to show it."""
    computed = compute_example(offer(name), program(), parse_day("2023-12-31"))
    assert computed is not None
    assert f'kind == "{name}"' in text("templates/site/example.html")
