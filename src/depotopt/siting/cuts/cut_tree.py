"""`CutTree`: branch and cut over the sites that open; nodes add the cuts they need to one master."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from depotopt.siting.cuts.branching import Branching, Split
from depotopt.siting.cuts.cut_master import Held, MasterPoint
from depotopt.siting.cuts.cut_rounds import Rounds

NODE_ROUNDS = 4
"""Separations at a node whose solution is fractional."""
WORTH = 0.05
"""A node goes on separating while a round closes this share of what is left to its cutoff."""
DIVE_EVERY = 25
"""Nodes after which a dive looks for a better layout."""


@dataclass(order=True, slots=True)
class _Node:
    """A part of the tree: its bound, and what it holds of the columns that tell what is open."""

    bound: float
    number: int
    held: Held = field(compare=False)
    branched: tuple[int, float, float] | None = field(compare=False, default=None)
    """Column and step of the branching that made it, and the bound before."""


class CutTree:
    """Best bound first, diving after every branching; its bound is kept in the search.

    A node is closed when its relaxation reaches the cutoff (the best value less the gap asked for), or when
    it opens whole sites only and its estimates meet the exact value. Options whose reduced cost at the root
    passes the gap stay closed (or open) everywhere.

    Parameters
    ----------
    rounds
        Master, separation and search, after the relaxation.
    root
        Last point of the relaxation.
    """

    def __init__(self, rounds: Rounds, root: MasterPoint) -> None:
        self._rounds, self._search, self._master = rounds, rounds.search, rounds.master
        self._root = root
        self._branching = Branching(self._master, self._search)
        self._nodes = 0
        self._closed = np.inf
        self._unsure = False
        self._shut: Held = {}
        self._shut_at = np.inf

    def run(self) -> bool:
        """Search until the gap is proved or the search is over; ``True`` if no layout keeps the rules."""
        search = self._search
        waiting = [_Node(self._root.bound, 0, {})]
        node: _Node | None = None
        while waiting or node is not None:
            if node is None:
                node = heapq.heappop(waiting)
            if search.ended():
                heapq.heappush(waiting, node)
                break
            self._nodes += 1
            split = self._process(node)
            if split is None and search.ended():
                heapq.heappush(waiting, node)
                self._raise_bound(waiting)
                break
            node = None if split is None else self._branch(node, split, waiting)
            self._raise_bound(waiting if node is None else [*waiting[:1], node])
            search.tell("cuts: tree")
            if search.gap <= search.limits.gap:
                break
        self._master.free()
        return not waiting and not np.isfinite(search.value) and not self._unsure

    def _raise_bound(self, waiting: list[_Node]) -> None:
        lowest = min([self._closed, *(node.bound for node in waiting)])
        search = self._search
        search.bound = max(search.bound, min(lowest, search.value))

    @property
    def _cutoff(self) -> float:
        value = self._search.value
        return value - 0.999 * self._search.limits.gap * abs(value) if np.isfinite(value) else np.inf

    def _hold(self, node: _Node) -> None:
        """Hold what the node holds, and what the root's reduced costs rule out."""
        value = self._search.value
        if value < self._shut_at:
            self._shut_at = value
            self._shut = self._rounds.ruled_out(self._root)
        self._master.hold(self._shut | node.held)

    def _process(self, node: _Node) -> Split | None:
        """Solve a node; what to branch on, or ``None`` where it is closed (or the search is over)."""
        rounds, search, master = self._rounds, self._search, self._master
        separations, before = 0, -np.inf
        if node.bound >= self._cutoff:
            self._closed = min(self._closed, node.bound)
            return None
        self._hold(node)
        while True:
            point = search.relax(master)
            if point is None:
                if not master.infeasible and not search.over:
                    # An engine that gave up proves nothing beyond what the parent proved.
                    self._unsure = True
                    self._closed = min(self._closed, node.bound)
                return None
            if node.branched is not None:
                column, side, step = node.branched
                self._branching.learn(column, side, max(point.bound - node.bound, 0.0) / step)
                node.branched = None
            node.bound = max(node.bound, point.bound)
            if node.bound >= self._cutoff:
                self._closed = min(self._closed, node.bound)
                return None
            if not len(rounds.fractional(point)):
                if self._whole_sites(node, point):
                    return None
                continue
            left = max(min(self._cutoff, search.value) - point.bound, 0.0)
            slow = separations >= 1 and point.bound - before < WORTH * left
            before = point.bound
            if separations < NODE_ROUNDS and not slow:
                separations += 1
                if rounds.separate(point, point.x, point.stock):
                    continue
            if search.over:
                return None
            if self._nodes % DIVE_EVERY == 1:
                rounds.dive(point, self._shut | node.held)
                self._hold(node)
            return self._branching.choose(self._shut | node.held, point)

    def _whole_sites(self, node: _Node, point: MasterPoint) -> bool:
        """Price a solution that opens whole sites; whether the node is done with."""
        rounds, search = self._rounds, self._search
        layout = self._master.stage.layout(rounds.problem, point.values)
        value = rounds.price(layout, point)
        if search.asked_to_stop():
            return True
        if value - point.bound > 0.2 * search.limits.gap * abs(value) and rounds.added:
            if value > search.value:
                rounds.settle(layout)
                self._hold(node)
            return False
        if not np.isfinite(value):
            # The estimates keep a ceiling that the exact responses just miss.
            rounds.settle(layout)
            self._unsure = True
        self._closed = min(self._closed, node.bound)
        return True

    def _branch(self, node: _Node, split: Split, waiting: list[_Node]) -> _Node:
        """Make both children; one waits, the other is returned to go on with."""
        children = []
        for side in (0.0, 1.0):
            number, made_by = 2 * self._nodes + int(side), (split.column, side, split.step(side))
            children.append(_Node(node.bound, number, node.held | split.held(side), made_by))
        first = int(split.value - split.below > 0.5)
        heapq.heappush(waiting, children[1 - first])
        return children[first]
