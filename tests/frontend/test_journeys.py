"""Both ways through the web app on the shipped scenarios, in a world that ends at this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from benchmarks.browser import installed

ALONE = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""Runs a command in a network namespace that has the loopback only."""
PATIENCE_S = 540


def namespace_fault() -> str | None:
    """Why no network namespace can be made here; ``None`` where one can."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "no unshare or no ip"
    tried = subprocess.run([*ALONE, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() or "refused" if tried.returncode else None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "scenario", "browser"),
    [
        ("officer", "wushi-2024", "firefox"),
        ("officer", "shanghai-5-8-11-n", "chromium"),
        ("planner", "wushi-2024", "chromium"),
    ],
)
def test_a_way_is_gone_without_a_network(who: str, scenario: str, browser: str) -> None:
    """Run, close and plan anew, or edit, compare and swipe: nothing from elsewhere is needed."""
    pytest.importorskip("playwright.sync_api")
    if installed(browser) is None:
        pytest.skip(f"no {browser} installed")
    fault = namespace_fault()
    if fault is not None:
        pytest.skip(f"no network namespace can be made: {fault}")
    words = [sys.executable, "-m", "tests.frontend.journey", who, scenario, "--browser", browser]
    gone = subprocess.run([*ALONE, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert gone.returncode == 0, gone.stderr[-3000:]
    assert f"{who} on {scenario} in {browser}" in gone.stdout
