"""What the page may ask for, and the command line each request becomes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,149}$")]
OverrideName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
States = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Hours = Annotated[float, Field(ge=0, le=100_000)]
MACHINE_WORDS = ["--json", "--progress", "jsonl"]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RunRequest(_Closed):
    """Run the whole chain on a scenario."""

    verb: Literal["run"]
    scenario: Name
    overrides: list[OverrideName] = Field(default=[], max_length=20)
    states: States | None = None
    unseen: States | None = None
    site_time: Seconds | None = None
    dispatch_time: Seconds | None = None
    state: Annotated[int, Field(ge=-1, le=100_000)] | None = None
    language: Literal["en", "zh"] = "en"

    def words(self, scenario: Path, overrides: list[str], out: Path) -> list[str]:
        """The command line, without the program's name."""
        words = ["run", str(scenario), "--out", str(out), "--language", self.language]
        words += [word for name in overrides for word in ("--override", name)]
        flags = ("states", "unseen", "site_time", "dispatch_time", "state")
        return [*words, *_flags(self, flags), *MACHINE_WORDS]


class CompareRequest(_Closed):
    """Lay runs of one scenario side by side."""

    verb: Literal["compare"]
    runs: list[Name] = Field(min_length=1, max_length=8)
    unseen: States | None = None

    def words(self, folders: list[Path]) -> list[str]:
        """The command line, without the program's name."""
        return ["compare", *map(str, folders), *_flags(self, ("unseen",)), *MACHINE_WORDS]


class ExplainRequest(_Closed):
    """Say why each depot of a run is open."""

    verb: Literal["explain"]
    run: Name
    time: Seconds = 20.0

    def words(self, folder: Path) -> list[str]:
        """The command line, without the program's name."""
        return ["explain", str(folder), *_flags(self, ("time",)), *MACHINE_WORDS]


class ClosureItem(_Closed):
    """A street, an area or a spot that closes (``speed_factor`` 0) or slows down, see `Closure`."""

    street: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    area_wkt: Annotated[str, Field(pattern=r"^POLYGON ?\(\([-0-9., ]+\)\)$", max_length=20_000)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    radius_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    speed_factor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    from_s: Annotated[float, Field(ge=0, le=1e9)] | None = None
    until_s: Annotated[float, Field(gt=0, le=1e9)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> ClosureItem:
        spot = (self.lon, self.lat, self.radius_m)
        places = [self.street is not None, self.area_wkt is not None, None not in spot]
        if sum(places) != 1 or (not places[2] and any(value is not None for value in spot)):
            raise ValueError("a closure has one of street, area_wkt, or lon, lat and radius_m")
        return self

    @property
    def word(self) -> str:
        """As a word of the command line."""
        return json.dumps(self.model_dump(exclude_none=True), ensure_ascii=False)


class ReplanRequest(_Closed):
    """Plan a run's dispatch anew with exactly these closures on top of its road state."""

    verb: Literal["replan"]
    run: Name
    at_h: Hours
    closures: list[ClosureItem] = Field(max_length=500)
    time: Seconds | None = None

    def words(self, folder: Path, out: Path) -> list[str]:
        """The command line, without the program's name."""
        closures = [f"--closure={item.word}" for item in self.closures]
        flags = _flags(self, ("at_h", "time"))
        return ["replan", str(folder), "--out", str(out), *flags, "--instead", *closures, *MACHINE_WORDS]


class ParetoRequest(_Closed):
    """Lay out what more money buys."""

    verb: Literal["pareto"]
    scenario: Name
    overrides: list[OverrideName] = Field(default=[], max_length=20)
    points: Annotated[int, Field(ge=2, le=50)] = 6
    states: States | None = None
    unseen: States | None = None
    time: Seconds | None = None

    def words(self, scenario: Path, overrides: list[str]) -> list[str]:
        """The command line, without the program's name."""
        words = ["pareto", str(scenario)]
        words += [word for name in overrides for word in ("--override", name)]
        return [*words, *_flags(self, ("points", "states", "unseen", "time")), *MACHINE_WORDS]


class ResumeRequest(_Closed):
    """Finish an interrupted run from the plans it kept."""

    verb: Literal["resume"]
    run: Name

    def words(self, folder: Path, out: Path) -> list[str]:
        """The command line, without the program's name."""
        return ["resume", str(folder), "--out", str(out), *MACHINE_WORDS]


class OverrideRequest(_Closed):
    """Keep edited settings of a scenario as a named override."""

    name: OverrideName
    changes: dict[str, Any] = Field(min_length=1, max_length=200)


JobRequest = Annotated[
    RunRequest | CompareRequest | ExplainRequest | ReplanRequest | ParetoRequest | ResumeRequest,
    Field(discriminator="verb"),
]


def _flags(request: BaseModel, names: tuple[str, ...]) -> list[str]:
    """Flags that are set, one word each: a value of -1 must not look like a flag."""
    words = []
    for name in names:
        value = getattr(request, name)
        if value is not None:
            text = f"{value:.10g}" if isinstance(value, float) and math.isfinite(value) else str(value)
            words.append(f"--{name.replace('_', '-')}={text}")
    return words
