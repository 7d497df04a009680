"""`serve`: the app on the loopback interface, with a secret of this launch."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

from depotopt.errors import MissingExtraError, UsageError
from depotopt.web.settings import LOOPBACK, Settings


def serve(scenarios: Path, runs: Path, *, port: int = 0, open_browser: bool = True) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    scenarios
        Folder whose sub-folders are scenarios.
    runs
        Folder runs are written to.
    port
        Port; 0 for a free one.
    open_browser
        Whether to open the page.

    Raises
    ------
    MissingExtraError
        If FastAPI or uvicorn is missing.
    UsageError
        If there is no folder of scenarios, or the port is taken.
    """
    try:
        import uvicorn

        from depotopt.web.app import create_app
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "web", "the web app") from error
    if not scenarios.is_dir():
        raise UsageError(f"no folder of scenarios at {scenarios}")
    runs.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        # Listening before the address is told: a browser that is fast waits instead of failing.
        listener.listen(128)
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}") from error
    settings = Settings(scenarios, runs, secrets.token_urlsafe(24), listener.getsockname()[1])
    address = f"http://{LOOPBACK}:{settings.port}/?token={settings.token}"
    print(f"depotopt is at {address}", flush=True)
    if open_browser:
        import webbrowser

        webbrowser.open(address)
    config = uvicorn.Config(create_app(settings), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listener])
