"""People become need: units per demand point and commodity, and person-days per unit."""

from __future__ import annotations

import numpy as np

from depotopt.scenario import PointKind, Scenario
from depotopt.units import FloatArray


def people_in_need(scenario: Scenario, need_factor: FloatArray | None = None) -> FloatArray:
    """Persons in need per demand point.

    Parameters
    ----------
    scenario
        The planning case.
    need_factor
        Factor of a road state per demand point, shape ``(I,)``; ``None`` for 1.

    Returns
    -------
    numpy.ndarray
        Persons, shape ``(I,)``: ``people * affected_share * need_factor``, at most ``people`` in a
        settlement and at most the capacity in a shelter.
    """
    points = scenario.demand_points
    people = np.array([point.people for point in points], dtype=np.float64)
    affected = people * np.array([point.affected_share for point in points])
    if need_factor is not None:
        affected = affected * need_factor
    most = np.array(
        [
            point.people
            if point.kind is PointKind.SETTLEMENT or point.shelter_capacity is None
            else point.shelter_capacity
            for point in points
        ]
    )
    least: FloatArray = np.minimum(affected, most)
    return least


def units_per_person(scenario: Scenario) -> FloatArray:
    """Units of each commodity one person needs over the horizon, shape ``(K,)``."""
    return np.array(
        [
            commodity.per_person_day * scenario.rules.horizon_days
            if commodity.per_person_day > 0
            else 1.0 / commodity.persons_per_unit
            for commodity in scenario.commodities
        ]
    )


def need(scenario: Scenario, need_factor: FloatArray | None = None) -> FloatArray:
    """Need that must be brought, net of what villages and households hold.

    Returns
    -------
    numpy.ndarray
        Units, shape ``(I, K)``, whole numbers (rounded up: a fraction of a tent shelters nobody).
    """
    gross = people_in_need(scenario, need_factor)[:, None] * units_per_person(scenario)[None, :]
    held = np.zeros_like(gross)
    for i, point in enumerate(scenario.demand_points):
        for commodity, quantity in point.own_stock:
            held[i, scenario.commodity_index[commodity]] += quantity
    # The small step back keeps 3 x 0.1 x 10 from becoming 4 units by a rounding error.
    return np.ceil(np.maximum(gross - held, 0.0) - 1e-9)


def person_days_per_unit(scenario: Scenario) -> FloatArray:
    """Person-days one unit of each commodity covers, shape ``(K,)``."""
    return scenario.rules.horizon_days / units_per_person(scenario)


def unmet_weight(scenario: Scenario) -> FloatArray:
    """Priority-weighted person-days per unit unmet, shape ``(I, K)``."""
    points = np.array([point.priority for point in scenario.demand_points])
    commodities = np.array([commodity.priority for commodity in scenario.commodities])
    return points[:, None] * (commodities * person_days_per_unit(scenario))[None, :]
