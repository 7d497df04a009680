"""Every command the pages show is understood as it stands."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from benchmarks.__main__ import parser, wanted_cases
from benchmarks.registry import default_data
from cyclopts import MissingArgumentError

from depotopt.cli.commands import app
from depotopt.cli.language import chosen_speech
from depotopt.io.scenario_files import load_scenario

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("scenarios/*/*.md")]
)


def shown(page: Path) -> list[str]:
    """Command lines in blocks, and commands within sentences (which may leave arguments out)."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spoken = re.findall(
        r"`((?:uv run |depotopt |python -m )[^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    )
    found = [command.strip() for line in [*lines, *spoken] for command in line.split("&&")]
    return [words for words in found if re.match(r"(uv|depotopt|python) ", words)]


COMMANDS = [
    pytest.param(page, command, id=f"{page.relative_to(ROOT).as_posix()}: {command}")
    for page in PAGES
    for command in dict.fromkeys(shown(page))
]


def bare(words: list[str]) -> list[str]:
    """The words without ``uv run`` and what it is told."""
    if words[:2] != ["uv", "run"]:
        return words
    rest = words[2:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("--extra", "--group") else rest[1:]
    return rest


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_the_command_is_understood(page: Path, command: str) -> None:
    """Verbs, arguments and options parse; scenarios, overrides, modules and benchmarks named exist."""
    words = bare(shlex.split(command, comments=True))
    if words[0] == "depotopt":
        understood(words[1:])
    elif words[:3] == ["python", "-m", "benchmarks"]:
        measured(words[3:])
    elif words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2]) is not None
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
    else:
        assert words[0] in {"uv", "ruff", "mypy", "pytest"}, f"{page.name} shows a command nobody checks"


def understood(words: list[str]) -> None:
    _, words = chosen_speech(["1" if word == "N" else word for word in words])
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except MissingArgumentError:
        assert not any(word.startswith("scenarios/") for word in words), "an argument is missing"
    overrides = [words[i + 1] for i, word in enumerate(words) if word == "--override"]
    for folder in (word for word in words if word.startswith("scenarios/") and word != "scenarios/NAME"):
        assert load_scenario(ROOT / folder, overrides).overrides == tuple(overrides)


def measured(words: list[str]) -> None:
    text = [word for word in words if not word.startswith("[") and not word.endswith("]")]
    if "SUITE" in text:
        return
    arguments = parser().parse_args(text)
    found = wanted_cases([arguments.suite], arguments)
    if not found and not default_data(arguments.suite).is_dir():
        pytest.skip(f"no data folder {default_data(arguments.suite)}")
    assert found, "no case has that name"


def test_the_pages_show_commands_of_every_kind() -> None:
    kinds = {bare(shlex.split(str(parameter.values[1]), comments=True))[0] for parameter in COMMANDS}
    assert kinds >= {"depotopt", "python", "pytest"}
