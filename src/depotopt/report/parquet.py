"""Tables become Parquet files, written by DuckDB in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from depotopt.report.table import Kind, Table

SQL_TYPES: Final[dict[Kind, str]] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "moment": "DOUBLE",
    "share": "DOUBLE",
    "degrees": "DOUBLE",
    "date": "DATE",
}
"""Parquet keeps moments as seconds from the scenario's start."""


def write_parquet(tables: tuple[Table, ...], folder: Path) -> dict[str, Path]:
    """Write one file per table.

    Parameters
    ----------
    tables
        Tables of the report.
    folder
        Existing folder.

    Returns
    -------
    dict
        Path by table name.
    """
    import duckdb
    import pandas as pd

    paths = {}
    with duckdb.connect(":memory:") as connection:
        # One thread and insertion order: the same rows give the same bytes.
        connection.execute("SET threads = 1; SET preserve_insertion_order = true")
        for table in tables:
            names = [f"c{c}" for c in range(len(table.columns))]
            frame = pd.DataFrame(list(table.rows), columns=names, dtype=object)
            chosen = ", ".join(
                f'CAST({name} AS {SQL_TYPES[column.kind]}) AS "{column.name.replace(chr(34), chr(34) * 2)}"'
                for name, column in zip(names, table.columns, strict=True)
            )
            paths[table.name] = folder / f"{table.name}.parquet"
            connection.register("report_rows", frame)
            target = str(paths[table.name]).replace("'", "''")
            connection.execute(f"COPY (SELECT {chosen} FROM report_rows) TO '{target}' (FORMAT parquet)")
            connection.unregister("report_rows")
    return paths
