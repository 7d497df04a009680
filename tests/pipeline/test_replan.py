"""A road goes while trucks are under way: new plan, verified, and only the changed sheets."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.dispatch.replanning import InForce, replan
from depotopt.io.plan_files import read_made_from, read_result
from depotopt.pipeline.chain import run
from depotopt.pipeline.closures import Closure, with_closures
from depotopt.pipeline.folders import reopen
from depotopt.pipeline.options import RunOptions
from depotopt.pipeline.stages import Case, sample_ensemble, verified_dispatch
from depotopt.pipeline.unfinished import SUFFIX
from depotopt.plans import DispatchPlan
from depotopt.solving import Limit, Progress, SolveLimits, SolveResult
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.pipeline.random_case import random_scenario

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
OPTIONS = RunOptions(design_states=4, unseen_states=6, site_time_s=20.0, dispatch_time_s=3.0, state=-1)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "minimal"
    run(MINIMAL, (), OPTIONS, out=folder)
    return folder


def replanned(folder: Path, out: Path, *words: str) -> Exit:
    return Exit(
        main(["replan", str(folder), "--at-h", "0.5", "--out", str(out), "--progress", "none", *words])
    )


def test_closing_the_bridge_gives_new_sheets_to_changed_vehicles_only(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new"
    assert replanned(run_folder, out, "--close", "Old Bridge", "--json") == Exit.OK
    document = json.loads(capsys.readouterr().out)
    sheets = (out / "sheets.html").read_text(encoding="utf-8")
    for vehicle in {trip["vehicle"] for trip in document["plan"]["trips"]}:
        assert (f'id="{vehicle}"' in sheets) == (vehicle in document["changed_vehicles"])
    assert read_made_from(out / "dispatch.json")["replanned_from"] == "minimal"


def test_a_second_closure_comes_on_top_of_the_first(run_folder: Path, tmp_path: Path) -> None:
    assert replanned(run_folder, tmp_path / "one", "--close", "Old Bridge") == Exit.OK
    again = ["replan", str(tmp_path / "one"), "--at-h", "1", "--close", "Hill Track", "--progress", "none"]
    assert main([*again, "--out", str(tmp_path / "two")]) == Exit.OK
    closures = read_made_from(tmp_path / "two" / "layout.json")["closures"]
    assert [item["street"] for item in closures] == ["Old Bridge", "Hill Track"]
    state = reopen(tmp_path / "two").state
    assert state is not None
    assert len(state.damage) >= 2


def test_closures_given_instead_let_the_earlier_ones_go(run_folder: Path, tmp_path: Path) -> None:
    assert replanned(run_folder, tmp_path / "one", "--close", "Old Bridge") == Exit.OK
    again = ["replan", str(tmp_path / "one"), "--at-h", "1", "--instead", "--progress", "none"]
    slow = json.dumps({"street": "Hill Track", "speed_factor": 0.5, "until_s": 7200})
    assert main([*again, "--closure", slow, "--out", str(tmp_path / "two")]) == Exit.OK
    closures = read_made_from(tmp_path / "two" / "layout.json")["closures"]
    assert closures == [
        {"street": "Hill Track", "speed_factor": 0.5, "radius_m": 0.0, "from_s": 3600.0, "until_s": 7200}
    ]
    assert main([*again, "--out", str(tmp_path / "three")]) == Exit.OK
    state = reopen(tmp_path / "three").state
    assert state is not None
    assert len(state.damage) == 0


def test_what_changes_is_kept_with_the_run(run_folder: Path, tmp_path: Path) -> None:
    """Every point the new plan supplies otherwise is named, and no other."""
    out = tmp_path / "new"
    assert replanned(run_folder, out, "--close", "Old Bridge") == Exit.OK
    before, after = (reopen(folder).dispatch for folder in (run_folder, out))
    assert before is not None
    assert after is not None

    def vehicles(result: SolveResult[DispatchPlan]) -> dict[str, set[str]]:
        assert result.plan is not None
        found: dict[str, set[str]] = {}
        for trip in result.plan.trips:
            for stop in trip.stops:
                found.setdefault(stop.point, set()).add(trip.vehicle)
        return found

    old, new = vehicles(before), vehicles(after)
    told = {one["point"] for one in json.loads((out / "changes.json").read_text(encoding="utf-8"))["points"]}
    assert told >= {point for point in old | new if old.get(point) != new.get(point)}


def interrupted_by(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Ctrl-C, so often, with the first words about dispatch and those after."""
    from depotopt.cli import progress

    said: list[str] = []

    def interrupt(_show: object, line: Progress) -> None:
        if line.stage in ("first plan", "improvement") and len(said) < times:
            said.append(line.stage)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(progress._Show, "__call__", interrupt)


