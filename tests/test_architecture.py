"""Imports go down only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "depotopt"

FLOORS: list[set[str]] = [
    {"errors"},
    {"units", "cache", "catalog", "language", "working_time"},
    {"compiled"},
    {"solving", "executor"},
    {"roads"},
    {"hazards"},
    {"road_source", "rules"},
    {"scenario"},
    {"need"},
    {"travel"},
    {"plans"},
    {"siting", "dispatch"},
    {"io"},
    {"verify"},
    {"evaluation"},
    {"report"},
    {"pipeline"},
    {"web"},
    {"cli"},
]
"""Bottom first; modules of one floor do not import one another."""

FLOOR_OF = {name: height for height, floor in enumerate(FLOORS) for name in floor}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> set[str]:
    """Modules of depotopt imported anywhere in a file, type-checking blocks included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "depotopt" or (node.module or "").startswith("depotopt."):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.removeprefix("depotopt.") for name in names if name.startswith("depotopt.")}
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if module_name(path) not in ("", "__main__"))
MODULES = {module_name(path): path for path in FILES}


def target(imported: str) -> str:
    """The module an import leads to: the name itself or the module that defines it."""
    return imported if imported in MODULES else imported.rpartition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_down(path: Path) -> None:
    own = module_name(path).split(".")[0]
    assert own in FLOOR_OF, f"{own} has no floor: add it to FLOORS and to docs/architecture.md"
    for imported in imports(path):
        other = imported.split(".")[0]
        if other == own or not other:
            continue
        assert other in FLOOR_OF, f"{own} imports {other}, which has no floor"
        assert FLOOR_OF[other] < FLOOR_OF[own], f"{path.name} ({own}) imports {other}: an upward arrow"


def test_no_circles_between_modules() -> None:
    graph = {name: {target(i) for i in imports(path)} & MODULES.keys() for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        for other in sorted(graph[name] - {name}):
            visit(other, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


FOLDERS: dict[str, list[set[str]]] = {
    "siting": [{"engines", "model"}, {"prices"}, {"recourse"}, {"cuts", "classic"}],
    "dispatch": [{"model"}, {"bound"}, {"engines", "tasks"}, {"search"}, {"publishing"}, {"replan"}],
}
"""Folders of the two large modules, bottom first; what stands beside them may import all."""


@pytest.mark.parametrize("part", FOLDERS)
def test_folders_of_a_large_module_import_down_only(part: str) -> None:
    height = {name: floor for floor, names in enumerate(FOLDERS[part]) for name in names}
    assert {path.name for path in (PACKAGE / part).iterdir() if (path / "__init__.py").exists()} == set(
        height
    )
    for name, path in MODULES.items():
        inside = name.split(".")
        if inside[0] != part or len(inside) < 3:
            continue
        for imported in map(target, imports(path)):
            other = imported.split(".")
            if other[0] != part or len(other) < 3 or other[1] == inside[1]:
                continue
            assert height[other[1]] < height[inside[1]], f"{name} imports {imported}: an upward arrow"


def test_the_page_shows_every_module_on_its_floor() -> None:
    """The table of docs/architecture.md is this one, top first, and every module in it exists."""
    page = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Floors")[2].partition("\n## ")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if re.match(r"\|[^|]*\| `", line)]
    shown = [{name.strip("/").removesuffix(".py") for name in re.findall(r"`([^`]+)`", row)} for row in rows]
    assert shown[::-1] == FLOORS
    assert {name.partition(".")[0] for name in MODULES} == set(FLOOR_OF)
