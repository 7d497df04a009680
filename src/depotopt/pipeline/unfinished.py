"""`Safekeeping`: what a run has found so far, on disk while it goes on, so that a crash loses seconds."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from depotopt.errors import DepotoptError, EngineError
from depotopt.io.plan_files import dump_result
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.solving import Incumbent, Limit, Monitor, SolveResult, Status

SUFFIX: Final = ".unfinished"
"""Ending of the folder in which a run keeps what it has until its report is written."""

MARK: Final = "unfinished.json"
"""File that says which process a folder belongs to and how far it is."""

FILES: Final = {SitingPlan: "layout.json", DispatchPlan: "dispatch.json"}

EVERY_S: Final = 2.0
"""Seconds between two savings of incumbents; with the time to write one, well below five."""

LOOK_EVERY_S: Final = 0.1
"""Seconds between two looks whether there is a better plan, or the user asked to stop."""

STAGES: Final = {SitingPlan: "site", DispatchPlan: "dispatch"}
"""Stage that finds a plan."""

PlanT = TypeVar("PlanT", SitingPlan, DispatchPlan)

_Kept = tuple[str, float | None, float | None]


class Safekeeping:
    """Keeps the plans of one run in a folder beside the one its report will have.

    Results of finished stages are written at once; incumbents of a running solve by a thread of its own every
    ``every_s`` seconds, if there is a better one. Each file is whole or not there. Once the user asks to
    stop, the best plan is saved without waiting and told as ``kept`` (again when a better one replaces it),
    however long the solve and the check of its result still take.

    Parameters
    ----------
    folder
        Where the run's report will be.
    made_from
        What identifies the inputs, kept with each plan.
    every_s
        Seconds between two savings.
    monitor
        Says when the user asked to stop, and is told what is kept then.
    """

    def __init__(
        self,
        folder: Path,
        made_from: Mapping[str, Any],
        *,
        every_s: float = EVERY_S,
        monitor: Monitor | None = None,
    ) -> None:
        self.folder = folder.with_name(folder.name + SUFFIX)
        self._made_from, self._every_s = dict(made_from), every_s
        self._monitor = monitor or Monitor()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._waiting: Incumbent | None = None
        self._best: Incumbent | None = None
        self._finished = False
        # What lies on disk: stage, value and bound; and what of that the user heard since asking to stop.
        self._saved: _Kept | None = None
        self._told: _Kept | None = None
        # Goes up when incumbents of before no longer count.
        self._solve = 0
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        self.stage("load")
        self._thread = threading.Thread(target=self._save_incumbents, name="safekeeping", daemon=True)
        self._thread.start()

    @contextmanager
    def during(self) -> Iterator[None]:
        """Take incumbents in while something goes on; what fails for good leaves nothing behind.

        Whatever else ends it (a second Ctrl-C, a defect) leaves the folder with what was found until then.
        """
        self._monitor.keeper = self.offer
        try:
            yield
        except DepotoptError:
            # Nothing was cut short: what failed now fails again.
            self.discard()
            raise
        except BaseException:
            self.close()
            raise
        finally:
            self._monitor.keeper = None

    def note(self, key: str, value: Any) -> None:
        """Add to what identifies the plans kept from now on (the road state chosen)."""
        self._made_from[key] = value

    def stage(self, name: str) -> None:
        """Say how far the run is; incumbents of the stage before are no longer taken."""
        with self._lock:
            self._waiting = self._best = None
            self._finished = False
            self._solve += 1
        mark = {
            "pid": os.getpid(),
            "since": _started(os.getpid()),
            "stage": name,
            "made_from": self._made_from,
        }
        write_whole(self.folder / MARK, (json.dumps(mark, ensure_ascii=False) + "\n").encode("utf-8"))

    def offer(self, incumbent: Incumbent) -> None:
        """Take an incumbent in; it is saved within ``every_s`` seconds unless a better one comes."""
        with self._lock:
            if self._finished or (self._best is not None and not incumbent.better_than(self._best)):
                return
            self._waiting = self._best = incumbent

    def keep(self, result: SolveResult[PlanT]) -> None:
        """Save the result of a finished solve at once; incumbents of it no longer count."""
        if result.plan is None:
            return
        with self._lock:
            self._waiting = None
            self._finished = True
            self._solve += 1
            self._write(result)

    def attach(self, name: str, data: bytes) -> None:
        """Save another file."""
        write_whole(self.folder / name, data)

    def close(self) -> None:
        """Save what is waiting and stop watching; the folder stays."""
        self._over.set()
        self._thread.join()

    def discard(self) -> None:
        """Stop watching and remove the folder: the run's report is written, or there is nothing to keep."""
        with self._lock:
            self._waiting = None
        self.close()
        shutil.rmtree(self.folder)

    def _save_incumbents(self) -> None:
        look_s, next_s = min(LOOK_EVERY_S, self._every_s), 0.0
        while not self._over.wait(look_s):
            if self._monitor.stopped:
                self._save_waiting()
                self._tell()
            elif time.monotonic() >= next_s and self._save_waiting():
                next_s = time.monotonic() + self._every_s
        self._save_waiting()

    def _tell(self) -> None:
        """Say once what is kept of a run that is to stop."""
        with self._lock:
            saved, self._told = (None if self._saved == self._told else self._saved), self._saved
        if saved is not None:
            self._monitor.report(*saved, message="kept")

    def _save_waiting(self) -> bool:
        """Save what is waiting; whether anything was."""
        with self._lock:
            taken, solve = self._waiting, self._solve
        if taken is None:
            return False
        try:
            plan = taken.plan()
        except EngineError:
            # The solve itself meets the same draft and tells; what was kept before stays.
            plan = None
        with self._lock:
            # The stage may have ended, or a better plan have come, while this one was made.
            if self._waiting is taken:
                self._waiting = None
            if self._solve == solve and isinstance(plan, SitingPlan | DispatchPlan):
                self._write(_as_result(taken, plan))
        return True

    def _write(self, result: SolveResult[Any]) -> None:
        write_whole(self.folder / FILES[type(result.plan)], dump_result(result, self._made_from))
        self._saved = (STAGES[type(result.plan)], result.objective, result.bound)


