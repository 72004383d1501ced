"""Changing single keys of front matter: only their bytes change, everything else stays as it was typed.

A value is replaced where it stands, because no YAML library writes comments, folding and blanks back exactly. The
result is read again: it must hold the wanted values and no others, or nothing is changed.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from generator.content.files import without_forbidden
from generator.content.front_matter import parsed_document
from offerpress.writing.paths import WritingRefused
from offerpress.writing.texts import BOM, front_matter_end, line_end_of, typed_text
from offerpress.writing.yaml_edits import (
    REMOVED,
    CannotEdit,
    Edit,
    FrontMatter,
    Removed,
    YamlEditor,
    YamlNode,
    edited,
    flow,
    same_value,
    yaml_tree,
)
from rewards import Fault

FieldValue = str | int | bool | Decimal | date | Sequence["FieldValue"] | Mapping[str, "FieldValue"] | None


class NotChangeable(WritingRefused):
    """The front matter cannot be changed key by key; it can be changed as text."""


def changed_keys(content: bytes, file: str, changes: Mapping[str, FieldValue | Removed]) -> bytes:
    """Return the bytes with other values of these keys of the front matter; `REMOVED` takes a key out.

    New keys are added at the end. A nested value is given whole, and only what differs in it changes. Raises
    `NotChangeable` where the front matter cannot be read, or holds no such value.
    """
    text, places = _readable(content, file)
    old = _values(text, file)
    new: dict[str, object] = {**old}
    for name, value in changes.items():
        if value is REMOVED:
            new.pop(name, None)
        else:
            new[name] = _plain(value)
    if same_value(old, new):
        return content
    begin = text.index("\n") + 1
    front = text[begin : _closing_line(text)]
    for make in (_by_place, partial(_by_place, takes_blanks=True), _written_anew):
        try:
            edits = make(front, old, new)
            if same_value(
                new, _values(text[:begin] + edited(front, edits) + text[_closing_line(text) :], file)
            ):
                return _applied(content, edits, [places[begin + n] for n in range(len(front) + 1)])
        except (CannotEdit, NotChangeable):
            continue
    names = ", ".join(changes)
    raise NotChangeable(
        f"{file}: {names} cannot be changed here, because of the way in which it is written: change it as text."
    )


def _by_place(front: str, old: FrontMatter, new: FrontMatter, *, takes_blanks: bool = False) -> list[Edit]:
    """Return the edits that keep the text of all that stays, at every depth; blank lines may go with what goes."""
    root = yaml_tree(front)
    if root and root.children:
        return YamlEditor(front, takes_blanks).mapping(root, old, new)
    lines = "".join(f"{flow(name)}: {flow(value)}\n" for name, value in new.items())
    return [Edit(root.start, root.end, lines) if root else Edit(len(front), len(front), lines)]


def _written_anew(front: str, old: FrontMatter, new: FrontMatter) -> list[Edit]:
    """Return the edits that write changed values anew; the first alias of such a value takes it over."""
    root = yaml_tree(front)
    if root is None:
        raise CannotEdit("there is nothing to write anew")
    editor, found = YamlEditor(front), list[Edit]()
    gone: dict[str, object] = {}
    staying = []
    for (_, value), (name, before) in zip(root.entries, old.items(), strict=True):
        if name in new and same_value(before, new[name]):
            staying.append(value)
            continue
        gone |= dict(_anchored(value, before))
        if name in new:
            found.append(editor.replaced(value, new[name]))
    for node in (one for value in staying for one in value.walk()):
        if node.kind == "alias" and node.piece.anchor in gone:
            found.append(editor.replaced(node, gone[node.piece.anchor], node.piece.anchor))
            del gone[node.piece.anchor]
    kept = {name: value for name, value in old.items() if name in new}
    removed_and_added = editor.mapping(
        root, old, {**kept, **{name: new[name] for name in new if name not in old}}
    )
    return found + removed_and_added


def _anchored(node: YamlNode, value: object) -> list[tuple[str, object]]:
    """Return the values that have a name in this part of the text."""
    found = [(node.piece.anchor, value)] if node.piece.anchor and node.kind != "alias" else []
    if node.kind == "mapping" and isinstance(value, dict):
        below = zip((one for _, one in node.entries), value.values(), strict=True)
    elif node.kind == "sequence" and isinstance(value, list):
        below = zip(node.children, value, strict=True)
    else:
        return found
    return found + [pair for one, inner in below for pair in _anchored(one, inner)]


def _values(text: str, file: str) -> dict[str, object]:
    document, faults = parsed_document(text, file)
    if document is None:
        wrong = next(fault for fault in faults if fault.severity == "fault")
        raise NotChangeable(f"{file}, line {wrong.line}: {wrong.what}. Correct it as text first.")
    return dict(document.raw)


def _closing_line(text: str) -> int:
    """Return where the line `---` begins that ends the front matter."""
    end = front_matter_end(text) or 0
    return text.rindex("\n", 0, end - 1) + 1 if text[:end].endswith("\n") else text.rindex("\n", 0, end) + 1


def _readable(content: bytes, file: str) -> tuple[str, list[int]]:
    """Return the text as the site reads it, with the place of each character in the decoded bytes, and of the end."""
    typed_text(content, file)
    raw = content.decode()
    letters: list[str] = []
    places: list[int] = []
    faults: list[Fault] = []
    is_plain = "\r" not in raw and without_forbidden(raw, file, faults) == raw
    for n, letter in enumerate(raw):
        if (n == 0 and letter == BOM) or (letter == "\n" and raw[n - 1 : n] == "\r"):
            continue
        read = letter if is_plain else without_forbidden("\n" if letter == "\r" else letter, file, faults)
        if read:
            letters.append(read)
            places.append(n)
    return "".join(letters), [*places, len(raw)]


def _applied(content: bytes, edits: Sequence[Edit], places: Sequence[int]) -> bytes:
    """Make the edits in the bytes; new lines get the line end of the file."""
    raw = content.decode()
    ends = line_end_of(raw)
    there = [Edit(places[one.start], places[one.end], one.text.replace("\n", ends)) for one in edits]
    return edited(raw, there).encode()


def _plain(value: object) -> object:
    """Return a value in the types that the reader of front matter gives; raises `NotChangeable`."""
    if isinstance(value, str):
        return without_forbidden(value.replace("\r\n", "\n").replace("\r", "\n"), "", [])
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if str(value).lstrip("+-").isdigit() else value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [_plain(one) for one in value]
    raise NotChangeable(f"{value!r} is no value of front matter.")
