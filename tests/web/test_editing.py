"""Settings as fields, edits as override files that the scenario reader takes."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from depotopt.io.scenario_files import Reading, load_scenario
from depotopt.web.editing import override_text, setting_fields
from depotopt.web.settings import Settings
from tests.web.conftest import SCENARIOS

FIELDS = setting_fields(Reading.of(SCENARIOS / "minimal", ()))
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**50), 2**50),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)


def field(key: str) -> Any:
    return next(one for one in FIELDS if one.key == key)


def test_fields_tell_type_limits_and_the_value_that_holds() -> None:
    coverage = field("tiers.county.min_coverage")
    assert (coverage.kind, coverage.value, coverage.least, coverage.most) == ("number", 0.9, 0, 1)
    assert coverage.title == "County depot"
    budget = field("rules.budget")
    assert (budget.kind, budget.value, budget.optional, budget.least) == ("number", None, True, 0)
    assert field("tiers.county.counts").value == [{"exact": 1}]
    assert field("ensemble.design_states").kind == "whole"
    assert field("siting.time_s").above_least


@given(st.dictionaries(st.sampled_from([one.key for one in FIELDS]), VALUES, min_size=1))
def test_any_values_come_back_from_the_text(changes: dict[str, Any]) -> None:
    read = tomllib.loads(override_text(changes, FIELDS))
    for key, value in changes.items():
        place: Any = read
        for part in key.split("."):
            place = place[part]
        assert place == value
        assert type(place) is type(value)


def test_a_value_taken_away_is_left_out_of_the_file() -> None:
    """Only where it may be left out, and where it stands in the file at all."""
    fields = [replace(one, value=9e4) if one.key == "rules.budget" else one for one in FIELDS]
    assert override_text({"rules.budget": None}, fields) == 'unset = ["rules.budget"]\n'
    assert override_text({"rules.budget": None}, FIELDS) == "\n"
    both = override_text({"rules.horizon_days": 3, "rules.budget": None}, fields)
    assert both == 'unset = ["rules.budget"]\nrules.horizon_days = 3\n'


@pytest.mark.parametrize("changes", [{"title": "x"}, {"rules": 1}, {"rules.horizon_days": None}])
def test_what_cannot_be_edited_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="setting"):
        override_text(changes, FIELDS)


def test_saved_edits_are_an_override_of_the_scenario(client: TestClient, settings: Settings) -> None:
    body = {
        "name": "two_depots",
        "changes": {"tiers.county.counts": [{"min": 1, "max": 2}], "rules.budget": 9e4},
    }
    assert client.post("/api/scenarios/minimal/overrides", json=body).json() == {
        "name": "two_depots",
        "faults": [],
    }
    entry = next(one for one in client.get("/api/scenarios").json() if one["name"] == "minimal")
    assert entry["saved_overrides"] == ["two_depots"]
    assert entry["override_changes"]["two_depots"] == ["tiers.county.counts = 1 x", "rules.budget = 90000.0"]
    now = {
        one["key"]: one["value"]
        for one in client.get("/api/scenarios/minimal/settings?override=two_depots").json()
    }
    assert (now["tiers.county.counts"], now["rules.budget"]) == ([{"min": 1, "max": 2}], 9e4)
    assert client.get("/api/scenarios/minimal/faults?override=two_depots").json() == []
    path = settings.runs / ".overrides" / "minimal" / "two_depots.toml"
    assert load_scenario(SCENARIOS / "minimal", [str(path)]).rules.budget == 9e4


def test_edits_with_faults_are_told_and_not_kept(client: TestClient, settings: Settings) -> None:
    body = {"name": "wrong", "changes": {"rules.budget": -5, "tiers.county.min_coverage": 2}}
    answer = client.post("/api/scenarios/minimal/overrides", json=body)
    assert [(fault["file"], fault["where"]) for fault in answer.json()["faults"]] == [
        ("wrong.toml", "rules.budget"),
        ("wrong.toml", "tiers.county.min_coverage"),
    ]
    assert list((settings.runs / ".overrides").rglob("*.toml")) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "bridge_lost", "changes": {"rules.budget": 1}}, 409),
        ({"name": "../up", "changes": {"rules.budget": 1}}, 422),
        ({"name": "x", "changes": {"roads.path": "/etc"}}, 422),
        ({"name": "x", "changes": {}}, 422),
    ],
)
def test_overrides_out_of_form_are_refused(
    client: TestClient, settings: Settings, body: dict[str, Any], code: int
) -> None:
    assert client.post("/api/scenarios/minimal/overrides", json=body).status_code == code
    assert client.post("/api/scenarios/nowhere/overrides", json=body).status_code in (404, 422)
    assert not list(Path(settings.runs).rglob("*.toml"))
