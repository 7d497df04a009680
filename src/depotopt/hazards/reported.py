"""Road reports as a hazard: each report is right with the probability its source is trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.closures import PreparedEntries
from depotopt.hazards.protocol import Exposure
from depotopt.hazards.reports import RoadReport
from depotopt.hazards.shapes import Shape, StreetLines, find_streets
from depotopt.units import Int32Array

REPORTS = "road reports"
"""Name the reports go by among the causes of an ensemble."""


@dataclass(frozen=True, slots=True)
class ReportedRoads:
    """Road reports; a report is right with probability ``trust``, independently of the others.

    A report whose source is wrong does nothing: roads nobody reported are left to other hazards.

    Attributes
    ----------
    reports
        The reports.
    name
        Name among the causes.
    origin
        File the reports were read from, for faults.
    """

    reports: tuple[RoadReport, ...]
    name: str = REPORTS
    origin: str = "tables/road_reports.csv"

    def prepare(self, exposure: Exposure) -> PreparedEntries:
        """Find the streets each report means; see `depotopt.hazards.protocol.Hazard.prepare`."""
        groups, faults = self._streets(exposure)
        if faults:
            raise InputError("road reports", faults)
        return PreparedEntries.of(
            groups,
            np.array([report.trust for report in self.reports]),
            np.array([report.speed_factor for report in self.reports]),
            np.array([report.from_s for report in self.reports]),
            np.array([report.until_s for report in self.reports]),
        )

    def _streets(self, exposure: Exposure) -> tuple[list[Int32Array], list[Fault]]:
        groups: list[Int32Array] = [np.empty(0, dtype=np.int32)] * len(self.reports)
        faults = []
        shapes: list[tuple[int, Shape]] = []
        for number, report in enumerate(self.reports):
            if report.street:
                groups[number], unknown = find_streets(exposure.network.streets, [report.street])
                if unknown:
                    faults.append(
                        self._fault(
                            report,
                            f"'{report.street}'",
                            "no street has this identifier or name",
                            "unknown-street",
                        )
                    )
                continue
            try:
                shapes.append((number, report_shape(report)))
            except ValueError as error:
                faults.append(self._fault(report, str(error), "expected a place in degrees", "report-place"))
        if shapes:
            touched = StreetLines.of(exposure.network).touched_by([shape for _, shape in shapes])
            for (number, _), streets in zip(shapes, touched, strict=True):
                groups[number] = streets
                if not len(streets):
                    faults.append(
                        self._fault(
                            self.reports[number],
                            "a place that touches no road",
                            "expected a place on the road network",
                            "hazard-outside",
                        )
                    )
        return groups, faults

    def _fault(self, report: RoadReport, found: str, expected: str, kind: str) -> Fault:
        return Fault(self.origin, f"report {report.ident}", found, expected, kind)


def report_shape(report: RoadReport) -> Shape:
    """Place of a report that names no street.

    Raises
    ------
    ValueError
        If it has neither a readable area nor a position.
    """
    if report.area_wkt:
        return Shape.of_wkt(report.area_wkt)
    if math.isnan(report.lon) or math.isnan(report.lat):
        raise ValueError("neither street, area nor position")
    # A position without radius means the road at that spot: 25 m covers the width and the GPS error.
    return Shape.point(report.lon, report.lat, report.radius_m or 25.0)


def as_hazard(reports: Sequence[RoadReport]) -> tuple[ReportedRoads, ...]:
    """The reports as zero or one hazard."""
    return (ReportedRoads(tuple(reports)),) if reports else ()
