"""Roads of a named place, downloaded through OSMnx when somebody asks for it."""

from __future__ import annotations

from depotopt.errors import DepotoptError, UsageError
from depotopt.roads.importers.graph import network_from_graph
from depotopt.roads.network import RoadNetwork


class DownloadError(DepotoptError):
    """The roads could not be downloaded: no connection, no such place, or a busy server."""


def download_network(place: str, *, default_speed_kmh: float = 60.0) -> RoadNetwork:
    """Download the drivable roads of a place from OpenStreetMap through OSMnx.

    The only function of depotopt that uses the network. Every node of every way is kept (bridges stay
    as long as they are), so nothing is merged across a bridge.

    Parameters
    ----------
    place
        Name as Nominatim knows it (``"Andorra la Vella, Andorra"``).
    default_speed_kmh
        Speed of edges without speed and class.

    Raises
    ------
    DownloadError
        If nothing could be downloaded.
    UsageError
        If the name is empty.
    """
    if not place.strip():
        raise UsageError("the name of the place is empty")
    import osmnx

    # OSMnx asks for these tags only when they are listed; without them limits and fords would be lost.
    wanted = ("maxweight", "maxheight", "ford", "hgv", "goods", "motor_vehicle", "maxspeed:hgv")
    kept = list(osmnx.settings.useful_tags_way)
    osmnx.settings.useful_tags_way = [*kept, *(tag for tag in wanted if tag not in kept)]
    try:
        graph = osmnx.graph_from_place(place, network_type="drive", simplify=False)
    except (OSError, TypeError, ValueError) as error:
        raise DownloadError(f"the roads of '{place}' could not be downloaded: {error}") from error
    finally:
        osmnx.settings.useful_tags_way = kept
    return network_from_graph(graph, default_speed_kmh=default_speed_kmh, source=f"OpenStreetMap, {place}")
