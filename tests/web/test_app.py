"""Scenarios, faults, uploads, jobs and runs over HTTP, on the minimal scenario."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from depotopt.io.workbook import write_workbook
from depotopt.web.app import create_app
from depotopt.web.guard import HEADER
from depotopt.web.jobs import JobBook
from depotopt.web.settings import Settings
from depotopt.web.store import Job, JobState, JobStore
from tests.web.conftest import PORT, SCENARIOS, TOKEN

SMALL = {"states": 3, "unseen": 6, "site_time": 20, "dispatch_time": 3}
PATIENCE_S = 240.0


def run_request(**more: Any) -> dict[str, Any]:
    return {"verb": "run", "scenario": "minimal", **SMALL, **more}


def ended(client: TestClient, ident: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(f"/api/jobs/{ident}").json()
        if job["state"] != "running":
            return job
        time.sleep(0.2)
    raise AssertionError("the job did not end")


def test_scenarios_are_listed_with_their_overrides(client: TestClient) -> None:
    entries = {entry["name"]: entry for entry in client.get("/api/scenarios").json()}
    assert "bridge_lost" in entries["minimal"]["overrides"]
    assert entries["minimal"]["readable"]


def test_a_scenario_has_no_faults(client: TestClient) -> None:
    assert client.get("/api/scenarios/minimal/faults").json() == []
    assert client.get("/api/scenarios/nowhere/faults").status_code == 404
    assert client.get("/api/scenarios/minimal/faults?override=nothing").status_code == 422


def test_a_job_runs_tells_and_leaves_a_report(client: TestClient) -> None:
    started = client.post("/api/jobs", json=run_request(overrides=["bridge_lost"]))
    assert started.status_code == 201
    job = ended(client, started.json()["id"])
    assert (job["state"], job["exit_code"]) == ("ended", 0)
    assert job["command"][:2] == ["depotopt", "run"]
    assert job["result"]["scenario"] == "minimal"
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert {"site", "dispatch"} <= {event.get("stage") for event in events}
    assert events[-1] == {"kind": "end", "state": "ended", "exit_code": 0}
    [run] = client.get("/api/runs").json()
    assert run["name"] == job["run"]
    assert "map.html" in run["files"]
    page = client.get(f"/report/{run['name']}/map.html")
    assert page.status_code == 200
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert client.get(f"/report/{run['name']}/timing.json").status_code == 404
    again = client.post("/api/jobs", json={"verb": "compare", "runs": [run["name"]], "unseen": 5})
    compared = ended(client, again.json()["id"])
    assert [one["name"] for one in compared["result"]["layouts"]] == ["today", run["name"]]
    why = client.post("/api/jobs", json={"verb": "explain", "run": run["name"], "time": 10})
    assert ended(client, why.json()["id"])["result"]["sites"]


def test_a_road_closed_by_a_click_gives_new_sheets(client: TestClient) -> None:
    first = ended(client, client.post("/api/jobs", json=run_request(state=-1)).json()["id"])
    closures = [{"street": "b2-3"}, {"street": "s4-6", "speed_factor": 0.5, "until_s": 7200}]
    request = {"verb": "replan", "run": first["run"], "at_h": 0.25, "closures": closures, "time": 2}
    job = ended(client, client.post("/api/jobs", json=request).json()["id"])
    assert (job["state"], job["exit_code"]) == ("ended", 0)
    assert job["command"][:2] == ["depotopt", "replan"]
    assert {"points", "led_round"} == job["result"]["changes"].keys()
    run = next(one for one in client.get("/api/runs").json() if one["name"] == job["run"])
    assert (run["replanned_from"], run["at_h"]) == (first["run"], 0.25)
    assert [one["street"] for one in run["closures"]] == ["b2-3", "s4-6"]
    assert run["changed_vehicles"] == job["result"]["changed_vehicles"]
    assert client.get(f"/report/{job['run']}/changes.json").json() == job["result"]["changes"]
    # The list edited: the bridge is open again, and the name tells the new moment only.
    request |= {"run": job["run"], "at_h": 0.5, "closures": closures[1:]}
    again = ended(client, client.post("/api/jobs", json=request).json()["id"])
    assert again["run"].startswith(f"{first['run']}-at-0.5h-")
    run = next(one for one in client.get("/api/runs").json() if one["name"] == again["run"])
    assert [one["street"] for one in run["closures"]] == ["s4-6"]


def test_the_front_is_a_job(client: TestClient) -> None:
    request = {"verb": "pareto", "scenario": "minimal", "points": 2, "states": 3, "unseen": 6, "time": 10}
    job = ended(client, client.post("/api/jobs", json=request).json()["id"])
    assert job["exit_code"] == 0
    assert job["result"]["points"][0]["layout"]["open_sites"]


def test_an_interrupted_run_is_found_and_finished(client: TestClient, settings: Settings) -> None:
    job = client.post("/api/jobs", json=run_request(unseen=60_000)).json()
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        for line in stream.iter_lines():
            if '"evaluate"' in line:
                break
    book = JobBook(settings.runs)
    found = book.get(job["id"])
    assert found is not None
    os.kill(found.pid, signal.SIGKILL)
    book.close()
    assert ended(client, job["id"])["state"] == "lost"
    [run] = client.get("/api/runs").json()
    assert (run["name"], run["interrupted"]) == (f"{job['run']}.unfinished", True)
    path = settings.runs / run["name"] / "layout.json"
    path.write_text(path.read_text(encoding="utf-8").replace("60000", "6"), encoding="utf-8")
    rest = ended(client, client.post("/api/jobs", json={"verb": "resume", "run": run["name"]}).json()["id"])
    assert rest["exit_code"] == 0
    [run] = client.get("/api/runs").json()
    assert (run["name"], run["interrupted"]) == (job["run"], False)


@pytest.mark.parametrize(
    "closure",
    [
        {},
        {"street": "a", "lon": 1, "lat": 1, "radius_m": 5},
        {"street": "a", "lon": 1},
        {"lon": 1, "lat": 1},
        {"area_wkt": "POINT (1 1)"},
        {"street": "a", "speed_factor": 1},
        {"street": ""},
        {"street": "a", "until_s": "soon"},
    ],
)
def test_closures_out_of_form_start_nothing(client: TestClient, closure: dict[str, Any]) -> None:
    request = {"verb": "replan", "run": "x", "at_h": 1, "closures": [closure]}
    assert client.post("/api/jobs", json=request).status_code == 422


def test_a_stopped_job_keeps_its_plan(client: TestClient) -> None:
    request = run_request(unseen=60_000)
    ident = client.post("/api/jobs", json=request).json()["id"]
    with client.stream("GET", f"/api/jobs/{ident}/events") as stream:
        for line in stream.iter_lines():
            if '"evaluate"' in line:
                break
    assert client.post(f"/api/jobs/{ident}/stop").json() == {"asked": True}
    job = ended(client, ident)
    assert job["exit_code"] == 5
    assert job["result"]["dispatch"]["status"] in ("optimal", "feasible")
    assert client.post(f"/api/jobs/{ident}/stop").json() == {"asked": False}


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "rm"},
        {"scenario": "../minimal"},
        {"scenario": "-o"},
        {"overrides": ["--out=/"]},
        {"states": 0},
        {"states": "many"},
        {"language": "fr"},
        {"unknown": 1},
    ],
)
def test_requests_out_of_form_start_nothing(client: TestClient, change: dict[str, Any]) -> None:
    assert client.post("/api/jobs", json=run_request(**change)).status_code == 422
    assert client.get("/api/jobs").json() == []


@pytest.mark.parametrize(
    "request_",
    [run_request(scenario="nowhere"), {"verb": "compare", "runs": ["x"]}, {"verb": "explain", "run": "x"}],
)
def test_names_that_are_not_there_start_nothing(client: TestClient, request_: dict[str, Any]) -> None:
    assert client.post("/api/jobs", json=request_).status_code == 404


def test_an_uploaded_workbook_becomes_a_scenario(client: TestClient, tmp_path: Path) -> None:
    book = tmp_path / "tables.xlsx"
    write_workbook(SCENARIOS / "minimal", book)
    answer = client.post("/api/scenarios/minimal/workbook", content=book.read_bytes())
    assert answer.status_code == 201
    assert answer.json()["faults"] == []
    names = [entry["name"] for entry in client.get("/api/scenarios").json() if entry["uploaded"]]
    assert names == [answer.json()["name"]]


def test_an_upload_that_is_no_workbook_is_refused(client: TestClient, settings: Settings) -> None:
    assert client.post("/api/scenarios/minimal/workbook", content=b"hello").status_code == 415
    assert client.post("/api/scenarios/nowhere/workbook", content=b"PK\x03\x04").status_code == 404
    broken = client.post("/api/scenarios/minimal/workbook", content=b"PK\x03\x04 broken")
    assert broken.json()["faults"]
    inside = {path.relative_to(settings.runs).parts[0] for path in settings.runs.rglob("tables.xlsx")}
    assert inside == {".uploads"}


def test_a_finished_job_survives_a_new_launch(client: TestClient, settings: Settings) -> None:
    ident = client.post("/api/jobs", json=run_request()).json()["id"]
    assert ended(client, ident)["exit_code"] == 0
    with TestClient(create_app(settings), base_url=f"http://127.0.0.1:{PORT}") as other:
        other.headers[HEADER] = TOKEN
        job = other.get(f"/api/jobs/{ident}").json()
    assert (job["state"], job["exit_code"]) == ("ended", 0)
    assert job["result"]["siting"]["status"] == "optimal"


def test_a_killed_job_is_lost_not_running(client: TestClient, settings: Settings) -> None:
    ident = client.post("/api/jobs", json=run_request(unseen=60_000)).json()["id"]
    book = JobBook(settings.runs)
    job = book.get(ident)
    assert job is not None
    os.kill(job.pid, signal.SIGKILL)
    assert ended(client, ident)["state"] == "lost"
    book.close()


def test_a_process_of_an_earlier_launch_that_is_gone_is_lost(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (tmp_path / ".jobs" / "j").mkdir(parents=True)
    store = JobStore(tmp_path / ".jobs" / "index.sqlite")
    store.add(
        Job("j", ("run",), tmp_path / ".jobs" / "j", "2026-01-01T00:00:00", gone.pid, JobState.RUNNING, None)
    )
    store.close()
    book = JobBook(tmp_path)
    job = book.get("j")
    assert job is not None
    assert job.state is JobState.LOST
    book.close()


def test_how_a_job_ended_is_never_taken_back(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "index.sqlite")
    store.add(Job("j", ("run",), tmp_path, "2026-01-01T00:00:00", 1, JobState.RUNNING, None))
    store.settle("j", JobState.ENDED, 0)
    store.settle("j", JobState.LOST, None)
    job = store.get("j")
    assert job is not None
    assert (job.state, job.exit_code) == (JobState.ENDED, 0)
    store.close()
