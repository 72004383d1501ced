"""The import table of the house, read from the syntax tree."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "rewards": set(),
    "ledger": {"rewards"},
    "generator": {"rewards", "ledger"},
    "mailer": {"rewards"},
    "offerpress": {"rewards", "ledger", "generator", "mailer"},
}
ONE_MODULE_EACH = {
    "distributed",
    "dkim",
    "duckdb",
    "flufl",
    "ruamel",
    "markdown",
    "feedgen",
    "fsspec",
    "mjml",
    "numpy",
    "openpyxl",
    "psycopg",
    "sendgrid",
    "smtplib",
    "starlette",
    "uvicorn",
    "vl_convert",
    "watchfiles",
}
# Building requests and judging them have nothing in common but the provider.
USES = {("sendgrid", "signatures"): "signatures"}
# The folders inside each package, from the ground up: a folder imports only from floors below it. "" stands for the
# package's own modules, of which `options` belongs to the commands that use it.
FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "rewards": (("",), ("offers",), ("statements",)),
    "ledger": (("",),),
    "generator": (("",), ("templating",), ("content",), ("statements",), ("public", "notices")),
    "mailer": (
        ("rules",),
        ("",),
        ("batch",),
        ("transports", "events"),
        ("providers", "outbox"),
        ("delivery",),
    ),
    "offerpress": (
        *(("",), ("site",), ("figures",), ("build",), ("plans",)),
        *(("proofs", "upkeep", "reports", "preview", "hooks"), ("commands",)),
    ),
}
ROOMS = {"offerpress.options": "commands"}
IMPURE = {"time", "random", "secrets", "os", "sqlite3", "pathlib", "jinja2", "duckdb", "socket", "subprocess"}


def modules(package: str) -> list[Path]:
    """Every module of that package, in order."""
    return sorted((ROOT / package).rglob("*.py"))


def imports(module: Path) -> set[str]:
    """The top-level names that a module imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_import_table(package: str) -> None:
    """A package imports only those packages of ours that the table allows."""
    ours = set(MAY_IMPORT) - {package}
    wrong = {
        str(module.relative_to(ROOT)): sorted(imports(module) & ours - MAY_IMPORT[package])
        for module in modules(package)
        if imports(module) & ours - MAY_IMPORT[package]
    }
    assert {} == wrong


def room(module: str) -> str:
    """Return the folder of a dotted module inside its package, "" for the package's own modules."""
    parts = module.split(".")
    folder = parts[1] if len(parts) > 1 and (ROOT / parts[0] / parts[1]).is_dir() else ""
    return ROOMS.get(module, folder)


@pytest.mark.parametrize("package", FLOORS)
def test_folders_import_from_the_floors_below(package: str) -> None:
    """No folder imports from its own floor or one above; every folder has its place in the table."""
    level = {name: floor for floor, names in enumerate(FLOORS[package]) for name in names}
    wrong = []
    for module in modules(package):
        if module.name == "__init__.py":
            continue
        own = room(".".join(module.relative_to(ROOT).with_suffix("").parts))
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
                other = room(node.module)
                if other != own and level[other] >= level[own]:
                    wrong.append(f"{module.relative_to(ROOT)}: {node.module}")
    assert [] == wrong


def test_rewards_is_pure() -> None:
    """The rules import neither files, clock, randomness, database nor templates."""
    wrong = {str(m.relative_to(ROOT)): imports(m) & IMPURE for m in modules("rewards") if imports(m) & IMPURE}
    assert {} == wrong


def test_heavy_libraries_live_in_one_module() -> None:
    """Each heavy third-party library is imported by one module only; the database's driver by one for each use."""
    users = defaultdict(set)
    for package in MAY_IMPORT:
        for module in modules(package):
            for library in imports(module) & ONE_MODULE_EACH:
                use = (library, USES.get((library, module.stem), package if library == "psycopg" else ""))
                users[use].add(str(module.relative_to(ROOT)))
    assert {} == {use: sorted(where) for use, where in users.items() if len(where) > 1}


def test_only_the_front_door_prints() -> None:
    """No package but offerpress calls print or reads the environment."""
    wrong = []
    for package in set(MAY_IMPORT) - {"offerpress"}:
        for module in modules(package):
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                    wrong.append(f"{module}:{node.lineno} print")
                if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "utcnow", "today"}:
                    wrong.append(f"{module}:{node.lineno} {node.attr}")
    assert [] == sorted(wrong)


def test_content_and_data_hold_no_code() -> None:
    """What staff and the business write holds no Python."""
    assert [] == [
        path for folder in ("content", "data", "templates") for path in (ROOT / folder).rglob("*.py")
    ]
