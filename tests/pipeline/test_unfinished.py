"""A run that is cut short leaves its best plan, whenever the cut comes."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.errors import EngineError, UsageError
from depotopt.io.plan_files import read_made_from, read_result
from depotopt.pipeline.chain import resume, run
from depotopt.pipeline.options import RunOptions
from depotopt.pipeline.stages import open_case, reported_state, verified_dispatch
from depotopt.pipeline.unfinished import FILES, MARK, SUFFIX, Safekeeping, is_interrupted
from depotopt.plans import DispatchPlan, OpenSite, SitingPlan
from depotopt.report.replacement import bring_back, move_into_place
from depotopt.solving import Incumbent, Limit, Monitor, Progress, SolveLimits, SolveResult, Status
from depotopt.verify.dispatch import verify_dispatch

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
KILLS = 240
EVERY_S = 0.002


def layout(number: int) -> SitingPlan:
    """A plan that tells its number, and takes a moment to write."""
    sites = tuple(OpenSite(f"site-{number}-{n}", "county", "large") for n in range(20))
    return SitingPlan(sites, ())


def number_of(plan: SitingPlan | None) -> int:
    assert plan is not None
    return int(plan.open_sites[0].site.split("-")[1])


def incumbent(number: int) -> Incumbent:
    return Incumbent(lambda: layout(number), objective=-float(number))


def result(number: int) -> SolveResult[SitingPlan]:
    return SolveResult(Status.FEASIBLE, layout(number), -float(number), None, "test", 0.0)


def holds(path: Path, number: int) -> bool:
    return path.exists() and number_of(read_result(path, SitingPlan).plan) == number


def wait_for(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.001)


def test_the_best_incumbent_is_saved_and_worse_ones_are_not(tmp_path: Path) -> None:
    kept = Safekeeping(tmp_path / "run", {"scenario": "s"}, every_s=EVERY_S)
    path = tmp_path / f"run{SUFFIX}" / FILES[SitingPlan]
    kept.stage("site")
    for number in (1, 3, 2):
        kept.offer(incumbent(number))
    kept.close()
    found = read_result(path, SitingPlan)
    assert (number_of(found.plan), found.status, found.objective) == (3, Status.FEASIBLE, -3.0)
    assert read_made_from(path) == {"scenario": "s"}


def test_an_incumbent_is_saved_while_the_solve_goes_on(tmp_path: Path) -> None:
    kept = Safekeeping(tmp_path / "run", {}, every_s=EVERY_S)
    path = tmp_path / f"run{SUFFIX}" / FILES[SitingPlan]
    for number in (1, 2):
        kept.offer(incumbent(number))
        wait_for(partial(holds, path, number))
    kept.discard()
    assert not path.parent.exists()


def test_a_finished_solve_is_not_overwritten_by_its_late_incumbents(tmp_path: Path) -> None:
    kept = Safekeeping(tmp_path / "run", {}, every_s=EVERY_S)
    kept.keep(result(7))
    kept.offer(incumbent(8))
    kept.close()
    assert number_of(read_result(tmp_path / f"run{SUFFIX}" / FILES[SitingPlan], SitingPlan).plan) == 7


def test_a_run_under_way_is_not_interrupted(tmp_path: Path) -> None:
    kept = Safekeeping(tmp_path / "run", {}, every_s=EVERY_S)
    kept.keep(result(1))
    assert not is_interrupted(kept.folder)
    mark = json.loads((kept.folder / MARK).read_text(encoding="utf-8"))
    # The process is another one that has got the same number.
    (kept.folder / MARK).write_text(json.dumps(mark | {"since": "1"}), encoding="utf-8")
    assert is_interrupted(kept.folder)
    kept.close()


def endless_runs(folder: Path, said: int) -> None:
    """Runs without end: incumbents, a report, the next one. Says in a pipe what is safe by now."""
    for run_number in range(10**6):
        target = folder / f"run{run_number % 3}"
        kept = Safekeeping(target, {"run": run_number}, every_s=EVERY_S)
        kept.stage("site")
        for number in range(6):
            kept.offer(incumbent(number))
            time.sleep(EVERY_S / 4)
        kept.keep(result(9))
        os.write(said, f"kept {run_number}\n".encode())
        kept.stage("report")
        made = folder / f".made{run_number}"
        made.mkdir()
        (made / FILES[SitingPlan]).write_bytes((kept.folder / FILES[SitingPlan]).read_bytes())
        (made / "number").write_text(str(run_number), encoding="utf-8")
        move_into_place(made, target)
        os.write(said, f"finished {run_number}\n".encode())
        kept.discard()


def check_what_is_left(folder: Path, said: list[str]) -> None:
    """Nothing half written, no finished run gone, the run under way kept as far as it was said to be."""
    for path in folder.glob("run*/*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    bring_back(folder)
    last: dict[int, int] = {}
    for line in said:
        word, _, text = line.partition(" ")
        if word == "finished":
            last[int(text) % 3] = int(text)
    for slot, number in last.items():
        found = int((folder / f"run{slot}" / "number").read_text(encoding="utf-8"))
        assert found >= number
        assert number_of(read_result(folder / f"run{slot}" / FILES[SitingPlan], SitingPlan).plan) == 9
    if said and said[-1].startswith("kept "):
        number = int(said[-1].removeprefix("kept "))
        report = folder / f"run{number % 3}" / "number"
        finished = report.exists() and int(report.read_text(encoding="utf-8")) == number
        left = folder / f"run{number % 3}{SUFFIX}"
        assert finished or is_interrupted(left)
        if not finished:
            assert number_of(read_result(left / FILES[SitingPlan], SitingPlan).plan) == 9
    for left in folder.glob(f"*{SUFFIX}"):
        if is_interrupted(left):
            assert number_of(read_result(left / FILES[SitingPlan], SitingPlan).plan) in {0, 1, 2, 3, 4, 5, 9}


def test_a_process_killed_at_any_moment_loses_no_finished_run(tmp_path: Path) -> None:
    """A child that stands in for the solve, with the store the runs use, is killed 240 times."""
    fork = multiprocessing.get_context("fork")
    rng = np.random.default_rng(11)
    seen = {"kept": 0, "finished": 0, "interrupted": 0}
    for trial in range(KILLS):
        # A random number of words heard, and a random moment more: whatever the machine's speed.
        words, moment = int(rng.integers(0, 5)), float(rng.uniform(0.0, 0.02))
        folder = tmp_path / str(trial)
        folder.mkdir()
        heard, said = os.pipe()
        child = fork.Process(target=endless_runs, args=(folder, said))
        child.start()
        os.close(said)
        with os.fdopen(heard, "r", encoding="utf-8") as stream:
            lines = [stream.readline().strip() for _ in range(words)]
            time.sleep(moment)
            child.kill()
            child.join()
            lines += stream.read().splitlines()
        check_what_is_left(folder, lines)
        for word in ("kept", "finished"):
            seen[word] += any(line.startswith(word) for line in lines)
        seen["interrupted"] += any(map(is_interrupted, folder.glob(f"*{SUFFIX}")))
    # The kills came at moments of all kinds.
    assert all(count > KILLS // 20 for count in seen.values()), seen


@pytest.mark.parametrize("word", ['"site"', '"evaluate"'])
def test_a_run_killed_on_the_command_line_is_finished_from_what_it_kept(tmp_path: Path, word: str) -> None:
    out = tmp_path / "run"
    words = ["run", str(MINIMAL), "--states", "3", "--unseen", "60000", "--dispatch-time", "2"]
    words += ["--out", str(out), "--json", "--progress", "jsonl"]
    child = subprocess.Popen(
        [sys.executable, "-m", "depotopt", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if word in line and ("kept" in line or word != '"site"'):
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stderr.close()
    left = tmp_path / f"run{SUFFIX}"
    assert is_interrupted(left)
    assert not out.exists()
    kept = read_result(left / FILES[SitingPlan], SitingPlan).plan
    # The rest with fewer states to judge on, so that the test is over soon.
    path = left / FILES[SitingPlan]
    path.write_text(path.read_text(encoding="utf-8").replace("60000", "6"), encoding="utf-8")
    assert main(["resume", str(left), "--progress", "none"]) == Exit.OK
    assert not left.exists()
    assert read_result(out / FILES[SitingPlan], SitingPlan).plan == kept
    assert read_result(out / FILES[DispatchPlan], DispatchPlan).plan is not None
    assert (out / "map.html").is_file()


@pytest.mark.parametrize("later_s", [0.0, 0.7, 2.3])
def test_a_run_killed_from_its_first_dispatch_plan_on_loses_no_plan(tmp_path: Path, later_s: float) -> None:
    out, left = tmp_path / "run", tmp_path / f"run{SUFFIX}"
    words = ["run", str(MINIMAL), "--states", "3", "--unseen", "6", "--state", "-1", "--dispatch-time", "900"]
    child = subprocess.Popen(
        [sys.executable, "-m", "depotopt", *words, "--out", str(out), "--progress", "none"],
        stdout=subprocess.DEVNULL,
    )
    while not any((folder / FILES[DispatchPlan]).exists() for folder in (left, out)):
        assert child.poll() is None
        time.sleep(0.01)
    time.sleep(later_s)
    child.kill()
    child.wait()
    if is_interrupted(left):
        kept = read_result(left / FILES[DispatchPlan], DispatchPlan).plan
        assert main(["resume", str(left), "--progress", "none"]) in (Exit.OK, Exit.STOPPED_WITH_PLAN)
        assert read_result(out / FILES[DispatchPlan], DispatchPlan).plan == kept
    assert read_result(out / FILES[DispatchPlan], DispatchPlan).plan is not None


def test_a_dispatch_plan_kept_while_it_was_improved_is_told_with_its_true_value(tmp_path: Path) -> None:
    """Its lengths were estimates when it was kept; the check finds value and terms."""
    options = RunOptions(design_states=2, unseen_states=4, site_time_s=10.0, dispatch_time_s=1.0, state=-1)
    whole = run(MINIMAL, (), options, out=tmp_path / "whole")
    assert whole.dispatch is not None
    assert whole.dispatch.objective is not None
    target = tmp_path / "run"
    kept = Safekeeping(target, read_made_from(tmp_path / "whole" / FILES[SitingPlan]), every_s=EVERY_S)
    kept.stage("site")
    kept.keep(whole.siting)
    kept.stage("dispatch")
    plan = whole.dispatch.plan
    kept.offer(Incumbent(lambda: plan, objective=whole.dispatch.objective + 5.0, bound=1.0))
    kept.close()
    mark = json.loads((kept.folder / MARK).read_text(encoding="utf-8"))
    (kept.folder / MARK).write_text(json.dumps(mark | {"since": "1"}), encoding="utf-8")
    found = resume(kept.folder).dispatch
    assert found is not None
    assert found.plan == plan
    assert found.objective == pytest.approx(whole.dispatch.objective, rel=1e-6)
    assert found.terms["cost"] == pytest.approx(whole.dispatch.terms["cost"], rel=1e-6)
    assert (found.status, found.limit, found.bound) == (Status.FEASIBLE, Limit.STOPPED, 1.0)


def test_every_plan_offered_while_dispatch_runs_holds_and_is_better_than_the_one_before() -> None:
    case = open_case(MINIMAL)
    state, kept = reported_state(case), list[Incumbent]()
    monitor = Monitor()
    monitor.keeper = kept.append
    result = verified_dispatch(case, None, state, limits=SolveLimits(time_s=5.0), monitor=monitor)
    assert len(kept) > 1
    for before, after in pairwise(kept):
        assert after.better_than(before) or after.ranked == before.ranked
    for one in kept:
        plan = one.plan()
        assert isinstance(plan, DispatchPlan)
        check = verify_dispatch(case.scenario, None, case.network, state, plan)
        check.compare(one.objective).require("what was offered")
    assert result.objective is not None
    assert result.objective <= kept[-1].objective + 1e-6


def test_plans_are_kept_by_the_order_of_the_objectives(tmp_path: Path) -> None:
    """Less unmet need at a higher price is better, whatever the sum of both says."""
    kept = Safekeeping(tmp_path / "run", {}, every_s=EVERY_S)
    kept.stage("site")
    kept.offer(Incumbent(lambda: layout(1), objective=10.0, ranked=(2.0, 8.0)))
    kept.offer(Incumbent(lambda: layout(2), objective=12.0, ranked=(1.0, 11.0)))
    kept.offer(Incumbent(lambda: layout(3), objective=9.0, ranked=(1.5, 7.5)))
    kept.close()
    assert number_of(read_result(kept.folder / FILES[SitingPlan], SitingPlan).plan) == 2


def test_a_plan_that_cannot_be_made_leaves_the_one_before(tmp_path: Path) -> None:
    def broken() -> SitingPlan:
        raise EngineError("dispatch", "a draft breaks rules")

    kept = Safekeeping(tmp_path / "run", {}, every_s=EVERY_S)
    path = kept.folder / FILES[SitingPlan]
    kept.stage("site")
    kept.offer(incumbent(1))
    wait_for(partial(holds, path, 1))
    kept.offer(Incumbent(broken, objective=-2.0))
    time.sleep(3 * EVERY_S)
    assert holds(path, 1)
    kept.offer(incumbent(3))
    wait_for(partial(holds, path, 3))
    kept.discard()


def test_a_stop_saves_and_tells_the_best_plan_without_waiting_for_the_solve(tmp_path: Path) -> None:
    heard = list[Progress]()
    monitor = Monitor(heard.append)
    kept = Safekeeping(tmp_path / "run", {}, every_s=3600.0, monitor=monitor)
    path = kept.folder / FILES[SitingPlan]
    kept.stage("site")
    kept.offer(incumbent(1))
    wait_for(partial(holds, path, 1))
    # Within the hour nothing more would be saved, were it not for the stop.
    kept.offer(incumbent(2))
    assert not heard
    monitor.stop()
    wait_for(lambda: bool(heard))
    assert holds(path, 2)
    kept.offer(incumbent(3))
    wait_for(lambda: len(heard) == 2)
    assert holds(path, 3)
    kept.discard()
    assert [(one.stage, one.objective, one.message) for one in heard] == [
        ("site", -2.0, "kept"),
        ("site", -3.0, "kept"),
    ]


def test_a_run_that_ends_leaves_only_its_report(tmp_path: Path) -> None:
    options = RunOptions(design_states=2, unseen_states=4, site_time_s=10.0, dispatch_time_s=1.0, state=-1)
    run(MINIMAL, (), options, out=tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    with pytest.raises(UsageError, match="is not what an interrupted run left"):
        resume(tmp_path / "run")
