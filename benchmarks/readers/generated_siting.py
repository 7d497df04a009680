"""Seeded two-stage siting problems of any size: one tier with stock, or a tiered city."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.model.problem import CountLimit, Options, Rule, SitingProblem, StateArcs, SupportRule
from depotopt.units import FloatArray

KG = np.array([1.0, 3.0, 0.5])
"""Weight, volume, transport cost and penalty of a unit all go with it."""
NEED_PER_PERSON = np.array([1.0, 0.2, 0.5])
COST_PER_KG_ACROSS = 100.0
"""Cost of moving a kilogram from one side of the square to the other, 9,000 s without damage."""
PENALTY_PER_KG = 200.0
HOLDING_PER_KG = 0.2


@dataclass(frozen=True, slots=True)
class _Places:
    """Sites and points in the unit square, shapes ``(J, 2)`` and ``(I, 2)``; people of points ``(I,)``."""

    site_at: FloatArray
    point_at: FloatArray
    people: FloatArray


def one_tier(
    sites: int, points: int, states: int, commodities: int, seed: int, *, nearest: int = 12
) -> SitingProblem:
    """Sites and points in a square; each state a disaster that hurts roads and people around its centre.

    The proportions (fixed 200 to 400, transport up to 140, penalty 200, holding 0.2 a kilogram, an eighth
    of the largest need in one depot) leave a fifth of the sites open and little need unmet.
    """
    rng = np.random.default_rng(seed)
    site_at, point_at = rng.random((sites, 2)), rng.random((points, 2))
    people = np.round(rng.lognormal(0.0, 1.0, points) * 100) + 1
    fixed = rng.uniform(200.0, 400.0, sites)
    options = Options(
        site=np.arange(sites, dtype=np.int32),
        tier=np.zeros(sites, dtype=np.int32),
        size_class=np.zeros(sites, dtype=np.int32),
        cost=fixed,
        m3=np.full(sites, 0.5 * people.sum() * float((KG * NEED_PER_PERSON)[:commodities].sum()) / 8),
        kg=np.full(sites, np.inf),
        dispatches=np.ones(sites, dtype=np.bool_),
    )
    return _problem(rng, _Places(site_at, point_at, people), options, (), states, commodities, nearest)


def tiered_city(
    points: int, states: int, commodities: int, seed: int, *, candidates: tuple[int, ...] = (20, 200, 2_000),
    nearest: int = 24,
) -> SitingProblem:  # fmt: skip
    """Three dispatching tiers of growing number and falling size, each supported by the one above."""
    rng = np.random.default_rng(seed)
    sites = sum(candidates)
    tier = np.repeat(np.arange(len(candidates)), candidates).astype(np.int32)
    site_at, point_at = rng.random((sites, 2)), rng.random((points, 2))
    people = np.round(rng.lognormal(0.0, 1.0, points) * 100) + 1
    total_m3 = float(people.sum() * (KG * NEED_PER_PERSON)[:commodities].sum())
    room = total_m3 * np.array([0.4, 0.05, 0.006])[tier]
    fixed = np.array([20_000.0, 3_000.0, 400.0])[tier] * rng.uniform(0.8, 1.2, sites)
    options = Options(
        site=np.repeat(np.arange(sites), 2).astype(np.int32),
        tier=np.repeat(tier, 2),
        size_class=np.tile([0, 1], sites).astype(np.int32),
        cost=(fixed[:, None] * np.array([0.6, 1.0])).ravel(),
        m3=(room[:, None] * np.array([0.4, 1.0])).ravel(),
        kg=np.full(2 * sites, np.inf),
        dispatches=np.ones(2 * sites, dtype=np.bool_),
    )
    rules: list[Rule] = []
    for t, most in enumerate((5, 30)):
        members = np.flatnonzero(options.tier == t).astype(np.int32)
        rules.append(CountLimit(f"tier {t}: at most {most} open site(s)", members, None, most))
    for t, reach in ((1, 0.35), (2, 0.12)):
        needing, helpers = [], []
        for j in np.flatnonzero(tier == t):
            near = np.hypot(*(site_at[options.site] - site_at[j]).T) <= reach
            needing.append(np.flatnonzero(options.site == j).astype(np.int32))
            helpers.append(np.flatnonzero(near & (options.tier < t)).astype(np.int32))
        rules.append(SupportRule(f"tier {t}: support", tuple(needing), tuple(helpers)))
    places = _Places(site_at, point_at, people)
    return _problem(rng, places, options, tuple(rules), states, commodities, nearest)


def _problem(
    rng: np.random.Generator,
    places: _Places,
    options: Options,
    rules: tuple[Rule, ...],
    states: int,
    commodities: int,
    nearest: int,
) -> SitingProblem:
    point_at, people = places.point_at, places.people
    sites, points = len(places.site_at), len(point_at)
    need = np.zeros((states, points, commodities))
    counts = np.zeros((states, points), dtype=np.int64)
    base_site, base_s = _nearest(places.site_at, point_at, nearest)
    # Filled state by state and cut at the end: no second copy of the arcs.
    site = np.empty(states * base_site.size, dtype=np.int32)
    time_ds = np.empty(states * base_site.size, dtype=np.int32)
    end = 0
    for s in range(states):
        centre, radius = rng.random(2), 0.15 + 0.25 * rng.random()
        hurt = np.exp(-((point_at - centre) ** 2).sum(axis=1) / radius**2)
        need[s] = np.ceil(people[:, None] * hurt[:, None] * NEED_PER_PERSON[:commodities])
        seconds = base_s * (1 + 3 * hurt[:, None] * rng.random(base_s.shape))
        kept = rng.random(base_s.shape) >= 0.3 * hurt[:, None]
        order = np.argsort(np.where(kept, seconds, np.inf), axis=1, kind="stable")
        kept = np.take_along_axis(kept, order, 1)
        counts[s] = kept.sum(axis=1)
        begin, end = end, end + int(counts[s].sum())
        site[begin:end] = np.take_along_axis(base_site, order, 1)[kept]
        time_ds[begin:end] = np.rint(np.take_along_axis(seconds, order, 1)[kept] * 10)
    first = np.zeros(states * points + 1, dtype=np.int64)
    np.cumsum(counts.ravel(), out=first[1:])
    shape = (sites, commodities)
    kg = KG[:commodities]
    return SitingProblem(
        site_ids=tuple(f"D{j}" for j in range(sites)),
        tier_ids=tuple(f"T{t}" for t in range(int(options.tier.max()) + 1)),
        class_ids=(("small", "large"),) * (int(options.tier.max()) + 1),
        point_ids=tuple(f"P{i}" for i in range(points)),
        commodity_ids=tuple(f"K{k}" for k in range(commodities)),
        options=options,
        rules=rules,
        storable=np.ones(shape, dtype=np.bool_),
        held=np.zeros(shape),
        agreed=np.zeros(shape),
        table_agreements=np.zeros(shape),
        holding=HOLDING_PER_KG * kg,
        purchase=np.zeros(commodities),
        m3_per_unit=kg,
        kg_per_unit=kg,
        rate=COST_PER_KG_ACROSS * kg / 90_000.0,
        probability=np.full(states, 1.0 / states),
        share=np.ones((states, sites)),
        need=need,
        penalty=np.tile(PENALTY_PER_KG * kg, (points, 1)),
        arcs=StateArcs(first, site[:end], time_ds[:end]),
        events_per_year=1.0,
        nearest=nearest,
    )


def _nearest(
    site_at: FloatArray, point_at: FloatArray, nearest: int
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], FloatArray]:
    """Nearest sites of each point and seconds to them, 100 km across at 40 km/h."""
    from scipy.spatial import cKDTree

    distance, site = cKDTree(site_at).query(point_at, k=min(nearest, len(site_at)))
    return np.asarray(site).reshape(len(point_at), -1), np.asarray(distance).reshape(
        len(point_at), -1
    ) * 9_000.0
