"""Translations of labels: the gettext catalogs `templates/locale/LANG.po`."""

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from generator.errors import GeneratorError
from generator.templating.formats import language_names


class BrokenCatalog(GeneratorError):
    """The translation file `path` cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"the translations in {path.name} cannot be read: {reason}: correct or delete it")


def translations(template_folders: Sequence[Path], language: str) -> NullTranslations:
    """Return the labels of a language from `locale/LANG.po` in each folder; the first folder wins.

    A language with a region falls back to the language without it. A message without a translation stays in
    English. Raises `BrokenCatalog`.
    """
    paths = _catalogs(template_folders, language)
    return _translations(tuple((path, path.stat().st_mtime_ns) for path in paths), language)


@cache
def _translations(files: tuple[tuple[Path, int], ...], language: str) -> NullTranslations:
    """Return the labels of catalogs, the strongest last; their times let a live preview see a changed file."""
    found: NullTranslations = NullTranslations()
    for path, _ in files:
        catalog = _read(path, language)
        if isinstance(found, GNUTranslations):
            catalog.add_fallback(found)
        found = catalog
    return found


def label_language(template_folders: Sequence[Path], language: str) -> str:
    """Return the language of the labels: `language` itself, or English if it has no catalog."""
    is_english = language.partition("-")[0] == "en"
    return language if is_english or _catalogs(template_folders, language) else "en"


def only_in(template_folders: Sequence[Path], language: str, written: Sequence[str]) -> str:
    """Return the sentence that says to a reader of `language` in which languages a text is written."""
    own = label_language(template_folders, language)
    sentence = translations(template_folders, language).gettext("This text exists in %(languages)s only.")
    return sentence % {"languages": language_names(written, own)}


def _catalogs(template_folders: Sequence[Path], language: str) -> list[Path]:
    """Return the catalogs of a language, the strongest last."""
    codes = [language.partition("-")[0], language] if "-" in language else [language]
    paths = [folder / "locale" / f"{code}.po" for folder in reversed(template_folders) for code in codes]
    return [path for path in paths if path.is_file()]


def _read(path: Path, language: str) -> GNUTranslations:
    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=language.replace("-", "_"), abort_invalid=True)
    except (PoFileError, ValueError, LookupError, OSError) as error:
        raise BrokenCatalog(path, str(error)) from error
    machine = BytesIO()
    write_mo(machine, catalog)
    return GNUTranslations(BytesIO(machine.getvalue()))
