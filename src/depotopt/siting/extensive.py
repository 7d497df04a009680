"""The two-stage model in one piece (extensive form), for problems small enough to hand to an engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.siting.cuts.outcome import Outcome, as_layout_values
from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.registry import milp_engine
from depotopt.siting.model.first_stage import FirstStage, add_first_stage
from depotopt.siting.model.goal import add_goal
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.offering import Offering
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray, Int32Array, Int64Array


class ExtensiveForm:
    """`SitingProblem` with all its road states as one MathOpt model.

    The formulation is that of `depotopt.siting.model.problem.SitingProblem`, written with the share of need
    served, ``g = f / need`` in [0, 1], so that coefficients stay near one, and without ``unmet``, which
    its equation removes::

        min  first stage + e sum_s prob[s] sum (rate[k] time[s,a] - penalty[i,k]) need[s,i,k] g[s,a,k]
        s.t. sum_{a to i} g[s,a,k] <= 1
             sum_{a from j} need[s,i,k] g[s,a,k] <= share[s,j] (stock[j,k] + agreed[j,k] x[j])
             sum_{a by way of j to i} g[s,a,k] <= x[j], j being their gate or their source

    plus a constant: all need unmet. Arcs on which serving costs more than the penalty are left out. Where
    the goal looks at more than the mean, a column per road state carries its response cost.

    Parameters
    ----------
    problem
        The siting problem.
    gates
        Depot that alone may serve each point, per road state and point, shape ``(S, I)``; -1: none.
        ``None``: all of them may.
    """

    def __init__(self, problem: SitingProblem, gates: Int32Array | None = None) -> None:
        self.problem = problem
        self.gates = gates
        self._arrays = LinearArrays()
        goal, arrays = problem.goal, self._arrays
        self.stage: FirstStage = add_first_stage(arrays, problem, weight=goal.cost)
        all_unmet = (problem.need * problem.penalty[None]).sum(axis=(1, 2))
        arrays.offset += goal.mean * float(problem.state_weight @ all_unmet)
        self._only: list[dict[int, int]] = [{} for _ in range(problem.states)]
        """Column per gate and point saying that it serves it, by ``gate * I + point``, per state."""
        flows = [[self._add_state(s, k) for k in range(problem.commodities)] for s in range(problem.states)]
        for only in self._only:
            self._add_one_depot_each(only)
        if not goal.is_mean:
            self._add_responses(all_unmet, flows)

    def _add_responses(self, all_unmet: FloatArray, flows: list[list[tuple[Int64Array, FloatArray]]]) -> None:
        """A column per state for its response cost as a share of all need unmet, and what the goal asks."""
        problem, arrays = self.problem, self._arrays
        column = arrays.add_columns(problem.states, upper=1.0)
        for s in np.flatnonzero(all_unmet > 0):
            parts = [(column[s : s + 1], np.ones(1))]
            parts += [(flow, -cost / all_unmet[s]) for flow, cost in flows[s]]
            columns = np.concatenate([part[0] for part in parts])
            values = np.concatenate([part[1] for part in parts])
            arrays.add_rows(1.0, np.inf, np.zeros(len(columns), dtype=np.int64), columns, values)
        add_goal(
            arrays,
            problem.goal,
            problem.probability,
            column[:, None],
            all_unmet[:, None],
            problem.events_per_year,
        )

    def _add_state(self, s: int, k: int) -> tuple[Int64Array, FloatArray]:
        """Flows of one state and commodity; return their columns and response costs."""
        problem, arrays = self.problem, self._arrays
        points = problem.points
        span = problem.arcs.first[s * points : (s + 1) * points + 1]
        gate = problem.arcs.site[span[0] : span[-1]].astype(np.int64)
        site = problem.arcs.source[span[0] : span[-1]].astype(np.int64)
        point = np.repeat(np.arange(points), np.diff(span))
        cost = problem.rate[k] * problem.arcs.time_ds[span[0] : span[-1]] - problem.penalty[point, k]
        keep = (problem.need[s, point, k] > 0) & (cost < 0) & (problem.share[s, site] > 0)
        keep &= (self.stage.stock[site, k] >= 0) | (problem.agreed[site, k] > 0)
        if self.gates is not None:
            keep &= self.gates[s, point] == gate
        gate, site, point, cost = gate[keep], site[keep], point[keep], cost[keep]
        if not len(site):
            return np.empty(0, dtype=np.int64), np.empty(0)
        need = problem.need[s, point, k]
        weight = problem.goal.mean * problem.state_weight[s]
        flow = arrays.add_columns(len(site), upper=1.0, cost=weight * need * cost)
        served, row = np.unique(point, return_inverse=True)
        arrays.add_rows(np.full(len(served), -np.inf), np.ones(len(served)), row, flow, 1.0)
        self._add_stock_rows(s, k, site, need, flow)
        self._add_open_rows(gate, point, flow)
        if not problem.arcs.direct:
            hubs = np.flatnonzero(problem.opener[site] != gate)
            self._add_open_rows(problem.opener[site[hubs]].astype(np.int64), point[hubs], flow[hubs])
        if problem.single_source and self.gates is None:
            self._add_only_depot(s, gate, point, flow)
        return flow, need * cost

    def _add_open_rows(self, site: Int64Array, point: Int64Array, flow: Int64Array) -> None:
        """What a point gets by way of a site is nothing unless it is open."""
        problem, o = self.problem, self.problem.options
        pair, row_of = np.unique(site * problem.points + point, return_inverse=True)
        site = pair // problem.points
        able = np.flatnonzero(o.supplies)
        first = np.searchsorted(o.site[able], np.arange(problem.sites + 1))
        count = np.diff(first)[site]
        row = np.repeat(np.arange(len(site)), count)
        option = able[first[site][row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)]
        self._arrays.add_rows(
            np.full(len(site), -np.inf),
            np.zeros(len(site)),
            np.concatenate([row_of, row]),
            np.concatenate([flow, self.stage.open[option]]),
            np.concatenate([np.ones(len(flow)), -np.ones(len(row))]),
        )

    def _add_only_depot(self, s: int, gate: Int64Array, point: Int64Array, flow: Int64Array) -> None:
        """What a point gets leaves the one depot chosen for it in the road state."""
        pair, row = np.unique(gate * self.problem.points + point, return_inverse=True)
        only = self._only[s]
        new = [key for key in pair.tolist() if key not in only]
        only.update(zip(new, self._arrays.add_columns(len(new), upper=1.0, integer=True), strict=True))
        chosen = np.array([only[key] for key in pair.tolist()], dtype=np.int64)
        self._arrays.add_rows(
            np.full(len(pair), -np.inf),
            np.zeros(len(pair)),
            np.concatenate([row, np.arange(len(pair))]),
            np.concatenate([flow, chosen]),
            np.concatenate([np.ones(len(flow)), -np.ones(len(pair))]),
        )

    def _add_one_depot_each(self, only: dict[int, int]) -> None:
        """Each point of a road state has one depot at most."""
        if only:
            served, row = np.unique(np.array(list(only)) % self.problem.points, return_inverse=True)
            columns = np.array(list(only.values()))
            self._arrays.add_rows(np.full(len(served), -np.inf), np.ones(len(served)), row, columns, 1.0)

    def _add_stock_rows(
        self,
        s: int,
        k: int,
        site: Int64Array,
        need: FloatArray,
        flow: Int64Array,
    ) -> None:
        """Flow out of a site within its usable stock, in units of the largest need it could serve."""
        problem, stage, o = self.problem, self.stage, self.problem.options
        senders, row = np.unique(site, return_inverse=True)
        scale = np.maximum(np.bincount(row, weights=need), 1.0)
        rows, columns, values = [row], [flow], [need / scale[row]]
        has_stock = np.flatnonzero(stage.stock[senders, k] >= 0)
        rows.append(has_stock)
        columns.append(stage.stock[senders[has_stock], k])
        units = problem.share[s, senders[has_stock]] * stage.unit[senders[has_stock], k]
        values.append(-units / scale[has_stock])
        for r, j in enumerate(senders):
            if problem.agreed[j, k] > 0:
                options = np.flatnonzero(o.supplies & (o.site == problem.opener[j]))
                rows.append(np.full(len(options), r))
                columns.append(stage.open[options])
                values.append(np.full(len(options), -problem.share[s, j] * problem.agreed[j, k] / scale[r]))
        self._arrays.add_rows(
            np.full(len(senders), -np.inf),
            np.zeros(len(senders)),
            np.concatenate(rows),
            np.concatenate(columns),
            np.concatenate(values),
        )

    def solve(
        self,
        limits: SolveLimits,
        monitor: Monitor | None = None,
        *,
        engine: MilpEngine | str = "highs",
        start: Layout | None = None,
    ) -> Outcome:
        """Solve within limits.

        Parameters
        ----------
        limits, monitor
            See `depotopt.siting.engines.MilpEngine.solve`.
        engine
            An engine or its name.
        start
            A layout to start from.
        """
        chosen = milp_engine(engine) if isinstance(engine, str) else engine
        model = self._arrays.model("siting")
        hint = None
        if start is not None:
            hint = as_layout_values(self.problem, self.stage, start, self._arrays.columns)
        if monitor is not None:
            monitor = Offering(monitor, lambda values: self.stage.layout(self.problem, values))
        found = chosen.solve(model, limits, monitor, hint=hint, stage="extensive form")
        layout: Layout | None = None
        if found.values is not None:
            layout = self.stage.layout(self.problem, found.values)
        elif found.limit is Limit.STOPPED:
            layout = start or any_layout(self.problem, limits)
        elif found.status is not Status.INFEASIBLE:
            layout = start
        status = Status.FEASIBLE if layout is not None and found.values is None else found.status
        return Outcome(status, layout, found.bound, found.limit)


def any_layout(problem: SitingProblem, limits: SolveLimits) -> Layout | None:
    """The layout of least yearly cost that keeps the rules, as far as found within a second."""
    arrays = LinearArrays()
    stage = add_first_stage(arrays, problem)
    brief = replace(limits, time_s=min(1.0, limits.time_s))
    found = milp_engine("highs").solve(arrays.model("rules"), brief)
    return None if found.values is None else stage.layout(problem, found.values)
