"""A local map over numbered pieces of work, in blocks and in order; a distributed one plugs in here.

What is cut into blocks, and how, never depends on the number of workers, so neither do results.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar

from depotopt.errors import UsageError

Context = TypeVar("Context")
Result = TypeVar("Result")

_ALIGNMENT = 64


class Executor(Protocol):
    """Runs one function over blocks of the numbers ``0 .. count - 1``.

    An implementation may run blocks anywhere and in any order, but hands their results over in order.
    The function must be importable by name and depend on nothing but its arguments.
    """

    def map_blocks(
        self, function: Callable[[Context, range], Result], context: Context, count: int, block: int
    ) -> Iterator[Result]:
        """Yield ``function(context, range)`` for consecutive ranges of at most ``block`` numbers.

        Parameters
        ----------
        function
            Module-level function of the shared context and a range.
        context
            What every call needs; shipped once per worker, its arrays read-only.
        count
            Numbers to cover.
        block
            Numbers per call.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Worker processes of this machine; with one worker everything stays in the calling process.

    Workers are fresh interpreters, never forks (forking a process that has threads, as numba and
    BLAS do, can lock up). Arrays of the context are written once to a file that all workers map into
    memory, so they are shared and read-only. A script that asks for more than one worker needs the
    usual ``if __name__ == "__main__":`` guard.

    Attributes
    ----------
    workers
        Number of processes.
    """

    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError(f"at least one worker is needed, found {self.workers}")

    def map_blocks(
        self, function: Callable[[Context, range], Result], context: Context, count: int, block: int
    ) -> Iterator[Result]:
        """See `Executor.map_blocks`."""
        if block < 1:
            raise UsageError(f"a block holds at least one piece of work, found {block}")
        blocks = [range(first, min(first + block, count)) for first in range(0, count, block)]
        if self.workers == 1 or len(blocks) <= 1:
            for part in blocks:
                yield function(context, part)
            return
        with tempfile.TemporaryDirectory(prefix="depotopt-") as folder:
            path = Path(folder) / "context"
            _write_context((function, context), path)
            yield from _in_order(min(self.workers, len(blocks)), str(path), blocks)


def _in_order(workers: int, path: str, blocks: list[range]) -> Iterator[Any]:
    """Results of the blocks, at most two blocks per worker ahead of the consumer."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    waiting: deque[Future[Any]] = deque()
    try:
        for part in blocks:
            waiting.append(pool.submit(_call, path, part))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise UsageError(
            "worker processes ended unexpectedly: out of memory, or a script without "
            "'if __name__ == \"__main__\":' around what it runs; one worker needs neither"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _call(path: str, part: range) -> Any:
    function, context = _read_context(path)
    return function(context, part)


def _write_context(context: object, path: Path) -> None:
    """Pickle with all array buffers apart, aligned, so that readers can map them."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(context, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    sizes = [len(body), *(raw.nbytes for raw in raws)]
    starts, position = [], 0
    for size in sizes:
        starts.append(position)
        position += -(-size // _ALIGNMENT) * _ALIGNMENT
    with path.open("wb") as file:
        for start, raw in zip(starts, [memoryview(body), *raws], strict=True):
            file.seek(start)
            file.write(raw)
        file.truncate(max(position, 1))
    path.with_suffix(".index").write_bytes(pickle.dumps((starts, sizes)))


@lru_cache(maxsize=1)
def _read_context(path: str) -> tuple[Callable[[Any, range], Any], Any]:
    import mmap

    starts, sizes = pickle.loads(Path(path).with_suffix(".index").read_bytes())
    with Path(path).open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    body, *buffers = (mapped[start : start + size] for start, size in zip(starts, sizes, strict=True))
    function, context = pickle.loads(body, buffers=buffers)
    return function, context


def available_workers() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)
