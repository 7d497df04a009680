"""Schema of ``scenario.toml``; field docstrings are the documentation."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from depotopt.io.cells import (
    Expect,
    KeyAmount,
    KeyCount,
    KeyFlag,
    KeyGap,
    KeyIdentifier,
    KeyPositive,
    KeyPositiveCount,
    KeyShare,
    KeyText,
    KeyTexts,
)


class Block(BaseModel):
    """A block of the file; closed and frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RoadsBlock(Block):
    """Where the roads come from and how places are tied to them."""

    path: KeyText
    """File or folder with the roads, relative to the scenario."""
    snap_limit_m: KeyPositive = 5_000.0
    """Farthest a place may lie from a road, metres; beyond it is a fault."""
    access_speed_kmh: KeyPositive = 20.0
    """Speed between a place and its road, kilometres per hour."""
    default_speed_kmh: KeyPositive = 60.0
    """Speed on roads without class and speed limit, kilometres per hour."""


class RulesBlock(Block):
    """Rules and prices that hold for the whole scenario."""

    horizon_days: KeyPositive = 3.0
    """Days of need planned for."""
    response_h: KeyPositive = 10.0
    """Deliveries later than this many hours after the start do not count."""
    budget: KeyAmount | None = None
    """Most the layout may cost per year; left out: no bound."""
    unmet_penalty: KeyAmount = 1_000.0
    """Cost of one priority-weighted person-day of unmet need."""
    transport_cost_per_th: KeyAmount = 50.0
    """Cost of moving one tonne for one hour, for siting."""
    events_per_year: KeyAmount = 1.0
    """Expected number of events per year."""
    amortisation_years: KeyPositive = 10.0
    """Years over which bought stock is written off (less where it expires earlier)."""
    siting_vehicle: KeyText = ""
    """Vehicle type whose travel times siting uses; left out: a truck that no posted limit stops."""
    stop_service_min: KeyAmount = 15.0
    """Fixed time at each stop, minutes."""
    unload_kg_per_h: KeyPositive = 6_000.0
    """Unloading rate at a stop, kilograms per hour."""
    single_source: KeyFlag = False
    """Whether, in siting, each point gets everything from one depot in each road state."""
    owner_budgets: Annotated[dict[str, KeyAmount], Expect("a table of owners with amounts")] = {}
    """Most an owner bears per year, by owner: its share of fixed costs, holding and purchase at its sites."""
    currency: KeyText = ""
    """What all costs and prices are in, shown beside them; nothing is converted."""


class LateBlock(Block):
    """A class of late arrival: what reaches its point later than so many hours after the start costs more."""

    after_h: KeyAmount
    """Hours after the start."""
    cost_per_t: KeyAmount
    """Cost of a tonne that arrives later, times the point's priority; the last class passed counts."""


class ObjectiveBlock(Block):
    """What a layout is chosen by: yearly cost plus `events_per_year` times the weighted response cost."""

    mean: KeyAmount = 1.0
    """Weight of the expected response cost of an event (transport and penalised unmet need)."""
    cvar: KeyAmount = 0.0
    """Weight of its mean in the worst road states (CVaR)."""
    worst: KeyAmount = 0.0
    """Weight of its value in the worst road state."""
    cvar_level: KeyGap = 0.95
    """Share of probability that does not count as worst: 0.95 looks at the worst 5 %."""
    lexicographic: Annotated[
        tuple[Literal["farthest", "inequality", "cost", "mean", "cvar", "worst", "fraction"], ...],
        Expect("a list of farthest, inequality, cost, mean, cvar, worst, fraction", "choice"),
    ] = ()
    """Minimise these one after the other instead of the weighted sum; `cost` is the yearly cost, `fraction`
    the largest fraction of need (by penalty) unmet in any road state, transport included; `farthest`, only
    first and before others, the travel time of the farthest person to an open site, no road lost; in its
    place `inequality`, the mean absolute difference of two people's times (at most 100 such points)."""
    tolerance: KeyAmount = 0.01
    """How much worse, relatively, one of them may get again while later ones are minimised."""
    max_mean_response: KeyAmount | None = None
    """Most the expected response cost of an event may be; left out: no bound."""
    max_cvar_response: KeyAmount | None = None
    """Most its mean in the worst road states may be; left out: no bound."""
    max_worst_response: KeyAmount | None = None
    """Most it may be in any road state the layout is chosen on; left out: no bound."""
    max_unmet_fraction: KeyShare | None = None
    """Most the response cost may be in any road state, as a fraction of that of delivering nothing."""
    late: tuple[LateBlock, ...] = ()
    """Classes of late arrival in siting, earliest first; left out: any moment within the limit is as good."""


class EnsembleBlock(Block):
    """How many road states are drawn: some to choose on, others to judge on."""

    design_states: KeyPositiveCount = 50
    """Road states a layout is chosen on."""
    design_seed: KeyCount = 1
    """Their seed."""
    unseen_states: KeyPositiveCount = 200
    """Road states it is judged on."""
    unseen_seed: KeyCount = 2
    """Their seed; must differ from `design_seed`."""


