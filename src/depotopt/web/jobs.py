"""`JobBook`: starts command lines as child processes, follows their events, stops them."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from depotopt.web.record import EVENTS, EXIT, RESULT, command
from depotopt.web.store import Job, JobState, JobStore

LOOK_EVERY_S = 0.1


class JobBook:
    """All jobs of a runs folder, those of earlier launches too.

    Parameters
    ----------
    folder
        Folder of runs; jobs keep their files in ``.jobs`` below it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".jobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._store = JobStore(self._folder / "index.sqlite")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def close(self) -> None:
        """Close the index; jobs under way go on."""
        self._store.close()

    def start(self, words: Sequence[str], folder: Path) -> Job:
        """Start a command line.

        Parameters
        ----------
        words
            The command line without the program's name.
        folder
            Folder the command runs in.
        """
        ident = f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        own = self._folder / ident
        own.mkdir()
        process = subprocess.Popen(
            command(own, words),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes[ident] = process
        started = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        job = Job(ident, tuple(words), own, started, process.pid, JobState.RUNNING, None)
        self._store.add(job)
        return job

    def get(self, ident: str) -> Job | None:
        """A job as it stands now."""
        job = self._store.get(ident)
        return None if job is None else self._settled(job)

    def all(self) -> list[Job]:
        """All jobs as they stand now, newest first."""
        return [self._settled(job) for job in self._store.all()]

    def stop(self, job: Job) -> bool:
        """Ask a running job to stop and keep its best plan; say whether it was asked."""
        if self._settled(job).state is not JobState.RUNNING:
            return False
        os.kill(job.pid, signal.SIGINT)
        return True

    def result(self, job: Job) -> Any:
        """What the command printed as JSON, ``None`` before it ended or where it printed none."""
        try:
            return json.loads((job.folder / RESULT).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    async def events(self, ident: str) -> AsyncIterator[dict[str, Any]]:
        """Progress of a job from its first word on, then its end.

        Yields
        ------
        dict
            What the command said (``{"kind": "progress", ...}`` or ``{"kind": "text", "text": ...}``),
            last ``{"kind": "end", "state": ..., "exit_code": ...}``.
        """
        job = self._store.get(ident)
        if job is None:
            return
        position, rest = 0, b""
        while True:
            # Settled first, read after: what is said before the end is always seen.
            settled = self._settled(job)
            position, lines, rest = _new_lines(job.folder / EVENTS, position, rest)
            for line in lines:
                yield _event(line)
            if settled.state is not JobState.RUNNING:
                yield {"kind": "end", "state": str(settled.state), "exit_code": settled.exit_code}
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _settled(self, job: Job) -> Job:
        if job.state is not JobState.RUNNING:
            return job
        process = self._processes.get(job.ident)
        gone = process.poll() is not None if process is not None else not _alive(job.pid)
        code = _exit_code(job.folder / EXIT)
        if code is None and not gone:
            return job
        state = JobState.LOST if code is None else JobState.ENDED
        self._store.settle(job.ident, state, code)
        return self._store.get(job.ident) or job


def _exit_code(path: Path) -> int | None:
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["exit_code"])
    except FileNotFoundError:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _new_lines(path: Path, position: int, rest: bytes) -> tuple[int, list[str], bytes]:
    try:
        with path.open("rb") as stream:
            stream.seek(position)
            data = stream.read()
    except FileNotFoundError:
        return position, [], rest
    *lines, rest_after = (rest + data).split(b"\n")
    return position + len(data), [line.decode("utf-8", "replace") for line in lines], rest_after


def _event(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except json.JSONDecodeError:
        return {"kind": "text", "text": line}
    if not isinstance(document, dict):
        return {"kind": "text", "text": line}
    return {"kind": "progress", **document}
