"""Labels folded into a template before it is compiled, so that rendering looks none of them up.

Looking labels up and formatting them takes most of the time of a page with forty of them, and they are the
same for everybody who reads a language.
"""

import re
from collections.abc import Callable

from jinja2 import Environment, Template, TemplateNotFound, nodes
from jinja2.visitor import NodeTransformer

from generator.errors import GeneratorError

_PLACE = re.compile(r"%\((\w+)\)s")


def folded_template(environment: Environment, name: str, gettext: Callable[[str], str]) -> Template:
    """The template `name` with every `_("label", name=value)` replaced by the parts of its translation.

    What it includes by a fixed name becomes part of it. It renders what the template of
    `environment.get_template` renders; raises the same errors, while rendering as of `name` itself.
    """
    tree, filename = _parsed(environment, name)
    _Includes(environment).visit(tree)
    _Labels(gettext).visit(tree)
    code = environment.compile(tree, name, filename)
    return environment.template_class.from_code(environment, code, environment.make_globals(None))


def _parsed(environment: Environment, name: str) -> tuple[nodes.Template, str | None]:
    if environment.loader is None:
        raise TemplateNotFound(name)
    source, filename, _ = environment.loader.get_source(environment, name)
    return environment.parse(source, name, filename), filename


class _Includes(NodeTransformer):
    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_Include(self, node: nodes.Include) -> nodes.Include | list[nodes.Node]:  # noqa: N802 - as below
        if not (isinstance(node.template, nodes.Const) and node.with_context):
            return node
        tree, _ = _parsed(self._environment, node.template.value)
        self.visit(tree)
        return tree.body


class _Labels(NodeTransformer):
    def __init__(self, gettext: Callable[[str], str]) -> None:
        self._gettext = gettext
        self._labels: list[nodes.Expr] = []

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 - the base class looks for this name
        self.generic_visit(node)
        if not (isinstance(node.node, nodes.Name) and node.node.name == "_" and len(node.args) == 1):
            return node
        message = node.args[0]
        if not (isinstance(message, nodes.Const) and isinstance(message.value, str)):
            return node
        values = {keyword.key: keyword.value for keyword in node.kwargs}
        return self._label(self._gettext(message.value), values, node.lineno)

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - likewise
        self.generic_visit(node)
        parts: list[nodes.Expr] = []
        for child in node.nodes:
            of_label = isinstance(child, nodes.Concat) and any(child is label for label in self._labels)
            parts += child.nodes if isinstance(child, nodes.Concat) and of_label else [child]
        node.nodes = parts
        return node

    def _label(self, text: str, values: dict[str, nodes.Expr], line: int) -> nodes.Expr:
        parts: list[nodes.Expr] = []
        for index, piece in enumerate(_PLACE.split(text)):
            if index % 2:
                parts.append(_value(piece, values, text))
            elif piece:
                # Translations come from the site's authors and are HTML, as for `gettext` in HTML.
                plain = nodes.Const(piece.replace("%%", "%"), lineno=line)
                parts.append(nodes.MarkSafe(plain, lineno=line))
        label = parts[0] if len(parts) == 1 else nodes.Concat(parts, lineno=line)
        self._labels.append(label)
        return label


def _value(name: str, values: dict[str, nodes.Expr], text: str) -> nodes.Expr:
    if name not in values:
        raise GeneratorError(
            f"the translation {text!r} has no value {name!r}: correct it in templates/locale/"
        )
    return values[name]
