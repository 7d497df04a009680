"""Road reports: what informants say about roads, with trust and expiry."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoadReport:
    """One report about a street, a bridge, or all streets near a point or in an area.

    Exactly one of ``street``, ``area_wkt`` or the position is given.

    Attributes
    ----------
    ident
        Identifier of the report.
    street
        Identifier of a street of the network (`StreetTable.ident`) or a street name; every street of
        that name is meant.
    lon, lat, radius_m
        A point and the radius around it.
    area_wkt
        Polygon or multipolygon in WKT, degrees.
    speed_factor
        Share of free-flow speed left; 0 means closed.
    from_s, until_s
        When it holds, seconds from the scenario's start; ``inf`` for *until further notice*.
    source
        Who reported it.
    trust
        Probability that the report is right, in ``[0, 1]``.
    """

    ident: str
    street: str = ""
    lon: float = math.nan
    lat: float = math.nan
    radius_m: float = 0.0
    area_wkt: str = ""
    speed_factor: float = 0.0
    from_s: float = 0.0
    until_s: float = math.inf
    source: str = ""
    trust: float = 1.0
