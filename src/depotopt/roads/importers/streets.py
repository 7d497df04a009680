"""Streets and bridges: which sections a loss takes away together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depotopt.roads.importers.components import joined
from depotopt.roads.network import StreetKind, StreetTable, Uint8Array
from depotopt.units import Int64Array

_LETTERS = "wbtf"
"""First letter of an identifier by `StreetKind` code."""


def joined_streets(start: Int64Array, end: Int64Array, kind: Uint8Array, nodes: int) -> Int64Array:
    """Number the streets of sections.

    Sections of one kind are one street where exactly two sections meet; bridges are one wherever
    they touch, and so are tunnels: a viaduct with its ramps stands and falls as a whole.

    Parameters
    ----------
    start, end, kind
        End nodes and `StreetKind` of each section, shape ``(S,)``.
    nodes
        Number of nodes.
    """
    count = len(start)
    at = np.concatenate([start, end])
    what = np.concatenate([kind, kind])
    degree = np.bincount(at, minlength=nodes)[at]
    whole = (what == StreetKind.BRIDGE) | (what == StreetKind.TUNNEL)
    joins = np.flatnonzero(whole | (degree == 2))
    order = joins[np.lexsort((what[joins], at[joins]))]
    same = (np.diff(at[order]) == 0) & (np.diff(what[order].astype(np.int64)) == 0)
    one, two = order[:-1][same] % max(count, 1), order[1:][same] % max(count, 1)
    return joined(one, two, count)


def street_table(
    group: Int64Array, kind: Uint8Array, earliest: Int64Array, way: Int64Array, name: npt.NDArray[np.object_]
) -> tuple[Int64Array, StreetTable]:
    """Name the streets after the way that comes first in the file.

    Parameters
    ----------
    group, kind
        Street and `StreetKind` of each section.
    earliest
        Position in the file of the first piece of each section.
    way, name
        Way (its identifier) and name at that position.

    Returns
    -------
    tuple
        Street per section, numbered in file order, and the streets: ``"w4711.0"`` the first street of
        way 4711, ``"b815"`` the bridge of way 815, ``"t7"`` a tunnel, ``"f3"`` a ford.
    """
    order = np.argsort(earliest, kind="stable")
    _, first, inverse = np.unique(group[order], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    street = np.empty(len(group), dtype=np.int64)
    street[order] = rank[inverse]
    example = order[np.sort(first)]
    names = name[example].copy()
    # A street whose first piece has no name takes that of the first piece that has one.
    named = order[name[order] != ""]
    owner, which = np.unique(street[named], return_index=True)
    names[owner] = name[named[which]]
    return street, StreetTable(_idents(way[example], kind[example]), tuple(names.tolist()), kind[example])


def _idents(way: Int64Array, kind: Uint8Array) -> tuple[str, ...]:
    """Identifiers made of kind and way, numbered where a way has several."""
    key = way * 4 + kind
    order = np.argsort(key, kind="stable")
    fresh = np.concatenate([[True], np.diff(key[order]) != 0])[: len(order)]
    since = np.arange(len(order)) - np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = since
    return tuple(
        f"{_LETTERS[what]}{own}.{k}" if k or what == 0 else f"{_LETTERS[what]}{own}"
        for own, what, k in zip(way.tolist(), kind.tolist(), number.tolist(), strict=True)
    )
