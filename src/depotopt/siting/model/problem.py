"""`SitingProblem`: where depots may stand, what they may hold, and whom they reach in every road state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from depotopt.siting.model.cover import Cover
from depotopt.siting.model.evenness import Evenness
from depotopt.siting.model.goal import Goal
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Options:
    """The ways a site can be open: one option per site, tier and size class, ``O`` in all.

    Attributes
    ----------
    site, tier, size_class
        Positions in the scenario (``size_class`` within the tier), sorted by site, tier and class.
    cost
        Fixed cost per year borne by this budget.
    full_cost
        Fixed cost per year whoever bears it; ``None``: all borne by this budget.
    m3, kg
        Storage, the smaller of the size class's and the site's own.
    dispatches
        Whether vehicles leave from the tier.
    replenishes
        Whether stock of the tier also reaches points through depots of lower tiers; ``None``: of no tier.
    """

    site: Int32Array
    tier: Int32Array
    size_class: Int32Array
    cost: FloatArray
    m3: FloatArray
    kg: FloatArray
    dispatches: BoolArray
    replenishes: BoolArray | None = None
    full_cost: FloatArray | None = None

    @property
    def supplies(self) -> BoolArray:
        """Whether the option takes part in a response: vehicles leave from it, or it replenishes."""
        return self.dispatches if self.replenishes is None else self.dispatches | self.replenishes

    def __len__(self) -> int:
        return len(self.site)


@dataclass(frozen=True, slots=True)
class CountLimit:
    """Between ``minimum`` and ``maximum`` of some options are open (``None``: free).

    ``given`` limits follow from what things are (a site is open in one way only), not from a decision.
    """

    name: str
    options: Int32Array
    minimum: int | None
    maximum: int | None
    given: bool = False


@dataclass(frozen=True, slots=True)
class SupportRule:
    """Each opened option of a lower tier needs one of its helpers open.

    ``needing[r]`` are the options of one site in the tier, ``helpers[r]`` the options of higher tiers
    near enough with no road lost.
    """

    name: str
    needing: tuple[Int32Array, ...]
    helpers: tuple[Int32Array, ...]


@dataclass(frozen=True, slots=True)
class CoverageRule:
    """At least ``required`` people are covered by open options."""

    name: str
    cover: Cover
    required: float


@dataclass(frozen=True, slots=True)
class UncoveredCost:
    """What a person not covered costs per year (no money: it stands in no budget)."""

    cover: Cover
    cost: float


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """The cost per year (fixed, holding, purchase) is at most ``amount``.

    Attributes
    ----------
    name, amount
        The rule as a sentence, and its bound.
    option_cost
        Fixed cost per option that this budget bears, shape ``(O,)``; ``None``: all of it.
    stock_share
        Share of holding and purchase at each site that it bears, shape ``(J,)``; ``None``: all of it.
    with_services
        Whether the price of people not covered counts too (it is no money: only where the whole yearly
        cost of the objective is bounded).
    """

    name: str
    amount: float
    option_cost: FloatArray | None = None
    stock_share: FloatArray | None = None
    with_services: bool = False


@dataclass(frozen=True, slots=True)
class EvennessRule:
    """The mean absolute difference of people's times to their nearest open site is at most ``most_s``."""

    name: str
    even: Evenness
    most_s: float


Rule = CountLimit | SupportRule | CoverageRule | BudgetRule | EvennessRule


@dataclass(frozen=True, slots=True)
class StateArcs:
    """Who can be reached from where in every road state, sparsely.

    The arcs of point ``i`` in state ``s`` are ``first[s * I + i]:first[s * I + i + 1]``, nearest first
    (ties by site, then source). Points without need in a state have no arcs there.

    Attributes
    ----------
    first
        Offsets, shape ``(S * I + 1,)``.
    site
        Depot each arc leaves last: the gate that has to be open.
    time_ds
        Travel time in deciseconds, from the source on.
    origin
        Site whose stock each arc carries; empty: always that of ``site`` itself.
    """

    first: Int64Array
    site: Int32Array
    time_ds: Int32Array
    origin: Int32Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.site)

    @property
    def direct(self) -> bool:
        """Whether every arc carries the stock of the depot it leaves."""
        return not len(self.origin)

    @property
    def source(self) -> Int32Array:
        """Site whose stock each arc carries."""
        return self.origin if len(self.origin) else self.site


