"""Recourse of a fixed layout: what is sent from where to whom in each road state, exactly.

Once the stock is fixed, commodities separate and each road state is one transportation problem per
commodity, solved by `depotopt.siting.transport` to rounding. Nothing is sampled and nothing truncated:
all open dispatching depots count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import OpenSite, SitingPlan, StateFlows, StockLine
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.rules import SizeClass
from depotopt.scenario import Scenario, SiteStatus, StockMode
from depotopt.siting.inputs import (
    DS_PER_H,
    KG_PER_T,
    TravelInputs,
    latest_s,
    stock_table,
    travel_engine,
)
from depotopt.siting.problem import SitingProblem
from depotopt.units import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class StateResponse:
    """How a layout answers one road state.

    Attributes
    ----------
    flows
        Units sent.
    transport_cost, unmet_cost
        Cost of moving them, and penalty of what stays unmet, for one event in this state.
    unmet
        Units unmet per demand point and commodity, shape ``(I, K)``.
    """

    flows: StateFlows
    transport_cost: float
    unmet_cost: float
    unmet: FloatArray


def recourse(
    scenario: Scenario,
    plan: SitingPlan,
    network: RoadNetwork,
    ensemble: Sequence[RoadState],
    *,
    engine: TravelTimeEngine | None = None,
    workers: int = 1,
) -> Iterator[StateFlows]:
    """Yield the optimal flows of a layout in every road state, in order; see `respond`."""
    for response in respond(scenario, plan, network, ensemble, engine=engine, workers=workers):
        yield response.flows


def respond(
    scenario: Scenario,
    plan: SitingPlan,
    network: RoadNetwork,
    ensemble: Sequence[RoadState],
    *,
    engine: TravelTimeEngine | None = None,
    workers: int = 1,
) -> Iterator[StateResponse]:
    """Yield the optimal response of a layout in every road state, in order.

    Parameters
    ----------
    scenario, plan, network
        The planning case, the layout, its roads with places.
    ensemble
        Road states to answer; travel times are computed block by block.
    engine
        Travel-time engine; ``None`` prepares the fastest one.
    workers
        Threads; the answer does not depend on it.

    Raises
    ------
    UsageError
        If the plan names a site, tier or commodity the scenario does not have.
    """
    depots = _Depots.of(scenario, plan)
    inputs = TravelInputs(network, engine or travel_engine(network))
    prices = _Prices.of(scenario)
    if not len(depots.sites):
        empty = np.empty((0, len(scenario.demand_points)))
        for state in ensemble:
            yield _answer(scenario, depots, prices, state, empty)
        return
    times = inputs.times(scenario, [int(j) for j in depots.sites])
    with ThreadPoolExecutor(workers) as pool:
        for block in times.blocks(list(ensemble)):
            states = [ensemble[block.first_state + lane] for lane in range(len(block.seconds))]
            yield from pool.map(
                lambda pair: _answer(scenario, depots, prices, *pair),
                zip(states, block.seconds, strict=True),
            )


def existing_layout(scenario: Scenario) -> SitingPlan:
    """Today's layout: existing and must-open sites in the first of their tiers, holding the stock table.

    The size class is the cheapest one that takes the stock, or the roomiest where none does.
    """
    physical = stock_table(scenario)[0]
    opened = []
    for j, site in enumerate(scenario.sites):
        if site.status not in (SiteStatus.EXISTING, SiteStatus.MUST_OPEN):
            continue
        tier = scenario.tiers[scenario.tier_index[site.tiers[0]]]
        m3 = float(physical[j] @ scenario.m3_per_unit)
        kg = float(physical[j] @ scenario.kg_per_unit)

        def preference(size: SizeClass, m3: float = m3, kg: float = kg) -> tuple[bool, float, str]:
            fits = size.capacity_m3 >= m3 and size.capacity_kg >= kg
            return (not fits, size.fixed_cost if fits else -size.capacity_m3, size.ident)

        opened.append(OpenSite(site.ident, tier.ident, min(tier.size_classes, key=preference).ident))
    held: dict[tuple[str, str, str], float] = {}
    at = {item.site for item in opened}
    for lot in scenario.stock:
        if lot.site in at:
            key = (lot.site, lot.commodity, str(lot.mode))
            held[key] = held.get(key, 0.0) + lot.quantity
    stock = sorted(StockLine(s, k, quantity, mode) for (s, k, mode), quantity in held.items() if quantity > 0)
    return SitingPlan(tuple(sorted(opened)), tuple(stock))


@dataclass(frozen=True, slots=True)
class _Depots:
    """Open dispatching sites and their units before survival, shape ``(J', K)``."""

    sites: np.ndarray[tuple[int], np.dtype[np.int64]]
    units: FloatArray
    ready_s: FloatArray

    @classmethod
    def of(cls, scenario: Scenario, plan: SitingPlan) -> _Depots:
        faults = [o.site for o in plan.open_sites if o.site not in scenario.site_index]
        faults += [o.tier for o in plan.open_sites if o.tier not in scenario.tier_index]
        faults += [line.commodity for line in plan.stock if line.commodity not in scenario.commodity_index]
        if faults:
            raise UsageError(f"the layout speaks of {', '.join(sorted(set(faults)))}: not in the scenario")
        opened = sorted(
            scenario.site_index[o.site]
            for o in plan.open_sites
            if scenario.tiers[scenario.tier_index[o.tier]].dispatches
        )
        row = {j: r for r, j in enumerate(opened)}
        _, agreed, agreements = stock_table(scenario)
        units = np.zeros((len(opened), len(scenario.commodities)))
        for line in plan.stock:
            j, k = scenario.site_index.get(line.site, -1), scenario.commodity_index[line.commodity]
            if j not in row:
                continue
            honoured = 1.0
            if line.mode == StockMode.AGREEMENT:
                honoured = agreed[j, k] / agreements[j, k] if agreements[j, k] > 0 else 0.0
            units[row[j], k] += line.quantity * honoured
        ready = np.array([scenario.sites[j].readiness_s for j in opened], dtype=np.float64)
        return cls(np.array(opened, dtype=np.int64), units, ready)


@dataclass(frozen=True, slots=True)
class _Prices:
    """Transport cost per unit and decisecond ``(K,)``, penalty ``(I, K)``, latest arrival ``(I,)``."""

    rate: FloatArray
    penalty: FloatArray
    latest_s: FloatArray

    @classmethod
    def of(cls, scenario: Scenario) -> _Prices:
        rules = scenario.rules
        rate = rules.transport_cost_per_th * scenario.kg_per_unit / KG_PER_T / DS_PER_H
        return cls(rate, rules.unmet_penalty * unmet_weight(scenario), latest_s(scenario))


def _answer(
    scenario: Scenario, depots: _Depots, prices: _Prices, state: RoadState, seconds: FloatArray
) -> StateResponse:
    from depotopt.siting.transport import solve_transport

    wanted = need(scenario, state.need_factor)
    share = state.site_survival[depots.sites]
    near = seconds + depots.ready_s[:, None] <= prices.latest_s[None, :] + 1e-9
    time_ds = np.where(near, np.rint(np.where(near, seconds, 0.0) * 10.0), np.inf)
    unmet = wanted.copy()
    parts: list[tuple[int, FloatArray]] = []
    transport_cost = 0.0
    for k in range(wanted.shape[1]):
        supply = depots.units[:, k] * share
        rows, columns = np.flatnonzero(supply > 0), np.flatnonzero(wanted[:, k] > 0)
        if not len(rows) or not len(columns):
            continue
        cost = arc_cost(time_ds[np.ix_(rows, columns)], prices.rate[k])
        small, _ = solve_transport(cost, wanted[columns, k], supply[rows], prices.penalty[columns, k])
        unmet[columns, k] = small[-1]
        transport_cost += float((np.where(small[:-1] > 0, cost, 0.0) * small[:-1]).sum())
        flow = np.zeros((len(depots.sites), wanted.shape[0]))
        flow[np.ix_(rows, columns)] = small[:-1]
        parts.append((k, flow))
    flows = _state_flows(state.index, depots, parts)
    return StateResponse(flows, transport_cost, float((unmet * prices.penalty).sum()), unmet)


def _state_flows(state: int, depots: _Depots, parts: list[tuple[int, FloatArray]]) -> StateFlows:
    site, point, commodity, units = [], [], [], []
    for k, flow in parts:
        row, column = np.nonzero(flow > 0)
        site.append(depots.sites[row])
        point.append(column)
        commodity.append(np.full(len(row), k))
        units.append(flow[row, column])

    def joined(
        arrays: list[np.ndarray[tuple[int], np.dtype[np.int64]]],
    ) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.concatenate([np.empty(0, dtype=np.int64), *arrays]).astype(np.int32)

    return StateFlows(
        state, joined(site), joined(point), joined(commodity), np.concatenate([np.empty(0), *units])
    )


def response_terms(
    problem: SitingProblem, usable: FloatArray, *, workers: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Transport and unmet cost per road state, each ``(S,)``, of usable units ``(S, J, K)``.

    On the arcs of the problem: with `SitingProblem.nearest` the other sites do not serve.
    """

    def one(s: int) -> tuple[float, float]:
        from depotopt.siting.transport import solve_transport

        transport_cost = unmet_cost = 0.0
        for k in range(problem.commodities):
            open_rows = np.flatnonzero(usable[s, :, k] > 0)
            points = np.flatnonzero(problem.need[s, :, k] > 0)
            wanted, penalty = problem.need[s, points, k], problem.penalty[points, k]
            if not len(open_rows) or not len(points):
                unmet_cost += float((wanted * penalty).sum())
                continue
            times = state_times(problem, s, usable[s, :, k] > 0)[np.ix_(open_rows, points)]
            cost = arc_cost(times, problem.rate[k])
            flow, _ = solve_transport(cost, wanted, usable[s, open_rows, k], penalty)
            transport_cost += float((np.where(flow[:-1] > 0, cost, 0.0) * flow[:-1]).sum())
            unmet_cost += float((flow[-1] * penalty).sum())
        return transport_cost, unmet_cost

    with ThreadPoolExecutor(workers) as pool:
        pairs = list(pool.map(one, range(problem.states)))
    both = np.array(pairs).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def state_times(
    problem: SitingProblem, s: int, sites: BoolArray, opened: BoolArray | None = None
) -> FloatArray:
    """Deciseconds from chosen sites to points in one road state, ``(J, I)``; ``inf`` without an arc.

    ``opened`` are the sites through which their stock may go on; ``None``: only the chosen ones.
    """
    arcs, points = problem.arcs, problem.points
    span = arcs.first[s * points : (s + 1) * points + 1]
    site = arcs.source[span[0] : span[-1]]
    point = np.repeat(np.arange(points), np.diff(span))
    time_ds = np.full((problem.sites, points), np.inf)
    keep = sites[site] & (sites if opened is None else opened)[arcs.site[span[0] : span[-1]]]
    given = arcs.time_ds[span[0] : span[-1]][keep]
    if arcs.direct:
        time_ds[site[keep], point[keep]] = given
    else:
        np.minimum.at(time_ds, (site[keep], point[keep]), given)
    return time_ds


def arc_cost(time_ds: FloatArray, rate: npt.ArrayLike) -> FloatArray:
    """Cost per unit; ``inf`` where there is no arc, also when moving costs nothing."""
    return np.where(np.isfinite(time_ds), np.where(np.isfinite(time_ds), time_ds, 0.0) * rate, np.inf)
