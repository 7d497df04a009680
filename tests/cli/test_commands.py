"""Every verb and every exit code, on the minimal scenario."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.io.plan_files import read_result
from depotopt.plans import DispatchPlan, SitingPlan

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
QUIET = ["--progress", "none"]
SMALL = ["--states", "6", "--unseen", "12", "--site-time", "20", "--dispatch-time", "5", *QUIET]


def spoken(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "minimal"
    assert main(["run", str(MINIMAL), "--out", str(folder), *SMALL]) == Exit.OK
    return folder


def test_check_says_there_are_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(MINIMAL)]) == Exit.OK
    assert "no faults" in capsys.readouterr().out


def test_check_lists_all_faults_and_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(MINIMAL, tmp_path / "bad"))
    sites = folder / "tables" / "sites.csv"
    header, first, *rest = sites.read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[header.split(",").index("lon")] = "east"
    cells[header.split(",").index("lat")] = "north"
    sites.write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")
    assert main(["check", str(folder)]) == Exit.BAD_INPUT
    text = capsys.readouterr().out
    assert "row 2, column lon" in text
    assert "row 2, column lat" in text
    assert main(["check", str(folder), "--json"]) == Exit.BAD_INPUT
    assert {fault["file"] for fault in spoken(capsys)["faults"]} == {"tables/sites.csv"}


def test_a_missing_scenario_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path / "nowhere"), *QUIET]) == Exit.BAD_INPUT
    assert "nowhere" in capsys.readouterr().err


def test_an_unknown_override_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(MINIMAL), "-o", "no_such_block"]) == Exit.USAGE
    assert "no_such_block" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["fly"], ["site"], ["site", str(MINIMAL), "--states", "many"]])
def test_a_command_line_that_makes_no_sense_exits_2(words: list[str]) -> None:
    assert main(words) == Exit.USAGE


def test_run_leaves_a_report_and_the_files_to_start_again_from(run_folder: Path) -> None:
    names = {path.name for path in run_folder.iterdir()}
    assert {
        "map.html",
        "plan.xlsx",
        "plan.gpkg",
        "provenance.json",
        "layout.json",
        "dispatch.json",
        "evaluation.json",
        "timing.json",
    } <= names
    provenance = json.loads((run_folder / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["scenario"] == "minimal"
    assert provenance["input_hashes"]


def test_the_same_seed_gives_the_same_files(run_folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert main(["run", str(MINIMAL), "--out", str(again), *SMALL]) == Exit.OK
    for path in sorted(run_folder.rglob("*")):
        if path.is_file() and path.name != "timing.json":
            twin = again / path.relative_to(run_folder)
            assert twin.read_bytes() == path.read_bytes(), path.name


def test_run_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", str(MINIMAL), "-o", "bridge_lost", "--out", str(tmp_path / "r"), "--json", *SMALL]
    assert main(words) == Exit.OK
    document = spoken(capsys)
    assert document["overrides"] == ["bridge_lost"]
    assert document["siting"]["gap"] <= 0.01
    assert set(document["evaluation"]) == {"layout", "today"}


def test_stages_start_from_the_files_of_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout, plan, judged = tmp_path / "layout.json", tmp_path / "dispatch.json", tmp_path / "evaluation.json"
    words = ["site", str(MINIMAL), "--states", "6", "--out", str(layout), "--json", *QUIET]
    assert main(words) == Exit.OK
    assert spoken(capsys)["layout"]["open_sites"]
    assert read_result(layout, SitingPlan).plan is not None
    words = ["dispatch", str(MINIMAL), "--layout", str(layout), "--state", "2", "--out", str(plan), "--json"]
    assert main([*words, *QUIET]) == Exit.OK
    assert spoken(capsys)["plan"]["road_state"] == 2
    assert read_result(plan, DispatchPlan).plan is not None
    words = ["evaluate", str(MINIMAL), "--layout", str(layout), "--unseen", "9", "--out", str(judged)]
    assert main([*words, "--json", *QUIET]) == Exit.OK
    assert "unmet_person_days" in spoken(capsys)["summary"]
    assert judged.exists()


def test_dispatch_of_today_without_hazard_needs_no_layout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dispatch", str(MINIMAL), "--time", "3", *QUIET]) == Exit.OK
    assert "trips" in capsys.readouterr().out


def test_judging_on_the_states_chosen_on_is_refused(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(MINIMAL), "--layout", str(run_folder / "layout.json"), "--seed", "1", *QUIET]
    assert main(words) == Exit.USAGE
    assert "judge on another" in capsys.readouterr().err


def test_report_is_written_again_in_another_language(run_folder: Path, tmp_path: Path) -> None:
    assert main(["report", str(run_folder), "--language", "zh", "--out", str(tmp_path / "zh")]) == Exit.OK
    assert (tmp_path / "zh" / "map.html").exists()


def test_report_of_a_folder_without_layout_is_bad_input(tmp_path: Path) -> None:
    assert main(["report", str(tmp_path)]) == Exit.BAD_INPUT


def test_infeasible_rules_are_named_and_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(MINIMAL, tmp_path / "tight"))
    toml = folder / "scenario.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("horizon_days = 2", "horizon_days = 2\nbudget = 10"), encoding="utf-8")
    assert main(["site", str(folder), "--states", "3", *QUIET]) == Exit.INFEASIBLE
    assert "budget" in capsys.readouterr().out


def test_schema_is_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == Exit.OK
    assert "tiers" in json.dumps(spoken(capsys))
    assert main(["schema", "--out", str(tmp_path / "s.json")]) == Exit.OK
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))


def test_doctor_finds_the_engines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == Exit.OK
    findings = spoken(capsys)
    assert findings["engines"]["highs"]
    assert findings["versions"]["ortools"] != "not installed"
    assert main(["doctor"]) == Exit.OK
    assert "engine highs" in capsys.readouterr().out


def test_roads_tell_their_length_and_what_a_state_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["roads", "summary", str(MINIMAL), "--json"]) == Exit.OK
    assert spoken(capsys)
    assert main(["roads", "status", str(MINIMAL), "-o", "bridge_lost", "--state", "0", "--json"]) == Exit.OK
    assert spoken(capsys)
    assert main(["roads", "status", str(MINIMAL), "-o", "bridge_lost"]) == Exit.OK
    assert "bridge" in capsys.readouterr().out
    assert main(["roads", "export", str(MINIMAL), str(tmp_path / "roads.gpkg")]) == Exit.OK
    assert (tmp_path / "roads.gpkg").stat().st_size > 0


def test_progress_speaks_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", str(MINIMAL), "--states", "3", "--progress", "jsonl"]) == Exit.OK
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines
    assert all({"stage", "elapsed_s", "objective", "bound", "gap"} <= set(line) for line in lines)


def test_a_scenario_becomes_a_workbook(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MINIMAL, tmp_path / "minimal"))
    assert main(["workbook", str(folder), str(tmp_path / "tables.xlsx")]) == Exit.OK
    shutil.rmtree(folder / "tables")
    shutil.copy(tmp_path / "tables.xlsx", folder / "tables.xlsx")
    assert main(["check", str(folder)]) == Exit.OK
    assert main(["check", str(folder), "--marked", str(tmp_path / "marked.xlsx")]) == Exit.OK
    assert (tmp_path / "marked.xlsx").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["workbook", str(MINIMAL), "{file}/below.xlsx"],
        ["template", "{file}/below.xlsx"],
        ["schema", "--out", "{folder}"],
        ["roads", "export", str(MINIMAL), "{file}/below.gpkg"],
        ["site", str(MINIMAL), "--states", "2", "--out", "{file}/below.json", *QUIET],
        ["dispatch", str(MINIMAL), "--time", "2", "--out", "{file}/below.json", *QUIET],
        ["evaluate", str(MINIMAL), "--unseen", "2", "--out", "{file}/below.json", *QUIET],
    ],
)
def test_a_place_that_cannot_be_written_to_is_usage(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    places = {"folder": str(tmp_path), "file": str(tmp_path / "file")}
    assert main([word.format(**places) for word in words]) == Exit.USAGE
    assert str(tmp_path) in capsys.readouterr().err


def test_usage_errors_speak_json_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(MINIMAL), "--states", "many", "--json"]) == Exit.USAGE
    assert spoken(capsys)["exit"] == Exit.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--states", "0"],
        ["run", "--unseen", "0"],
        ["run", "--site-time", "inf"],
        ["run", "--site-time", "nan"],
        ["run", "--state", "-2"],
        ["run", "--state", "99999999999"],
        ["run", "--states", "99999999999999999999"],
        ["run", "--workers", "0"],
        ["run", "--language", "fr"],
        ["run", "--site-engine", "none"],
        ["run", "--dispatch-engine", "none"],
        ["site", "--states", "0"],
        ["site", "--engine", "none"],
        ["dispatch", "--at-h", "nan"],
        ["dispatch", "--at-h", "-1"],
        ["dispatch", "--at-h", "inf"],
        ["dispatch", "--time", "inf"],
        ["evaluate", "--unseen", "0"],
        ["evaluate", "--unseen", "99999999999"],
        ["evaluate", "--seed", "-1"],
        ["roads", "status", "--at-h", "nan"],
    ],
)
def test_numbers_and_names_that_make_no_sense_are_refused_at_once(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after minutes of siting, and never a default in place of what was asked for."""
    monkeypatch.chdir(tmp_path)
    verb = words[: 2 if words[0] == "roads" else 1]
    assert main([*verb, str(MINIMAL), *words[len(verb) :]]) == Exit.USAGE
    said = capsys.readouterr()
    assert not said.out
    assert "done" not in said.err.replace("load       done", "")


