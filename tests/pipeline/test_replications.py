"""Replications from the command line to the document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
WORDS = ["site", str(MINIMAL), "--replications", "3", "--sample", "4", "--progress", "none"]


def test_bounds_and_the_layout_kept_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The estimates enclose one another as they must, and the layout is that of the replication named."""
    file = tmp_path / "layout.json"
    assert main([*WORDS, "--json", "--out", str(file)]) == Exit.OK
    shown = json.loads(capsys.readouterr().out)
    replications = shown["replications"]
    assert replications["states"] == 4
    assert len(replications["each"]) == 3
    bounds = [each["bound"] for each in replications["each"]]
    assert replications["lower"]["value"] == pytest.approx(sum(bounds) / 3)
    assert replications["upper"]["half_width"] > 0
    width = replications["lower"]["half_width"] + replications["upper"]["half_width"]
    distance = replications["upper"]["value"] - replications["lower"]["value"] + width
    assert replications["gap"] == pytest.approx(max(0.0, distance) / replications["upper"]["value"])
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["plan"]["open_sites"] == shown["layout"]["open_sites"]
    assert kept["made_from"]["design"]["states"] == 4
    assert kept["made_from"]["replications"]["replications"] == 3
    chosen = replications["each"][replications["chosen"] - 1]
    assert kept["objective"] == pytest.approx(chosen["objective"])


def test_the_screen_tells_it_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each replication, then the estimates as remarks."""
    assert main([*WORDS, "--lang", "en"]) == Exit.OK
    english = capsys.readouterr().out
    assert "replication 2 of 3" in english
    assert "statistical lower bound" in english
    assert "judged on 200 road states" in english
    assert main([*WORDS, "--lang", "zh"]) == Exit.OK
    chinese = capsys.readouterr().out
    assert "统计下界" in chinese
    assert "replication" not in chinese


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--replications", "1"], "at least 2 samples"),
        (["--sample", "5"], "--replications"),
        (["--replications", "2", "--sample", "0"], "at least one road state, found size 0"),
        (["--replications", "1", "--lang", "zh"], "样本平均需要：至少 2 个样本"),
        (["--states", "0", "--lang", "zh"], "用于选择的道路状态数：至少为 1"),
    ],
)
def test_what_cannot_be_replicated_is_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sample has no spread, and a sample size means nothing without replications."""
    assert main(["site", str(MINIMAL), *words, "--progress", "none"]) == Exit.USAGE
    assert told in capsys.readouterr().err
