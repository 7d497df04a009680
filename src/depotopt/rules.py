"""What a layout has to keep and what it is worth: tiers, counts, prices, objective, ensembles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SizeClass:
    """A size a depot of a tier can have.

    Attributes
    ----------
    ident
        Name, unique within the tier.
    capacity_m3, capacity_kg
        Storage by volume and weight; both bind. Zero for a cross-dock hub.
    fixed_cost
        Cost per year of running a depot of this size.
    build_cost
        Cost of building it once; an upgrade pays the difference to the class that stands.
    """

    ident: str
    capacity_m3: float
    capacity_kg: float
    fixed_cost: float
    build_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class CountRule:
    """How many sites of a tier are open, optionally of one kind or zone only.

    Attributes
    ----------
    minimum, maximum
        Inclusive bounds; ``None`` where free. An exact count has both equal.
    kind
        Kind of host the rule counts; empty for all.
    zone
        Zone the rule counts; ``"*"`` applies the rule to every zone by itself; empty for all together.
    """

    minimum: int | None = None
    maximum: int | None = None
    kind: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """A rank in the reserve; tiers are ordered from the top.

    Attributes
    ----------
    ident, title
        Identifier and the name people use.
    counts
        How many sites are open.
    size_classes
        Sizes a depot of this tier can have.
    service_standard_s
        Time within which the tier should reach people; ``None`` for no standard.
    min_coverage, min_expected_coverage
        Share of people that must be within the standard of an open site of this tier or one above: with
        no road lost, and expected over the road states.
    backup
        Open sites that must be within the standard for people to count.
    graded
        Instead of the standard: pairs of time and credit, times rising and credits falling, for people
        within that time of the ``backup``-th nearest open site.
    uncovered_cost
        Cost per year of one person (less credit) outside the standard, expected over the road states.
    support_s
        Each open site needs an open site of a higher tier within this time; ``None`` for no rule.
    dispatches
        Whether vehicles leave from this tier (village and household tiers do not dispatch).
    replenishes
        Lower tiers through whose open dispatching depots its stock also reaches demand points.
    """

    ident: str
    title: str
    counts: tuple[CountRule, ...]
    size_classes: tuple[SizeClass, ...]
    service_standard_s: float | None = None
    min_coverage: float = 0.0
    min_expected_coverage: float = 0.0
    backup: int = 1
    graded: tuple[tuple[float, float], ...] = ()
    uncovered_cost: float = 0.0
    support_s: float | None = None
    dispatches: bool = True
    replenishes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanningRules:
    """Rules and prices that hold for the whole scenario.

    Attributes
    ----------
    horizon_days
        Days of need planned for.
    response_s
        Deliveries later than this do not count; also the end of the dispatch horizon.
    budget
        Upper bound on the cost per year (fixed, holding); ``None`` for none.
    unmet_penalty
        Cost of one priority-weighted person-day of unmet need.
    transport_cost_per_th
        Cost of moving one tonne for one hour, for siting.
    events_per_year
        Expected number of events per year; weighs response against yearly cost.
    amortisation_years
        Years over which bought stock is written off (less where it expires earlier).
    siting_vehicle
        Vehicle type whose travel times siting uses; empty for a truck that no posted limit stops.
    stop_service_s
        Fixed time at each stop.
    unload_kg_per_h
        Unloading rate at a stop.
    single_source
        Whether, in siting, each point gets everything from one depot in each road state.
    owner_budgets
        Owners with the most each may bear per year; see docs/semantics.md for who bears what.
    currency
        What all costs and prices are in, shown beside them; empty where the scenario does not say.
    """

    horizon_days: float = 3.0
    response_s: float = 36_000.0
    budget: float | None = None
    unmet_penalty: float = 1_000.0
    transport_cost_per_th: float = 50.0
    events_per_year: float = 1.0
    amortisation_years: float = 10.0
    siting_vehicle: str = ""
    stop_service_s: float = 900.0
    unload_kg_per_h: float = 6_000.0
    single_source: bool = False
    owner_budgets: tuple[tuple[str, float], ...] = ()
    currency: str = ""


@dataclass(frozen=True, slots=True)
class EnsembleRules:
    """How many road states to draw: some to choose on, others to judge on.

    Attributes
    ----------
    design_states, design_seed
        The ensemble a layout is chosen on.
    unseen_states, unseen_seed
        The ensemble it is judged on; the seeds must differ.
    """

    design_states: int = 50
    design_seed: int = 1
    unseen_states: int = 200
    unseen_seed: int = 2


@dataclass(frozen=True, slots=True)
class SitingObjective:
    """What a layout is chosen by; the defaults weigh the mean response alone.

    The response cost of a road state is transport plus penalised unmet need of one event.

    Attributes
    ----------
    mean, cvar, worst
        Weights of its expected value, of its mean in the worst ``1 - cvar_level`` of probability, and of
        its largest value over the road states.
    cvar_level
        Share of probability outside the tail.
    lexicographic
        Instead of the weighted sum: measures (``"cost"`` for the yearly cost, ``"mean"``, ``"cvar"``,
        ``"worst"``, ``"fraction"``) to minimise one after the other; the first, before others, may be
        ``"farthest"`` (travel time of the farthest person to an open site, no road lost) or
        ``"inequality"`` (mean absolute difference of two people's travel times to their nearest one).
    tolerance
        Relative amount by which a measure may get worse again while later ones are minimised.
    max_mean_response, max_cvar_response, max_worst_response
        Upper bounds on the measures of response cost; ``None`` for none.
    max_unmet_fraction
        Upper bound on the fraction in any road state: response cost over that of delivering nothing.
    late
        Classes of late arrival: pairs of seconds after the start and cost of a tonne that arrives later,
        both rising; of those passed the last one counts, times the point's priority.
    """

    mean: float = 1.0
    cvar: float = 0.0
    worst: float = 0.0
    cvar_level: float = 0.95
    lexicographic: tuple[str, ...] = ()
    tolerance: float = 0.01
    max_mean_response: float | None = None
    max_cvar_response: float | None = None
    max_worst_response: float | None = None
    max_unmet_fraction: float | None = None
    late: tuple[tuple[float, float], ...] = ()
