"""Scenario reduction: a few road states that stand for many, and the error that makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.hazards.statistics import weighted_cvar, weighted_mean
from depotopt.roads.network import RoadNetwork
from depotopt.units import FloatArray, Int64Array

MOST_FOR_FORWARD = 6000
"""Fast forward selection keeps all pairwise distances: 6,000 states take 144 MB."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """Road states chosen to stand for all.

    Attributes
    ----------
    chosen
        Indices of the states kept, ascending.
    probability
        Their weights: each takes over those of the states it stands for.
    stands_for
        Position in ``chosen`` of the state that stands for each original state, shape ``(S,)``.
    distance
        Kantorovich distance between the two ensembles: mean distance of a state to its stand-in.
    distance_of_one
        The same when the best single state stands for all; ``distance / distance_of_one`` is the share
        of the spread that is lost.
    """

    chosen: Int64Array
    probability: FloatArray
    stands_for: Int64Array
    distance: float
    distance_of_one: float

    @property
    def relative(self) -> float:
        """Share of the ensemble's spread that is lost, from 0 to 1."""
        return self.distance / self.distance_of_one if self.distance_of_one > 0 else 0.0

    def ensemble(self, ensemble: RoadLossEnsemble) -> RoadLossEnsemble:
        """The reduced ensemble."""
        from dataclasses import replace

        states = [
            replace(ensemble[int(s)], probability=float(p))
            for s, p in zip(self.chosen, self.probability, strict=True)
        ]
        return RoadLossEnsemble.of(states, ensemble.seed)


@dataclass(frozen=True, slots=True)
class ReductionError:
    """How far figures move when the reduced ensemble is used.

    Attributes
    ----------
    mean, cvar
        Difference of the mean and of the CVaR (reduced minus full).
    tail
        Tail of the CVaR.
    """

    mean: float
    cvar: float
    tail: float


def fast_forward(features: npt.ArrayLike, probability: npt.ArrayLike, keep: int) -> Reduction:
    """Fast forward selection: in every step the state is added that brings the distance down most.

    Heitsch and Roemisch (2003), Computational Optimization and Applications 24, 187-206, algorithm 2.4,
    with the Euclidean distance of features. Deterministic; ties go to the first state.

    Parameters
    ----------
    features
        What makes states alike, shape ``(S, F)``, scaled as it matters.
    probability
        Weights, summing to 1.
    keep
        States to keep.

    Raises
    ------
    UsageError
        If ``keep`` is not in ``1 .. S`` or there are more than `MOST_FOR_FORWARD` states.
    """
    x, w = _checked(features, probability, keep)
    if len(x) > MOST_FOR_FORWARD:
        raise UsageError(f"{len(x)} states are too many for fast forward selection: use k_medoids")
    distance = _distances(x, x).astype(np.float32)
    nearest = np.full(len(x), np.inf)
    chosen: list[int] = []
    first_cost = 0.0
    for step in range(keep):
        cost = np.concatenate(
            [
                w @ np.minimum(nearest[:, None], distance[:, part])
                for part in (slice(a, min(a + 256, len(x))) for a in range(0, len(x), 256))
            ]
        )
        cost[chosen] = np.inf
        best = int(np.argmin(cost))
        if step == 0:
            first_cost = float(cost[best])
        chosen.append(best)
        nearest = np.minimum(nearest, distance[:, best])
    return _reduction(x, w, np.array(sorted(chosen)), first_cost)


def k_medoids(
    features: npt.ArrayLike, probability: npt.ArrayLike, keep: int, seed: int, rounds: int = 50
) -> Reduction:
    """Weighted k-medoids: states are assigned to their nearest medoid, medoids move, until nothing does.

    Started by D-squared sampling (Arthur and Vassilvitskii 2007); memory grows with ``S keep``, not
    with ``S^2``. See `fast_forward` for the other parameters.

    Parameters
    ----------
    features, probability, keep
        As in `fast_forward`.
    seed
        Seed of the start.
    rounds
        Most rounds.
    """
    x, w = _checked(features, probability, keep)
    rng = np.random.default_rng(seed)
    medoids = _spread_start(x, w, keep, rng)
    for _ in range(rounds):
        nearest = np.argmin(_distances(x, x[medoids]), axis=1)
        moved = medoids.copy()
        for cluster in range(keep):
            members = np.flatnonzero(nearest == cluster)
            if len(members):
                cost = w[members] @ _distances(x[members], x[members])
                moved[cluster] = members[int(np.argmin(cost))]
        if (moved == medoids).all():
            break
        medoids = moved
    centre = _distances(x, (w @ x)[None, :])[:, 0]
    # The state nearest the mean is the single state to compare with; the exact one needs all pairs.
    single = _distances(x, x[[int(np.argmin(centre))]])[:, 0]
    return _reduction(x, w, np.unique(medoids), float(w @ single))


def reduction_error(
    reduction: Reduction, values: npt.ArrayLike, probability: npt.ArrayLike, tail: float = 0.95
) -> ReductionError:
    """Compare mean and CVaR of a figure known for all states.

    Parameters
    ----------
    reduction
        The reduction to judge.
    values
        A figure per original state (unmet need, say).
    probability
        Weights of the original states.
    tail
        Tail of the CVaR.
    """
    x = np.asarray(values, dtype=np.float64)
    few = x[reduction.chosen]
    return ReductionError(
        weighted_mean(few, reduction.probability).value - weighted_mean(x, probability).value,
        weighted_cvar(few, reduction.probability, tail).value - weighted_cvar(x, probability, tail).value,
        tail,
    )


