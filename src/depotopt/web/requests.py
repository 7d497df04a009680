"""What the page may ask for, and the command line each request becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")]
OverrideName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
States = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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

    def words(self, scenario: Path, out: Path) -> list[str]:
        """The command line, without the program's name."""
        words = ["run", str(scenario), "--out", str(out), "--language", self.language]
        words += [word for name in self.overrides for word in ("--override", name)]
        for flag in ("states", "unseen", "site_time", "dispatch_time", "state"):
            value = getattr(self, flag)
            if value is not None:
                # One word: a value of -1 must not look like a flag.
                words.append(f"--{flag.replace('_', '-')}={value}")
        return [*words, "--json", "--progress", "jsonl"]


class CompareRequest(_Closed):
    """Lay runs of one scenario side by side."""

    verb: Literal["compare"]
    runs: list[Name] = Field(min_length=1, max_length=8)
    unseen: States | None = None

    def words(self, folders: list[Path]) -> list[str]:
        """The command line, without the program's name."""
        words = ["compare", *map(str, folders)]
        if self.unseen is not None:
            words.append(f"--unseen={self.unseen}")
        return [*words, "--json", "--progress", "jsonl"]


class ExplainRequest(_Closed):
    """Say why each depot of a run is open."""

    verb: Literal["explain"]
    run: Name
    time: Seconds = 20.0

    def words(self, folder: Path) -> list[str]:
        """The command line, without the program's name."""
        return ["explain", str(folder), f"--time={self.time}", "--json", "--progress", "jsonl"]


JobRequest = Annotated[RunRequest | CompareRequest | ExplainRequest, Field(discriminator="verb")]
