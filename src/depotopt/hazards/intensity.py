"""Intensity with distance, and what acceleration an intensity means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.boore_atkinson import BETWEEN_SHARE
from depotopt.hazards.motion import Motion, Rupture, fault_axes_m
from depotopt.units import KM_M, FloatArray, great_circle_m

G_CM_S2: Final = 980.665

# Worden, Gerstenberger, Rhoades and Wald (2012), BSSA 102, 204-221, table 1: I = c1 + c2 log10 Y below the
# intensity t2, c3 + c4 log10 Y above; Y in cm/s2.
_WORDEN_PGA: Final = (1.78, 1.55, -1.60, 3.70, 4.22)
_WORDEN_SA10: Final = (2.50, 1.51, 0.20, 2.90, 4.98)


def ln_pga_of_intensity(intensity: FloatArray) -> FloatArray:
    """Logarithm of the peak ground acceleration (g) of an intensity, Worden et al. (2012)."""
    return _ln_of_intensity(intensity, _WORDEN_PGA)


def ln_sa10_of_intensity(intensity: FloatArray) -> FloatArray:
    """Logarithm of the spectral acceleration at 1.0 s (g) of an intensity, Worden et al. (2012)."""
    return _ln_of_intensity(intensity, _WORDEN_SA10)


def intensity_of_ln_pga(ln_pga: FloatArray) -> FloatArray:
    """Intensity of a peak ground acceleration (logarithm of g), Worden et al. (2012)."""
    c1, c2, c3, c4, _ = _WORDEN_PGA
    log10 = ln_pga / math.log(10.0) + math.log10(G_CM_S2)
    return np.where(log10 <= 1.57, c1 + c2 * log10, c3 + c4 * log10)


def _ln_of_intensity(intensity: FloatArray, c: tuple[float, float, float, float, float]) -> FloatArray:
    c1, c2, c3, c4, t2 = c
    log10 = np.where(intensity <= t2, (intensity - c1) / c2, (intensity - c3) / c4)
    ln: FloatArray = (log10 - math.log10(G_CM_S2)) * math.log(10.0)
    return ln


def motion_of_intensity(intensity: FloatArray, sigma: FloatArray) -> Motion:
    """Motion whose residuals are those of the intensity, through the slope that holds above VI."""
    tau, phi = math.sqrt(BETWEEN_SHARE), math.sqrt(1 - BETWEEN_SHARE)
    pga, sa10 = (sigma * math.log(10.0) / c[3] for c in (_WORDEN_PGA, _WORDEN_SA10))
    return Motion(
        ln_pga_of_intensity(intensity),
        ln_sa10_of_intensity(intensity),
        tau * pga,
        tau * sa10,
        phi * pga,
        phi * sa10,
    )


@dataclass(frozen=True, slots=True)
class Yu2013:
    """Chinese intensity relation of an elliptic isoseismal, ``I = A + B M + C log10(R + R0)``.

    Yu, Li and Xiao (2013), Technology for Earthquake Disaster Prevention 8, 24-33 (made for the seismic
    zonation map GB 18306-2015; coefficients read in a paper that cites it). ``M`` is the surface-wave
    magnitude, ``R`` the distance from the epicentre in km; one set of coefficients holds along the
    strike, one across it, and between them the distance in each direction is scaled to the ellipse.
    Without strike the circle of the same area is taken. Chinese intensity is read as modified Mercalli
    intensity and converted by `ln_pga_of_intensity` and `ln_sa10_of_intensity`; the relation's standard
    deviation goes through the same conversion, the scatter of the conversion is left out (it would count
    the same deviation twice).

    Attributes
    ----------
    long_axis, short_axis
        ``(A, C, R0)`` along and across the strike.
    b
        Coefficient of magnitude, the same for both.
    sigma
        Standard deviation of the intensity.
    """

    long_axis: tuple[float, float, float]
    short_axis: tuple[float, float, float]
    b: float
    sigma: float

    def motion(self, rupture: Rupture, lon: FloatArray, lat: FloatArray) -> Motion:
        """See `Relation.motion`."""
        return motion_of_intensity(self.intensity(rupture, lon, lat), np.full(len(lon), self.sigma))

    def intensity(self, rupture: Rupture, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Median intensity at positions."""
        along, across = (np.abs(axis) / KM_M for axis in fault_axes_m(rupture, lon, lat))
        # An isoseismal of intensity I has half axes a(I) and b(I); find I by bisection, all places at once.
        low, high = np.full(len(lon), -20.0), np.full(len(lon), self._at_epicentre(rupture.magnitude))
        for _ in range(50):
            middle = (low + high) / 2
            a, b = (
                self._radius_km(axis, rupture.magnitude, middle) for axis in (self.long_axis, self.short_axis)
            )
            if math.isnan(rupture.strike_deg):
                inside = np.hypot(along, across) ** 2 <= a * b
            else:
                inside = (along * b) ** 2 + (across * a) ** 2 <= (a * b) ** 2
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        found: FloatArray = (low + high) / 2
        return found

    def _at_epicentre(self, magnitude: float) -> float:
        a, c, r0 = self.long_axis
        return a + self.b * magnitude + c * math.log10(r0)

    def _radius_km(
        self, axis: tuple[float, float, float], magnitude: float, intensity: FloatArray
    ) -> FloatArray:
        a, c, r0 = axis
        exponent = np.minimum((intensity - a - self.b * magnitude) / c, 12.0)
        radius: FloatArray = np.maximum(10.0**exponent - r0, 0.0)
        return radius


@dataclass(frozen=True, slots=True)
class Allen2012:
    """Allen, Wald and Worden (2012), Journal of Seismology 16, 409-433: intensity, hypocentral distance.

    ``I = 2.085 + 1.428 M - 1.402 ln sqrt(R^2 + Rm^2) + S``, ``Rm = -0.209 + 2.042 exp(M - 5)``,
    ``S = 0.078 ln(R / 50)`` beyond 50 km; active crust worldwide. Conversion as in `Yu2013`.
    """

    def motion(self, rupture: Rupture, lon: FloatArray, lat: FloatArray) -> Motion:
        """See `Relation.motion`."""
        r_km = self._distance_km(rupture, lon, lat)
        sigma = 0.82 + 0.37 / (1.0 + (r_km / 22.9) ** 2)
        return motion_of_intensity(self.intensity(rupture, lon, lat), sigma)

    def intensity(self, rupture: Rupture, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Median intensity at positions."""
        r_km = self._distance_km(rupture, lon, lat)
        near = -0.209 + 2.042 * math.exp(rupture.magnitude - 5.0)
        far = np.where(r_km > 50.0, 0.078 * np.log(np.maximum(r_km, 1e-9) / 50.0), 0.0)
        intensity: FloatArray = 2.085 + 1.428 * rupture.magnitude - 1.402 * np.log(np.hypot(r_km, near)) + far
        return intensity

    @staticmethod
    def _distance_km(rupture: Rupture, lon: FloatArray, lat: FloatArray) -> FloatArray:
        if math.isnan(rupture.depth_m):
            raise UsageError("the relation allen-2012 needs the depth of the earthquake")
        km: FloatArray = np.hypot(great_circle_m(rupture.lon, rupture.lat, lon, lat), rupture.depth_m) / KM_M
        return km
