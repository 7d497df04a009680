"""Road states: how fast they are drawn, whether they are what they claim, and what independence hides.

- ``porto-draw``: 10,000 states of a correlated earthquake over the streets of Porto on 2 workers.
- ``porto-workers``: bits that differ between 1 and 2 workers.
- ``field``: the correlated field against ``exp(-3 h / b)``, in its own covariance and in draws.
- ``fragility``: drawn damage of bridges against the closed form, in standard errors.
- ``pisco``: the ShakeMap of the 2007 Pisco earthquake read and drawn.
- ``independence``: CVaR95 of unmet need of a shipped scenario, its hazards as they are against the same
  losses shuffled so that everything fails by itself.
- ``reduction``: what mean and CVaR95 of unmet need lose when 50 states stand for 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense, stopwatch

if TYPE_CHECKING:
    from depotopt.hazards.earthquake import Earthquake
    from depotopt.hazards.protocol import Exposure
    from depotopt.hazards.states import RoadLossEnsemble
    from depotopt.pipeline.stages import Case as ScenarioCase
    from depotopt.units import FloatArray

DATA = "roads"
PORTO, PISCO = "porto.osm.pbf", "hazard/peru_pisco2007_shakemap_usp000fjta.npz"
SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = ("wushi-2024", "shanghai-5-8-11-n")


def cases(plan: Plan) -> Iterator[Case]:
    """Checks against closed forms in a smoke run, all otherwise."""
    yield Case("field", "circulant", field)
    yield Case("fragility", "draws", fragility)
    if plan.smoke:
        return
    yield Case("porto-draw", "2 workers", draw, files=(PORTO,), arguments={"size": 10_000})
    yield Case("porto-workers", "1 against 2", same_bits, files=(PORTO,), arguments={"size": 256})
    yield Case("pisco", "shakemap", pisco, files=(PISCO,))
    for name in SHIPPED:
        yield Case("independence", name, independence, arguments={"states": 500})
    yield Case("reduction", "wushi-2024", reduction, arguments={"states": 500, "keep": 50})


def porto(job: Job) -> tuple[Earthquake, Exposure]:
    """A magnitude 6.5 earthquake under Porto that shakes every bridge and every road on a slope."""
    import numpy as np

    from depotopt.hazards.earthquake import Earthquake, Seismicity
    from depotopt.hazards.ground_motion import RuptureShaking
    from depotopt.hazards.motion import Rupture
    from depotopt.hazards.protocol import Exposure
    from depotopt.hazards.seismic_pieces import Slope
    from depotopt.hazards.shapes import Shape
    from depotopt.roads.importers import read_network

    network = read_network(job.data / PORTO)
    lon, lat = float(np.median(network.node_lon)), float(np.median(network.node_lat))
    quake = Earthquake(
        "quake",
        RuptureShaking(Rupture(6.5, lon - 0.1, lat - 0.1), "boore-atkinson-2008"),
        6.5,
        Seismicity(bridge_class="HWB5", site_class="URML-low", substation_class="medium-unanchored"),
        slopes=(Slope(Shape.point(lon, lat, 200_000.0), 0.1, 0.02, 3 * 86_400.0),),
    )
    chosen = np.random.default_rng(job.seed).choice(network.nodes, 550, replace=False)
    sites, points = chosen[:50], chosen[50:]
    place = network.node_lon, network.node_lat
    return quake, Exposure(network, *(axis[sites] for axis in place), *(axis[points] for axis in place))


def draw(job: Job) -> Iterator[Measurement]:
    """Draw the states; the target is a minute of two processors."""
    from depotopt.hazards.ensemble import sample_ensemble

    quake, exposure = porto(job)
    with stopwatch() as clock:
        ensemble = sample_ensemble((quake,), exposure, job.arguments["size"], job.seed, workers=2)
    size = {
        "states": len(ensemble),
        "entries": len(ensemble.damage),
        "streets": len(exposure.network.streets),
    }
    # Two processors that do nothing else are done in half of this.
    yield Measurement(round(clock.cpu_s, 2), metric="cpu_s", reference=Reference(120.0), details=size)
    yield Measurement(round(clock.wall_s, 2), metric="wall_s", reference=Reference(60.0), details=size)


def same_bits(job: Job) -> Measurement:
    """Count the bytes that differ between one worker and two."""
    from dataclasses import fields

    import numpy as np

    from depotopt.hazards.ensemble import sample_ensemble

    quake, exposure = porto(job)
    one, two = (
        sample_ensemble((quake,), exposure, job.arguments["size"], job.seed, workers=w) for w in (1, 2)
    )
    pairs = [(getattr(one.damage, item.name), getattr(two.damage, item.name)) for item in fields(one.damage)]
    names = ("first", "probability", "site_survival", "site_power", "need_factor", "point_flooded")
    pairs += [(getattr(one, name), getattr(two, name)) for name in names]
    differ = sum(
        int((np.frombuffer(a.tobytes(), "u1") != np.frombuffer(b.tobytes(), "u1")).sum()) for a, b in pairs
    )
    return Measurement(differ, metric="bytes", reference=Reference(0.0, proved=True, sense=Sense.EQUAL))


def field(job: Job) -> Iterator[Measurement]:
    """Variance and correlation of the field at 200 places over 60 km, and in 4,000 draws."""
    import numpy as np

    from depotopt.hazards.correlation import CorrelatedField, range_m
    from depotopt.units import great_circle_m

    rng = np.random.default_rng(job.seed)
    lon, lat = 10 + 0.5 * rng.random(200), 0.5 * (rng.random(200) - 0.5)
    for name, period in (("sa10", 1.0), ("pga", 0.0)):
        reach = range_m(period)
        drawn = CorrelatedField.over(lon, lat, reach)
        near, far, variance = 0.0, 0.0, 0.0
        for a in range(200):
            variance = max(variance, abs(drawn.correlation(a, a) - 1.0))
            for b in range(a):
                h = float(great_circle_m(lon[a], lat[a], lon[b], lat[b]))
                error = abs(drawn.correlation(a, b) - np.exp(-3 * h / reach))
                if h < 1.5 * drawn.step_m:
                    near = max(near, error)
                else:
                    far = max(far, error)
        yield Measurement(variance, metric=f"{name}_variance_error", reference=Reference(1e-9))
        yield Measurement(far, metric=f"{name}_correlation_error", reference=Reference(0.03))
        yield Measurement(near, metric=f"{name}_correlation_error_within_cells", reference=Reference(0.2))
        draws = np.array([drawn.sample(rng) for _ in range(500 if job.smoke else 4000)])
        expected = np.exp(-3 * great_circle_m(lon[:, None], lat[:, None], lon, lat) / reach)
        spread = float(np.sqrt(np.mean((np.cov(draws.T) - expected) ** 2)))
        # The sampling error of a covariance estimated from n draws is about 1 / sqrt(n).
        bound = 2.0 / float(np.sqrt(len(draws)))
        yield Measurement(spread, metric=f"{name}_drawn_covariance_rms", reference=Reference(bound))


def fragility(job: Job) -> Iterator[Measurement]:
    """Damage states of all Hazus bridge classes: largest distance from the closed form."""
    import math

    import numpy as np

    from depotopt.catalog.seismic import fragilities
    from depotopt.hazards.fragility import Components

    count, sigma, rng = 20_000 if job.smoke else 200_000, 0.65, np.random.default_rng(job.seed)
    for measure, demand in (("sa10", 0.5), ("pga", 0.3), ("pgd", 0.4)):
        worst = 0.0
        for item in fragilities().values():
            if item.measure != measure:
                continue
            pieces = Components.of([item], np.zeros(count, dtype=np.int64))
            mean = math.log(demand)
            states = pieces.states(mean + sigma * rng.standard_normal(count), rng.standard_normal(count))
            expected = pieces.probability(np.full(1, mean), np.full(1, sigma))[0]
            for k, p in enumerate(expected, start=1):
                # Where the curves of a class cross, the worst state reached counts: no closed form.
                if 0 < p < 1 and len(set(item.beta)) == 1:
                    error = abs(float((states >= k).mean()) - p) / math.sqrt(p * (1 - p) / count)
                    worst = max(worst, error)
        yield Measurement(round(worst, 2), metric=f"{measure}_standard_errors", reference=Reference(4.5))


def pisco(job: Job) -> Iterator[Measurement]:
    """Read a real ShakeMap and tell how strongly it shook one of the towns."""
    import numpy as np

    from depotopt.hazards.intensity import intensity_of_ln_pga
    from depotopt.io.shakemaps import read_shakemap

    with stopwatch() as clock:
        grid = read_shakemap(job.data / PISCO)
    points = grid.ln_pga.size
    yield Measurement(
        points, metric="points", reference=Reference(206_540.0, sense=Sense.EQUAL), cpu_s=clock.cpu_s
    )
    motion = grid.motion(np.array([-76.2]), np.array([-13.71]))
    intensity = float(intensity_of_ln_pga(motion.ln_pga)[0])
    yield Measurement(
        round(intensity, 2), metric="intensity_at_pisco", details={"pga_g": float(np.exp(motion.ln_pga[0]))}
    )


def opened(job: Job, name: str) -> tuple[ScenarioCase, RoadLossEnsemble]:
    """A shipped scenario and road states it has not seen."""
    from depotopt.pipeline.stages import open_case, sample_ensemble

    case = open_case(SCENARIOS / name)
    return case, sample_ensemble(case.network, case.scenario, job.arguments["states"], job.seed + 9_000)


def unmet(case: ScenarioCase, ensemble: RoadLossEnsemble) -> list[float]:
    """Unmet person-days of today's layout in every road state."""
    from depotopt.evaluation.evaluate import evaluate
    from depotopt.siting.recourse.recourse import existing_layout

    judged = evaluate(case.scenario, existing_layout(case.scenario), case.network, ensemble)
    return [float(value) for value in judged.column("unmet_person_days")]


