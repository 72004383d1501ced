"""The packaged translations: complete, with the placeholders of the labels, and read by the rules of gettext."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from babel.util import pathmatch

from generator.statements.page import plural_form
from generator.templating.catalogs import only_in, translations
from tests.samples.statement_site import TEMPLATES

ROOT = TEMPLATES.parent
LANGUAGES = sorted(path.stem for path in (TEMPLATES / "locale").glob("*.po"))
PLACES = re.compile(r"%\((\w+)\)s")
KEYWORDS: Mapping[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "words": None,
    "ngettext": (1, 2),
    "plural": (1, 2),
    "Published": (2,),
}


def labels() -> set[object]:
    """Every label of templates and code, as `make i18n` extracts them."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"][
        "mappings"
    ]
    found: set[object] = set()
    for mapping in mappings:
        patterns = [mapping["pattern"]] if isinstance(mapping["pattern"], str) else mapping["pattern"]
        code = [*(ROOT / "generator").rglob("*.py"), *(ROOT / "rewards").rglob("*.py")]
        for path in sorted([*TEMPLATES.rglob("*"), *code]):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and any(pathmatch(pattern, name) for pattern in patterns):
                extracted = extract_from_file(
                    mapping["method"], path, keywords=KEYWORDS, strip_comment_tags=True
                )
                found |= {message for _, message, _, _ in extracted}
    return found


def catalog(language: str) -> Catalog:
    """A language's catalog."""
    with (TEMPLATES / "locale" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(message: Message) -> tuple[str, ...]:
    """The translations of a message, one for each plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_there_are_languages() -> None:
    """The packaged languages besides English."""
    assert ["ar", "de", "es"] == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_is_translated(language: str) -> None:
    """A catalog has exactly the labels that are shown, each translated in every form and none marked as a guess."""
    messages = [message for message in catalog(language) if message.id]
    assert labels() == {message.id for message in messages}
    assert [] == [message.id for message in messages if message.fuzzy or not all(forms(message))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_agree(language: str) -> None:
    """A translation fills in no value that its label does not have, and only plural forms may leave one out."""
    for message in (message for message in catalog(language) if message.id):
        assert [] == [str(error) for error in message.check()]
        label = message.id if isinstance(message.id, str) else message.id[1]
        wanted = set(PLACES.findall(label))
        for form in forms(message):
            given = set(PLACES.findall(form))
            assert given <= wanted if isinstance(message.id, tuple) else given == wanted, form


@pytest.mark.parametrize(
    ("language", "number", "form"),
    [
        *[("en", number, int(number != 1)) for number in (0, 1, 2)],
        *[("de", number, int(number != 1)) for number in (0, 1, 2)],
        *[("ar", number, form) for form, number in enumerate((0, 1, 2, 3, 11, 100))],
        *[("ar", number, form) for number, form in ((10, 3), (99, 4), (102, 5), (103, 3), (111, 4))],
    ],
)
def test_plural_forms(language: str, number: int, form: int) -> None:
    """A number takes the form that its language's own rule names: Arabic has six."""
    assert form == plural_form(translations([TEMPLATES], language))(number)


def test_a_site_adds_to_the_packaged_labels(tmp_path: Path) -> None:
    """A site's own catalog wins label by label, also over one of a language that the package does not have."""
    (tmp_path / "locale").mkdir()
    for language in ("de", "fr"):
        text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Close"\nmsgstr "Zu"\n'
        (tmp_path / "locale" / f"{language}.po").write_text(text, encoding="utf-8")
    german = translations([tmp_path, TEMPLATES], "de-AT")
    assert ("Zu", "Drucken") == (german.gettext("Close"), german.gettext("Print"))
    french = translations([tmp_path, TEMPLATES], "fr")
    assert ("Zu", "Print") == (french.gettext("Close"), french.gettext("Print"))


FORMAL = re.compile(
    r"(?<![.:?!] )(?<!^)\b(Sie|Ihnen|Ihr|Ihre[mnrs]?)\b|^(Ihre?|Sie (sind|haben|erhalten|behalten))\b"
)
INFORMAL = TEMPLATES / "address" / "du"


def test_informal_german_has_no_formal_word() -> None:
    """With `address = "du"` no label addresses the reader formally, and each of its own labels is one of ours."""
    labels_of = translations([INFORMAL, TEMPLATES], "de")
    for message in (message for message in catalog("de") if message.id):
        texts = (
            [labels_of.gettext(message.id)]
            if isinstance(message.id, str)
            else [labels_of.ngettext(message.id[0], message.id[1], number) for number in (1, 2)]
        )
        assert [] == [text for text in texts if FORMAL.search(text)]
    with (INFORMAL / "locale" / "de.po").open("rb") as file:
        own = [message for message in read_po(file, locale="de") if message.id]
    assert {message.id for message in own} <= labels()
    assert [] == [error for message in own for error in message.check()]


def test_a_fallback_is_told_in_the_readers_language() -> None:
    """The sentence names the languages of the text in the reader's; without a catalog both are English."""
    assert "Diesen Text gibt es nur auf Englisch und Spanisch." == only_in([TEMPLATES], "de", ["en", "es"])
    assert "This text exists in English only." == only_in([TEMPLATES], "sv", ["en"])
