"""Chains: a hazard that happens only if others did (earthquake, then landslide, then dammed river)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from depotopt.errors import Fault, InputError
from depotopt.hazards.protocol import Effect, Exposure, Hazard, PreparedHazard
from depotopt.hazards.states import Damage
from depotopt.hazards.trigger import CERTAIN, Trigger


@dataclass(frozen=True, slots=True)
class Chained:
    """A hazard declared to follow others.

    In a road state it is drawn only if one of the hazards in ``after`` was triggered there, and then
    with the probability of ``trigger``; its times count from ``delay_s`` later.

    Attributes
    ----------
    hazard
        What happens.
    after
        Names of the hazards that can trigger it; one is enough.
    trigger
        Probability given that one of them happened.
    delay_s
        Added to the times of its damage.
    origin
        File it was read from, for faults.
    """

    hazard: Hazard
    after: tuple[str, ...]
    trigger: Trigger = CERTAIN
    delay_s: float = 0.0
    origin: str = "scenario.toml"

    @property
    def name(self) -> str:
        """Name of the hazard that happens."""
        return self.hazard.name

    def prepare(self, exposure: Exposure) -> PreparedHazard:
        """Prepare the hazard that happens; the ensemble asks the chain whether it does."""
        return self.hazard.prepare(exposure)

    def delayed(self, effect: Effect, weight: float) -> Effect:
        """The effect, later, with the weight of the trigger's draw."""
        damage = effect.damage
        if self.delay_s and len(damage):
            damage = Damage(
                damage.street,
                damage.speed_factor,
                damage.from_s + self.delay_s,
                damage.until_s + self.delay_s,
                damage.depth_m,
                damage.cause,
            )
        return replace(effect, damage=damage, weight=effect.weight * weight)


def chain_order(hazards: Sequence[Hazard]) -> list[int]:
    """Order in which hazards are drawn: what triggers before what is triggered.

    Raises
    ------
    InputError
        If names repeat, a trigger is unknown, or the chain bites its tail.
    """
    names = [hazard.name for hazard in hazards]
    faults = [
        Fault(
            "scenario.toml",
            f"hazards.{name}",
            "a name used twice",
            "hazard names are unique",
            "duplicate-name",
        )
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    after: dict[str, tuple[str, ...]] = {}
    for hazard in hazards:
        if not isinstance(hazard, Chained):
            continue
        after[hazard.name] = hazard.after
        faults += [
            unknown_trigger(hazard, trigger, names, hazard.origin)
            for trigger in hazard.after
            if trigger not in names
        ]
    if faults:
        raise InputError("hazards", faults)
    order: list[int] = []
    done: set[str] = set()
    while len(order) < len(hazards):
        ready = [
            number
            for number, name in enumerate(names)
            if name not in done and all(trigger in done for trigger in after.get(name, ()))
        ]
        if not ready:
            raise InputError("hazards", [_circle(names, done, after)])
        order += ready
        done |= {names[number] for number in ready}
    return order


def unknown_trigger(hazard: Hazard, trigger: str, names: Iterable[str], file: str) -> Fault:
    """The fault of a chain that starts at a hazard nobody declared."""
    known = ", ".join(sorted(set(names)))
    return Fault(
        file,
        f"hazards.{hazard.name}.after",
        f"'{trigger}'",
        f"no such hazard (there are: {known})",
        "unknown-hazard",
    )


def _circle(names: Sequence[str], done: set[str], after: Mapping[str, tuple[str, ...]]) -> Fault:
    trail = [next(name for name in names if name not in done)]
    while trail[-1] not in trail[:-1]:
        trail.append(next(trigger for trigger in after[trail[-1]] if trigger not in done))
    circle = " after ".join(trail[trail.index(trail[-1]) :])
    return Fault(
        "scenario.toml",
        f"hazards.{trail[-1]}.after",
        f"a circle ({circle})",
        "a chain has a start",
        "chain-circle",
    )