def response(case: ScenarioCase, ensemble: RoadLossEnsemble) -> FloatArray:
    """Features of the road states by travel times, stock and need."""
    import numpy as np

    from depotopt.hazards.reduction import response_features
    from depotopt.roads.engines.registry import prepare_engine
    from depotopt.travel import TravelTimes

    scenario = case.scenario
    sites, points = scenario.sites, scenario.demand_points
    places = tuple(site.ident for site in sites), tuple(point.ident for point in points)
    travel = TravelTimes(case.network, prepare_engine(case.network), *places)
    stock = np.zeros(len(sites))
    for lot in scenario.stock:
        kg = scenario.kg_per_unit[scenario.commodity_index[lot.commodity]]
        stock[scenario.site_index[lot.site]] += lot.quantity * kg
    return response_features(
        travel.seconds(ensemble),
        ensemble.site_survival.astype(np.float64),
        ensemble.need_factor.astype(np.float64),
        site_weight=stock,
        point_weight=np.array([point.people * point.affected_share for point in points]),
        response_s=scenario.rules.response_s,
    )


def independence(job: Job) -> Iterator[Measurement]:
    """CVaR95 of unmet need of today's layout, correlated and not."""
    from depotopt.hazards.independence import independent_copy
    from depotopt.hazards.statistics import weighted_cvar, weighted_mean

    case, ensemble = opened(job, job.engine)
    if float(ensemble.probability.max()) - float(ensemble.probability.min()) > 1e-12:
        yield Measurement(None, status="skipped", note="weighted road states cannot be shuffled")
        return
    kinds = {
        "correlated": ensemble,
        "roads_independent": independent_copy(ensemble, job.seed, roads_only=True),
        "all_independent": independent_copy(ensemble, job.seed),
    }
    tails = {}
    for name, states in kinds.items():
        figures = unmet(case, states)
        tail, mean = weighted_cvar(figures, states.probability), weighted_mean(figures, states.probability)
        tails[name] = tail.value
        details = {
            "half_width": tail.half_width,
            "mean": mean.value,
            "mean_half_width": mean.half_width,
            "worst": max(figures),
        }
        yield Measurement(round(tail.value, 1), metric=f"cvar95_{name}_person_days", details=details)
    for name in ("roads_independent", "all_independent"):
        hidden = 1.0 - tails[name] / tails["correlated"] if tails["correlated"] > 0 else 0.0
        yield Measurement(round(hidden, 4), metric=f"cvar95_hidden_by_{name}")


