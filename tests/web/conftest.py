"""A launch of the web app in a test client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from depotopt.web.app import create_app
from depotopt.web.guard import HEADER
from depotopt.web.settings import Settings

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TOKEN = "a-token-of-this-launch"
PORT = 8765


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(SCENARIOS, tmp_path / "runs", TOKEN, PORT, upload_bytes=1 << 20)


@pytest.fixture
def stranger(settings: Settings) -> Iterator[TestClient]:
    """A client without the token."""
    with TestClient(create_app(settings), base_url=f"http://127.0.0.1:{PORT}") as client:
        yield client


@pytest.fixture
def client(stranger: TestClient) -> TestClient:
    """A client with the token."""
    stranger.headers[HEADER] = TOKEN
    return stranger
