"""A readable table of result rows."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.result import Result

_HEADER = (
    *("case", "engine", "status", "value", "bound", "gap", "reference", "to ref"),
    *("cpu s", "wall s", "MB", "verdict"),
)
_RIGHT = frozenset(range(3, 11))


def table(rows: Sequence[Result]) -> str:
    """Rows as aligned text, notes and faults below."""
    cells = [_HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADER))]
    lines = [
        "  ".join(
            cell.rjust(width) if column in _RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    lines += [f"  {_name(row)} [{row.engine}]: {row.note}" for row in rows if row.note]
    lines += [
        f"{'PEER' if row.peer else 'FAIL'}  {_name(row)} [{row.engine}]: {fault}"
        for row in rows
        for fault in row.faults
    ]
    return "\n".join(lines)


def _name(row: Result) -> str:
    return f"{row.case}/{row.metric}" if row.metric else row.case


def _cells(row: Result) -> tuple[str, ...]:
    verdict = "ok"
    if row.status == "skipped":
        verdict = "skipped"
    elif row.faults:
        verdict = "peer fails" if row.peer else "FAIL"
    return (
        _name(row),
        row.engine,
        row.status,
        _number(row.value),
        _number(row.bound),
        _percent(row.gap),
        _number(row.reference) + ("*" if row.reference_proved else ""),
        _percent(row.gap_to_reference),
        _number(row.cpu_s),
        _number(row.wall_s),
        _number(row.peak_mb),
        verdict,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value == int(value) and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.1f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.3f} %"
