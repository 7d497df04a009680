"""`Result`: one row, and the judgement that makes a bad one fail."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.case import Case, Measurement, Reference, Sense, Targets

SKIPPED, ERROR, TIMEOUT = "skipped", "error", "timeout"
STATUSES = frozenset({"optimal", "feasible", "infeasible", "unknown", "measured", SKIPPED, ERROR, TIMEOUT})
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Result:
    """One result row; `json_line` is what the output file holds.

    Attributes
    ----------
    suite, case, metric, engine, seed
        What was run.
    status, value, bound, gap
        What it found; the gap is relative to the value.
    reference, reference_proved, gap_to_reference
        What it is held against; the gap is relative to the reference, positive when worse.
    cpu_s, wall_s, peak_mb
        What it cost, in a process of its own.
    versions
        Versions of the packages that matter.
    peer
        Whether it is somebody else's program.
    note
        A remark for the reader.
    faults
        Why the row fails; empty when it does not.
    details
        Further figures.
    """

    suite: str
    case: str
    metric: str
    engine: str
    seed: int
    status: str
    value: float | None = None
    bound: float | None = None
    gap: float | None = None
    reference: float | None = None
    reference_proved: bool = False
    gap_to_reference: float | None = None
    cpu_s: float | None = None
    wall_s: float | None = None
    peak_mb: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    peer: bool = False
    note: str = ""
    faults: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether this row makes the whole run fail."""
        return bool(self.faults) and not self.peer

    def json_line(self) -> str:
        """One line of strict JSON (no NaN, no infinity)."""
        return json.dumps(asdict(self), allow_nan=False, ensure_ascii=False)


def judged(
    suite: str,
    case: Case,
    seed: int,
    measurement: Measurement,
    *,
    cost: tuple[float, float, float],
    versions: dict[str, str],
    smoke: bool,
) -> Result:
    """Turn a measurement into a row and find its faults.

    Parameters
    ----------
    suite, case, seed
        What was run.
    measurement
        What it found.
    cost
        CPU seconds, wall seconds and peak megabytes of its process.
    versions
        Versions of the packages that matter.
    smoke
        Whether targets of speed and memory are left alone.
    """
    reference = measurement.reference or case.reference
    value, bound = _finite(measurement.value), _finite(measurement.bound)
    cpu_s = cost[0] if measurement.cpu_s is None else measurement.cpu_s
    wall_s = cost[1] if measurement.wall_s is None else measurement.wall_s
    if measurement.status == SKIPPED:
        faults: list[str] = []
    else:
        faults = value_faults(measurement.status, value, bound, reference, case.optimality_gap)
        if value is None and measurement.value is not None:
            faults.append(f"value {measurement.value} is not a finite number")
        if not smoke:
            faults += target_faults(case.targets, cpu_s, wall_s, cost[2])
    return Result(
        suite=suite,
        case=case.name,
        metric=measurement.metric,
        engine=case.engine,
        seed=seed,
        status=measurement.status,
        value=value,
        bound=bound,
        gap=None if value is None or bound is None else abs(value - bound) / max(abs(value), 1e-12),
        reference=None if reference is None else reference.value,
        reference_proved=reference is not None and reference.proved,
        gap_to_reference=None if value is None or reference is None else _shortfall(value, reference),
        cpu_s=round(cpu_s, 4),
        wall_s=round(wall_s, 4),
        peak_mb=round(cost[2], 1),
        versions=versions,
        peer=case.peer,
        note=measurement.note,
        faults=tuple(faults),
        details=measurement.details,
    )


def value_faults(
    status: str, value: float | None, bound: float | None, reference: Reference | None, optimality_gap: float
) -> list[str]:
    """What is wrong with a value, its bound and its status, as phrases."""
    faults: list[str] = []
    if status not in STATUSES:
        faults.append(f"unknown status '{status}'")
    if status in ("infeasible", "unknown") and reference is not None:
        faults.append(f"{status}, although a value of {reference.value:g} is known")
    sense = Sense.MIN if reference is None else reference.sense
    sign = -1.0 if sense is Sense.MAX else 1.0
    if value is not None and bound is not None and sign * (bound - value) > _slack(value, 0.0):
        faults.append(f"bound {bound:g} crosses the value {value:g}")
    if status == "optimal":
        if value is None or bound is None:
            faults.append("says optimal without a value and a bound")
        elif abs(value - bound) > optimality_gap * abs(value) + _slack(value, 0.0):
            faults.append(f"says optimal with the bound {bound:g} away from the value {value:g}")
    if reference is None:
        return faults
    slack = _slack(reference.value, reference.rounding)
    if bound is not None and sense is not Sense.EQUAL and sign * (bound - reference.value) > slack:
        faults.append(f"bound {bound:g} crosses the reference {reference.value:g}")
    if value is None:
        return faults
    allowed = min(reference.tolerance, optimality_gap) if status == "optimal" else reference.tolerance
    worse = _shortfall(value, reference) * abs(reference.value)
    if worse > allowed * abs(reference.value) + slack:
        faults.append(f"worse than the reference: {value:g} against {reference.value:g}")
    if reference.proved and sense is not Sense.EQUAL and worse < -slack:
        faults.append(f"better than the proved optimum: {value:g} against {reference.value:g}")
    return faults


def target_faults(targets: Targets, cpu_s: float, wall_s: float, peak_mb: float) -> list[str]:
    """Targets of speed and memory that were missed, as phrases."""
    measured = (
        ("CPU seconds", cpu_s, targets.cpu_s),
        ("wall seconds", wall_s, targets.wall_s),
        ("MB at the peak", peak_mb, targets.peak_mb),
    )
    return [
        f"{found:.2f} {what}, target {limit:g}"
        for what, found, limit in measured
        if limit is not None and found > limit
    ]


def _shortfall(value: float, reference: Reference) -> float:
    """Relative distance to the reference, positive when worse (0 over 0 is 0)."""
    difference = value - reference.value
    if reference.sense is Sense.MAX:
        difference = -difference
    elif reference.sense is Sense.EQUAL:
        difference = abs(difference)
    return difference / max(abs(reference.value), 1e-12)


def _slack(value: float, rounding: float) -> float:
    return _EPSILON * max(1.0, abs(value)) + rounding


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
