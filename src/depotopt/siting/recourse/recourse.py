"""Recourse of a fixed layout: what is sent from where to whom in each road state, exactly.

Once the stock is fixed, each stock serves each point over its fastest open way, commodities separate and
each road state is one transportation problem per commodity, solved by `depotopt.siting.prices.depot_flows` to
rounding (with single source `depotopt.siting.recourse.single_source`). Nothing is sampled and nothing
truncated: all open depots count, and memory is linear in the ways there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import OpenSite, SitingPlan, StateFlows, StockLine
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.model.inputs import (
    DS_PER_H,
    KG_PER_T,
    TravelInputs,
    class_today,
    late_s,
    latest_s,
    stock_table,
    travel_engine,
)
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.prices.judgement import judged_units
from depotopt.siting.recourse.arcs import Arcs, Prices
from depotopt.siting.recourse.single_source import separate_flows, single_source_flows
from depotopt.siting.recourse.supplies import Supplies, Ways
from depotopt.travel import TravelBlock
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
    supplies = Supplies.of(scenario, plan)
    inputs = TravelInputs(network, engine or travel_engine(network))
    rules = scenario.rules
    rate = rules.transport_cost_per_th * scenario.kg_per_unit / KG_PER_T / DS_PER_H
    prices = Prices(rate, rules.unmet_penalty * unmet_weight(scenario))
    with ThreadPoolExecutor(workers) as pool:
        for states, ways in _ways(scenario, supplies, inputs, list(ensemble)):
            yield from pool.map(
                lambda pair: _answer(scenario, supplies, prices, *pair), zip(states, ways, strict=True)
            )


def _ways(
    scenario: Scenario, supplies: Supplies, inputs: TravelInputs, states: list[RoadState]
) -> Iterator[tuple[list[RoadState], list[Ways]]]:
    """Road states block by block with the ways of each."""
    latest = latest_s(scenario)
    if not supplies.gates:
        nothing = np.empty((0, len(scenario.demand_points)))
        yield states, [supplies.ways(state, nothing, np.empty((0, 0)), latest) for state in states]
        return
    onward = inputs.times(scenario, supplies.gates).blocks(states)
    legs: Iterator[TravelBlock] = iter(())
    if supplies.behind:
        legs = inputs.times(scenario, supplies.behind, supplies.gates).blocks(states)
    for block in onward:
        between = next(legs).seconds if supplies.behind else np.empty((len(block.seconds), 0, 0))
        few = states[block.first_state : block.first_state + len(block.seconds)]
        yield (
            few,
            [
                _with_lateness(scenario, supplies.ways(*given, latest))
                for given in zip(few, block.seconds, between, strict=True)
            ],
        )


def _with_lateness(scenario: Scenario, ways: Ways) -> Ways:
    """Ways with the hours that arriving late counts like on top of those on the road."""
    late = late_s(scenario, ways.arrive_s, ways.arcs.point)
    return replace(ways, arcs=replace(ways.arcs, time_ds=ways.arcs.time_ds + np.rint(late * 10.0)))


def existing_layout(scenario: Scenario) -> SitingPlan:
    """Today's layout: existing and must-open sites in the first of their tiers, holding the stock table.

    The size class is that of today (`depotopt.siting.model.inputs.class_today`).
    """
    physical = stock_table(scenario)[0]
    opened = []
    for j, site in enumerate(scenario.sites):
        size = class_today(scenario, site, physical[j])
        if size is not None:
            opened.append(OpenSite(site.ident, site.tiers[0], size.ident))
    held: dict[tuple[str, str, str], float] = {}
    at = {item.site for item in opened}
    for lot in scenario.stock:
        if lot.site in at:
            key = (lot.site, lot.commodity, str(lot.mode))
            held[key] = held.get(key, 0.0) + lot.quantity
    stock = sorted(StockLine(s, k, quantity, mode) for (s, k, mode), quantity in held.items() if quantity > 0)
    return SitingPlan(tuple(sorted(opened)), tuple(stock))


def _answer(
    scenario: Scenario, supplies: Supplies, prices: Prices, state: RoadState, ways: Ways
) -> StateResponse:
    wanted = need(scenario, state.need_factor)
    usable = supplies.units * state.site_survival[supplies.site][:, None]
    arcs, arrive_s = ways.arcs, ways.arrive_s
    solve = single_source_flows if scenario.rules.single_source else separate_flows
    flow = solve(arcs, usable, wanted, prices)
    arc, commodity = np.nonzero(flow > 0)
    by_commodity = np.lexsort((arcs.point[arc], arcs.row[arc], commodity))
    arc, commodity = arc[by_commodity], commodity[by_commodity]
    units, row = flow[arc, commodity], arcs.row[arc]
    unmet = wanted.copy()
    np.subtract.at(unmet, (arcs.point[arc], commodity), units)
    unmet = np.maximum(unmet, 0.0)
    flows = StateFlows(
        state.index,
        supplies.site[row].astype(np.int32),
        arcs.point[arc].astype(np.int32),
        commodity.astype(np.int32),
        units,
        arcs.gate[arc].astype(np.int32),
        supplies.ready_s[row],
        arrive_s[arc],
    )
    transport_cost = float((units * prices.rate[commodity] * arcs.time_ds[arc]).sum())
    return StateResponse(flows, transport_cost, float((unmet * prices.penalty).sum()), unmet)


def layout_response(
    problem: SitingProblem, layout: Layout, *, workers: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Transport and unmet cost per road state of a layout, each ``(S,)``; see `response_terms`."""
    return response_terms(problem, layout.usable(problem), layout.supplying(problem), workers=workers)


