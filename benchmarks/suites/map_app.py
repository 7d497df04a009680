"""The web app: its first paint, the time from closing a road to the changed route sheets, and Stop.

All are what a user waits for: from asking for the page until its lists stand, in headless browsers without
a GPU; from the request that closes a road until the new sheets lie on the disk; and from the click on *Stop*
until the page says which plan is kept (by then it is on disk), while siting and while dispatching, through
`depotopt serve` with its job as a process of its own (start of Python and imports included). The run is
`shanghai-5-8-11-n` with a short search; its busiest street not yet driven closes an hour after the start.
Targets: 1.5 s, 10 s and 1 s.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.browser import BROWSERS
from benchmarks.case import Case, Job, Measurement, Plan, Reference

SCENARIOS = Path(__file__).parents[2] / "scenarios"
REPEATS = 3
TARGETS = {"first_paint_ms": 1500.0, "close_to_sheets_s": 10.0, "stop_s": 1.0}
STOPS = {
    "site": ("[data-stage='cuts: relaxation']", 1.0),
    "dispatch": ("[data-stage='first plan'], [data-stage=routes], [data-stage=improvement]", 3.0),
}
"""What the page of a job shows when a stage has begun, and the seconds until the click."""
SHOWN = "Shanghai"
NOW_H = 1.0
SEARCH_S = 3.0
PATIENCE_S = 200.0


def cases(plan: Plan) -> Iterator[Case]:
    """A smoke run paints the page only."""
    packages = ("playwright", "fastapi", "uvicorn")
    for browser in BROWSERS:
        yield Case("first-paint", browser, first_paint, packages=packages)
    if not plan.smoke:
        for stage in STOPS:
            yield Case(f"stop-{stage}", "desk", stop, packages=packages, arguments={"stage": stage})
        yield Case("close-to-sheets", "desk", close_to_sheets, packages=("fastapi", "uvicorn"))


def first_paint(job: Job) -> Iterator[Measurement]:
    """Open the app in fresh tabs."""
    from benchmarks.browser import SIZE, installed, opened

    path = installed(job.engine)
    if path is None:
        yield Measurement(None, status="skipped", note=f"no {job.engine} installed")
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as address,
        opened(job.engine, path) as browser,
    ):
        times = []
        for _ in range(1 if job.smoke else REPEATS):
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.goto(address)
            page.wait_for_selector("html[data-ready=yes]")
            found: Any = page.evaluate("performance.now()")
            times.append(float(found))
            page.close()
        yield _row(job, "first_paint_ms", statistics.median(times), {"all_ms": times})


STOP_AND_WATCH = """(stage) => {
    const told = document.querySelector("main [role=status]");
    if (told.dataset.kept === stage) throw new Error("it had ended");
    // The layout was kept before.
    delete told.dataset.kept;
    const begin = performance.now();
    window.after = {};
    const look = () => {
        const said = document.querySelector("main [role=status]");
        if (said?.dataset.kept) {
            window.after.kept ??= performance.now() - begin;
            window.after.plan ??= said.textContent;
        }
        if (document.querySelector(".outcome")) window.after.shown ??= performance.now() - begin;
    };
    new MutationObserver(look).observe(document.querySelector("main"), {
        subtree: true, childList: true, attributes: true, characterData: true,
    });
    document.querySelector("main .danger").click();
}"""
"""Presses *Stop*; takes the time until the page says the plan is kept, and until the result is shown."""


def stop(job: Job) -> Iterator[Measurement]:
    """Stop a run in the middle of its siting or of its dispatch."""
    from benchmarks.browser import SIZE, installed, opened

    path = installed("chromium")
    if path is None:
        yield Measurement(None, status="skipped", note="no Chromium installed")
        return
    stage: str = job.arguments["stage"]
    begun, later_s = STOPS[stage]
    limits = ("120", "5") if stage == "site" else ("5", "120")
    states = "60" if stage == "site" else "6"
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as address,
        opened("chromium", path) as browser,
    ):
        kept, shown, said = [], [], []
        for _ in range(REPEATS):
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.set_default_timeout(1000 * PATIENCE_S)
            page.goto(address)
            page.locator(".entry[aria-pressed]", has_text=SHOWN).click()
            page.wait_for_selector(".good")
            values = {"states": states, "unseen": "20", "site_time": limits[0], "dispatch_time": limits[1]}
            page.locator(".limits summary").click()
            for name, value in values.items():
                page.fill(f"input[name={name}]", value)
            page.get_by_role("button", name="Run", exact=True).click()
            page.wait_for_selector(", ".join(f".job{one.strip()}" for one in begun.split(",")))
            page.wait_for_timeout(1000 * later_s)
            page.evaluate(STOP_AND_WATCH, stage)
            page.wait_for_selector(".outcome")
            after: Any = page.evaluate("window.after")
            kept.append(after["kept"] / 1000)
            shown.append(after["shown"] / 1000)
            said.append(after["plan"])
            page.close()
        details: dict[str, object] = {"all_s": kept, "report_s": shown, "said": said, "stage": stage}
        yield _row(job, "stop_s", statistics.median(kept), details)


def close_to_sheets(job: Job) -> Iterator[Measurement]:
    """Run the scenario, close a street on its way, and wait for the sheets."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address:
        words = {"states": 6, "unseen": 20, "site_time": 10, "dispatch_time": 5}
        first = _ended(address, {"verb": "run", "scenario": "shanghai-5-8-11-n", **words})
        street = _busiest(Path(folder) / first["run"])
        request = {"verb": "replan", "run": first["run"], "at_h": NOW_H, "time": SEARCH_S}
        times = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            job_ended = _ended(address, {**request, "closures": [{"street": street}]})
            times.append(time.perf_counter() - begin)
        changed = job_ended["result"]["changed_vehicles"]
        details = {"all_s": times, "changed_sheets": len(changed), "street": street, "search_s": SEARCH_S}
        yield _row(job, "close_to_sheets_s", statistics.median(times), details)


