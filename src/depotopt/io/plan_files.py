"""Plans and solve results as JSON files: what one stage leaves for the next."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from depotopt.errors import Fault, InputError, UsageError
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.solving import Limit, SolveResult, Status

PlanT = TypeVar("PlanT", SitingPlan, DispatchPlan)

FORMAT = 1
"""Raised when the meaning of a key changes."""

_ADAPTERS: dict[type, TypeAdapter[Any]] = {
    SitingPlan: TypeAdapter(SitingPlan),
    DispatchPlan: TypeAdapter(DispatchPlan),
}

SCENARIO_PATH = "scenario_path"


def dump_result(result: SolveResult[PlanT], made_from: dict[str, Any] | None = None) -> bytes:
    """JSON of a solve result with its plan: sorted keys, the same bytes for the same result.

    Wall-clock seconds stay out, so equal runs give equal files.

    Parameters
    ----------
    result
        Status, proof and plan; a result without plan is written too.
    made_from
        What identifies the inputs (scenario hash, overrides, seeds), kept with the plan.
    """
    document = {
        "format": FORMAT,
        "kind": type(result.plan).__name__ if result.plan is not None else None,
        "status": str(result.status),
        "objective": result.objective,
        "bound": result.bound,
        "limit": None if result.limit is None else str(result.limit),
        "engine": result.engine,
        "conflicts": list(result.conflicts),
        "terms": result.terms,
        "notes": list(result.notes),
        "made_from": made_from or {},
        "plan": None if result.plan is None else asdict(result.plan),
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return (text + "\n").encode("utf-8")


def write_result(path: Path, result: SolveResult[PlanT], made_from: dict[str, Any] | None = None) -> None:
    """Write `dump_result` to a file, atomically, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(dump_result(result, None if made_from is None else placed(made_from, path.parent)))
    part.replace(path)


def placed(made_from: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Tell where the scenario lies as seen from the folder the plan is kept in.

    So a run opens from wherever it is opened, moves together with its scenario, and tells nothing else about
    the machine it was made on.
    """
    typed = made_from.get(SCENARIO_PATH)
    if typed is None:
        return dict(made_from)
    try:
        seen = os.path.relpath(Path(typed).resolve(), folder.resolve())
    except ValueError:  # Another drive: nothing relative leads there.
        seen = str(Path(typed).resolve())
    return {**made_from, SCENARIO_PATH: Path(seen).as_posix()}


def read_result(path: Path, kind: type[PlanT]) -> SolveResult[PlanT]:
    """Read what `write_result` wrote; ``seconds`` comes back as 0.

    Raises
    ------
    InputError
        If the file is missing or cannot be read, is not JSON, holds another kind of plan or an older
        format, or its values do not fit together.
    """
    document = _read_document(path)
    faults = [
        Fault(str(path), key, repr(document.get(key)), f"expected {expected}", "plan-file")
        for key, expected, holds in (
            ("format", str(FORMAT), document.get("format") == FORMAT),
            ("kind", f"'{kind.__name__}' or null", document.get("kind") in (kind.__name__, None)),
            ("status", f"one of {', '.join(Status)}", document.get("status") in tuple(Status)),
        )
        if not holds
    ]
    if faults:
        raise InputError(str(path), faults)
    try:
        plan = None if document["plan"] is None else _ADAPTERS[kind].validate_python(document["plan"])
        return SolveResult(
            status=Status(document["status"]),
            plan=plan,
            objective=document["objective"],
            bound=document["bound"],
            engine=document["engine"],
            seconds=0.0,
            limit=None if document["limit"] is None else Limit(document["limit"]),
            conflicts=tuple(document["conflicts"]),
            terms=document["terms"],
            notes=tuple(document["notes"]),
        )
    except KeyError as missing:
        fault = Fault(str(path), "", "a plan file without it", f"expected the key {missing}", "plan-file")
        raise InputError(str(path), [fault]) from missing
    except ValidationError as error:
        faults = [
            Fault(
                str(path),
                "plan." + ".".join(str(part) for part in item["loc"]),
                repr(item["input"])[:60],
                item["msg"],
                "plan-file",
            )
            for item in error.errors()
        ]
        raise InputError(str(path), faults) from error
    except (TypeError, ValueError, UsageError) as error:
        fault = Fault(str(path), "", f"values that do not fit ({error})", "expected a plan file", "plan-file")
        raise InputError(str(path), [fault]) from error


def read_made_from(path: Path) -> dict[str, Any]:
    """What the plan in a file was made from; the scenario's path as it leads there from here."""
    made_from = _read_document(path).get("made_from", {})
    if not isinstance(made_from, dict):
        fault = Fault(str(path), "made_from", repr(made_from)[:60], "expected a JSON object", "plan-file")
        raise InputError(str(path), [fault])
    seen = made_from.get(SCENARIO_PATH)
    if isinstance(seen, str) and (path.parent / seen).exists():
        made_from[SCENARIO_PATH] = os.path.normpath(path.parent / seen)
    return made_from


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            str(path), [Fault(str(path), "", "no such file", "expected a plan file", "missing-file")]
        ) from None
    except OSError as error:
        fault = Fault(
            str(path), "", f"nothing readable ({error.strerror})", "expected a plan file", "plan-file"
        )
        raise InputError(str(path), [fault]) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        fault = Fault(str(path), "", f"text that is not JSON ({error})", "expected a plan file", "plan-file")
        raise InputError(str(path), [fault]) from error
    if not isinstance(document, dict):
        fault = Fault(str(path), "", type(document).__name__, "expected a JSON object", "plan-file")
        raise InputError(str(path), [fault])
    return document
