"""`working_s`: a clock for time limits that stands still while loops are compiled.

A fresh installation compiles each loop once. On a slow or busy machine that can take longer than a whole time
limit, and the first plan an officer sees would be the worst one.
"""

from __future__ import annotations

import threading
import time

_lock = threading.Lock()
_compiling_since: float | None = None
_depth = 0
_compiled_s = 0.0


def working_s() -> float:
    """Seconds of `time.perf_counter` without those spent compiling; never runs backwards."""
    with _lock:
        now = time.perf_counter() if _compiling_since is None else _compiling_since
        return now - _compiled_s


def compiling_begins() -> None:
    """Stop the clock; calls may be nested."""
    global _compiling_since, _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            _compiling_since = time.perf_counter()


def compiling_ends() -> None:
    """Let the clock go on when the outermost compilation has ended."""
    global _compiling_since, _depth, _compiled_s
    with _lock:
        _depth -= 1
        if _depth == 0 and _compiling_since is not None:
            _compiled_s += time.perf_counter() - _compiling_since
            _compiling_since = None
