"""Papers of a trip: load lists, slack and ledgers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.publishing.manifest import ledger, manifests, street_names
from depotopt.dispatch.solve import solve_dispatch
from depotopt.roads.network import StreetKind
from depotopt.solving import SolveLimits
from tests.dispatch.worlds import world
from tests.verify.line_case import calm, line_network, line_plan, line_scenario


def test_the_last_drop_is_loaded_first() -> None:
    network = line_network()
    papers = manifests(line_scenario(), network, line_plan(network))
    third = papers[2]
    assert [stop.point for stop in third.stops] == ["Q", "R"]
    assert [(line.position, line.point, line.commodity) for line in third.loads] == [
        (1, "R", "tent"), (2, "R", "water"), (3, "Q", "tent"), (4, "Q", "water"),
    ]  # fmt: skip


def test_a_manifest_adds_up_what_is_loaded() -> None:
    network = line_network()
    first = manifests(line_scenario(), network, line_plan(network))[0]
    assert first.kg == pytest.approx(20 * 50 + 100)
    assert first.m3 == pytest.approx(20 * 0.3 + 100 * 0.001)
    assert first.payload_share == pytest.approx(1100 / 1500)


def test_leaving_at_the_latest_departure_reaches_the_tightest_stop_just_in_time() -> None:
    network = line_network()
    second = manifests(line_scenario(), network, line_plan(network))[1]
    assert second.latest_departure_s - second.depart_s == pytest.approx(3600.0 - 747.0)


def test_a_trip_may_not_leave_so_late_that_the_next_one_fails() -> None:
    network = line_network()
    plan = line_plan(network)
    first = manifests(line_scenario(), network, plan)[0]
    # The second trip loads at once when the first is back: its slack of 2,853 s binds, not 3,390 s.
    assert first.latest_departure_s - first.depart_s == pytest.approx(3600.0 - 747.0)


def test_the_ledger_balances_to_the_unit() -> None:
    case = world(4)
    plan = solve_dispatch(case.scenario, None, case.network, case.state, limits=SolveLimits(time_s=0.5)).plan
    assert plan is not None
    lines = ledger(case.scenario, None, case.state, plan)
    sent = sum(load.quantity for trip in plan.trips for stop in trip.stops for load in stop.loads)
    assert sum(line.drawn for line in lines) == sent
    for line in lines:
        assert line.usable == line.drawn + line.left
        assert line.left >= 0
        assert sum(entry.quantity for entry in line.withdrawals) == line.drawn


def test_the_ledger_of_the_line_names_what_is_left() -> None:
    network = line_network()
    left = {line.lot: line.left for line in ledger(line_scenario(), None, calm(), line_plan(network))}
    assert left == {"W1": 0, "T1": 0, "W2": 0, "T2": 3, "W0": 0}


def test_streets_are_told_once_and_bridges_by_kind() -> None:
    network = line_network()
    kind = network.streets.kind.copy()
    kind[int(network.street[0])] = StreetKind.BRIDGE
    names = tuple(["Main Road"] * len(network.streets))
    named = replace(network, streets=replace(network.streets, name=names, kind=kind))
    links = tuple(int(n) for n in np.flatnonzero(network.head == network.tail + 1))
    assert street_names(named, links) == ("Main Road (bridge)", "Main Road")


def test_what_stays_on_board_comes_off_where_the_trip_ends() -> None:
    """The papers of a trip given up under way still list its load, for the storekeeper at its end."""
    plan = line_plan(line_network())
    second = plan.trips[1]
    back = replace(second, stops=(), on_board=second.loads)
    given_up = replace(plan, trips=(plan.trips[0], back, plan.trips[2]))
    papers = manifests(line_scenario(), line_network(), given_up)[1]
    assert {(line.point, line.lot, line.quantity) for line in papers.loads} == {
        ("A", "T1", 5.0),
        ("A", "W1", 20.0),
    }
    drawn = {line.lot: line.drawn for line in ledger(line_scenario(), None, calm(), given_up)}
    assert (drawn["T1"], drawn["W1"]) == (25, 120)
