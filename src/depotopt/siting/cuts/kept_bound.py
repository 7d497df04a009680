"""`KeptBound`: what one solve proved, as far as it still holds after an edit of the first stage.

A bound may rest on integer masters and trees, which leave no cuts behind. Where responses and the rest of the
goal are as they were, and what may be built is as it was or narrower, a layout can have become cheaper only
by the fall of its own costs; so the bound less the largest such fall is one of the edited problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from depotopt.siting.cuts.kept_cuts import same_responses
from depotopt.siting.model.problem import (
    BudgetRule,
    CountLimit,
    CoverageRule,
    EvennessRule,
    Rule,
    SitingProblem,
)

_SAME = ("storable", "held", "m3_per_unit", "kg_per_unit", "goal", "services")


@dataclass(frozen=True, slots=True)
class KeptBound:
    """No layout of ``problem`` costs less than ``value``."""

    problem: SitingProblem
    value: float

    def brought(self, problem: SitingProblem) -> KeptBound | None:
        """What it proves of another problem; ``None`` where it says nothing.

        With ``F`` the layouts of the other problem, all of them layouts of this one too::

            value' = value - goal.cost * max over F of (yearly cost here - yearly cost there)

        and the maximum is at most: per site the largest fall among its options (one is open), per site and
        commodity the fall of holding times the useful stock, and of purchase times what of it is bought.
        More events per year only raise a value.
        """
        mine = self.problem
        if mine is problem:
            return self
        if not (_no_wider(mine, problem) and same_responses(mine, problem)):
            return None
        fall = _cheaper(mine, problem)
        if fall > 0.0 and any(isinstance(rule, BudgetRule) for rule in problem.rules):
            # What was too dear for a budget may be allowed now.
            return None
        return KeptBound(problem, self.value - problem.goal.cost * fall)


def _cheaper(one: SitingProblem, other: SitingProblem) -> float:
    """Most by which the yearly cost of any layout of ``other`` is less than in ``one``."""
    options = one.options
    fall = np.zeros(one.sites)
    np.maximum.at(fall, options.site, options.cost - other.options.cost)
    holding = np.maximum(one.holding - other.holding, 0.0)
    purchase = np.maximum(one.purchase - other.purchase, 0.0)
    stock = 0.0
    if holding.any() or purchase.any():
        most = other.stock_limit()
        stock = float((holding * most).sum() + (purchase * np.maximum(most - other.held, 0.0)).sum())
    return float(fall.sum()) + stock


def _no_wider(one: SitingProblem, other: SitingProblem) -> bool:
    """Whether every layout of ``other`` is one of ``one``, with all costs but the yearly ones alike."""
    a, b = one.options, other.options
    sizes = one.site_ids == other.site_ids and one.commodity_ids == other.commodity_ids and len(a) == len(b)
    if not (
        sizes and one.events_per_year <= other.events_per_year and one.holding.ndim == other.holding.ndim
    ):
        return False
    options = all(_alike(getattr(a, n), getattr(b, n)) for n in ("site", "tier", "size_class", "supplies"))
    rooms = options and bool((b.m3 <= a.m3).all() and (b.kg <= a.kg).all())
    return (
        rooms
        and all(_alike(getattr(one, name), getattr(other, name)) for name in _SAME)
        and _narrower(one.rules, other.rules)
    )


def _narrower(wide: tuple[Rule, ...], narrow: tuple[Rule, ...]) -> bool:
    """Whether each rule has one that is at least as tight on the other side, in the same order."""
    left: Iterator[Rule] = iter(narrow)
    return all(any(_tighter(rule, other) for other in left) for rule in wide)


def _tighter(rule: Rule, other: Rule) -> bool:
    """Whether what keeps ``other`` keeps ``rule``, told without solving anything."""
    if isinstance(rule, CountLimit) and isinstance(other, CountLimit):
        least = rule.minimum is None or (other.minimum is not None and other.minimum >= rule.minimum)
        most = rule.maximum is None or (other.maximum is not None and other.maximum <= rule.maximum)
        return least and most and _alike(rule.options, other.options)
    if isinstance(rule, CoverageRule) and isinstance(other, CoverageRule):
        return other.required >= rule.required and _alike(rule.cover, other.cover)
    if isinstance(rule, EvennessRule) and isinstance(other, EvennessRule):
        return other.most_s <= rule.most_s and _alike(rule.even, other.even)
    if isinstance(rule, BudgetRule) and isinstance(other, BudgetRule):
        borne = [(rule.option_cost, other.option_cost), (rule.stock_share, other.stock_share)]
        dearer = all(
            (a is None and b is None) or (a is not None and b is not None and bool((b >= a).all()))
            for a, b in borne
        )
        return dearer and other.amount <= rule.amount and rule.with_services == other.with_services
    return _alike(rule, other)


def _alike(one: object, other: object) -> bool:
    """Whether two values, down to the arrays in them, are equal."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if is_dataclass(one):
        return all(_alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return one == other
