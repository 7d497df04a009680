"""Every layout of a tiny case, each priced by one LP built from the scenario alone (scipy)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from scipy.optimize import linprog

from depotopt.hazards.states import intact
from depotopt.need import need, unmet_weight
from depotopt.rules import SizeClass, Tier
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.model.problem import SitingProblem
from depotopt.travel import TravelTimes
from tests.siting.cases import Case

Choice = dict[int, tuple[Tier, SizeClass]]


def best_value(case: Case) -> float | None:
    """Least objective over all layouts that keep the rules; ``None`` where none does."""
    values = [priced(case, choice) for choice in layouts(case.scenario) if keeps_rules(case, choice)]
    found = [value for value in values if value is not None]
    return min(found) if found else None


def layouts(scenario: Scenario) -> Iterator[Choice]:
    ways: list[list[tuple[Tier, SizeClass] | None]] = []
    for site in scenario.sites:
        open_ways: list[tuple[Tier, SizeClass] | None] = [
            (tier, size) for tier in scenario.tiers if tier.ident in site.tiers for size in tier.size_classes
        ]
        if site.status is SiteStatus.CLOSED:
            open_ways = []
        ways.append(open_ways if site.status is SiteStatus.MUST_OPEN else [None, *open_ways])
    for combination in itertools.product(*ways):
        yield {j: way for j, way in enumerate(combination) if way is not None}


def seconds(case: Case, *, among_sites: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Travel times per road state and with no road lost."""
    sites = tuple(site.ident for site in case.scenario.sites)
    points = tuple(point.ident for point in case.scenario.demand_points)
    times = TravelTimes(case.network, case.engine, sites, sites if among_sites else points)
    return times.seconds(list(case.ensemble)), times.of_state(intact(len(sites), len(points)))


def keeps_rules(case: Case, choice: Choice) -> bool:
    scenario = case.scenario
    calm = seconds(case)[1]
    between = seconds(case, among_sites=True)[1]
    height = {tier.ident: t for t, tier in enumerate(scenario.tiers)}
    for t, tier in enumerate(scenario.tiers):
        members = [j for j, way in choice.items() if way[0].ident == tier.ident]
        above = [j for j, way in choice.items() if height[way[0].ident] < t]
        for rule in tier.counts:
            zones = (
                {s.zone for s in scenario.sites if tier.ident in s.tiers} if rule.zone == "*" else {rule.zone}
            )
            for zone in zones:
                number = sum(
                    (not rule.kind or scenario.sites[j].kind == rule.kind)
                    and (not zone or scenario.sites[j].zone == zone)
                    for j in members
                )
                if not (rule.minimum or 0) <= number <= (np.inf if rule.maximum is None else rule.maximum):
                    return False
        if tier.support_s is not None and any(
            not any(between[h, j] <= tier.support_s for h in above) for j in members
        ):
            return False
        people = np.array([point.people for point in scenario.demand_points])
        serving = members + above
        if people @ credits(tier, calm[serving]) < tier.min_coverage * people.sum() - 1e-9:
            return False
        if expected_cover(case, tier, serving) < tier.min_expected_coverage * people.sum() - 1e-9:
            return False
    return True


def credits(tier: Tier, times: np.ndarray) -> np.ndarray:
    """Credit per point of the travel times of its depots: of the farthest step with enough of them inside."""
    steps = tier.graded or ((tier.service_standard_s or 0.0, 1.0),)
    worth = [np.where((times <= within).sum(axis=0) >= tier.backup, credit, 0.0) for within, credit in steps]
    best: np.ndarray = np.max(worth, axis=0)
    return best


def expected_cover(case: Case, tier: Tier, serving: list[int]) -> float:
    """People covered, averaged over the road states; depots that do not survive do not count."""
    people = np.array([point.people for point in case.scenario.demand_points])
    per_state = seconds(case)[0]
    total = 0.0
    for s, state in enumerate(case.ensemble):
        alive = [j for j in serving if state.site_survival[j] > 0]
        total += state.probability * float(people @ credits(tier, per_state[s][alive]))
    return total


def uncovered(case: Case, choice: Choice) -> float:
    """What people not covered cost per year."""
    height = {tier.ident: t for t, tier in enumerate(case.scenario.tiers)}
    people = sum(point.people for point in case.scenario.demand_points)
    return sum(
        tier.uncovered_cost
        * (people - expected_cover(case, tier, [j for j, way in choice.items() if height[way[0].ident] <= t]))
        for t, tier in enumerate(case.scenario.tiers)
        if tier.uncovered_cost > 0
    )


