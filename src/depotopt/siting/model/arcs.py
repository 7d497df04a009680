"""From travel times to arcs: whose stock reaches which point over which depot, in every road state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.scenario import Scenario
from depotopt.siting.model.inputs import SLACK_S, TravelInputs, late_s, latest_s
from depotopt.siting.model.problem import StateArcs
from depotopt.siting.model.roles import Roles, usable_tiers, way_of_working
from depotopt.travel import TravelBlock
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array

Arcs = tuple[Int64Array, Int32Array, Int32Array, Int32Array]


def passed_on_s(
    leave_s: FloatArray, hub_ready_s: FloatArray, transfer_s: FloatArray, onward_s: FloatArray
) -> FloatArray:
    """Arrivals over depots on the way, seconds from the start, shape ``(H, I)``.

    Parameters
    ----------
    leave_s
        When goods reach each depot, shape ``(H,)``.
    hub_ready_s, transfer_s
        From when each depot works, and how long goods take to pass through; shape ``(H,)``.
    onward_s
        Travel times from the depots to the points, shape ``(H, I)``.
    """
    return (np.maximum(leave_s, hub_ready_s) + transfer_s)[:, None] + onward_s


@dataclass(frozen=True, slots=True)
class _Gates:
    """Positions that dispatch, those that only replenish, and who passes on whose stock.

    ``gate`` and ``source`` are positions, ``row_of_gate`` and ``row_of_source`` rows of the travel times
    (one per site), ``passes[n]`` the gates (by number) that pass on stock of source ``n``.
    """

    gate: Int64Array
    gate_row: Int64Array
    gate_sites: list[int]
    source: Int64Array
    source_row: Int64Array
    source_sites: list[int]
    passes: tuple[Int64Array, ...]

    @classmethod
    def of(cls, scenario: Scenario, roles: Roles) -> _Gates:
        tiers: list[set[int]] = [set() for _ in range(len(roles))]
        for j in range(len(scenario.sites)):
            for t in usable_tiers(scenario, j):
                if way_of_working(scenario, t) is not None:
                    tiers[roles.of_tier[j, t]].add(t)
        gate, source = [], []
        for position, way in enumerate(roles.way):
            if way is not None and way[0] and roles.opener[position] == position:
                gate.append(position)
            elif way is not None and not way[0]:
                source.append(position)
        passes = [
            np.array(
                [
                    n
                    for n, h in enumerate(gate)
                    if tiers[h] & _through(roles, j) and roles.site[h] != roles.site[j]
                ],
                dtype=np.int64,
            )
            for j in source
        ]
        gate_sites = sorted({int(roles.site[h]) for h in gate})
        source_sites = sorted(
            {int(roles.site[j]) for j, over in zip(source, passes, strict=True) if len(over)}
        )
        kept = [n for n, over in enumerate(passes) if len(over)]
        return cls(
            np.array(gate, dtype=np.int64),
            np.searchsorted(gate_sites, roles.site[gate]) if gate else np.empty(0, dtype=np.int64),
            gate_sites,
            np.array([source[n] for n in kept], dtype=np.int64),
            np.searchsorted(source_sites, roles.site[[source[n] for n in kept]])
            if kept
            else np.empty(0, dtype=np.int64),
            source_sites,
            tuple(passes[n] for n in kept),
        )


def _through(roles: Roles, position: int) -> frozenset[int]:
    way = roles.way[position]
    return frozenset() if way is None or way[0] else way[1]


class ArcBuilder:
    """Arcs of every road state, travel times block by block.

    Parameters
    ----------
    scenario, roles, travel
        The planning case, what the positions of the problem stand for, roads with an engine.
    nearest
        Arcs kept per point and state, of the direct ones and of those over another depot each; 0: all.
    """

    def __init__(self, scenario: Scenario, roles: Roles, travel: TravelInputs, nearest: int) -> None:
        self.scenario, self.roles, self.travel, self.nearest = scenario, roles, travel, nearest
        self._gates = _Gates.of(scenario, roles)
        self._latest = latest_s(scenario)
        sites = [scenario.sites[j] for j in roles.site]
        self._site_ready_s = np.array([site.readiness_s for site in sites])
        self._transfer_s = np.array([site.transfer_s for site in sites])
        # Later agreements leave by the gate of their own site.
        own = {int(h): n for n, h in enumerate(self._gates.gate)}
        self._later = [
            (position, own[int(roles.opener[position])])
            for position in np.flatnonzero(roles.opener != np.arange(len(roles)))
            if int(roles.opener[position]) in own
        ]
        self.direct = not len(self._gates.source) and not self._later

    def build(self, states: Sequence[RoadState], needs: FloatArray) -> StateArcs:
        """Arcs of all road states; points without need (``needs`` of shape ``(S, I, K)``) have none."""
        gates, points = self._gates, len(self.scenario.demand_points)
        counts = np.zeros((len(states), points), dtype=np.int64)
        parts: list[list[Int32Array]] = [[np.empty(0, dtype=np.int32)] for _ in range(3)]
        if gates.gate_sites:
            times = self.travel.times(self.scenario, gates.gate_sites)
            between: Iterator[TravelBlock] = iter(())
            if gates.source_sites:
                legs_of = self.travel.times(self.scenario, gates.source_sites, gates.gate_sites)
                between = legs_of.blocks(list(states))
            for block in times.blocks(list(states)):
                legs = next(between).seconds if gates.source_sites else np.empty((len(block.seconds), 0, 0))
                for lane in range(len(block.seconds)):
                    s = block.first_state + lane
                    needed = (needs[s] > 0).any(axis=1)
                    point, *columns = self._state(states[s], block.seconds[lane], legs[lane], needed)
                    counts[s] = np.bincount(point, minlength=points)
                    for part, column in zip(parts, columns, strict=True):
                        part.append(column)
        first = np.zeros(len(states) * points + 1, dtype=np.int64)
        np.cumsum(counts.ravel(), out=first[1:])
        site, origin, time_ds = (np.concatenate(part) for part in parts)
        return StateArcs(first, site, time_ds) if self.direct else StateArcs(first, site, time_ds, origin)

    def _state(self, state: RoadState, seconds: FloatArray, legs: FloatArray, needed: BoolArray) -> Arcs:
        """Point, gate, source and deciseconds of one road state's arcs, by point, then time, gate, source.

        Deciseconds are those on the road and what arriving in a late class counts like (`late_s`).
        """
        gates, ready_s = self._gates, self.roles.ready_s
        onward = seconds[gates.gate_row]
        arrive = ready_s[gates.gate][:, None] + onward
        column, point = np.nonzero((arrive <= self._latest + SLACK_S) & needed)
        late = late_s(self.scenario, arrive[column, point], point)
        found = [(point, gates.gate[column], gates.gate[column], onward[column, point] + late)]
        for position, n in self._later:
            point = np.flatnonzero((ready_s[position] + onward[n] <= self._latest + SLACK_S) & needed)
            same = np.full(len(point), 1)
            late = late_s(self.scenario, ready_s[position] + onward[n, point], point)
            found.append((point, gates.gate[n] * same, position * same, onward[n, point] + late))
        own = _nearest_arcs(found, self.nearest)
        if not len(gates.source):
            return own
        found = []
        for n, j in enumerate(gates.source):
            over = gates.passes[n]
            h = gates.gate[over]
            over = over[state.site_survival[self.roles.site[h]] > 0]
            h = gates.gate[over]
            to_hub = legs[gates.source_row[n], gates.gate_row[over]]
            arrive = passed_on_s(
                ready_s[j] + to_hub, self._site_ready_s[h], self._transfer_s[h], onward[over]
            )
            column, point = np.nonzero((arrive <= self._latest + SLACK_S) & needed)
            late = late_s(self.scenario, arrive[column, point], point)
            travel = to_hub[column] + onward[over[column], point] + late
            found.append((point, h[column], np.full(len(point), j), travel))
        passed = _nearest_arcs(found, self.nearest)
        return _ordered(
            np.concatenate([own[0], passed[0]]),
            np.concatenate([own[1], passed[1]]),
            np.concatenate([own[2], passed[2]]),
            np.concatenate([own[3], passed[3]]),
        )


def _nearest_arcs(found: list[tuple[Int64Array, Int64Array, Int64Array, FloatArray]], nearest: int) -> Arcs:
    point, gate, source, seconds = (np.concatenate(part) for part in zip(*found, strict=True))
    arcs = _ordered(
        point,
        gate.astype(np.int32),
        source.astype(np.int32),
        np.rint(seconds * 10).astype(np.int32),
    )
    if not nearest:
        return arcs
    point = arcs[0]
    keep = np.arange(len(point)) - np.searchsorted(point, point) < nearest
    return arcs[0][keep], arcs[1][keep], arcs[2][keep], arcs[3][keep]


def _ordered(point: Int64Array, gate: Int32Array, source: Int32Array, time_ds: Int32Array) -> Arcs:
    order = np.lexsort((source, gate, time_ds, point))
    return point[order], gate[order], source[order], time_ds[order]
