"""`Separation`: exact prices and cuts of all road states and commodities at one point of the first stage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.units import BoolArray, FloatArray, Int64Array

HOPED = 0.5
"""Share of its useful stock that a closed site is supposed to hold when exact prices are completed."""
TINY = 1e-9
WIDE = 100_000
"""Sites times points from which prices and first stage move together (`depotopt.siting.cuts.wide_search`).

With 200 sites and 2,000 points exact prices take 8 ms for each state and commodity where 70 sites are open a
bit, and up to 230 where all are; a step of theirs takes 0.06 ms.
"""
PIECES = 16
"""Pieces the work of one separation is cut into: between them a stop is heard."""


class Separation:
    """Prices of stock, and the cuts they make, at the last point looked at.

    Cut at ``(x, stock)`` with prices ``p`` and critical costs ``v`` of state ``s`` and commodity ``k``::

        response[s,k] >= sum_i need v - sum_j p[j] share[s,j] (stock[j,k] + agreed[j,k] x[j])
                         - sum_g x[g] sum_i need max(0, max_a v[i] - c[a] - p[j(a)])

    Parameters
    ----------
    problem
        The siting problem.
    unit
        Useful stock per site and commodity, shape ``(J, K)``.
    pool
        Threads to work on.
    stopped, ended
        Whether the user asked to stop; whether that or the time is up. A layout is priced to the end of its
        time, a fractional point is given up.

    Attributes
    ----------
    price
        Prices of usable stock, shape ``(S, K, J)``; the next separation starts from them.
    constant, on_x, on_stock
        The cuts ``constant - on_x . x - on_stock . stock[:, k]``, shapes ``(S, K)``, ``(S, K, J)``.
    response
        Cost of the flows found at the point, shape ``(S, K)``; at a layout its response.
    """

    def __init__(
        self,
        problem: SitingProblem,
        unit: FloatArray,
        pool: Executor,
        stopped: Callable[[], bool],
        ended: Callable[[], bool] | None = None,
    ) -> None:
        self.problem = problem
        self._unit, self._pool, self._stopped, self._ended = unit, pool, stopped, ended or stopped
        shape = (problem.states, problem.commodities, problem.sites)
        self.wide = problem.sites * problem.points >= WIDE and not problem.goal.ceilings
        """Whether exact prices at fractional points take long (ceilings need them all the same)."""
        self.price = np.zeros(shape)
        self.constant = np.zeros(shape[:2])
        self.response = np.zeros(shape[:2])
        self.on_x = np.zeros(shape)
        self._need = np.ascontiguousarray(problem.need.transpose(0, 2, 1))
        self._penalty = np.ascontiguousarray(problem.penalty.T)
        self._agreed = np.ascontiguousarray(problem.agreed.T)
        self.wanted: BoolArray = np.asarray((self._need > 0).any(axis=2))
        """Which pairs of state and commodity have need, shape ``(S, K)``."""
        pairs = np.argwhere(self.wanted).astype(np.int64)
        # Neighbours in time of work go to different pieces.
        self._pieces = [pairs[n::PIECES] for n in range(min(PIECES, len(pairs)))]

    @property
    def on_stock(self) -> FloatArray:
        """What a unit of stock takes off each cut, shape ``(S, K, J)``."""
        taken: FloatArray = self.price * self.problem.share[:, None, :]
        return taken

    def at(self, x: FloatArray, stock: FloatArray, *, improve: bool = True) -> bool:
        """Make prices exact at a point, and the cuts they give; ``False`` if the user stopped it.

        Parameters
        ----------
        x, stock
            The point, shapes ``(J,)`` and ``(J, K)``.
        improve
            ``False`` makes cuts of the prices as they are.
        """
        from depotopt.siting.prices.price_kernels import AllArcs, Wanted
        from depotopt.siting.prices.price_sweep import Found, Stocks, separate

        problem, arcs = self.problem, self.problem.arcs
        fractional = bool(((x > TINY) & (x < 1.0 - TINY)).any())
        ended = self._ended if fractional else self._stopped
        held = np.ascontiguousarray(stock.T) + self._agreed * x[None, :]
        stocks = Stocks(np.ascontiguousarray(x), held, HOPED * self._unit.T + self._agreed, problem.share)
        wanted = Wanted(problem.rate, self._need, self._penalty)
        found = Found(self.price, self.constant, self.on_x, self.response)
        ways = AllArcs(arcs.first, arcs.site, arcs.origin, arcs.time_ds)

        def piece(pairs: Int64Array) -> bool:
            if ended():
                return False
            separate(pairs, ways, wanted, stocks, found, improve)
            return True

        done = all(list(self._pool.map(piece, self._pieces)))
        if done:
            # Agreements open with their site.
            self.on_x += self.on_stock * self._agreed[None]
        return done

    def of_layout(self, layout: Layout) -> FloatArray | None:
        """Response cost of a layout per state, shape ``(S,)``; ``None`` if the user stopped it."""
        x = layout.supplying(self.problem).astype(np.float64)
        stock = np.where(x[:, None] > 0, layout.stock, 0.0)
        if not self.at(x, stock):
            return None
        response: FloatArray = self.response.sum(axis=1)
        return response

    def value(self, x: FloatArray, stock: FloatArray) -> FloatArray:
        """The cuts' values at a point, shape ``(S, K)``."""
        held: FloatArray = np.einsum("skj,jk->sk", self.on_stock, stock)
        return self.constant - self.on_x @ x - held
