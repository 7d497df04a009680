"""Why the minimal scenario's depots are open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.pipeline.explain import explain

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    words = [
        "site",
        str(MINIMAL),
        "--states",
        "5",
        "--out",
        str(folder / "layout.json"),
        "--progress",
        "none",
    ]
    assert main(words) == Exit.OK
    return folder


def test_every_depot_and_rule_is_explained_and_kept_in_the_folder(run_folder: Path) -> None:
    explanation = explain(run_folder)
    assert explanation.siting.plan is not None
    assert set(explanation.sites) == {opened.site for opened in explanation.siting.plan.open_sites}
    assert explanation.rules
    kept = json.loads((run_folder / "explanation.json").read_text(encoding="utf-8"))
    assert set(kept["sites"]) == set(explanation.sites)
    for commodity, lies in kept["balance"].items():
        assert lies["bound"] <= lies["best"] <= lies["value"]
        assert set(lies["placement"]) <= set(explanation.sites)
        assert explanation.balance[commodity].ratio == lies["ratio"] >= 1.0


def test_no_depot_of_an_optimal_layout_is_better_closed(run_folder: Path) -> None:
    for change in explain(run_folder, rules=False).sites.values():
        assert change.most is None or change.most >= -1e-3


def test_the_command_says_it_in_words(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["explain", str(run_folder), "--progress", "none"]
    assert main(words) == Exit.OK
    text = capsys.readouterr().out
    assert "without this depot" in text
    assert "relaxing a rule" in text
    assert "where it would lie best" in text
    assert main([*words, "--json", "--no-rules"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["rules"] == {}
