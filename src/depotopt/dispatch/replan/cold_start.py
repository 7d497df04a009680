"""A problem planned from nothing beside a search that starts from the plan in force, in a child process.

The child is a fresh interpreter that reads the problem from a file and writes its answer to another, so that
it neither runs the caller's script again nor shares a lock with it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.engines import routing_engine
from depotopt.dispatch.engines.seed_processes import StopFile
from depotopt.dispatch.model.draft import Routes
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.routing import RoutingBudget
from depotopt.dispatch.search.construction import Construction
from depotopt.dispatch.search.effort import SEEDS, Effort
from depotopt.dispatch.search.improvement import improve, sweep_up
from depotopt.solving import Monitor, SolveLimits

COLD_FROM_S: Final = 5.0
"""Time limit from which on a problem is planned from nothing as well: before, it would not catch up."""
ASKED_EVERY_S: Final = 0.05
"""Seconds between two looks at the child."""
GRACE_S: Final = 2.0
"""Seconds a child that was asked to stop has to hand over what it has."""
LAST_WORDS: Final = 200
"""Characters of a failed child's last words that are told."""


@dataclass(frozen=True, slots=True)
class ColdAnswer:
    """Routes found from nothing, and a proved lower bound on the problem's objective."""

    routes: Routes
    bound: float


def cold_start(problem: DispatchProblem, limits: SolveLimits, monitor: Monitor, until: float) -> ColdAnswer:
    """Plan a problem from nothing: relaxation, first routes, ruin and recreate.

    Parameters
    ----------
    problem
        What is to be delivered.
    limits
        Rounds are derived from its time, see `depotopt.dispatch.solve.Effort`.
    monitor
        Asked to stop, the best so far is the answer.
    until
        Moment of `time.perf_counter` after which no step is begun.

    Raises
    ------
    depotopt.errors.EngineError
        If a solver fails.
    """
    effort = replace(Effort.of(limits, 0.0), until=until)
    allocation = allocate(problem, max(1.0, effort.left_s / 2))
    construction = Construction(problem, allocation, effort.until)
    routes = construction.scheduled()
    iterations = effort.routing(len(construction.pieces))
    if iterations and not monitor.stopped:
        budget = RoutingBudget(
            iterations=iterations,
            time_s=max(0.1, effort.left_s / 2),
            seeds=tuple(limits.seed + n for n in range(SEEDS)),
            stopped=lambda: monitor.stopped,
        )
        routes = construction.routed(
            routing_engine("pyvrp"),
            budget,
            routes,
            lambda text: monitor.report("routing", message=text),
        )
    routes = improve(
        problem,
        routes,
        budget=effort.budget,
        until=effort.until,
        seed=limits.seed,
        stopped=lambda: monitor.stopped,
    )
    if effort.left_s > 0:
        routes = sweep_up(problem, routes, effort.until)
    return ColdAnswer(routes, allocation.bound)


class ColdProcess:
    """`cold_start` in a child process; use it as a context, which ends the child.

    Parameters
    ----------
    problem, limits
        As for `cold_start`.
    until
        Moment of `time.perf_counter` after which no step is begun.
    command
        Program and arguments before the three that are added: order, answer and stop file.

    Attributes
    ----------
    notes
        What went wrong with the child.
    """

    def __init__(
        self,
        problem: DispatchProblem,
        limits: SolveLimits,
        until: float,
        command: tuple[str, ...] = (sys.executable, "-m", __name__),
    ) -> None:
        self.notes: list[str] = []
        self._until = until
        self._folder = tempfile.TemporaryDirectory(prefix="depotopt-", ignore_cleanup_errors=True)
        base = Path(self._folder.name)
        self._answer, self._stop, self._words = base / "answer", base / "stop", base / "words"
        # Wall clocks of different processes agree only where they count from a common moment.
        ends = time.time() + until - time.perf_counter()
        (base / "order").write_bytes(pickle.dumps((problem, limits, ends)))
        words = [*command, str(base / "order"), str(self._answer), str(self._stop)]
        paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._child: subprocess.Popen[bytes] | None = None
        try:
            with self._words.open("wb") as told:
                self._child = subprocess.Popen(
                    words, env=paths, stdin=subprocess.DEVNULL, stdout=told, stderr=told
                )
        except OSError as error:
            self.notes.append(f"the search from nothing could not be started: {error}")

    def __enter__(self) -> ColdProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        self._folder.cleanup()

    def answer(self, monitor: Monitor) -> ColdAnswer | None:
        """Wait for the child's answer; ``None``, with a remark in ``notes``, where it has none.

        Parameters
        ----------
        monitor
            Asked to stop, the child is asked too.
        """
        if self._child is None:
            return None
        latest = self._until + GRACE_S
        while self._child.poll() is None and time.perf_counter() < latest:
            if monitor.stopped and not self._stop.exists():
                self._stop.touch()
                latest = min(latest, time.perf_counter() + GRACE_S)
            time.sleep(ASKED_EVERY_S)
        code = self._child.poll()
        if code is None:
            self.notes.append("the search from nothing did not end in time")
            return None
        if code != 0 or not self._answer.exists():
            last = self._words.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            said = last[-1][:LAST_WORDS] if last else "no word"
            self.notes.append(f"the search from nothing failed with code {code}: {said}")
            return None
        found: ColdAnswer = pickle.loads(self._answer.read_bytes())
        return found


def main(order: str, answer: str, stop: str) -> None:
    """What the child does: read, plan, write."""
    problem, limits, ends = pickle.loads(Path(order).read_bytes())
    monitor = _Watched(StopFile(stop))
    found = cold_start(problem, limits, monitor, time.perf_counter() + ends - time.time())
    part = Path(f"{answer}.part")
    part.write_bytes(pickle.dumps(found))
    part.replace(answer)


class _Watched(Monitor):
    """A monitor that is stopped by a file."""

    def __init__(self, marker: StopFile) -> None:
        super().__init__()
        self._marker = marker

    @property
    def stopped(self) -> bool:
        """Whether the file is there."""
        return self._marker()


if __name__ == "__main__":
    from depotopt.dispatch.replan import cold_start as module

    # Under its own name, so that what is pickled is found again by the parent.
    module.main(*sys.argv[1:])
