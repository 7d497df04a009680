"""Checked rows and blocks become a `Scenario`; natural units become SI units here."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path

from depotopt.hazards.reports import RoadReport
from depotopt.io.table_schemas import (
    CommodityRow,
    ConnectorRow,
    DemandPointRow,
    FleetRow,
    OwnStockRow,
    RoadReportRow,
    SiteRow,
    StockRow,
    VehicleTypeRow,
)
from depotopt.io.toml_schemas import LimitsBlock, ObjectiveBlock, RulesBlock, ScenarioFile, TierBlock
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.rules import CountRule, EnsembleRules, PlanningRules, SitingObjective, SizeClass, Tier
from depotopt.scenario import (
    Commodity,
    Connector,
    DemandPoint,
    FleetEntry,
    RoadSource,
    Site,
    Stock,
    VehicleType,
)
from depotopt.solving import SolveLimits
from depotopt.units import HOUR_S, KM_M, MINUTE_S


def _or_inf(value: float | None, factor: float = 1.0) -> float:
    return math.inf if value is None else value * factor


def _minutes(value: float | None) -> float | None:
    return None if value is None else value * MINUTE_S


def tier(ident: str, block: TierBlock) -> Tier:
    """Build a tier."""
    return Tier(
        ident=ident,
        title=block.title,
        counts=tuple(
            CountRule(
                minimum=rule.min if rule.exact is None else rule.exact,
                maximum=rule.max if rule.exact is None else rule.exact,
                kind=rule.kind,
                zone=rule.zone,
            )
            for rule in block.counts
        ),
        size_classes=tuple(
            SizeClass(size.id, size.capacity_m3, size.capacity_kg, size.fixed_cost, size.build_cost)
            for size in block.size_classes
        ),
        service_standard_s=_minutes(block.service_standard_min),
        min_coverage=block.min_coverage,
        min_expected_coverage=block.min_expected_coverage,
        backup=block.backup,
        graded=tuple((60.0 * step.within_min, step.credit) for step in block.graded),
        uncovered_cost=block.uncovered_cost,
        support_s=_minutes(block.support_min),
        dispatches=block.dispatches,
        replenishes=block.replenishes,
    )


def site(row: SiteRow) -> Site:
    """Build a site."""
    return Site(
        ident=row.id,
        name=row.name or row.id,
        lon=row.lon,
        lat=row.lat,
        tiers=row.tiers,
        status=row.status,
        kind=row.kind,
        zone=row.zone,
        capacity_m3=_or_inf(row.capacity_m3),
        capacity_kg=_or_inf(row.capacity_kg),
        fixed_cost=row.fixed_cost,
        cost_share=row.cost_share,
        handling_kg_per_h=row.handling_kg_per_h,
        handling_share_without_power=row.handling_share_without_power,
        docks=row.docks,
        readiness_s=row.readiness_min * MINUTE_S,
        commodity_classes=row.commodity_classes,
        hazards_excluded=row.hazards_excluded,
        owner=row.owner,
        co_funders=row.co_funders,
        size_class=row.size_class,
        transfer_s=row.transfer_min * MINUTE_S,
    )


def stock(row: StockRow, lot: str) -> Stock:
    """Build a lot of stock; delay and probability of agreements have been checked."""
    return Stock(
        lot=lot,
        site=row.site,
        commodity=row.commodity,
        quantity=float(row.quantity),
        owner=row.owner,
        mode=row.mode,
        activation_delay_s=(row.activation_delay_h or 0.0) * HOUR_S,
        honour_probability=1.0 if row.honour_probability is None else row.honour_probability,
        expiry=row.expiry,
    )


def commodity(row: CommodityRow) -> Commodity:
    """Build a commodity; weight and volume have been checked."""
    assert row.kg_per_unit is not None
    assert row.m3_per_unit is not None
    return Commodity(
        ident=row.id,
        name=row.name or row.id,
        unit=row.unit,
        commodity_class=row.commodity_class,
        kg_per_unit=row.kg_per_unit,
        m3_per_unit=row.m3_per_unit,
        per_person_day=row.per_person_day or 0.0,
        persons_per_unit=row.persons_per_unit or 0.0,
        priority=row.priority,
        shelf_life_days=row.shelf_life_days,
        unit_cost=row.unit_cost,
        holding_cost=row.holding_cost,
        gb_code=row.gb_code or "",
    )


def demand_point(row: DemandPointRow, own_stock: Sequence[OwnStockRow]) -> DemandPoint:
    """Build a demand point with what is held there."""
    held: dict[str, float] = {}
    for own in own_stock:
        held[own.commodity] = held.get(own.commodity, 0.0) + own.quantity
    return DemandPoint(
        ident=row.id,
        name=row.name or row.id,
        lon=row.lon,
        lat=row.lat,
        people=row.people,
        affected_share=row.affected_share,
        kind=row.kind,
        shelter_capacity=row.shelter_capacity,
        zone=row.zone,
        priority=row.priority,
        own_stock=tuple(sorted(held.items())),
        deadline_s=None if row.deadline_h is None else row.deadline_h * HOUR_S,
        earliest_s=row.earliest_h * HOUR_S,
    )


def vehicle_type(row: VehicleTypeRow) -> VehicleType:
    """Build a vehicle type; payload, volume and cruise speed have been checked."""
    assert row.payload_kg is not None
    assert row.volume_m3 is not None
    return VehicleType(
        ident=row.id,
        name=row.name or row.id,
        payload_kg=row.payload_kg,
        volume_m3=row.volume_m3,
        profile=TravelProfile(
            mode=row.mode or Mode.ROAD,
            speed_factor=row.speed_factor,
            weight_kg=row.weight_kg or 0.0,
            height_m=row.height_m,
            wading_depth_m=row.wading_depth_m,
            cruise_kmh=row.cruise_kmh or 0.0,
        ),
        owner=row.owner,
        mobilisation_s=row.mobilisation_min * MINUTE_S,
        compensation=row.compensation,
        cost_per_km=row.cost_per_km,
        cost_per_h=row.cost_per_h,
        cost_per_use=row.cost_per_use,
        max_hours_s=_or_inf(row.max_hours, HOUR_S),
        range_m=_or_inf(row.range_km, KM_M),
    )


def fleet_entry(row: FleetRow) -> FleetEntry:
    """Build a fleet entry."""
    return FleetEntry(row.vehicle_type, row.site, row.count)


def connector(row: ConnectorRow) -> Connector:
    """Build a connector."""
    return Connector(row.place, row.lon, row.lat, row.length_m, row.speed_kmh, row.note)


def seconds_from(start: dt.datetime, moment: dt.datetime) -> float:
    """Seconds from the start of a scenario; a moment without offset has the start's."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=start.tzinfo)
    return (moment - start).total_seconds()


