"""Every test of the command line begins in English, whatever the one before it spoke."""

from __future__ import annotations

import pytest

from depotopt.cli.language import speak
from depotopt.language.speech import speech


@pytest.fixture(autouse=True)
def english() -> None:
    speak(speech("en"))