def test_ctrl_c_writes_the_best_plan_so_far_and_says_so(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted_by(monkeypatch, 1)
    out = tmp_path / "new"
    words = ["replan", str(run_folder), "--at-h", "0.5", "--close", "Old Bridge", "--out", str(out)]
    assert main([*words, "--progress", "jsonl"]) == Exit.STOPPED_WITH_PLAN
    result = read_result(out / "dispatch.json", DispatchPlan)
    assert result.plan is not None
    assert result.limit is Limit.STOPPED
    assert "stopped before the end: this is the best plan found until then" in capsys.readouterr().out
    assert not (tmp_path / f"new{SUFFIX}").exists()


def test_who_gives_up_a_replan_finds_its_best_plan_beside(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C twice: no report, but the first plan that keeps every rule lies in the unfinished folder."""
    from depotopt.dispatch import replanning

    interrupted_by(monkeypatch, 1)
    out = tmp_path / "new"

    def second(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replanning._Run, "finish", second)
    words = ["replan", str(run_folder), "--at-h", "0.5", "--close", "Old Bridge", "--out", str(out)]
    assert main([*words, "--progress", "jsonl"]) == Exit.STOPPED_WITHOUT
    assert not out.exists()
    kept = read_result(tmp_path / f"new{SUFFIX}" / "dispatch.json", DispatchPlan).plan
    assert kept is not None
    before = reopen(run_folder)
    assert before.dispatch is not None
    assert before.dispatch.plan is not None
    assert before.state is not None
    after = with_closures(before.case, before.state, [Closure(street="Old Bridge", from_s=1_800.0)])
    check = verify_replan(
        before.case.scenario,
        before.siting.plan,
        before.case.network,
        PlanInForce(before.dispatch.plan, before.state),
        after,
        kept,
    )
    assert check.violations == ()


def test_places_and_areas_close_streets_too(run_folder: Path) -> None:
    outcome = reopen(run_folder)
    assert outcome.state is not None
    network = outcome.case.network
    lon, lat = float(network.node_lon[0]), float(network.node_lat[0])
    near = with_closures(outcome.case, outcome.state, [Closure(lon=lon, lat=lat, radius_m=200.0)])
    everywhere = with_closures(
        outcome.case, outcome.state, [Closure(area_wkt="POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))")]
    )
    assert 0 < len(near.damage) <= len(everywhere.damage)
    assert len(set(everywhere.damage.street.tolist())) == len(network.streets)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], Exit.USAGE, "nothing closes"),
        (["--close", "No Such Street"], Exit.BAD_INPUT, "closures  No Such Street"),
        (["--slow", "Old Bridge=2"], Exit.USAGE, "expected a number from 0 to 1"),
        (["--near", "1,2"], Exit.USAGE, "expected LON,LAT,METRES"),
        (["--near", "x,2,3"], Exit.USAGE, "expected a number from -180 to 180"),
        (["--area", "POLYGON"], Exit.BAD_INPUT, "closure 1"),
        (["--close", "Old Bridge", "--until-h", "0.2"], Exit.USAGE, "is not after"),
        (["--closure", "{"], Exit.USAGE, "expected a JSON object"),
        (["--closure", "[]"], Exit.USAGE, "expected a JSON object"),
        (["--closure", '{"streets": "x"}'], Exit.USAGE, "no field 'streets'"),
        (["--closure", '{"street": 5}'], Exit.USAGE, "expected a text"),
        (["--closure", '{"street": "s1-2", "until_s": true}'], Exit.USAGE, "expected a number"),
        (["--closure", '{"speed_factor": 0.5}'], Exit.USAGE, "expected one of street"),
        (["--closure", '{"street": "s1-2", "speed_factor": 1}'], Exit.USAGE, "expected 0 to below 1"),
        (["--closure", '{"lon": 1, "lat": 2, "radius_m": -3}'], Exit.USAGE, "found radius_m -3"),
        (["--closure", '{"street": "s1-2", "until_s": 60}'], Exit.USAGE, "must lie after"),
    ],
)
def test_closures_out_of_form_are_told(
    run_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: Exit,
    text: str,
) -> None:
    assert replanned(run_folder, tmp_path / "new", *words) == code
    assert text in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("seed", range(6))
def test_plans_of_random_scenarios_made_anew_pass_the_verifier(seed: int) -> None:
    """Half a road network goes at a random moment of a plan: the new plan still holds every rule."""
    case = Case(*random_scenario(seed))
    first, second = sample_ensemble(case.network, case.scenario, 2, seed)
    limits = SolveLimits(time_s=1.0)
    plan = verified_dispatch(case, None, first, limits=limits).plan
    assert plan is not None
    for at_s in (0.0, 2_000.0, 6_000.0):
        made = replan(
            case.scenario, None, case.network, InForce(plan, first), second, at_s=at_s, limits=limits
        )
        new = made.result.plan
        assert new is not None
        assert made.result.objective is not None
        check = verify_replan(case.scenario, None, case.network, PlanInForce(plan, first), second, new)
        assert check.compare(made.result.objective).violations == ()
