"""What the server says in English comes with what it is in Chinese."""

from __future__ import annotations

from fastapi.testclient import TestClient

from depotopt.web.telling import told


def test_a_fault_is_told_in_both_languages() -> None:
    fault = {
        "file": "tables/stock.csv",
        "where": "row 14, column quantity",
        "expected": "a whole number >= 0",
    }
    found = told({"faults": [fault]})["faults"][0]
    assert {key: found[key] for key in fault} == fault
    assert set(found["zh"]) == {"where", "expected"}
    assert "14" in found["zh"]["where"]
    assert "quantity" in found["zh"]["where"]


def test_lists_keep_their_length_and_names_stay() -> None:
    answer = {"notes": ["nothing better than today's layout was found", "WEST"], "name": "kept"}
    found = told(answer)
    assert found["name"] == "kept"
    assert len(found["zh"]["notes"]) == 2
    assert found["zh"]["notes"][0] != answer["notes"][0]
    assert found["zh"]["notes"][1] == "WEST"
    assert "zh" not in told({"notes": [], "name": "kept", "value": None})


def test_settings_are_described_in_both_languages(client: TestClient) -> None:
    fields = client.get("/api/scenarios/minimal/settings").json()
    assert fields
    assert all(field["zh"]["description"] != field["description"] for field in fields)


def test_a_refusal_is_told_in_both_languages(client: TestClient) -> None:
    answer = client.get("/api/scenarios/minimal/faults", params={"override": "no_such"})
    assert answer.status_code == 422
    assert "no_such" in answer.json()["detail"]
    assert answer.json()["zh"]["detail"] != answer.json()["detail"]