def _as_result(taken: Incumbent, plan: SitingPlan | DispatchPlan) -> SolveResult[Any]:
    """An incumbent as the result of a solve that was stopped with it."""
    return SolveResult(
        status=Status.FEASIBLE,
        plan=plan,
        objective=taken.objective,
        bound=None if taken.bound is None else min(taken.bound, taken.objective),
        engine="interrupted",
        seconds=0.0,
        limit=Limit.STOPPED,
    )


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole or not at all, whenever the process or the power ends."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def is_interrupted(folder: Path) -> bool:
    """Whether a folder holds what a run left that no process is working on any more.

    A run whose report came to be is finished, whether or not its folder of plans could be removed in time.
    """
    mark = read_mark(folder)
    if mark is None or not (folder / FILES[SitingPlan]).is_file() or _is_running(mark):
        return False
    report = folder.with_name(folder.name.removesuffix(SUFFIX)) / FILES[SitingPlan]
    return not report.is_file() or report.stat().st_mtime_ns < (folder / MARK).stat().st_mtime_ns


def read_mark(folder: Path) -> dict[str, Any] | None:
    """What a run says about itself while it goes on, ``None`` where there is no such run."""
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return mark if isinstance(mark, dict) and isinstance(mark.get("pid"), int) else None


def _is_running(mark: Mapping[str, Any]) -> bool:
    """Whether the process that wrote a mark still runs, and is not another one with its number."""
    pid = int(mark["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return bool(_started(pid) == mark.get("since"))


def _started(pid: int) -> str:
    """When a process began, in the system's own count; empty where it has ended or that is not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # Fields 3 (state) and 22 (start time) of proc(5); a zombie runs no more.
    return "" if fields[0] == "Z" else fields[19]
