"""`compiled`: numba with an on-disk cache wherever a cache can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

from depotopt.roads.cache import cache_folder

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function to machine code when it is first called, and keep the code on disk.

    numba keeps the code beside the module or, where that folder is read-only (a system-wide
    installation), in the user's cache. Where neither can be written the code is kept in depotopt's own
    cache folder, and without that it is compiled anew in each process.
    """
    try:
        return cast(Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
    folder = cache_folder()
    if folder is None:
        return cast(Function, numba.njit(nogil=True)(function))
    numba.config.CACHE_DIR = str(folder / "numba")  # type: ignore[attr-defined]
    return cast(Function, numba.njit(cache=True, nogil=True)(function))
