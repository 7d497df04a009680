"""The same losses without their company: what an ensemble would be if everything failed independently."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.hazards.states import Damage, RoadLossEnsemble


def independent_copy(ensemble: RoadLossEnsemble, seed: int, *, roads_only: bool = False) -> RoadLossEnsemble:
    """Shuffle the fate of every street, site and point over the road states, each by itself.

    Every street is lost, slowed or flooded in exactly as many states as before and for as long, every
    site and demand point suffers as often; only *together* is gone. What the difference between the two
    ensembles makes is what assuming independence would have hidden.

    Parameters
    ----------
    ensemble
        Road states of equal probability.
    seed
        Seed of the shuffles.
    roads_only
        Leave sites and demand points as they are and shuffle only the streets.

    Raises
    ------
    UsageError
        If the states are not equally likely.
    """
    if float(np.ptp(ensemble.probability)) > 1e-12:
        raise UsageError("only road states of equal probability can be shuffled")
    states, rng = len(ensemble), np.random.default_rng(seed)
    state = np.repeat(np.arange(states), np.diff(ensemble.first))
    moved = np.empty_like(state)
    order = np.argsort(ensemble.damage.street, kind="stable")
    _, first = np.unique(ensemble.damage.street[order], return_index=True)
    # All damage of a street in one state moves together.
    for part in np.split(order, first[1:]):
        moved[part] = rng.permutation(states)[state[part]]
    sorted_ = np.lexsort((ensemble.damage.street, moved))
    counts = np.bincount(moved, minlength=states)

    def shuffled(rows: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return rows if roads_only else rng.permuted(rows, axis=0)

    return RoadLossEnsemble(
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        damage=Damage(*(getattr(ensemble.damage, item.name)[sorted_] for item in fields(Damage))),
        causes=ensemble.causes,
        probability=ensemble.probability,
        site_survival=shuffled(ensemble.site_survival),  # type: ignore[arg-type]
        site_power=shuffled(ensemble.site_power),  # type: ignore[arg-type]
        need_factor=shuffled(ensemble.need_factor),  # type: ignore[arg-type]
        point_flooded=shuffled(ensemble.point_flooded),  # type: ignore[arg-type]
        seed=ensemble.seed,
    )
