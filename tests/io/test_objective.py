"""The block ``[objective]`` of ``scenario.toml``."""

from __future__ import annotations

from pathlib import Path

from depotopt.io.scenario_files import load_scenario
from depotopt.rules import SitingObjective
from tests.io.minimal_copy import append, copy_minimal, faults_of


def test_a_scenario_without_the_block_weighs_the_mean_alone(tmp_path: Path) -> None:
    assert load_scenario(copy_minimal(tmp_path), ()).objective == SitingObjective()


def test_every_key_arrives(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append(
        "scenario.toml",
        "\n[objective]\nmean = 0.5\ncvar = 1\nworst = 0.25\ncvar_level = 0.9\ntolerance = 0.02\n"
        "max_mean_response = 10\nmax_cvar_response = 20.5\nmax_worst_response = 30\n",
    )(folder)
    assert load_scenario(folder, ()).objective == SitingObjective(
        0.5, 1.0, 0.25, 0.9, (), 0.02, 10.0, 20.5, 30.0
    )


def test_an_order_arrives(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", '\n[objective]\nlexicographic = ["worst", "cost"]\n')(folder)
    assert load_scenario(folder, ()).objective.lexicographic == ("worst", "cost")


def test_an_unknown_measure_is_named(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", '\n[objective]\nlexicographic = ["unmet"]\n')(folder)
    (fault,) = faults_of(folder)
    assert "objective.lexicographic[0]" in fault
    assert "found 'unmet'" in fault
    assert "expected" in fault
