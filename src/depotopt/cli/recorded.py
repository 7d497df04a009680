"""The process of one job: a command line of depotopt with its words, progress and end kept in files.

``python -m depotopt.cli.recorded FOLDER WORD...`` writes ``events.jsonl`` (progress, as it comes),
``result.json`` (what the command prints) and, last of all, ``exit.json``. Everything lies on disk, so the
job goes on when the server dies and a server started later finds it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from depotopt.cli import main as run_command
from depotopt.web.record import EVENTS, EXIT, RESULT


def main(folder: Path, words: list[str]) -> int:
    """Run one command line and note its exit code when everything else is on disk."""
    events = os.open(folder / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    result = os.open(folder / RESULT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(events, 2)
    os.dup2(result, 1)
    code = run_command(words)
    sys.stdout.flush()
    os.fsync(result)
    part = folder / f"{EXIT}.part"
    part.write_text(json.dumps({"exit_code": int(code)}), encoding="utf-8")
    part.replace(folder / EXIT)
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
