"""Linear programs for OR-Tools at array speed: matrix in, values and status out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from depotopt.errors import EngineError
from depotopt.units import BoolArray, FloatArray, Int64Array

SETTINGS: Final = {
    "GLOP": ("use_preprocessing: true", "use_preprocessing: false", "change_status_to_imprecise: false"),
    "SCIP": ("limits/nodes = {nodes}\nlimits/gap = 1e-6",),
}
"""Settings tried one after the other until an engine ends as it should."""


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """``min cost.x`` with ``row_low <= A x <= row_high`` and ``0 <= x <= upper``.

    Attributes
    ----------
    cost, upper
        Per variable.
    row, column, value
        Entries of ``A``.
    row_low, row_high
        Per constraint; infinite where open.
    whole
        Variables that must be whole numbers; ``None`` for none.
    """

    cost: FloatArray
    upper: FloatArray
    row: Int64Array
    column: Int64Array
    value: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    whole: BoolArray | None = None


@dataclass(frozen=True, slots=True)
class LinearAnswer:
    """Values and proof of a linear program.

    Attributes
    ----------
    values
        Per variable; ``None`` where no solution was found in time.
    objective
        Their cost.
    bound
        Proved lower bound, ``None`` where nothing was proved.
    duals
        Per constraint (linear programs only).
    """

    values: FloatArray | None
    objective: float | None
    bound: float | None
    duals: FloatArray | None


def solve_linear(
    program: LinearProgram, engine: str = "GLOP", time_s: float = 60.0, nodes: int = 10_000
) -> LinearAnswer:
    """Solve a linear or mixed-integer program.

    Parameters
    ----------
    program
        What to solve.
    engine
        ``"GLOP"`` for linear programs, ``"SCIP"`` where whole numbers are asked for.
    time_s
        Wall-clock limit.
    nodes
        Branches of a mixed-integer program after which the best found is taken.

    Raises
    ------
    EngineError
        If the engine fails or calls a program of ours infeasible or unbounded.
    """
    from ortools.linear_solver.python import model_builder_helper as builder
    from scipy.sparse import coo_array, csr_matrix

    count, rows = len(program.cost), len(program.row_low)
    if count == 0:
        return LinearAnswer(np.zeros(0), 0.0, 0.0, np.zeros(rows))
    # Rows in kilogram-seconds stand beside rows in units: rows and costs are divided by their largest entry.
    size = np.ones(rows)
    np.maximum.at(size, program.row, np.abs(program.value))
    price = max(1.0, float(np.abs(program.cost).max()))
    value = program.value / size[program.row]
    matrix = csr_matrix(coo_array((value, (program.row, program.column)), shape=(rows, count)))
    model = builder.ModelBuilderHelper()
    # The compiled signature asks for vectors of a fixed shape, which numpy's types cannot promise.
    fill: Any = model.fill_model_from_sparse_data
    low, high = program.row_low / size, program.row_high / size
    fill(np.zeros(count), program.upper, program.cost / price, low, high, matrix)
    if program.whole is not None:
        for column in np.flatnonzero(program.whole):
            model.set_var_integrality(int(column), True)
    known = builder.SolveStatus
    # What GLOP's own simplifications leave imprecise it often solves without them.
    for parameters in SETTINGS[engine]:
        solver = builder.ModelSolverHelper(engine)
        solver.set_time_limit_in_seconds(max(time_s, 0.01))
        solver.set_solver_specific_parameters(parameters.format(nodes=nodes))
        solver.solve(model)
        status = solver.status()
        if status != known.ABNORMAL:
            break
    if status in (known.INFEASIBLE, known.UNBOUNDED, known.ABNORMAL, known.MODEL_INVALID):
        raise EngineError(engine.lower(), f"a dispatch program ended as {status.name.lower()}")
    if not solver.has_solution():
        return LinearAnswer(None, None, None, None)
    mixed = program.whole is not None
    objective = float(solver.objective_value()) * price
    bound = float(solver.best_objective_bound()) * price if mixed else None
    if not mixed and status == known.OPTIMAL:
        bound = objective
    duals = None if mixed else np.asarray(solver.dual_values(), dtype=np.float64) * price / size
    return LinearAnswer(np.asarray(solver.variable_values(), dtype=np.float64), objective, bound, duals)
