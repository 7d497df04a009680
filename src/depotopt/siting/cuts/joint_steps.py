"""`JointSteps`: prices of stock and first stage moved together, a small step of both at a time.

The relaxation of a `SitingProblem` is a saddle point: prices of stock want to be high where load exceeds
stock, the first stage wants to open and to hold what earns more than it costs. A decomposition that makes
prices exact at every first stage it looks at spends most of its time on prices of a first stage it leaves at
once. Here both move by one small step per sweep over the arcs (200 sites, 2,000 points, 200 states, 3
commodities: 35 ms of CPU), and what the sweep sees is a valid cut anyway. The first stage moves by a
primal-dual gradient step with extrapolation (Chambolle and Pock 2011, Journal of Mathematical Imaging and
Vision 40, 120-145; steps scaled by column and row as in Pock and Chambolle 2011, ICCV) under its own rows.
Nothing has to converge for a bound: the master makes the best of the cuts it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from depotopt.siting.model.first_stage import fitted
from depotopt.siting.model.linear import LinearSystem
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.units import BoolArray, FloatArray, Int64Array

if TYPE_CHECKING:
    from depotopt.siting.cuts.cut_master import CutMaster
    from depotopt.siting.cuts.separation import Separation

PIECES = 16
OPEN_STEP, STOCK_STEP = 0.05, 0.004
"""Share of its range that a column moves by in the first steps when it earns twice what it costs."""
PRICE_STEP = 0.025
"""Length of the first steps of a price, as a share of the largest penalty."""
FIRST_SLOWER, PRICE_SLOWER = 0.005, 0.01
"""How fast steps get shorter: after ``1 / value`` sweeps they are half as long."""
ROW_ROUNDS, KEPT_ROUNDS = 400, 2_000
"""Most steps of the prices of first-stage rows between two sweeps, and where columns have just been held."""
ROW_TOLERANCE = 1e-3
"""They end before where no row is broken by more than this share of its largest coefficient."""
TAIL_KEEP = 0.95
"""Share of the states' weights that stays where the goal looks at a tail."""
KEEP = 0.96
"""Share of the running mean of prices that stays."""
SIZE_FROM, SIZE_LEAST = 0.05, 1e-3
"""Sites count as open this far at least, and depots as this large at least beside the typical one, when the
overload of a depot is turned into a step of its price: small depots' prices move as fast as large ones'."""
LEAST, MOST = 1e-3, 0.999
"""Sites are looked at as open at least and at most this far: fully open ones would earn nothing more."""


@dataclass(frozen=True, slots=True)
class JointState:
    """First-stage columns, prices of its rows, prices of stock with moves and means, and sweeps made."""

    values: FloatArray
    row_price: FloatArray
    prices: tuple[FloatArray, ...]
    sweeps: int


