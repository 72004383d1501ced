"""The form of the fields: made from the models, and nothing but what a person changed is given back."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel

from generator.content.campaigns import CampaignFront
from generator.content.front_matter import parsed_document
from generator.content.pages import AnnouncementFront, PageFront
from offerpress.studio.writing.front_form import FormField, FormMaker, changed_fields
from offerpress.studio.writing.typed_texts import top_values
from offerpress.writing.fields import changed_keys
from offerpress.writing.yaml_edits import REMOVED
from rewards import KINDS, KeyPath
from rewards.offers.cashback import CashbackTerms
from rewards.offers.offer import OfferFront

ROOT = Path(__file__).parents[3]
TEXTS = sorted(ROOT.glob("content/*/*.md")) + sorted((ROOT / "tests" / "sites").glob("**/content/*/*.md"))
OPTIONS = {"offers": [("spring", "Spring"), ("year", "Year")], "tags": [("news", "news")]}
MODELS: Mapping[str, type[BaseModel]] = {
    "announcements": AnnouncementFront,
    "pages": PageFront,
    "campaigns": CampaignFront,
}


def shown(fields: Sequence[FormField]) -> dict[str, str]:
    """What a browser sends for a form that nobody touched."""
    return dict(_inputs(fields))


def _inputs(fields: Sequence[FormField]) -> Iterator[tuple[str, str]]:
    for one in fields:
        if one.kind in {"group", "rows", "row"}:
            yield from _inputs(one.inner)
        elif one.kind == "many":
            yield from ((f"{one.name}={text}", "on") for text in one.texts)
        elif one.kind == "flag":
            yield from ((one.name, "on") for _ in one.texts)
        elif one.kind == "moment":
            yield f"{one.name}.day", one.day
            yield f"{one.name}.clock", one.clock
        else:
            yield one.name, "\r\n".join(one.texts)


def fields_of(values: Mapping[str, object], room: str) -> tuple[FormField, ...]:
    """The fields of a text of that room."""
    made = FormMaker(OPTIONS)
    if room == "offers":
        kind = KINDS.get(str(values.get("kind")))
        terms = kind.terms if kind else CashbackTerms
        return (*made.fields(OfferFront, values), *made.fields(terms, values))
    return made.fields(MODELS[room], values)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_form_that_nobody_touched_changes_nothing(path: Path) -> None:
    """Each text of the sample and of the test sites is sent back as its form shows it, and no field has changed."""
    document, _ = parsed_document(path.read_text(encoding="utf-8", errors="replace"), path.name)
    values = document.raw if document else {}
    fields = fields_of(values, path.parent.name)
    assert {} == changed_fields(fields, shown(fields))


@pytest.mark.parametrize(
    ("values", "sent", "expected"),
    [
        ({"title": "Old", "summary": "S"}, {"f.title": " New "}, {("title",): "New"}),
        ({"date": "2023-12-31 09:00"}, {"f.date.clock": "10:00"}, {("date",): "2023-12-31T10:00"}),
        ({"date": "31 December"}, {"f.date": "2023-12-31"}, {("date",): "2023-12-31"}),
        ({"draft": True}, {"f.draft": ""}, {("draft",): None}),
        ({"offers": ["year"]}, {"f.offers=spring": "on"}, {("offers",): ["year", "spring"]}),
        ({"offers": ["year"]}, {"f.offers=year": ""}, {("offers",): None}),
        (
            {"tags": ["news"]},
            {"f.tags.more": "sales,  new   partners"},
            {("tags",): ["news", "sales", "new partners"]},
        ),
        ({"aliases": ["a"]}, {"f.aliases": "a\r\nb\r\n"}, {("aliases",): ["a", "b"]}),
        ({"expires_at": "2024-01-01"}, {"f.expires_at.day": ""}, {("expires_at",): None}),
    ],
)
def test_a_change_is_that_of_one_field(
    values: dict[str, object], sent: dict[str, str], expected: dict[KeyPath, object]
) -> None:
    """What a person changes is given back as the value to write, and None takes the field out."""
    fields = FormMaker(OPTIONS).fields(AnnouncementFront, values)
    form = {name: text for name, text in {**shown(fields), **sent}.items() if text or not name.count("=")}
    assert expected == changed_fields(fields, form)


def test_terms_change_where_they_are_nested() -> None:
    """A step is changed, added and taken out, an amount is added, and a period keeps its other day."""
    values: dict[str, object] = {
        "tiers": [{"from": 0, "rate": "2%"}, {"from": 500, "rate": "4%"}],
        "period": {"from": "2023-01-01", "to": "2023-12-31"},
        "eligible": {"levels": ["gold"]},
    }
    options = {"currencies": [("EUR", "EUR")], "levels": [("gold", "Gold"), ("silver", "Silver")]}
    fields = FormMaker(options).fields(CashbackTerms, values)
    form = shown(fields)
    one = changed_fields(fields, {**form, "f.tiers.1.rate": "5%", "f.period.to": "2024-01-31"})
    assert {("tiers", 1, "rate"): "5%", ("period", "to"): "2024-01-31"} == one
    assert {
        "tiers": [{"from": 0, "rate": "2%"}, {"from": 500, "rate": "5%"}],
        "period": {"from": "2023-01-01", "to": "2024-01-31"},
    } == top_values(values, one)
    added = changed_fields(
        fields, {**form, "f.tiers.2.from": "900", "f.tiers.2.rate": "6%", "f.cap.EUR": "10.50"}
    )
    assert [0, 500, 900] == [row["from"] for row in added[("tiers",)]]  # type: ignore[attr-defined] # rows
    assert "10.50" == str(added["cap", "EUR"])
    fewer = changed_fields(fields, {**form, "f.tiers.0.from": "", "f.tiers.0.rate": ""})
    assert {("tiers",): [{"from": 500, "rate": "4%"}]} == fewer
    nobody = {name: text for name, text in form.items() if name != "f.eligible.levels=gold"}
    assert {"eligible": REMOVED} == top_values(values, changed_fields(fields, nobody))


def test_one_changed_field_changes_one_line_of_the_file() -> None:
    """Comments, order and quoting of all other fields stay."""
    content = b"---\n# why\ntitle: 'Old'   # the name\nsummary: \"S\"\ndate: 2023-12-31\n---\nText\n"
    document, _ = parsed_document(content.decode(), "a.md")
    assert document
    fields = FormMaker({}).fields(AnnouncementFront, document.raw)
    changes = changed_fields(fields, {**shown(fields), "f.title": "New"})
    after = changed_keys(content, "a.md", top_values(document.raw, changes))
    assert content.replace(b"'Old'", b"'New'") == after


def test_every_field_of_a_form_says_what_it_is() -> None:
    """Each field that a text can have has a label; what is not asked for is the kind of an offer and its amendments."""
    models: list[type[BaseModel]] = [
        AnnouncementFront,
        PageFront,
        CampaignFront,
        OfferFront,
        *(kind.terms for kind in KINDS.values()),
    ]
    unlabelled = {name for model in models for name, info in model.model_fields.items() if not info.title}
    assert {"kind"} == unlabelled
