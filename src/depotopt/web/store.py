"""`JobStore`: the index of jobs, SQLite in WAL mode: a crash never loses a finished one."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY,
    words TEXT NOT NULL,
    folder TEXT NOT NULL,
    started TEXT NOT NULL,
    pid INTEGER NOT NULL,
    state TEXT NOT NULL,
    exit_code INTEGER
)
"""


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"
    """Its process is gone without a word (killed, power cut)."""


@dataclass(frozen=True, slots=True)
class Job:
    """One command line under way or done.

    Attributes
    ----------
    ident
        Identifier.
    words
        The command line without the program's name.
    folder
        Where the job keeps its events and result.
    started
        ISO 8601.
    pid
        Process.
    state, exit_code
        Where it stands; the exit code once it ended.
    """

    ident: str
    words: tuple[str, ...]
    folder: Path
    started: str
    pid: int
    state: JobState
    exit_code: int | None


class JobStore:
    """Jobs on disk.

    Parameters
    ----------
    path
        The SQLite file; made if missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, job: Job) -> None:
        """Keep a new job."""
        row = (
            job.ident,
            json.dumps(job.words),
            str(job.folder),
            job.started,
            job.pid,
            str(job.state),
            job.exit_code,
        )
        with self._lock:
            self._connection.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def settle(self, ident: str, state: JobState, exit_code: int | None) -> None:
        """Note how a job ended; a job that has ended stays so."""
        with self._lock:
            self._connection.execute(
                "UPDATE job SET state = ?, exit_code = ? WHERE id = ? AND state != ?",
                (str(state), exit_code, ident, str(JobState.ENDED)),
            )

    def get(self, ident: str) -> Job | None:
        """One job."""
        with self._lock:
            row = self._connection.execute("SELECT * FROM job WHERE id = ?", (ident,)).fetchone()
        return None if row is None else _job(row)

    def all(self) -> list[Job]:
        """All jobs, newest first."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM job ORDER BY started DESC, id DESC").fetchall()
        return [_job(row) for row in rows]


def _job(row: tuple[str, str, str, str, int, str, int | None]) -> Job:
    ident, words, folder, started, pid, state, exit_code = row
    return Job(ident, tuple(json.loads(words)), Path(folder), started, pid, JobState(state), exit_code)
