"""Live progress on stderr, and Ctrl-C that keeps the best plan."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType

from depotopt.cli.language import say
from depotopt.cli.words import word
from depotopt.solving import Monitor, Progress

LINE_EVERY_S = 5.0
"""Without a terminal, one line of the same stage at most this often."""


class ProgressStyle(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    """One live line on a terminal, a line now and then elsewhere."""
    JSONL = "jsonl"
    """One JSON object per line, for programs."""
    NONE = "none"
    """Nothing."""


@contextmanager
def watching(style: ProgressStyle) -> Iterator[Monitor]:
    """Give a monitor that shows progress and stops on the first Ctrl-C; the second one aborts."""
    show = _Show(style)
    monitor = Monitor(None if style is ProgressStyle.NONE else show)

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        if monitor.stopped:
            raise KeyboardInterrupt
        monitor.stop()
        print("", file=sys.stderr)
        print(say("stopping: keeping the best plan so far (Ctrl-C again to give up)"), file=sys.stderr)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield monitor
    finally:
        signal.signal(signal.SIGINT, before)
        show.close()


class _Show:
    def __init__(self, style: ProgressStyle) -> None:
        self._jsonl = style is ProgressStyle.JSONL
        self._live = sys.stderr.isatty()
        self._stage, self._said_s, self._open = "", -LINE_EVERY_S, False

    def __call__(self, progress: Progress) -> None:
        if self._jsonl:
            document = {
                "stage": progress.stage,
                "elapsed_s": round(progress.elapsed_s, 3),
                "objective": progress.objective,
                "bound": progress.bound,
                "gap": progress.gap,
                "message": progress.message,
            }
            # In one piece: threads report, too.
            sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
            sys.stderr.flush()
            return
        if self._live:
            print(f"\r\x1b[2K{_line(progress)}", end="", file=sys.stderr, flush=True)
            self._open = True
        elif progress.stage != self._stage or progress.elapsed_s - self._said_s >= LINE_EVERY_S:
            print(_line(progress), file=sys.stderr, flush=True)
            self._stage, self._said_s = progress.stage, progress.elapsed_s

    def close(self) -> None:
        if self._open:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _line(progress: Progress) -> str:
    parts = [f"{progress.elapsed_s:6.1f} s", f"{word(progress.stage):<9}"]
    if progress.objective is not None:
        parts.append(say("best {value}", value=f"{progress.objective:,.4g}"))
    if progress.bound is not None:
        parts.append(say("bound {bound}", bound=f"{progress.bound:,.4g}"))
    if progress.gap is not None:
        parts.append(say("gap {gap}", gap=f"{progress.gap:.2%}"))
    if progress.message:
        parts.append(say.sentence(progress.message))
    return "  ".join(parts)
