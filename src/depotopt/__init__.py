"""Where relief depots stand, what each holds, and which truck carries what to whom when roads are lost.

Ten lines::

    import depotopt as do

    scenario = do.load_scenario("scenarios/minimal")
    network = do.load_network(scenario)
    design = do.sample_ensemble(network, scenario, size=50, seed=7)
    unseen = do.sample_ensemble(network, scenario, size=200, seed=8)
    siting = do.solve_siting(scenario, network, design)
    dispatch = do.solve_dispatch(scenario, siting.plan, network, unseen[3])
    evaluation = do.evaluate(scenario, siting.plan, network, unseen)
    print(siting.status, siting.gap, evaluation.summary())

Names are loaded when first used, so ``import depotopt`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from depotopt.dispatch.solve import DispatchOptions
    from depotopt.errors import DepotoptError, InputError
    from depotopt.evaluation.evaluate import Evaluation, evaluate
    from depotopt.pipeline.chain import run
    from depotopt.pipeline.folders import Outcome
    from depotopt.pipeline.options import RunOptions
    from depotopt.pipeline.stages import (
        existing_layout,
        load_network,
        load_scenario,
        sample_ensemble,
        solve_dispatch,
        solve_siting,
    )
    from depotopt.plans import DispatchPlan, SitingPlan
    from depotopt.roads.network import RoadNetwork
    from depotopt.scenario import Scenario
    from depotopt.solving import Monitor, SolveLimits, SolveResult, Status
    from depotopt.travel import TravelTimes
    from depotopt.verify.dispatch import verify_dispatch
    from depotopt.verify.recourse import verify_siting

_HOME = {
    "DispatchOptions": "dispatch.solve",
    "DepotoptError": "errors",
    "InputError": "errors",
    "Evaluation": "evaluation.evaluate",
    "evaluate": "evaluation.evaluate",
    "Outcome": "pipeline.folders",
    "RunOptions": "pipeline.options",
    "run": "pipeline.chain",
    "existing_layout": "pipeline.stages",
    "load_network": "pipeline.stages",
    "load_scenario": "pipeline.stages",
    "sample_ensemble": "pipeline.stages",
    "solve_dispatch": "pipeline.stages",
    "solve_siting": "pipeline.stages",
    "DispatchPlan": "plans",
    "SitingPlan": "plans",
    "RoadNetwork": "roads.network",
    "Scenario": "scenario",
    "Monitor": "solving",
    "SolveLimits": "solving",
    "SolveResult": "solving",
    "Status": "solving",
    "TravelTimes": "travel",
    "verify_dispatch": "verify.dispatch",
    "verify_siting": "verify.recourse",
}

__all__ = [
    "DepotoptError",
    "DispatchOptions",
    "DispatchPlan",
    "Evaluation",
    "InputError",
    "Monitor",
    "Outcome",
    "RoadNetwork",
    "RunOptions",
    "Scenario",
    "SitingPlan",
    "SolveLimits",
    "SolveResult",
    "Status",
    "TravelTimes",
    "evaluate",
    "existing_layout",
    "load_network",
    "load_scenario",
    "run",
    "sample_ensemble",
    "solve_dispatch",
    "solve_siting",
    "verify_dispatch",
    "verify_siting",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'depotopt' has no attribute {name!r}")
    value = getattr(import_module(f"depotopt.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
