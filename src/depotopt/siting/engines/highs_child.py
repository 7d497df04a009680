"""A HiGHS solve in a process of its own, so that it can be ended at any moment.

``python -m depotopt.siting.engines.highs_child`` reads one pickled task from its standard input and writes
the answer after each slice to its standard output, each behind its length. It dies with its parent.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from depotopt.errors import EngineError
from depotopt.siting.engines import Answer
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

POLL_S = 0.05
FIRST_SLICE_S = 10.0
GRACE_S = 10.0
"""Seconds beyond its time limit after which a child that says nothing is given up."""
_LENGTH = struct.Struct("<q")


def watched(
    model: mathopt.Model,
    limits: SolveLimits,
    monitor: Monitor,
    start: FloatArray | None,
    slice_s: float = FIRST_SLICE_S,
) -> Iterator[Answer]:
    """Solve in a child process; yield what it knows after each slice, until it ends or the user stops it.

    Raises
    ------
    EngineError
        If the child fails.
    """
    # In a session of its own: a Ctrl-C in the terminal is for the parent, which ends the child itself.
    child = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    answers: queue.SimpleQueue[Answer | str | None] = queue.SimpleQueue()
    task = pickle.dumps((model.export_model().SerializeToString(), limits, slice_s, start))
    talk = threading.Thread(target=_talk, args=(child.stdin, child.stdout, task, answers), daemon=True)
    talk.start()
    deadline = time.perf_counter() + limits.time_s + GRACE_S
    try:
        while not monitor.stopped and time.perf_counter() < deadline:
            with contextlib.suppress(queue.Empty):
                found = answers.get(timeout=POLL_S)
                if isinstance(found, str):
                    raise EngineError("highs", found)
                if found is None:
                    if child.wait() != 0:
                        raise EngineError("highs", f"its process ended with code {child.returncode}")
                    return
                yield found
    finally:
        child.kill()
        child.wait()
        talk.join()
        for pipe in (child.stdin, child.stdout):
            # What a dead child did not read any more is lost, as it should be.
            with contextlib.suppress(OSError):
                pipe.close()


def _talk(
    to_child: IO[bytes],
    from_child: IO[bytes],
    task: bytes,
    answers: queue.SimpleQueue[Answer | str | None],
) -> None:
    """Hand over the task and pass on what comes back; ``None`` when the child has ended."""
    # A child that dies early closes its pipes; its exit code says the rest.
    with contextlib.suppress(OSError, EOFError):
        _send(to_child, task)
        while True:
            answers.put(pickle.loads(_receive(from_child)))
    answers.put(None)


def _send(pipe: IO[bytes], document: bytes) -> None:
    pipe.write(_LENGTH.pack(len(document)) + document)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    document = pipe.read(_LENGTH.unpack(head)[0])
    if len(document) < _LENGTH.unpack(head)[0]:
        raise EOFError
    return document


def main() -> None:
    """The child: solve the task, slice by slice."""
    from ortools.math_opt import model_pb2
    from ortools.math_opt.python import mathopt

    from depotopt.siting.engines.highs_slices import solve_slices

    # Whatever the engine prints must not get between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    document, limits, slice_s, start = pickle.loads(_receive(sys.stdin.buffer))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    proto = model_pb2.ModelProto()
    proto.ParseFromString(document)
    try:
        for found in solve_slices(mathopt.Model.from_model_proto(proto), limits, slice_s, start):
            _send(out, pickle.dumps(found))
    except (EngineError, AttributeError, ValueError, RuntimeError, TypeError) as error:
        # MathOpt raises the others for input it does not like, already when it reads the model.
        _send(out, pickle.dumps(str(error).removeprefix("engine highs: ")))


def _die_with_parent() -> None:
    # Not through sys.stdin: its lock, held by this thread, would make a regular exit fail.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
