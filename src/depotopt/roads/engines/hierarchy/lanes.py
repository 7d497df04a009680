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


def _vector_at(context: Any, builder: Any, kind: Any, array: Any, offset: Any, vector: Any) -> Any:
    """Pointer to a vector at an offset of a flat array."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())


def _row_pointer(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Pointer to the lanes at ``args[2]`` of the flat array ``args[1]``."""
    vector = ir.VectorType(_INT32, signature.args[0].count)
    return _vector_at(context, builder, signature.args[1], args[1], args[2], vector)


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
def fetch(typing: Any, array: Any, offset: Any) -> Any:
    """Ask the processor to bring a cache line of a flat array closer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8)
        line = _vector_at(context, builder, signature.args[0], args[0], args[1], byte)
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), _INT32, _INT32, _INT32])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte.as_pointer()], kind)
        builder.call(ask, [line, _INT32(0), _INT32(3), _INT32(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


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


@emitted
def turn_square(
    typing: Any, width: Any, rows: Any, begin: Any, step: Any, columns: Any, to: Any, gap: Any
) -> Any:
    """Turn a square of as many rows as lanes; their number is a power of two.

    Row ``r`` starts at ``rows[begin + r * step]``; it becomes the column of the rows that start at
    ``columns[to + lane * gap]``. Blocks of one, two, four, ... lanes change places between pairs of rows.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        size = signature.args[0].count
        vector, held = ir.VectorType(_INT32, size), []
        for r in range(size):
            offset = builder.add(args[2], builder.mul(args[3], args[3].type(r)))
            held.append(
                builder.load(_vector_at(context, builder, signature.args[1], args[1], offset, vector))
            )
            held[r].align = 4
        block = 1
        while block < size:
            for r in range(size):
                if not r & block:
                    held[r], held[r + block] = _swapped(builder, held[r], held[r + block], block, size)
            block *= 2
        for r in range(size):
            offset = builder.add(args[5], builder.mul(args[6], args[6].type(r)))
            target = _vector_at(context, builder, signature.args[4], args[4], offset, vector)
            builder.store(held[r], target).align = 4
        return context.get_dummy_value()

    return types.void(width, rows, types.intp, types.intp, columns, types.intp, types.intp), generate


def _swapped(builder: Any, upper: Any, lower: Any, block: int, size: int) -> tuple[Any, Any]:
    """Two rows after the right blocks of the upper and the left blocks of the lower changed places."""
    kept = [lane + size - block if lane & block else lane for lane in range(size)]
    moved = [lane + size if lane & block else lane + block for lane in range(size)]
    pick = [ir.Constant(ir.VectorType(_INT32, size), lanes_) for lanes_ in (kept, moved)]
    return builder.shuffle_vector(upper, lower, pick[0]), builder.shuffle_vector(upper, lower, pick[1])
