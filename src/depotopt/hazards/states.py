"""`RoadState` and `RoadLossEnsemble`: what is lost, where, until when, and how likely it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import overload

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Damage:
    """Streets hit, one entry each; a street may appear several times (several causes).

    Attributes
    ----------
    street
        Index into the network's streets.
    speed_factor
        Share of free-flow speed left, in ``[0, 1]``; 0 means lost.
    from_s, until_s
        When the damage holds, seconds from the start of the event; ``until_s`` is ``inf`` for *open end*.
    depth_m
        Water over the road; each vehicle compares it with its wading depth. 0 where dry.
    cause
        Index into the ensemble's ``causes``.
    """

    street: Int32Array
    speed_factor: FloatArray
    from_s: FloatArray
    until_s: FloatArray
    depth_m: FloatArray
    cause: Int32Array

    def __post_init__(self) -> None:
        sizes = {len(getattr(self, item.name)) for item in fields(self)}
        if len(sizes) > 1:
            raise UsageError("damage arrays differ in length")
        if len(self.street) and not (
            ((self.speed_factor >= 0) & (self.speed_factor <= 1)).all() and (self.depth_m >= 0).all()
        ):
            raise UsageError("speed factors lie in [0, 1] and depths are >= 0")

    def __len__(self) -> int:
        return len(self.street)

    @classmethod
    def of(
        cls,
        street: npt.ArrayLike,
        speed_factor: npt.ArrayLike = 0.0,
        *,
        from_s: npt.ArrayLike = 0.0,
        until_s: npt.ArrayLike = np.inf,
        depth_m: npt.ArrayLike = 0.0,
        cause: npt.ArrayLike = 0,
    ) -> Damage:
        """Damage from scalars or arrays, broadcast to the streets."""
        streets = np.atleast_1d(np.asarray(street, dtype=np.int32))
        shape = streets.shape

        def full(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
            array = np.broadcast_to(np.asarray(values, dtype=dtype), shape).copy()
            array.setflags(write=False)
            return array

        return cls(
            street=full(streets, np.int32),  # type: ignore[arg-type]
            speed_factor=full(speed_factor, np.float64),  # type: ignore[arg-type]
            from_s=full(from_s, np.float64),  # type: ignore[arg-type]
            until_s=full(until_s, np.float64),  # type: ignore[arg-type]
            depth_m=full(depth_m, np.float64),  # type: ignore[arg-type]
            cause=full(cause, np.int32),  # type: ignore[arg-type]
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Damage]) -> Damage:
        """All entries of several damages, in order."""
        if not parts:
            return cls.of(np.empty(0, dtype=np.int32))
        return cls(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(cls)))

    def active(self, at_s: float) -> BoolArray:
        """Which entries hold at a moment."""
        return (self.from_s <= at_s) & (at_s < self.until_s)


@dataclass(frozen=True, slots=True)
class RoadState:
    """One realisation of what is lost: roads, depots, power and need from the same event.

    Attributes
    ----------
    index
        Position in its ensemble; -1 for the state in which nothing is lost (`intact`).
    probability
        Weight in its ensemble.
    damage
        Streets and bridges hit.
    causes
        Names of the hazards ``damage.cause`` points to.
    site_survival
        Share of stock usable per site, shape ``(J,)``.
    site_power
        Whether each site has power, shape ``(J,)``.
    need_factor
        Factor on the need of each demand point, shape ``(I,)``.
    point_flooded
        Whether each demand point itself stands in the hazard (state ``flooded``), shape ``(I,)``.
    """

    index: int
    probability: float
    damage: Damage
    causes: tuple[str, ...]
    site_survival: FloatArray
    site_power: BoolArray
    need_factor: FloatArray
    point_flooded: BoolArray


@dataclass(frozen=True, slots=True)
class RoadLossEnsemble(Sequence[RoadState]):
    """A weighted set of road states, stored sparsely.

    Attributes
    ----------
    first
        Start of each state's entries in ``damage``, shape ``(S + 1,)``.
    damage
        Entries of all states, state after state.
    causes
        Names of the hazards.
    probability
        Weights, shape ``(S,)``, summing to 1.
    site_survival, site_power
        Shape ``(S, J)``; see `RoadState`.
    need_factor, point_flooded
        Shape ``(S, I)``; see `RoadState`.
    seed
        Seed the states were drawn with; state ``s`` does not depend on how many were drawn.
    """

    first: Int64Array
    damage: Damage
    causes: tuple[str, ...]
    probability: FloatArray
    site_survival: npt.NDArray[np.float32]
    site_power: BoolArray
    need_factor: npt.NDArray[np.float32]
    point_flooded: BoolArray
    seed: int

    def __post_init__(self) -> None:
        states = len(self.probability)
        if states == 0:
            raise UsageError("an ensemble needs at least one road state")
        if len(self.first) != states + 1 or self.first[-1] != len(self.damage):
            raise UsageError("state offsets do not match the damage entries")
        if not np.isclose(self.probability.sum(), 1.0) or (self.probability < 0).any():
            raise UsageError("probabilities of road states are >= 0 and sum to 1")
        for item in ("site_survival", "site_power", "need_factor", "point_flooded"):
            if len(getattr(self, item)) != states:
                raise UsageError(f"{item} has {len(getattr(self, item))} rows for {states} road states")

    def __len__(self) -> int:
        return len(self.probability)

    @overload
    def __getitem__(self, index: int) -> RoadState: ...

    @overload
    def __getitem__(self, index: slice) -> list[RoadState]: ...

    def __getitem__(self, index: int | slice) -> RoadState | list[RoadState]:
        if isinstance(index, slice):
            return [self[s] for s in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"road state {index} of {len(self)}")
        s = index % len(self)
        part = slice(int(self.first[s]), int(self.first[s + 1]))
        return RoadState(
            index=s,
            probability=float(self.probability[s]),
            damage=Damage(*(getattr(self.damage, item.name)[part] for item in fields(Damage))),
            causes=self.causes,
            site_survival=self.site_survival[s].astype(np.float64),
            site_power=self.site_power[s],
            need_factor=self.need_factor[s].astype(np.float64),
            point_flooded=self.point_flooded[s],
        )

    def __iter__(self) -> Iterator[RoadState]:
        return (self[s] for s in range(len(self)))

    @classmethod
    def of(cls, states: Sequence[RoadState], seed: int = 0) -> RoadLossEnsemble:
        """Collect road states; their probabilities must sum to 1."""
        if not states:
            raise UsageError("an ensemble needs at least one road state")
        sizes = np.array([0, *(len(state.damage) for state in states)], dtype=np.int64)
        return cls(
            first=np.cumsum(sizes),
            damage=Damage.concatenate([state.damage for state in states]),
            causes=states[0].causes,
            probability=np.array([state.probability for state in states]),
            site_survival=np.array([state.site_survival for state in states], dtype=np.float32),
            site_power=np.array([state.site_power for state in states], dtype=np.bool_),
            need_factor=np.array([state.need_factor for state in states], dtype=np.float32),
            point_flooded=np.array([state.point_flooded for state in states], dtype=np.bool_),
            seed=seed,
        )


def intact(sites: int, points: int) -> RoadState:
    """The road state in which nothing is lost."""
    return RoadState(
        index=-1,
        probability=1.0,
        damage=Damage.concatenate([]),
        causes=(),
        site_survival=np.ones(sites),
        site_power=np.ones(sites, dtype=np.bool_),
        need_factor=np.ones(points),
        point_flooded=np.zeros(points, dtype=np.bool_),
    )
