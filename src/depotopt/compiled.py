"""`compiled` and `kernel`: machine code by numba, kept on disk for as long as its sources stay the same.

Importing this module imports numba.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.event import Event, Listener, register

from depotopt.cache import cache_folder
from depotopt.working_time import compiling_begins, compiling_ends

Function = TypeVar("Function", bound=Callable[..., object])

_FROZEN = (bool, int, float, complex, str, tuple)
"""Kinds of global values that numba writes into the code."""


class _WorkingTime(Listener):
    """Keeps compilation out of the time limits of solves."""

    def on_start(self, event: Event) -> None:
        compiling_begins()

    def on_end(self, event: Event) -> None:
        compiling_ends()


register("numba:compile", _WorkingTime())  # type: ignore[no-untyped-call]


def compiled(function: Function) -> Function:
    """Compile a function to machine code when it is first called, and keep the code on disk.

    numba keeps the code beside the module or, where that folder is read-only (a system-wide
    installation), in the user's cache. Where neither can be written the code is kept in depotopt's own
    cache folder, and without that it is compiled anew in each process. The code releases the
    interpreter lock.
    """
    return cast(Function, kernel(function))


def kernel(function: Callable[..., Any]) -> Any:
    """`compiled` for functions without type hints, whose arrays numba knows better than mypy."""
    return _kept(function, {})


def bare_kernel(function: Callable[..., Any]) -> Any:
    """`kernel` for functions that make no arrays: nobody counts who holds those they are given.

    Counting costs more than a short loop where many arrays are handed from function to function.
    """
    return _kept(function, {"_nrt": False})


def _kept(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    try:
        dispatcher = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
        folder = cache_folder()
        if folder is None:
            return numba.njit(nogil=True, **options)(function)
        numba.config.CACHE_DIR = str(folder / "numba")  # type: ignore[attr-defined]
        dispatcher = numba.njit(cache=True, nogil=True, **options)(function)
    # numba watches the file of the function, not the files of what it calls, whose code it holds as well.
    kept = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if kept is not None:
        kept._source_stamp = source_stamp(function.__module__)
    return dispatcher


@cache
def source_stamp(module: str) -> str:
    """Fingerprint of a module's source and of all it takes from other modules of its package.

    Functions and classes count with the module they come from, and what that takes from others; constants
    with their value.
    """
    own, package = sys.modules[module], module.partition(".")[0]
    digest = hashlib.sha256(Path(inspect.getfile(own)).read_bytes())
    for name, value in sorted(vars(own).items()):
        origin = getattr(value, "__module__", None)
        if isinstance(value, _FROZEN) and not name.startswith("__"):
            digest.update(f"{name}={value!r}".encode())
        elif origin != module and str(origin).partition(".")[0] == package:
            digest.update(source_stamp(str(origin)).encode())
    return digest.hexdigest()
