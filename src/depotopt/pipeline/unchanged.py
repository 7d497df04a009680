"""Whether a plan kept in a file still belongs to its scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from depotopt.errors import Fault, InputError
from depotopt.io.fingerprint import FORM, hash_form, scenario_hash
from depotopt.report.write import PROVENANCE
from depotopt.scenario import Scenario


def require_unchanged(scenario: Scenario, origin: Mapping[str, Any], file: Path) -> None:
    """Refuse a plan whose scenario has changed since.

    Runs of versions of depotopt that took the scenario's hash in another form are known by the hashes of the
    files they read, kept beside the plan.

    Parameters
    ----------
    scenario
        As it is read now.
    origin
        What the plan was made from.
    file
        The plan, in its run folder.

    Raises
    ------
    InputError
        If the scenario has changed, or an older run does not say what it had read.
    """
    written = str(origin["scenario_hash"])
    if hash_form(written) == FORM:
        if written != scenario_hash(scenario):
            raise _fault(
                origin,
                file,
                found="files that have changed since the run",
                expected="expected the scenario it was made from: run it again",
                kind="changed-scenario",
            )
        return
    read = _files_read(file.parent / PROVENANCE)
    if read is None:
        raise _fault(
            origin,
            file,
            found="a plan of another version of depotopt, without the list of files it was made from",
            expected=f"expected its run folder with {PROVENANCE}: run it again",
            kind="other-version",
        )
    now = scenario.input_hashes
    changed = sorted(name for name in {*read, *now} if read.get(name) != now.get(name))
    if changed:
        raise _fault(
            origin,
            file,
            found=f"files that have changed since the run: {', '.join(changed)}",
            expected="expected the scenario it was made from: run it again",
            kind="changed-scenario",
        )


def _files_read(path: Path) -> dict[str, str] | None:
    """Hashes of the files a run read, by name; ``None`` where its folder does not tell."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    read = record.get("input_hashes") if isinstance(record, dict) else None
    return read if isinstance(read, dict) else None


def _fault(origin: Mapping[str, Any], file: Path, *, found: str, expected: str, kind: str) -> InputError:
    return InputError(str(file), [Fault(str(origin["scenario_path"]), "", found, expected, kind)])
