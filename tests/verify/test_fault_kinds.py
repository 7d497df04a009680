"""How many kinds of fault the verifier of dispatch plans is tried with."""

from __future__ import annotations

from tests.verify.test_dispatch import MUTATIONS
from tests.verify.test_replan import FAULTS
from tests.verify.test_replan_approaches import APPROACH
from tests.verify.test_replan_given_up import GIVEN_UP
from tests.verify.test_replan_trunks import TRUNK_FAULTS


def test_at_least_eighty_kinds_of_fault_are_put_in() -> None:
    """Each is caught with its own message by the tests over these tables (docs/dispatch.md counts them)."""
    in_a_plan = [name for name, (_, told) in MUTATIONS.items() if told]
    assert len([*in_a_plan, *FAULTS, *GIVEN_UP, *APPROACH, *TRUNK_FAULTS]) >= 80
