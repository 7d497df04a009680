"""The first stage as columns and rows: what every siting engine puts in front of its second stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.model.cover import add_cover
from depotopt.siting.model.evenness import add_evenness
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import (
    BudgetRule,
    CountLimit,
    CoverageRule,
    EvennessRule,
    Layout,
    Rule,
    SitingProblem,
    SupportRule,
)
from depotopt.units import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Positions of the first-stage columns.

    Attributes
    ----------
    open
        Column of each option, shape ``(O,)``.
    stock, bought
        Columns per site and commodity, shape ``(J, K)``; -1 where nothing can be held (or bought
        stock costs nothing more than held stock).
    unit
        Units of commodity per unit of a stock column, shape ``(J, K)``: what is useful at most, so
        that all columns lie in [0, 1] and engines' tolerances mean the same everywhere.
    covered, spared
        Columns of covers that are priced, and the cost each saves per year.
    """

    open: Int64Array
    stock: Int64Array
    bought: Int64Array
    unit: FloatArray
    covered: Int64Array
    spared: FloatArray

    def layout(self, problem: SitingProblem, values: FloatArray) -> Layout:
        """Read a layout from a solution; stock is clipped to what the chosen options take."""
        options = np.flatnonzero(values[self.open] > 0.5).astype(np.int32)
        stock = np.where(self.stock >= 0, values[self.stock] * self.unit, 0.0)
        return fitted(problem, Layout(options, stock))


def fitted(problem: SitingProblem, layout: Layout) -> Layout:
    """The layout with its stock scaled down where rounding of an engine exceeds storage."""
    o = problem.options
    chosen = layout.options[o.supplies[layout.options]]
    room_m3, room_kg = np.zeros(problem.sites), np.zeros(problem.sites)
    room_m3[o.site[chosen]], room_kg[o.site[chosen]] = o.m3[chosen], o.kg[chosen]
    stock = np.where(problem.storable, np.maximum(layout.stock, 0.0), 0.0)
    used = np.array([stock @ problem.m3_per_unit, stock @ problem.kg_per_unit])
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(used > 0, np.stack([room_m3, room_kg]) / used, 1.0).min(axis=0)
    stock = stock * np.minimum(scale, 1.0)[:, None]
    # A thousandth of a unit is an engine's rounding, not a reserve.
    return Layout(layout.options, np.where(stock < 1e-3, 0.0, stock))


def add_first_stage(
    arrays: LinearArrays,
    problem: SitingProblem,
    rules: tuple[Rule, ...] | None = None,
    *,
    integer: bool = True,
    weight: float = 1.0,
    cost_unit: float = 1.0,
) -> FirstStage:
    """Add first-stage columns, costs, storage rows and rules.

    Parameters
    ----------
    arrays
        Model to add to.
    problem
        The siting problem.
    rules
        Rules to add; ``None`` for all of the problem (conflict search leaves some out).
    integer
        Whether ``open`` is integer.
    weight
        Of the yearly cost in the objective.
    cost_unit
        The objective counts in units of this much cost.
    """
    o = problem.options
    per_cost = weight / cost_unit
    opened = arrays.add_columns(len(o), upper=1.0, cost=o.cost * per_cost, integer=integer)
    limit = problem.stock_limit()
    stock = np.full(limit.shape, -1, dtype=np.int64)
    bought = np.full(limit.shape, -1, dtype=np.int64)
    site, commodity = np.nonzero(limit > 0)
    # Where nothing is held already, every unit is bought: one column carries both costs.
    fresh = problem.held[site, commodity] <= 0
    holding = np.broadcast_to(problem.holding, limit.shape)
    price = holding[site, commodity] + np.where(fresh, problem.purchase[commodity], 0.0)
    scale = limit[site, commodity]
    stock[site, commodity] = arrays.add_columns(len(site), upper=1.0, cost=price * scale * per_cost)
    extra = ~fresh & (problem.purchase[commodity] > 0)
    bought[site[extra], commodity[extra]] = arrays.add_columns(
        int(extra.sum()), cost=problem.purchase[commodity[extra]] * scale[extra] * per_cost
    )
    covered = [
        add_cover(arrays, opened, service.cover, cost=service.cost * per_cost) for service in problem.services
    ]
    spared = [service.cost * service.cover.weight for service in problem.services]
    stage = FirstStage(
        opened, stock, bought, limit,
        np.concatenate([np.empty(0, dtype=np.int64), *covered]), np.concatenate([np.empty(0), *spared]),
    )  # fmt: skip
    _one_option_per_site(arrays, problem, stage)
    _storage(arrays, problem, stage)
    j, k = np.nonzero(bought >= 0)
    rows = np.arange(len(j))
    arrays.add_rows(
        -problem.held[j, k] / limit[j, k],
        np.inf,
        np.concatenate([rows, rows]),
        np.concatenate([bought[j, k], stock[j, k]]),
        np.repeat([1.0, -1.0], len(j)),
    )
    for rule in problem.rules if rules is None else rules:
        _add_rule(arrays, problem, stage, rule)
    return stage


