"""The front of a scenario, from the command line to the document."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("front") / "pareto.json"
    words = ["pareto", str(MINIMAL), "--points", "3", "--states", "6", "--unseen", "12"]
    assert main([*words, "--out", str(file), "--progress", "none"]) == Exit.OK
    return file


def test_points_come_by_cost_and_no_one_is_dominated(front: Path) -> None:
    points = json.loads(front.read_text(encoding="utf-8"))["points"]
    assert points
    costs = [point["yearly_cost"] for point in points]
    assert costs == sorted(costs)
    for cheap, dear in itertools.pairwise(points):
        better = [dear["design"][key] < cheap["design"][key] for key in cheap["design"]]
        assert any(better)


def test_every_point_is_proved_judged_and_within_its_budget(front: Path) -> None:
    document = json.loads(front.read_text(encoding="utf-8"))
    assert document["stopped"] is False
    assert document["made_from"]["unseen"]["states"] == 12
    for point in document["points"]:
        assert point["status"] == "optimal"
        assert point["bound"] <= point["objective"] * (1 + 1e-9)
        assert point["budget"] is None or point["yearly_cost"] <= point["budget"] * (1 + 1e-6)
        unmet = point["unseen"]["unmet_person_days"]
        assert unmet["expected"] <= unmet["worst_5_percent"] + 1e-9 <= unmet["worst"] + 2e-9
        assert point["layout"]["open_sites"]


def test_a_robust_front_says_what_each_layout_was_chosen_by(tmp_path: Path) -> None:
    """Tail layouts are verified by their own objective, and stay where nothing beats them."""
    file = tmp_path / "robust.json"
    words = ["pareto", str(MINIMAL), "--points", "3", "--states", "6", "--unseen", "5", "--robust"]
    assert main([*words, "--out", str(file), "--progress", "none"]) == Exit.OK
    points = json.loads(file.read_text(encoding="utf-8"))["points"]
    assert {point["chosen_by"] for point in points} <= {"objective", "tail"}
    assert "objective" in {point["chosen_by"] for point in points}


def test_the_table_names_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pareto", str(MINIMAL), "--points", "2", "--states", "3", "--unseen", "5"]
    assert main([*words, "--progress", "none"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "yearly cost" in shown
    assert "judged on 5 road states" in shown


def test_the_page_of_charts_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pareto", str(MINIMAL), "--points", "2", "--states", "3", "--unseen", "5", "--progress", "none"]
    assert main([*words, "--page", str(tmp_path / "front.html"), "--lang", "zh"]) == Exit.OK
    assert "front.html" in capsys.readouterr().out
    assert "成本与响应的权衡" in (tmp_path / "front.html").read_text(encoding="utf-8")
