"""The template engine: a sandbox with undefined names as errors, which isolates text supplied by partners."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from traceback import walk_tb
from typing import Literal

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from generator.templating.catalogs import label_language, translations
from generator.templating.formats import direction, plural_chooser
from generator.templating.kept_results import TEXT_RESULTS
from generator.templating.values import PartnerText, ShownTotals
from rewards import Fault, Faulty, suggestion

TemplateKind = Literal["html", "text"]
_MAPPINGS = frozenset({dict, ShownTotals})
_READ_ONLY = frozenset({"get", "items", "keys", "values"})


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox with a fast path to the fields of views, named tuples of public values, and to totals by currency."""

    def getattr(self, obj: object, attribute: str) -> object:
        kind = type(obj)
        if attribute in getattr(kind, "_fields", ()) or (attribute in _READ_ONLY and kind in _MAPPINGS):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


class _Compiled(BytecodeCache):
    """The compiled templates that this process keeps, by kind, file and digest of the source, for all languages."""

    def __init__(self, kind: TemplateKind) -> None:
        self._kind = kind

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code of the same source into the bucket, if there is any."""
        bucket.code = TEXT_RESULTS.code_of(f"{self._kind} {bucket.key}", bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the bucket's code."""
        if bucket.code is not None:
            TEXT_RESULTS.keep_code(f"{self._kind} {bucket.key}", bucket.checksum, bucket.code)


def environment(
    template_folders: Sequence[Path], language: str, *, kind: TemplateKind
) -> SandboxedEnvironment:
    """Return an environment over `template_folders` with labels in `language`; the first folder wins.

    `html` escapes everything except `Markup`; `text` escapes nothing and isolates text of partners.
    Templates see `_`, `gettext`, `ngettext`, `plural`, `language` and `direction`.
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
        bytecode_cache=_Compiled(kind),
    )
    catalog = translations(template_folders, language)
    built.install_gettext_callables(catalog.gettext, catalog.ngettext, newstyle=True)  # type: ignore[attr-defined]
    built.globals.update(
        language=language,
        direction=direction(language),
        plural=plural_chooser(language),
        label_language=label_language(template_folders, language),
    )
    return built


def _in_html(value: object) -> object:
    return "" if value is None else value


def _in_text(value: object) -> object:
    if isinstance(value, PartnerText):
        return value.isolated()
    return "" if value is None else value


# Faults in templates, with file and line.

_UNDEFINED = re.compile(r"'(?P<name>\w+)' is undefined")
_BREAKS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def render(
    built: Environment, name: str, context: dict[str, object], template_folders: Sequence[Path]
) -> str:
    """Render the template `name`; raises `Faulty` with the file and line of a mistake in it."""
    try:
        return built.get_template(name).render(context)
    except _BREAKS as error:
        raise Faulty([_fault(error, name, context, template_folders)]) from error


def syntax_faults(built: Environment, template_folder: Path, room: str) -> list[Fault]:
    """Return a fault for each template in `template_folder`/`room` that does not compile."""
    found = []
    for path in sorted((template_folder / room).rglob("*.html")):
        name = path.relative_to(template_folder).as_posix()
        try:
            built.get_template(name)
        except TemplateError as error:
            found.append(_fault(error, name, {}, [template_folder]))
    return found


def _fault(error: Exception, name: str, context: Collection[str], folders: Sequence[Path]) -> Fault:
    if isinstance(error, TemplateSyntaxError):
        file = _shown(Path(error.filename), folders) if error.filename else f"templates/{name}"
        return Fault(f"the template cannot be read: {error.message}", "correct this line", file, error.lineno)
    if isinstance(error, TemplateNotFound):
        return Fault(
            f"there is no template {error.name!r}", "correct the name", *_place(error, name, folders)
        )
    what = str(error)
    undefined = _UNDEFINED.search(what)
    remedy = suggestion(undefined["name"], sorted(context)) if undefined and context else "correct this line"
    if isinstance(error, UndefinedError):
        what = f"the template names what is not there: {what}"
    return Fault(what, remedy, *_place(error, name, folders))


def _place(error: Exception, name: str, folders: Sequence[Path]) -> tuple[str, int | None]:
    """Return file and line of the innermost template in the error's traceback."""
    found: tuple[str, int | None] = (f"templates/{name}", None)
    for frame, line in walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if any(path.is_relative_to(folder) for folder in folders):
            found = (_shown(path, folders), line)
    return found


def _shown(path: Path, folders: Sequence[Path]) -> str:
    """Return the path as people see it, such as `templates/site/page.html`."""
    for folder in folders:
        if path.is_relative_to(folder):
            return f"templates/{path.relative_to(folder).as_posix()}"
    return str(path)
