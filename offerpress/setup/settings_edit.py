"""Changes single keys of `offerpress.toml` and leaves every other byte: comments, order, other keys, line ends.

tomlkit keeps the text around each value. The result is read again and compared, so that nothing else can change.
"""

import re
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, InlineTable, Item

from offerpress.site.folder import SETTINGS_FILE, OfferpressError
from offerpress.site.settings import read_settings
from offerpress.site.state import replace_bytes
from rewards import Fault, Faulty

_MARK = b"\xef\xbb\xbf"


def with_table_settings(text: str, table: str, settings: Mapping[str, object]) -> str:
    """Return the text with `settings` as `[data.TABLE]`; a key that keeps its value keeps its place and comment.

    Raises `OfferpressError` if the text is damaged, or if nothing can be changed without changing more.
    """
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OfferpressError(f"not changed: {SETTINGS_FILE}: {error}; correct it first") from error
    data = before.get("data", {})
    wanted = before | {"data": (data if isinstance(data, dict) else {}) | {table: dict(settings)}}
    for is_inline in (False, True):
        try:
            changed = _changed(text, table, settings, is_inline=is_inline)
            if tomllib.loads(changed) == wanted:
                return changed
        except (TOMLKitError, tomllib.TOMLDecodeError, ValueError, TypeError, KeyError):
            continue
    raise OfferpressError(
        f"not changed: {SETTINGS_FILE}: [data] is written so that one table cannot be changed alone; "
        f"write it as sections such as [data.{table}] first"
    )


def with_settings(text: str, changes: Mapping[str, Mapping[str, object]]) -> str:
    """Return the text with other values in some sections; None takes a key away.

    Raises `OfferpressError` if the text is damaged, or if nothing can be changed without changing more.
    """
    try:
        wanted: dict[str, Any] = tomllib.loads(text)
        document, has_crlf = _parsed(text)
        for name, values in changes.items():
            merged = {**wanted.get(name, {}), **values}
            wanted[name] = {key: value for key, value in merged.items() if value is not None}
            if name not in document:
                document.append(name, tomlkit.table())
            section = document[name]
            for key, value in values.items():
                if value is None:
                    section.pop(key, None)
                elif _plain(section.get(key)) != value:
                    section[key] = value
        changed = _dumped(document, has_crlf=has_crlf)
    except (TOMLKitError, tomllib.TOMLDecodeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise OfferpressError(f"not changed: {SETTINGS_FILE}: {error}; correct it first") from error
    if tomllib.loads(changed) != wanted:
        raise OfferpressError(
            f"not changed: {SETTINGS_FILE}: one value cannot be changed alone; change it there"
        )
    return changed


def _parsed(text: str) -> tuple[Any, bool]:
    """Return the document, and whether its line ends are CR LF, which tomlkit would not keep everywhere."""
    has_crlf = "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    return tomlkit.parse(text.replace("\r\n", "\n") if has_crlf else text), has_crlf


def _dumped(document: Any, *, has_crlf: bool) -> str:  # noqa: ANN401 - as tomlkit gives it
    changed = tomlkit.dumps(document)
    return changed.replace("\n", "\r\n") if has_crlf else changed


def _changed(text: str, table: str, settings: Mapping[str, object], *, is_inline: bool) -> str:
    document, has_crlf = _parsed(text)
    if "data" not in document:
        document.append("data", tomlkit.table(is_super_table=True))
    data: Any = document["data"]
    there = data.get(table)
    if isinstance(there, AbstractTable):
        _update(there, settings)
    elif there is not None or is_inline or isinstance(data, InlineTable):
        data[table] = _inline(settings)
    else:
        made = tomlkit.table()
        _update(made, settings)
        data.append(table, made)
    return _dumped(document, has_crlf=has_crlf)


def _update(there: AbstractTable, settings: Mapping[str, object]) -> None:
    for key in [key for key in there if key not in settings]:
        there.remove(key)
    for key, value in settings.items():
        found = there.get(key)
        if isinstance(found, AbstractTable) and isinstance(value, Mapping):
            _update(found, value)
        elif found is None or _plain(found) != value:
            there[key] = _inline(value) if isinstance(value, Mapping) else value


def _plain(item: object) -> object:
    return item.unwrap() if isinstance(item, Item) else item


def _inline(settings: Mapping[str, object]) -> InlineTable:
    made = tomlkit.inline_table()
    for key, value in settings.items():
        made[key] = _inline(value) if isinstance(value, Mapping) else value
    return made


def write_table_settings(folder: Path, table: str, settings: Mapping[str, object]) -> None:
    """Write `[data.TABLE]` into the settings of that site, in one step."""
    _rewrite(folder, lambda text: with_table_settings(text, table, settings))


def write_settings(folder: Path, changes: Mapping[str, Mapping[str, object]]) -> None:
    """Write other values into sections of the settings, in one step, if every command can read the result.

    Raises `Faulty` with the mistakes in the result, and then nothing was written.
    """

    def change(text: str) -> str:
        changed, faults = with_settings(text, changes), list[Fault]()
        with tempfile.TemporaryDirectory() as beside:
            (Path(beside) / SETTINGS_FILE).write_bytes(changed.encode())
            if read_settings(Path(beside), faults) is None:
                raise Faulty(faults)
        return changed

    _rewrite(folder, change)


def _rewrite(folder: Path, change: Callable[[str], str]) -> None:
    path = (folder / SETTINGS_FILE).resolve()
    data = path.read_bytes()
    mark = _MARK if data.startswith(_MARK) else b""
    try:
        text = data.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise OfferpressError(f"not changed: {SETTINGS_FILE}: it is not UTF-8; save it as UTF-8") from error
    changed = change(text)
    if changed != text:
        replace_bytes(path, mark + changed.encode())


def settings_text(values: Mapping[str, object]) -> str:
    """Return values as a new file of settings."""
    return tomlkit.dumps(values)
