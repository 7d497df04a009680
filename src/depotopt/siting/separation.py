"""`Separation`: exact prices and cuts of all road states and commodities at one point of the first stage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from depotopt.siting.problem import Layout, SitingProblem
from depotopt.units import BoolArray, FloatArray

HOPED = 0.5
"""Share of its useful stock that a closed site is supposed to hold when exact prices are completed."""
TINY = 1e-9
WIDE = 100_000
"""Sites times points from which prices at fractional points begin with subgradient steps. With 200 sites
and 2,000 points exact prices take 8 ms where 70 sites are open a bit, but up to 230 where all are."""
DENSE = 200_000
"""Open sites times points up to which steps are followed by exact prices."""
FIRST_STEPS, STEPS = 100, 40
"""Steps at the first fractional point of a wide problem, and at each later one (6 ms with the last ones)."""
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
    pool, stopped
        Threads to work on, and whether the user asked to stop.

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
        self, problem: SitingProblem, unit: FloatArray, pool: Executor, stopped: Callable[[], bool]
    ) -> None:
        self.problem = problem
        self._unit, self._pool, self._stopped = unit, pool, stopped
        shape = (problem.states, problem.commodities, problem.sites)
        self.wide = problem.sites * problem.points >= WIDE
        """Whether prices at fractional points begin with steps, and may end with them."""
        self.exact = True
        """Whether the prices of the last point were made exact."""
        self._fractional = False
        self._between: FloatArray | None = None
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
        from depotopt.siting.price_sweep import separate

        problem, arcs = self.problem, self.problem.arcs
        held = np.ascontiguousarray(stock.T) + self._agreed * x[None, :]
        steps = self._turn_to(x) if self.wide else 0
        hoped = HOPED * self._unit.T + self._agreed

        def piece(pairs: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> bool:
            if self._stopped():
                return False
            separate(
                pairs, arcs.first, arcs.site, arcs.origin, arcs.time_ds, problem.rate, self._need,
                self._penalty, np.ascontiguousarray(x), held, hoped, problem.share, self.price, self.constant,
                self.on_x, self.response, improve, steps, self.exact,
            )  # fmt: skip
            return True

        done = all(list(self._pool.map(piece, self._pieces)))
        if done:
            # Agreements open with their site.
            self.on_x += self.on_stock * self._agreed[None]
        return done

    def _turn_to(self, x: FloatArray) -> int:
        """Take up the prices to start from at a point of a wide problem; return the steps to make there.

        Layouts leave prices that say little about fractional points, so those go on from their own.
        """
        fractional = bool(((x > TINY) & (x < 1.0 - TINY)).any())
        self.exact = not fractional or int(np.count_nonzero(x > TINY)) * self.problem.points <= DENSE
        if fractional and not self._fractional and self._between is not None:
            self.price[:] = self._between
        elif self._fractional and not fractional:
            self._between = self.price.copy()
        first = fractional and not self._fractional and self._between is None
        self._fractional = fractional
        return FIRST_STEPS if first else STEPS

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
