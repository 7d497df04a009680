"""`report_tables`: the report as plain tables, the same for Excel, Parquet and anything else."""

from __future__ import annotations

from collections.abc import Callable

from depotopt.report.content import ReportContent
from depotopt.report.ledger import Ledger
from depotopt.report.supply_tables import (
    layout_table,
    lots_table,
    need_table,
    points_table,
    reports_table,
    road_losses_table,
    solves_table,
    stock_table,
)
from depotopt.report.table import Table, frame_table
from depotopt.report.trip_tables import (
    manifests_table,
    stops_table,
    trips_table,
    unmet_table,
    withdrawals_table,
)


def report_tables(content: ReportContent, ledger: Ledger) -> tuple[Table, ...]:
    """All tables of a report, in the order of its workbook."""
    makers: list[Callable[[ReportContent, Ledger], Table]] = [
        layout_table,
        stock_table,
        lots_table,
        points_table,
        need_table,
    ]
    if content.plan is not None:
        makers += [trips_table, stops_table, manifests_table, withdrawals_table, unmet_table]
    makers.append(road_losses_table)
    if content.scenario.road_reports:
        makers.append(reports_table)
    makers.append(solves_table)
    tables = [make(content, ledger) for make in makers]
    frames = content.evaluation or {}
    return tuple(tables + [frame_table(f"metrics_{name}", frames[name]) for name in frames])
