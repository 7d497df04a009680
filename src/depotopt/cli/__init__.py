"""The command line: a door with no logic of its own."""

from __future__ import annotations

from collections.abc import Sequence

from depotopt.cli.exits import Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `depotopt.cli.exits.Exit`).

    Parameters
    ----------
    arguments
        Words of the command line without the program's name; default those of the process.
    """
    import sys

    from cyclopts import CycloptsError

    from depotopt.cli.commands import app
    from depotopt.cli.faults import tell_error
    from depotopt.errors import DepotoptError

    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        print(f"depotopt: {error}", file=sys.stderr)
        return Exit.USAGE
    except DepotoptError as error:
        return tell_error(error, as_json="--json" in words)
    except KeyboardInterrupt:
        print("depotopt: stopped without a plan", file=sys.stderr)
        return Exit.STOPPED_WITHOUT
    return Exit.OK if code is None else int(code)
