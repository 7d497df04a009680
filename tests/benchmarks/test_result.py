"""A bad row fails, a good one does not."""

from __future__ import annotations

import json

import pytest
from benchmarks.case import Case, Job, Measurement, Reference, Sense, Targets
from benchmarks.result import Result, judged, target_faults, value_faults


def never(job: Job) -> Measurement:
    return Measurement(None)


def row(measurement: Measurement, *, smoke: bool = False, **case: object) -> Result:
    registered = Case("c", "e", never, **case)  # type: ignore[arg-type]
    return judged("s", registered, 1, measurement, cost=(2.0, 3.0, 400.0), versions={}, smoke=smoke)


GOOD = [
    ("optimal", 100.0, 100.0, Reference(100.0, proved=True)),
    ("optimal", 100.0, 99.95, Reference(100.0, proved=True)),
    ("feasible", 100.0, 90.0, Reference(100.0)),
    ("feasible", 104.0, None, Reference(100.0, tolerance=0.05)),
    ("feasible", 99.0, None, Reference(100.0)),
    ("feasible", 99.996, None, Reference(100.0, proved=True, rounding=0.005)),
    ("feasible", 100.0, 120.0, Reference(100.0, sense=Sense.MAX)),
    ("measured", 135.0, None, Reference(136.0, sense=Sense.EQUAL, tolerance=0.01)),
    ("infeasible", None, None, None),
    ("unknown", None, None, None),
]


@pytest.mark.parametrize(("status", "value", "bound", "reference"), GOOD)
def test_sound_results_have_no_fault(
    status: str, value: float | None, bound: float | None, reference: Reference | None
) -> None:
    assert value_faults(status, value, bound, reference, 1e-3) == []


BAD = [
    ("feasible", 101.0, None, Reference(100.0), "worse than the reference"),
    ("feasible", 99.0, None, Reference(100.0, sense=Sense.MAX), "worse than the reference"),
    ("feasible", 106.0, None, Reference(100.0, tolerance=0.05), "worse than the reference"),
    ("optimal", 104.0, 104.0, Reference(100.0, tolerance=0.05), "worse than the reference"),
    ("measured", 859.0, None, Reference(136.0, sense=Sense.EQUAL, tolerance=0.01), "worse than"),
    ("feasible", 99.0, None, Reference(100.0, proved=True), "better than the proved optimum"),
    ("feasible", 102.0, 101.0, Reference(100.0, tolerance=0.05), "crosses the reference"),
    ("feasible", 99.0, 99.5, Reference(100.0, sense=Sense.MAX, tolerance=0.05), "crosses the reference"),
    ("feasible", 100.0, 100.5, None, "crosses the value"),
    ("optimal", 100.0, None, None, "without a value and a bound"),
    ("optimal", 100.0, 99.0, None, "away from the value"),
    ("unknown", None, None, Reference(100.0), "is known"),
    ("infeasible", None, None, Reference(100.0), "is known"),
    ("solved", 1.0, None, None, "unknown status"),
]


@pytest.mark.parametrize(("status", "value", "bound", "reference", "phrase"), BAD)
def test_unsound_results_say_why(
    status: str, value: float | None, bound: float | None, reference: Reference | None, phrase: str
) -> None:
    assert any(phrase in fault for fault in value_faults(status, value, bound, reference, 1e-3))


def test_every_missed_target_is_named() -> None:
    faults = target_faults(Targets(cpu_s=1.0, wall_s=10.0, peak_mb=300.0), 2.0, 3.0, 400.0)
    assert faults == ["2.00 CPU seconds, target 1", "400.00 MB at the peak, target 300"]


def test_targets_are_not_judged_in_a_smoke_run() -> None:
    assert row(Measurement(1.0), targets=Targets(cpu_s=1.0)).fails
    assert not row(Measurement(1.0), targets=Targets(cpu_s=1.0), smoke=True).fails


def test_a_peer_may_fall_short_without_failing_the_run() -> None:
    result = row(Measurement(101.0, status="feasible"), reference=Reference(100.0), peer=True)
    assert result.faults
    assert not result.fails


def test_the_measurement_brings_its_own_reference_and_times() -> None:
    found = Measurement(101.0, reference=Reference(100.0, tolerance=0.02), cpu_s=0.5, wall_s=0.6)
    result = row(found, reference=Reference(50.0))
    assert (result.reference, result.gap_to_reference, result.cpu_s, result.wall_s) == (100.0, 0.01, 0.5, 0.6)
    assert not result.fails


def test_a_value_that_is_not_finite_fails_and_is_no_answer() -> None:
    result = row(Measurement(float("inf"), status="feasible"))
    assert result.fails
    assert json.loads(result.json_line())["value"] is None


def test_a_skipped_measurement_never_fails() -> None:
    assert not row(Measurement(None, status="skipped", note="why"), reference=Reference(1.0)).fails
