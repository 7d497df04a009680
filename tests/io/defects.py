"""Every kind of defect that is seeded into the minimal scenario."""

from __future__ import annotations

from tests.io import (
    test_bad_cells,
    test_bad_contents,
    test_bad_reports,
    test_bad_tables,
    test_bad_tiers,
    test_bad_toml,
)

CASES = [
    *test_bad_cells.CASES,
    *test_bad_contents.CASES,
    *test_bad_reports.CASES,
    *test_bad_tables.CASES,
    *test_bad_tiers.CASES,
    *test_bad_toml.CASES,
]
