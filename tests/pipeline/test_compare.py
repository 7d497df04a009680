"""Layouts side by side, judged on the same unseen road states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.errors import InputError, UsageError
from depotopt.pipeline.compare import compare

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("layouts")
    for states, name in ((1, "nominal"), (12, "robust")):
        words = ["site", str(MINIMAL), "--states", str(states), "--out", str(folder / f"{name}.json")]
        assert main([*words, "--progress", "none"]) == Exit.OK
    return folder / "nominal.json", folder / "robust.json"


def test_today_is_always_the_baseline(layouts: tuple[Path, Path]) -> None:
    comparison = compare(layouts, unseen=30)
    assert [one.name for one in comparison.contenders] == ["today", "nominal", "robust"]
    assert len({len(one.evaluation.states) for one in comparison.contenders}) == 1


def test_regret_is_measured_against_the_best_in_each_state(layouts: tuple[Path, Path]) -> None:
    comparison = compare(layouts, unseen=30)
    regret = np.array([one.regret for one in comparison.contenders])
    assert (regret >= 0).all()
    assert np.allclose(regret.min(axis=0), 0.0)
    assert all(one.worst_regret >= one.expected_regret - 1e-9 for one in comparison.contenders)


def test_differing_sites_are_only_those_that_differ(layouts: tuple[Path, Path]) -> None:
    for row in compare(layouts, unseen=5).differing_sites.values():
        assert len(set(row)) > 1


def test_sites_that_differ_say_what_they_cost_and_serve(layouts: tuple[Path, Path]) -> None:
    """All sites of a layout together cost what it costs and serve what is not unmet."""
    comparison = compare(layouts, unseen=20)
    assert comparison.parts.keys() == comparison.differing_sites.keys() == {"EAST"}
    today, nominal, robust = comparison.parts["EAST"]
    assert today is None
    assert robust is not None
    assert robust.opened == comparison.differing_sites["EAST"][2]
    west_cost = comparison.contenders[2].yearly_cost - robust.yearly_cost
    assert west_cost >= 5_000.0
    served = comparison.contenders[2].evaluation.depots
    total = sum(float(row["expected_served_person_days"] or 0.0) for row in served)
    one = comparison.contenders[2].evaluation
    needed = one.column("need_person_days") @ one.probability
    assert total == pytest.approx(needed - one.spread("unmet_person_days").expected)
    assert 0 < robust.served_expected <= robust.served_before + 1e-9
    assert (nominal is None) == (not comparison.differing_sites["EAST"][1])


def test_stock_is_compared_too(layouts: tuple[Path, Path]) -> None:
    comparison = compare(layouts, unseen=5)
    for ident, units in comparison.stock.items():
        for one, total in zip(comparison.contenders, units, strict=True):
            lines = [line.quantity for line in one.layout.stock if line.commodity == ident]
            assert total == pytest.approx(sum(lines))


def test_the_states_a_layout_was_chosen_on_are_refused(layouts: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="was chosen on"):
        compare(layouts, unseen=5, seed=1)


def test_layouts_of_other_counts_and_budgets_are_compared(layouts: tuple[Path, Path], tmp_path: Path) -> None:
    """What a layout is chosen by may differ; what it is judged by may not."""
    (tmp_path / "tight.toml").write_text("rules.budget = 9000.0\nsiting.time_s = 20.0\n", encoding="utf-8")
    words = ["site", str(MINIMAL), "--states", "3", "--override", str(tmp_path / "tight.toml")]
    assert main([*words, "--out", str(tmp_path / "tight.json"), "--progress", "none"]) == Exit.OK
    comparison = compare([layouts[0], tmp_path / "tight.json"], unseen=10)
    assert [one.name for one in comparison.contenders] == ["today", "nominal", "tight"]
    assert comparison.contenders[2].yearly_cost <= 9_000.0
    words[words.index("--override") + 1] = "bridge_lost"
    assert main([*words, "--out", str(tmp_path / "other.json"), "--progress", "none"]) == Exit.OK
    with pytest.raises(InputError, match="minimal \\+ bridge_lost"):
        compare([layouts[0], tmp_path / "other.json"], unseen=10)


def test_layouts_of_another_scenario_are_refused(layouts: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    text = layouts[0].read_text(encoding="utf-8")
    other.write_text(text.replace('"scenario": "minimal"', '"scenario": "elsewhere"'), encoding="utf-8")
    with pytest.raises(InputError, match="compare layouts of one scenario"):
        compare([layouts[0], other], unseen=5)


def test_naming_a_run_twice_or_none_makes_no_sense(layouts: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="named twice"):
        compare([layouts[0], layouts[0]])
    with pytest.raises(UsageError, match="at least one"):
        compare([])


def test_the_command_shows_both_layouts(
    layouts: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", *map(str, layouts), "--unseen", "6", "--progress", "none"]
    assert main(words) == Exit.OK
    text = capsys.readouterr().out
    assert "nominal" in text
    assert "regret (person-days), expected" in text
    assert main([*words, "--json"]) == Exit.OK
    told = capsys.readouterr().out
    assert '"worst_5_percent_regret"' in told
    assert '"tent": "Family tent 16 m2 (tent)"' in told
