"""``depotopt roads``: road data in and out, and what a road state takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from depotopt.cli.exits import Exit
from depotopt.cli.flags import COMMON, Common
from depotopt.cli.parameters import AsJson, AtHours, State

roads = App(name="roads", help="Look at a scenario's roads, whole or damaged; import road data.")


@roads.command(name="import")
def roads_import(
    source: Annotated[
        Path, Parameter(help="OSM extract, GraphML, GeoPackage, .npz, or nodes.csv and links.csv.")
    ],
    file: Annotated[Path, Parameter(help="GeoPackage to write; a scenario's roads.path may name it.")],
    *,
    minor_roads: Annotated[bool, Parameter(negative="", help="Service roads and tracks as well.")] = False,
    as_json: AsJson = False,
) -> Exit:
    """Turn road data into a GeoPackage a scenario can use, and say what it holds and leaves out."""
    from depotopt.cli import screen
    from depotopt.roads.export import write_geopackage
    from depotopt.roads.importers import read_network
    from depotopt.roads.summary import summary

    network = read_network(source, minor_roads=minor_roads)
    write_geopackage(network, file)
    screen.tell_roads(summary(network), as_json=as_json)
    return Exit.OK


@roads.command(name="download")
def roads_download(
    place: Annotated[str, Parameter(help="Place as OpenStreetMap knows it.")],
    file: Annotated[Path, Parameter(help="GeoPackage to write.")],
    *,
    as_json: AsJson = False,
) -> Exit:
    """Fetch a place's roads from OpenStreetMap: the one command that needs the internet."""
    from depotopt.cli import screen
    from depotopt.roads.export import write_geopackage
    from depotopt.roads.importers import download_network
    from depotopt.roads.summary import summary

    network = download_network(place)
    write_geopackage(network, file)
    screen.tell_roads(summary(network), as_json=as_json)
    return Exit.OK


@roads.command(name="summary")
def roads_summary(scenario: Path, *, common: Common = COMMON) -> Exit:
    """Length by class, bridges, where speeds come from, what the import left out."""
    from depotopt.cli import screen
    from depotopt.pipeline.stages import open_case
    from depotopt.roads.export import summary

    screen.tell_roads(summary(open_case(scenario, common.overrides).network), as_json=common.as_json)
    return Exit.OK


@roads.command(name="status")
def roads_status(scenario: Path, *, state: State = 0, at_h: AtHours = 0.0, common: Common = COMMON) -> Exit:
    """Say what one road state takes: streets and bridges lost, points cut off and by what."""
    from depotopt.cli import screen
    from depotopt.pipeline import options as asked
    from depotopt.pipeline.road_status import road_status
    from depotopt.pipeline.stages import open_case
    from depotopt.units import HOUR_S

    case = open_case(scenario, common.overrides)
    road_state = asked.unseen_state(case, asked.RunOptions(), state)
    status = road_status(case, road_state, at_s=at_h * HOUR_S)
    screen.tell_status(case.scenario, status, as_json=common.as_json)
    return Exit.OK


@roads.command(name="export")
def roads_export(scenario: Path, file: Path, *, common: Common = COMMON) -> Exit:
    """Write the roads with the scenario's places as a GeoPackage."""
    from depotopt.cli import screen
    from depotopt.io.new_files import require_ending
    from depotopt.pipeline.stages import open_case
    from depotopt.roads.export import write_geopackage

    require_ending(file, ".gpkg")
    write_geopackage(open_case(scenario, common.overrides).network, file)
    screen.tell_written(file, as_json=common.as_json)
    return Exit.OK
