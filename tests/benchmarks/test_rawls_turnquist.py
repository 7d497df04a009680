"""What is read of the published hurricane case."""

from __future__ import annotations

from pathlib import Path

from benchmarks.readers.rawls_turnquist import published_stock


def test_the_published_stock_is_read_by_commodity(tmp_path: Path) -> None:
    """One row names the commodities and their totals; other rows are costs and times."""
    rows = (
        "source,variant,quantity,value",
        "Table 7,nominal,optimal expected cost (USD),89500000",
        "Table 7,nominal,stock water/food/medical,9001/3609/19631",
    )
    (tmp_path / "published.csv").write_text("\n".join(rows), encoding="utf-8")
    assert published_stock(tmp_path) == {"water": 9001.0, "food": 3609.0, "medical": 19631.0}


def test_without_a_published_stock_there_is_nothing_to_hold_against(tmp_path: Path) -> None:
    """A folder whose papers say nothing of stock yields no rows."""
    (tmp_path / "published.csv").write_text("source,variant,quantity,value\n", encoding="utf-8")
    assert published_stock(tmp_path) == {}
