"""`write_report`: the report folder, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from depotopt.errors import UsageError
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.csv_tables import CsvForm, write_csv
from depotopt.report.ledger import draw_ledger
from depotopt.report.pieces import road_pieces, street_damage
from depotopt.report.replacement import move_into_place
from depotopt.report.summary import report_figures, state_counts
from depotopt.report.tables import report_tables
from depotopt.report.wording import Wording

MAP, WORKBOOK, GEOPACKAGE, SHEETS = "map.html", "plan.xlsx", "plan.gpkg", "sheets.html"
JUDGEMENT = "judgement.html"
TABLES, EXCHANGE, PROVENANCE = "tables", "exchange", "provenance.json"


def write_report(
    folder: Path, content: ReportContent, *, language: str = "en", csv: CsvForm = CsvForm.NONE
) -> ReportFiles:
    """Write a report folder: map, workbook, route sheets, tables, files for other tools, provenance.

    Everything is written beside the folder first and then moved into place, so that a reader never sees
    half a report. Equal content gives equal files.

    Parameters
    ----------
    folder
        Folder to make; an older report (or an empty folder) there is replaced.
    content
        What is told.
    language
        ``"en"`` or ``"zh"``: language of workbook and sheets, and the one the map opens in.
    csv
        Whether the tables are written as CSV beside the Parquet files, and with HXL tags.

    Returns
    -------
    ReportFiles
        Paths of everything written.

    Raises
    ------
    UsageError
        If the folder holds something other than a report, or reports do not speak the language.
    """
    wording = Wording(language)
    folder = folder.absolute()
    require_report_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".partial", dir=folder.parent))
    try:
        tables, exchange = _write_files(partial, content, wording, csv)
        # mkdtemp keeps its folder private; a report is for others to read.
        partial.chmod(0o777 & ~_umask())
        move_into_place(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return ReportFiles(
        folder=folder,
        map=folder / MAP,
        workbook=folder / WORKBOOK,
        geopackage=folder / GEOPACKAGE,
        sheets=folder / SHEETS if content.plan is not None else None,
        tables={name: folder / TABLES / f"{name}.parquet" for name in tables},
        exchange={name: folder / EXCHANGE / name for name in exchange},
        judgement=folder / JUDGEMENT if content.judged else None,
        provenance=folder / PROVENANCE,
        attachments={name: folder / name for name in content.attachments},
    )


def _write_files(
    folder: Path, content: ReportContent, wording: Wording, csv: CsvForm
) -> tuple[list[str], list[str]]:
    """Write everything; names of the tables and of the files for other tools."""
    from depotopt.report.exchange import write_exchange
    from depotopt.report.geopackage import write_geopackage
    from depotopt.report.map_page import map_page
    from depotopt.report.parquet import write_parquet
    from depotopt.report.provenance import provenance, write_provenance
    from depotopt.report.sheets import SheetWriter
    from depotopt.report.workbook import write_workbook

    ledger = draw_ledger(content)
    pieces = road_pieces(content.network)
    damage = street_damage(content.network, content.road_state, content.at_s)
    figures = report_figures(content, ledger, pieces, damage)
    tables = report_tables(content, ledger)
    page = map_page(content, ledger, pieces, figures, wording)
    (folder / MAP).write_text(page, encoding="utf-8")
    write_workbook(folder / WORKBOOK, content, tables, figures, state_counts(ledger), wording)
    write_geopackage(folder / GEOPACKAGE, content, ledger, pieces, damage)
    if content.plan is not None:
        (folder / SHEETS).write_text(SheetWriter.of(content, pieces, wording).page(), encoding="utf-8")
    if content.judged:
        from depotopt.report.judgement import JudgementPage

        (folder / JUDGEMENT).write_text(JudgementPage(content, wording).page(), encoding="utf-8")
    (folder / TABLES).mkdir()
    written = write_parquet(tables, folder / TABLES)
    if csv is not CsvForm.NONE:
        write_csv(tables, folder / TABLES, content.scenario.start, hxl=csv is CsvForm.HXL)
    (folder / EXCHANGE).mkdir()
    exchanged = write_exchange(folder / EXCHANGE, content, ledger, pieces, damage, wording)
    for name, data in content.attachments.items():
        target = folder / name
        if target.exists():
            raise UsageError(f"attachment '{name}' would overwrite a file of the report")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    write_provenance(folder / PROVENANCE, provenance(content, files, wording.language))
    return list(written), list(exchanged)


def require_report_folder(folder: Path) -> None:
    """Refuse a folder that a report may not replace.

    Raises
    ------
    UsageError
        If it holds something other than a report.
    """
    if folder.exists() and not _replaceable(folder):
        raise UsageError(f"{folder} is not a report folder: it would be overwritten")


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / PROVENANCE).is_file() or not any(folder.iterdir()))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
