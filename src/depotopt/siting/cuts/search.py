"""`Search`: what a decomposition knows while it runs, and when it has to end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from depotopt.siting.cuts.cut_master import CutMaster, MasterPoint
from depotopt.siting.engines.interruption import Silent
from depotopt.siting.model.problem import Layout
from depotopt.solving import Monitor, SolveLimits, relative_gap
from depotopt.working_time import working_s


@dataclass(slots=True)
class Search:
    """Best layout, its value and the proved bound, with the clock and the user's wish to stop."""

    limits: SolveLimits
    monitor: Monitor | None
    started: float
    layout: Layout | None = None
    value: float = np.inf
    bound: float = -np.inf

    silent: Silent | None = field(init=False)

    def __post_init__(self) -> None:
        self.silent = None if self.monitor is None else Silent(self.monitor)

    def asked_to_stop(self) -> bool:
        """Whether the user asked to stop."""
        return self.monitor is not None and self.monitor.stopped

    @property
    def left_s(self) -> float:
        """Seconds of the time limit that are left."""
        return self.limits.time_s - (working_s() - self.started)

    @property
    def over(self) -> bool:
        """Whether time is up or the user asked to stop."""
        return self.left_s <= 0 or self.asked_to_stop()

    def ended(self) -> bool:
        """Whether time is up or the user asked to stop, asked anew (checkers take properties to stay)."""
        return self.left_s <= 0 or self.asked_to_stop()

    def relax(self, master: CutMaster) -> MasterPoint | None:
        """The master's relaxation in the time left; ``None`` once the search is over."""
        return None if self.over else master.relax(self.left_s, self.asked_to_stop)

    @property
    def gap(self) -> float:
        """Relative gap proved; ``inf`` while value or bound is missing."""
        found = relative_gap(self.value, self.bound) if np.isfinite(self.value + self.bound) else None
        return np.inf if found is None else found

    def tell(self, stage: str) -> None:
        """Report where the search stands."""
        if self.monitor is not None:
            value = self.value if np.isfinite(self.value) else None
            bound = self.bound if np.isfinite(self.bound) else None
            self.monitor.report(stage, value, bound)
            layout = self.layout
            if layout is not None and value is not None:
                self.monitor.offer(lambda: layout, value, bound)
