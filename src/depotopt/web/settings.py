"""`Settings`: where scenarios and runs lie, and who may talk to the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one launch.

    Attributes
    ----------
    scenarios
        Folder whose sub-folders are scenarios.
    runs
        Folder runs are written to; also holds the index of jobs.
    token
        Secret of this launch; every request carries it as a cookie or header.
    port
        Port on the loopback interface.
    upload_bytes
        Largest upload.
    """

    scenarios: Path
    runs: Path
    token: str
    port: int
    upload_bytes: int = 50 << 20

    @property
    def hosts(self) -> frozenset[str]:
        """``Host`` headers that are answered: DNS rebinding sends another one."""
        return frozenset({f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"})

    @property
    def origins(self) -> frozenset[str]:
        """Origins that may change anything."""
        return frozenset(f"http://{host}" for host in self.hosts)