def test_road_data_becomes_a_geopackage_a_scenario_can_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(MINIMAL, tmp_path / "minimal"))
    assert main(["roads", "import", str(folder / "roads"), str(folder / "roads.gpkg")]) == Exit.OK
    assert "bridge" in capsys.readouterr().out
    toml = folder / "scenario.toml"
    text = toml.read_text(encoding="utf-8").replace('path = "roads"', 'path = "roads.gpkg"')
    toml.write_text(text, encoding="utf-8")
    shutil.rmtree(folder / "roads")
    assert main(["check", str(folder)]) == Exit.OK


def test_a_download_is_asked_of_osmnx_by_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from depotopt.roads import importers

    network = importers.read_network(MINIMAL / "roads", cache_dir=None)
    asked: list[str] = []

    def stand_in(place: str) -> object:
        asked.append(place)
        return network

    monkeypatch.setattr(importers, "download_network", stand_in)
    assert main(["roads", "download", "Nowhere, Xinjiang", str(tmp_path / "r.gpkg")]) == Exit.OK
    assert asked == ["Nowhere, Xinjiang"]
    assert (tmp_path / "r.gpkg").exists()
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["template", "{book}"],
        ["workbook", str(MINIMAL), "{book}"],
        ["roads", "export", str(MINIMAL), "{toml}"],
    ],
)
def test_files_someone_has_made_are_never_overwritten(words: list[str], tmp_path: Path) -> None:
    places = {"book": str(tmp_path / "filled-in.xlsx"), "toml": str(tmp_path / "scenario.toml")}
    for place in places.values():
        Path(place).write_text("hours of work", encoding="utf-8")
    assert main([word.format(**places) for word in words]) == Exit.USAGE
    assert all(Path(place).read_text(encoding="utf-8") == "hours of work" for place in places.values())


