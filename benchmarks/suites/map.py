"""The offline map: size of the file, time to its first picture, frames of a drag, time of a pick.

A made-up region (`benchmarks.town`) becomes ``map.html``, which a headless Chromium and a headless Firefox
without a GPU open from the disk. A *link* here is a drawn piece of road with two bends; each carries both
directions, so the network behind it has twice as many directed links. Targets are those of the design:
100,000 links with 200 sites, 3,000 demand points and 300 routes in at most 3 MB, complete within 1.5 s, 95
% of the frames of a drag within 33 ms, every pick within 50 ms; a million links in 25 MB and 4 s. The CPU
time of Chromium's page process is held against the same targets: it tells a slow map from a busy machine.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.browser import BROWSERS
from benchmarks.case import Case, Job, Measurement, Plan, Reference

REPEATS = 5

REGIONS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "town": (
        {"side": 12, "sites": 7, "points": 24, "routes": 5},
        {
            "file_mb": 0.5,
            "complete_ms": 1500.0,
            "complete_cpu_ms": 1500.0,
            "drag_p95_ms": 33.0,
            "pick_max_ms": 50.0,
        },
    ),
    "links-100k": (
        {"side": 225, "sites": 200, "points": 3000, "routes": 300, "spacing": 0.006, "reach_s": 1500.0},
        {
            "file_mb": 3.0,
            "complete_ms": 1500.0,
            "complete_cpu_ms": 1500.0,
            "drag_p95_ms": 33.0,
            "pick_max_ms": 50.0,
        },
    ),
    "links-1m": (
        {"side": 708, "sites": 200, "points": 3000, "routes": 300, "spacing": 0.002, "reach_s": 900.0},
        {"file_mb": 25.0, "complete_ms": 4000.0, "complete_cpu_ms": 4000.0},
    ),
}
"""Size of each region and the target of each figure."""


def cases(plan: Plan) -> Iterator[Case]:
    """One case per region and browser; a smoke run measures the small one, whose times are not judged."""
    for name, (size, _) in REGIONS.items():
        for browser in BROWSERS:
            if not plan.smoke or name == "town":
                yield Case(name, browser, measure, arguments=dict(size), packages=("playwright",))


def measure(job: Job) -> Iterator[Measurement]:
    """Make the region's map and measure it."""
    from benchmarks.browser import drag_frames_ms, installed, open_map, opened, pick_ms
    from benchmarks.town import Town
    from depotopt.report.ledger import draw_ledger
    from depotopt.report.map_page import map_page
    from depotopt.report.pieces import road_pieces, street_damage
    from depotopt.report.summary import report_figures
    from depotopt.report.wording import Wording

    path = installed(job.engine)
    if path is None:
        yield Measurement(None, status="skipped", note=f"no {job.engine} installed")
        return
    content = Town(**job.arguments, seed=job.seed + 2).content()
    ledger, pieces = draw_ledger(content), road_pieces(content.network)
    damage = street_damage(content.network, content.road_state, content.at_s)
    figures = report_figures(content, ledger, pieces, damage)
    with tempfile.TemporaryDirectory() as folder, opened(job.engine, path) as browser:
        file = Path(folder) / "map.html"
        file.write_text(map_page(content, ledger, pieces, figures, Wording()), encoding="utf-8")
        size = {"drawn_links": len(pieces), "vertices": len(pieces.lonlat)}
        yield _row(job, "file_mb", file.stat().st_size / 1e6, size)
        opens = []
        for _ in range(1 if job.smoke else REPEATS):
            opens.append(open_map(browser, file))
            opens[-1].page.close()
        wall = [item.wall_ms for item in opens]
        cpu = [item.cpu_ms for item in opens if item.cpu_ms is not None]
        yield _row(job, "complete_ms", statistics.median(wall), {"all_ms": wall})
        if cpu:
            yield _row(job, "complete_cpu_ms", statistics.median(cpu), {"all_ms": cpu})
        page = open_map(browser, file).page
        picks = pick_ms(page)
        yield _row(job, "pick_max_ms", max(picks), {"median_ms": statistics.median(picks)})
        frames = sorted(drag_frames_ms(page))
        p95 = frames[int(0.95 * (len(frames) - 1))]
        yield _row(job, "drag_p95_ms", p95, {"median_ms": statistics.median(frames), "frames": len(frames)})


def _row(job: Job, metric: str, value: float, details: Mapping[str, object]) -> Measurement:
    target = REGIONS[job.case][1].get(metric)
    # A busy machine proves nothing about speed: a smoke run judges the size only.
    judged = target is not None and (metric == "file_mb" or not job.smoke)
    reference = Reference(target) if judged and target is not None else None
    return Measurement(round(value, 3), metric=metric, reference=reference, details=dict(details))
