"""The named statements of `statements.sql` and the numbered schema files, read once."""

import re
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- ([a-z_]+)\n", re.MULTILINE)


@cache
def statements() -> MappingProxyType[str, str]:
    """Every statement by its name."""
    parts = _NAME.split(files("mailer").joinpath("statements.sql").read_text(encoding="utf-8"))
    return MappingProxyType(dict(zip(parts[1::2], parts[2::2], strict=True)))


@cache
def migrations() -> tuple[str, ...]:
    """The scripts that lead from each schema version to the next; the first makes an empty outbox."""
    folder = files("mailer").joinpath("schema")
    scripts = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".sql"))
    return tuple(file.read_text(encoding="utf-8") for _, file in scripts)
