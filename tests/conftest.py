"""Settings of all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from depotopt.cli.language import speak
from depotopt.language.speech import speech

# Texts are compared in English, whatever the machine speaks.
os.environ["DEPOTOPT_LANG"] = "en"

# Tests are never timed: machines are shared, and numba compiles where a test happens to come first.
settings.register_profile("depotopt", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "depotopt")


@pytest.fixture(autouse=True)
def english() -> None:
    """Every test begins in English, whatever the one before it spoke."""
    speak(speech("en"))
