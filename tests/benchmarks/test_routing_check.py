"""The checker of routes finds what is wrong, and the readers read what stands in the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.readers.vehicle_routing import Customer, Fleet, Instance, read_mdvrp, read_split
from benchmarks.routing_check import CheckedRoute, CheckedTrip, check_routes

SQUARE = Instance(
    "square",
    ((0.0, 0.0),),
    (Customer(3.0, 4.0, 2.0), Customer(3.0, 0.0, 1.0)),
    (Fleet(0, 1, 3.0, fixed=10.0, per_distance=2.0),),
    stock=(3.0,),
)


def route(*stops: tuple[int, float]) -> list[CheckedRoute]:
    return [CheckedRoute(0, (CheckedTrip(stops),))]


def test_cost_is_fixed_cost_and_length() -> None:
    cost, wrong = check_routes(SQUARE, route((0, 2.0), (1, 1.0)))
    assert wrong == []
    assert cost == pytest.approx(10.0 + 2.0 * (5.0 + 4.0 + 3.0))


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        (route((0, 2.0)), "customer 1: 0 of 1"),
        (route((0, 2.0), (1, 2.0)), "4 loaded, capacity 3"),
        (route((0, 1.0), (1, 1.0), (0, 1.0)), "customer 0: 2 visits"),
        (route((0, 2.0)) + route((1, 1.0)), "fleet 0: 2 vehicles of 1"),
        (route((0, 2.0), (1, 2.0)), "depot 0: 4 drawn of 3"),
        (route((0, 2.0), (1, 1.0), (1, 0.0)), "nothing for customer 1"),
    ],
)
def test_every_broken_rule_is_named(routes: list[CheckedRoute], said: str) -> None:
    assert any(said in fault for fault in check_routes(SQUARE, routes)[1])


def test_cordeau_text_is_read(tmp_path: Path) -> None:
    file = tmp_path / "tiny.txt"
    file.write_text("2 3 2 1\n0 80\n1 1 2 5 7 1 1 1\n2 3 4 0 9 1 1 1\n3 10 20 0 0\n")
    instance = read_mdvrp(file)
    assert instance.depots == ((10.0, 20.0),)
    assert [(who.x, who.demand, who.service) for who in instance.customers] == [
        (1.0, 7.0, 5.0),
        (3.0, 9.0, 0.0),
    ]
    assert instance.fleets == (Fleet(0, 3, 80.0),)


def test_split_text_puts_the_depot_first(tmp_path: Path) -> None:
    file = tmp_path / "tiny.sd"
    file.write_text("2 100\n60 90\n0 0\n3 4\n6 8\n")
    instance = read_split(file)
    assert instance.depots == ((0.0, 0.0),)
    assert [(who.x, who.y, who.demand) for who in instance.customers] == [(3.0, 4.0, 60.0), (6.0, 8.0, 90.0)]
