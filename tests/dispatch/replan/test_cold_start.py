"""A problem planned from nothing beside the search from the plan in force."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import pytest

from depotopt.dispatch import replanning
from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.replan.cold_start import ColdAnswer, ColdProcess, cold_start
from depotopt.dispatch.replan.remaining import Remaining
from depotopt.dispatch.replanning import InForce, interrupted, replan
from depotopt.dispatch.solve import settle
from depotopt.plans import DispatchPlan
from depotopt.solving import Monitor, SolveLimits
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.test_replanning import busiest_street, closed, in_force
from tests.dispatch.worlds import World, world

LIMITS = SolveLimits(time_s=0.4, seed=1)
AT_S = 5_400.0


def left_over(case: World, plan: DispatchPlan) -> Remaining:
    after = closed(case, [busiest_street(case, plan, AT_S)])
    return interrupted(case.scenario, None, case.network, InForce(plan, case.state), after, AT_S)


def test_the_child_answers_what_the_same_search_answers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # The child knows nothing of searches made short for tests.
    case = world(1, scarce=1.5)
    problem = left_over(case, in_force(case)).problem
    until = time.perf_counter() + 120.0
    here = cold_start(problem, LIMITS, Monitor(), until)
    with ColdProcess(problem, LIMITS, until) as cold:
        there = cold.answer(Monitor())
        assert cold.notes == []
    assert there == here
    assert timetable(problem, here.routes).feasible


@pytest.mark.parametrize("command", [(sys.executable, "-c", "raise SystemExit(3)"), ("/nowhere/at/all",)])
def test_a_child_that_dies_is_a_note(command: tuple[str, ...]) -> None:
    case = world(1, scarce=1.5)
    problem = left_over(case, in_force(case)).problem
    with ColdProcess(problem, LIMITS, time.perf_counter() + 60.0, command) as cold:
        assert cold.answer(Monitor()) is None
        assert len(cold.notes) == 1
        assert "from nothing" in cold.notes[0]


class Stub(ColdProcess):
    """A child whose answer is known."""

    def __init__(self, found: ColdAnswer) -> None:
        self.notes = ["heard"]
        self._found = found

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def answer(self, monitor: Monitor) -> ColdAnswer | None:
        return self._found


@pytest.mark.parametrize("floor", [0.0, 1.0])
def test_the_better_plan_is_taken_if_it_keeps_enough(monkeypatch: pytest.MonkeyPatch, floor: float) -> None:
    """A good answer from nothing against a search that gets no round: it wins unless it moves too much."""
    case = world(3, 14, 2, scarce=2.0, vehicles=4)
    plan = in_force(case)
    after = closed(case, [busiest_street(case, plan, 0.0)])
    left = interrupted(case.scenario, None, case.network, InForce(plan, case.state), after, 0.0)
    found = cold_start(left.problem, SolveLimits(time_s=3.0, seed=4), Monitor(), time.perf_counter() + 60.0)
    monkeypatch.setattr(replanning, "ColdProcess", lambda *_: Stub(found))
    monkeypatch.setattr(replanning, "improve", lambda problem, routes, **_: routes)
    monkeypatch.setattr(replanning, "KEPT_SHARE", floor if floor == 0.0 else 1.1)
    limits = SolveLimits(time_s=5.0, seed=1)
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), after, at_s=0.0, limits=limits
    )
    assert outcome.result.notes[0] == "heard"
    told = [note for note in outcome.result.notes if "a plan from nothing would" in note]
    assert bool(told) == (floor > 0.0), "a better plan that is not taken is told"
    assert outcome.result.engine.endswith("from nothing" if floor == 0.0 else "from the plan in force")
    assert outcome.result.bound is not None


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_is_below_every_plan_made_anew(seed: int) -> None:
    case = world(seed, scarce=(0.6, 1.5)[seed % 2], vehicles=2 + seed % 3)
    plan = in_force(case)
    after = closed(case, [busiest_street(case, plan, AT_S)])
    old = PlanInForce(plan, case.state)
    left = interrupted(case.scenario, None, case.network, InForce(plan, case.state), after, AT_S)
    found = cold_start(left.problem, LIMITS, Monitor(), time.perf_counter() + 60.0)
    bound = left.bound(found.bound)
    assert bound == pytest.approx(left.bound(allocate(left.problem).bound))
    unmet, cost = left.value(*settle(left.assembly, left.problem, found.routes))
    assert bound <= left.problem.unmet_penalty * unmet + cost + 1e-6
    for other in (1, 2):
        limits = replace(LIMITS, seed=other)
        result = replan(
            case.scenario, None, case.network, InForce(plan, case.state), after, at_s=AT_S, limits=limits
        ).result
        assert result.plan is not None
        check = verify_replan(case.scenario, None, case.network, old, after, result.plan)
        assert check.violations == ()
        assert check.objective is not None
        assert bound <= check.objective + 1e-6
        assert result.objective == pytest.approx(check.objective)