def road_report(row: RoadReportRow, start: dt.datetime) -> RoadReport:
    """Build a road report."""
    return RoadReport(
        ident=row.id,
        street=row.street,
        lon=math.nan if row.lon is None else row.lon,
        lat=math.nan if row.lat is None else row.lat,
        radius_m=row.radius_m or 0.0,
        area_wkt=row.area_wkt,
        speed_factor=row.speed_factor,
        from_s=0.0 if row.from_ is None else seconds_from(start, row.from_),
        until_s=math.inf if row.until is None else seconds_from(start, row.until),
        source=row.source,
        trust=row.trust,
    )


def road_source(file: ScenarioFile, folder: Path) -> RoadSource:
    """Build the source of the roads."""
    return RoadSource(
        folder / file.roads.path,
        file.roads.snap_limit_m,
        file.roads.access_speed_kmh,
        file.roads.default_speed_kmh,
    )


def planning_rules(block: RulesBlock) -> PlanningRules:
    """Build the planning rules."""
    return PlanningRules(
        horizon_days=block.horizon_days,
        response_s=block.response_h * HOUR_S,
        budget=block.budget,
        unmet_penalty=block.unmet_penalty,
        transport_cost_per_th=block.transport_cost_per_th,
        currency=block.currency,
        events_per_year=block.events_per_year,
        amortisation_years=block.amortisation_years,
        siting_vehicle=block.siting_vehicle,
        stop_service_s=block.stop_service_min * MINUTE_S,
        unload_kg_per_h=block.unload_kg_per_h,
        single_source=block.single_source,
        owner_budgets=tuple(sorted(block.owner_budgets.items())),
    )


def siting_objective(block: ObjectiveBlock) -> SitingObjective:
    """Build the objective of siting; its keys are the fields."""
    given = {key: getattr(block, key) for key in ObjectiveBlock.model_fields}
    given["late"] = tuple((step.after_h * HOUR_S, step.cost_per_t) for step in block.late)
    return SitingObjective(**given)


def ensemble_rules(file: ScenarioFile) -> EnsembleRules:
    """Build the ensemble rules."""
    return EnsembleRules(
        file.ensemble.design_states,
        file.ensemble.design_seed,
        file.ensemble.unseen_states,
        file.ensemble.unseen_seed,
    )


def solve_limits(block: LimitsBlock) -> SolveLimits:
    """Build solve limits."""
    return SolveLimits(block.time_s, block.gap, block.seed, block.workers)
