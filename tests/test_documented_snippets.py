"""Python that the pages show runs as it stands, each page from nothing but its own lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("siting", "siting-classic", "engines")),
]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "dispatch.md"], ids=lambda page: page.stem)
def test_snippets_run_as_written(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of its own beside the shipped scenarios, so that what they write is not left about."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    assert blocks
    names: dict[str, object] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page.name}, snippet {number}", "exec"), names)
    assert "infeasible" not in capsys.readouterr().out
