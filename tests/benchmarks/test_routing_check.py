"""The checker of routes finds what is wrong, and the readers read what stands in the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.case import Plan
from benchmarks.readers.vehicle_routing import (
    Customer,
    Fleet,
    Instance,
    read_cumulative,
    read_heterogeneous_x,
    read_mdvrp,
    read_sites_windows,
    read_split,
)
from benchmarks.routing_check import CheckedRoute, CheckedTrip, check_routes
from benchmarks.suites.dispatch_routing import cases

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


def test_the_shortest_duration_leaves_as_late_as_its_windows_allow() -> None:
    """Waiting before the first window is no duty: the vehicle leaves later instead."""
    fleet = Fleet(0, 1, 9.0, longest=20.0)
    people = (Customer(5.0, 0.0, 1.0, earliest=100.0, latest=110.0),)
    waiting = Instance("wait", ((0.0, 0.0),), people, (fleet,))
    assert check_routes(waiting, route((0, 1.0)))[1] == []
    late = replace(waiting, customers=(*people, Customer(6.0, 0.0, 1.0, earliest=130.0, latest=140.0)))
    faults = check_routes(late, route((0, 1.0), (1, 1.0)))[1]
    assert faults == ["route 0: 31 long, at most 20"]


def test_a_fleet_that_may_not_come_is_named() -> None:
    barred = replace(SQUARE, customers=(replace(SQUARE.customers[0], fleets=(1,)), SQUARE.customers[1]))
    assert any("may not come" in fault for fault in check_routes(barred, route((0, 2.0), (1, 1.0)))[1])


def test_cumulative_cost_is_the_sum_of_arrivals_and_the_fleet_is_shared() -> None:
    shared = replace(SQUARE, cumulative=True, most_vehicles=1, stock=())
    cost, wrong = check_routes(shared, route((0, 2.0), (1, 1.0)))
    assert wrong == []
    assert cost == pytest.approx(5.0 + 9.0)
    fleets = (SQUARE.fleets[0], replace(SQUARE.fleets[0]))
    apart = [CheckedRoute(n, (CheckedTrip(((n, 2.0 - n),)),)) for n in range(2)]
    assert check_routes(replace(shared, fleets=fleets), apart)[1] == ["2 vehicles of 1"]


def test_the_cumulative_text_has_depots_last_and_the_fewest_vehicles(tmp_path: Path) -> None:
    file = tmp_path / "tiny.txt"
    file.write_text("2\n1\n10\n\n0 3\n4 0\n0 0\n\n6\n5\n0\n")
    instance = read_cumulative(file)
    assert instance.depots == ((0.0, 0.0),)
    assert instance.most_vehicles == 2
    assert instance.cumulative


DIALECT = """NAME: tiny
DIMENSION: 3
VEHICLES: 3
VEHICLES_MAX_DURATION: 50
NODE_COORD_SECTION
1 0 0
2 3 4
3 6 8
DEMAND_SECTION
1 0
2 7
3 9
{more}EOF
"""


def test_vehicles_that_are_alike_are_one_fleet_and_know_where_they_may_go(tmp_path: Path) -> None:
    file = tmp_path / "tiny.vrp"
    more = "CAPACITY_SECTION\n1 10\n2 10\n3 20\n"
    more += "VEHICLES_ALLOWED_CLIENTS_SECTION\n1 2\n2 2\n3 2 3\n"
    file.write_text(DIALECT.format(more=more))
    instance = read_sites_windows(file)
    assert [(fleet.count, fleet.capacity, fleet.longest) for fleet in instance.fleets] == [
        (2, 10.0, 50_000.0),
        (1, 20.0, 50_000.0),
    ]
    assert [who.fleets for who in instance.customers] == [(0, 1), (1,)]
    assert instance.length((0.0, 0.0), (3.0, 4.0)) == 5_000.0


def test_prices_of_the_heterogeneous_dialect_are_hundredths(tmp_path: Path) -> None:
    file = tmp_path / "tiny.vrp"
    more = "CAPACITY_SECTION\n1 10\n2 10\n3 20\n"
    more += "VEHICLES_FIXED_COST_SECTION\n1 500\n2 500\n3 900\n"
    more += "VEHICLES_UNIT_DISTANCE_COST_SECTION\n1 41\n2 41\n3 100\nDEPOT_SECTION\n1\n"
    file.write_text(DIALECT.format(more=more).replace("VEHICLES_MAX_DURATION: 50\n", ""))
    instance = read_heterogeneous_x(file)
    assert [(fleet.fixed, fleet.per_distance) for fleet in instance.fleets] == [
        (5.0, pytest.approx(0.41)),
        (9.0, 1.0),
    ]


def test_files_that_no_index_names_are_cases_too(tmp_path: Path) -> None:
    (tmp_path / "bks.csv").write_text("instance,problem,bks,is_optimal,source,file\n")
    (tmp_path / "mdvrp").mkdir()
    (tmp_path / "mdvrp" / "new.txt").write_text("")
    (tmp_path / "mdvrp" / "format.txt").write_text("")
    found = list(cases(Plan(tmp_path, False, 1)))
    assert {case.name for case in found} == {"new"}
    assert [case.engine for case in found if not case.peer] == ["depotopt"]
    assert all(case.reference is None for case in found)


def test_a_value_below_a_proved_optimum_has_a_proved_reference(tmp_path: Path) -> None:
    (tmp_path / "bks.csv").write_text(
        "instance,problem,bks,is_optimal,source,file\nX-1,CVRP,100,1,somewhere,cvrp/X-1.vrp\n"
    )
    reference = next(iter(cases(Plan(tmp_path, False, 1)))).reference
    assert reference is not None
    assert reference.proved
    assert reference.value == 100.0
