"""``depotopt --help`` answers at once because nothing heavy is imported for it."""

from __future__ import annotations

import subprocess
import sys

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


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert loaded_after("import depotopt") == set()


def test_every_public_name_is_there() -> None:
    import depotopt

    for name in depotopt.__all__:
        assert getattr(depotopt, name) is not None
    assert set(depotopt.__all__) <= set(dir(depotopt))
