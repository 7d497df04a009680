"""`Library`: scenarios and runs on disk, found by name; no path from a request is ever used as one."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from depotopt.errors import Fault
from depotopt.io.overrides import LEFT_OUT, changes_of, override_name
from depotopt.io.scenario_files import check_scenario
from depotopt.pipeline.unfinished import SUFFIX, is_interrupted, write_whole
from depotopt.report.replacement import bring_back
from depotopt.units import HOUR_S
from depotopt.web.settings import Settings

TOML: Final = "scenario.toml"
UPLOADS: Final = ".uploads"
OVERRIDES: Final = ".overrides"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,149}")
REPORT_FILES: Final = {
    "map.html": "text/html; charset=utf-8",
    "sheets.html": "text/html; charset=utf-8",
    "plan.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "plan.gpkg": "application/geopackage+sqlite3",
    "provenance.json": "application/json",
    "layout.json": "application/json",
    "dispatch.json": "application/json",
    "evaluation.json": "application/json",
    "explanation.json": "application/json",
    "changes.json": "application/json",
}
"""Files of a run that are served, with their media types."""


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario as a list shows it.

    Attributes
    ----------
    name, title, description
        Of its folder, and as its file says.
    overrides, saved_overrides
        Names of those in its file, and of those kept here.
    override_changes
        What each of them sets, as lines of its file (a key alone is left out).
    uploaded, readable
        Whether it came as a workbook, and whether its file can be read at all.
    """

    name: str
    title: str
    description: str
    overrides: tuple[str, ...]
    saved_overrides: tuple[str, ...]
    override_changes: dict[str, tuple[str, ...]]
    uploaded: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as a list shows it.

    Attributes
    ----------
    name
        Of its folder.
    scenario, overrides
        What was run; overrides as people call them.
    files
        Those of `REPORT_FILES` it has.
    modified
        When it was written, seconds since 1970.
    interrupted
        Whether it was cut short and only its best plans are there.
    at_h
        Moment its dispatch was planned at, hours after the start.
    replanned_from
        Run it makes anew; empty for a first plan.
    closures
        Closures it was planned under, beyond its road state.
    changed_vehicles
        Vehicles with a new route sheet, for a plan made anew.
    """

    name: str
    scenario: str
    overrides: tuple[str, ...]
    files: tuple[str, ...]
    modified: float
    interrupted: bool = False
    at_h: float = 0.0
    replanned_from: str = ""
    closures: tuple[dict[str, Any], ...] = ()
    changed_vehicles: tuple[str, ...] = ()


class Library:
    """Looks names up among what is there.

    Parameters
    ----------
    settings
        Folders of scenarios and runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        if settings.runs.is_dir():
            bring_back(settings.runs)

    def scenarios(self) -> list[ScenarioEntry]:
        """All scenarios, shipped ones first, each by name."""
        return [
            _entry(path, uploaded, self.saved_overrides(path.name))
            for uploaded in (False, True)
            for path in self._folders(uploaded)
        ]

    def saved_overrides(self, scenario: str) -> dict[str, Path]:
        """Files of the overrides kept for a scenario here, by name."""
        home = self._settings.runs / OVERRIDES / scenario
        return {path.stem: path.resolve() for path in sorted(home.glob("*.toml"))} if home.is_dir() else {}

    def override_words(self, scenario: str, names: Sequence[str]) -> list[str]:
        """Overrides as a command line names them: by name, those kept here by their file."""
        saved = self.saved_overrides(scenario)
        return [str(saved.get(name, name)) for name in names]

    def keep_override(self, folder: Path, name: str, text: str) -> list[Fault]:
        """Keep an override of a scenario, in place of one of that name, unless faults come with it.

        Parameters
        ----------
        folder
            The scenario.
        name, text
            Of the override, and what its file says.

        Returns
        -------
        list of Fault
            What keeps it from being kept.
        """
        tried = self._write_override(folder.name, f"{name}.{secrets.token_hex(4)}", text)
        try:
            faults = check_scenario(folder, (str(tried),))
        finally:
            tried.unlink()
        if not faults:
            self._write_override(folder.name, name, text)
        # Faults name the file tried; people know the override by its name.
        return [
            replace(
                fault,
                file=f"{name}.toml" if Path(fault.file).name == tried.name else fault.file,
                where=fault.where.replace(tried.stem, name),
            )
            for fault in faults
        ]

    def _write_override(self, scenario: str, name: str, text: str) -> Path:
        path = self._settings.runs / OVERRIDES / scenario / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode("utf-8"))
        return path.resolve()

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
            if NAME.fullmatch(path.name)
            and (path / "layout.json").is_file()
            and not path.is_symlink()
            and (not path.name.endswith(SUFFIX) or is_interrupted(path))
        ]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None


def _lines(block: Mapping[str, Any]) -> tuple[str, ...]:
    """What an override sets; keys it leaves out stand alone, tables of a list are counted."""
    found = []
    for path, value in changes_of(block).items():
        told = f"{len(value)} x" if isinstance(value, list) else json.dumps(value, default=str)
        key = ".".join(path)
        found.append(key if value is LEFT_OUT else f"{key} = {told}")
    return tuple(found)


def _entry(path: Path, uploaded: bool, saved: Mapping[str, Path]) -> ScenarioEntry:
    data = _read(path / TOML)
    if data is None:
        return ScenarioEntry(path.name, path.name, "", (), (), {}, uploaded, readable=False)
    overrides = data.get("overrides")
    blocks = dict(overrides) if isinstance(overrides, dict) else {}
    blocks |= {name: _read(file) for name, file in saved.items()}
    changes = {name: _lines(block) for name, block in blocks.items() if isinstance(block, dict)}
    return ScenarioEntry(
        path.name,
        str(data.get("title", path.name)),
        str(data.get("description", "")),
        tuple(sorted(overrides)) if isinstance(overrides, dict) else (),
        tuple(saved),
        changes,
        uploaded,
        readable=True,
    )


def _run(path: Path) -> RunEntry:
    files = tuple(name for name in REPORT_FILES if (path / name).is_file())
    modified, interrupted = path.stat().st_mtime, path.name.endswith(SUFFIX)
    try:
        origin = json.loads((path / "layout.json").read_text(encoding="utf-8"))["made_from"]
        return RunEntry(
            path.name,
            str(origin["scenario"]),
            tuple(override_name(str(name)) for name in origin["overrides"]),
            files,
            modified,
            interrupted,
            float(origin.get("replanned_at_s", 0.0)) / HOUR_S,
            str(origin.get("replanned_from", "")),
            tuple(map(dict, origin.get("closures", ()))),
            tuple(map(str, origin.get("changed_vehicles", ()))),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return RunEntry(path.name, "", (), files, modified, interrupted)
