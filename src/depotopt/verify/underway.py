"""Trips under way when a plan is made anew: what is loaded and driven stays, the rest keeps to open roads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.plans import Load, SitingPlan, Trip, TripLeg
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.scenario import Scenario
from depotopt.travel import link_times_ds
from depotopt.units import DS_PER_S, UNREACHABLE_DS, FloatArray
from depotopt.verify.check import QUANTITY_TOLERANCE, TIME_TOLERANCE_S
from depotopt.verify.in_force import PlanInForce, Reached
from depotopt.verify.lots import dispatching_sites
from depotopt.verify.openings import known, moments
from depotopt.verify.terms import begin_s, latest_s


class Frozen:
    """Compares trips under way with how they are carried on.

    Parameters
    ----------
    scenario, layout, network
        The planning case, the layout dispatched from, its roads with places.
    old
        The plan in force.
    after, at_s
        The road state of now, and the moment.

    Attributes
    ----------
    stranded
        Vehicles told to have no way on, as far as they were looked at.
    """

    def __init__(
        self,
        scenario: Scenario,
        layout: SitingPlan | None,
        network: RoadNetwork,
        old: PlanInForce,
        after: RoadState,
        at_s: float,
    ) -> None:
        if network.places is None:
            raise UsageError("the road network has no places: load it with load_network")
        self._scenario, self._network, self._at_s = scenario, network, at_s
        self._places = network.places
        self._place = {ident: n for n, ident in enumerate(network.places.ident)}
        self._depots = set(dispatching_sites(scenario, layout))
        self._then, self._now = known(old.state, old.plan.at_s), known(after, at_s)
        self._moments_then = (old.plan.at_s, *moments(old.state, old.plan.at_s))
        self._moments_now = (at_s, *moments(after, at_s))
        self._link_ds: dict[tuple[TravelProfile, bool, float], FloatArray] = {}
        self.stranded: set[str] = set()

    def faults(self, was: Trip, now: Trip | None, home: str) -> list[str]:
        """Faults of a trip whose loading has begun.

        Parameters
        ----------
        was, now
            In the plan in force and in the new one.
        home
            Home site of the vehicle.
        """
        where = f"vehicle {was.vehicle} trip {was.number}"
        if now is None:
            return [f"{where}: under way and gone from the plan"]
        if was.return_s <= self._at_s and not was.stranded:
            same = replace(now, seen=None) == replace(was, seen=None)
            return [] if same else [f"{where}: rewritten though it has ended"]
        reached = [stop for stop in was.stops if stop.arrive_s <= self._at_s]
        broken = [
            f"{where}: {name} changed under way"
            for name, same in (
                ("vehicle type", now.vehicle_type == was.vehicle_type),
                ("start", now.start_site == was.start_site),
                ("loading", now.load_start_s == was.load_start_s),
                ("departure", now.depart_s == was.depart_s),
                ("approach", now.approach_links == was.approach_links),
                ("stops already reached", now.stops[: len(reached)] == tuple(reached)),
            )
            if not same
        ]
        broken += self._loads(where, was, now, len(reached))
        broken += self._trunk(where, was, now)
        if self._profile(now).mode is Mode.ROAD:
            return broken + self._way(where, was, now, home, len(reached))
        return broken + ([f"{where}: end changed under way"] if now.end_site != was.end_site else [])

    def drive_faults(self, was: Trip, now: Trip | None, origin: str, home: str) -> tuple[list[str], float]:
        """Faults of a drive to a depot that has begun, and when the vehicle is there.

        Parameters
        ----------
        was, now
            The trip it leads to in the plan in force, and the trip or empty drive of the new plan.
        origin, home
            Where the drive began, and the vehicle's home.
        """
        where = f"vehicle {was.vehicle} trip {was.number}"
        began_s = was.approach_start_s
        if now is None or began_s is None:
            return [f"{where}: on its approach and gone from the plan"], self._at_s
        broken: list[str] = []
        if now.approach_start_s != began_s:
            broken.append(f"{where}: the approach that has begun is begun anew")
        if self._profile(now).mode is not Mode.ROAD:
            return broken, was.load_start_s
        planned = TripLeg(0, origin, was.start_site, began_s, was.load_start_s, was.approach_links)
        here = self._reached(was, planned)
        told = TripLeg(0, origin, now.start_site, began_s, now.load_start_s, now.approach_links)
        if self._is_moving(was, planned, here):
            broken += self._seen(where, now, planned, here)
        if now.start_site != was.start_site:
            broken += self._elsewhere(where, was, planned, here, now.start_site, home)
        if now.stranded:
            broken += self._stands(where, was, now, planned, here, told)
            return broken, here.at_s
        faults, there_s = self._rest(where, was, told, here, planned.links)
        if there_s <= told.arrive_s + 2 * TIME_TOLERANCE_S:
            # Whole legs and what is left of them are rounded to deciseconds apart, as in `_way`.
            there_s = min(there_s, told.arrive_s)
        return broken + faults, there_s

    def _loads(self, where: str, was: Trip, now: Trip, reached: int) -> list[str]:
        """Stops ahead keep order and loads or are given up; then what they were to get stays on board."""
        ahead = iter(was.stops[reached:])
        broken = [
            f"{where}: {stop.point} ahead has other loads or another order"
            for stop in now.stops[reached:]
            if not any(stop.point == one.point and stop.loads == one.loads for one in ahead)
        ]
        loaded, told = _units(was.loads), _units(now.loads)
        broken += [
            f"{where}: {loaded[lot]:g} of lot {lot} loaded, {told[lot]:g} handed over or on board"
            for lot in sorted({*loaded, *told})
            if abs(loaded[lot] - told[lot]) > QUANTITY_TOLERANCE
        ]
        kept, before = _units(now.on_board), _units(was.on_board)
        broken += [
            f"{where}: {before[lot]:g} of lot {lot} on board, {kept[lot]:g} of it still"
            for lot in sorted(before)
            if kept[lot] < before[lot] - QUANTITY_TOLERANCE
        ]
        begins = {stop.point: begin_s(self._scenario, stop) for stop in was.stops[reached:]}
        leaves = {stop.point: stop.depart_s for stop in was.stops[reached:]}
        for stop in now.stops[reached:]:
            begin, before_s = begin_s(self._scenario, stop), begins.get(stop.point, 0.0)
            if stop.depart_s - begin < leaves.get(stop.point, 0.0) - before_s - TIME_TOLERANCE_S:
                broken.append(f"{where}: unloads faster at {stop.point} than planned")
            point = self._scenario.demand_points[self._scenario.point_index[stop.point]]
            latest = max(latest_s(self._scenario, point), before_s)
            if begin > latest + TIME_TOLERANCE_S:
                broken.append(f"{where}: at {stop.point} at {begin:.1f} s, at the latest {latest:.1f}")
        return broken

    def _trunk(self, where: str, was: Trip, now: Trip) -> list[str]:
        """What a trunk trip brings stays; it unloads after it is there, no faster than planned."""
        if was.transfer is None or now.transfer is None:
            given_up = was.transfer is None or was.transfer.arrive_s > self._at_s
            return [] if given_up and now.transfer is None else [f"{where}: trunk trip changed under way"]
        old, new, broken = was.transfer, now.transfer, list[str]()
        if (new.site, new.loads) != (old.site, old.loads):
            broken.append(f"{where}: what it brings changed under way")
        if old.arrive_s <= self._at_s and new != old:
            broken.append(f"{where}: unloading changed under way")
        span_s = old.depart_s - old.start_s
        if new.start_s < new.arrive_s or new.depart_s - new.start_s < span_s - TIME_TOLERANCE_S:
            broken.append(f"{where}: unloads at {new.site} before it is there, or too fast")
        if now.return_s != new.depart_s:
            broken.append(f"{where}: a trunk trip ends at its hub when it is unloaded")
        return broken

    def _way(self, where: str, was: Trip, now: Trip, home: str, reached: int) -> list[str]:
        """Legs ahead go on from where the vehicle is, over open roads, no faster than possible."""
        unloaded = was.transfer is not None and was.transfer.arrive_s <= self._at_s
        planned = was.legs[reached + unloaded]
        ahead = now.legs[reached + unloaded :]
        if was.stranded and planned.number == len(was.legs):
            here = Reached(len(planned.links), max(planned.arrive_s, self._at_s))
        else:
            here = self._reached(was, planned)
        broken: list[str] = []
        if self._is_moving(was, planned, here):
            broken += self._seen(where, now, planned, here)
        if now.end_site != was.end_site:
            broken += self._elsewhere(where, was, planned, here, now.end_site, home)
        if now.transfer is not None:
            # A trunk trip ends at its hub: there is no way back to check.
            ahead = ahead[:-1]
        for leg in ahead:
            if now.stranded and leg.number == len(now.legs):
                broken += self._stands(where, was, now, planned, here, leg)
                break
            faults, there_s = self._rest(where, was, leg, here, planned.links)
            broken += faults
            if leg.arrive_s < there_s - 2 * TIME_TOLERANCE_S:
                broken.append(
                    f"{where}: at {leg.destination} at {leg.arrive_s:.1f} s, possible from {there_s:.1f}"
                )
            if faults:
                break
            depart_s = now.stops[leg.number - 1].depart_s if leg.number <= len(now.stops) else leg.arrive_s
            here, planned = self._at(leg.destination, depart_s), TripLeg(0, "", "", 0.0, 0.0, ())
        return broken

    def _rest(
        self, where: str, was: Trip, leg: TripLeg, here: Reached, planned: tuple[int, ...]
    ) -> tuple[list[str], float]:
        """Faults of a leg from where the vehicle is, and when it is at its end at the earliest."""
        links = np.array(leg.links, dtype=np.int64)
        a, b = self._place[leg.origin], self._place[leg.destination]
        name = f"{leg.origin} -> {leg.destination}"
        if leg.links[: here.behind] != planned[: here.behind]:
            return [f"{where}: leg {name} does not go on from where the vehicle is"], here.at_s
        start = int(self._places.node[a])
        if here.behind and planned:
            start = int(self._network.tail[planned[0]])
        nodes = [start, *(int(n) for n in self._network.head[links])]
        if [int(n) for n in self._network.tail[links]] != nodes[:-1] or nodes[-1] != int(
            self._places.node[b]
        ):
            return [f"{where}: leg {name} is not a connected path"], here.at_s
        ahead, there_s = links[here.behind :], np.inf
        for moment_s in self._moments_now:
            # Over roads that open again it goes on when they have.
            link_ds = self._times(self._profile(was), moment_s, now=True)[ahead]
            if not (link_ds >= UNREACHABLE_DS).any():
                # What is left of a leg whose links are all behind began before now.
                begin = here.from_s(moment_s) if moment_s > self._at_s else here.at_s
                there_s = min(there_s, begin + float(link_ds.sum()) / DS_PER_S)
        if not np.isfinite(there_s):
            now_ds = self._times(self._profile(was), self._at_s, now=True)
            lost = ahead[now_ds[ahead] >= UNREACHABLE_DS][0]
            street = self._network.streets.ident[int(self._network.street[lost])]
            return [f"{where}: enters the lost street {street} on the way to {leg.destination}"], here.at_s
        return [], there_s + float(self._places.access_s[b])

    def _stands(
        self, where: str, was: Trip, now: Trip, planned: TripLeg, here: Reached, told: TripLeg
    ) -> list[str]:
        """A stranded vehicle stays where it is, and only because the way ahead is lost."""
        self.stranded.add(now.vehicle)
        broken = []
        if told.links != planned.links[: here.behind]:
            broken.append(f"{where}: stranded, but not where the vehicle is")
        if not was.stranded and not self._lost_ahead(was, planned, here):
            broken.append(f"{where}: stranded, but nothing on its way ahead is lost")
        return broken

    def _elsewhere(
        self, where: str, was: Trip, planned: TripLeg, here: Reached, end: str, home: str
    ) -> list[str]:
        """A trip ends elsewhere than planned only where its way is lost, at a depot or at home."""
        if not was.stranded and not self._lost_ahead(was, planned, here):
            return [f"{where}: end changed under way"]
        if end not in self._depots | {home}:
            return [f"{where}: ends at {end}, neither an open depot nor its home"]
        return []

    def _lost_ahead(self, was: Trip, planned: TripLeg, here: Reached) -> bool:
        """Whether a link that is not behind the vehicle is lost."""
        ahead = list(planned.links[here.behind :])
        for leg in was.legs[planned.number :]:
            ahead += leg.links
        now_ds = self._times(self._profile(was), self._at_s, now=True)
        return bool((now_ds[ahead] >= UNREACHABLE_DS).any()) if ahead else False

    def _seen(self, where: str, now: Trip, planned: TripLeg, here: Reached) -> list[str]:
        """The new plan tells where the vehicle is."""
        told = now.seen
        due = f"{here.behind} links into leg {planned.number} at {here.at_s:.1f} s"
        if told is None:
            return [f"{where}: does not tell that the vehicle is {due}"]
        if (told.leg, told.links) != (planned.number, here.behind) or (
            abs(told.at_s - here.at_s) > TIME_TOLERANCE_S
        ):
            return [
                f"{where}: tells the vehicle {told.links} links into leg {told.leg} at {told.at_s:.1f} s, "
                f"it is {due}"
            ]
        return []

    def _at(self, place: str, leave_s: float) -> Reached:
        access_s = float(self._places.access_s[self._place[place]])
        return Reached(0, leave_s + access_s, access_s)

    def _reached(self, was: Trip, leg: TripLeg) -> Reached:
        """How far a leg of the plan in force is driven now.

        What lies behind the last place where the vehicle was seen took the time it took; a vehicle on a link
        that is lost now turns round.
        """
        here = self._at(leg.origin, leg.leave_s)
        seen = was.seen is not None and was.seen.leg == leg.number
        if was.seen is not None and seen:
            here = Reached(was.seen.links, was.seen.at_s)
        if was.stranded and leg.number == 0:
            return Reached(here.behind, max(here.at_s, self._at_s))
        moment_s = self._moment(was, leg, here)
        begin_s = here.from_s(moment_s)
        if begin_s - here.access_s >= self._at_s:
            # Where it waits for a road to open, it may go on now.
            return replace(here, at_s=here.from_s(self._at_s))
        before_ds = self._times(self._profile(was), moment_s, now=False)
        now_ds = self._times(self._profile(was), self._at_s, now=True)
        ahead = np.array(leg.links[here.behind :], dtype=np.int64)
        entered_s = begin_s + np.concatenate([[0.0], np.cumsum(before_ds[ahead])]) / DS_PER_S
        # Links entered before now; the last of them may not be left yet.
        count = int(np.searchsorted(entered_s[:-1], self._at_s, side="left"))
        if count and entered_s[count] > self._at_s and now_ds[ahead[count - 1]] >= UNREACHABLE_DS:
            back_s = 2 * self._at_s - float(entered_s[count - 1])
            return Reached(here.behind + count - 1, back_s)
        return Reached(here.behind + count, float(entered_s[count]))

    def _is_moving(self, was: Trip, leg: TripLeg, here: Reached) -> bool:
        """Whether a vehicle is on a leg, not at the place where it begins."""
        seen = was.seen is not None and was.seen.leg == leg.number
        began_s = max(leg.leave_s, self._moment(was, leg, self._at(leg.origin, leg.leave_s)))
        return seen or (began_s < self._at_s and (self._at_s < was.return_s or was.stranded))

    def _moment(self, was: Trip, leg: TripLeg, here: Reached) -> float:
        """Over the roads of which moment a leg was to be driven to be there when the plan says."""
        ahead = np.array(leg.links[here.behind :], dtype=np.int64)
        access_s = float(self._places.access_s[self._place[leg.destination]])
        for moment_s in self._moments_then:
            driven_s = float(self._times(self._profile(was), moment_s, now=False)[ahead].sum()) / DS_PER_S
            if here.from_s(moment_s) + driven_s + access_s <= leg.arrive_s + 2 * TIME_TOLERANCE_S:
                return moment_s
        return self._moments_then[0]

    def _profile(self, trip: Trip) -> TravelProfile:
        return self._scenario.vehicle_types[self._scenario.vehicle_type_index[trip.vehicle_type]].profile

    def _times(self, profile: TravelProfile, moment_s: float, *, now: bool) -> FloatArray:
        """Deciseconds per link at a moment, as known now or under the plan in force."""
        key = (profile, now, moment_s)
        if key not in self._link_ds:
            state = self._now if now else self._then
            times = link_times_ds(self._network, state, profile, moment_s)
            self._link_ds[key] = times.astype(np.float64)
        return self._link_ds[key]


def _units(loads: Iterable[Load]) -> defaultdict[str, float]:
    units: defaultdict[str, float] = defaultdict(float)
    for load in loads:
        units[load.lot] += load.quantity
    return units
