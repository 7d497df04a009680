"""`LinearArrays`: a linear model as arrays, handed to MathOpt in one piece.

Adding rows one by one through MathOpt's Python objects costs about 10 microseconds a coefficient;
200,000 rows as arrays take under a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from depotopt.units import FloatArray, Int64Array

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt


@dataclass(frozen=True, slots=True)
class LinearSystem:
    """Columns and rows as arrays: ``lower <= z <= upper``, ``row_lower <= matrix z <= row_upper``.

    ``matrix`` is a sparse array by rows.
    """

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    matrix: Any
    row_lower: FloatArray
    row_upper: FloatArray

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)


class LinearArrays:
    """Columns and rows of a minimisation, collected block by block."""

    def __init__(self) -> None:
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._cost: list[FloatArray] = []
        self._integer: list[npt.NDArray[np.bool_]] = []
        self._row_lower: list[FloatArray] = []
        self._row_upper: list[FloatArray] = []
        self._row: list[Int64Array] = []
        self._column: list[Int64Array] = []
        self._value: list[FloatArray] = []
        self.columns = 0
        self.rows = 0
        self.offset = 0.0

    def add_columns(
        self,
        count: int,
        *,
        lower: npt.ArrayLike = 0.0,
        upper: npt.ArrayLike = np.inf,
        cost: npt.ArrayLike = 0.0,
        integer: bool = False,
    ) -> Int64Array:
        """Add variables and return their positions."""

        def full(values: npt.ArrayLike) -> FloatArray:
            return np.broadcast_to(np.asarray(values, dtype=np.float64), (count,)).copy()

        self._lower.append(full(lower))
        self._upper.append(full(upper))
        self._cost.append(full(cost))
        self._integer.append(np.full(count, integer))
        self.columns += count
        return np.arange(self.columns - count, self.columns)

    def add_rows(
        self,
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        row: npt.ArrayLike,
        column: npt.ArrayLike,
        value: npt.ArrayLike,
    ) -> None:
        """Add rows ``lower <= A x <= upper``; ``row`` counts from 0 within the block.

        Parameters
        ----------
        lower, upper
            One entry per row of the block.
        row, column, value
            Coefficients; ``value`` broadcasts. A (row, column) pair may stand only once.
        """
        low = np.atleast_1d(np.asarray(lower, dtype=np.float64))
        high = np.atleast_1d(np.asarray(upper, dtype=np.float64))
        low, high = (np.array(a) for a in np.broadcast_arrays(low, high))
        rows = np.atleast_1d(np.asarray(row, dtype=np.int64))
        self._row_lower.append(low)
        self._row_upper.append(high)
        self._row.append(rows + self.rows)
        self._column.append(np.broadcast_to(np.asarray(column, dtype=np.int64), rows.shape).copy())
        self._value.append(np.broadcast_to(np.asarray(value, dtype=np.float64), rows.shape).copy())
        self.rows += len(low)

    def copy(self) -> LinearArrays:
        """The same columns and rows, to add more to."""
        other = LinearArrays()
        for name, given in vars(self).items():
            setattr(other, name, list(given) if isinstance(given, list) else given)
        return other

    def system(self) -> LinearSystem:
        """What was added so far, as arrays."""
        from scipy.sparse import csr_array

        places = (_joined(self._row).astype(np.int64), _joined(self._column).astype(np.int64))
        matrix = csr_array((_joined(self._value), places), shape=(self.rows, self.columns))
        return LinearSystem(
            _joined(self._cost),
            _joined(self._lower),
            _joined(self._upper),
            matrix,
            _joined(self._row_lower),
            _joined(self._row_upper),
        )

    def model(self, name: str = "") -> mathopt.Model:
        """The model in MathOpt's form; variables and rows keep their positions as identifiers."""
        from ortools.math_opt import model_pb2
        from ortools.math_opt.python import mathopt

        proto = model_pb2.ModelProto(name=name)
        proto.variables.ids.extend(range(self.columns))
        proto.variables.lower_bounds.extend(_joined(self._lower))
        proto.variables.upper_bounds.extend(_joined(self._upper))
        proto.variables.integers.extend(np.concatenate(self._integer).tolist() if self._integer else [])
        cost = _joined(self._cost)
        used = np.flatnonzero(cost)
        proto.objective.linear_coefficients.ids.extend(used)
        proto.objective.linear_coefficients.values.extend(cost[used])
        proto.objective.offset = self.offset
        proto.linear_constraints.ids.extend(range(self.rows))
        proto.linear_constraints.lower_bounds.extend(_joined(self._row_lower))
        proto.linear_constraints.upper_bounds.extend(_joined(self._row_upper))
        row, column, value = _joined(self._row), _joined(self._column), _joined(self._value)
        order = np.lexsort((column, row))
        order = order[value[order] != 0.0]
        proto.linear_constraint_matrix.row_ids.extend(row[order].astype(np.int64))
        proto.linear_constraint_matrix.column_ids.extend(column[order].astype(np.int64))
        proto.linear_constraint_matrix.coefficients.extend(value[order])
        return mathopt.Model.from_model_proto(proto)


def _joined(parts: list[npt.NDArray[np.generic]] | list[FloatArray] | list[Int64Array]) -> FloatArray:
    return np.concatenate([np.empty(0), *parts])
