"""Package faces that import a module only when one of its names is first used (PEP 562)."""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import SourceFileLoader


def lazy_face(package: str) -> tuple[Callable[[str], object], list[str]]:
    """Return `__getattr__` and `__all__` of a package whose `__init__` imports its names under `if TYPE_CHECKING:`.

    Those imports are the only list of the names: type checkers read them, and so does this function. A command thus
    loads the modules whose names it uses, and no others. Raises `AttributeError` for a name that the face lacks.
    """
    modules = _imported(package)

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return load, sorted(modules)


def _imported(package: str) -> dict[str, str]:
    """Map each name that the face imports under an `if` to its module."""
    spec = sys.modules[package].__spec__
    source = spec.loader.get_source(package) if spec and isinstance(spec.loader, SourceFileLoader) else None
    return {
        alias.name: statement.module
        for block in ast.parse(source or "").body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
    }
