"""Every layout of a tiny case with flows between tiers, each priced by one scipy MILP."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from depotopt.need import need, unmet_weight
from depotopt.scenario import SiteStatus, Stock
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray
from tests.siting.brute import Choice, layouts
from tests.siting.cases import Case


def best_supply(case: Case) -> float | None:
    """Least objective over all layouts within the budgets; ``None`` where none is."""
    scenario = case.scenario
    plain = case.with_scenario(
        sites=tuple(
            replace(site, status=SiteStatus.CLOSED) if site.status is SiteStatus.MUTUAL_AID else site
            for site in scenario.sites
        )
    )
    sites = tuple(site.ident for site in scenario.sites)
    points = tuple(point.ident for point in scenario.demand_points)
    states = list(case.ensemble)
    to_points = TravelTimes(case.network, case.engine, sites, points).seconds(states)
    to_sites = TravelTimes(case.network, case.engine, sites, sites).seconds(states)
    values = [SupplyProgram(case, choice, to_points, to_sites).value() for choice in layouts(plain.scenario)]
    found = [value for value in values if value is not None]
    return min(found) if found else None


class SupplyProgram:
    """Stock and flows of fixed open sites: columns and rows collected one by one."""

    def __init__(self, case: Case, choice: Choice, to_points: FloatArray, to_sites: FloatArray) -> None:
        self.case, self.choice = case, choice
        self.to_points, self.to_sites = to_points, to_sites
        self.cost: list[float] = []
        self.integer: list[bool] = []
        self.rows: list[tuple[dict[int, float], float]] = []
        self.constant = 0.0
        self.bills: dict[str, tuple[dict[int, float], float]] = {}
        self.tier_of = {j: way[0] for j, way in choice.items()}
        for j, site in enumerate(case.scenario.sites):
            if site.status is SiteStatus.MUTUAL_AID:
                self.tier_of[j] = case.scenario.tiers[case.scenario.tier_index[site.tiers[0]]]

    def column(self, price: float = 0.0, *, integer: bool = False) -> int:
        self.cost.append(price)
        self.integer.append(integer)
        return len(self.cost) - 1

    def bill(self, owner: str, amount: float) -> dict[int, float]:
        """Charge a fixed amount to an owner; its variable costs go into the columns returned."""
        columns, fixed = self.bills.get(owner, ({}, 0.0))
        self.bills[owner] = (columns, fixed + amount)
        return columns

    def value(self) -> float | None:
        scenario = self.case.scenario
        stock = self._first_stage()
        for s in range(len(self.case.ensemble)):
            self._state(s, stock)
        for owner, most in scenario.rules.owner_budgets:
            columns, fixed = self.bills.get(owner, ({}, 0.0))
            if not columns and fixed > most:
                return None
            self.rows.append((columns, most - fixed))
        if not self.cost:
            return self.constant
        matrix = np.zeros((len(self.rows), len(self.cost)))
        for r, (row, _) in enumerate(self.rows):
            for c, coefficient in row.items():
                matrix[r, c] = coefficient
        upper = np.where(self.integer, 1.0, np.inf)
        result = milp(
            np.array(self.cost),
            constraints=LinearConstraint(matrix, -np.inf, [bound for _, bound in self.rows]),
            integrality=np.array(self.integer, dtype=int),
            bounds=Bounds(0.0, upper),
            options={"mip_rel_gap": 1e-9},
        )
        if result.status == 2:
            return None
        return self.constant + float(result.fun or 0.0)

    def _first_stage(self) -> dict[tuple[int, int], int]:
        scenario = self.case.scenario
        stock = {}
        for j, (_, size) in self.choice.items():
            site = scenario.sites[j]
            building = size.build_cost
            if site.status is SiteStatus.EXISTING:
                building = max(0.0, building - self._today(j))
            fixed = size.fixed_cost + site.fixed_cost + building / scenario.rules.amortisation_years
            self.constant += site.cost_share * fixed
            columns = self.bill(site.owner, site.cost_share * fixed)
            for funder in site.co_funders:
                self.bill(funder, (1 - site.cost_share) * fixed / len(site.co_funders))
            room: list[dict[int, float]] = [{}, {}]
            for k, item in enumerate(scenario.commodities):
                if site.commodity_classes and item.commodity_class not in site.commodity_classes:
                    continue
                years = min(scenario.rules.amortisation_years, (item.shelf_life_days or np.inf) / 365)
                q, b = self.column(item.holding_cost), self.column(item.unit_cost / years)
                stock[j, k] = q
                columns[q], columns[b] = item.holding_cost, item.unit_cost / years
                held = sum(x.quantity for x in self._lots(j, k) if x.mode == "physical")
                self.rows.append(({q: 1.0, b: -1.0}, held))
                room[0][q], room[1][q] = item.m3_per_unit, item.kg_per_unit
            self.rows += [(room[0], size.capacity_m3), (room[1], size.capacity_kg)]
        return stock

    def _today(self, j: int) -> float:
        """Building cost of the class a standing site has today."""
        scenario = self.case.scenario
        site = scenario.sites[j]
        held = [
            (scenario.commodities[k], x) for k in range(2) for x in self._lots(j, k) if x.mode == "physical"
        ]
        m3 = sum(item.m3_per_unit * x.quantity for item, x in held)
        kg = sum(item.kg_per_unit * x.quantity for item, x in held)
        sizes = scenario.tiers[scenario.tier_index[site.tiers[0]]].size_classes
        fits = [size for size in sizes if size.capacity_m3 >= m3 and size.capacity_kg >= kg]
        if fits:
            return min(fits, key=lambda size: size.fixed_cost).build_cost
        return max(sizes, key=lambda size: size.capacity_m3).build_cost

    def _lots(self, j: int, k: int) -> list[Stock]:
        scenario = self.case.scenario
        wanted = (scenario.sites[j].ident, scenario.commodities[k].ident)
        return [lot for lot in scenario.stock if (lot.site, lot.commodity) == wanted]

    def _state(self, s: int, stock: dict[tuple[int, int], int]) -> None:
        scenario, state = self.case.scenario, self.case.ensemble[s]
        wanted = need(scenario, state.need_factor)
        weight = scenario.rules.unmet_penalty * unmet_weight(scenario)
        probability = scenario.rules.events_per_year * state.probability
        self.constant += probability * float((wanted * weight).sum())
        chosen: dict[tuple[int, int], int] = {}
        for k, item in enumerate(scenario.commodities):
            served: dict[int, dict[int, float]] = {}
            by_gate: dict[tuple[int, int], dict[int, float]] = {}
            for j in self.tier_of:
                for ready_s, column, units in self._pools(j, k, stock):
                    sent = {} if column is None else {column: -float(state.site_survival[j])}
                    for h, i, travel_s in self._paths(s, j, ready_s):
                        tonne_hours = item.kg_per_unit / 1000 * travel_s / 3600
                        price = scenario.rules.transport_cost_per_th * tonne_hours - weight[i, k]
                        f = self.column(probability * price)
                        sent[f] = 1.0
                        served.setdefault(i, {})[f] = 1.0
                        by_gate.setdefault((h, i), {})[f] = 1.0
                    self.rows.append((sent, units * float(state.site_survival[j])))
            self.rows += [(flows, float(wanted[i, k])) for i, flows in served.items()]
            if scenario.rules.single_source:
                for (h, i), flows in by_gate.items():
                    if (h, i) not in chosen:
                        chosen[h, i] = self.column(integer=True)
                    self.rows.append(({**flows, chosen[h, i]: -float(wanted[i, k])}, 0.0))
        for i in range(len(wanted)):
            self.rows.append(({c: 1.0 for (_, at), c in chosen.items() if at == i}, 1.0))

    def _pools(
        self, j: int, k: int, stock: dict[tuple[int, int], int]
    ) -> list[tuple[float, int | None, float]]:
        """Moment from which units can leave, the stock column among them, promised units."""
        site = self.case.scenario.sites[j]
        lent = site.status is SiteStatus.MUTUAL_AID
        pools: list[tuple[float, int | None, float]] = []
        if (j, k) in stock:
            pools.append((site.readiness_s, stock[j, k], 0.0))
        for lot in self._lots(j, k):
            if lot.mode == "agreement":
                ready_s = max(site.readiness_s, lot.activation_delay_s)
                pools.append((ready_s, None, lot.quantity * lot.honour_probability))
            elif lent:
                pools.append((site.readiness_s, None, lot.quantity))
        return pools

    def _paths(self, s: int, j: int, ready_s: float) -> list[tuple[int, int, float]]:
        """Depot left last, point and travel time of every way in time."""
        scenario, case = self.case.scenario, self.case
        to_points, to_sites = self.to_points, self.to_sites
        latest = [point.deadline_s or scenario.rules.response_s for point in scenario.demand_points]
        paths = []
        if self.tier_of[j].dispatches:
            for i, last in enumerate(latest):
                if ready_s + to_points[s, j, i] <= last:
                    paths.append((j, i, to_points[s, j, i]))
            return paths
        for h, tier in self.tier_of.items():
            if tier.ident not in self.tier_of[j].replenishes or case.ensemble[s].site_survival[h] <= 0:
                continue
            hub = scenario.sites[h]
            leaves = max(ready_s + to_sites[s, j, h], hub.readiness_s) + hub.transfer_s
            for i, last in enumerate(latest):
                if leaves + to_points[s, h, i] <= last:
                    paths.append((h, i, to_sites[s, j, h] + to_points[s, h, i]))
        return paths