@dataclass(frozen=True, slots=True)
class SitingProblem:
    """Choose open sites and their stock now, so that any road state can be answered well.

    Sets
        J sites, O options (site, tier, size class), O(j) options of site j, D options whose stock counts
        (of tiers that dispatch or replenish), K commodities, I demand points, S road states,
        A(s) arcs a = (source j, gate g, point i) near enough in state s: stock of j, leaving depot g last
    Parameters
        cost[o] fixed cost; m3[o], kg[o] storage; m3_per_unit[k], kg_per_unit[k]
        hold[k] holding cost; buy[k] purchase cost per unit and year; held[j,k] units in the stock table
        agreed[j,k] agreement units times honour probability
        prob[s]; share[s,j] usable share of stock; need[s,i,k]; penalty[i,k] per unit unmet
        rate[k] transport cost per unit and decisecond; time[s,a]; events per year e
    Variables, first stage
        open[o] in {0, 1}; stock[j,k] >= 0; bought[j,k] >= 0
    Variables, second stage
        f[s,a,k] >= 0 for a in A(s); unmet[s,i,k] >= 0; with single source y[s,g,i] in {0, 1}
    Model
        min  sum_o cost[o] open[o] + sum_jk (hold[k] stock[j,k] + buy[k] bought[j,k])
             + the price of people not covered (`UncoveredCost`, `depotopt.siting.model.cover.Cover`)
             + e sum_s prob[s] r[s]         (`depotopt.siting.model.goal.Goal` says what else may stand here)
             r[s] = sum rate[k] time[s,a] f[s,a,k] + sum penalty[i,k] unmet[s,i,k]
        s.t. sum_{o in O(j)} open[o] <= 1
             the rules (counts, support, coverage, budget)
             sum_k m3_per_unit[k] stock[j,k] <= sum_{o in O(j) and D} m3[o] open[o]; likewise kg
             stock[j,k] = 0 where the site may not store k
             bought[j,k] >= stock[j,k] - held[j,k]
             sum_{a from j} f[s,a,k] <= share[s,j] (stock[j,k] + agreed[j,k] x[j]),
                 x[j] = sum_{O(j) and D} open[o]
             sum_{a through g to i} f[s,a,k] <= need[s,i,k] x[g]   (for g = j implied, and strong)
             sum_{a to i} f[s,a,k] + unmet[s,i,k] = need[s,i,k]
             single source: sum_{a through g to i} f[s,a,k] <= need[s,i,k] y[s,g,i], sum_g y[s,g,i] <= 1

    Stock of a tier that neither dispatches nor replenishes helps nobody and only costs, so it is left out.
    Unmet need is always allowed: every layout that keeps the rules has a recourse. A depot passes on what
    comes through it without limit, so for a fixed layout each source serves each point over its fastest
    open gate, and recourse is a transportation problem again.

    A site of the scenario stands here once per way it can work (dispatching; replenishing these tiers; being
    replenished by those), and once more, without options, for agreements that can be loaded only later than
    its other stock: ``opened_with`` names the site that has to be open for them. Sites that lend mutual
    aid have one option that a rule holds open, of size class -1.

    Attributes
    ----------
    site_ids, tier_ids, class_ids, point_ids, commodity_ids
        Identifiers; ``class_ids[t]`` are the size classes of tier ``t``.
    options, rules, arcs
        See there.
    storable
        Which site may store which commodity, shape ``(J, K)``.
    held, agreed
        Shape ``(J, K)``.
    table_agreements
        Agreement units of the stock table, shape ``(J, K)``; an opened site keeps them.
    purchase, m3_per_unit, kg_per_unit, rate
        Shape ``(K,)``.
    holding
        Shape ``(K,)``, or ``(J, K)`` where it differs by site.
    probability, share, need, penalty
        Shapes ``(S,)``, ``(S, J)``, ``(S, I, K)``, ``(I, K)``.
    events_per_year
        Weighs response against yearly cost.
    nearest
        Sites kept per point and state; 0 where all are.
    goal
        What is minimised.
    calm_s
        Travel time of each option to each point with no road lost, shape ``(O, I)``; empty unless the goal
        looks at the farthest person or at inequality.
    people
        Residents of each point, shape ``(I,)``; empty where ``calm_s`` is.
    services
        Coverage that is priced, not demanded; part of the yearly cost.
    opened_with
        Site whose options open each site, shape ``(J,)``; empty: every site its own.
    single_source
        Whether each point gets everything from one depot in each road state.
    """

    site_ids: tuple[str, ...]
    tier_ids: tuple[str, ...]
    class_ids: tuple[tuple[str, ...], ...]
    point_ids: tuple[str, ...]
    commodity_ids: tuple[str, ...]
    options: Options
    rules: tuple[Rule, ...]
    storable: BoolArray
    held: FloatArray
    agreed: FloatArray
    table_agreements: FloatArray
    holding: FloatArray
    purchase: FloatArray
    m3_per_unit: FloatArray
    kg_per_unit: FloatArray
    rate: FloatArray
    probability: FloatArray
    share: FloatArray
    need: FloatArray
    penalty: FloatArray
    arcs: StateArcs
    events_per_year: float
    nearest: int = 0
    goal: Goal = field(default_factory=Goal)
    services: tuple[UncoveredCost, ...] = ()
    calm_s: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    opened_with: Int32Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    single_source: bool = False
    people: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.site_ids)

    @property
    def points(self) -> int:
        """Number of demand points."""
        return len(self.point_ids)

    @property
    def commodities(self) -> int:
        """Number of commodities."""
        return len(self.commodity_ids)

    @property
    def states(self) -> int:
        """Number of road states."""
        return len(self.probability)

    @property
    def flows(self) -> int:
        """Number of flow variables of the extensive form."""
        points_with_need = (self.need > 0).sum(axis=2).ravel()
        return int((np.diff(self.arcs.first) * points_with_need).sum())

    @property
    def state_weight(self) -> FloatArray:
        """Expected events per year in each road state, shape ``(S,)``."""
        return self.events_per_year * self.probability

    @property
    def opener(self) -> Int32Array:
        """Site whose options open each site, shape ``(J,)``."""
        return self.opened_with if len(self.opened_with) else np.arange(self.sites, dtype=np.int32)

    def stock_limit(self) -> FloatArray:
        """Units beyond which more stock of a commodity at a site helps in no road state, ``(J, K)``.

        The smaller of what fits and, over the road states, the need within reach over the usable share.
        """
        fits = np.zeros((self.sites, self.commodities))
        o = self.options
        for option in np.flatnonzero(o.supplies):
            room = np.minimum(o.m3[option] / self.m3_per_unit, o.kg[option] / self.kg_per_unit)
            fits[o.site[option]] = np.maximum(fits[o.site[option]], room)
        useful = np.zeros_like(fits)
        for s in range(self.states):
            span = self.arcs.first[s * self.points : (s + 1) * self.points + 1]
            site = self.arcs.source[span[0] : span[-1]]
            point = np.repeat(np.arange(self.points), np.diff(span))
            if not self.arcs.direct:
                pair = np.unique(site.astype(np.int64) * self.points + point)
                site, point = (pair // self.points).astype(np.int32), pair % self.points
            share = self.share[s]
            for k in range(self.commodities):
                reach = np.bincount(site, weights=self.need[s, point, k], minlength=self.sites)
                with np.errstate(divide="ignore", invalid="ignore"):
                    wanted = np.where((reach > 0) & (share > 0), reach / share, 0.0)
                useful[:, k] = np.maximum(useful[:, k], wanted)
        return np.where(self.storable, np.minimum(fits, useful), 0.0)


@dataclass(frozen=True, slots=True)
class Layout:
    """A first stage by positions: chosen options and the stock of each site, shape ``(J, K)``."""

    options: Int32Array
    stock: FloatArray

    def supplying(self, problem: SitingProblem) -> BoolArray:
        """Which sites are open in a tier whose stock counts, shape ``(J,)``."""
        x = np.zeros(problem.sites, dtype=np.bool_)
        chosen = self.options[problem.options.supplies[self.options]]
        x[problem.options.site[chosen]] = True
        return x[problem.opener]

    def usable(self, problem: SitingProblem) -> FloatArray:
        """Usable units per road state, site and commodity, shape ``(S, J, K)``."""
        x = self.supplying(problem)[:, None]
        units: FloatArray = problem.share[:, :, None] * np.where(x, self.stock + problem.agreed, 0.0)[None]
        return units

    def yearly_terms(self, problem: SitingProblem) -> dict[str, float]:
        """Fixed, holding and purchase cost per year; what people not covered cost, where that is priced."""
        bought = np.maximum(self.stock - problem.held, 0.0)
        terms = {
            "fixed": float(problem.options.cost[self.options].sum()),
            "holding": float((self.stock * problem.holding).sum()),
            "purchase": float((bought * problem.purchase).sum()),
        }
        if problem.services:
            missing = (
                (one.cover.total - one.cover.people(self.options)) * one.cost for one in problem.services
            )
            terms["uncovered"] = sum(missing)
        return terms
