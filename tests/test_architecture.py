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
    "PIL",
    "distributed",
    "dkim",
    "duckdb",
    "flufl",
    "ruamel",
    "markdown",
    "feedgen",
    "fido2",
    "fsspec",
    "mjml",
    "numpy",
    "openpyxl",
    "psycopg",
    "sendgrid",
    "smtplib",
    "starlette",
    "tomlkit",
    "uvicorn",
    "vl_convert",
    "watchfiles",
}
# Building requests and judging them have nothing in common but the provider.
USES = {("sendgrid", "signatures"): "signatures"}
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


def test_rewards_is_pure() -> None:
    """The rules import neither files, clock, randomness, database nor templates."""
    wrong = {str(m.relative_to(ROOT)): imports(m) & IMPURE for m in modules("rewards") if imports(m) & IMPURE}
    assert {} == wrong


def test_heavy_libraries_live_in_one_module() -> None:
    """Each heavy third-party library is imported by one module only; a driver and a server by one for each use."""
    users = defaultdict(set)
    for package in MAY_IMPORT:
        for module in modules(package):
            for library in imports(module) & ONE_MODULE_EACH:
                shared = {"psycopg": package, "starlette": module.parent.name, "uvicorn": module.parent.name}
                use = (library, USES.get((library, module.stem), shared.get(library, "")))
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
