from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from depotopt.hazards.earthquake import Earthquake
from depotopt.io.scenario_files import load_scenario
from tests.scenarios.shipped import ROOT

TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def test_the_tutorial_shows_the_verbs_of_the_chain() -> None:
    verbs = {shlex.split(command)[1] for command in COMMANDS}
    assert verbs >= {"check", "run", "site", "dispatch", "evaluate", "report", "roads", "schema", "doctor"}


def test_the_overrides_shown_load_when_added_to_the_scenario(tmp_path: Path) -> None:
    """The TOML of *What if?* is no fault and changes what its names say."""
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    folder = tmp_path / "wushi-2024"
    shutil.copytree(ROOT / "scenarios" / "wushi-2024", folder)
    with (folder / "scenario.toml").open("a", encoding="utf-8") as file:
        file.write(block)
    rooms = load_scenario(folder, ("fifteen_rooms",)).tiers[2].counts
    assert [rule.maximum for rule in rooms] == [15]
    assert load_scenario(folder, ("cheap_budget",)).rules.budget == 2_000_000
    mainshock = load_scenario(folder, ("strong_rooms",)).hazards[0]
    assert isinstance(mainshock, Earthquake)
    assert mainshock.seismicity.site_class == "C1L-high"
