"""The engine of all templates: sandboxed, undefined names are errors, text of partners is isolated."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Literal, Protocol

from jinja2 import BytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from generator.catalogs import translations
from generator.formats import direction
from generator.shown import PartnerText

Kind = Literal["html", "text"]
_LONGEST_HEADER = 500


class Languages(Protocol):
    """What `reader_language` reads of the site's settings."""

    @property
    def default_language(self) -> str:
        """The language of whoever has no other."""

    @property
    def languages(self) -> Sequence[str]:
        """Every language that the site is written in."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way to the fields of views: named tuples, which hold nothing to protect."""

    def getattr(self, obj: object, attribute: str) -> object:
        if attribute in getattr(type(obj), "_fields", ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


class _Compiled(BytecodeCache):
    """What was compiled in this process, by the file and the digest of its source; no language changes the code."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Gives the bucket the code of the same source, if there is some."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps the bucket's code."""
        if bucket.code is not None:
            self._codes[bucket.key] = bucket.checksum, bucket.code


_COMPILED = {"html": _Compiled(), "text": _Compiled()}


def environment(template_folders: Sequence[Path], language: str, *, kind: Kind) -> SandboxedEnvironment:
    """An environment over `template_folders` (the first that has a file wins), with labels in `language`.

    `html` escapes everything that is no `Markup`; `text` escapes nothing and isolates text of partners.
    Templates have `_`, `gettext`, `ngettext`, `language` and `direction`.
    Raises `BrokenCatalog` and `UnknownLanguage`.
    """
    built = _Sandbox(
        loader=FileSystemLoader([str(folder) for folder in template_folders]),
        autoescape=kind == "html",
        undefined=StrictUndefined,
        finalize=_in_html if kind == "html" else _in_text,
        extensions=["jinja2.ext.i18n"],
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=_COMPILED[kind],
    )
    catalog = translations(template_folders, language)
    built.install_gettext_callables(catalog.gettext, catalog.ngettext, newstyle=True)  # type: ignore[attr-defined]
    built.globals.update(language=language, direction=direction(language))
    return built


def _in_html(value: object) -> object:
    return "" if value is None else value


def _in_text(value: object) -> object:
    if isinstance(value, PartnerText):
        return value.isolated()
    return "" if value is None else value


def reader_language(partner_language: str, settings: Languages) -> str:
    """The site's language nearest to a partner's: `de-AT` reads `de`, one that the site lacks the default.

    The code is shortened from its end until the site has it (RFC 4647, lookup); case and `_` do not matter.
    """
    code = partner_language.replace("_", "-")
    return _nearest(code, tuple(settings.languages)) or settings.default_language


def accepted_language(header: str, languages: Sequence[str]) -> str:
    """The one of a site's languages, the default first, that an `Accept-Language` likes best (RFC 9110 12.5.4)."""
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
