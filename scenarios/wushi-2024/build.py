"""Regenerate the roads and tables of this scenario from its facts and from the road data.

Run ``python scenarios/wushi-2024/build.py`` from the repository; see ``--help``. What is fact and what is
assumed stands in README.md and, row by row, in ``facts/``.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from highways import (  # noqa: E402  (the module beside the scenarios is no package)
    Box,
    Declared,
    Highways,
    apportion,
    cut,
    detoured_connectors,
    positions_of,
    read_records,
    source_argument,
    write_records,
    write_roads,
)

BOX = Box(south=36.0, north=44.0, west=73.0, east=84.0)
SNAP_LIMIT_M = 5_000.0
LONGEST_TRUSTED_LINK_M = 60_000.0
"""Longer links are chords far from the real road: places are never tied to them without saying so."""
DETOUR = 1.25
"""Assumed road length over straight distance of a connector."""
CONNECTOR_KMH = 40.0
"""Assumed speed on a connector: county roads in mountains, winter."""
AFFECTED_SHARE = {"9": 0.30, "8": 0.15, "7": 0.05, "6": 0.01, "": 0.0}
"""Assumed share of residents in need by zone of the official intensity map; a township that several
zones touch takes their mean. Together about 17,800 people; 12,426 were relocated on
23 January 2024 (Xinhua)."""
TOWNSHIP_HOSTS = ("school", "township office", "supermarket", "health centre", "fire station")
RATES: dict[str, dict[str, object]] = {
    "prefecture": {
        "handling_kg_per_h": 80000,
        "handling_share_without_power": 0.4,
        "docks": 10,
        "readiness_min": 60,
    },
    "county": {
        "handling_kg_per_h": 24000,
        "handling_share_without_power": 0.5,
        "docks": 4,
        "readiness_min": 30,
    },
    "township": {
        "handling_kg_per_h": 4000,
        "handling_share_without_power": 1,
        "docks": 2,
        "readiness_min": 15,
    },
}
"""Assumed loading rates; townships load by hand and do not feel a power cut."""


def demand_points(places: list[dict[str, str]], counties: list[dict[str, str]]) -> list[dict[str, object]]:
    """Split each county's census population over its places by weight."""
    people: dict[str, int] = {}
    for county in counties:
        own = [place for place in places if place["county"] == county["county"]]
        parts = apportion(int(county["people_2020"]), [float(place["weight"]) for place in own])
        people.update(zip((place["place"] for place in own), parts, strict=True))
    rows: list[dict[str, object]] = []
    for place in places:
        zones = place["zones"].split(";")
        share = sum(AFFECTED_SHARE[zone] for zone in zones) / len(zones)
        rows.append(
            {
                "id": place["place"],
                "name": place["name"],
                "lon": place["lon"],
                "lat": place["lat"],
                "people": people[place["place"]],
                "affected_share": round(share, 4),
                "kind": "settlement",
                "zone": place["county"],
            }
        )
    return rows


def sites(places: list[dict[str, str]], depots: list[dict[str, str]]) -> list[dict[str, object]]:
    """Depots as declared, and one candidate host in every township of the three counties hit."""
    by_place = {place["place"]: place for place in places}
    rows: list[dict[str, object]] = []
    for depot in depots:
        position = by_place.get(depot["place"], depot)
        row: dict[str, object] = {key: depot[key] for key in ("name", "tiers", "status", "kind", "zone")}
        rates = RATES[depot["tiers"].split(";")[0]]
        rows.append(
            {"id": depot["depot"], "name": row.pop("name"), "lon": position["lon"], "lat": position["lat"]}
            | row
            | rates
        )
    townships = [
        place for place in places if place["county"] in ("WS", "AHQ", "KP") and place["kind"] == "township"
    ]
    for number, place in enumerate(townships):
        rows.append(
            {
                "id": f"{place['place']}-S",
                "name": place["name"],
                "lon": place["lon"],
                "lat": place["lat"],
                "tiers": "township",
                "status": "candidate",
                "kind": TOWNSHIP_HOSTS[number % len(TOWNSHIP_HOSTS)],
                "zone": place["county"],
            }
            | RATES["township"]
        )
    return rows


def declared_roads(
    roads: Highways, positions: dict[str, tuple[float, float]], chains: list[dict[str, str]]
) -> Declared:
    """Roads through towns that lie off the data, as links of class connector."""
    declared = Declared(speed_kmh=CONNECTOR_KMH)
    for chain in chains:
        stops = chain["stops"].split(";")
        name = f"assumed: {chain['road']}"
        if chain["replaces"] == "yes":
            declared.replace(roads, stops, positions, name)
        else:
            declared.lay(roads, stops, positions, name, DETOUR)
    return declared


def build(source: Path | None, folder: Path) -> None:
    """Write roads and tables into a folder."""
    facts = FOLDER / "facts"
    counties, places = read_records(facts / "counties.csv"), read_records(facts / "places.csv")
    roads = cut(source, BOX)
    site_rows = sites(places, read_records(facts / "depots.csv"))
    point_rows = demand_points(places, counties)
    positions = positions_of([*point_rows, *site_rows])
    declared = declared_roads(roads, positions, read_records(facts / "declared_roads.csv"))
    write_roads(roads, folder / "roads", declared)
    write_records(folder / "tables" / "demand_points.csv", point_rows)
    write_records(folder / "tables" / "sites.csv", site_rows)
    rows = detoured_connectors(roads, declared, positions, SNAP_LIMIT_M, DETOUR, LONGEST_TRUSTED_LINK_M)
    write_records(folder / "tables" / "connectors.csv", rows)


if __name__ == "__main__":
    build(source_argument(str(__doc__)), FOLDER)
