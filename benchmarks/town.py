"""A made-up region with roads, depots, a plan and losses: big or small, always the same for one seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from depotopt.hazards.states import Damage, RoadState
from depotopt.need import need
from depotopt.plans import (
    DispatchPlan,
    Load,
    OpenSite,
    PointState,
    Reason,
    SitingPlan,
    StockLine,
    Stop,
    Trip,
    UnmetLine,
)
from depotopt.report.content import ReportContent
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import Geometry, Places, RoadNetwork, StreetKind, StreetTable
from depotopt.rules import Tier
from depotopt.scenario import (
    Commodity,
    DemandPoint,
    FleetEntry,
    RoadSource,
    Scenario,
    Site,
    SiteStatus,
    Stock,
    StockMode,
    VehicleType,
)
from depotopt.solving import Limit, SolveResult, Status
from depotopt.units import FloatArray, Int32Array

WEST, SOUTH = 120.85, 30.9
NAMES = ("Linhe", "Qingpu", "Anting", "Dongtan", "Fengxian", "Hongqiao", "Jinshan", "Kunyang", "Luodian")


@dataclass(frozen=True, slots=True)
class Town:
    """How big the region is.

    Attributes
    ----------
    side
        Crossings along each side of the grid of roads.
    sites, points, routes
        Numbers of depots, demand points and vehicles.
    vertices
        Bends between two crossings.
    spacing
        Degrees between crossings.
    reach_s
        Farthest drive between two stops.
    seed
        Seed of everything random.
    """

    side: int = 12
    sites: int = 7
    points: int = 24
    routes: int = 5
    vertices: int = 2
    spacing: float = 0.03
    reach_s: float = 7200.0
    seed: int = 3

    def network(self) -> RoadNetwork:
        """Roads on a bent grid, with motorways, bridges and names."""
        rng = np.random.default_rng(self.seed)
        n, d = self.side, self.spacing
        rows, columns = np.divmod(np.arange(n * n), n)
        lon = WEST + columns * d + rng.uniform(-0.3, 0.3, n * n) * d
        lat = SOUTH + rows * d * 0.86 + rng.uniform(-0.3, 0.3, n * n) * d
        right = np.flatnonzero(columns < n - 1)
        up = np.flatnonzero(rows < n - 1)
        a, b = np.concatenate([right, up]), np.concatenate([right + 1, up + n])
        line = np.concatenate([rows[right], columns[up]])
        level = np.select([line % 16 == 3, line % 8 == 1, line % 4 == 2, line % 2 == 0], [0, 2, 3, 4], 6)
        share = np.linspace(0, 1, self.vertices + 2)[None, :, None]
        ends = np.stack([np.stack([lon[a], lat[a]], 1), np.stack([lon[b], lat[b]], 1)], 1)
        vertices = ends[:, :1] * (1 - share) + ends[:, 1:] * share
        vertices[:, 1:-1] += rng.normal(0, 0.05, (len(a), self.vertices, 2)) * d
        bridge = rng.random(len(a)) < 0.04
        count = len(a)
        metres = np.hypot((lon[a] - lon[b]) * 95_000, (lat[a] - lat[b]) * 111_000) * 1.05
        speed = np.array([30, 0, 22, 18, 14, 11, 10, 7])[level]
        kind = np.where(bridge, StreetKind.BRIDGE, StreetKind.STREET).astype(np.uint8)
        word = ["", "G", "S", "X", "Road", "Lane", "Lane", "Lane"]
        names = tuple(
            (f"{word[v % 8]}{100 + k}" if v in (0, 2, 3) else f"{NAMES[k % len(NAMES)]} {word[v % 8]}")
            for v, k in zip(level, line, strict=True)
        )
        one = np.arange(count)
        return build_network(
            lon,
            lat,
            LinkArrays(
                tail=np.concatenate([a, b]),
                head=np.concatenate([b, a]),
                length_m=np.tile(metres, 2),
                free_flow_s=np.tile(metres / speed, 2),
                road_class=np.tile(level, 2),
                bridge=np.tile(bridge, 2),
                street=np.tile(one, 2),
                geometry_of=np.tile(one, 2),
                reversed_=np.repeat([False, True], count),
            ),
            StreetTable(tuple(f"{'b' if k else 's'}{i}" for i, k in enumerate(bridge)), names, kind),
            Geometry(np.arange(count + 1) * (self.vertices + 2), vertices.reshape(-1, 2)),
            source="made up",
            attribution="Made-up roads, no licence",
        )

    def content(self) -> ReportContent:
        """A whole report: flooded river, layout, trips along shortest paths, unmet need."""
        rng = np.random.default_rng(self.seed + 1)
        network = self.network()
        nodes = rng.permutation(network.nodes)[: self.sites + self.points]
        lon = network.node_lon[nodes] + 0.0004
        lat = network.node_lat[nodes] + 0.0003
        scenario = self._scenario(lon, lat, rng)
        idents = tuple(site.ident for site in scenario.sites)
        idents += tuple(point.ident for point in scenario.demand_points)
        far = np.full(len(nodes), 45.0)
        network = network.with_places(Places(idents, lon, lat, nodes.astype(np.int32), far / 6, far))
        state = self._state(network, rng)
        plan = self._plan(scenario, network, state)
        stock = tuple(
            sorted(
                StockLine(lot.site, lot.commodity, lot.quantity * 1.25, lot.mode.value)
                for lot in scenario.stock
            )
        )
        opened = tuple(
            sorted(OpenSite(site.ident, site.tiers[0], "L") for site in scenario.sites if _opens(site))
        )
        return ReportContent(
            scenario=scenario,
            network=network,
            road_state=state,
            siting=SolveResult(
                Status.FEASIBLE,
                SitingPlan(opened, stock),
                1250.0,
                1240.0,
                "made up 1",
                1.0,
                limit=Limit.TIME,
                terms={"yearly cost": 250.0, "response": 1000.0},
                notes=("a made-up layout",),
            ),
            dispatch=SolveResult(Status.OPTIMAL, plan, 77.0, 77.0, "made up 1", 2.0),
            evaluation={
                "unmet": [
                    {"measure": "expected", "person_days": 12.5, "states": 200},
                    {"measure": "worst 5 %", "person_days": 93.0, "states": 10},
                ]
            },
            provenance={"created": "2024-07-01T06:00:00", "command": "depotopt run town"},
        )

    def _scenario(self, lon: FloatArray, lat: FloatArray, rng: np.random.Generator) -> Scenario:
        tiers = (
            Tier("city", "City depots", (), ()),
            Tier("district", "District depots", (), ()),
            Tier("township", "Township points", (), ()),
        )
        sites = tuple(
            Site(
                f"D{j + 1:02d}",
                f"{NAMES[j % len(NAMES)]} depot {j + 1}",
                float(lon[j]),
                float(lat[j]),
                (tiers[0 if j < max(1, self.sites // 12) else 1 if j < self.sites // 2 else 2].ident,),
                SiteStatus.CANDIDATE if j % 6 == 5 else SiteStatus.EXISTING,
                kind="warehouse" if j < self.sites // 2 else "school",
                zone=NAMES[j % 4],
                readiness_s=1800.0,
            )
            for j in range(self.sites)
        )
        commodities = (
            Commodity("water", "Drinking water", "L", "living", 1.0, 0.001, per_person_day=3.0),
            Commodity("tent", "Family tent", "tent", "shelter", 55.0, 0.28175, persons_per_unit=5.0),
            Commodity("blanket", "Blanket, 棉被", "piece", "shelter", 2.0, 0.008, persons_per_unit=0.6),
        )
        points = tuple(
            DemandPoint(
                f"P{i + 1:04d}",
                f"{NAMES[i % len(NAMES)]} {'=town' if i == 0 else 'village' if i % 3 else '镇'} {i + 1}",
                float(lon[self.sites + i]),
                float(lat[self.sites + i]),
                people=float(np.round(rng.lognormal(6.2, 0.8))),
                affected_share=0.0 if i % 17 == 16 else 0.4,
                zone=NAMES[i % 4],
            )
            for i in range(self.points)
        )
        stock = tuple(
            Stock(
                f"{site.ident}-{item.ident}",
                site.ident,
                item.ident,
                float(1000 * (j + 1)),
                "city" if item.ident != "water" else "shop",
                StockMode.AGREEMENT if item.ident == "water" else StockMode.PHYSICAL,
                expiry=dt.date(2024, 6, 1) + dt.timedelta(days=90 * j) if item.ident == "water" else None,
            )
            for j, site in enumerate(sites)
            if _opens(site)
            for item in commodities
        )
        truck = VehicleType("T12", "12 t truck", 12_000.0, 40.0)
        return Scenario(
            ident="town",
            title="River town, flood of 1 July",
            description="A made-up region for tests and pictures.",
            folder=Path("town"),
            start=dt.datetime(2024, 7, 1, 6, 0),
            tiers=tiers,
            sites=sites,
            commodities=commodities,
            demand_points=points,
            stock=stock,
            vehicle_types=(truck,),
            fleet=(FleetEntry("T12", sites[0].ident, self.routes),),
            roads=RoadSource(Path("roads.npz")),
            input_hashes={"tables/sites.csv": "0" * 64},
        )

    def _state(self, network: RoadNetwork, rng: np.random.Generator) -> RoadState:
        streets = len(network.streets)
        middle = network.geometry.lonlat[network.geometry.first[:-1]]
        # The river winds from west to east; scour takes bridges near it, reports come from the north.
        east, north = ((middle - middle.min(axis=0)) / np.ptp(middle, axis=0)).T
        river = np.abs(north - 0.45 - 0.12 * np.sin(7 * east))
        wet = np.flatnonzero((river < 0.06) & (rng.random(streets) < 0.45))
        fallen = np.flatnonzero((network.streets.kind == StreetKind.BRIDGE) & (river < 0.25))
        slow = np.flatnonzero((river > 0.06) & (river < 0.2) & (rng.random(streets) < 0.2))
        damage = Damage.concatenate(
            [
                Damage.of(wet, 0.0, depth_m=0.6, until_s=86_400.0, cause=0),
                Damage.of(fallen, 0.0, cause=1),
                Damage.of(slow, 0.4, cause=2),
            ]
        )
        flooded = np.zeros(self.points, dtype=np.bool_)
        flooded[::11] = True
        power = np.ones(self.sites, dtype=np.bool_)
        power[-1] = False
        return RoadState(
            index=3,
            probability=0.02,
            damage=damage,
            causes=("flood", "scour", "reports"),
            site_survival=np.linspace(1, 0.6, self.sites),
            site_power=power,
            need_factor=np.ones(self.points),
            point_flooded=flooded,
        )

    def _tree(self, graph: Any, here: int, limit_s: float | None = None) -> tuple[FloatArray, Int32Array]:
        """Seconds and predecessors within reach of a node."""
        found: Any = dijkstra(
            graph, indices=np.array([here]), return_predecessors=True, limit=limit_s or self.reach_s
        )
        return found[0][0], found[1][0]

    def _plan(self, scenario: Scenario, network: RoadNetwork, state: RoadState) -> DispatchPlan:
        assert network.places is not None
        lost = np.isin(network.street, state.damage.street[state.damage.speed_factor <= 0])
        seconds = np.where(lost, np.inf, network.free_flow_s)
        links = np.flatnonzero(~lost)
        graph: Any = csr_array(
            (seconds[links], (network.tail[links], network.head[links])), shape=(network.nodes,) * 2
        )
        link_at = {
            (int(t), int(h)): int(x)
            for t, h, x in zip(network.tail[links], network.head[links], links, strict=True)
        }
        wanted = need(scenario)
        depots = [j for j, site in enumerate(scenario.sites) if _opens(site)]
        node = network.places.node
        place_at: dict[int, list[int]] = {}
        for i in range(self.points):
            place_at.setdefault(int(node[self.sites + i]), []).append(i)
        part = connected_components(graph, directed=False)[1]
        with_depot = set(part[node[depots]])
        left = {i for i in range(self.points) if wanted[i].any() and not state.point_flooded[i]}
        state_of = {
            scenario.demand_points[i].ident: PointState.FLOODED
            for i in range(self.points)
            if wanted[i].any() and state.point_flooded[i]
        }
        trips, unmet = [], []
        for route in range(self.routes):
            d = route % len(depots)
            site = scenario.sites[depots[d]].ident
            away, _ = self._tree(graph, int(node[depots[d]]))
            within = [i for n in np.flatnonzero(np.isfinite(away)) for i in place_at.get(int(n), ())]
            near = sorted(left.intersection(within), key=lambda i: (away[node[self.sites + i]], i))[:4]
            left.difference_update(near)
            if not near:
                continue
            clock, here, stops = 5400.0, int(node[depots[d]]), []
            for i in near:
                there = int(node[self.sites + i])
                spent, came = self._tree(graph, here)
                if not np.isfinite(spent[there]):
                    continue
                path = _path(came, here, there, link_at)
                clock += float(spent[there])
                point = scenario.demand_points[i].ident
                loads = tuple(
                    Load(item.ident, f"{site}-{item.ident}", float(wanted[i, k]))
                    for k, item in enumerate(scenario.commodities)
                )
                stops.append(
                    Stop(point, clock, clock + 900, loads, path, float(network.length_m[list(path)].sum()))
                )
                state_of[point] = PointState.SERVED
                clock, here = clock + 900, there
            home = int(node[depots[d]])
            spent, came = self._tree(graph, here, 10 * self.reach_s)
            path = _path(came, here, home, link_at)
            trips.append(
                Trip(
                    f"T12-{site}-{route + 1}",
                    "T12",
                    1,
                    site,
                    site,
                    1800.0,
                    5400.0,
                    clock + float(spent[home]),
                    tuple(stops),
                    path,
                    float(network.length_m[list(path)].sum()),
                )
            )
        for i, place in enumerate(scenario.demand_points):
            if state_of.get(place.ident) is PointState.SERVED or not wanted[i].any():
                continue
            cut = part[node[self.sites + i]] not in with_depot
            isolated = PointState.ISOLATED if cut or i % 5 == 0 else PointState.UNSERVED
            why = state_of.setdefault(place.ident, isolated)
            reason = Reason.NO_VEHICLE if why is PointState.UNSERVED else Reason.NO_ROAD
            unmet += [
                UnmetLine(place.ident, item.ident, float(wanted[i, k]), why, reason, "made up")
                for k, item in enumerate(scenario.commodities)
                if wanted[i, k]
            ]
        trips.sort(key=lambda trip: (trip.vehicle, trip.number))
        return DispatchPlan(3, 0.0, tuple(trips), tuple(sorted(unmet)), dict(sorted(state_of.items())))


def _opens(site: Site) -> bool:
    return site.status is SiteStatus.EXISTING


def _path(came: Int32Array, here: int, there: int, link_at: dict[tuple[int, int], int]) -> tuple[int, ...]:
    links, at = list[int](), there
    while at != here:
        before = int(came[at])
        links.append(link_at[before, at])
        at = before
    return tuple(reversed(links))
