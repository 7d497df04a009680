"""No number without unit, source, edition and mark."""

from __future__ import annotations

import pytest

from depotopt.catalog.numbers import Entries, Mark, commodity_entries, vehicle_entries
from depotopt.io.table_schemas import CommodityRow, VehicleTypeRow

TEXTS = {"name", "unit", "commodity_class", "mode"}
CATALOGUES = [
    pytest.param(commodity_entries(), CommodityRow, id="commodities"),
    pytest.param(vehicle_entries(), VehicleTypeRow, id="vehicles"),
]


@pytest.mark.parametrize(("entries", "model"), CATALOGUES)
def test_every_number_has_unit_source_edition_and_mark(entries: Entries, model: type) -> None:
    for fields in entries.values():
        for field, number in fields.items():
            assert number.source
            assert number.edition
            assert number.mark in Mark
            assert bool(number.unit) == (field not in TEXTS)


@pytest.mark.parametrize(("entries", "model"), CATALOGUES)
def test_every_entry_fits_its_table(entries: Entries, model: type[CommodityRow | VehicleTypeRow]) -> None:
    for ident, fields in entries.items():
        row = model.model_validate({"id": ident, **{field: number.value for field, number in fields.items()}})
        assert row.id == ident


def test_no_weight_or_volume_is_zero() -> None:
    for fields in commodity_entries().values():
        for field in ("kg_per_unit", "m3_per_unit"):
            assert field not in fields or float(fields[field].value) > 0


def test_a_day_for_five_thousand_displaced_people_weighs_what_the_figures_say() -> None:
    """1,000 tents, 10,000 blankets, 75,000 L, 5,000 rations: 152.5 t, and 362 m3 of tents and blankets."""
    entries = commodity_entries()

    def value(ident: str, field: str) -> float:
        return float(entries[ident][field].value)

    people, units = 5_000, {"water": 15.0 * 5_000, "food_ration": 5_000.0, "blanket": 2.0 * 5_000}
    units["tent"] = people / value("tent", "persons_per_unit")
    tonnes = sum(count * value(ident, "kg_per_unit") for ident, count in units.items()) / 1000
    volume = sum(units[ident] * value(ident, "m3_per_unit") for ident in ("tent", "blanket"))
    assert tonnes == pytest.approx(152.5)
    assert volume == pytest.approx(361.75)


def test_what_is_known_from_memory_is_marked() -> None:
    assert commodity_entries()["bp5"]["per_person_day"].mark is Mark.UNVERIFIED
    assert vehicle_entries()["truck_7t5"]["payload_kg"].mark is Mark.VERIFIED
    assert vehicle_entries()["mi26"]["payload_kg"].mark is Mark.SECONDARY
