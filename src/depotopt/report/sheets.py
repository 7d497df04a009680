"""`sheets.html`: route sheets for drivers, one vehicle a page on A4, usable from paper alone."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from depotopt.dispatch.publishing.manifest import departure_slack
from depotopt.plans import Load, Trip
from depotopt.report.content import ReportContent
from depotopt.report.handovers import Handover, handovers
from depotopt.report.map_page import asset, content_security_policy
from depotopt.report.pieces import RoadPieces
from depotopt.report.routes import Leg, trip_legs
from depotopt.report.sketch import Sketcher
from depotopt.report.stop_code import stop_code, stop_list
from depotopt.report.trip_tables import weight_and_volume
from depotopt.report.wording import Wording
from depotopt.roads.profiles import Mode
from depotopt.scenario import Commodity

MOST_REPORTS = 8
"""Road reports printed on a sheet; the workbook has them all."""


@dataclass(frozen=True, slots=True)
class SheetWriter:
    """Writes the sheets of one report.

    Attributes
    ----------
    content
        What is told; with a dispatch plan.
    wording
        Language of the sheets.
    sketcher
        Draws the sketch maps.
    legs
        Legs by vehicle.
    slack
        Seconds trips can leave later, worked out when first asked for.
    """

    content: ReportContent
    wording: Wording
    sketcher: Sketcher
    legs: Mapping[str, Sequence[Leg]]
    slack: dict[tuple[str, int], float] = field(default_factory=dict)

    @classmethod
    def of(cls, content: ReportContent, pieces: RoadPieces, wording: Wording) -> SheetWriter:
        """Prepare for a report."""
        legs: dict[str, list[Leg]] = {}
        for leg in trip_legs(content, pieces):
            legs.setdefault(leg.vehicle, []).append(leg)
        return cls(content, wording, Sketcher.of(content, pieces), legs)

    def page(self) -> str:
        """All sheets wanted as one HTML page; vehicles in the plan's order."""
        plan, say = self.content.plan, self.wording
        vehicles: dict[str, list[Trip]] = {}
        wanted = self.content.sheet_vehicles
        for trip in plan.trips if plan is not None else ():
            if wanted is not None and trip.vehicle not in wanted:
                continue
            vehicles.setdefault(trip.vehicle, []).append(trip)
        style = asset("sheets.css")
        lang = {"zh": "zh-CN"}.get(say.language, say.language)
        body = "\n".join(self._vehicle(trips) for trips in vehicles.values())
        return (
            f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" '
            f'content="{content_security_policy("", style)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{_safe(say('sheet.title'))}: {_safe(self.content.scenario.title)}</title>\n"
            f"<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )

    def _vehicle(self, trips: list[Trip]) -> str:
        scenario, say = self.content.scenario, self.wording
        kind = scenario.vehicle_types[scenario.vehicle_type_index[trips[0].vehicle_type]]
        moment = scenario.start + dt.timedelta(seconds=self.content.at_s)
        limits = say("sheet.limits", kg=f"{kind.payload_kg:,.0f}", m3=f"{kind.volume_m3:,.1f}")
        foot = say("sheet.roads_as_of", moment=f"{moment:%Y-%m-%d %H:%M}")
        return (
            f'<section class="sheet" id="{_safe(trips[0].vehicle)}">\n<header><div>'
            f"<p>{_safe(scenario.title)}</p><h1>{_safe(trips[0].vehicle)}</h1>"
            f"<p>{_safe(kind.name)} · {_safe(limits)}</p></div>"
            f'<p class="driver">{_safe(say("sheet.driver"))}<span></span></p></header>\n'
            + "\n".join(self._trip(trip, len(trips)) for trip in trips)
            + self._sketch(trips)
            + self._reports()
            + f"\n<footer>{_safe(foot)} · {_safe(self.content.network.attribution)}</footer>\n</section>"
        )

    def _sketch(self, trips: list[Trip]) -> str:
        """Sketch map of the whole duty: stops numbered through, depots with letters."""
        legs = self.legs.get(trips[0].vehicle, ())
        if not legs:
            return ""
        scenario = self.content.scenario
        marks: list[tuple[str, float, float]] = []
        letters: dict[str, str] = {}
        for trip in trips:
            for ident in (trip.start_site, trip.end_site):
                site = scenario.sites[scenario.site_index[ident]]
                letters.setdefault(ident, chr(ord("A") + len(letters) % 26))
                marks.append((letters[ident], site.lon, site.lat))
            for stop in handovers(scenario, trip):
                # With several trips a stop is "trip.stop"; the digits tell it from a depot's letter.
                number = f"{trip.number}.{stop.number}" if len(trips) > 1 else str(stop.number)
                marks.append((number, stop.lon, stop.lat))
        key = ", ".join(f"{letter} {self._site(ident)}" for ident, letter in letters.items())
        picture = self.sketcher.draw(legs, marks, self.wording("sheet.sketch"))
        return f"\n<figure>{picture}<figcaption>{_safe(key)}</figcaption></figure>"

    def _reports(self) -> str:
        """Road reports that hold at the moment shown, with who said so and how far they are trusted."""
        say, at_s = self.wording, self.content.at_s
        held = [r for r in self.content.scenario.road_reports if r.from_s <= at_s < r.until_s]
        if not held:
            return ""
        lines = []
        for report in held[:MOST_REPORTS]:
            place = report.street or (
                report.ident if report.area_wkt else f"{report.lat:.5f}, {report.lon:.5f}"
            )
            lines.append(
                say(
                    "sheet.report",
                    place=place,
                    status=say.named("road_status", "lost" if report.speed_factor <= 0 else "slowed"),
                    source=report.source or "?",
                    trust=f"{report.trust:.0%}",
                )
            )
        if len(held) > MOST_REPORTS:
            lines.append(say("sheet.more_reports", number=len(held) - MOST_REPORTS))
        return f'\n<p class="reports"><b>{_safe(say("sheet.reports"))}</b> {_safe("; ".join(lines))}</p>'

    def _trip(self, trip: Trip, trips: int) -> str:
        say, site, scenario = self.wording, self._site, self.content.scenario
        kg, m3 = weight_and_volume(self.content, trip.loads)
        # Later trips of the vehicle count as well: who leaves late is late with all of them.
        latest_s = trip.depart_s + max(0.0, self._slack_of()[trip.vehicle, trip.number])
        facts = []
        approach = ""
        if trip.approach_start_s is not None:
            facts.append((say("sheet.set_out"), self._clock(trip.approach_start_s)))
            streets = self._streets(trip.approach_links)
            place = site(trip.start_site)
            approach = f'<p class="return">{_safe(say("sheet.approach", place=place, streets=streets))}</p>\n'
        facts += [
            (say("sheet.load_at"), f"{site(trip.start_site)}  {self._clock(trip.load_start_s)}"),
            (say("sheet.depart"), self._clock(trip.depart_s)),
            (say("sheet.latest"), self._clock(latest_s)),
            (say("sheet.back"), f"{site(trip.end_site)}  {self._clock(trip.return_s)}"),
            (say("sheet.total"), f"{kg:,.0f} kg · {m3:,.1f} m³ · {trip.distance_m / 1000:,.0f} km"),
        ]
        listed = "".join(f"<div><dt>{_safe(k)}</dt><dd>{_safe(v)}</dd></div>" for k, v in facts)
        heads = ("stop", "arrive", "leave_by", "place", "via", "unload", "weight", "signed")
        head = "".join(f"<th>{_safe(say(f'sheet.{name}'))}</th>" for name in heads)
        rows = "\n".join(self._stop(stop, self._mode(trip)) for stop in handovers(scenario, trip))
        back = f"{say('sheet.return', place=site(trip.end_site))} {self._streets(trip.return_links)}"
        if trip.stranded:
            back = say("sheet.stranded")
        title = _safe(say("sheet.trip", number=trip.number, trips=trips))
        return (
            f'<div class="trip"><div class="head"><div><h2>{title}</h2>\n'
            f"<dl>{listed}</dl></div>{stop_code(stop_list(self.content, trip))}</div>\n"
            f"{approach}{self._load_list(trip)}\n"
            f"<table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>\n"
            f'<p class="return">{_safe(back)}</p></div>'
        )

    def _slack_of(self) -> dict[tuple[str, int], float]:
        """Seconds every trip of the plan can leave later."""
        if self.content.plan is not None and not self.slack:
            self.slack.update(departure_slack(self.content.scenario, self.content.plan))
        return self.slack

    def _load_list(self, trip: Trip) -> str:
        """What goes onto the vehicle, in the order of loading: the last drop first."""
        scenario, parts = self.content.scenario, list[str]()
        for stop in reversed(handovers(scenario, trip)):
            parts.append(f"({stop.number}) {self._goods(stop.loads)}")
        told = _safe(" → ".join(parts))
        lines = [f"<b>{_safe(self.wording('sheet.load_order'))}</b> {told}"] if parts else []
        if trip.on_board:
            lines.append(
                f"<b>{_safe(self.wording('sheet.on_board'))}</b> {_safe(self._goods(trip.on_board))}"
            )
        return "".join(f'<p class="return">{line}</p>' for line in lines)

    def _goods(self, loads: Iterable[Load]) -> str:
        """Loads in one line: how much of what, of which lot, how heavy."""
        scenario, goods = self.content.scenario, []
        for load in loads:
            item = scenario.commodities[scenario.commodity_index[load.commodity]]
            weight = f"{load.quantity * item.kg_per_unit:,.0f} kg"
            goods.append(f"{_amount(load, item)} {item.name} [{load.lot}] {weight}")
        return ", ".join(goods)

    def _mode(self, trip: Trip) -> str:
        """How the vehicle moves where it does not follow roads, else nothing."""
        scenario = self.content.scenario
        mode = scenario.vehicle_types[scenario.vehicle_type_index[trip.vehicle_type]].profile.mode
        return "" if mode is Mode.ROAD else self.wording.named("mode", mode.value)

    def _stop(self, stop: Handover, mode: str) -> str:
        scenario = self.content.scenario
        kg, m3 = weight_and_volume(self.content, stop.loads)
        lines = []
        for load in stop.loads:
            commodity = scenario.commodities[scenario.commodity_index[load.commodity]]
            amount = _safe(_amount(load, commodity))
            lines.append(f"<b>{amount}</b> {_safe(commodity.name)} <small>{_safe(load.lot)}</small>")
        opens = ""
        if stop.opens_s is not None and stop.opens_s > stop.arrive_s:
            told = self.wording("sheet.opens", at=self._clock(stop.opens_s))
            opens = f"<br><small>{_safe(told)}</small>"
        return (
            f'<tr><td class="n">{stop.number}</td><td class="t">{self._clock(stop.arrive_s)}{opens}</td>'
            f'<td class="t">{self._clock(stop.latest_s)}</td>'
            f"<td><b>{_safe(stop.name)}</b><br><small>{_safe(stop.place)}<br>{stop.lat:.5f}, "
            f"{stop.lon:.5f}</small></td><td>{_safe(mode or self._streets(stop.links))}<br>"
            f"<small>{stop.distance_m / 1000:,.1f} km</small></td>"
            f'<td>{"<br>".join(lines)}</td><td class="q">{kg:,.0f} kg<br>{m3:,.2f} m³</td><td></td></tr>'
        )

    def _streets(self, links: Iterable[int]) -> str:
        """Names along a leg in driving order, each once in a row, unnamed roads left out."""
        network, names = self.content.network, list[str]()
        for link in links:
            name = network.streets.name[int(network.street[link])]
            if name and (not names or names[-1] != name):
                names.append(name)
        return " → ".join(names)

    def _site(self, ident: str) -> str:
        site = self.content.scenario.sites[self.content.scenario.site_index[ident]]
        return f"{site.name} ({ident})"

    def _clock(self, seconds: float) -> str:
        """Clock time, with the day of the operation from the second day on."""
        start = self.content.scenario.start
        moment = start + dt.timedelta(seconds=seconds)
        days = (moment.date() - start.date()).days
        return f"{moment:%H:%M}" + (f" {self.wording('sheet.day', days=days)}" if days else "")


def _amount(load: Load, commodity: Commodity) -> str:
    """How much: the unit is left out where the name says it (12 x Family tent)."""
    number = f"{load.quantity:,.10g}"
    named = commodity.unit.casefold() in re.findall(r"\w+", commodity.name.casefold())
    return f"{number} ×" if named else f"{number} {commodity.unit}"


def _safe(text: str) -> str:
    return html.escape(text)