def _one_option_per_site(arrays: LinearArrays, problem: SitingProblem, stage: FirstStage) -> None:
    sites, row = np.unique(problem.options.site, return_inverse=True)
    arrays.add_rows(np.full(len(sites), -np.inf), np.ones(len(sites)), row, stage.open, 1.0)


def _storage(arrays: LinearArrays, problem: SitingProblem, stage: FirstStage) -> None:
    """Volume and weight per site, and per commodity what is useful at all (a tighter relaxation)."""
    o = problem.options
    able = np.flatnonzero(o.supplies)
    for room, per_unit in ((o.m3, problem.m3_per_unit), (o.kg, problem.kg_per_unit)):
        j, k = np.nonzero(stage.stock >= 0)
        with_room = able[np.isfinite(room[able])]
        if not len(with_room):
            continue
        # A site with an option of unlimited room is not bound by this row.
        unlimited = np.isin(np.arange(problem.sites), o.site[able[~np.isfinite(room[able])]])
        keep = ~unlimited[j]
        own = with_room[~unlimited[o.site[with_room]]]
        arrays.add_rows(
            np.full(problem.sites, -np.inf),
            np.zeros(problem.sites),
            np.concatenate([j[keep], o.site[own]]),
            np.concatenate([stage.stock[j[keep], k[keep]], stage.open[own]]),
            np.concatenate([per_unit[k[keep]] * stage.unit[j[keep], k[keep]], -room[own]]),
        )
    j, k = np.nonzero(stage.stock >= 0)
    first = np.searchsorted(o.site[able], np.arange(problem.sites + 1))
    count = np.diff(first)[j]
    row = np.repeat(np.arange(len(j)), count)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    option = able[first[j][row] + offset]
    most = np.minimum(
        stage.unit[j[row], k[row]],
        np.minimum(o.m3[option] / problem.m3_per_unit[k[row]], o.kg[option] / problem.kg_per_unit[k[row]]),
    )
    arrays.add_rows(
        np.full(len(j), -np.inf),
        np.zeros(len(j)),
        np.concatenate([np.arange(len(j)), row]),
        np.concatenate([stage.stock[j, k], stage.open[option]]),
        np.concatenate([np.ones(len(j)), -most / stage.unit[j[row], k[row]]]),
    )


def _add_rule(arrays: LinearArrays, problem: SitingProblem, stage: FirstStage, rule: Rule) -> None:
    if isinstance(rule, CountLimit):
        low = -np.inf if rule.minimum is None else rule.minimum
        high = np.inf if rule.maximum is None else rule.maximum
        arrays.add_rows(low, high, np.zeros(len(rule.options), dtype=np.int64), stage.open[rule.options], 1.0)
    elif isinstance(rule, SupportRule):
        for needing, helpers in zip(rule.needing, rule.helpers, strict=True):
            columns = stage.open[np.concatenate([needing, helpers])]
            values = np.concatenate([np.ones(len(needing)), -np.ones(len(helpers))])
            arrays.add_rows(-np.inf, 0.0, np.zeros(len(columns), dtype=np.int64), columns, values)
    elif isinstance(rule, CoverageRule):
        covered = add_cover(arrays, stage.open, rule.cover, cost=0.0)
        total = max(rule.cover.total, 1e-12)
        row = np.zeros(len(covered), dtype=np.int64)
        arrays.add_rows(rule.required / total, np.inf, row, covered, rule.cover.weight / total)
    elif isinstance(rule, EvennessRule):
        columns, values = add_evenness(arrays, stage.open, rule.even)
        most = rule.most_s / rule.even.scale_s
        arrays.add_rows(-np.inf, most, np.zeros(len(columns), dtype=np.int64), columns, values)
    else:
        _add_budget(arrays, problem, stage, rule)


def _add_budget(arrays: LinearArrays, problem: SitingProblem, stage: FirstStage, rule: BudgetRule) -> None:
    columns, values, amount = budget_row(problem, stage, rule)
    arrays.add_rows(-np.inf, amount, np.zeros(len(columns), dtype=np.int64), columns, values)


def budget_row(
    problem: SitingProblem, stage: FirstStage, rule: BudgetRule
) -> tuple[Int64Array, FloatArray, float]:
    """What a budget bears: columns, cost of each, and the amount their sum may reach."""
    j, k = np.nonzero(stage.stock >= 0)
    b = np.nonzero(stage.bought >= 0)
    fresh = problem.held[j, k] <= 0
    j_by_k = stage.stock.shape
    borne = np.ones(problem.sites) if rule.stock_share is None else rule.stock_share
    columns = np.concatenate([stage.open, stage.stock[j, k], stage.bought[b]])
    values = np.concatenate(
        [
            problem.options.cost if rule.option_cost is None else rule.option_cost,
            (np.broadcast_to(problem.holding, j_by_k)[j, k] + np.where(fresh, problem.purchase[k], 0.0))
            * (stage.unit[j, k] * borne[j]),
            problem.purchase[b[1]] * stage.unit[b] * borne[b[0]],
        ]
    )
    amount = rule.amount
    if rule.with_services:
        columns = np.concatenate([columns, stage.covered])
        values = np.concatenate([values, -stage.spared])
        amount -= sum(service.cost * service.cover.total for service in problem.services)
    return columns, values, amount