@contextmanager
def served(runs: Path) -> Iterator[str]:
    """The app on the shipped scenarios; gives the address with its secret."""
    words = ["serve", str(SCENARIOS), "--runs", str(runs), "--no-browser"]
    server = subprocess.Popen([sys.executable, "-m", "depotopt", *words], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found is not None
    try:
        yield found.group(0)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def _call(address: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    home, _, token = address.partition("/?token=")
    headers = {"x-depotopt-token": token, "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(home + path, data, headers)) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _ended(address: str, request: dict[str, Any]) -> dict[str, Any]:
    job = _call(address, "/api/jobs", request)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        job = _call(address, f"/api/jobs/{job['id']}")
        if job["state"] != "running":
            if job["exit_code"] != 0:
                raise RuntimeError(f"the job ended with {job['exit_code']}: {job['result']}")
            return job
        time.sleep(0.05)
    raise RuntimeError("the job did not end")


def _busiest(run: Path) -> str:
    """Street that most trips not yet begun drive over."""
    from depotopt.io.plan_files import read_made_from, read_result
    from depotopt.pipeline.stages import open_case
    from depotopt.plans import DispatchPlan

    plan = read_result(run / "dispatch.json", DispatchPlan).plan
    assert plan is not None
    origin = read_made_from(run / "dispatch.json")
    network = open_case(Path(origin["scenario_path"]), origin["overrides"]).network
    driven: Counter[int] = Counter()
    for trip in plan.trips:
        if trip.load_start_s >= NOW_H * 3600:
            driven.update({int(network.street[link]) for stop in trip.stops for link in stop.links})
    return network.streets.ident[driven.most_common(1)[0][0]]


def _row(job: Job, metric: str, value: float, details: dict[str, object]) -> Measurement:
    reference = None if job.smoke else Reference(TARGETS[metric])
    return Measurement(round(value, 3), metric=metric, reference=reference, details=details)
