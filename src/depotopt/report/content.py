"""`ReportContent` in, `ReportFiles` out: what a report tells and which files it became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from depotopt.errors import UsageError
from depotopt.evaluation.evaluate import Evaluation
from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.solving import SolveResult

if TYPE_CHECKING:
    import pandas as pd

Records = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class ReportContent:
    """Everything a report tells; nothing is computed here.

    Attributes
    ----------
    scenario
        The planning case.
    network
        Its roads, with the scenario's places.
    road_state
        The road state shown, the one dispatch was planned for.
    siting, dispatch
        Results of the solves; ``None`` where that step did not run.
    evaluation
        Frames of metrics by name, as lists of records or pandas frames; each becomes a sheet and a
        Parquet table.
    provenance
        What the pipeline knows about the run (seeds, command, time of the run under ``"created"``
        in ISO 8601). Anything that varies between equal runs belongs elsewhere: it would change the files.
    attachments
        Further files to put into the folder, by relative path.
    sheet_vehicles
        Vehicles that get a route sheet; ``None`` for all (after replanning, only changed sheets are new).
    judged
        Evaluations by whose layout it is (``"layout"``, ``"today"``), for the page of charts.
    """

    scenario: Scenario
    network: RoadNetwork
    road_state: RoadState
    siting: SolveResult[SitingPlan] | None = None
    dispatch: SolveResult[DispatchPlan] | None = None
    evaluation: Mapping[str, Records | pd.DataFrame] | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    sheet_vehicles: frozenset[str] | None = None
    judged: Mapping[str, Evaluation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.network.places is None:
            raise UsageError("the road network has no places: load it with load_network")
        if len(self.road_state.need_factor) != len(self.scenario.demand_points):
            raise UsageError("the road state belongs to other demand points than the scenario's")
        if len(self.road_state.site_survival) != len(self.scenario.sites):
            raise UsageError("the road state belongs to other sites than the scenario's")
        for name in self.attachments:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise UsageError(f"attachment '{name}' would leave the report folder")

    @property
    def layout(self) -> SitingPlan | None:
        """The layout, if siting found one."""
        return self.siting.plan if self.siting is not None else None

    @property
    def plan(self) -> DispatchPlan | None:
        """The dispatch plan, if dispatch found one."""
        return self.dispatch.plan if self.dispatch is not None else None

    @property
    def at_s(self) -> float:
        """Moment of the road state shown, seconds from the scenario's start."""
        return self.plan.at_s if self.plan is not None else 0.0


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where everything was written.

    Attributes
    ----------
    folder
        The report folder.
    map
        ``map.html``, one self-contained file.
    workbook
        ``plan.xlsx``.
    geopackage
        ``plan.gpkg``.
    sheets
        ``sheets.html`` with a page per vehicle; ``None`` without a dispatch plan.
    pdf
        ``sheets.pdf``, where the sheets were printed.
    tables
        Parquet files by table name.
    exchange
        GeoJSON, GPX and KML by file name.
    judgement
        ``judgement.html`` with charts; ``None`` where no layout was judged.
    provenance
        ``provenance.json``.
    attachments
        Further files, by the name they were given.
    """

    folder: Path
    map: Path
    workbook: Path
    geopackage: Path
    sheets: Path | None
    tables: dict[str, Path]
    exchange: dict[str, Path]
    judgement: Path | None
    provenance: Path
    attachments: dict[str, Path]
    pdf: Path | None = None