class LimitsBlock(Block):
    """When a solver stops."""

    time_s: KeyPositive = 60.0
    """Seconds for the whole solve."""
    gap: KeyGap = 0.001
    """Relative gap at which a plan counts as proved."""
    seed: KeyCount = 1
    """Seed of every random choice."""
    workers: KeyPositiveCount = 1
    """Threads an engine may use."""


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if "unmet" not in names or len(set(names)) < len(names):
        raise ValueError("unmet is missing, or a name stands twice")
    return names


class DispatchBlock(LimitsBlock):
    """When dispatch stops, and what its plans are compared by."""

    objectives: Annotated[
        tuple[Literal["unmet", "lateness", "latency", "makespan", "cost", "distance", "equity"], ...],
        AfterValidator(_each_once),
        Expect("unmet and any of lateness, latency, makespan, cost, distance, equity, each once", "choice"),
    ] = ("unmet", "cost")
    """Minimised one after the other: `unmet` need, late deliveries (`lateness` makes deadlines soft),
    need-weighted arrival (`latency`), latest arrival (`makespan`), `cost`, `distance`, the shortfall of the
    point that gets least (`equity`)."""


class CountBlock(Block):
    """How many sites of a tier are open; `exact`, or `min` and/or `max`."""

    exact: KeyCount | None = None
    """Exactly so many."""
    min: KeyCount | None = None
    """At least so many."""
    max: KeyCount | None = None
    """At most so many."""
    kind: KeyText = ""
    """Count only hosts of this kind."""
    zone: KeyText = ""
    """Count only this zone; `"*"`: every zone by itself."""


class GradeBlock(Block):
    """A step of graded coverage: people within so many minutes count with this credit."""

    within_min: KeyPositive
    """Minutes from an open site (with `backup`, from that many)."""
    credit: KeyShare
    """What a person within counts, 0 to 1."""


class SizeClassBlock(Block):
    """A size a depot of a tier can have."""

    id: KeyIdentifier
    """Name, unique within the tier."""
    capacity_m3: KeyAmount
    """Storage in cubic metres; 0 (with `capacity_kg` 0): a cross-dock hub, in a tier that is replenished."""
    capacity_kg: KeyAmount
    """Storage in kilograms; 1e9 where only the volume limits (and `capacity_m3` likewise)."""
    fixed_cost: KeyAmount
    """Cost per year of running a depot of this size."""
    build_cost: KeyAmount = 0.0
    """Cost of building it once; upgrading a depot that stands costs the difference to its class of today."""


class TierBlock(Block):
    """A rank in the reserve; tiers stand in order from the top."""

    title: KeyText
    """Name people use."""
    service_standard_min: KeyPositive | None = None
    """Minutes within which the tier should reach people; left out: no standard."""
    min_coverage: KeyShare = 0.0
    """Share of people that must be within the standard, with no road lost."""
    min_expected_coverage: KeyShare = 0.0
    """Share of people that must be within the standard on average over the road states."""
    backup: KeyPositiveCount = 1
    """Open sites that must be within the standard for a person to count: 2 demands a second depot."""
    graded: tuple[GradeBlock, ...] = ()
    """Credit falling with time, instead of the standard; nearest step first."""
    uncovered_cost: KeyAmount = 0.0
    """Cost per year of one person (less credit) outside the standard, on average over the road states."""
    support_min: KeyPositive | None = None
    """Each open site needs an open site of a higher tier within so many minutes; left out: no rule."""
    dispatches: KeyFlag = True
    """Whether vehicles leave from this tier."""
    replenishes: KeyTexts = ()
    """Lower tiers through whose open depots its stock reaches points where it does not dispatch itself."""
    counts: tuple[CountBlock, ...] = ()
    """How many sites are open; left out: free."""
    size_classes: Annotated[
        tuple[SizeClassBlock, ...], Field(min_length=1), Expect("at least one size class", "size-class")
    ]
    """Sizes a depot of this tier can have."""


class ScenarioFile(Block):
    """The file `scenario.toml`."""

    title: KeyText
    """One line people recognise."""
    description: KeyText = ""
    """What the scenario is about."""
    start: Annotated[
        dt.datetime,
        Field(strict=True),
        Expect("a date and time with offset like 2027-03-31T08:00:00+08:00", "date"),
    ]
    """When the event happens; all times count from here."""
    accept_unverified: KeyTexts = ()
    """Catalogue entries whose unverified values (mark x) may be used."""
    roads: RoadsBlock
    """Where the roads come from."""
    rules: RulesBlock = RulesBlock()
    """Planning rules and prices."""
    objective: ObjectiveBlock = ObjectiveBlock()
    """What a layout is chosen by."""
    ensemble: EnsembleBlock = EnsembleBlock()
    """Number and seeds of road states."""
    siting: LimitsBlock = LimitsBlock()
    """Limits of the siting engines."""
    dispatch: DispatchBlock = DispatchBlock()
    """Limits of the dispatch engines and what plans are compared by."""
    tiers: Annotated[dict[KeyIdentifier, TierBlock], Field(min_length=1), Expect("at least one tier", "tier")]
    """Tiers by identifier, from the top."""
    hazards: Annotated[dict[str, dict[str, Any]], Expect("a table with a key kind", "hazard")] = {}
    """Hazards by name: `kind` and the parameters of that kind."""
    overrides: Annotated[dict[str, dict[str, Any]], Expect("a table of changes", "override")] = {}
    """Named changes: the same keys as in this file, `unset` with a list of keys to leave out, and
    `tables.TABLE.ROW` with columns."""
