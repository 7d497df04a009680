"""The least inequality: how alike people's travel times to their nearest open site can be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.errors import UsageError
from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.evenness import Evenness, add_evenness
from depotopt.siting.model.first_stage import add_first_stage
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import EvennessRule, SitingProblem
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import MINUTE_S

MOST_POINTS: Final = 100
"""Points with people up to which pairs of them are looked at."""


@dataclass(frozen=True, slots=True)
class Inequality:
    """Mean absolute difference between two people's travel times: the least found, and a bound on it."""

    time_s: float
    bound_s: float
    proved: bool


def evenness(problem: SitingProblem) -> Evenness:
    """Times and people of a problem, points that no site reaches left out.

    Raises
    ------
    UsageError
        With more points than `MOST_POINTS`.
    """
    reached = np.isfinite(problem.calm_s).any(axis=0)
    points = int(reached.sum())
    if points > MOST_POINTS:
        raise UsageError(
            f"inequality is minimised for at most {MOST_POINTS} demand points with people, found {points}"
        )
    return Evenness(problem.options.site, problem.calm_s[:, reached], problem.people[reached])


def least_inequality(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor, engine: MilpEngine | None = None
) -> Inequality | None:
    """Find a layout whose travel times differ least, under all rules, no road lost.

    Parameters
    ----------
    problem
        The siting problem, with ``calm_s`` and ``people``.
    limits, monitor
        A stop or the time limit leaves the best found so far and the bound proved so far.
    engine
        Default HiGHS.

    Returns
    -------
    Inequality or None
        ``None`` where no layout that reaches everybody was found.
    """
    even, arrays = evenness(problem), LinearArrays()
    stage = add_first_stage(arrays, problem, weight=0.0)
    apart, weight = add_evenness(arrays, stage.open, even)
    total = arrays.add_columns(1, cost=1.0)
    row = np.zeros(len(apart) + 1, dtype=np.int64)
    arrays.add_rows(0.0, np.inf, row, np.concatenate([total, apart]), np.concatenate([[1.0], -weight]))
    found = (engine or HighsEngine()).solve(arrays.model("inequality"), limits, monitor, stage="inequality")
    if found.values is None:
        return None
    time_s = even.of(stage.layout(problem, found.values).options)
    bound_s = min(max((found.bound or 0.0) * even.scale_s, 0.0), time_s)
    return Inequality(
        time_s, bound_s, time_s - bound_s <= limits.gap * max(time_s, 1.0) + 1e-6 * even.scale_s
    )


def even_rule(problem: SitingProblem, most_s: float) -> EvennessRule:
    """Travel times of two people differ by at most so much on average."""
    return EvennessRule(
        f"travel times of two people {most_s / MINUTE_S:.1f} min apart on average at most (minimised before)",
        evenness(problem),
        most_s,
    )
