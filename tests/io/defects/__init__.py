"""Every kind of defect that is seeded into the minimal scenario, with the message it has to get."""

from __future__ import annotations

from tests.io.defects import cells, contents, reports, tables, tiers, toml_file

CASES = [
    *cells.CASES,
    *contents.CASES,
    *reports.CASES,
    *tables.CASES,
    *tiers.CASES,
    *toml_file.CASES,
]
