"""`Check`: what an independent look at a plan found."""

from __future__ import annotations

from dataclasses import dataclass, field

from depotopt.errors import VerificationError

QUANTITY_TOLERANCE = 1e-6
"""Units; quantities are whole in dispatch and continuous in siting."""
TIME_TOLERANCE_S = 0.05
"""Half a decisecond: times are sums of integer deciseconds and float durations."""


@dataclass(frozen=True, slots=True)
class Check:
    """Violations found and the objective recomputed.

    Attributes
    ----------
    violations
        One sentence per rule broken, in the order of `docs/semantics.md`; empty when the plan holds.
    objective
        Recomputed from the plan, or ``None`` where the plan is too broken to price.
    terms
        Parts of the objective.
    """

    violations: tuple[str, ...]
    objective: float | None = None
    terms: dict[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether nothing was violated."""
        return not self.violations

    def require(self, subject: str) -> None:
        """Raise unless the plan holds.

        Raises
        ------
        VerificationError
            With every violation.
        """
        if self.violations:
            raise VerificationError(subject, self.violations)

    def compare(self, claimed: float, tolerance: float = 1e-4) -> Check:
        """Return the check with a violation added when the claimed objective is off.

        Parameters
        ----------
        claimed
            Objective the engine reported.
        tolerance
            Relative difference allowed.
        """
        if self.objective is None or abs(claimed - self.objective) <= tolerance * max(
            1.0, abs(self.objective)
        ):
            return self
        text = f"objective claimed {claimed:.6g}, recomputed {self.objective:.6g}"
        return Check((*self.violations, text), self.objective, self.terms)