def priced(case: Case, choice: Choice) -> float | None:
    """Objective of the best stock and flows for fixed open sites; ``None`` over budget."""
    scenario = case.scenario
    rules = scenario.rules
    per_state = seconds(case)[0]
    weight = rules.unmet_penalty * unmet_weight(scenario)
    fixed = sum(
        scenario.sites[j].cost_share * (size.fixed_cost + scenario.sites[j].fixed_cost)
        for j, (_, size) in choice.items()
    )
    cost: list[float] = []
    rows: list[tuple[dict[int, float], float]] = []
    constant = fixed + uncovered(case, choice)

    def column(price: float) -> int:
        cost.append(price)
        return len(cost) - 1

    yearly: dict[int, float] = {}
    stock: dict[tuple[int, int], int] = {}
    for j, (_, size) in choice.items():
        site = scenario.sites[j]
        volume: dict[int, float] = {}
        mass: dict[int, float] = {}
        for k, item in enumerate(scenario.commodities):
            if site.commodity_classes and item.commodity_class not in site.commodity_classes:
                continue
            held = sum(
                lot.quantity
                for lot in scenario.stock
                if (lot.site, lot.commodity, lot.mode) == (site.ident, item.ident, "physical")
            )
            years = min(rules.amortisation_years, (item.shelf_life_days or np.inf) / 365)
            q, b = column(item.holding_cost), column(item.unit_cost / years)
            stock[j, k] = q
            rows.append(({q: 1.0, b: -1.0}, held))
            volume[q], mass[q] = item.m3_per_unit, item.kg_per_unit
            yearly[q], yearly[b] = item.holding_cost, item.unit_cost / years
        rows.append((volume, min(size.capacity_m3, site.capacity_m3)))
        rows.append((mass, min(size.capacity_kg, site.capacity_kg)))
    if rules.budget is not None:
        rows.append((yearly, rules.budget - fixed))
    latest = [point.deadline_s or rules.response_s for point in scenario.demand_points]
    for s, state in enumerate(case.ensemble):
        wanted = need(scenario, state.need_factor)
        probability = rules.events_per_year * state.probability
        constant += probability * float((wanted * weight).sum())
        for k, item in enumerate(scenario.commodities):
            served: dict[int, dict[int, float]] = {}
            for j, (tier, _) in choice.items():
                if (j, k) not in stock or not tier.dispatches:
                    continue
                sent = {stock[j, k]: -state.site_survival[j]}
                for i in range(len(latest)):
                    travel = per_state[s, j, i]
                    if travel + scenario.sites[j].readiness_s <= latest[i]:
                        price = rules.transport_cost_per_th * item.kg_per_unit / 1000 * travel / 3600
                        f = column(probability * (price - weight[i, k]))
                        sent[f] = 1.0
                        served.setdefault(i, {})[f] = 1.0
                agreed = sum(
                    lot.quantity * lot.honour_probability
                    for lot in scenario.stock
                    if (lot.site, lot.commodity, lot.mode)
                    == (scenario.sites[j].ident, item.ident, "agreement")
                )
                rows.append((sent, agreed * state.site_survival[j]))
            rows += [(flows, wanted[i, k]) for i, flows in served.items()]
    matrix = np.zeros((len(rows), len(cost)))
    for r, (coefficients, _) in enumerate(rows):
        for c, value in coefficients.items():
            matrix[r, c] = value
    if not cost:
        return constant if rules.budget is None or fixed <= rules.budget else None
    limits = np.array([bound for _, bound in rows])
    result = linprog(np.array(cost), matrix, limits, bounds=(0.0, None))
    return None if result.status == 2 else constant + float(np.asarray(cost) @ result.x)


def risk_priced(problem: SitingProblem, options: list[int]) -> float:
    """Objective of the best stock and flows for fixed options, risk measures included, by one LP.

    Variables: stock, bought, flows, unmet; per state the response; threshold, excess and the worst.
    """
    o, goal = problem.options, problem.goal
    rows: list[tuple[dict[int, float], float]] = []
    equal: list[tuple[dict[int, float], float]] = []
    cost: list[float] = []

    def column(price: float = 0.0) -> int:
        cost.append(price)
        return len(cost) - 1

    sites = {int(o.site[n]): n for n in options if o.dispatches[n]}
    stock = {}
    for j, n in sites.items():
        for k in map(int, np.flatnonzero(problem.storable[j])):
            q, b = column(float(problem.holding[k])), column(float(problem.purchase[k]))
            stock[j, k] = q
            rows.append(({q: 1.0, b: -1.0}, float(problem.held[j, k])))
        for room, per_unit in ((o.m3[n], problem.m3_per_unit), (o.kg[n], problem.kg_per_unit)):
            if np.isfinite(room):
                own = {q: float(per_unit[k]) for (at, k), q in stock.items() if at == j}
                rows.append((own, float(room)))
    eta, worst, points = column(), column(), problem.points
    cost[eta] = goal.cvar * problem.events_per_year
    cost[worst] = goal.worst * problem.events_per_year
    for s in range(problem.states):
        p = problem.probability[s] * problem.events_per_year
        response, excess = column(goal.mean * p), column(goal.cvar * p / (1 - goal.level))
        parts: dict[int, float] = {response: -1.0}
        sent: dict[tuple[int, int], dict[int, float]] = {}
        for i in range(points):
            for k in range(problem.commodities):
                unmet = column()
                parts[unmet] = float(problem.penalty[i, k])
                got = {unmet: 1.0}
                for a in range(problem.arcs.first[s * points + i], problem.arcs.first[s * points + i + 1]):
                    j = int(problem.arcs.site[a])
                    if j in sites:
                        f = column()
                        got[f] = 1.0
                        parts[f] = float(problem.rate[k] * problem.arcs.time_ds[a])
                        sent.setdefault((j, k), {})[f] = 1.0
                equal.append((got, float(problem.need[s, i, k])))
        rows += [(parts, 0.0), ({response: 1.0, eta: -1.0, excess: -1.0}, 0.0)]
        rows.append(({response: 1.0, worst: -1.0}, 0.0))
        for (j, k), flows in sent.items():
            share = float(problem.share[s, j])
            if (j, k) in stock:
                flows[stock[j, k]] = -share
            rows.append((flows, share * float(problem.agreed[j, k])))

    def matrix(given: list[tuple[dict[int, float], float]]) -> np.ndarray:
        full = np.zeros((len(given), len(cost)))
        for r, (coefficients, _) in enumerate(given):
            full[r, list(coefficients)] = list(coefficients.values())
        return full

    limits, wanted = [bound for _, bound in rows], [amount for _, amount in equal]
    result = linprog(cost, matrix(rows), limits, matrix(equal), wanted, bounds=(0.0, None))
    return float(result.fun + o.cost[options].sum())
