"""The money a scenario names stands beside its costs; without a name they stand alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.io.scenario_files import load_scenario
from tests.io.minimal_copy import copy_minimal, edit

QUICK = ("--progress", "none")
SHORT = ("--unseen", "4", *QUICK)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two banks, whose costs are in CNY."""
    target = copy_minimal(tmp_path_factory.mktemp("currency"))
    edit("scenario.toml", "[rules]", '[rules]\ncurrency = "CNY"')(target)
    return target


@pytest.fixture(scope="module")
def run_folder(folder: Path) -> Path:
    out = folder.parent / "run"
    assert main(["run", str(folder), "--out", str(out), "--states", "4", *SHORT]) == 0
    return out


def test_a_layout_tells_what_its_cost_is_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_scenario(folder).rules.currency == "CNY"
    assert main(["site", str(folder), "--states", "4", *QUICK]) == 0
    assert " CNY   gap" in capsys.readouterr().out.splitlines()[0]


def test_costs_stand_alone_where_the_scenario_names_no_money(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "scenarios/minimal", "--states", "4", *QUICK]) == 0
    head = capsys.readouterr().out.splitlines()[0]
    assert head.split("yearly cost ")[1].split("   ")[0].replace(",", "").isdigit()


def test_costs_are_compared_in_it(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(run_folder), *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "yearly cost (CNY)" in shown
    assert "regret (person-days), expected" in shown
    assert main(["compare", str(run_folder), "--json", *SHORT]) == 0
    assert json.loads(capsys.readouterr().out)["currency"] == "CNY"


def test_what_a_depot_is_worth_is_told_in_it(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(run_folder), "--json", *QUICK]) == 0
    assert json.loads(capsys.readouterr().out)["currency"] == "CNY"
    assert main(["explain", str(run_folder), *QUICK]) == 0
    assert " CNY (" in capsys.readouterr().out


def test_the_front_is_drawn_over_cost_in_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder.parent / "front.html"
    words = ["pareto", str(folder), "--points", "2", "--states", "4", "--page", str(page), *SHORT]
    assert main(words) == 0
    assert "(CNY)" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").count("yearly cost (CNY)") >= 3


def test_replications_estimate_cost_in_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["site", str(folder), "--replications", "2", "--sample", "3", *QUICK]
    assert main(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "CNY a year, judged on" in shown
