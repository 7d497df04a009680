"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Texts are compared in English, whatever the machine speaks.
os.environ["DEPOTOPT_LANG"] = "en"

# Tests are never timed: machines are shared, and numba compiles where a test happens to come first.
settings.register_profile("depotopt", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "depotopt")
