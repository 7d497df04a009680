"""Tests of `depotopt.catalog.seismic`."""

from __future__ import annotations

import pytest

from depotopt.catalog.seismic import fragilities, repair_days


@pytest.mark.parametrize(
    ("name", "measure", "medians"),
    [
        ("HWB1", "sa10", (0.40, 0.50, 0.70, 0.90)),
        ("HWB5", "sa10", (0.25, 0.35, 0.45, 0.70)),
        ("HWB17", "sa10", (0.25, 0.35, 0.45, 0.70)),
        ("HWB10", "sa10", (0.60, 0.90, 1.10, 1.50)),
        ("HWB28", "sa10", (0.80, 1.00, 1.20, 1.70)),
        ("HRD1", "pgd", (0.3048, 0.6096, 1.524)),
        ("HRD2", "pgd", (0.1524, 0.3048, 0.6096)),
    ],
)
def test_medians_of_hazus(name: str, measure: str, medians: tuple[float, ...]) -> None:
    item = fragilities()[name]
    assert item.measure == measure
    assert item.median == pytest.approx(medians)
    assert set(item.beta) == {0.6 if name.startswith("HWB") else 0.7}


def test_every_class_has_growing_medians_and_a_source() -> None:
    for item in fragilities().values():
        assert list(item.median) == sorted(item.median), item.ident
        assert min(item.median) > 0
        assert min(item.beta) > 0
        assert len(item.median) == len(item.beta)
        assert item.source
        assert item.mark == "v"


def test_repair_days_of_hazus() -> None:
    assert dict(repair_days()) == {
        "road": (2.0, 9.0, 70.0),
        "bridge": (2.0, 10.0, 200.0, 365.0),
        "tunnel": (2.0, 10.0, 365.0),
    }
