"""The command line: a door with no logic of its own."""

from __future__ import annotations

from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO

from depotopt.cli.exits import Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `depotopt.cli.exits.Exit`).

    Parameters
    ----------
    arguments
        Words of the command line without the program's name; default those of the process.
    """
    import os
    import sys

    from depotopt.cli.language import say

    words = list(sys.argv[1:] if arguments is None else arguments)
    _speak_any_name(sys.stdout, "utf-8" if "--json" in words else None)
    _speak_any_name(sys.stderr, None)
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough; nothing more is to be said at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        print(say("depotopt: stopped without a plan"), file=sys.stderr)
        return Exit.STOPPED_WITHOUT


def _speak_any_name(stream: TextIO, encoding: str | None) -> None:
    """Never fail on a name the terminal's alphabet lacks; JSON is UTF-8 whatever the terminal."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding=encoding, errors="replace")


def _run(words: list[str]) -> int:
    from cyclopts import CycloptsError

    from depotopt.cli.commands import app
    from depotopt.cli.faults import tell_error
    from depotopt.cli.language import chosen_speech, speak
    from depotopt.errors import DepotoptError, UsageError

    as_json = "--json" in words
    try:
        spoken, words = chosen_speech(words)
    except UsageError as error:
        return tell_error(error, as_json=as_json)
    speak(spoken)
    try:
        code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return tell_error(UsageError(str(error)), as_json=as_json)
    except DepotoptError as error:
        return tell_error(error, as_json=as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        # A folder where a file is due, a place one may not write to, a full disk: the user can mend it.
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        reason = error.strerror or str(error)
        return tell_error(UsageError(": ".join([*names[:1], reason])), as_json=as_json)
    return Exit.OK if code is None else int(code)