def response_terms(
    problem: SitingProblem, usable: FloatArray, opened: BoolArray | None = None, *, workers: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Transport and unmet cost per road state, each ``(S,)``, of usable units ``(S, J, K)``.

    On the arcs of the problem: with `SitingProblem.nearest` the other sites do not serve. ``opened`` are
    the open sites, shape ``(J,)``; ``None``: those that have usable stock in some state.
    """
    gates: BoolArray = np.asarray(usable.any(axis=(0, 2)) if opened is None else opened)
    if not problem.single_source:
        found = judged_units(problem, usable, gates, workers=workers)
        assert found is not None
        return found.moved.sum(axis=1), found.unmet.sum(axis=1)
    prices = Prices(problem.rate, problem.penalty)

    def one(s: int) -> tuple[float, float]:
        arcs = state_arcs(problem, s, usable[s], gates)
        return flow_cost(problem, s, arcs, single_source_flows(arcs, usable[s], problem.need[s], prices))

    with ThreadPoolExecutor(workers) as pool:
        pairs = list(pool.map(one, range(problem.states)))
    both = np.array(pairs).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def state_arcs(problem: SitingProblem, s: int, usable: FloatArray, gates: BoolArray) -> Arcs:
    """Arcs of one road state over open gates, shape ``(J,)``, from sites with usable units ``(J, K)``."""
    first = problem.arcs.first[s * problem.points : (s + 1) * problem.points + 1]
    span = slice(first[0], first[-1])
    gate, source = problem.arcs.site[span], problem.arcs.source[span]
    point = np.repeat(np.arange(problem.points), np.diff(first))
    filled: BoolArray = np.asarray((usable > 0).any(axis=1))
    keep = gates[gate] & filled[source]
    return Arcs(
        source[keep].astype(np.int64),
        gate[keep].astype(np.int64),
        point[keep],
        problem.arcs.time_ds[span][keep].astype(np.float64),
    )


def flow_cost(problem: SitingProblem, s: int, arcs: Arcs, flow: FloatArray) -> tuple[float, float]:
    """Transport and unmet cost of flows ``(A, K)`` in one road state."""
    moved = float((flow * arcs.time_ds[:, None] * problem.rate).sum())
    missing = problem.need[s].copy()
    np.subtract.at(missing, arcs.point, flow)
    return moved, float((np.maximum(missing, 0.0) * problem.penalty).sum())


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
