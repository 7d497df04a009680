"""Every text a person reads goes through a catalogue: a made-up language that marks them finds the others."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from depotopt.cli import main
from depotopt.cli.commands import app
from depotopt.cli.exits import Exit
from depotopt.errors import Fault
from depotopt.hazards.ground_motion import RELATIONS
from depotopt.io import marked_copy, workbook
from depotopt.io.cells import expectation
from depotopt.io.column_notes import options_of
from depotopt.io.fault_wording import spoken
from depotopt.io.guide_sheet import GUIDE
from depotopt.io.hazard_blocks import KINDS
from depotopt.io.scenario_files import load_scenario
from depotopt.io.table_schemas import TABLES
from depotopt.roads.network import ROAD_CLASSES
from tests.io.defects import CASES
from tests.io.minimal_copy import MINIMAL, Case
from tests.language.pseudo import LETTERS, PSEUDO, marked, unmarked

SMALL = ["--states", "4", "--unseen", "6", "--site-time", "20", "--dispatch-time", "2"]
BORROWED = re.compile("⟦(broken|no readable|the unverified value|no such file)")
UNITS = {"s", "km", "kg", "m", "min", "h", "L", "m³", "t"}
VERBS = [(), ("roads",), *((name,) for name in app if not name.startswith("-"))]
VERBS += [("roads", name) for name in app["roads"] if not name.startswith("-")]


def words_of(text: str) -> set[str]:
    return set(LETTERS.findall(text))


def scenario_words() -> set[str]:
    """Names people chose: everything the files of the scenario hold."""
    return set().union(*(words_of(p.read_text(encoding="utf-8")) for p in MINIMAL.rglob("*.[ct][so][vm]*")))


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("depotopt.cli.language.speech", lambda _: PSEUDO)
    monkeypatch.setenv("COLUMNS", "1000")


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_is_said(verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb, "--help"]) == Exit.OK
    text = capsys.readouterr().out
    assert "⟦" in text
    # Options, their kinds and their values are what one types.
    typed = re.sub(r"(?m)^  [A-Z_]* ?(-\S+ ?[A-Z.]*\s?)+|^  [a-z]+ ", " ", text)
    values = {
        "depotopt",
        *verb,
        "scenario",
        "xlsx",
        "auto",
        "jsonl",
        "none",
        "pyvrp",
        "en",
        "scenarios",
        "runs",
        "True",
        "at-h",
    }
    assert {word for word in unmarked(typed) - values if not word.isupper()} == set()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "case"
    words = ["run", str(MINIMAL), "-o", "bridge_lost", "--out", str(folder), *SMALL, "--progress", "none"]
    assert main(words) == Exit.OK
    return folder


def commands(run: Path, tmp: Path) -> Iterator[list[str]]:
    """A command line of every verb that prints a result for people."""
    case = str(MINIMAL)
    yield ["check", case]
    yield ["run", case, "--out", str(tmp / "run"), *SMALL]
    yield ["site", case, "--states", "4"]
    yield ["dispatch", case, "--time", "2", "--report", str(tmp / "dispatch")]
    yield ["evaluate", case, "--unseen", "4"]
    yield ["compare", str(run), "--unseen", "4"]
    yield ["pareto", case, "--points", "2", "--states", "4", "--unseen", "4", "--out", str(tmp / "p.json")]
    yield ["explain", str(run), "--time", "5"]
    yield ["report", str(run), "--out", str(tmp / "report")]
    yield [
        "replan",
        str(run),
        "--at-h",
        "0.5",
        "--close",
        "Old Bridge",
        "--out",
        str(tmp / "r"),
        "--time",
        "2",
    ]
    yield ["roads", "summary", case]
    yield ["roads", "status", case, "--state", "2"]
    yield ["template", str(tmp / "template.xlsx")]
    yield ["workbook", case, str(tmp / "case.xlsx")]
    yield ["roads", "export", case, str(tmp / "roads.gpkg")]
    yield ["doctor"]


def names(run: Path, tmp: Path) -> set[str]:
    """What is no text: names of the scenario, of files and folders, of engines and packages."""
    from depotopt.pipeline.doctor import EXTRAS, examine

    known = scenario_words() | UNITS | words_of(f"{run} {tmp} {MINIMAL}")
    scenario = load_scenario(MINIMAL)
    known |= words_of(repr(scenario.commodities) + repr(scenario.vehicle_types))
    known |= words_of("map html plan xlsx sheets front json run dispatch report r p roads gpkg template case")
    found = examine()
    known |= words_of(" ".join([*found["versions"], *found["engines"], *EXTRAS, str(found["cache"])]))
    known |= words_of(" ".join(str(version) for version in found["versions"].values()))
    return known | {"sha", "T", "e"}


@pytest.mark.usefixtures("pseudo")
def test_screens_and_progress_are_said(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = names(run_folder, tmp_path)
    for words in commands(run_folder, tmp_path):
        assert main(words) in (Exit.OK, Exit.STOPPED_WITH_PLAN), words
        seen = capsys.readouterr()
        for text in (seen.out, seen.err):
            left = {word for word in unmarked(text) - known if not re.search(r"\d", word)}
            assert left == set(), (words, text)


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["site"],
        ["run", str(MINIMAL), "--states", "many"],
        ["run", str(MINIMAL), "--no-such-flag"],
        ["check", str(MINIMAL), "-o", "nothing_of_the_kind"],
        ["dispatch", str(MINIMAL), "--state", "-7"],
        ["site", str(MINIMAL), "--engine", "abacus"],
        ["replan", "nowhere", "--at-h", "1"],
        ["replan", "nowhere", "--at-h", "1", "--near", "1,2"],
        ["report", "nowhere"],
        ["report", "nowhere", "--language", "fr"],
        ["evaluate", "nowhere"],
    ],
    ids=" ".join,
)
def test_errors_are_said(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) in (Exit.USAGE, Exit.BAD_INPUT)
    text = capsys.readouterr().err
    verbs = {name for verb in VERBS for name in verb}
    known = scenario_words() | words_of(" ".join(words)) | verbs | words_of(str(MINIMAL)) | {"depotopt"}
    known |= words_of(
        "layout dispatch scenario toml json auto highs gscip cuts en zh int near until close slow"
    )
    known |= words_of("area closure states")
    left = {word for word in unmarked(text) - known if not word.isupper()}
    assert left == set(), text


def identifiers() -> set[str]:
    """Columns, keys and values of the files: what one types."""
    known = scenario_words() | {column for spec in TABLES.values() for column in spec.columns}
    # Objectives by the names one types.
    known |= words_of("cost mean cvar worst fraction farthest unmet lateness latency makespan distance")
    known.add("equity")
    for spec in TABLES.values():
        for field in spec.model.model_fields.values():
            known |= words_of(expectation(field).phrase.partition("one of ")[2])
    with (MINIMAL / "scenario.toml").open("rb") as file:
        known |= words_of(str(tomllib.load(file)))
    for case in CASES:
        for _, found, expected in case.faults:
            known |= words_of(" ".join(re.findall(r"'[^']*'|one of .*", f"{found} {expected}")))
    known |= words_of("kg pack person day air Self-intersection")
    return known | words_of("CSV TOML WKT UTF GB xlsx csv toml POLYGON lon lat")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_faults_are_said(case: Case) -> None:
    for place, found, expected in case.faults:
        file, _, where = place.partition("  ")
        fault = spoken(Fault(file, where, found, expected), PSEUDO)
        assert PSEUDO.knows(expected), expected
        for text in (fault.where, fault.found, fault.expected):
            if " " not in text:
                continue  # A key, or the value that stands there.
            # In brackets stands what another program said, or where a number comes from.
            own = text.partition("(")[0] + "⟧" if BORROWED.search(text) else text
            left = unmarked(own) - identifiers()
            assert {word for word in left if not re.search(r"[\d_.]", word)} == set(), text


def cells(path: Path) -> Iterator[str]:
    """Texts of a workbook, its notes and what it says to values that do not fit."""
    for sheet in openpyxl.load_workbook(path):
        for rule in sheet.data_validations.dataValidation:
            yield rule.error or ""
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    yield cell.value
                if cell.comment is not None:
                    yield cell.comment.text


def guide_rows(path: Path) -> Iterator[tuple[str, ...]]:
    """Rows of the sheet that explains: sheet, key, need, expectation, default, meaning, example."""
    for row in openpyxl.load_workbook(path)[GUIDE].iter_rows(min_row=4, values_only=True):
        yield tuple("" if cell is None else str(cell) for cell in row)


def test_the_template_workbook_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "speech", lambda _: PSEUDO)
    workbook.write_template(tmp_path / "template.xlsx")
    known = identifiers() | set(TABLES)
    with Path(workbook.__file__).with_name("column_examples.csv").open(encoding="utf-8") as file:
        known |= set().union(*(words_of(" ".join(row)) for row in csv.reader(file)))
    known |= {"key", "value", "default", "meaning", "example", "guide", "scenario", "NAME"}
    hazards = [
        (row[1], row[4], row[6])
        for row in guide_rows(tmp_path / "template.xlsx")
        if row[1].startswith("hazards.")
    ]
    known |= set().union(
        *(words_of(" ".join(row)) for row in hazards), words_of(" ".join((*ROAD_CLASSES, *RELATIONS)))
    )
    known |= {
        word
        for model in KINDS.values()
        for field in model.model_fields.values()
        for word in options_of(field.annotation)
    }
    for text in cells(tmp_path / "template.xlsx"):
        left = {word for word in unmarked(text) - known if not re.search(r"[\d_.]", word)}
        assert left == set(), text
    assert marked("required") in set(cells(tmp_path / "template.xlsx"))


def test_the_marked_copy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (workbook, marked_copy):
        monkeypatch.setattr(module, "speech", lambda _: PSEUDO)
    fault = Fault("tables/sites.csv", "row 2, column lon", "'east'", "expected degrees from -180 to 180")
    marked_copy.write_marked_copy(
        MINIMAL, [fault], tmp_path / "copy.xlsx", say=lambda one: spoken(one, PSEUDO).expected
    )
    book = openpyxl.load_workbook(tmp_path / "copy.xlsx")
    assert [cell.value for cell in book[marked_copy.FAULT_SHEET][1]] == [
        marked("sheet"),
        marked("cell"),
        marked("fault"),
    ]
    note = book["sites"]["C2"].comment
    assert note is not None
    assert marked("degrees from -180 to 180") in note.text
