"""The form of a text's fields, made from the models that read them, and what a person changed in it.

A field keeps the value that the file has, whatever it is: only what a person changed is given back, so that a save
touches nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rewards import KeyPath, Pick

Option = tuple[str, str]
"""A value, and how people call it."""
Options = Mapping[str, Sequence[Option]]
"""The options by what a `Pick` names: tags, offers, levels, countries, languages, currencies, picture."""
Changes = Mapping[KeyPath, object]
"""The new value of each changed field by its path; None takes the field out."""

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}))?", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,10})?", re.ASCII)
_MANY = ("tags", "offers", "levels", "countries", "languages")
_ONE = ("level",)
_WORDS: Mapping[str, str] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
    "nfr": "Not for resale",
    "statement.csv": "The statement as a table",
}


@dataclass(frozen=True)
class FormField:
    """A field with its present value.

    `kind` tells how it is asked for. `texts` is the value as the inputs hold it, `options` what can be picked,
    `inner` the fields of a group, or the groups of a list. `is_open` lets people add values that nobody else has.
    """

    path: KeyPath
    kind: str
    label: str
    help: str = ""
    required: bool = False
    texts: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    inner: tuple["FormField", ...] = ()
    is_open: bool = False
    was_there: bool = False

    @property
    def dotted(self) -> str:
        """The path as faults name it."""
        return ".".join(map(str, self.path))

    @property
    def name(self) -> str:
        """The name of its input."""
        return f"f.{self.dotted}"

    @property
    def text(self) -> str:
        """The value of a field with one text."""
        return self.texts[0] if self.texts else ""

    @property
    def day(self) -> str:
        """The day of a moment."""
        found = _MOMENT.fullmatch(self.text)
        return found[1] if found else ""

    @property
    def clock(self) -> str:
        """The time of day of a moment."""
        found = _MOMENT.fullmatch(self.text)
        return found[2] or "" if found else ""


@dataclass(frozen=True)
class FormMaker:
    """Makes the fields of a model; `options` are what the site has."""

    options: Options = field(default_factory=dict)

    def fields(
        self, model: type[BaseModel], raw: Mapping[str, object], only: Sequence[str] = (), path: KeyPath = ()
    ) -> tuple[FormField, ...]:
        """Return the fields of a model that have a label, with the values of `raw`, in the order of the model."""
        made = []
        for name, info in model.model_fields.items():
            key = info.alias or name
            if info.title and (not only or key in only):
                made.append(self._field(info, (*path, key), raw.get(key), there=key in raw))
        return tuple(made)

    def _field(self, info: FieldInfo, path: KeyPath, value: object, *, there: bool) -> FormField:
        base, pick = _analysed(info.annotation, info.metadata)
        about: dict[str, Any] = {
            "label": info.title or "",
            "help": info.description or "",
            "required": info.is_required(),
            "was_there": there,
        }
        if isinstance(base, type) and issubclass(base, BaseModel):
            raw = value if isinstance(value, Mapping) else {}
            return FormField(path, "group", **about, inner=self.fields(base, raw, path=path))
        origin = get_origin(base)
        if origin is dict:
            return self._amounts(base, pick, path, value, about)
        if origin in {list, tuple}:
            return self._list(get_args(base)[0], pick, path, value, about)
        if base is bool:
            return FormField(path, "flag", **about, texts=("on",) if value is True else ())
        if origin is Literal:
            about["options"] = _with_present([(str(one), _word(str(one))) for one in get_args(base)], value)
            return FormField(path, "one", **about, texts=_texts(value))
        return self._single(base, pick, path, value, about)

    def _single(
        self, base: object, pick: Pick, path: KeyPath, value: object, about: dict[str, Any]
    ) -> FormField:
        kind: str = pick.kind or ("whole" if base is int else "text")
        texts = _texts(False if kind == "menu" and value is False else value)
        text = texts[0] if texts else ""
        if kind == "menu":
            kind, texts = "whole", ("0",) if value is False else texts
        elif kind in {"moment", "day"}:
            found = _MOMENT.fullmatch(text)
            kind = kind if not text or (found and (kind == "moment" or not found[2])) else "text"
            texts = (text.replace(" ", "T"),) if kind == "moment" and text else texts
        elif kind == "time" and text and not _TIME.fullmatch(text):
            kind = "text"
        elif kind in _ONE:
            about["options"] = _with_present(self.options.get("levels", ()), value)
            kind = "one"
        elif kind == "picture":
            about["options"] = tuple(self.options.get("picture", ()))
        return FormField(path, kind, **about, texts=texts)

    def _amounts(
        self, base: object, pick: Pick, path: KeyPath, value: object, about: dict[str, Any]
    ) -> FormField:
        raw = value if isinstance(value, Mapping) else {}
        known = dict(self.options.get(pick.by, ()))
        keys = [*known, *(str(key) for key in raw if str(key) not in known)]
        inner, inner_pick = _analysed(get_args(base)[1], [])
        kind = "whole" if inner is int else inner_pick.kind or "number"
        fields = tuple(
            FormField(
                (*path, key), kind, known.get(key, key), texts=_texts(raw.get(key)), was_there=key in raw
            )
            for key in keys
        )
        return FormField(path, "group", **about, inner=fields)

    def _list(
        self, item: object, pick: Pick, path: KeyPath, value: object, about: dict[str, Any]
    ) -> FormField:
        base, _ = _analysed(item, [])
        raw = value if isinstance(value, list) else [] if value is None else [value]
        if isinstance(base, type) and issubclass(base, BaseModel):
            rows = [one if isinstance(one, Mapping) else {} for one in raw]
            groups = tuple(
                FormField(
                    (*path, n),
                    "row",
                    f"{about['label']} {n + 1}",
                    inner=self.fields(base, row, path=(*path, n)),
                    was_there=n < len(rows),
                )
                for n, row in enumerate([*rows, {}])
            )
            return FormField(path, "rows", **about, inner=groups)
        texts = tuple(text for one in raw for text in _texts(one))
        known: Sequence[Option] = (
            [(str(one), _word(str(one))) for one in get_args(base)]
            if get_origin(base) is Literal
            else self.options.get(pick.kind, ())
        )
        if get_origin(base) is Literal or pick.kind in _MANY:
            chosen = [(text, dict(known).get(text, text)) for text in texts]
            rest = [one for one in known if one[0] not in texts]
            about |= {"options": (*chosen, *rest), "is_open": pick.kind in {"tags", "countries"}}
            return FormField(path, "many", **about, texts=texts)
        return FormField(path, "lines", **about, texts=texts)


def _analysed(annotation: object, metadata: Sequence[object]) -> tuple[object, Pick]:
    """Return the type under annotations and unions with None, and how a form asks for it."""
    marks = list(metadata)
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            marks += more
        elif origin in {Union, UnionType}:
            annotation = next(one for one in get_args(annotation) if one is not type(None))
        else:
            return annotation, next((one for one in marks if isinstance(one, Pick)), Pick())


def _with_present(options: Sequence[Option], value: object) -> tuple[Option, ...]:
    """Return the options with the present value, also where it is none of them: it must not be lost."""
    missing = [(text, text) for text in _texts(value) if text not in dict(options)]
    return (*options, *missing)


def _word(value: str) -> str:
    return _WORDS.get(value, value.replace("_", " ").capitalize())


def _texts(value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, (Mapping, list)):
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (" ".join(str(value).split()),)


def split_fields(fields: Sequence[FormField], shown: Sequence[KeyPath] = ()) -> dict[str, object]:
    """Divide the fields: `fields` are shown at once, because they must be filled in, or are, or are among `shown`."""
    common = [one for one in fields if one.required or one.was_there or one.path in {("draft",), *shown}]
    return {"fields": common, "more_fields": [one for one in fields if one not in common]}


# What a person changed.


def changed_fields(fields: Sequence[FormField], form: Mapping[str, str]) -> dict[KeyPath, object]:
    """Return the new value of each field whose inputs differ from what the form showed."""
    return dict(_changed(fields, form))


def _changed(fields: Sequence[FormField], form: Mapping[str, str]) -> Iterator[tuple[KeyPath, object]]:
    for one in fields:
        if one.kind == "group":
            inner = dict(_changed(one.inner, form))
            kept = any(child.was_there and child.path not in inner for child in one.inner)
            if inner and one.was_there and not kept and all(value is None for value in inner.values()):
                yield one.path, None
            else:
                yield from inner.items()
        elif one.kind == "rows":
            yield from _changed_rows(one, form)
        elif _state(one, form) != _shown(one):
            yield one.path, _value(one, _state(one, form))


def _changed_rows(rows: FormField, form: Mapping[str, str]) -> Iterator[tuple[KeyPath, object]]:
    """Yield the changes of a list of groups; the whole list, where a row was added or taken out."""
    changed = dict(_changed([child for row in rows.inner for child in row.inner], form))
    if not changed:
        return
    values = [
        {
            str(child.path[-1]): value
            for child in row.inner
            if (value := _value(child, _state(child, form))) is not None
        }
        for row in rows.inner
    ]
    there = [row.was_there for row in rows.inner]
    if [bool(value) for value in values] == there:
        yield from changed.items()
    else:
        left = [value for value in values if value]
        yield rows.path, left or None


def _state(one: FormField, form: Mapping[str, str]) -> tuple[str, ...]:
    """Return the texts of a field as the inputs hold them now."""
    if one.kind == "flag":
        return ("on",) if form.get(one.name) else ()
    if one.kind == "many":
        chosen = [value for value, _ in one.options if form.get(f"{one.name}={value}")]
        more = [" ".join(text.split()) for text in form.get(f"{one.name}.more", "").split(",")]
        return tuple(dict.fromkeys([*chosen, *(text for text in more if text)]))
    if one.kind == "lines":
        lines = (line.strip() for line in form.get(one.name, "").splitlines())
        return tuple(line for line in lines if line)
    if one.kind == "moment":
        day, clock = form.get(f"{one.name}.day", "").strip(), form.get(f"{one.name}.clock", "").strip()
        return (f"{day}T{clock}" if clock else day,) if day else ()
    text = " ".join(form.get(one.name, "").split())
    return (text,) if text else ()


def _shown(one: FormField) -> tuple[str, ...]:
    if one.kind == "moment" and one.text:
        return (f"{one.day}T{one.clock}" if one.clock else one.day,)
    return tuple(text for text in one.texts if text)


def _value(one: FormField, texts: tuple[str, ...]) -> object:
    """Return the value to write, None to take the field out."""
    if one.kind in {"many", "lines"}:
        return list(texts) or None
    if not texts:
        return None
    if one.kind == "flag":
        return True
    (text,) = texts
    if one.kind == "whole" and _WHOLE.fullmatch(text):
        return False if one.path == ("menu",) and int(text) == 0 else int(text)
    if one.kind == "number" and _NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return text
