"""A road state in words: what is lost, who is cut off, and by what."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

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
        f"road state {state.index}: {_count(len(state.lost) - bridges, 'street')} and "
        f"{_count(bridges, 'bridge')} lost, {_count(len(state.slowed), 'street')} slowed"
    ]
    if state.lost_km_by_class:
        parts = [f"{name} {km:,.1f}" for name, km in state.lost_km_by_class.items()]
        lines.append(f"  km lost by class: {', '.join(parts)}")
    names = [site.ident for site in scenario.sites]
    if state.sites_hit:
        lines.append(f"  sites that lose stock: {', '.join(names[j] for j in state.sites_hit)}")
    if state.sites_without_power:
        lines.append(f"  sites without power: {', '.join(names[j] for j in state.sites_without_power)}")
    by_class = sorted(state.lost, key=lambda loss: (loss.kind is not StreetKind.BRIDGE, -loss.length_m))
    lines += [f"  lost: {loss_text(loss)}" for loss in by_class[:SHOWN]]
    if len(by_class) > SHOWN:
        lines.append(f"  ... and {len(by_class) - SHOWN} more")
    counts = Counter(point.status for point in status.points)
    people = {kind: sum(p.people for p in status.points if p.status is kind) for kind in counts}
    lines.append(f"seen from {', '.join(status.depots) or 'no open depot'}:")
    lines += [
        f"  {kind}: {_count(counts[kind], 'point')}, {people[kind]:,.0f} people" for kind in sorted(counts)
    ]
    for point in sorted(status.points, key=lambda point: (-point.people, point.point)):
        lines += _point_lines(point)
    return lines


def loss_text(loss: Loss) -> str:
    """One lost or slowed street as people speak of it."""
    name = loss.name or loss.ident
    water = f", {loss.depth_m:.1f} m of water" if loss.depth_m > 0 else ""
    kind = loss.kind.name.lower()
    return (
        f"{kind} {name} ({loss.road_class}, {loss.length_m / KM_M:.2f} km{water}; {', '.join(loss.causes)})"
    )


def _point_lines(point: PointView) -> list[str]:
    if point.cut:
        kinds = Counter(loss.kind.name.lower() for loss in point.cut)
        what = " and ".join(_count(number, kind) for kind, number in sorted(kinds.items()))
        names = "; ".join(loss.name or loss.ident for loss in point.cut)
        return [f"  {point.point} {point.name}: {point.people:,.0f} people cut off by {what}: {names}"]
    if point.after_s is not None and point.before_s is not None and point.after_s > point.before_s:
        before, after = point.before_s / MINUTE_S, point.after_s / MINUTE_S
        return [f"  {point.point} {point.name}: {before:,.0f} min before, {after:,.0f} min now"]
    return []


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