def reduction(job: Job) -> Iterator[Measurement]:
    """What mean and CVaR95 of unmet need lose when few states stand for many."""
    from depotopt.hazards.reduction import fast_forward, k_medoids, reduction_error, state_features
    from depotopt.hazards.statistics import weighted_cvar, weighted_mean

    case, ensemble = opened(job, job.engine)
    keep = job.arguments["keep"]
    by_roads, by_response = state_features(ensemble, case.network), response(case, ensemble)
    figures = unmet(case, ensemble)
    full_mean = weighted_mean(figures, ensemble.probability).value
    full_tail = weighted_cvar(figures, ensemble.probability).value
    for name, reduced in (
        ("roads_forward", fast_forward(by_roads, ensemble.probability, keep)),
        ("response_forward", fast_forward(by_response, ensemble.probability, keep)),
        ("response_medoids", k_medoids(by_response, ensemble.probability, keep, job.seed)),
    ):
        error = reduction_error(reduced, figures, ensemble.probability)
        details = {"full_mean": full_mean, "full_cvar95": full_tail, "distance": reduced.distance}
        yield Measurement(round(reduced.relative, 4), metric=f"{name}_spread_lost", details=details)
        yield Measurement(round(error.mean / full_mean, 4), metric=f"{name}_mean_error")
        yield Measurement(round(error.cvar / full_tail, 4), metric=f"{name}_cvar95_error")
