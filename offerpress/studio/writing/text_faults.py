"""What `check` says about a text while somebody types it: at its field or line, in words for people who write."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypedDict

from generator.content.front_matter import parsed_document
from offerpress.figures.checking import faults_of_text
from offerpress.studio.state.studio import Visit
from offerpress.studio.writing.typed_texts import edited_text, options_of
from offerpress.writing.paths import ContentPath
from offerpress.writing.texts import OpenFile
from rewards import Fault

_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_UNKNOWN = "unknown key "
# What people who write call the parts of a file.
_PLAIN: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"not valid YAML without quotes: .*", "a colon or another sign makes this line unreadable"),
        (r"not valid YAML: there is no space after the colon", "there is no space after the colon"),
        (r"not valid YAML: .*", "this line cannot be read"),
        (r"has a meaning in YAML and", "has a meaning of its own and"),
        (
            r"Markdown within <(\w+)> is shown as it is written",
            r"signs of the toolbar within <\1> are shown as they are",
        ),
        (
            r"begin the file with a line '---', keys, and a line '---'",
            "begin with the fields, between two lines ---",
        ),
        (
            r"begin it with front matter: a line '---', keys, a line '---'",
            "begin with the fields, between two lines ---",
        ),
        (r"there is no front matter", "the fields are missing"),
        (r"the front matter", "the part with the fields"),
        (r"below the front matter", "below the fields"),
        (r"unknown key", "unknown field"),
        (r"leave the key out", "leave it empty"),
        (r"remove 'draft: true' from its file", "take the mark “Draft” away"),
        (r"\bthe key\b", "the field"),
        (r"\bkeys\b", "fields"),
        (r"the \.md file", "the text"),
    )
)


class Cure(TypedDict):
    """What a button does: put `value` in the place of `wrong` in a field or line, or take a field `out`."""

    words: str
    field: str
    line: int
    wrong: str
    value: str
    out: str


class ShownFault(TypedDict):
    """A fault or remark at its place: a field, a line of the text from 1, or neither (0)."""

    text: str
    remedy: str
    severity: str
    field: str
    line: int
    cure: Cure | None


def check_typed(visit: Visit) -> dict[str, object]:
    """Return what is wrong with what was typed into the editor, and whether it differs from what was opened."""
    text = edited_text(visit)
    content = text.typed(options_of(visit))
    return {"faults": shown_faults(visit, text.path, content), "changed": content != text.base}


def shown_faults(visit: Visit, path: ContentPath, content: bytes) -> list[ShownFault]:
    """Return what is to be said about a text that is not saved, faults first."""
    text = OpenFile(path, content, "").text
    current = visit.studio.reader.last
    known = current.people.keys() if current else ()
    document, _ = parsed_document(text, path.name)
    values = document.raw if document else {}
    begin = document.body_line if document else 1
    lines = text.split("\n")
    found = []
    for fault in faults_of_text(visit.site, path.name, text, known):
        field = fault.field or _field_at(document.source.lines if document else {}, fault.line, begin)
        in_text = fault.line is not None and fault.line >= begin and not fault.field
        line = (fault.line or 0) - begin + 1 if in_text else 0
        written = lines[(fault.line or 1) - 1] if in_text and (fault.line or 0) <= len(lines) else ""
        found.append(
            ShownFault(
                text=_sentence(plain_words(fault.what)),
                remedy=_whole_sentence(plain_words(fault.remedy)),
                severity=fault.severity,
                field="" if in_text else field,
                line=line,
                cure=_cure(fault, field, line, written, values),
            )
        )
    return sorted(found, key=lambda one: (one["severity"] != "fault", one["line"]))


def plain_words(text: str) -> str:
    """Return a sentence of `check` in words for people who write."""
    for pattern, words in _PLAIN:
        text = pattern.sub(words, text)
    return text


def _whole_sentence(text: str) -> str:
    return _sentence(text) if not text or text[-1] in "?.!" else f"{_sentence(text)}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _field_at(lines: Mapping[tuple[str | int, ...], int], line: int | None, begin: int) -> str:
    """Return the field that stands on a line; empty if none does."""
    if line is None or line >= begin:
        return ""
    paths = [path for path, at in lines.items() if path and at == line]
    shortest = sorted(paths, key=len)[:1]
    return ".".join(str(key) for path in shortest for key in path)


def _cure(fault: Fault, field: str, line: int, written: str, values: Mapping[str, object]) -> Cure | None:
    """Return what a button can do about it; None where only a person can decide."""
    if fault.what.startswith(_UNKNOWN) and field:
        value = fault.cure
        other = ".".join([*field.split(".")[:-1], value]) if value else ""
        words = f"Use it as “{value}”" if value else "Take it out"
        return Cure(words=words, field=other, line=0, wrong="", value=_text_at(values, field), out=field)
    if not fault.cure:
        return None
    words = f"Use {fault.cure}"
    if not line:
        wrong = _text_at(values, field)
        return (
            Cure(words=words, field=field, line=0, wrong=wrong, value=fault.cure, out="") if field else None
        )
    quoted = [one[1] or one[2] for one in _QUOTED.finditer(fault.what)]
    near = get_close_matches(fault.cure, [one for one in quoted if one in written], n=1, cutoff=0)
    wrong = near[0] if near else ""
    return Cure(words=words, field="", line=line, wrong=wrong, value=fault.cure, out="") if wrong else None


def _text_at(values: object, field: str) -> str:
    """Return the plain value at a dotted path; empty for anything else."""
    for key in field.split("."):
        if isinstance(values, Mapping):
            values = values.get(key)
        elif isinstance(values, list) and key.isdecimal() and int(key) < len(values):
            values = values[int(key)]
        else:
            return ""
    return "" if values is None or isinstance(values, (Mapping, list)) else str(values)
