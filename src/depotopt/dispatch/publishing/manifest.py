"""Manifests and ledgers: what a driver and a storekeeper need to carry a plan out, as plain data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from depotopt.dispatch.model.usable import held_lots, open_dispatching, open_tiers, usable_units
from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, SitingPlan, Stop, Transfer, Trip
from depotopt.roads.network import RoadNetwork, StreetKind
from depotopt.scenario import Scenario


@dataclass(frozen=True, slots=True)
class LoadLine:
    """One line of a load list.

    Attributes
    ----------
    position
        Order of loading: 1 goes in first and comes off last.
    point
        Where it is handed over.
    commodity, name, unit, lot, quantity
        What it is.
    kg, m3
        What it weighs and fills.
    """

    position: int
    point: str
    commodity: str
    name: str
    unit: str
    lot: str
    quantity: float
    kg: float
    m3: float


@dataclass(frozen=True, slots=True)
class StopLine:
    """One stop as the driver sees it.

    Attributes
    ----------
    point, name
        Where.
    eta_s, leave_s
        Arrival and departure, seconds from the scenario's start.
    earliest_s, latest_s
        When the point opens, and the latest arrival that counts.
    slack_s
        How late the vehicle may be at this stop without missing it.
    kg
        Handed over.
    distance_m
        Length of the leg that leads here.
    streets
        Streets, bridges and tunnels the leg relies on, in driving order, by name (identifier in
        brackets where the piece has no name).
    """

    point: str
    name: str
    eta_s: float
    leave_s: float
    earliest_s: float
    latest_s: float
    slack_s: float
    kg: float
    distance_m: float
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Papers of one trip.

    Attributes
    ----------
    vehicle, vehicle_type, trip
        Who drives which trip.
    start_site, end_site
        Where it loads and where it ends.
    approach_start_s, load_start_s, depart_s, return_s
        Planned moments; ``approach_start_s`` is ``None`` where the vehicle stands at the depot.
    latest_departure_s
        Leaving later than this makes a delivery of this vehicle late, on this trip or a later one.
    loads
        In the order of loading: the last drop first.
    stops
        In driving order.
    kg, m3
        Loaded.
    payload_share, volume_share
        Shares of what the vehicle takes.
    approach_streets, return_streets
        Streets of the legs before and after.
    critical_assets
        Identifiers of every street, bridge or tunnel the trip relies on, sorted.
    """

    vehicle: str
    vehicle_type: str
    trip: int
    start_site: str
    end_site: str
    approach_start_s: float | None
    load_start_s: float
    depart_s: float
    return_s: float
    latest_departure_s: float
    loads: tuple[LoadLine, ...]
    stops: tuple[StopLine, ...]
    kg: float
    m3: float
    payload_share: float
    volume_share: float
    approach_streets: tuple[str, ...]
    return_streets: tuple[str, ...]
    critical_assets: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Withdrawal:
    """Units taken from a lot for one trip."""

    load_start_s: float
    vehicle: str
    trip: int
    quantity: float


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One lot in a depot's withdrawal ledger; ``usable = drawn + left`` to the unit.

    Attributes
    ----------
    site, lot, commodity
        Which lot.
    held
        Units before the event.
    usable
        Whole units usable in the road state.
    drawn, left
        Units the plan takes and leaves.
    withdrawals
        In the order of loading.
    """

    site: str
    lot: str
    commodity: str
    held: float
    usable: int
    drawn: int
    left: int
    withdrawals: tuple[Withdrawal, ...]


def manifests(scenario: Scenario, network: RoadNetwork, plan: DispatchPlan) -> tuple[Manifest, ...]:
    """Papers of every trip, sorted as the trips are.

    Parameters
    ----------
    scenario, network
        The planning case and its roads.
    plan
        A plan made for them.
    """
    slack = departure_slack(scenario, plan)
    return tuple(_manifest(scenario, network, trip, slack[trip.vehicle, trip.number]) for trip in plan.trips)


def ledger(
    scenario: Scenario, layout: SitingPlan | None, state: RoadState, plan: DispatchPlan
) -> tuple[LedgerLine, ...]:
    """Withdrawals per lot of every dispatching depot, sorted by site, commodity and lot.

    Parameters
    ----------
    scenario, layout, state
        What the plan was made for.
    plan
        The plan.
    """
    tier_of = open_tiers(scenario, layout)
    feeding = {tier.ident for tier in scenario.tiers if tier.replenishes}
    depots = set(open_dispatching(scenario, layout))
    depots |= {site for site, tier in tier_of.items() if tier in feeding}
    held_at = held_lots(scenario, layout)
    site_of = {lot.lot: lot.site for lot in held_at}
    taken: dict[str, list[Withdrawal]] = defaultdict(list)
    for trip in plan.trips:
        drawn: dict[str, float] = defaultdict(float)
        for load in trip.loads:
            # What was brought to a hub was drawn from its lot when the trunk trip loaded it.
            if site_of.get(load.lot) == trip.start_site:
                drawn[load.lot] += load.quantity
        for lot, quantity in drawn.items():
            taken[lot].append(Withdrawal(trip.load_start_s, trip.vehicle, trip.number, quantity))
    lines = []
    for held in held_at:
        if held.site not in depots:
            continue
        usable = usable_units(scenario, held, state)
        total = round(sum(entry.quantity for entry in taken[held.lot]))
        lines.append(
            LedgerLine(
                site=held.site,
                lot=held.lot,
                commodity=held.commodity,
                held=held.quantity,
                usable=usable,
                drawn=total,
                left=usable - total,
                withdrawals=tuple(sorted(taken[held.lot])),
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.site, line.commodity, line.lot)))


def _deadline_s(scenario: Scenario, stop: Stop) -> float:
    point = scenario.demand_points[scenario.point_index[stop.point]]
    return scenario.rules.response_s if point.deadline_s is None else point.deadline_s


def _earliest_s(scenario: Scenario, stop: Stop) -> float:
    return scenario.demand_points[scenario.point_index[stop.point]].earliest_s


def departure_slack(scenario: Scenario, plan: DispatchPlan) -> dict[tuple[str, int], float]:
    """How much later each trip could leave: its own stops and, less the waiting between, later trips.

    Seconds by vehicle and number of the trip.

    Parameters
    ----------
    scenario, plan
        The planning case and a plan made for it.
    """
    slack: dict[tuple[str, int], float] = {}
    routes: dict[str, list[Trip]] = defaultdict(list)
    for trip in plan.trips:
        routes[trip.vehicle].append(trip)
    for vehicle, trips in routes.items():
        behind = float("inf")
        follower: Trip | None = None
        for trip in sorted(trips, key=lambda trip: -trip.number):
            own = float("inf")
            if follower is not None:
                moves = follower.load_start_s
                if follower.approach_start_s is not None:
                    moves = follower.approach_start_s
                own = behind + moves - trip.return_s
            for stop in reversed(trip.stops):
                # Who waits for a point to open is late behind it only by what exceeds the waiting.
                waits = max(0.0, _earliest_s(scenario, stop) - stop.arrive_s)
                own = min(_deadline_s(scenario, stop) - stop.arrive_s, own + waits)
            # Goods for a hub are waited for: a trunk trip has no time to spare.
            slack[vehicle, trip.number] = own if trip.stops else min(own, 0.0)
            behind, follower = own, trip
    return slack


def _manifest(scenario: Scenario, network: RoadNetwork, trip: Trip, slack_s: float) -> Manifest:
    kind = scenario.vehicle_types[scenario.vehicle_type_index[trip.vehicle_type]]
    loads = _load_lines(scenario, trip)
    kg, m3 = sum(line.kg for line in loads), sum(line.m3 for line in loads)
    if trip.transfer is None:
        stops = _stop_lines(scenario, network, trip, loads)
    else:
        stops = (_transfer_line(scenario, network, trip.transfer, kg),)
    driven = {*trip.approach_links, *(link for leg in trip.legs for link in leg.links)}
    return Manifest(
        vehicle=trip.vehicle,
        vehicle_type=trip.vehicle_type,
        trip=trip.number,
        start_site=trip.start_site,
        end_site=trip.end_site,
        approach_start_s=trip.approach_start_s,
        load_start_s=trip.load_start_s,
        depart_s=trip.depart_s,
        return_s=trip.return_s,
        latest_departure_s=trip.depart_s + slack_s,
        loads=loads,
        stops=stops,
        kg=kg,
        m3=m3,
        payload_share=kg / kind.payload_kg,
        volume_share=m3 / kind.volume_m3,
        approach_streets=street_names(network, trip.approach_links),
        return_streets=street_names(network, trip.return_links),
        critical_assets=tuple(sorted({network.streets.ident[int(network.street[link])] for link in driven})),
    )


def _load_lines(scenario: Scenario, trip: Trip) -> tuple[LoadLine, ...]:
    """What is loaded, in the order of loading: what comes off last goes in first."""
    drops = [(stop.point, load) for stop in reversed(trip.stops) for load in stop.loads]
    if trip.transfer is not None:
        drops = [(trip.transfer.site, load) for load in trip.transfer.loads]
    # What nobody gets any more comes off where the trip ends.
    drops = [*((trip.end_site, load) for load in trip.on_board), *drops]
    lines: list[LoadLine] = []
    for place, load in drops:
        commodity = scenario.commodities[scenario.commodity_index[load.commodity]]
        lines.append(
            LoadLine(
                position=len(lines) + 1,
                point=place,
                commodity=load.commodity,
                name=commodity.name,
                unit=commodity.unit,
                lot=load.lot,
                quantity=load.quantity,
                kg=load.quantity * commodity.kg_per_unit,
                m3=load.quantity * commodity.m3_per_unit,
            )
        )
    return tuple(lines)


def _stop_lines(
    scenario: Scenario, network: RoadNetwork, trip: Trip, loads: tuple[LoadLine, ...]
) -> tuple[StopLine, ...]:
    """Stops in driving order, with what comes off at each."""
    kg_at: dict[str, float] = defaultdict(float)
    for line in loads:
        kg_at[line.point] += line.kg
    return tuple(
        StopLine(
            point=stop.point,
            name=scenario.demand_points[scenario.point_index[stop.point]].name,
            eta_s=stop.arrive_s,
            leave_s=stop.depart_s,
            earliest_s=_earliest_s(scenario, stop),
            latest_s=_deadline_s(scenario, stop),
            slack_s=_deadline_s(scenario, stop) - stop.arrive_s,
            kg=kg_at[stop.point],
            distance_m=stop.distance_m,
            streets=street_names(network, stop.links),
        )
        for stop in trip.stops
    )


def _transfer_line(scenario: Scenario, network: RoadNetwork, transfer: Transfer, kg: float) -> StopLine:
    """The hub of a trunk trip as the driver sees it: others wait for it, so it is due when planned."""
    return StopLine(
        point=transfer.site,
        name=scenario.sites[scenario.site_index[transfer.site]].name,
        eta_s=transfer.arrive_s,
        leave_s=transfer.depart_s,
        earliest_s=0.0,
        latest_s=transfer.arrive_s,
        slack_s=0.0,
        kg=kg,
        distance_m=transfer.distance_m,
        streets=street_names(network, transfer.links),
    )


def street_names(network: RoadNetwork, links: tuple[int, ...]) -> tuple[str, ...]:
    """Names along a path, consecutive repeats told once; bridges, tunnels and fords are marked."""
    told: list[str] = []
    for link in links:
        street = int(network.street[link])
        name = network.streets.name[street] or f"[{network.streets.ident[street]}]"
        kind = StreetKind(int(network.streets.kind[street]))
        if kind is not StreetKind.STREET:
            name = f"{name} ({kind.name.lower()})"
        if not told or told[-1] != name:
            told.append(name)
    return tuple(told)
