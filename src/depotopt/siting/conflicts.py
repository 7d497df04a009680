"""Which rules cannot hold together: a smallest conflicting set, by name."""

from __future__ import annotations

from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.first_stage import add_first_stage
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import Rule, SitingProblem
from depotopt.solving import SolveLimits, Status


def conflicting_rules(
    problem: SitingProblem, limits: SolveLimits, engine: MilpEngine | None = None
) -> tuple[str, ...]:
    """Names of rules that contradict one another; leaving out any one of them would end the conflict.

    Recourse is complete, so only the first stage can be infeasible. Rules are dropped one after the
    other; one whose absence leaves the rest infeasible is not needed to explain the conflict (deletion
    filter: Chinneck and Dravnieks 1991, ORSA Journal on Computing 3, 157-168).

    Parameters
    ----------
    problem
        The siting problem.
    limits
        For each of the small feasibility problems.
    engine
        Engine; HiGHS by default.

    Returns
    -------
    tuple
        Sentences in the order of the problem's rules; empty where the rules can hold together.
    """
    chosen = engine or HighsEngine()
    if not _infeasible(problem, problem.rules, limits, chosen):
        return ()
    needed = list(problem.rules)
    block = max(1, len(needed) // 2)
    # Whole blocks first: with a thousand rules most drop out in a few solves.
    while block >= 1:
        start = 0
        while start < len(needed):
            trial = needed[:start] + needed[start + block :]
            if _infeasible(problem, tuple(trial), limits, chosen):
                needed = trial
            else:
                start += block
        block //= 2
    return tuple(rule.name for rule in needed)


def _infeasible(
    problem: SitingProblem, rules: tuple[Rule, ...], limits: SolveLimits, engine: MilpEngine
) -> bool:
    arrays = LinearArrays()
    add_first_stage(arrays, problem, rules)
    return engine.solve(arrays.model("rules"), limits).status is Status.INFEASIBLE
