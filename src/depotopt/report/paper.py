"""`print_sheets`: route sheets as PDF, by a Chromium on this machine or by the ``pdf`` extra (typst)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from depotopt.errors import EngineError, MissingExtraError, UsageError
from depotopt.report.content import ReportFiles

BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
VARIABLE: Final = "DEPOTOPT_CHROMIUM"
"""Names a Chromium by its path; empty for none."""
TIME_S: Final = 300.0
"""Longest a browser may take."""


def chromium() -> str | None:
    """Path of a Chromium, the one ``DEPOTOPT_CHROMIUM`` names first; ``None`` where there is none."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return shutil.which(named) if named else None
    return next((path for name in BROWSERS if (path := shutil.which(name)) is not None), None)


def print_sheets(sheets: Path, pdf: Path) -> str:
    """Print the page of route sheets.

    Parameters
    ----------
    sheets
        ``sheets.html`` of a report.
    pdf
        File to make.

    Returns
    -------
    str
        What printed it: ``"chromium"`` or ``"typst"``.

    Raises
    ------
    MissingExtraError
        If there is neither a Chromium nor typst.
    EngineError
        If what is there fails.
    UsageError
        If there are no sheets.
    """
    if not sheets.is_file():
        raise UsageError(f"there are no route sheets at {sheets}")
    browser = chromium()
    if browser is not None:
        _print_by_browser(browser, sheets, pdf)
        return "chromium"
    if importlib.util.find_spec("typst") is not None:
        from depotopt.report.typeset import typeset

        typeset(sheets.read_text(encoding="utf-8"), pdf)
        return "typst"
    raise MissingExtraError("typst", "pdf", "printing route sheets without a Chromium on this machine")


def with_pdf(files: ReportFiles) -> ReportFiles:
    """Print the sheets of a report into its folder, as ``sheets.pdf``.

    Raises
    ------
    UsageError
        If the report has no dispatch plan, hence no sheets; else as `print_sheets`.
    """
    if files.sheets is None:
        raise UsageError("there is no dispatch plan, hence no route sheet to print")
    pdf = files.folder / "sheets.pdf"
    print_sheets(files.sheets, pdf)
    return replace(files, pdf=pdf)


def _print_by_browser(browser: str, sheets: Path, pdf: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        printed = Path(profile) / "sheets.pdf"
        words = [
            browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions",
            f"--user-data-dir={profile}/profile", "--no-pdf-header-footer", f"--print-to-pdf={printed}",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses to start its sandbox for root; the page is our own and runs no script.
            words.append("--no-sandbox")
        try:
            done = subprocess.run(
                [*words, sheets.absolute().as_uri()], capture_output=True, timeout=TIME_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError("chromium", f"did not print the sheets ({error})") from error
        if not printed.is_file():
            raise EngineError("chromium", f"ended with code {done.returncode} and printed nothing")
        shutil.copyfile(printed, pdf)
