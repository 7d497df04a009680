"""QR codes that carry a trip's stop list: a phone reads them without a network."""

from __future__ import annotations

import datetime as dt
from typing import Final

from depotopt.plans import Trip
from depotopt.report.content import ReportContent
from depotopt.report.handovers import handovers

MASK: Final = 2
MOST_BYTES: Final = 1200
"""Beyond this, modules of a 30 mm code get too small for a phone in bad light."""


def stop_list(content: ReportContent, trip: Trip) -> str:
    """Stop list of a trip as plain text: loading, then each stop with time, position and loads.

    Loads are left out where the list would not fit a code; a list that still does not fit is cut after
    its last whole stop and says so.
    """
    for with_loads in (True, False):
        lines = _lines(content, trip, with_loads=with_loads)
        if len("\n".join(lines).encode("utf-8")) <= MOST_BYTES:
            return "\n".join(lines)
    while len("\n".join([*lines, "..."]).encode("utf-8")) > MOST_BYTES:
        lines.pop()
    return "\n".join([*lines, "..."])


def stop_code(text: str) -> str:
    """Draw text as a QR code (ISO/IEC 18004, error correction M) in inline SVG."""
    import segno

    # Any mask reads back. Trying all eight for the one with the fewest large areas takes ten times as long as
    # the rest, and text has none to speak of.
    made = segno.make(text, error="m", micro=False, encoding="utf-8", mask=MASK)
    drawn: str = made.svg_inline(svgclass="code", lineclass=None, omitsize=True, border=2)
    return drawn


def _lines(content: ReportContent, trip: Trip, *, with_loads: bool) -> list[str]:
    scenario = content.scenario

    def clock(seconds: float) -> str:
        return f"{scenario.start + dt.timedelta(seconds=seconds):%m-%d %H:%M}"

    site = scenario.sites[scenario.site_index[trip.start_site]]
    lines = [
        f"{trip.vehicle} #{trip.number}",
        f"0 {clock(trip.depart_s)} {site.name} {site.lat:.5f},{site.lon:.5f}",
    ]
    stops = handovers(scenario, trip)
    for stop in stops:
        line = f"{stop.number} {clock(stop.arrive_s)} {stop.name} {stop.lat:.5f},{stop.lon:.5f}"
        if with_loads:
            amounts: dict[str, float] = {}
            for load in stop.loads:
                amounts[load.commodity] = amounts.get(load.commodity, 0.0) + load.quantity
            line += "".join(f"; {quantity:g} {commodity}" for commodity, quantity in amounts.items())
        lines.append(line)
    end = scenario.sites[scenario.site_index[trip.end_site]]
    return [*lines, f"{len(stops) + 1} {clock(trip.return_s)} {end.name} {end.lat:.5f},{end.lon:.5f}"]
