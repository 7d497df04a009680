"""Roads that open again: what is known of the damage at a moment, and when it ends."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from depotopt.hazards.states import Damage, RoadState


def known(state: RoadState, at_s: float) -> RoadState:
    """The road state with the damage that holds at a moment; what begins later is not known then."""
    now = state.damage.active(at_s)
    return replace(state, damage=Damage(*(getattr(state.damage, item.name)[now] for item in fields(Damage))))


def moments(state: RoadState, at_s: float) -> tuple[float, ...]:
    """Moments after ``at_s`` at which damage that holds then has ended, in order."""
    ends = known(state, at_s).damage.until_s
    found: list[float] = np.unique(ends[np.isfinite(ends)]).tolist()
    return tuple(found)
