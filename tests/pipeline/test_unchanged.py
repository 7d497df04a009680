"""A plan of an older version of depotopt is made anew like one of today; a changed scenario is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.errors import InputError
from depotopt.io.fingerprint import FORM, hash_form
from depotopt.io.plan_files import read_made_from, read_result
from depotopt.pipeline.compare import compare
from depotopt.pipeline.folders import reopen
from depotopt.plans import DispatchPlan

FROZEN = Path(__file__).parent / "frozen"
"""A scenario and its run as the version before hashes had a form left them; never made anew."""


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    shutil.copytree(FROZEN, tmp_path / "kept")
    return tmp_path / "kept" / "run"


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_run_of_an_older_version_is_planned_anew(run_folder: Path, tmp_path: Path) -> None:
    assert hash_form(read_made_from(run_folder / "layout.json")["scenario_hash"]) == 1
    out = tmp_path / "new"
    words = ["replan", str(run_folder), "--at-h", "0.5", "--close", "Old Bridge", "--time", "2"]
    assert main([*words, "--out", str(out), "--progress", "none"]) == Exit.OK
    assert read_result(out / "dispatch.json", DispatchPlan).plan is not None
    # From here on it is a run of this version.
    assert hash_form(read_made_from(out / "layout.json")["scenario_hash"]) == FORM
    assert reopen(out).dispatch is not None


def test_a_run_of_an_older_version_is_compared(run_folder: Path) -> None:
    assert len(compare([run_folder], unseen=3).contenders) == 2


def test_an_older_run_of_changed_files_names_them(run_folder: Path) -> None:
    spoil(run_folder.parent / "scenario" / "tables" / "fleet.csv", "truck,WEST,1", "truck,WEST,2")
    with pytest.raises(InputError) as caught:
        reopen(run_folder)
    assert [fault.kind for fault in caught.value.faults] == ["changed-scenario"]
    assert caught.value.faults[0].found == "files that have changed since the run: tables/fleet.csv"


def test_an_older_run_that_does_not_say_what_it_read_is_refused(run_folder: Path) -> None:
    (run_folder / "provenance.json").unlink()
    with pytest.raises(InputError) as caught:
        reopen(run_folder)
    assert [fault.kind for fault in caught.value.faults] == ["other-version"]


def test_a_run_of_this_version_is_known_by_what_its_scenario_says(run_folder: Path, tmp_path: Path) -> None:
    """Its files may take another form, but not say something else."""
    out = tmp_path / "kept" / "again"
    words = ["replan", str(run_folder), "--at-h", "0.5", "--close", "Old Bridge", "--time", "2"]
    assert main([*words, "--out", str(out), "--progress", "none"]) == Exit.OK
    toml = run_folder.parent / "scenario" / "scenario.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert reopen(out).siting.plan is not None
    spoil(toml, "horizon_days = 2", "horizon_days = 3")
    with pytest.raises(InputError) as caught:
        reopen(out)
    assert [fault.kind for fault in caught.value.faults] == ["changed-scenario"]


def test_hashes_are_of_one_length_and_tell_their_form() -> None:
    origin = json.loads((FROZEN / "run" / "layout.json").read_text(encoding="utf-8"))["made_from"]
    assert len(origin["scenario_hash"]) == 64
