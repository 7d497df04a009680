"""Why need stays unmet: state of each point, and per unit what was missing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.model.clock import Timetable
from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.publishing.counterfactuals import MoreStock
from depotopt.dispatch.publishing.spent import Spent, begins_s
from depotopt.plans import PointState, Reason, UnmetLine
from depotopt.units import HOUR_S, Int64Array


def point_states(problem: DispatchProblem, routes: Routes) -> dict[str, PointState]:
    """State of every point with need; see `docs/semantics.md`."""
    got = delivered(problem, routes)
    states = {}
    for i, ident in enumerate(problem.point_idents):
        if (got[i] >= problem.need[i]).all():
            states[ident] = PointState.SERVED
        elif problem.flooded[i] and not got[i].any():
            states[ident] = PointState.FLOODED
        elif not problem.reachable[i]:
            states[ident] = PointState.ISOLATED
        else:
            states[ident] = PointState.UNSERVED
    return states


def unmet_lines(
    problem: DispatchProblem, routes: Routes, times: Timetable, *, tested: bool = True
) -> tuple[UnmetLine, ...]:
    """Every unit not delivered with its reason, sorted by point and commodity.

    The question is put to each point by itself, with what the plan leaves over:

    1. no way to it for any vehicle: *no road* (*no vehicle* where there is no fleet at all);
    2. a trip that would have been there in time brings points that weigh more units of the commodity (or,
       where stock is left, a load that weighs more per kilogram): *priority*;
    3. units for which no usable stock is left at a depot that reaches it: *no stock*, if some of them could
       be put into the plan were there more; where they could not, because vehicles and docks are busy with
       units for other points: *priority* once more;
    4. the rest: a further vehicle of the fleet's types standing at the depot when it is ready would
       arrive in time behind the docks' work: *no vehicle*;
    5. such a vehicle would come too late: *no time*.

    What is left, and what others were given instead, is credited to the points in order of weight, so no
    unit is counted twice.

    Parameters
    ----------
    problem, routes, times
        A draft and its timetable.
    tested
        Whether more stock is put into the plan for a test; else it is believed to help.
    """
    states = point_states(problem, routes)
    missing = problem.need - delivered(problem, routes)
    draft = _Draft(
        problem,
        problem.lot_units - drawn(problem, routes),
        _dock_free(problem, times),
        Spent(problem, times),
        MoreStock(problem, routes, tested=tested),
    )
    order = sorted(
        np.argwhere(missing > 0).tolist(), key=lambda ik: (-float(problem.weight[ik[0], ik[1]]), ik[0], ik[1])
    )
    lines = []
    for i, k in order:
        ident, commodity = problem.point_idents[i], problem.commodity_idents[k]
        for reason, units, text in draft.explain(i, k, int(missing[i, k])):
            lines.append(UnmetLine(ident, commodity, float(units), states[ident], reason, text))
    return tuple(sorted(lines))


Answer = tuple[Reason, int, str]
"""Why how many units are missing, and the sentence that says so."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A draft, what it leaves over, and who can be asked about it.

    Attributes
    ----------
    problem
        What was to be planned.
    left
        Units left per lot; what is explained by stock that nobody fetched is taken from it.
    dock_free
        When the first dock of each depot is free for good.
    spent
        What trips bring to others.
    more
        What more stock would bring.
    """

    problem: DispatchProblem
    left: Int64Array
    dock_free: list[float]
    spent: Spent
    more: MoreStock

    def explain(self, i: int, k: int, units: int) -> list[Answer]:
        """Reasons for units of commodity ``k`` that point ``i`` lacks; their numbers add up to ``units``."""
        problem, place = self.problem, int(self.problem.points[i])
        if not problem.depots:
            return [(Reason.NO_STOCK, units, "no dispatching depot is open")]
        if not problem.vehicles:
            return [(Reason.NO_VEHICLE, units, "the fleet is empty")]
        if not problem.reachable[i]:
            return [(Reason.NO_ROAD, units, "no open road from any depot, and no aircraft in range")]
        reaching = [
            d
            for d, depot in enumerate(problem.depots)
            if any(np.isfinite(matrix.seconds[depot.place, place]) for matrix in problem.travel)
        ]
        in_reach = [p for d in reaching for p in problem.lots_held[d][k]]
        spare = [p for p in in_reach if self.left[p] > 0]
        held = min(units, int(sum(self.left[p] for p in spare)))
        return [*self._beyond_stock(i, k, units - held, in_reach), *self._in_stock(i, k, held, spare)]

    def _beyond_stock(self, i: int, k: int, lacking: int, in_reach: list[int]) -> Iterator[Answer]:
        """Units for which nothing is left at the depots that reach the point."""
        instead = self.spent.on_weightier(i, k, lacking)
        if instead:
            text = f"points of higher weight get {instead} units that could have been here in time"
            yield Reason.PRIORITY, instead, text
        rest = lacking - instead
        brought = self.more.brings(i, k, rest) if rest else 0
        # More stock alone would stay where it is: those who have the vehicles came before.
        stuck = rest - brought
        busy = self.spent.on_others(i, k, stuck) if stuck else 0
        if busy:
            text = f"vehicles bring {busy} units to points that weigh as much or are served in less time"
            yield Reason.PRIORITY, busy, text
        if stuck > busy:
            reason, text = self._late_or_lacking(i, k, in_reach)
            yield reason, stuck - busy, text
        if brought:
            total = sum(int(self.problem.lots[p].units) for p in in_reach)
            text = (
                f"depots that reach it hold {total} usable units, all assigned" if total else "none in reach"
            )
            yield Reason.NO_STOCK, brought, text

    def _in_stock(self, i: int, k: int, held: int, spare: list[int]) -> Iterator[Answer]:
        """Units that lie at a depot which reaches the point, and that nobody fetched; they are taken."""
        if not held:
            return
        lots = self.problem.lots
        spare = sorted(spare, key=lambda p: (lots[p].expiry, lots[p].ident))
        instead = self.spent.room_of_weightier(i, k, held, {lots[p].depot for p in spare})
        if instead:
            text = f"vehicles that could bring {instead} units in time carry loads of higher weight"
            yield Reason.PRIORITY, instead, text
        if held > instead:
            reason, text = self._late_or_lacking(i, k, spare)
            yield reason, held - instead, text
        for p in spare:
            taken = min(held, int(self.left[p]))
            self.left[p] -= taken
            held -= taken

    def _late_or_lacking(self, i: int, k: int, lots: list[int]) -> tuple[Reason, str]:
        """Whether a further vehicle at the depot would have made it."""
        problem = self.problem
        place, kg = int(problem.points[i]), float(problem.kg[k])
        fresh = best = math.inf
        carried = False
        for p in lots:
            lot = problem.lots[p]
            depot = problem.depots[lot.depot]
            if depot.dock_kg_per_s <= 0:
                continue
            for vehicle in problem.sample_vehicles:
                kind, travel = vehicle.kind, problem.travel[vehicle.travel]
                out = float(travel.seconds[depot.place, place])
                ends = [vehicle.home, *problem.ends]
                length = float(travel.metres[depot.place, place] + travel.metres[place, ends].min())
                if kg > kind.payload_kg or problem.m3[k] > kind.volume_m3 or length > kind.range_m:
                    continue
                if not math.isfinite(out):
                    continue
                carried = True
                opens = max(depot.ready_s, lot.ready_s, problem.start_s, vehicle.free_s)
                load_s = kg / depot.dock_kg_per_s
                fresh = min(fresh, begins_s(problem, vehicle.travel, depot.place, i, opens + load_s))
                queued = max(opens, self.dock_free[lot.depot])
                best = min(best, begins_s(problem, vehicle.travel, depot.place, i, queued + load_s))
        deadline = float(problem.deadline_s[i])
        if not carried:
            return (
                Reason.NO_VEHICLE,
                "no vehicle of the fleet can carry it there and be back within its range",
            )
        if best <= deadline:
            return Reason.NO_VEHICLE, "one more vehicle at the depot would arrive in time"
        text = f"the earliest arrival is {fresh / HOUR_S:.1f} h, the deadline {deadline / HOUR_S:.1f} h"
        if fresh <= deadline:
            text = "the depot's docks load other vehicles until it is too late"
        return Reason.NO_TIME, text


def _dock_free(problem: DispatchProblem, times: Timetable) -> list[float]:
    free = [depot.dock_queue() for depot in problem.depots]
    for record in times.trips:
        queue = free[record.trip.depot]
        queue[record.dock] = max(queue[record.dock], record.depart_s)
    return [min(queue) for queue in free]
