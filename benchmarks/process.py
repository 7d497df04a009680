"""Each case in a fresh process, so that memory, imports and crashes are its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense
from benchmarks.registry import ROOT
from benchmarks.result import ERROR, SKIPPED, TIMEOUT, Result, judged

_TAIL = 6


def reason_to_skip(case: Case, plan: Plan) -> str:
    """Why a case cannot run here; empty when it can."""
    if case.files and not plan.data.is_dir():
        return f"no data folder {plan.data}"
    missing = [name for name in case.files if not (plan.data / name).exists()]
    if missing:
        return f"{plan.data} has no {', '.join(missing)}"
    absent = [name for name in case.packages if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def measure(suite: str, case: Case, plan: Plan) -> list[Result]:
    """Run one case in a process of its own and judge what it found; never raises for what it did."""
    reason = reason_to_skip(case, plan)
    if reason:
        return [_row(suite, case, plan, SKIPPED, note=reason)]
    with tempfile.TemporaryDirectory(prefix="depotopt-bench-") as folder:
        order, answer = Path(folder) / "order.json", Path(folder) / "answer.json"
        order.write_text(json.dumps(_order(case, plan)), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.child", str(order), str(answer)]
        try:
            ended = subprocess.run(
                command,
                cwd=ROOT,
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=case.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [_row(suite, case, plan, TIMEOUT, fault=f"ended after {case.timeout_s:g} s")]
        if ended.returncode or not answer.exists():
            tail = "\n".join(ended.stderr.strip().splitlines()[-_TAIL:])
            return [_row(suite, case, plan, ERROR, fault=f"exit code {ended.returncode}: {tail}")]
        found = json.loads(answer.read_text(encoding="utf-8"))
    return _rows(suite, case, plan, found)


def _rows(suite: str, case: Case, plan: Plan, found: dict[str, Any]) -> list[Result]:
    rows = []
    for fields in found["measurements"]:
        reference = fields.pop("reference")
        # JSON turns the sense into a plain string, which is no longer the member it is compared with.
        held = None if reference is None else Reference(**{**reference, "sense": Sense(reference["sense"])})
        measurement = Measurement(**fields, reference=held)
        rows.append(
            judged(
                suite,
                case,
                plan.seed,
                measurement,
                cost=(found["cpu_s"], found["wall_s"], found["peak_mb"]),
                versions=found["versions"],
                smoke=plan.smoke,
            )
        )
    return rows or [_row(suite, case, plan, ERROR, fault="the run yielded no measurement")]


def _row(suite: str, case: Case, plan: Plan, status: str, *, note: str = "", fault: str = "") -> Result:
    return Result(
        suite=suite,
        case=case.name,
        metric="",
        engine=case.engine,
        seed=plan.seed,
        status=status,
        peer=case.peer,
        note=note,
        faults=(fault,) if fault else (),
    )


def _order(case: Case, plan: Plan) -> dict[str, Any]:
    job = Job(case.name, case.engine, plan.data, plan.seed, plan.smoke, case.time_s, case.arguments)
    return {
        "module": case.run.__module__,
        "function": case.run.__qualname__,
        "packages": list(case.packages),
        "job": {**asdict(job), "data": str(plan.data.resolve())},
    }


def _environment() -> dict[str, str]:
    """One thread each for the numerical libraries: figures are per core unless a case says otherwise."""
    pinned = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**pinned, **os.environ, "PYTHONHASHSEED": "0"}
