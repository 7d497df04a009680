"""`sample_ensemble`: many road states from the hazards of a scenario, each from its own random stream."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from depotopt.errors import Fault, InputError, UsageError
from depotopt.executor import Executor, LocalExecutor
from depotopt.hazards.chain import Chained, chain_order
from depotopt.hazards.protocol import Effect, Exposure, Hazard, PreparedHazard
from depotopt.hazards.reported import as_hazard
from depotopt.hazards.reports import RoadReport
from depotopt.hazards.states import Damage, RoadLossEnsemble
from depotopt.units import BoolArray, FloatArray, Int64Array

BLOCK_STATES = 64
"""Road states per piece of work: fixed, so that results do not depend on the number of workers."""

_UNTRIGGERED = Effect(Damage.concatenate([]), triggered=False)


@runtime_checkable
class CoversSites(Protocol):
    """A prepared hazard that knows which sites lie in its area."""

    def covered_sites(self) -> BoolArray:
        """Sites the hazard can hit, shape ``(J,)``."""
        ...


def prepare_hazards(hazards: Sequence[Hazard], exposure: Exposure) -> list[PreparedHazard]:
    """Let every hazard meet the network.

    Raises
    ------
    InputError
        With the faults of all hazards together.
    """
    prepared, faults = _prepare_each(hazards, exposure)
    try:
        chain_order(hazards)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError("hazards", faults)
    return prepared


def hazard_faults(
    hazards: Sequence[Hazard], exposure: Exposure, reports: Sequence[RoadReport] = ()
) -> list[Fault]:
    """Everything wrong with hazards and road reports once they meet the network, for a check."""
    try:
        prepare_hazards((*hazards, *as_hazard(reports)), exposure)
    except InputError as error:
        return list(error.faults)
    return []


def sites_covered(hazards: Sequence[Hazard], exposure: Exposure) -> dict[str, BoolArray]:
    """Sites inside the area of each hazard that has one, by hazard name.

    A hazard without an area of its own (independent failure, closures) covers no site. Hazards of a
    chain may be asked about without the others.
    """
    prepared, faults = _prepare_each(hazards, exposure)
    if faults:
        raise InputError("hazards", faults)
    return {
        hazard.name: ready.covered_sites()
        if isinstance(ready, CoversSites)
        else np.zeros(exposure.sites, dtype=np.bool_)
        for hazard, ready in zip(hazards, prepared, strict=True)
    }


def _prepare_each(hazards: Sequence[Hazard], exposure: Exposure) -> tuple[list[PreparedHazard], list[Fault]]:
    prepared: list[PreparedHazard] = []
    faults: list[Fault] = []
    for hazard in hazards:
        try:
            prepared.append(hazard.prepare(exposure))
        except InputError as error:
            faults += error.faults
    return prepared, faults


def stream(seed: int, state: int, hazard: str) -> np.random.Generator:
    """Random stream of one hazard in one road state.

    The state's seed is the child `numpy.random.SeedSequence.spawn` would give it; below it the stream
    is keyed by the hazard's name, so other hazards and more states leave it as it was.
    """
    digest = hashlib.sha256(hazard.encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(state, *key))))


def sample_ensemble(
    hazards: Sequence[Hazard],
    exposure: Exposure,
    size: int,
    seed: int,
    *,
    reports: Sequence[RoadReport] = (),
    workers: int = 1,
    executor: Executor | None = None,
) -> RoadLossEnsemble:
    """Draw road states.

    What hazards do together: damage adds up, survival and need factors multiply, power holds where
    every hazard leaves it, a point is flooded where any hazard floods it.

    Parameters
    ----------
    hazards
        Hazards of the scenario; the order fixes ``causes`` only, not the draws.
    exposure
        Roads, sites and demand points.
    size
        Number of road states.
    seed
        Seed; state ``s`` is the same whatever the size and the number of workers.
    reports
        Road reports, drawn as one more hazard named ``"road reports"``.
    workers
        Processes of this machine.
    executor
        Where to run instead; ``workers`` is then not used.

    Returns
    -------
    RoadLossEnsemble
        Probabilities are equal unless a hazard samples rare events more often than they happen;
        then they are the normalised likelihood ratios.

    Raises
    ------
    InputError
        With the faults of all hazards together.
    UsageError
        If the size is below 1 or the seed negative.
    """
    if size < 1:
        raise UsageError(f"an ensemble needs at least one road state, found size {size}")
    if seed < 0:
        raise UsageError(f"a seed is a whole number >= 0, found {seed}")
    hazards = (*hazards, *as_hazard(reports))
    task = _Task(
        prepared=tuple(prepare_hazards(hazards, exposure)),
        chains=tuple(hazard if isinstance(hazard, Chained) else None for hazard in hazards),
        names=tuple(hazard.name for hazard in hazards),
        order=tuple(chain_order(hazards)),
        sites=exposure.sites,
        points=exposure.points,
        seed=seed,
    )
    runner = executor or LocalExecutor(workers)
    blocks = list(runner.map_blocks(_draw_block, task, size, BLOCK_STATES))
    return _collect(blocks, task.names, seed)


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything a worker needs."""

    prepared: tuple[PreparedHazard, ...]
    chains: tuple[Chained | None, ...]
    names: tuple[str, ...]
    order: tuple[int, ...]
    sites: int
    points: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Road states of one piece of work."""

    sizes: Int64Array
    damage: Damage
    weight: FloatArray
    site_survival: npt.NDArray[np.float32]
    site_power: BoolArray
    need_factor: npt.NDArray[np.float32]
    point_flooded: BoolArray


def _draw_block(task: _Task, states: range) -> _Block:
    count = len(states)
    survival, power = np.ones((count, task.sites)), np.ones((count, task.sites), dtype=np.bool_)
    factor, flooded = np.ones((count, task.points)), np.zeros((count, task.points), dtype=np.bool_)
    weight = np.ones(count)
    sizes = np.zeros(count, dtype=np.int64)
    parts: list[Damage] = []
    for row, state in enumerate(states):
        for number, effect in enumerate(_draw_state(task, state)):
            weight[row] *= effect.weight
            if len(effect.damage):
                cause = np.full(len(effect.damage), number, dtype=np.int32)
                parts.append(_with_cause(effect.damage, cause))
                sizes[row] += len(cause)
            if effect.site_survival is not None:
                survival[row] *= effect.site_survival
            if effect.site_power is not None:
                power[row] &= effect.site_power
            if effect.need_factor is not None:
                factor[row] *= effect.need_factor
            if effect.point_flooded is not None:
                flooded[row] |= effect.point_flooded
    return _Block(
        sizes,
        Damage.concatenate(parts),
        weight,
        survival.astype(np.float32),
        power,
        factor.astype(np.float32),
        flooded,
    )


def _draw_state(task: _Task, state: int) -> list[Effect]:
    """Effects of all hazards in one road state, in the order of the hazards."""
    effects: list[Effect] = [_UNTRIGGERED] * len(task.names)
    triggered: set[str] = set()
    for number in task.order:
        name, chain = task.names[number], task.chains[number]
        rng = stream(task.seed, state, name)
        if chain is None:
            effect = task.prepared[number].sample(rng)
        elif triggered.isdisjoint(chain.after):
            continue
        else:
            happens, weight = chain.trigger.draw(rng)
            effect = task.prepared[number].sample(rng) if happens else _UNTRIGGERED
            effect = chain.delayed(effect, weight)
        effects[number] = effect
        if effect.triggered:
            triggered.add(name)
    return effects


def _with_cause(damage: Damage, cause: npt.NDArray[np.int32]) -> Damage:
    return Damage(damage.street, damage.speed_factor, damage.from_s, damage.until_s, damage.depth_m, cause)


def _collect(blocks: Sequence[_Block], causes: tuple[str, ...], seed: int) -> RoadLossEnsemble:
    weight = np.concatenate([block.weight for block in blocks])
    if not weight.sum() > 0:
        raise UsageError("all road states drawn have weight 0: sample the rare event less often")
    first = np.concatenate([[0], np.cumsum(np.concatenate([block.sizes for block in blocks]))])
    arrays = {
        item: np.concatenate([getattr(block, item) for block in blocks])
        for item in ("site_survival", "site_power", "need_factor", "point_flooded")
    }
    damage = Damage.concatenate([block.damage for block in blocks])
    for item in fields(damage):
        getattr(damage, item.name).setflags(write=False)
    return RoadLossEnsemble(
        first=first.astype(np.int64),
        damage=damage,
        causes=causes,
        probability=weight / weight.sum(),
        seed=seed,
        **arrays,
    )
