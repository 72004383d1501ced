"""Mistakes in a site's own templates, told with file and line."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from traceback import walk_tb

from jinja2 import Environment, TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError

from rewards.faults import Fault, Faulty, suggestion

_UNDEFINED = re.compile(r"'(?P<name>\w+)' is undefined")
_BREAKS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def render(
    built: Environment, name: str, context: dict[str, object], template_folders: Sequence[Path]
) -> str:
    """The template `name` filled in; raises Faulty with the place in the template that is wrong."""
    try:
        return built.get_template(name).render(context)
    except _BREAKS as error:
        raise Faulty([_fault(error, name, context, template_folders)]) from error


def syntax_faults(built: Environment, template_folder: Path, room: str) -> list[Fault]:
    """The templates of `template_folder`/`room` that cannot be compiled."""
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
    """The innermost line of a template in the error's traceback."""
    found: tuple[str, int | None] = (f"templates/{name}", None)
    for frame, line in walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if any(path.is_relative_to(folder) for folder in folders):
            found = (_shown(path, folders), line)
    return found


def _shown(path: Path, folders: Sequence[Path]) -> str:
    """`templates/site/page.html`: as both the site and the package call their folder."""
    for folder in folders:
        if path.is_relative_to(folder):
            return f"templates/{path.relative_to(folder).as_posix()}"
    return str(path)
