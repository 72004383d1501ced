"""The order inside the packages: which folder may import which, one name for one thing, and the budgets of size."""

import ast
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent

# A folder imports only folders that stand left of it. Modules that lie flat in a package are free, as long as nothing
# imports in a circle.
ROOMS = {
    "rewards": [{"offers"}, {"statements"}],
    "ledger": [{"reading"}],
    "generator": [{"templating"}, {"content"}, {"statements"}, {"public", "notices"}],
    "mailer": [{"rules"}, {"batch"}, {"transports", "events"}, {"providers"}, {"outbox"}, {"delivery"}],
    "offerpress": [
        {"site"},
        {"writing", "figures"},
        {"build", "setup", "signing"},
        {"plans"},
        {"proofs", "upkeep", "reports", "preview", "hooks"},
        {"studio"},
        {"commands"},
    ],
}
MOST_MODULES = 12
MOST_LINES = 500
LINES_OF_NINE_IN_TEN = 350
MOST_LINES_OF_A_FUNCTION = 50
MOST_WITH_ONE_IMPORTER = 45
# It names every screen of the studio, as a command line names its commands. That each screen has no other importer is
# what keeps screens apart.
TABLE_OF_SCREENS = "offerpress.studio.screens"


def dotted(module: Path) -> str:
    """The name by which a module is imported."""
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


HOUSE = {dotted(module): module for package in ROOMS for module in sorted((ROOT / package).rglob("*.py"))}


def named_in(node: ast.AST) -> set[str]:
    """Each module that an import statement may name; empty for any other node."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


@cache
def nodes_of(name: str) -> list[ast.AST]:
    """Every node of a module's code."""
    return list(ast.walk(ast.parse(HOUSE[name].read_text(encoding="utf-8"))))


def imported_modules(name: str) -> set[str]:
    """Our own modules that a module imports, at any depth of its code."""
    found = {named for node in nodes_of(name) for named in named_in(node)}
    return (found & HOUSE.keys()) - {name}


def room(name: str) -> str:
    """The folder of a module inside its package, by its path from the root; a flat module stands for itself."""
    folder = HOUSE[name].parent.relative_to(ROOT)
    return name if len(folder.parts) == 1 else ".".join(folder.parts[:2])


def inner_room(name: str) -> str:
    """The innermost folder of a module; a module that lies beside folders stands for itself."""
    beside_folders = any(
        child.is_dir() for child in HOUSE[name].parent.iterdir() if child.name != "__pycache__"
    )
    return name if beside_folders and HOUSE[name].name != "__init__.py" else dotted(HOUSE[name].parent)


def is_face(name: str) -> bool:
    """Whether it is the face of a package, which imports what other packages use."""
    return "." not in name


def test_every_folder_stands_in_the_table_of_rooms() -> None:
    """The table names each folder that a package has, and no other."""
    for package, floors in ROOMS.items():
        there = {child.name for child in (ROOT / package).iterdir() if (child / "__init__.py").is_file()}
        assert there == {name for floor in floors for name in floor}


def test_a_folder_imports_only_what_stands_left_of_it() -> None:
    """Inside a package imports follow the table of rooms."""
    wrong = []
    for package, floors in ROOMS.items():
        place = {f"{package}.{name}": number for number, floor in enumerate(floors) for name in floor}
        for name in HOUSE:
            mine = room(name)
            wrong += [
                f"{name} imports {other}"
                for other in imported_modules(name)
                if mine in place
                and room(other) in place
                and room(other) != mine
                and place[room(other)] >= place[mine]
            ]
    assert [] == sorted(wrong)


def test_nothing_imports_in_a_circle() -> None:
    """Folders and flat modules can be put into an order in which each imports only what stands before it."""
    for placed in (room, inner_room):
        graph: dict[str, set[str]] = defaultdict(set)
        for name in HOUSE:
            if not is_face(name):
                others = {placed(other) for other in imported_modules(name) if not is_face(other)}
                graph[placed(name)] |= others - {placed(name)}
        assert set(graph) == set(TopologicalSorter(graph).static_order()) & set(graph)


def public_names(module: Path) -> set[str]:
    """The classes, functions and constants without an underscore that a module defines at its top level."""
    found = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {name for name in found if not name.startswith("_")}


def test_a_public_name_is_defined_once() -> None:
    """No two modules of the house define the same public name."""
    places = defaultdict(list)
    for name, module in HOUSE.items():
        for public in public_names(module):
            places[public].append(name)
    assert {} == {public: sorted(where) for public, where in places.items() if len(where) > 1}


def test_folders_and_modules_keep_their_size() -> None:
    """A folder holds at most 12 modules; no module is over 500 lines, nine in ten are at most 350."""
    lines: dict[str, int] = {}
    count: dict[str, int] = defaultdict(int)
    for name, module in HOUSE.items():
        if module.name != "__init__.py":
            lines[name] = module.read_text(encoding="utf-8").count("\n")
            count[str(module.parent.relative_to(ROOT))] += 1
    assert {} == {folder: n for folder, n in count.items() if n > MOST_MODULES}
    assert {} == {name: n for name, n in lines.items() if n > MOST_LINES}
    assert sorted(lines.values())[len(lines) * 9 // 10] <= LINES_OF_NINE_IN_TEN


def test_functions_keep_their_size() -> None:
    """No function has more than 50 lines."""
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name in HOUSE
        for node in nodes_of(name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert [] == long


def names_of_faces() -> dict[str, str]:
    """Each name that the face of a package offers, as `package.name`, with the module that defines it."""
    return {
        f"{package}.{alias.name}": node.module
        for package in ROOMS
        for node in nodes_of(package)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def test_few_modules_serve_one_other_alone() -> None:
    """At most 45 modules have exactly one importer, screens apart; a face counts for the module behind it."""
    offered = names_of_faces()
    importers = defaultdict(set)
    for name in HOUSE:
        if not is_face(name):
            for node in nodes_of(name):
                for named in named_in(node):
                    importers[offered.get(named, named)].add(name)
    alone = [
        name
        for name, module in HOUSE.items()
        if len(importers[name] - {name}) == 1
        and importers[name] != {TABLE_OF_SCREENS}
        and module.stem != "__init__"
    ]
    assert len(alone) <= MOST_WITH_ONE_IMPORTER, alone
