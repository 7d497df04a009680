"""Earthquakes: one correlated field of shaking damages bridges, tunnels, slopes, sites and power together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from depotopt.catalog.seismic import fragilities, repair_days
from depotopt.errors import Fault, InputError
from depotopt.hazards.area import outside_fault
from depotopt.hazards.correlation import CorrelatedField, period_correlation, range_m
from depotopt.hazards.fragility import Components, landslide_probability, newmark_displacement_m
from depotopt.hazards.intensity import intensity_of_ln_pga
from depotopt.hazards.motion import Motion, MotionSource
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.seismic_pieces import PGA, PGD, SA10, Pieces, Slope, find_pieces
from depotopt.hazards.states import Damage
from depotopt.hazards.trigger import CERTAIN, Trigger
from depotopt.units import DAY_S, BoolArray, FloatArray, Int64Array

WEAK_G = 0.01
"""Places whose median PGA is below this share the between-event residual only: their own would stretch
the correlated field over regions in which nothing happens."""
NEGLIGIBLE = 1e-7
"""Pieces whose probability of any damage is below this are left out."""
_DECIMALS = 9
_ASSETS = ("bridge", "tunnel", "road")


@dataclass(frozen=True, slots=True)
class Seismicity:
    """How pieces fare in an earthquake; classes are rows of ``catalog/seismic_fragility.csv``.

    Attributes
    ----------
    bridge_class, tunnel_class, road_class
        Hazus classes of bridges (in spectral acceleration at 1.0 s), tunnels (peak ground acceleration)
        and of roads on slopes (permanent displacement).
    unmapped_bridges_per_km
        Bridges assumed on other streets where the road data does not know its bridges (assumption).
    site_class
        Class of the sites' buildings.
    substation_class
        Class of the substations that feed the sites, one at each site; empty where power is not modelled.
    bridge_speed, tunnel_speed, road_speed
        Share of free-flow speed left in the damage states slight, moderate, extensive, complete, until
        repaired (assumptions of the scenario; the defaults open slightly damaged pieces, halve the speed
        on moderately damaged ones and close the others).
    site_survival
        Share of stock usable in these damage states (assumption).
    power_lost_from
        Damage state (1 slight to 4 complete) of the substation from which a site has no power.
    need_by_intensity
        Pairs of intensity and factor on need, interpolated; empty for no effect.
    """

    bridge_class: str = "HWB28"
    tunnel_class: str = "HTU1"
    road_class: str = "HRD1"
    unmapped_bridges_per_km: float = 0.0
    site_class: str = "C1L-low"
    substation_class: str = ""
    bridge_speed: tuple[float, float, float, float] = (1.0, 0.5, 0.0, 0.0)
    tunnel_speed: tuple[float, float, float, float] = (1.0, 0.5, 0.0, 0.0)
    road_speed: tuple[float, float, float, float] = (1.0, 0.5, 0.0, 0.0)
    site_survival: tuple[float, float, float, float] = (1.0, 0.8, 0.3, 0.0)
    power_lost_from: int = 3
    need_by_intensity: tuple[tuple[float, float], ...] = ()


DEFAULT_SEISMICITY = Seismicity()


@dataclass(frozen=True, slots=True)
class Earthquake:
    """An earthquake whose shaking is uncertain.

    In one road state ``ln Y[p] = mu[p] + tau[p] eta + phi[p] eps[p]`` for spectral acceleration at 1.0 s
    and for peak ground acceleration: ``eta`` is shared by all places (between events), ``eps`` is a field
    with the correlation of Jayaram and Baker (2009) (`CorrelatedField`), and the two measures are
    correlated as Baker and Jayaram (2008) found, ``eps_pga = rho eps_sa + sqrt(1 - rho^2) eps'`` with
    ``eps'`` of the shorter range of PGA (a simplification of a cross-correlated model); ``eta`` alike.
    Given the shaking, pieces fail independently by their fragility.

    Attributes
    ----------
    name
        Name in the scenario.
    source
        Shaking: a rupture with a relation, or a grid.
    magnitude
        Magnitude, for the displacement of slopes.
    seismicity
        Classes and consequences.
    slopes
        Slopes that can slide.
    trigger
        Whether the earthquake happens.
    shift
        Importance sampling: mean of the between-event residual that is drawn (0 as it is); strong
        shaking is drawn more often and every road state weighs ``exp(-shift eta + shift^2 / 2)``.
    origin
        File it was read from, for faults.
    """

    name: str
    source: MotionSource
    magnitude: float
    seismicity: Seismicity = DEFAULT_SEISMICITY
    slopes: tuple[Slope, ...] = ()
    trigger: Trigger = CERTAIN
    shift: float = 0.0
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedEarthquake:
        """Work out the shaking of every piece; see `depotopt.hazards.protocol.Hazard.prepare`."""
        faults = self.class_faults()
        if faults:
            raise InputError(f"hazard {self.name}", faults)
        names = (self.seismicity.bridge_class, self.seismicity.tunnel_class, self.seismicity.road_class)
        pieces = find_pieces(exposure.network, names, self.slopes, self.seismicity.unmapped_bridges_per_km)
        lon = np.concatenate([pieces.lon, exposure.site_lon, exposure.point_lon])
        lat = np.concatenate([pieces.lat, exposure.site_lat, exposure.point_lat])
        motion = self.source.motion(lon, lat)
        if not (motion.ln_pga >= math.log(WEAK_G)).any():
            raise InputError(f"hazard {self.name}", [outside_fault(self.name, self.origin)])
        damageable = self._damageable(pieces, motion)
        keep = np.concatenate([damageable, np.ones(len(lon) - len(pieces), dtype=np.bool_)])
        shaken = np.flatnonzero(motion.ln_pga[keep] >= math.log(WEAK_G))
        in_field = np.full(int(keep.sum()), -1, dtype=np.int64)
        in_field[shaken] = np.arange(len(shaken))
        places = lon[keep][shaken], lat[keep][shaken]
        periods = (1.0, 0.0) if len(shaken) else ()
        fields = tuple(CorrelatedField.over(*places, range_m(period)) for period in periods)
        table = fragilities()
        does = self.seismicity
        first = np.zeros(exposure.sites, dtype=np.int64)
        buildings = Components.of([table[does.site_class]], first)
        substations = None
        if does.substation_class:
            substations = Components.of([table[does.substation_class]], first)
        return PreparedEarthquake(
            self,
            pieces.take(damageable),
            Motion(*(getattr(motion, name)[keep] for name in _MOTION)),
            fields,
            in_field,
            buildings,
            substations,
            exposure.sites,
        )

    def class_faults(self) -> list[Fault]:
        """Classes the catalogue does not have."""
        does, faults = self.seismicity, []
        for key, measures in (
            ("bridge_class", ("sa10",)),
            ("tunnel_class", ("pga",)),
            ("road_class", ("pgd",)),
            ("site_class", ("pga",)),
            ("substation_class", ("pga",)),
        ):
            value = getattr(does, key)
            known = sorted(name for name, item in fragilities().items() if item.measure in measures)
            if value not in known and (value or key != "substation_class"):
                where = f"hazards.{self.name}.{key}"
                faults.append(
                    Fault(
                        self.origin,
                        where,
                        f"'{value}'",
                        f"expected one of {', '.join(known)}",
                        "fragility-class",
                    )
                )
        return faults

    def _damageable(self, pieces: Pieces, motion: Motion) -> BoolArray:
        """Pieces that can be damaged at all; the others are left out of every draw."""
        count = len(pieces)
        sigma = {
            SA10: np.hypot(motion.tau_sa10, motion.phi_sa10)[:count],
            PGA: np.hypot(motion.tau_pga, motion.phi_pga)[:count],
        }
        ln_sa10, ln_pga = motion.ln_sa10[:count], motion.ln_pga[:count]
        spectral = pieces.components.probability(ln_sa10, sigma[SA10])[:, 0] > NEGLIGIBLE
        shaken = pieces.components.probability(ln_pga, sigma[PGA])[:, 0] > NEGLIGIBLE
        with np.errstate(divide="ignore"):
            # Five standard deviations of shaking must at least set the slope in motion.
            moving = ln_pga + 5.0 * sigma[PGA] > np.log(pieces.critical_g)
        return np.select([pieces.measure == SA10, pieces.measure == PGA], [spectral, shaken], moving)


_MOTION = ("ln_pga", "ln_sa10", "tau_pga", "tau_sa10", "phi_pga", "phi_sa10")


@dataclass(frozen=True, slots=True)
class PreparedEarthquake:
    """An earthquake whose pieces know how they shake.

    Attributes
    ----------
    hazard
        What was prepared.
    pieces
        Pieces of streets that can be damaged.
    motion
        Shaking of the pieces, then of the sites, then of the demand points.
    fields
        Correlated fields for SA(1.0 s) and PGA over the places that shake noticeably, empty where none
        does.
    in_field
        Number of each place in the fields, -1 where it shakes too little.
    buildings, substations
        Fragility of sites and of their power.
    sites
        Number of sites.
    """

    hazard: Earthquake
    pieces: Pieces
    motion: Motion
    fields: tuple[CorrelatedField, ...]
    in_field: Int64Array
    buildings: Components
    substations: Components | None
    sites: int

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`."""
        happens, weight = self.hazard.trigger.draw(rng)
        if not happens:
            return Effect(Damage.concatenate([]), triggered=False, weight=weight)
        # What may not be there in this state (slopes, unmapped bridges) is settled first: it saves work.
        there = np.flatnonzero(rng.random(len(self.pieces)) < self.pieces.share)
        pieces, others = self.pieces.take(there), np.arange(len(self.pieces), len(self.motion.ln_pga))
        ln_sa10, ln_pga, ratio = self.shaking(rng, np.concatenate([there, others]))
        effect = Effect(
            self._damage(rng, pieces, ln_sa10[: len(pieces)], ln_pga[: len(pieces)]), weight=weight * ratio
        )
        site_pga, point_pga = np.split(ln_pga[len(pieces) :], [self.sites])
        does = self.hazard.seismicity
        states = self.buildings.states(site_pga, rng.standard_normal(self.sites))
        survival = np.array([1.0, *does.site_survival])[states]
        effect = replace(effect, site_survival=survival)
        if self.substations is not None:
            damaged = self.substations.states(site_pga, rng.standard_normal(self.sites))
            effect = replace(effect, site_power=damaged < does.power_lost_from)
        if does.need_by_intensity:
            intensity, factor = np.array(does.need_by_intensity).T
            effect = replace(effect, need_factor=np.interp(intensity_of_ln_pga(point_pga), intensity, factor))
        return effect

    def shaking(self, rng: np.random.Generator, which: Int64Array) -> tuple[FloatArray, FloatArray, float]:
        """``ln SA(1.0 s)`` and ``ln PGA`` in one road state at some places, and the weight of the draw."""
        motion = Motion(*(getattr(self.motion, name)[which] for name in _MOTION))
        rho = period_correlation(1.0, 0.01)
        rest = math.sqrt(1.0 - rho**2)
        shift = self.hazard.shift
        eta = float(rng.standard_normal()) + shift, float(rng.standard_normal())
        eps = np.zeros(len(which)), np.zeros(len(which))
        noticed = np.flatnonzero(self.in_field[which] >= 0)
        for field, residual in zip(self.fields, eps, strict=False):
            residual[noticed] = field.sample(rng, self.in_field[which[noticed]])
        ratio = math.exp(-shift * eta[0] + shift**2 / 2)
        ln_sa10 = motion.ln_sa10 + motion.tau_sa10 * eta[0] + motion.phi_sa10 * eps[0]
        ln_pga = (
            motion.ln_pga
            + motion.tau_pga * (rho * eta[0] + rest * eta[1])
            + motion.phi_pga * (rho * eps[0] + rest * eps[1])
        )
        # Rounded, so that the last bits in which FFTs of different machines differ do not show.
        return ln_sa10.round(_DECIMALS), ln_pga.round(_DECIMALS), round(ratio, _DECIMALS)

    def _damage(
        self, rng: np.random.Generator, pieces: Pieces, ln_sa10: FloatArray, ln_pga: FloatArray
    ) -> Damage:
        does, z = self.hazard.seismicity, rng.standard_normal(len(pieces))
        demand = np.where(pieces.measure == SA10, ln_sa10, ln_pga)
        buried = np.zeros(len(pieces), dtype=np.bool_)
        on_slope = np.flatnonzero(pieces.measure == PGD)
        if len(on_slope):
            moved = newmark_displacement_m(
                np.exp(ln_pga[on_slope]), pieces.critical_g[on_slope], self.hazard.magnitude
            )
            with np.errstate(divide="ignore"):
                demand[on_slope] = np.log(moved)
            falls = rng.random(len(on_slope)) < landslide_probability(moved)
            buried[on_slope] = falls & (pieces.clear_s[on_slope] > 0)
        state = pieces.components.states(demand, z)
        speed = np.array([(1.0, *getattr(does, f"{asset}_speed")) for asset in _ASSETS])[pieces.asset, state]
        speed[buried] = 0.0
        open_s = np.maximum(_REPAIR_S[pieces.asset, state], np.where(buried, pieces.clear_s, 0.0))
        hit = np.flatnonzero(speed < 1.0)
        # The worst piece of a street decides: slowest first, then longest repair.
        order = np.lexsort((-open_s[hit], speed[hit], pieces.street[hit]))
        hit = hit[order]
        street, first = np.unique(pieces.street[hit], return_index=True)
        worst = hit[first]
        return Damage.of(street, speed[worst], until_s=open_s[worst])

    def covered_sites(self) -> BoolArray:
        """Sites where the median intensity is VI or more."""
        ln_pga = self.motion.ln_pga[len(self.pieces) : len(self.pieces) + self.sites]
        return np.asarray(intensity_of_ln_pga(ln_pga) >= 6.0, dtype=np.bool_)


def _repair_table() -> FloatArray:
    days = np.zeros((len(_ASSETS), 5))
    for row, asset in enumerate(_ASSETS):
        known = repair_days()[asset]
        days[row, 1 : len(known) + 1] = known
        # A state the asset does not have takes as long as its worst.
        days[row, len(known) + 1 :] = known[-1]
    return days * DAY_S


_REPAIR_S = _repair_table()
