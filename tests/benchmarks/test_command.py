"""The command line of the benchmarks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from benchmarks.__main__ import main
from benchmarks.case import Case, Job, Measurement, Plan, Reference

from benchmarks import registry


def fine(job: Job) -> Measurement:
    return Measurement(float(job.seed), status="feasible")


def bad(job: Job) -> Measurement:
    return Measurement(2.0, status="feasible", reference=Reference(1.0))


def cases(plan: Plan) -> Iterator[Case]:
    yield Case("fine-one", "ours", fine)
    yield Case("fine-one", "theirs", fine, peer=True)
    if not plan.smoke:
        yield Case("bad-one", "ours", bad)


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("toy_suite")
    module.cases = cases  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_suite", module)
    monkeypatch.setattr(registry, "suite_modules", lambda: {"toy": ("toy_suite",)})
    return "toy"


def test_rows_go_to_stdout_and_file_and_a_table_to_stderr(
    suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "rows.jsonl"
    code = main([suite, "--smoke", "--seed", "7", "--out", str(out), "--engine", "ours"])
    text = capsys.readouterr()
    assert code == 0
    assert text.out == out.read_text(encoding="utf-8")
    [row] = [json.loads(line) for line in text.out.splitlines()]
    assert (row["suite"], row["case"], row["engine"], row["value"], row["seed"]) == (
        *("toy", "fine-one", "ours"),
        *(7.0, 7),
    )
    assert "1 rows, 0 skipped, 0 failed" in text.err


def test_a_result_worse_than_its_reference_exits_with_1(
    suite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([suite, "--only", "bad*"]) == 1
    assert "FAIL  bad-one [ours]: worse than the reference: 2 against 1" in capsys.readouterr().err


def test_listing_runs_nothing(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([suite, "--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "toy  fine-one  [ours]",
        "toy  fine-one  [theirs]  peer",
        "toy  bad-one  [ours]",
    ]


def test_unknown_suites_and_names_exit_with_2(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "there are toy" in capsys.readouterr().err
    assert main([suite, "--only", "nobody"]) == 2


def test_a_suite_without_its_index_is_skipped_with_a_reason(
    suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.modules["toy_suite"].INDEX = "optima.csv"  # type: ignore[attr-defined]
    assert main([suite, "--data", str(tmp_path)]) == 0
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["status"], row["note"]) == ("skipped", f"{tmp_path} has no optima.csv")


def test_a_module_that_cannot_list_its_cases_fails_alone(
    suite: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "suite_modules", lambda: {"toy": ("no_such_module", "toy_suite")})
    assert main([suite, "--smoke", "--engine", "ours", "--engine", "-"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["case"], row["status"]) for row in rows] == [
        ("no_such_module", "error"),
        ("fine-one", "feasible"),
    ]
    assert "No module named 'no_such_module'" in rows[0]["faults"][0]


def test_the_suite_is_the_word_before_the_first_underscore() -> None:
    for suite, modules in registry.suite_modules().items():
        assert all(name.rpartition(".")[2].partition("_")[0] == suite for name in modules)


def test_the_data_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(registry.DATA_VARIABLE, str(tmp_path))
    assert registry.default_data("roads") == tmp_path / "roads"