def state_features(ensemble: RoadLossEnsemble, network: RoadNetwork, cells: int = 12) -> FloatArray:
    """Features by which road states resemble one another, shape ``(S, F)``.

    Lost road length per cell of a grid over the network (share of the cell's length), site survival,
    power, flooded points and need, each group scaled so that losing everything counts 1. They need no
    travel times; `response_features` use them.

    Parameters
    ----------
    ensemble
        Road states.
    network
        Roads.
    cells
        Cells per side of the grid.
    """
    first = network.links_of_street
    start = first[1][np.minimum(first[0][:-1], max(network.links - 1, 0))]
    lon, lat = network.node_lon[network.tail[start]], network.node_lat[network.tail[start]]
    column, row = (
        np.minimum(
            (cells * (value - value.min()) / max(float(np.ptp(value)), 1e-12)).astype(np.int64), cells - 1
        )
        for value in (lon, lat)
    )
    cell = row * cells + column
    length = np.bincount(network.street, weights=network.length_m, minlength=len(network.streets))
    total = np.bincount(cell, weights=length, minlength=cells * cells)
    state = np.repeat(np.arange(len(ensemble)), np.diff(ensemble.first))
    worst = 1.0 - ensemble.damage.speed_factor
    worst[ensemble.damage.depth_m > 0] = 1.0
    lost = np.zeros((len(ensemble), cells * cells))
    np.add.at(lost, (state, cell[ensemble.damage.street]), worst * length[ensemble.damage.street])
    used = total > 0
    groups = [
        np.minimum(lost[:, used] / total[used], 1.0),
        1.0 - ensemble.site_survival.astype(np.float64),
        1.0 - ensemble.site_power.astype(np.float64),
        ensemble.point_flooded.astype(np.float64),
        ensemble.need_factor.astype(np.float64) - 1.0,
    ]
    return np.concatenate([group / np.sqrt(group.shape[1]) for group in groups if group.shape[1]], axis=1)


def response_features(
    travel_s: FloatArray,
    site_survival: FloatArray,
    need_factor: FloatArray,
    *,
    site_weight: FloatArray,
    point_weight: FloatArray,
    response_s: float,
) -> FloatArray:
    """Features by which road states resemble one another *for the response*, shape ``(S, 2 I + J)``.

    Per point, how late the nearest surviving site is (1 at the response time, 2 where no path leads) and
    how much is needed; per site, what is left of its stock: what decides unmet need, without optimising.

    Parameters
    ----------
    travel_s
        Travel times, shape ``(S, J, I)``; ``inf`` where no path leads.
    site_survival, need_factor
        Of the ensemble, shapes ``(S, J)`` and ``(S, I)``.
    site_weight, point_weight
        What sites hold and points need (any unit), shapes ``(J,)`` and ``(I,)``.
    response_s
        Time after which deliveries do not count.
    """
    alive = (site_survival > 0)[:, :, None]
    nearest = np.where(alive, travel_s, np.inf).min(axis=1, initial=np.inf)
    late = np.where(np.isfinite(nearest), np.minimum(nearest / response_s, 1.5), 2.0)
    points = point_weight / max(float(point_weight.sum()), 1e-300)
    sites = site_weight / max(float(site_weight.sum()), 1e-300)
    groups = late * need_factor * points, need_factor * points, site_survival * sites
    return np.concatenate(groups, axis=1)


def _checked(features: npt.ArrayLike, probability: npt.ArrayLike, keep: int) -> tuple[FloatArray, FloatArray]:
    x, w = np.asarray(features, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(w) or not np.isfinite(x).all():
        raise UsageError("features are a finite table with one row per road state")
    if not 1 <= keep <= len(x):
        raise UsageError(f"between 1 and {len(x)} states can be kept, found {keep}")
    return x, w / w.sum()


def _distances(x: FloatArray, y: FloatArray) -> FloatArray:
    from scipy.spatial.distance import cdist

    result: FloatArray = cdist(x, y)
    return result


def _spread_start(x: FloatArray, w: FloatArray, keep: int, rng: np.random.Generator) -> Int64Array:
    chosen = [int(rng.choice(len(x), p=w))]
    nearest = _distances(x, x[chosen])[:, 0]
    while len(chosen) < keep:
        chance = w * nearest**2
        chance[chosen] = 0.0
        if chance.sum() <= 0:
            # All other states coincide with a medoid: any will do.
            chance = np.ones(len(x))
            chance[chosen] = 0.0
        chosen.append(int(rng.choice(len(x), p=chance / chance.sum())))
        nearest = np.minimum(nearest, _distances(x, x[chosen[-1:]])[:, 0])
    return np.array(chosen, dtype=np.int64)


def _reduction(x: FloatArray, w: FloatArray, chosen: Int64Array, of_one: float) -> Reduction:
    distance = _distances(x, x[chosen])
    nearest = np.argmin(distance, axis=1)
    # A chosen state stands for itself even where another coincides with it.
    nearest[chosen] = np.arange(len(chosen))
    weights = np.bincount(nearest, weights=w, minlength=len(chosen))
    cost = float(w @ distance[np.arange(len(x)), nearest])
    return Reduction(chosen.astype(np.int64), weights / weights.sum(), nearest.astype(np.int64), cost, of_one)
