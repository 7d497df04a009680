"""What it costs to put a plan on paper: route sheets, workbook and files of a region, in CPU seconds.

The region is the one of the map suite (`benchmarks.town`): 100,000 drawn links, 200 sites, 3,000 demand
points, 300 vehicles. The target is that of the design: 300 route sheets, with sketch maps and codes, within
10 s of CPU.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.case import Case, Job, Measurement, Plan, Reference

SHEETS_CPU_S = 10.0
"""Most the sheets of 300 vehicles may take."""
REGIONS: dict[str, dict[str, float]] = {
    "town": {"side": 12, "sites": 7, "points": 24, "routes": 5},
    "vehicles-300": {
        "side": 225, "sites": 200, "points": 3000, "routes": 300, "spacing": 0.006, "reach_s": 1500.0,
    },
}  # fmt: skip


def cases(plan: Plan) -> Iterator[Case]:
    """One case per region; a smoke run measures the small one, whose times are not judged."""
    for name, size in REGIONS.items():
        if not plan.smoke or name == "town":
            yield Case(name, "sheets", measure, arguments=dict(size), packages=("segno", "xlsxwriter"))


def measure(job: Job) -> Iterator[Measurement]:
    """Write the sheets, then the workbook, of the region's plan."""
    from benchmarks.town import Town
    from depotopt.report.ledger import draw_ledger
    from depotopt.report.pieces import road_pieces, street_damage
    from depotopt.report.sheets import SheetWriter
    from depotopt.report.summary import report_figures, state_counts
    from depotopt.report.tables import report_tables
    from depotopt.report.wording import Wording
    from depotopt.report.workbook import write_workbook

    content = Town(**job.arguments, seed=job.seed + 2).content()
    pieces, wording = road_pieces(content.network), Wording("zh")
    began = time.process_time()
    page = SheetWriter.of(content, pieces, wording).page()
    cpu_s = time.process_time() - began
    vehicles = page.count('<section class="sheet"')
    reference = None if job.smoke else Reference(SHEETS_CPU_S)
    details = {"vehicles": vehicles, "megabytes": round(len(page.encode()) / 1e6, 2)}
    yield Measurement(round(cpu_s, 3), metric="sheets_cpu_s", reference=reference, details=details)
    began = time.process_time()
    ledger = draw_ledger(content)
    damage = street_damage(content.network, content.road_state, content.at_s)
    figures = report_figures(content, ledger, pieces, damage)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.xlsx"
        tables = report_tables(content, ledger)
        write_workbook(file, content, tables, figures, state_counts(ledger), wording)
        size = {
            "rows": sum(len(table.rows) for table in tables),
            "megabytes": round(file.stat().st_size / 1e6, 2),
        }
    yield Measurement(round(time.process_time() - began, 3), metric="workbook_cpu_s", details=size)
