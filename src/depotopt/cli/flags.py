"""Options shared by commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from depotopt.cli.progress import ProgressStyle


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common:
    """What every command that reads a scenario takes."""

    override: Annotated[
        list[str] | None,
        Parameter(
            name=["--override", "-o"],
            negative="",
            help="Named block of the scenario to apply; repeatable.",
        ),
    ] = None
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")] = False
    progress: Annotated[
        ProgressStyle, Parameter(name="--progress", help="How to show progress (on stderr).")
    ] = ProgressStyle.AUTO

    @property
    def overrides(self) -> tuple[str, ...]:
        """Names of the overrides."""
        return tuple(self.override or ())


COMMON = Common()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class RunFlags:
    """What `depotopt run` may change about the scenario's own settings."""

    states: Annotated[int | None, Parameter(help="Road states to choose the layout on.")] = None
    unseen: Annotated[int | None, Parameter(help="Road states to judge it on.")] = None
    site_time: Annotated[float | None, Parameter(help="Seconds for siting.")] = None
    dispatch_time: Annotated[float | None, Parameter(help="Seconds for dispatch.")] = None
    state: Annotated[
        int | None,
        Parameter(
            help="Unseen road state to dispatch for; -1 for no hazard, only what road reports say; "
            "default the one at the 95th percentile of unmet need."
        ),
    ] = None
    site_engine: Annotated[str, Parameter(help="auto, highs, gscip or cuts.")] = "auto"
    dispatch_engine: Annotated[str, Parameter(help="pyvrp or ortools.")] = "pyvrp"
    workers: Annotated[int, Parameter(help="Processes for sampling road states.")] = 1
    language: Annotated[str, Parameter(help="Language of the report: en or zh.")] = "en"


RUN_FLAGS = RunFlags()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class SolveFlags:
    """What a single solve takes."""

    time: Annotated[float | None, Parameter(help="Seconds.")] = None
    engine: Annotated[str | None, Parameter(help="Engine: auto, highs, gscip, cuts; pyvrp, ortools.")] = None
    workers: Annotated[int, Parameter(help="Processes for sampling road states.")] = 1


SOLVE_FLAGS = SolveFlags()
