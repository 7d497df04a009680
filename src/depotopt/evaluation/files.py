"""Evaluations as JSON, so that a report can be written again without judging anew."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.evaluation.evaluate import Evaluation


def dump_evaluations(evaluations: dict[str, Evaluation]) -> bytes:
    """JSON of evaluations by name (``"layout"``, ``"today"``): the same bytes for the same metrics."""
    document = {
        name: {**asdict(one), "probability": one.probability.tolist()} for name, one in evaluations.items()
    }
    # Keys stay in the order of the metrics: it is that of the columns of a report written again.
    return (json.dumps(document, ensure_ascii=False, indent=0, allow_nan=False) + "\n").encode()


def read_evaluations(path: Path) -> dict[str, Evaluation]:
    """Read what `dump_evaluations` gave.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: Evaluation(
                before=one["before"],
                states=tuple(one["states"]),
                points=tuple(one["points"]),
                commodities=tuple(one["commodities"]),
                probability=np.array(one["probability"], dtype=np.float64),
                coverage=tuple(one["coverage"]),
                depots=tuple(one.get("depots", ())),
            )
            for name, one in document.items()
        }
    except FileNotFoundError:
        fault = Fault(str(path), "", "no such file", "expected an evaluation", "missing-file")
        raise InputError(str(path), [fault]) from None
    except OSError as error:
        found = f"nothing readable ({error.strerror})"
        fault = Fault(str(path), "", found, "expected an evaluation", "evaluation-file")
        raise InputError(str(path), [fault]) from error
    except (
        json.JSONDecodeError,
        UnicodeDecodeError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
    ) as error:
        fault = Fault(str(path), "", f"something else ({error})", "expected an evaluation", "evaluation-file")
        raise InputError(str(path), [fault]) from error
