"""`build_hazards`: ``[hazards.NAME]`` tables and their files become hazards, all faults at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from depotopt.errors import Fault, InputError, UsageError
from depotopt.hazards.area import Area, AreaConsequence, AreaHazard
from depotopt.hazards.chain import Chained, chain_order, unknown_trigger
from depotopt.hazards.closures import Closure, Closures
from depotopt.hazards.depth_grid import DepthGrid
from depotopt.hazards.flood import Flood, FloodConsequence, FloodEvent, WaterArea
from depotopt.hazards.independent import IndependentFailure
from depotopt.hazards.protocol import Hazard
from depotopt.hazards.targeted import Targeted
from depotopt.hazards.trigger import Trigger
from depotopt.hazards.zones import Zones
from depotopt.io.cells import Expect, expectation
from depotopt.io.earthquake_schemas import build_earthquake
from depotopt.io.hazard_blocks import (
    KINDS,
    AreaBlock,
    AreaEffects,
    AreaPlace,
    ClosuresBlock,
    EarthquakeBlock,
    FloodBlock,
    HazardBlock,
    IndependentBlock,
    TargetedBlock,
    TimedBlock,
    WaterPlace,
    ZonesBlock,
)
from depotopt.io.hazard_places import PlaceReader
from depotopt.io.rasters import read_depth_grid
from depotopt.io.suggestions import did_you_mean
from depotopt.units import HOUR_S, KM_M


def build_hazards(
    tables: Mapping[str, Mapping[str, Any]], folder: Path, file: str = "scenario.toml"
) -> tuple[tuple[Hazard, ...], list[Fault]]:
    """Build the hazards of a scenario.

    Parameters
    ----------
    tables
        Content of the ``[hazards.NAME]`` tables by name.
    folder
        Folder of the scenario; geometry and rasters are read from it.
    file
        File the tables come from, for faults.

    Returns
    -------
    tuple
        The hazards in the order of the tables, and all faults; with faults the hazards are not complete.
    """
    hazards: list[Hazard] = []
    faults: list[Fault] = []
    for name, table in tables.items():
        block, wrong = _check(name, table, file)
        faults += wrong
        if block is None:
            continue
        reader = PlaceReader(folder, file)
        _check_times(block, f"hazards.{name}", reader)
        try:
            hazard = _BUILDERS[type(block)](block, name, reader)
            hazards.append(_chained(hazard, block, file))
        except UsageError as error:
            reader.fault(f"hazards.{name}", "probabilities that cannot be sampled", str(error), "sampling")
        except InputError as error:
            reader.faults += error.faults
        faults += reader.faults
    faults += _chain_faults(hazards, tables, file)
    return tuple(hazards), sorted(set(faults))


def _chain_faults(
    hazards: Sequence[Hazard], tables: Mapping[str, Mapping[str, Any]], file: str
) -> Iterable[Fault]:
    if len(hazards) == len(tables):
        try:
            chain_order(hazards)
        except InputError as error:
            return error.faults
        return ()
    # Hazards at fault are missing from the list, but their names may still be triggers.
    return [
        unknown_trigger(hazard, trigger, tables, file)
        for hazard in hazards
        if isinstance(hazard, Chained)
        for trigger in hazard.after
        if trigger not in tables
    ]


def _check(name: str, table: Mapping[str, Any], file: str) -> tuple[HazardBlock | None, list[Fault]]:
    at = f"hazards.{name}"
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        found = "no such key" if kind is None else f"'{kind}'"
        hint = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        return None, [
            Fault(file, f"{at}.kind", found, f"expected one of {', '.join(KINDS)}{hint}", "hazard-kind")
        ]
    try:
        return KINDS[kind].model_validate(dict(table)), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    # A list whose only item is at fault is also reported as too short: once is enough.
    inner = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    told = [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in inner]
    return None, [_fault(detail, KINDS[kind], at, file) for detail in told]


def _fault(detail: ErrorDetails, model: type[BaseModel], at: str, file: str) -> Fault:
    path = [part for part in detail["loc"] if part != "[key]"]
    short = detail["type"] == "missing" and isinstance(path[-1], int)
    path = path[:-1] if short else path
    where, expect, owner = at, Expect("something else", "value"), model
    for part in path:
        where += f"[{part}]" if isinstance(part, int) else f".{part}"
        if isinstance(part, str) and part in owner.model_fields:
            field = owner.model_fields[part]
            expect = expectation(field)
            owner = _block_in(field.annotation) or owner
    if detail["type"] == "missing" and not short:
        return Fault(file, where, "no such key", f"expected {expect.phrase}", "missing-key")
    if detail["type"] == "extra_forbidden":
        key = str(path[-1])
        return Fault(
            file, where, f"'{key}'", f"no such key{did_you_mean(key, owner.model_fields)}", "unknown-key"
        )
    if detail["type"] == "literal_error":
        return Fault(file, where, f"'{detail['input']}'", f"expected {detail['ctx']['expected']}", "choice")
    shown = "an empty list" if detail["input"] in ((), []) else repr(detail["input"])
    return Fault(file, where, shown, f"expected {expect.phrase}", expect.kind)


def _block_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _block_in(part)
        if found is not None:
            return found
    return None


def _chained(hazard: Hazard, block: HazardBlock, file: str) -> Hazard:
    if not block.after:
        if block.after_probability != 1 or block.after_sampled is not None or block.after_delay_h:
            fault = Fault(
                file,
                f"hazards.{hazard.name}.after",
                "no such key",
                "expected the hazards that trigger it, since after_probability, after_sampled or "
                "after_delay_h is given",
                "missing-key",
            )
            raise InputError(f"hazard {hazard.name}", [fault])
        return hazard
    trigger = Trigger(block.after_probability, block.after_sampled)
    return Chained(hazard, tuple(block.after), trigger, block.after_delay_h * HOUR_S, file)


def _check_times(block: HazardBlock, at: str, reader: PlaceReader) -> None:
    """Note times that end before they begin."""
    timed: list[tuple[str, BaseModel]] = [(at, block)]
    if isinstance(block, ClosuresBlock):
        timed += [(f"{at}.closures[{number}]", item) for number, item in enumerate(block.closures)]
    for where, item in timed:
        if isinstance(item, TimedBlock) and item.until_h is not None and item.until_h <= item.from_h:
            expected = f"expected more than from_h = {item.from_h:g}"
            reader.fault(f"{where}.until_h", f"{item.until_h:g}", expected, "order")


def _seconds(hours: float | None) -> float:
    return math.inf if hours is None else hours * HOUR_S


def _closures(block: ClosuresBlock, name: str, reader: PlaceReader) -> Hazard:
    closures = tuple(
        Closure(
            tuple(item.streets),
            item.probability,
            item.speed_factor,
            item.from_h * HOUR_S,
            _seconds(item.until_h),
        )
        for item in block.closures
    )
    return Closures(name, closures, reader.file)


def _targeted(block: TargetedBlock, name: str, reader: PlaceReader) -> Hazard:
    return Targeted(name, tuple(block.streets), _seconds(block.until_h), reader.file)


def _area(block: AreaBlock, name: str, reader: PlaceReader) -> Hazard:
    areas = _areas(block.areas, f"hazards.{name}.areas", block.probability, reader)
    return AreaHazard(name, areas, _consequence(block), reader.file)


def _zones(block: ZonesBlock, name: str, reader: PlaceReader) -> Hazard:
    return Zones(
        name,
        _areas(block.zones, f"hazards.{name}.zones", block.probability, reader),
        Trigger(block.trigger_probability, block.trigger_sampled),
        block.correlation_km * KM_M,
        block.street_probability,
        _consequence(block),
        reader.file,
    )


def _areas(
    blocks: Sequence[AreaPlace], where: str, probability: float, reader: PlaceReader
) -> tuple[Area, ...]:
    areas = []
    for number, block in enumerate(blocks):
        at = f"{where}[{number}]"
        for place in reader.read(block, at):
            own = reader.number(place, block, "probability", at, most=1.0)
            areas.append(Area(place.shape, probability if own is None else own))
    return tuple(areas)


def _consequence(block: AreaEffects) -> AreaConsequence:
    return AreaConsequence(
        block.speed_factor,
        block.from_h * HOUR_S,
        _seconds(block.until_h),
        block.site_survival,
        block.power,
        block.need_factor,
        block.floods,
    )


def _independent(block: IndependentBlock, name: str, reader: PlaceReader) -> Hazard:
    within = tuple(
        place.shape
        for number, item in enumerate(block.within)
        for place in reader.read(item, f"hazards.{name}.within[{number}]")
    )
    return IndependentFailure(
        name,
        block.street_probability,
        tuple(sorted(block.class_probability.items())),
        block.bridge_probability,
        block.tunnel_probability,
        block.per_km,
        block.speed_factor,
        block.from_h * HOUR_S,
        _seconds(block.until_h),
        within,
        reader.file,
    )


def _flood(block: FloodBlock, name: str, reader: PlaceReader) -> Hazard:
    at = f"hazards.{name}"
    if bool(block.water) == bool(block.events):
        found = "both water and events" if block.water else "neither water nor events"
        reader.fault(at, found, "expected one of them", "place")
    events = []
    if block.water:
        areas, grids = _water(block.water, f"{at}.water", reader)
        events.append(FloodEvent(block.probability, areas, grids))
    for number, event in enumerate(block.events):
        areas, grids = _water(event.water, f"{at}.events[{number}].water", reader)
        events.append(FloodEvent(event.probability, areas, grids, event.sampled))
    total = sum(event.probability for event in events)
    if bool(block.water) != bool(block.events) and total > 1 + 1e-9:
        expected = "expected at most 1: the events exclude one another"
        reader.fault(f"{at}.events", f"probabilities that sum to {total:g}", expected, "probability-sum")
    consequence = FloodConsequence(
        from_s=block.from_h * HOUR_S,
        until_s=_seconds(block.until_h),
        depth_sigma=block.depth_sigma,
        nodata_depth_m=math.nan if block.nodata_depth_m is None else block.nodata_depth_m,
        bridges_flooded=block.bridges_flooded,
        washout_depth_m=block.washout_depth_m,
        washout_probability=block.washout_probability,
        flooded_m=block.flooded_m,
        site_survival=block.site_survival,
        power=block.power,
        need_factor=block.need_factor,
    )
    hazard = Flood(name, tuple(events), consequence, block.sampled, reader.file)
    if total <= 1 + 1e-9:
        hazard.alternatives()
    return hazard


def _water(
    blocks: Sequence[WaterPlace], where: str, reader: PlaceReader
) -> tuple[tuple[WaterArea, ...], tuple[DepthGrid, ...]]:
    areas, grids = [], []
    for number, block in enumerate(blocks):
        at = f"{where}[{number}]"
        if block.raster:
            if reader.given(block):
                found = " and ".join(["raster", *reader.given(block)])
                reader.fault(at, found, "expected exactly one of them", "place")
            path = reader.path(block.raster, f"{at}.raster")
            if path is not None:
                try:
                    grids.append(read_depth_grid(path, block.raster))
                except InputError as error:
                    reader.faults += error.faults
            continue
        for place in reader.read(block, at):
            before = len(reader.faults)
            depth = reader.number(place, block, "depth_m", at)
            if depth is not None:
                areas.append(WaterArea(place.shape, depth))
            elif len(reader.faults) == before:
                found = f"no depth_m ({place.where})" if block.file else "no depth_m"
                reader.fault(at, found, "expected a depth in metres", "missing-key", block.file)
    return tuple(areas), tuple(grids)


_BUILDERS: dict[type[HazardBlock], Callable[[Any, str, PlaceReader], Hazard]] = {
    ClosuresBlock: _closures,
    TargetedBlock: _targeted,
    AreaBlock: _area,
    ZonesBlock: _zones,
    IndependentBlock: _independent,
    FloodBlock: _flood,
    EarthquakeBlock: build_earthquake,
}