def test_commands_that_write_one_file_say_which_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in {
        "template.xlsx": ["template"],
        "case.xlsx": ["workbook", str(MINIMAL)],
        "roads.gpkg": ["roads", "export", str(MINIMAL)],
        "schema.json": ["schema", "--out"],
    }.items():
        assert main([*words, str(tmp_path / name), "--json"]) == Exit.OK
        assert spoken(capsys) == {"file": str(tmp_path / name)}
        assert (tmp_path / name).is_file()


def test_a_run_opens_from_anywhere_and_moves_with_its_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(MINIMAL, here / "scenarios" / "minimal")
    monkeypatch.chdir(here)
    assert main(["run", "scenarios/minimal", "--out", "runs/a", *SMALL]) == Exit.OK
    kept = json.loads(Path("runs/a/layout.json").read_text(encoding="utf-8"))["made_from"]
    assert kept["scenario_path"] == "../../scenarios/minimal"
    here.rename(there)
    monkeypatch.chdir(tmp_path)
    assert main(["report", "there/runs/a", "--language", "zh", "--csv"]) == Exit.OK
    capsys.readouterr()
    assert (there / "runs" / "a" / "tables" / "trips.csv").is_file()


def test_results_are_said_in_the_language_asked_for_and_json_is_not(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--lang", "zh", "check", str(MINIMAL)]) == Exit.OK
    assert capsys.readouterr().out.endswith("：没有问题\n")
    monkeypatch.setenv("DEPOTOPT_LANG", "zh")
    assert main(["check", str(MINIMAL), "--lang=en"]) == Exit.OK
    assert capsys.readouterr().out.endswith(": no faults\n")
    assert main(["fly"]) == Exit.USAGE
    assert "未知命令" in capsys.readouterr().err
    documents = []
    for language in ("zh", "en"):
        assert (
            main(["compare", str(run_folder), "--unseen", "4", "--json", "--lang", language, *QUIET])
            == Exit.OK
        )
        documents.append(spoken(capsys))
    assert documents[0] == documents[1]


def test_a_language_nobody_speaks_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "fr", "check", str(MINIMAL)]) == Exit.USAGE
    assert "no language 'fr'" in capsys.readouterr().err
    assert main(["check", str(MINIMAL), "--lang"]) == Exit.USAGE
    assert "--lang needs a language" in capsys.readouterr().err
