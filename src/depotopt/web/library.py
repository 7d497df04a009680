"""`Library`: scenarios and runs on disk, found by name; no path from a request is ever used as one."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from depotopt.web.settings import Settings

TOML: Final = "scenario.toml"
UPLOADS: Final = ".uploads"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
REPORT_FILES: Final = {
    "map.html": "text/html; charset=utf-8",
    "sheets.html": "text/html; charset=utf-8",
    "plan.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "plan.gpkg": "application/geopackage+sqlite3",
    "provenance.json": "application/json",
    "layout.json": "application/json",
    "dispatch.json": "application/json",
    "evaluation.json": "application/json",
}
"""Files of a run that are served, with their media types."""


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario as a list shows it."""

    name: str
    title: str
    description: str
    overrides: tuple[str, ...]
    uploaded: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as a list shows it."""

    name: str
    scenario: str
    overrides: tuple[str, ...]
    files: tuple[str, ...]
    modified: float


class Library:
    """Looks names up among what is there.

    Parameters
    ----------
    settings
        Folders of scenarios and runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def scenarios(self) -> list[ScenarioEntry]:
        """All scenarios, shipped ones first, each by name."""
        return [_entry(path, uploaded) for uploaded in (False, True) for path in self._folders(uploaded)]

    def scenario(self, name: str) -> Path | None:
        """Folder of a scenario."""
        every = {path.name: path for uploaded in (True, False) for path in self._folders(uploaded)}
        return every.get(name)

    def runs(self) -> list[RunEntry]:
        """All runs, newest first."""
        found = [_run(path) for path in self._run_folders()]
        return sorted(found, key=lambda run: (-run.modified, run.name))

    def run(self, name: str) -> Path | None:
        """Folder of a run."""
        return {path.name: path for path in self._run_folders()}.get(name)

    def upload(self, base: Path, workbook: bytes, name: str) -> Path:
        """Make a scenario from another one's settings and roads and an uploaded workbook.

        Parameters
        ----------
        base
            Folder of the scenario whose settings, roads and hazards are kept.
        workbook
            The tables (``.xlsx``).
        name
            Name of the new scenario, made here, not by the request.
        """
        folder = self._settings.runs / UPLOADS / name
        shutil.copytree(base, folder, ignore=shutil.ignore_patterns("tables", "tables.xlsx", "build.py"))
        (folder / "tables.xlsx").write_bytes(workbook)
        return folder

    def _folders(self, uploaded: bool) -> list[Path]:
        home = self._settings.runs / UPLOADS if uploaded else self._settings.scenarios
        if not home.is_dir():
            return []
        return sorted(
            path for path in home.iterdir() if NAME.fullmatch(path.name) and (path / TOML).is_file()
        )

    def _run_folders(self) -> list[Path]:
        home = self._settings.runs
        if not home.is_dir():
            return []
        return [
            path
            for path in home.iterdir()
            if NAME.fullmatch(path.name) and (path / "layout.json").is_file() and not path.is_symlink()
        ]


def _entry(path: Path, uploaded: bool) -> ScenarioEntry:
    try:
        data: dict[str, Any] = tomllib.loads((path / TOML).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ScenarioEntry(path.name, path.name, "", (), uploaded, readable=False)
    overrides = data.get("overrides")
    return ScenarioEntry(
        path.name,
        str(data.get("title", path.name)),
        str(data.get("description", "")),
        tuple(sorted(overrides)) if isinstance(overrides, dict) else (),
        uploaded,
        readable=True,
    )


def _run(path: Path) -> RunEntry:
    try:
        origin = json.loads((path / "layout.json").read_text(encoding="utf-8"))["made_from"]
        scenario, overrides = str(origin["scenario"]), tuple(map(str, origin["overrides"]))
    except (OSError, ValueError, KeyError, TypeError):
        scenario, overrides = "", ()
    files = tuple(name for name in REPORT_FILES if (path / name).is_file())
    return RunEntry(path.name, scenario, overrides, files, path.stat().st_mtime)
