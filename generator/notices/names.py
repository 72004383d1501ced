"""Checks of the names in a template, in every branch and without rendering, against the names that exist."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

from jinja2 import nodes

from generator.notices.corrections import CorrectionView
from generator.statements.view import OfferView, PartnerView, SiteView, StatementView
from generator.templating.formats import PLURAL_FORMS
from generator.templating.values import Address, PartnerText, Shown, ShownCount
from rewards import Fault, suggestion

ROOTS: Mapping[str, object] = {
    "partner": PartnerView,
    "statement": StatementView,
    "previous": StatementView,
    "corrections": tuple[CorrectionView, ...],
    "offers": Mapping[str, OfferView],
    "as_of": Shown,
    "site": SiteView,
    "link": Address,
    "reference": str,
}
"""The names that a campaign sees with their types; `previous` is None unless the plan makes corrections."""
_GLOBALS = frozenset(
    {"range", "dict", "lipsum", "cycler", "joiner", "namespace", "_", "gettext", "ngettext", "plural"}
)
_KEEPS_ITEMS = frozenset(
    {"sort", "list", "reverse", "unique", "selectattr", "rejectattr", "select", "reject"}
)
_LEAVES = (Shown, ShownCount, PartnerText, Address, str, int)
_MAPPING_NAMES = frozenset({"items", "keys", "values", "get"})
_HIDDEN = frozenset({"count", "index"})


@dataclass(frozen=True, slots=True)
class _Sequence:
    """The type of an iterable of `element`; a tuple of types stands for a tuple of such values."""

    element: object


class NameCheck:
    """Checks one template; `offers` are the slugs that the template may name, None for any."""

    def __init__(self, file: str, line: int, offers: Collection[str] | None, faults: list[Fault]) -> None:
        self._file = file
        self._line = line
        self._offers = offers
        self._faults = faults

    def check(self, template: nodes.Template, undeclared: Collection[str]) -> None:
        """Add a fault for each unknown name and attribute; line numbers continue from the first line.

        `undeclared` are the names that the template uses and does not set.
        """
        known = {*ROOTS, *_GLOBALS}
        for name in sorted(set(undeclared) - known):
            line = min(node.lineno for node in template.find_all(nodes.Name) if node.name == name)
            self._fault(f"{name!r} is not known", suggestion(name, sorted(ROOTS)), line)
        self._body(template.body, dict(ROOTS))

    def _body(self, body: list[nodes.Node], scope: dict[str, object]) -> None:
        for node in body:
            self._node(node, scope)

    def _node(self, node: nodes.Node, scope: dict[str, object]) -> None:
        match node:
            case nodes.For():
                inner = scope | {"loop": None} | _bound(node.target, _element(self._type(node.iter, scope)))
                if node.test is not None:
                    self._type(node.test, inner)
                self._body(node.body, inner)
                self._body(node.else_, scope)
            case nodes.Assign():
                scope.update(_bound(node.target, self._type(node.node, scope)))
            case nodes.With():
                values = [self._type(value, scope) for value in node.values]
                inner = dict(scope)
                for target, value in zip(node.targets, values, strict=True):
                    inner.update(_bound(target, value))
                self._body(node.body, inner)
            case nodes.Macro() | nodes.CallBlock():
                self._body(node.body, scope | {argument.name: None for argument in node.args})
            case nodes.Expr():
                self._type(node, scope)
            case _:
                for child in node.iter_child_nodes():
                    self._node(child, scope)

    def _type(self, node: nodes.Node, scope: Mapping[str, object]) -> object:  # noqa: PLR0911 - a case a kind
        """Return the type of an expression, None if it is unknown; adds faults of its attributes."""
        match node:
            case nodes.Name():
                return scope.get(node.name)
            case nodes.Getattr():
                return self._attribute(self._type(node.node, scope), node.attr, node)
            case nodes.Getitem():
                return self._item(node, scope)
            case nodes.Call():
                return self._call(node, scope)
            case nodes.Filter():
                return self._filter(node, scope)
            case nodes.Or() | nodes.And():
                left, right = self._type(node.left, scope), self._type(node.right, scope)
                return left if left == right else None
            case nodes.CondExpr():
                self._type(node.test, scope)
                first = self._type(node.expr1, scope)
                other = self._type(node.expr2, scope) if node.expr2 is not None else None
                return first if first == other else None
        for child in node.iter_child_nodes():
            if isinstance(child, nodes.Expr):
                self._type(child, scope)
            else:
                self._node(child, dict(scope))
        return None

    def _call(self, node: nodes.Call, scope: Mapping[str, object]) -> object:
        for argument in node.args:
            self._type(argument, scope)
        if isinstance(node.node, nodes.Name) and node.node.name == "plural":
            self._plural(node)
        if isinstance(node.node, nodes.Getattr):
            owner = self._type(node.node.node, scope)
            if get_origin(owner) is not None and node.node.attr == "items":
                return _Sequence((str, _value(owner)))
            if _value(owner) is not None and node.node.attr == "values":
                return _Sequence(_value(owner))
        self._type(node.node, scope)
        return None

    def _plural(self, node: nodes.Call) -> None:
        given = [argument.key for argument in node.kwargs]
        for key in given:
            if key not in PLURAL_FORMS:
                self._fault(f"plural() knows no form {key!r}", suggestion(key, PLURAL_FORMS), node.lineno)
        if "other" not in given or len(node.args) != 1:
            remedy = 'write plural(NUMBER, one="…", other="…")'
            self._fault("plural() needs a number and the form 'other'", remedy, node.lineno)

    def _filter(self, node: nodes.Filter, scope: Mapping[str, object]) -> object:
        owner = None if node.node is None else self._type(node.node, scope)
        for argument in node.args:
            self._type(argument, scope)
        unknown = owner is None and isinstance(node.node, _MAY_BE_ADDRESS)
        if node.name == "href" and owner is not Address and not unknown:
            self._fault(_NO_ADDRESS, _ADDRESS_REMEDY, node.lineno)
        if node.name in {"first", "last"}:
            return _element(owner)
        return owner if node.name in _KEEPS_ITEMS else None

    def _item(self, node: nodes.Getitem, scope: Mapping[str, object]) -> object:
        owner = self._type(node.node, scope)
        self._type(node.arg, scope)
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if isinstance(key, str):
            return self._attribute(owner, key, node)
        return _value(owner) if _value(owner) is not None else _element(owner)

    def _attribute(self, owner: object, name: str, node: nodes.Expr) -> object:
        owner = _without_none(owner)
        value = _value(owner)
        if value is not None:
            return self._mapped(value, name, node)
        if not isinstance(owner, type):
            return None
        fields = _fields(owner)
        if name in fields:
            return _without_none(fields[name])
        known = sorted(fields) if fields else ["raw"] if owner in {Shown, ShownCount} else []
        absent = not hasattr(owner, name) or (bool(fields) and name in _HIDDEN)
        if absent and (fields or owner in _LEAVES):
            remedy = suggestion(name, known) if known else "leave it out"
            self._fault(f"{_spelling(node)} has no {name!r}", remedy, node.lineno)
        return None

    def _mapped(self, value: object, name: str, node: nodes.Expr) -> object:
        if name in _MAPPING_NAMES and isinstance(node, nodes.Getattr):
            return None
        if value is OfferView and self._offers is not None and name not in self._offers:
            remedy = suggestion(name, sorted(self._offers)) if self._offers else "add the offer"
            self._fault(f"there is no offer {name!r}", remedy, node.lineno)
        return value

    def _fault(self, what: str, remedy: str, line: int) -> None:
        self._faults.append(Fault(what, remedy, self._file, self._line + line - 1))


_MAY_BE_ADDRESS = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.CondExpr, nodes.Or)
_NO_ADDRESS = "only an address that we made may stand in a link"
_ADDRESS_REMEDY = "use link, site.base_url, the addresses of site.links, or an offer's url"


@cache
def _fields(owner: type) -> Mapping[str, object]:
    """Return the fields of a named tuple with their types; none of another type."""
    names = getattr(owner, "_fields", ())
    return {key: hint for key, hint in get_type_hints(owner).items() if key in names} if names else {}


def _bound(target: nodes.Node, value: object) -> dict[str, object]:
    """Return the names that an assignment binds with their types."""
    if isinstance(target, nodes.Name):
        return {target.name: value}
    if isinstance(target, nodes.Tuple):
        parts = (
            value
            if isinstance(value, tuple) and len(value) == len(target.items)
            else [None] * len(target.items)
        )
        found: dict[str, object] = {}
        for item, part in zip(target.items, parts, strict=True):
            found |= _bound(item, part)
        return found
    return {}


def _without_none(hint: object) -> object:
    if get_origin(hint) in {Union, UnionType}:
        rest = [part for part in get_args(hint) if part is not NoneType]
        return rest[0] if len(rest) == 1 else None
    return hint


def _element(owner: object) -> object:
    """Return the type of the elements of `owner`."""
    if isinstance(owner, _Sequence):
        return owner.element
    if get_origin(owner) is tuple:
        return get_args(owner)[0]
    return str if _value(owner) is not None else None


def _value(owner: object) -> object:
    """Return the type of a mapping's values; None for other types."""
    origin = get_origin(owner)
    return get_args(owner)[1] if isinstance(origin, type) and issubclass(origin, Mapping) else None


def _spelling(node: nodes.Expr) -> str:
    owner = node.node if isinstance(node, nodes.Getattr | nodes.Getitem) else node
    parts = []
    while isinstance(owner, nodes.Getattr):
        parts.append(owner.attr)
        owner = owner.node
    parts.append(owner.name if isinstance(owner, nodes.Name) else "the value")
    return repr(".".join(reversed(parts)))
