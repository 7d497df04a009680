"""Cases run in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense
from benchmarks.process import measure, reason_to_skip


def whoami(job: Job) -> Iterator[Measurement]:
    yield Measurement(float(os.getpid()), metric="pid", details={"seed": job.seed, **job.arguments})
    yield Measurement(0.99, metric="share", reference=Reference(1.0, sense=Sense.EQUAL, tolerance=0.02))


def fall_short(job: Job) -> Iterator[Measurement]:
    for sense in (Sense.EQUAL, Sense.MAX):
        yield Measurement(0.9, reference=Reference(1.0, sense=sense, tolerance=0.05))


def crash(job: Job) -> Measurement:
    raise RuntimeError(f"{job.case} fell over")


def hang(job: Job) -> Measurement:
    while True:
        pass


def hold_memory(job: Job) -> Measurement:
    return Measurement(float(len(bytearray(os.urandom(1)) * 120_000_000)))


def silent(job: Job) -> Iterator[Measurement]:
    yield from ()


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path, smoke=True, seed=9)


def test_a_case_runs_elsewhere_and_yields_a_row_per_measurement(plan: Plan) -> None:
    pid, share = measure("s", Case("c", "e", whoami, arguments={"p": 5}), plan)
    assert pid.value != os.getpid()
    assert pid.details == {"seed": 9, "p": 5}
    assert (share.metric, share.reference, share.faults) == ("share", 1.0, ())
    assert share.gap_to_reference == pytest.approx(0.01)
    assert "python" in pid.versions


def test_the_sense_of_a_reference_survives_the_process(plan: Plan) -> None:
    """A value below a true one is as wrong as one above, and below a maximum it is worse."""
    rows = measure("s", Case("c", "e", fall_short), plan)
    assert [row.gap_to_reference for row in rows] == [pytest.approx(0.1)] * 2
    assert all("worse than the reference" in row.faults[0] for row in rows)


def test_peak_memory_is_that_of_the_case_alone(plan: Plan) -> None:
    ballast = bytearray(b"x" * 200_000_000)
    small, large = (measure("s", Case("c", "e", run), plan)[0] for run in (whoami, hold_memory))
    assert len(ballast) / 1e6 > (small.peak_mb or 1e9)
    assert (large.peak_mb or 0) > 120


@pytest.mark.parametrize(
    ("run", "status", "phrase"),
    [(crash, "error", "c fell over"), (hang, "timeout", "ended after"), (silent, "error", "no measurement")],
)
def test_failures_are_rows_that_fail(plan: Plan, run: object, status: str, phrase: str) -> None:
    # Only what hangs has to be ended; a busy machine needs its time to start.
    limit_s = 3.0 if status == "timeout" else 120.0
    [row] = measure("s", Case("c", "e", run, timeout_s=limit_s), plan)  # type: ignore[arg-type]
    assert row.status == status
    assert row.fails
    assert phrase in row.faults[0]


def test_missing_data_and_peers_skip_with_a_reason(plan: Plan) -> None:
    (plan.data / "here.txt").touch()
    assert "has no there.txt" in reason_to_skip(Case("c", "e", whoami, files=("here.txt", "there.txt")), plan)
    assert "not installed: no_such_peer" in reason_to_skip(
        Case("c", "e", whoami, packages=("no_such_peer", "os")), plan
    )
    absent = Plan(plan.data / "absent", smoke=True, seed=1)
    assert "no data folder" in reason_to_skip(Case("c", "e", whoami, files=("x",)), absent)
    [row] = measure("s", Case("c", "e", crash, files=("x",)), absent)
    assert (row.status, row.fails) == ("skipped", False)
