"""What `site` and `pareto` say: cost whatever the objective, and why there is no layout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from tests.io.minimal_copy import append, cell, copy_minimal, edit

SMALL = ["--progress", "none", "--states", "4"]


def test_the_yearly_cost_is_told_whatever_is_minimised_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terms of an order hold its last measure only; a layout costs what it costs."""
    folder = copy_minimal(tmp_path)
    append("scenario.toml", '\n[objective]\nlexicographic = ["cost", "mean"]\n')(folder)
    assert main(["site", str(folder), *SMALL]) == Exit.OK
    head = capsys.readouterr().out.splitlines()[0]
    cost = float(head.split("yearly cost ")[1].split()[0].replace(",", ""))
    assert cost >= 5_000


@pytest.mark.parametrize("verb", [["site"], ["pareto", "--points", "2"], ["site", "--replications", "2"]])
def test_a_point_nobody_reaches_in_time_ends_with_4_and_its_numbers(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_minimal(tmp_path)
    cell("demand_points", 5, "deadline_h", "0.1")(folder)
    assert main([verb[0], str(folder), *verb[1:], *SMALL]) == Exit.INFEASIBLE
    shown = capsys.readouterr().out
    assert "point P-HILL has to be reached within 6 min, but EAST" in shown
    assert "takes 20 min" in shown


def test_with_a_helicopter_such_a_point_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copy_minimal(tmp_path)
    cell("demand_points", 5, "deadline_h", "0.1")(folder)
    cell("vehicle_types", 3, "mode", "air")(folder)
    cell("vehicle_types", 3, "cruise_kmh", "200")(folder)
    assert main(["site", str(folder), *SMALL]) == Exit.OK
    assert "note: point P-HILL has to be reached within 6 min" in capsys.readouterr().out


def test_a_front_of_rules_that_contradict_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_minimal(tmp_path)
    edit("scenario.toml", "horizon_days", "budget = 4000\nhorizon_days")(folder)
    assert main(["pareto", str(folder), "--points", "2", *SMALL]) == Exit.INFEASIBLE
    shown = capsys.readouterr().out
    assert "yearly cost at most 4,000 (budget): the other rules named cost at least 5,000" in shown
    assert "site WEST must be open" in shown


def test_a_comparison_tells_worst_states_and_what_differing_depots_cost_and_serve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Costs are in the scenario's money, regret is in person-days whatever the money."""
    folder = copy_minimal(tmp_path)
    edit("scenario.toml", "horizon_days", 'currency = "CNY"\nhorizon_days')(folder)
    layout = tmp_path / "layout.json"
    assert main(["site", str(folder), "--out", str(layout), *SMALL[:2], "--states", "12"]) == Exit.OK
    capsys.readouterr()
    assert main(["compare", str(layout), "--unseen", "6", "--progress", "none"]) == Exit.OK
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    rows = [re.split(r" {2,}", line.strip()) for line in lines]
    told = {row[0]: row[-1] for row in rows if len(row) == 3}
    assert told["yearly cost (CNY)"]
    assert "unmet person days worst" in told
    assert "regret (person-days), expected" in told
    assert any(line.startswith("EAST Easton school") and line.endswith("township/room") for line in lines)
    assert float(told["serves person-days, before loss"].replace(",", "")) > 0
    assert any(line.startswith("Family tent 16 m2") for line in lines)
