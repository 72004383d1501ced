"""Changes one key of `offerpress.toml` and leaves every other byte: comments, order, other keys, line ends.

tomlkit keeps the text around each value. The result is read again and compared, so that nothing else can change.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, InlineTable, Item

from offerpress.site.folder import SETTINGS_FILE, OfferpressError
from offerpress.site.state import replace_bytes

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


def _changed(text: str, table: str, settings: Mapping[str, object], *, is_inline: bool) -> str:
    has_crlf = "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    document = tomlkit.parse(text.replace("\r\n", "\n") if has_crlf else text)
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
    changed = tomlkit.dumps(document)
    return changed.replace("\n", "\r\n") if has_crlf else changed


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
    path = (folder / SETTINGS_FILE).resolve()
    data = path.read_bytes()
    mark = _MARK if data.startswith(_MARK) else b""
    try:
        text = data.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise OfferpressError(f"not changed: {SETTINGS_FILE}: it is not UTF-8; save it as UTF-8") from error
    changed = with_table_settings(text, table, settings)
    if changed != text:
        replace_bytes(path, mark + changed.encode())


def settings_text(values: Mapping[str, object]) -> str:
    """Return values as a new file of settings."""
    return tomlkit.dumps(values)
