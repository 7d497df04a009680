"""``depotopt --help`` answers at once because nothing heavy is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "numba",
    "osmnx",
    "geopandas",
    "networkx",
    "ortools",
    "pyvrp",
    "pydantic",
    "shapely",
    "pyogrio",
    "duckdb",
    "xlsxwriter",
)


def loaded_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(*sorted(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()) if done.stdout.strip() else set()


def test_help_imports_nothing_heavy() -> None:
    assert loaded_after("from depotopt.cli import main; main(['--help'])") == set()


PARSER = {"attr", "attrs", "cyclopts", "docstring_parser", "rich"}
"""The parser of the command line and what it is made of."""
OURS = {"cli", "errors", "language", "solving"}


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["roads", "--help"]])
def test_help_imports_the_parser_and_our_words_and_nothing_else(words: list[str]) -> None:
    """Whoever adds a package or a floor here pays for it at every start: import it in the command."""
    program = (
        f"import sys\nfrom depotopt.cli import main\nmain({words!r})\n"
        "others = {name for name in sys.modules if name.partition('.')[0] not in sys.stdlib_module_names}\n"
        "print(*sorted(others - {'__main__'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert {name.partition(".")[0] for name in loaded} - {"depotopt"} <= PARSER
    assert {name.split(".")[1] for name in loaded if name.startswith("depotopt.")} <= OURS


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert loaded_after("import depotopt") == set()


def test_every_public_name_is_there() -> None:
    import depotopt

    for name in depotopt.__all__:
        assert getattr(depotopt, name) is not None
    assert set(depotopt.__all__) <= set(dir(depotopt))
