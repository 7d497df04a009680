"""The tables of a report as CSV, on request with a row of HXL tags under the headers.

HXL is the Humanitarian Exchange Language, standard 1.1 (https://hxlstandard.org/standard/1-1final/): a row of
hashtags lets other humanitarian tools know what a column holds, whatever its header says.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from depotopt.report.table import Cell, Kind, Table


class CsvForm(StrEnum):
    """Whether a report has its tables as CSV too."""

    NONE = "none"
    PLAIN = "plain"
    HXL = "hxl"
    """With a row of HXL tags under the headers."""


HASHTAGS: Final = {
    "site": "#loc+depot+code",
    "name": "#loc+name",
    "open": "#status+open",
    "tier": "#loc+depot+type",
    "size_class": "#capacity+class",
    "kind": "#loc+type",
    "zone": "#adm1+name",
    "owner": "#org+owner",
    "status": "#status+now",
    "lon": "#geo+lon",
    "lat": "#geo+lat",
    "stock_usable_share": "#capacity+usable+pct",
    "power": "#status+power",
    "readiness_min": "#capacity+ready+min",
    "commodity": "#item+code",
    "gb_code": "#item+code+gb",
    "gb_group": "#item+type",
    "commodity_name": "#item+name",
    "mode": "#modality",
    "quantity": "#item+num",
    "held": "#item+held+num",
    "to_buy": "#item+missing+num",
    "unit": "#item+unit",
    "weight_kg": "#item+weight+kg",
    "volume_m3": "#item+volume+m3",
    "expiry": "#date+expiry",
    "days_left": "#item+expiry+days",
    "rotation": "#status+rotation",
    "lot": "#item+lot+code",
    "point": "#loc+code",
    "state": "#status",
    "people": "#population",
    "people_in_need": "#inneed",
    "first_arrival": "#date+first+arrival",
    "last_arrival": "#date+last+arrival",
    "need_kg": "#need+weight+kg",
    "delivered_kg": "#delivery+weight+kg",
    "unmet_kg": "#need+unmet+weight+kg",
    "unmet_weighted_person_days": "#need+unmet+persondays",
    "need": "#need+num",
    "delivered": "#delivery+num",
    "unmet": "#need+unmet+num",
    "vehicle": "#operations+vehicle+code",
    "vehicle_type": "#operations+vehicle+type",
    "trip": "#operations+trip+num",
    "stop": "#operations+stop+num",
    "stops": "#operations+stops+num",
    "start_site": "#loc+start+code",
    "end_site": "#loc+end+code",
    "approach_start": "#date+approach",
    "load_start": "#date+loading",
    "depart": "#date+departure",
    "back": "#date+back",
    "arrive": "#date+arrival",
    "leave": "#date+leave",
    "opens": "#date+opens",
    "latest_arrival": "#date+arrival+latest",
    "slack_min": "#operations+slack+min",
    "latest_departure": "#date+departure+latest",
    "streets": "#loc+road+list",
    "distance_km": "#operations+distance+km",
    "payload_share": "#operations+payload+pct",
    "volume_share": "#operations+volume+pct",
    "reason": "#cause+need+unmet",
    "explanation": "#description+cause",
    "street": "#loc+road+code",
    "street_kind": "#loc+road+type",
    "road_class": "#loc+road+class",
    "road_status": "#access+road+status",
    "cause": "#cause",
    "speed_share": "#access+speed+pct",
    "depth_m": "#severity+depth+m",
    "from": "#date+start",
    "until": "#date+end",
    "length_km": "#access+length+km",
    "report": "#meta+report+code",
    "source": "#meta+source",
    "trust": "#meta+trust+pct",
    "radius_m": "#geo+radius+m",
    "currency": "#currency",
}
"""Hashtag of a column by its name; other columns (metrics, solver figures) are indicators."""


def hashtag(column: str) -> str:
    """HXL tag of a column."""
    return HASHTAGS.get(column, "#indicator+" + "".join(c for c in column.lower() if c.isalnum() or c == "_"))


def write_csv(tables: Iterable[Table], folder: Path, start: dt.datetime, *, hxl: bool = False) -> list[Path]:
    """Write each table as ``NAME.csv`` (UTF-8 with a mark, so that Excel knows); moments in ISO 8601.

    Parameters
    ----------
    tables
        Tables of a report.
    folder
        Folder, made where it is missing.
    start
        Moment the seconds of the tables count from.
    hxl
        Whether a row of HXL tags stands under the headers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables:
        written.append(folder / f"{table.name}.csv")
        with written[-1].open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            names = [column.name for column in table.columns]
            writer.writerow(names)
            if hxl:
                writer.writerow(map(hashtag, names))
            kinds = [column.kind for column in table.columns]
            for row in table.rows:
                writer.writerow([_text(cell, kind, start) for cell, kind in zip(row, kinds, strict=True)])
    return written


def _text(cell: Cell, kind: Kind, start: dt.datetime) -> str:
    if cell is None:
        return ""
    if kind == "moment" and not isinstance(cell, str):
        return (start + dt.timedelta(seconds=round(cell))).isoformat(timespec="seconds")
    return f"{cell:.12g}" if isinstance(cell, float) else str(cell)
