"""Checks on what an engine is asked, the same for every engine."""

from __future__ import annotations

import numpy as np

from depotopt.errors import UsageError
from depotopt.units import Int32Array


def check_question(
    link_ds: Int32Array, shape: tuple[int | None, ...], nodes: int, *places: Int32Array
) -> None:
    """Refuse link times and nodes that do not belong to the network.

    Parameters
    ----------
    link_ds
        Link times.
    shape
        Shape they must have; ``None`` for any length. Their sign is for the engine to look at while it
        reads them, see `refuse_negative`.
    nodes
        Number of nodes.
    places
        Origins and destinations.

    Raises
    ------
    UsageError
        If the times have another shape or are not int32, or a node does not exist.
    """
    fits = len(shape) == link_ds.ndim and all(
        expected in (None, found) for expected, found in zip(shape, link_ds.shape, strict=True)
    )
    if not fits or link_ds.dtype != np.int32:
        wanted = " x ".join("states" if size is None else str(size) for size in shape)
        raise UsageError(f"link times must be int32, {wanted}: found {link_ds.dtype}, {link_ds.shape}")
    for place in places:
        if len(place) and (place.min() < 0 or place.max() >= nodes):
            raise UsageError(f"a node asked about does not exist: the network has {nodes}")


def refuse_negative(least_ds: int) -> None:
    """Raise if the least link time is negative."""
    if least_ds < 0:
        raise UsageError(f"link times must be >= 0, found {least_ds}")
