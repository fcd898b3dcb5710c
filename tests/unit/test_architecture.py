"""Imports point one way: app to engine and database, and inside app to services. Read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(p for room in ("app", "db", "relate_engine") for p in (ROOT / room).rglob("*.py"))

# module prefix of the importing file → module prefixes it must not import
FORBIDDEN = {
    "relate_engine": ("app", "db", "streamlit", "sqlalchemy", "alembic"),
    # what judges for evaluation must not be within reach of what rewards, writes or serves
    "relate_engine.rewards": ("relate_engine.evaluators",),
    "relate_engine.policy": ("relate_engine.evaluators",),
    "relate_engine.draft": ("relate_engine.evaluators",),
    "relate_engine.training.rewards": (
        "relate_engine.evaluators",
        "relate_engine.simulator",
        "relate_engine.simulators",
    ),
    "relate_engine.simulator": ("relate_engine.rewards", "relate_engine.training", "relate_engine.policy"),
    "db": ("app", "relate_engine", "streamlit", "torch", "transformers"),
    "app.services": ("app.desks", "app.components", "app.cli", "app.worker", "app.main", "streamlit"),
    "app.components": ("app.desks", "app.cli", "app.worker", "app.main"),
    "app.desks": ("app.cli", "app.worker", "app.main"),
    "app.cli": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_audit": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_backup": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_demo": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_import": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_people": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_round": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.cli_system": ("app.desks", "app.components", "app.main", "streamlit"),
    "app.worker": ("app.desks", "app.components", "app.main", "streamlit"),
}
# what is not a service reaches tables through services; opening the database and its error are free
PAGES = (
    "app.desks",
    "app.components",
    "app.cli",
    "app.cli_audit",
    "app.cli_backup",
    "app.cli_demo",
    "app.cli_import",
    "app.cli_people",
    "app.cli_round",
    "app.cli_system",
    "app.worker",
    "app.main",
)
PAGES_MAY = ("db.session", "db.migrations")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Every module a file imports anywhere in it, as absolute dotted names; `from a import b` is a.b."""
    package = module_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *(node.module.split(".") if node.module else [])])
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return found


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    module, wrong = module_of(path), set()
    for room, banned in FORBIDDEN.items():
        if within(module, (room,)):
            wrong |= {name for name in imports_of(path) if within(name, banned)}
    if within(module, PAGES):
        tables = {n for n in imports_of(path) if within(n, ("db", "sqlalchemy", "alembic"))}
        wrong |= {n for n in tables if not within(n, PAGES_MAY)}
    assert not wrong, f"{module} must not import {', '.join(sorted(wrong))}"


def test_every_file_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
