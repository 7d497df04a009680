"""How numbers stand in the workbook: with their unit, without decimals that mean nothing."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest

from depotopt.plans import StockLine
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.ledger import draw_ledger
from depotopt.report.supply_tables import stock_table
from depotopt.report.workbook import FORMATS
from depotopt.report.write import write_report


def test_no_format_ends_in_a_point_without_decimals() -> None:
    """``#,##0.##`` would show 4,000 as ``4,000.``."""
    assert all("#" not in code.rpartition(".")[2] for code in FORMATS.values() if "." in code)


@pytest.mark.parametrize(
    ("sheet", "column", "code"),
    [
        ("Stock", "Quantity", "#,##0"),
        ("Stock", "Weight (kg)", "#,##0"),
        ("Stock", "Volume (m³)", "#,##0.00"),
        ("Trips", "Distance (km)", "#,##0.0"),
        ("Layout", "Ready after (min)", "#,##0"),
        ("Demand points", "People in need", "#,##0"),
        ("Unmet need", "Unmet, weighted person-days", "#,##0.00"),
    ],
)
def test_columns_are_shown_by_what_they_count(
    report: ReportFiles, sheet: str, column: str, code: str
) -> None:
    rows = openpyxl.load_workbook(report.workbook)[sheet]
    at = next(cell.column for cell in rows[1] if cell.value == column)
    assert rows.cell(2, at).number_format == code


@pytest.mark.parametrize(
    ("language", "sheet", "unit"), [("en", "Summary", '" km"'), ("zh", "概况", '" 公里"')]
)
def test_key_figures_stand_with_their_unit(
    content: ReportContent, tmp_path_factory: pytest.TempPathFactory, language: str, sheet: str, unit: str
) -> None:
    files = write_report(tmp_path_factory.mktemp("runs") / "town", content, language=language)
    rows = openpyxl.load_workbook(files.workbook)[sheet]
    formats = [rows.cell(row, 2).number_format for row in range(1, rows.max_row + 1)]
    assert f"#,##0.0{unit}" in formats


@pytest.mark.parametrize(("more", "bought"), [(12.25, 13.0), (1e-6, 0.0), (-5.0, 0.0)])
def test_what_is_to_be_bought_is_whole(content: ReportContent, more: float, bought: float) -> None:
    """Layouts hold parts of units; a crumb that a solver left is not bought."""
    assert content.siting is not None
    assert content.siting.plan is not None
    layout = content.siting.plan
    first = layout.stock[0]
    what = (first.site, first.commodity, first.mode)
    held = sum(
        lot.quantity for lot in content.scenario.stock if (lot.site, lot.commodity, lot.mode.value) == what
    )
    plan = replace(layout, stock=(StockLine(*what[:2], held + more, first.mode), *layout.stock[1:]))
    told = replace(content, siting=replace(content.siting, plan=plan))
    table = stock_table(told, draw_ledger(told))
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    (row,) = (one for one in rows if (one["site"], one["commodity"], one["mode"]) == what)
    assert row["to_buy"] == bought
