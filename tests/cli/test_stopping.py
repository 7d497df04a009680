"""Ctrl-C, exit codes, readers that leave and terminals that cannot show a name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.cli.progress import ProgressStyle, watching
from depotopt.cli.screen import exit_of
from depotopt.io.plan_files import read_result
from depotopt.plans import DispatchPlan
from depotopt.solving import Limit, SolveResult, Status

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
QUIET = ["--progress", "none"]
SMALL = ["--states", "6", "--unseen", "12", "--site-time", "20", "--dispatch-time", "5", *QUIET]


def result(status: Status, limit: Limit | None = None) -> SolveResult[str]:
    plan = "plan" if status in (Status.OPTIMAL, Status.FEASIBLE) else None
    return SolveResult(status, plan, 1.0 if plan else None, None, "engine", 0.0, limit)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result(Status.OPTIMAL), None], Exit.OK),
        ([result(Status.FEASIBLE, Limit.TIME)], Exit.OK),
        ([result(Status.INFEASIBLE)], Exit.INFEASIBLE),
        ([result(Status.OPTIMAL), result(Status.FEASIBLE, Limit.STOPPED)], Exit.STOPPED_WITH_PLAN),
        ([result(Status.UNKNOWN, Limit.STOPPED)], Exit.STOPPED_WITHOUT),
        ([result(Status.UNKNOWN, Limit.TIME)], Exit.STOPPED_WITHOUT),
    ],
)
def test_exit_code_is_the_worst_that_happened(results: list[SolveResult[str] | None], code: Exit) -> None:
    assert exit_of(*results) is code


def test_ctrl_c_asks_to_stop_and_twice_aborts(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(ProgressStyle.NONE) as monitor:
        signal.raise_signal(signal.SIGINT)
        assert monitor.stopped
        assert "keeping the best plan" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_during_a_run_keeps_the_plan_and_exits_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupt comes with the first word of the evaluation: layout, plan and report are kept."""
    from depotopt.cli import progress

    said: list[str] = []

    def interrupt(_show: object, line: Any) -> None:
        if line.stage == "evaluate" and not said:
            said.append(line.stage)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(progress._Show, "__call__", interrupt)
    folder = tmp_path / "stopped"
    words = [
        "run",
        str(MINIMAL),
        "--out",
        str(folder),
        "--states",
        "4",
        "--unseen",
        "70",
        "--progress",
        "auto",
    ]
    assert main(words) == Exit.STOPPED_WITH_PLAN
    assert (folder / "layout.json").exists()
    assert read_result(folder / "dispatch.json", DispatchPlan).limit is Limit.STOPPED


def test_ctrl_c_outside_a_solve_exits_6_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verbs that keep no plan, and the moments before a solve starts."""

    def press(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("depotopt.io.scenario_files.check_scenario", press)
    # What starts in the background of a shell ignores the key.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["check", str(MINIMAL)]) == Exit.STOPPED_WITHOUT
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped without a plan" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_names_the_terminal_cannot_show_do_not_end_a_command(more: list[str], tmp_path: Path) -> None:
    """A console of another alphabet shows question marks; JSON stays UTF-8."""
    words = [sys.executable, "-m", "depotopt", "check", str(tmp_path / "没有"), *more]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = subprocess.run(words, capture_output=True, env=environment, check=False)
    assert ended.returncode == Exit.BAD_INPUT
    assert b"Traceback" not in ended.stderr
    if more:
        assert "没有" in json.loads(ended.stdout.decode("utf-8"))["scenario"]


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    """`depotopt schema | head -1`."""
    words = [sys.executable, "-m", "depotopt", "schema"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert b"Error" not in running.stderr.read()
    assert running.returncode == Exit.OK
