"""A road state in words: what is lost, who is cut off, and by what."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from depotopt.cli.language import say
from depotopt.cli.words import word
from depotopt.roads.network import StreetKind
from depotopt.units import KM_M, MINUTE_S

if TYPE_CHECKING:
    from depotopt.hazards.status import Loss
    from depotopt.pipeline.road_status import PointView, RoadStatus
    from depotopt.scenario import Scenario

SHOWN = 15


def status_lines(scenario: Scenario, status: RoadStatus) -> list[str]:
    """Lines for the terminal; lists longer than `SHOWN` are cut, and say so."""
    state = status.state
    bridges = len(state.bridges_lost)
    lines = [
        say(
            "road state {index}: {streets} and {bridges} lost, {slowed} slowed",
            index=state.index,
            streets=_count(len(state.lost) - bridges, "street"),
            bridges=_count(bridges, "bridge"),
            slowed=_count(len(state.slowed), "street"),
        )
    ]
    if state.lost_km_by_class:
        parts = [f"{word(name)} {km:,.1f}" for name, km in state.lost_km_by_class.items()]
        lines.append("  " + say("km lost by class: {lengths}", lengths=", ".join(parts)))
    names = [site.ident for site in scenario.sites]
    if state.sites_hit:
        hit = ", ".join(names[j] for j in state.sites_hit)
        lines.append("  " + say("sites that lose stock: {sites}", sites=hit))
    if state.sites_without_power:
        dark = ", ".join(names[j] for j in state.sites_without_power)
        lines.append("  " + say("sites without power: {sites}", sites=dark))
    by_class = sorted(state.lost, key=lambda loss: (loss.kind is not StreetKind.BRIDGE, -loss.length_m))
    lines += ["  " + say("lost: {road}", road=loss_text(loss)) for loss in by_class[:SHOWN]]
    if len(by_class) > SHOWN:
        lines.append("  " + say("... and {number} more", number=len(by_class) - SHOWN))
    counts = Counter(point.status for point in status.points)
    people = {kind: sum(p.people for p in status.points if p.status is kind) for kind in counts}
    lines.append(say("seen from {depots}:", depots=", ".join(status.depots) or say("no open depot")))
    for kind in sorted(counts):
        reach = say(
            "{state}: {points}, {people} people",
            state=word(kind),
            points=_count(counts[kind], "point"),
            people=f"{people[kind]:,.0f}",
        )
        lines.append(f"  {reach}")
    for point in sorted(status.points, key=lambda point: (-point.people, point.point)):
        lines += _point_lines(point)
    return lines


def loss_text(loss: Loss) -> str:
    """One lost or slowed street as people speak of it."""
    name = loss.name or loss.ident
    water = say(", {depth} m of water", depth=f"{loss.depth_m:.1f}") if loss.depth_m > 0 else ""
    kind, length = word(loss.kind.name.lower()), f"{loss.length_m / KM_M:.2f}"
    return f"{kind} {name} ({word(loss.road_class)}, {length} km{water}; {', '.join(loss.causes)})"


def _point_lines(point: PointView) -> list[str]:
    if point.cut:
        kinds = Counter(loss.kind.name.lower() for loss in point.cut)
        what = say(" and ").join(_count(number, kind) for kind, number in sorted(kinds.items()))
        names = "; ".join(loss.name or loss.ident for loss in point.cut)
        cut = say(
            "{people} people cut off by {what}: {names}",
            people=f"{point.people:,.0f}",
            what=what,
            names=names,
        )
        return [f"  {point.point} {point.name}: {cut}"]
    if point.after_s is not None and point.before_s is not None and point.after_s > point.before_s:
        before, after = point.before_s / MINUTE_S, point.after_s / MINUTE_S
        times = say("{before} min before, {after} min now", before=f"{before:,.0f}", after=f"{after:,.0f}")
        return [f"  {point.point} {point.name}: {times}"]
    return []


def _count(number: int, noun: str) -> str:
    if noun == "bridge":
        return say.count(number, "{number} bridge", "{number} bridges")
    if noun == "tunnel":
        return say.count(number, "{number} tunnel", "{number} tunnels")
    if noun == "ford":
        return say.count(number, "{number} ford", "{number} fords")
    if noun == "point":
        return say.count(number, "{number} point", "{number} points")
    return say.count(number, "{number} street", "{number} streets")
