"""What a new plan changes, on plans made by hand."""

from __future__ import annotations

from dataclasses import replace

from depotopt.pipeline.plan_changes import ChangeKind, plan_changes
from depotopt.plans import DispatchPlan, Load, Stop, Transfer, Trip


def stop(point: str, arrive_s: float, units: float = 10.0, links: tuple[int, ...] = (1,)) -> Stop:
    return Stop(point, arrive_s, arrive_s + 600, (Load("water", "lot", units),), links, 1000.0 * len(links))


def trip(vehicle: str, *stops: Stop) -> Trip:
    return Trip(vehicle, "T", 1, "depot", "depot", 0.0, 600.0, 9000.0, stops, (9,), 1000.0)


def plan(*trips: Trip) -> DispatchPlan:
    return DispatchPlan(0, 0.0, trips, ())


BEFORE = plan(trip("A", stop("p", 1000), stop("q", 2000)), trip("B", stop("r", 1500)))


def test_equal_plans_change_nothing() -> None:
    changes = plan_changes(BEFORE, BEFORE)
    assert (changes.points, changes.led_round) == ((), ())


def test_each_point_is_told_by_the_gravest_thing_that_happens_to_it() -> None:
    after = plan(trip("A", stop("p", 4000)), trip("B", stop("r", 1500, 4.0)), trip("C", stop("s", 900)))
    kinds = {change.point: change.kind for change in plan_changes(BEFORE, after).points}
    assert kinds == {
        "q": ChangeKind.DROPPED,
        "r": ChangeKind.LESS,
        "s": ChangeKind.MORE,
        "p": ChangeKind.LATER,
    }


def test_a_stop_that_changes_vehicles_has_moved() -> None:
    after = plan(trip("A", stop("p", 1000)), trip("B", stop("r", 1500), stop("q", 2500)))
    [change] = plan_changes(BEFORE, after).points
    assert (change.point, change.kind) == ("q", ChangeKind.MOVED)
    assert (change.vehicles_before, change.vehicles_after) == (("A",), ("B",))


def test_the_same_errand_over_another_way_is_a_detour() -> None:
    longer = trip("B", stop("r", 1530, links=(1, 2, 3)))
    after = plan(BEFORE.trips[0], replace(longer, return_s=9600.0))
    changes = plan_changes(BEFORE, after)
    assert changes.points == ()
    [detour] = changes.led_round
    assert (detour.vehicle, detour.longer_m, detour.later_s) == ("B", 2000.0, 600.0)


def test_a_trunk_trip_that_goes_another_way_is_a_detour_and_to_another_hub_is_none() -> None:
    def trunk(hub: str, links: tuple[int, ...]) -> DispatchPlan:
        brought = (Load("water", "lot", 10.0),)
        transfer = Transfer(hub, 1000.0, 1000.0, 1600.0, brought, links, 1000.0 * len(links))
        return plan(replace(trip("A"), transfer=transfer, end_site=hub))

    [detour] = plan_changes(trunk("hub", (1,)), trunk("hub", (2, 3))).led_round
    assert (detour.vehicle, detour.longer_m) == ("A", 1000.0)
    assert plan_changes(trunk("hub", (1,)), trunk("other", (2, 3))).led_round == ()
