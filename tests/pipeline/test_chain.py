"""The chain as Python functions, on the minimal scenario."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depotopt as do
from depotopt.errors import InputError, UsageError, VerificationError
from depotopt.io.plan_files import write_result
from depotopt.pipeline import stages
from depotopt.pipeline.chain import run
from depotopt.pipeline.folders import reopen, report, report_again
from depotopt.pipeline.options import RunOptions, made_from, run_ident, unseen_state
from depotopt.pipeline.stages import open_case, reported_state, verified_dispatch, verified_siting
from depotopt.siting.model.assembly import build_problem
from depotopt.solving import SolveLimits

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
OPTIONS = RunOptions(design_states=5, unseen_states=9, site_time_s=20.0, dispatch_time_s=5.0)


@pytest.fixture(scope="module")
def case() -> stages.Case:
    return open_case(MINIMAL)


def test_the_ten_lines_of_the_documentation_run() -> None:
    scenario = do.load_scenario(MINIMAL)
    network = do.load_network(scenario)
    design = do.sample_ensemble(network, scenario, size=5, seed=7)
    unseen = do.sample_ensemble(network, scenario, size=8, seed=8)
    siting = do.solve_siting(scenario, network, design)
    assert siting.plan is not None
    dispatch = do.solve_dispatch(scenario, siting.plan, network, unseen[3])
    evaluation = do.evaluate(scenario, siting.plan, network, unseen)
    assert dispatch.plan is not None
    assert evaluation.summary()["unmet_person_days"]["before"] == pytest.approx(0.0)


def test_a_run_can_be_read_back_and_reported_again(tmp_path: Path) -> None:
    outcome = run(MINIMAL, (), OPTIONS, out=tmp_path / "run")
    back = reopen(tmp_path / "run")
    assert back.siting.plan == outcome.siting.plan
    assert back.dispatch is not None
    assert outcome.dispatch is not None
    assert back.dispatch.plan == outcome.dispatch.plan
    assert back.state is not None
    assert outcome.state is not None
    assert back.state.index == outcome.state.index
    files = report_again(tmp_path / "run", out=tmp_path / "again")
    assert files.map.read_bytes() == (tmp_path / "run" / "map.html").read_bytes()


def test_a_changed_scenario_is_not_reported_as_if_it_were_the_old_one(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MINIMAL, tmp_path / "minimal"))
    run(folder, (), OPTIONS, out=tmp_path / "run")
    toml = folder / "scenario.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace("unmet_penalty = 100", "unmet_penalty = 101"),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="changed since the run"):
        reopen(tmp_path / "run")


def test_the_run_folder_is_named_by_what_went_in(case: stages.Case) -> None:
    assert run_ident(case, OPTIONS) == run_ident(case, OPTIONS)
    assert run_ident(case, OPTIONS) != run_ident(case, replace(OPTIONS, design_states=6))
    assert run_ident(case, OPTIONS) == run_ident(case, replace(OPTIONS, workers=2))


def test_unseen_states_do_not_depend_on_how_many_are_drawn(case: stages.Case) -> None:
    few = unseen_state(case, replace(OPTIONS, unseen_states=4), 3)
    many = unseen_state(case, replace(OPTIONS, unseen_states=50), 3)
    assert np.array_equal(few.damage.street, many.damage.street)


def test_road_states_below_minus_one_make_no_sense(case: stages.Case) -> None:
    with pytest.raises(UsageError, match="count from 0"):
        unseen_state(case, OPTIONS, -2)


def test_only_believed_reports_count_without_hazard(case: stages.Case) -> None:
    state = reported_state(case)
    believed = [report for report in case.scenario.road_reports if report.trust >= 0.5]
    assert state.index == -1
    assert bool(len(state.damage)) == bool(believed)


def test_a_layout_that_breaks_a_rule_is_an_error_not_an_answer(
    case: stages.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that closes a must-open depot is found out."""
    honest = stages.solve_siting

    def cheat(*args: object, **kwargs: object) -> object:
        result = honest(*args, **kwargs)  # type: ignore[arg-type]
        assert result.plan is not None
        return replace(result, plan=replace(result.plan, open_sites=(), stock=()))

    monkeypatch.setattr(stages, "solve_siting", cheat)
    ensemble = do.sample_ensemble(case.network, case.scenario, 3, 1)
    with pytest.raises(VerificationError, match="at least 1"):
        verified_siting(case, ensemble, limits=SolveLimits(time_s=10.0))


def test_a_dispatch_plan_with_a_false_objective_is_an_error(
    case: stages.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = stages.solve_dispatch

    def cheat(*args: object, **kwargs: object) -> object:
        result = honest(*args, **kwargs)  # type: ignore[arg-type]
        assert result.objective is not None
        return replace(result, objective=0.5 * result.objective)

    monkeypatch.setattr(stages, "solve_dispatch", cheat)
    with pytest.raises(VerificationError, match="objective claimed"):
        verified_dispatch(case, None, reported_state(case), limits=SolveLimits(time_s=5.0))


def test_an_infeasible_scenario_ends_the_run_with_its_conflicts(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MINIMAL, tmp_path / "tight"))
    toml = folder / "scenario.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("horizon_days = 2", "horizon_days = 2\nbudget = 10"), encoding="utf-8")
    outcome = run(folder, (), OPTIONS, out=tmp_path / "run")
    assert outcome.siting.status is do.Status.INFEASIBLE
    assert any("budget" in conflict for conflict in outcome.siting.conflicts)
    assert outcome.files is None
    with pytest.raises(UsageError, match="no layout"):
        report(outcome, tmp_path / "run")


def test_a_layout_no_run_has_left_cannot_be_reopened(case: stages.Case, tmp_path: Path) -> None:
    """A layout file of `site` knows no road state: named, not a crash."""
    layout = verified_siting(case, do.sample_ensemble(case.network, case.scenario, 2, 1))
    write_result(tmp_path / "layout.json", layout, {"options": {}, "scenario_path": "x", "overrides": []})
    with pytest.raises(InputError, match=r"made_from\.road_state"):
        reopen(tmp_path)


def test_options_of_another_version_are_named(case: stages.Case, tmp_path: Path) -> None:
    layout = verified_siting(case, do.sample_ensemble(case.network, case.scenario, 2, 1))
    origin = made_from(case, OPTIONS) | {"road_state": 0, "options": {"teleport": True}}
    write_result(tmp_path / "layout.json", layout, origin)
    with pytest.raises(InputError, match="teleport"):
        reopen(tmp_path)


def test_what_a_layout_notes_does_not_depend_on_the_clock(
    case: stages.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal runs give equal files: a slower machine must not show in them."""
    ensemble = do.sample_ensemble(case.network, case.scenario, 3, 1)
    notes = set()
    for pause_s in (0.0, 0.3):

        def slow(*args: Any, pause_s: float = pause_s, **kwargs: Any) -> Any:
            time.sleep(pause_s)
            return build_problem(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr("depotopt.siting.solve.build_problem", slow)
            notes.add(verified_siting(case, ensemble, limits=SolveLimits(time_s=20.0)).notes)
    assert len(notes) == 1
