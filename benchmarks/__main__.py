"""``python -m benchmarks SUITE``: JSON lines to stdout, a readable table to stderr.

Exit codes: 0 nothing failed, 1 a row failed, 2 the command line makes no sense.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.case import Case, Plan
from benchmarks.process import measure
from benchmarks.registry import UnknownSuiteError, suite_cases, suite_modules
from benchmarks.result import Result
from benchmarks.table import table


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure and judge depotopt.")
    line.add_argument("suite", help=f"one of {', '.join(suite_modules())}, or 'all'")
    line.add_argument("--data", type=Path, metavar="DIR", help="data folder instead of the default one")
    line.add_argument("--smoke", action="store_true", help="small cases only, one on each core")
    line.add_argument("--only", metavar="NAME", action="append", help="cases of this name (* and ? allowed)")
    line.add_argument("--engine", metavar="NAME", action="append", help="engines of this name")
    line.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the run (1)")
    line.add_argument("--out", type=Path, metavar="FILE", help="write the JSON lines there as well")
    line.add_argument("--list", action="store_true", help="list the cases and run nothing")
    return line


def wanted_cases(suites: list[str], arguments: argparse.Namespace) -> list[tuple[str, Case, Plan]]:
    """Suite, case and plan of everything that was asked for."""
    return [
        (suite, case, plan)
        for suite in suites
        for case, plan in suite_cases(suite, arguments.data, smoke=arguments.smoke, seed=arguments.seed)
        if _wanted(case.name, arguments.only) and _wanted(case.engine, arguments.engine)
    ]


def run_cases(wanted: list[tuple[str, Case, Plan]], arguments: argparse.Namespace) -> list[Result]:
    """Measure cases, printing each row when it is there.

    One after the other, so that nothing disturbs what is measured; in a smoke run, which judges no speed,
    one on each core.
    """

    def measured(asked: tuple[str, Case, Plan]) -> list[Result]:
        suite, case, plan = asked
        print(f"{suite}  {case.name}  [{case.engine}] ...", file=sys.stderr, flush=True)
        return measure(suite, case, plan)

    rows: list[Result] = []
    with ThreadPoolExecutor((os.cpu_count() or 1) if arguments.smoke else 1) as cores:
        for found in cores.map(measured, wanted):
            for row in found:
                print(row.json_line(), flush=True)
                if arguments.out is not None:
                    with arguments.out.open("a", encoding="utf-8") as out:
                        out.write(row.json_line() + "\n")
                rows.append(row)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    line = parser()
    arguments = line.parse_args(argv)
    suites = list(suite_modules()) if arguments.suite == "all" else [arguments.suite]
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text("", encoding="utf-8")
    try:
        wanted = wanted_cases(suites, arguments)
    except UnknownSuiteError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.list:
        for suite, case, _plan in wanted:
            print(f"{suite}  {case.name}  [{case.engine}]{'  peer' if case.peer else ''}")
        return 0
    if not wanted:
        print("no case has that name", file=sys.stderr)
        return 2
    rows = run_cases(wanted, arguments)
    print(table(rows), file=sys.stderr)
    failed = [row for row in rows if row.fails]
    skipped = sum(row.status == "skipped" for row in rows)
    print(f"{len(rows)} rows, {skipped} skipped, {len(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


def _wanted(name: str, patterns: list[str] | None) -> bool:
    return patterns is None or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


if __name__ == "__main__":
    sys.exit(main())
