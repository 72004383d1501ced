"""Translations of labels, the gettext catalogs `templates/locale/LANG.po`, and the language that a reader gets."""

from collections.abc import Sequence
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Protocol

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


# The language of a reader.

_LONGEST_HEADER = 500


class Languages(Protocol):
    """The languages in the site's settings."""

    @property
    def default_language(self) -> str:
        """The language of readers without a better match."""

    @property
    def languages(self) -> Sequence[str]:
        """Every language that the site is written in."""


def reader_language(partner_language: str, settings: Languages) -> str:
    """Return the site's language nearest to a partner's: `de` for `de-AT`, otherwise the default language.

    The code is shortened from its end until the site has it (RFC 4647, lookup). Case and `_` do not matter.
    """
    code = partner_language.replace("_", "-")
    return _nearest(code, tuple(settings.languages)) or settings.default_language


def accepted_language(header: str, languages: Sequence[str]) -> str:
    """Return the language that an `Accept-Language` header prefers (RFC 9110, 12.5.4), else `languages[0]`."""
    wishes = []
    for place, part in enumerate(header[:_LONGEST_HEADER].split(",")):
        code, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            quality = 0.0
        wishes.append((-quality, place, code.strip()))
    found = (_nearest(code, tuple(languages)) for quality, _, code in sorted(wishes) if quality < 0)
    return next(filter(None, found), languages[0])


@lru_cache(maxsize=256)
def _nearest(code: str, languages: tuple[str, ...]) -> str | None:
    known = {language.casefold(): language for language in languages}
    parts = code.casefold().split("-")
    return next(
        (known[short] for length in range(len(parts), 0, -1) if (short := "-".join(parts[:length])) in known),
        None,
    )
