"""Regenerate the roads and tables of this scenario from its facts and from the road data.

Run ``python scenarios/shanghai-5-8-11-n/build.py`` from the repository; see ``--help``. What is fact and
what is assumed stands in README.md and, row by row, in ``facts/``.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from highways import (  # noqa: E402  (the module beside the scenarios is no package)
    METRES_PER_DEGREE,
    Box,
    Declared,
    apportion,
    cut,
    detoured_connectors,
    positions_of,
    read_records,
    source_argument,
    write_records,
    write_roads,
)

BOX = Box(south=30.6, north=31.9, west=120.8, east=122.2)
SNAP_LIMIT_M = 4_000.0
DETOUR = 1.25
"""Assumed road length over straight distance of a connector."""
CONNECTOR_KMH = 30.0
"""Assumed speed on connectors and declared roads, the ferry with its waiting among them."""
WEIGHT = {"街道": 1.0, "镇": 1.5, "乡": 0.3}
"""Assumed people of a town (镇) and a township (乡) relative to a subdistrict of the same district."""
SHARE_IN_OUTLINE = 0.018
"""Assumed share of residents to supply before the typhoon lands, inside the extreme flood outline."""
POINTS = 40
HOSTS = ("school", "supermarket", "fire station", "stadium", "community centre", "logistics warehouse")
RATES: dict[str, dict[str, object]] = {
    "joint": {
        "handling_kg_per_h": 240000,
        "handling_share_without_power": 0.4,
        "docks": 10,
        "readiness_min": 30,
    },
    "sector": {
        "handling_kg_per_h": 96000,
        "handling_share_without_power": 0.4,
        "docks": 4,
        "readiness_min": 45,
    },
    "district": {
        "handling_kg_per_h": 96000,
        "handling_share_without_power": 0.5,
        "docks": 4,
        "readiness_min": 20,
    },
    "point": {"handling_kg_per_h": 4000, "handling_share_without_power": 1, "docks": 1, "readiness_min": 10},
}
"""Assumed loading rates by the highest tier a site may belong to: 24 t of pallets per hour and dock in
depots, by hand at points."""


def inside(lon: float, lat: float, ring: list[list[float]]) -> bool:
    """Whether a position lies in a polygon (even-odd rule)."""
    found = False
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > lat) != (by > lat) and lon < ax + (lat - ay) / (by - ay) * (bx - ax):
            found = not found
    return found


def demand_points(
    townships: list[dict[str, str]], districts: list[dict[str, str]], outlines: list[list[list[float]]]
) -> list[dict[str, object]]:
    """Split each district's census population over its townships by kind."""
    people: dict[str, int] = {}
    for district in districts:
        own = [place for place in townships if place["district"] == district["district"]]
        weights = [next(w for suffix, w in WEIGHT.items() if p["name"].endswith(suffix)) for p in own]
        parts = apportion(int(district["people_2020"]), weights)
        people.update(zip((place["place"] for place in own), parts, strict=True))
    names = {district["district"]: district["name"].split(" ")[0] for district in districts}
    rows: list[dict[str, object]] = []
    for place in townships:
        lon, lat = float(place["lon"]), float(place["lat"])
        wet = any(inside(lon, lat, ring) for ring in outlines)
        rows.append(
            {
                "id": place["place"],
                "name": f"{names[place['district']]} {place['name']}",
                "lon": place["lon"],
                "lat": place["lat"],
                "people": people[place["place"]],
                "affected_share": SHARE_IN_OUTLINE if wet else 0.0,
                "zone": place["district"],
            }
        )
    return rows


def spread(townships: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Pick townships far from one another, starting with the first (Gonzalez 1985, farthest first)."""
    chosen: list[dict[str, str]] = []
    gap = {place["place"]: float("inf") for place in townships}
    while len(chosen) < count:
        best = max(townships, key=lambda place: gap[place["place"]])
        chosen.append(best)
        for place in townships:
            east = (float(place["lon"]) - float(best["lon"])) * METRES_PER_DEGREE * 0.856
            north = (float(place["lat"]) - float(best["lat"])) * METRES_PER_DEGREE
            gap[place["place"]] = min(gap[place["place"]], round((east**2 + north**2) ** 0.5, 3))
    return sorted(chosen, key=lambda place: place["place"])


def sites(townships: list[dict[str, str]], depots: list[dict[str, str]]) -> list[dict[str, object]]:
    """Depots as declared, and candidate points spread over the townships."""
    by_place = {place["place"]: place for place in townships}
    rows: list[dict[str, object]] = []
    for depot in depots:
        place = by_place[depot["place"]]
        rows.append(
            {
                "id": depot["depot"],
                "name": depot["name"],
                "lon": place["lon"],
                "lat": place["lat"],
                "tiers": depot["tiers"],
                "status": depot["status"],
                "kind": depot["kind"],
                "zone": place["district"],
                "cost_share": depot["cost_share"],
                **RATES[depot["tiers"].split(";")[0]],
                "commodity_classes": depot["classes"],
                "hazards_excluded": "" if depot["status"] == "existing" else "surge",
            }
        )
    for number, place in enumerate(spread(townships, POINTS)):
        rows.append(
            {
                "id": f"{place['place']}-S",
                "name": place["name"],
                "lon": place["lon"],
                "lat": place["lat"],
                "tiers": "point",
                "status": "candidate",
                "kind": HOSTS[number % len(HOSTS)],
                "zone": place["district"],
                "cost_share": 1,
                **RATES["point"],
            }
        )
    return rows


def build(source: Path | None, folder: Path) -> None:
    """Write roads and tables into a folder."""
    facts = FOLDER / "facts"
    townships, districts = read_records(facts / "townships.csv"), read_records(facts / "districts.csv")
    extreme = json.loads((FOLDER / "hazards" / "extreme.geojson").read_text(encoding="utf-8"))
    outlines = [feature["geometry"]["coordinates"][0] for feature in extreme["features"]]
    roads = cut(source, BOX)
    site_rows = sites(townships, read_records(facts / "depots.csv"))
    point_rows = demand_points(townships, districts, outlines)
    positions = positions_of([*point_rows, *site_rows])
    declared = Declared(speed_kmh=CONNECTOR_KMH)
    for road in read_records(facts / "declared_roads.csv"):
        declared.lay(roads, road["stops"].split(";"), positions, f"assumed: {road['road']}", DETOUR)
    write_roads(roads, folder / "roads", declared)
    write_records(folder / "tables" / "demand_points.csv", point_rows)
    write_records(folder / "tables" / "sites.csv", site_rows)
    off = detoured_connectors(declared.joined(roads), declared, positions, SNAP_LIMIT_M, DETOUR)
    if off:
        raise SystemExit(f"places far from any road, declare roads to them: {[row['place'] for row in off]}")


if __name__ == "__main__":
    build(source_argument(str(__doc__)), FOLDER)