class JointSteps:
    """Prices and first stage of a problem without ceilings, on their way to the saddle point.

    Parameters
    ----------
    problem
        The siting problem.
    master
        Its first stage: columns, rows and costs.
    pool, stopped
        Threads to work on, and whether the search is over.

    Attributes
    ----------
    values
        First-stage columns now, in [lower, upper].
    value
        Value of the prices at the first stage: near the relaxation's once steps get short.
    """

    def __init__(
        self, problem: SitingProblem, master: CutMaster, pool: Executor, stopped: Callable[[], bool]
    ) -> None:
        from depotopt.siting.cuts.joint_kernels import Prices
        from depotopt.siting.prices.price_kernels import AllArcs, Wanted

        self.problem, self._master = problem, master
        self._pool, self._stopped = pool, stopped
        self.value = np.inf
        shape = (problem.states, problem.commodities, problem.sites)
        arcs = problem.arcs
        self._arcs = AllArcs(arcs.first, arcs.site, arcs.origin, arcs.time_ds)
        need = np.ascontiguousarray(problem.need.transpose(0, 2, 1))
        self._wanted = Wanted(problem.rate, need, np.ascontiguousarray(problem.penalty.T))
        self.prices = Prices(np.zeros(shape), np.zeros(shape), np.zeros(shape))
        self._longest = PRICE_STEP * problem.penalty.max(axis=0, initial=0.0)
        pairs = np.argwhere((need > 0).any(axis=2)).astype(np.int64)
        self._pieces = [pairs[n::PIECES] for n in range(min(PIECES, len(pairs)))]
        self.system: LinearSystem = master.system
        self.values = np.clip(0.3, self.system.lower, self.system.upper)
        self._steps = _Steps(problem, master, self.system)
        self.sweeps = 0
        self._weight = problem.goal.slope(need.sum(axis=(1, 2)), problem.probability)

    def first_stage(self) -> tuple[FloatArray, FloatArray]:
        """How far sites are open, shape ``(J,)``, and stock that fits that, shape ``(J, K)``."""
        stage = self._master.stage
        x = self._steps.supplied(self.values)
        share = np.where(stage.stock >= 0, self.values[stage.stock], 0.0)
        return np.clip(x, 0.0, 1.0), np.minimum(share, x[:, None]) * stage.unit

    def advance(self, sweeps: int) -> bool:
        """Make that many steps; ``False`` if the search ended before."""
        for _ in range(sweeps):
            if self._stopped():
                return False
            x, stock = self.first_stage()
            slower = 1.0 / (1.0 + PRICE_SLOWER * self.sweeps)
            keep = min(KEEP, self.sweeps / (self.sweeps + 1.0))
            constant, on_x, on_stock = self._sweep(x, stock, self._longest * slower, keep)
            gradient = self._steps.gradient(on_x, on_stock)
            constant += self._master.constant
            self.value = constant + float((self._steps.cost + gradient) @ self.values)
            slower = 1.0 / (1.0 + FIRST_SLOWER * self.sweeps)
            self.values = self._steps.moved(self.values, gradient, slower)
            self.sweeps += 1
        return True

    def _sweep(
        self, x: FloatArray, stock: FloatArray, step: FloatArray, keep: float
    ) -> tuple[float, FloatArray, FloatArray]:
        """Cut of the whole response at the prices as they are; then their step."""
        from depotopt.siting.cuts.joint_kernels import Held, Steps, Totals, advance

        problem = self.problem
        seen = np.where(self._steps.can_open, np.clip(x, LEAST, MOST), 0.0)
        units = np.ascontiguousarray((stock + problem.agreed * x[:, None]).T)
        held = Held(seen, units, problem.share, self._sizes(seen))
        steps = Steps(problem.events_per_year * self._weight, step, keep)
        sites, commodities = problem.sites, problem.commodities
        response = np.zeros((problem.states, commodities))

        def piece(pairs: Int64Array) -> Totals:
            totals = Totals(np.zeros(1), np.zeros(sites), np.zeros((commodities, sites)), response)
            advance(pairs, self._arcs, self._wanted, held, self.prices, totals, steps)
            return totals

        found = list(self._pool.map(piece, self._pieces))
        if not problem.goal.is_mean:
            now = problem.goal.slope(response.sum(axis=1), problem.probability)
            self._weight = TAIL_KEEP * self._weight + (1.0 - TAIL_KEEP) * now
        on_stock = np.sum([one.on_stock for one in found], axis=0)
        on_x = np.sum([one.on_x for one in found], axis=0) + (on_stock * problem.agreed.T).sum(axis=0)
        return float(sum(one.constant[0] for one in found)), on_x, on_stock

    def _sizes(self, x: FloatArray) -> FloatArray:
        """How large each open depot is beside the others, shape ``(K, J)``."""
        size = np.ascontiguousarray((self._master.stage.unit * np.maximum(x, SIZE_FROM)[:, None]).T)
        typical = size[:, self._steps.can_open].sum(axis=1) / max(int(self._steps.can_open.sum()), 1)
        size /= np.maximum(typical, 1e-9)[:, None]
        return np.maximum(size, SIZE_LEAST)

    def start(
        self, price: FloatArray, inner: tuple[FloatArray, FloatArray, FloatArray], from_sweep: int
    ) -> None:
        """Begin where an earlier solve of the same road states ended.

        Parameters
        ----------
        price
            Prices of usable stock, shape ``(S, K, J)``.
        inner
            How far options and sites are open, and stock; see `depotopt.siting.cuts.outcome.Memory`.
        from_sweep
            Sweeps after which steps were as long as the next ones shall be.
        """
        opened, x, stock = inner
        stage, held = self._master.stage, self._master.stage.stock >= 0
        self.prices.now[:], self.prices.mean[:] = price, price
        self.values[stage.open] = opened
        able = self._master.opened >= 0
        self.values[self._master.opened[able]] = x[able]
        self.values[stage.stock[held]] = stock[held] / stage.unit[held]
        self.values = np.clip(self.values, *self._steps.limits)
        self.sweeps = from_sweep

    def inner(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What `start` begins from."""
        return (self.options().copy(), *self.first_stage())

    def cut_at(self, separation: Separation) -> bool:
        """Hand the mean prices over, and make their cuts where the first stage stands now."""
        separation.price[:] = self.prices.mean
        x, stock = self.first_stage()
        seen = np.where(self._steps.can_open, np.clip(x, LEAST, MOST), 0.0)
        return separation.at(seen, stock, improve=False)

    def state(self) -> JointState:
        """Where the steps stand, to come back to."""
        prices = tuple(array.copy() for array in self.prices)
        return JointState(self.values.copy(), self._steps.row_price.copy(), prices, self.sweeps)

    def resume(self, state: JointState) -> None:
        """Go on from where the steps once stood, nothing held."""
        for array, kept in zip(self.prices, state.prices, strict=True):
            array[:] = kept
        self.values, self.sweeps = state.values.copy(), state.sweeps
        self._steps.free(state.row_price)

    def hold(self, opened: FloatArray, known: BoolArray, from_sweep: int) -> None:
        """Hold options at 0 or 1 where ``known``, and step on as after ``from_sweep`` sweeps.

        Parameters
        ----------
        opened, known
            Per option, shape ``(O,)``.
        from_sweep
            Sweeps after which steps were as long as the next ones shall be.
        """
        stage, master, problem = self._master.stage, self._master, self.problem
        options = problem.options
        self._steps.hold(stage.open[known], opened[known])
        # A site whose options are all known is open as far as those that supply.
        unknown = np.bincount(options.site[~known], minlength=problem.sites)[problem.opener]
        supplied = np.bincount(
            options.site, weights=np.where(options.supplies, opened, 0.0), minlength=problem.sites
        )[problem.opener]
        fixed = (master.opened >= 0) & (unknown == 0)
        self._steps.hold(master.opened[fixed], supplied[fixed])
        # What the rows forbid now closes at once: step by step it might be taken for open meanwhile.
        self.values = self._steps.kept(np.clip(self.values, *self._steps.limits))
        self.sweeps = from_sweep

    def options(self) -> FloatArray:
        """How far each option is open, shape ``(O,)``."""
        share: FloatArray = self.values[self._master.stage.open]
        return share

    def stock_of(self, layout: Layout) -> Layout:
        """The layout with the stock held now, as far as it fits."""
        return fitted(self.problem, Layout(layout.options, self.first_stage()[1]))


class _Steps:
    """Moves of first-stage columns under first-stage rows."""

    def __init__(self, problem: SitingProblem, master: CutMaster, system: LinearSystem) -> None:
        from depotopt.siting.cuts.joint_kernels import Rows

        self._master, self._system = master, system
        stage, weight = master.stage, problem.events_per_year
        self.cost = system.cost * master.scale
        self.can_open: BoolArray = master.opened >= 0
        self._follows = master.opened[self.can_open]
        self._site, self._supplies = problem.options.site, problem.options.supplies
        self._opener = problem.opener
        typical = max(float(problem.options.cost.mean()), 1e-9)
        price = problem.penalty.max(axis=0, initial=0.0) * weight
        scale = np.full(system.columns, typical)
        scale[stage.open] = np.maximum(self.cost[stage.open], 0.3 * typical)
        held = stage.stock >= 0
        k = np.nonzero(held)[1]
        least = 1e-4 * price[k] * stage.unit[held]
        scale[stage.stock[held]] = np.maximum(self.cost[stage.stock[held]], least)
        self._scale = scale
        step = np.full(system.columns, OPEN_STEP)
        step[stage.stock[held]] = STOCK_STEP
        self._step = step
        # How far a site with several options is open follows from them at once: such rows need no price.
        extra = np.setdiff1d(self._follows, stage.open)
        kept = np.flatnonzero(np.bincount(
            np.repeat(np.arange(system.rows), np.diff(system.matrix.indptr)),
            weights=np.isin(system.matrix.indices, extra), minlength=system.rows,
        ) == 0)  # fmt: skip
        matrix = system.matrix[kept]
        self._squared = matrix.copy()
        self._squared.data = matrix.data**2
        self._per_column = np.bincount(matrix.indices, minlength=system.columns)
        self._rows = Rows(
            matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data,
            system.row_lower[kept], system.row_upper[kept], np.zeros(len(kept)), np.zeros(len(kept)),
        )  # fmt: skip
        self._lower, self._upper = system.lower.copy(), system.upper.copy()
        self._fit()
        self._last: FloatArray | None = None

    @property
    def row_price(self) -> FloatArray:
        """Prices of the rows, those apart by which sites follow their options."""
        return self._rows.price

    @property
    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Limits of the columns now."""
        return self._lower, self._upper

    def hold(self, columns: Int64Array, values: FloatArray) -> None:
        """Hold columns, besides those held already."""
        self._lower[columns] = self._upper[columns] = values
        self._last = None
        self._fit()

    def _fit(self) -> None:
        """Fit the steps of rows' prices to the columns that are free.

        A column of an upper tier stands in hundreds of support rows, each of which must then step with
        care; once it is held none of them need to.
        """
        free = self._upper > self._lower
        reach = np.where(free, self._step / self._scale * self._per_column, 0.0)
        pull = self._squared @ reach
        self._rows.step[:] = np.where(pull > 0.0, 1.0 / np.maximum(pull, 1e-30), 0.0)

    def free(self, row_price: FloatArray) -> None:
        """Hold nothing, and go on from these row prices."""
        self._lower, self._upper = self._system.lower.copy(), self._system.upper.copy()
        self._rows.price[:], self._last = row_price, None
        self._fit()

    def supplied(self, values: FloatArray) -> FloatArray:
        """How far each site is open in ways whose stock counts, shape ``(J,)``."""
        share = np.where(self._supplies, values[self._master.stage.open], 0.0)
        by_site = np.bincount(self._site, weights=share, minlength=len(self._opener)).astype(np.float64)
        supplied: FloatArray = by_site[self._opener]
        return supplied

    def gradient(self, on_x: FloatArray, on_stock: FloatArray) -> FloatArray:
        """Slope of the response in each column."""
        stage = self._master.stage
        held = stage.stock >= 0
        slope = np.zeros(len(self.cost))
        by_site = np.bincount(self._opener, weights=np.where(self.can_open, on_x, 0.0), minlength=len(on_x))
        slope[stage.open] = np.where(self._supplies, -by_site[self._site], 0.0)
        slope[stage.stock[held]] -= (on_stock.T * stage.unit)[held]
        return slope

    def kept(self, values: FloatArray) -> FloatArray:
        """The nearest columns within rows and limits."""
        from depotopt.siting.cuts.joint_kernels import stepped

        rows = self._rows._replace(price=np.zeros_like(self._rows.price))
        reach = self._step / self._scale
        after: FloatArray = stepped(
            rows, values, np.zeros_like(values), reach, self._lower, self._upper, KEPT_ROUNDS, ROW_TOLERANCE
        )
        after[self._follows] = self.supplied(after)[self.can_open]
        return after

    def moved(self, values: FloatArray, gradient: FloatArray, slower: float) -> FloatArray:
        """The columns after one step; row prices follow."""
        from depotopt.siting.cuts.joint_kernels import stepped

        last = gradient if self._last is None else self._last
        self._last = gradient
        reach = slower * self._step / self._scale
        furthest = slower * self._step
        rows = self._rows._replace(step=self._rows.step / slower)
        lower = np.minimum(np.maximum(self._lower, values - furthest), self._upper)
        upper = np.maximum(np.minimum(self._upper, values + furthest), self._lower)
        slope = self.cost + 2.0 * gradient - last
        after: FloatArray = stepped(rows, values, slope, reach, lower, upper, ROW_ROUNDS, ROW_TOLERANCE)
        after[self._follows] = self.supplied(after)[self.can_open]
        return after
