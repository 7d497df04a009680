"""Vectors of 32-bit integers inside compiled loops: one lane per road state, or one per origin.

numba's own vectoriser gives up on rows of one array that might overlap. These intrinsics say what is
meant: read a row of lanes, add, keep the least, write it back. LLVM maps them onto whatever vector
registers the processor has. The number of lanes is the length of a tuple passed along (`lanes`), so one
function serves every width and numba compiles it once per width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

Lanes = tuple[int, ...]
"""Its length is the number of lanes; its values mean nothing."""

_INT32 = ir.IntType(32)


def lanes(width: int) -> Lanes:
    """The tuple that selects ``width`` lanes."""
    return (0,) * width


class LaneVector(types.Type):
    """numba type of ``width`` 32-bit integers held in vector registers."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"LaneVector({width})")


@register_model(LaneVector)
class _LaneVectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: LaneVector) -> None:
        super().__init__(manager, kind, ir.VectorType(_INT32, kind.width))  # type: ignore[no-untyped-call]


def _row_pointer(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Pointer to the lanes at ``args[2]`` of the flat array ``args[1]``."""
    array = context.make_array(signature.args[1])(context, builder, args[1])
    vector = ir.VectorType(_INT32, signature.args[0].count)
    return builder.bitcast(builder.gep(array.data, [args[2]]), vector.as_pointer())


def emitted(generator: Callable[..., Any]) -> Any:
    """A function of compiled code that emits its own instructions; its values are unknown to mypy."""
    return intrinsic(generator)


@emitted
def load(typing: Any, width: Any, array: Any, offset: Any) -> Any:
    """Lanes of a flat int32 array, from an offset on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_row_pointer(context, builder, signature, args))
        value.align = 4
        return value

    return LaneVector(width.count)(width, array, types.intp), generate


@emitted
def store(typing: Any, width: Any, array: Any, offset: Any, value: Any) -> Any:
    """Write lanes into a flat int32 array, from an offset on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        written = builder.store(args[3], _row_pointer(context, builder, signature, args))
        written.align = 4
        return context.get_dummy_value()

    return types.void(width, array, types.intp, value), generate


@emitted
def spread(typing: Any, width: Any, number: Any) -> Any:
    """The same number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.VectorType(_INT32, signature.args[0].count)
        empty = ir.Constant(kind, ir.Undefined)
        first = builder.insert_element(empty, args[1], ir.Constant(_INT32, 0))
        return builder.shuffle_vector(first, empty, ir.Constant(kind, None))

    return LaneVector(width.count)(width, types.int32), generate


@emitted
def plus(typing: Any, left: Any, right: Any) -> Any:
    """Sum, lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(args[0], args[1])

    return left(left, right), generate


@emitted
def least(typing: Any, left: Any, right: Any) -> Any:
    """The smaller one, lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.icmp_signed("<", args[0], args[1]), args[0], args[1])

    return left(left, right), generate
