"""`create_app`: the HTTP interface. Reads are answered here; work becomes a job."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from depotopt.errors import Fault, InputError, UsageError
from depotopt.io.scenario_files import Reading, check_scenario
from depotopt.pipeline.unfinished import SUFFIX
from depotopt.web.editing import override_text, setting_fields
from depotopt.web.guard import Guard
from depotopt.web.jobs import JobBook
from depotopt.web.library import REPORT_FILES, Library
from depotopt.web.requests import (
    CompareRequest,
    ExplainRequest,
    JobRequest,
    OverrideName,
    OverrideRequest,
    ParetoRequest,
    ReplanRequest,
    ResumeRequest,
    RunRequest,
)
from depotopt.web.settings import Settings
from depotopt.web.store import Job
from depotopt.web.telling import told

T = TypeVar("T")
ASSETS = {
    "app.js": "text/javascript; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "words.json": "application/json",
}
XLSX_MAGIC = b"PK\x03\x04"


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one launch.

    Parameters
    ----------
    settings
        Folders, token and limits.
    """
    library, book = Library(settings), JobBook(settings.runs)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        book.close()

    app = FastAPI(
        title="depotopt", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=lifespan
    )
    app.add_middleware(Guard, settings=settings)
    _add_pages(app)
    _add_scenarios(app, library)
    _add_runs(app, library)
    _add_jobs(app, settings, library, book)

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(told({"detail": error.detail}), error.status_code)

    return app


def _add_pages(app: FastAPI) -> None:
    assets = files("depotopt.web") / "assets"

    @app.get("/", include_in_schema=False)
    def index() -> Response:
        return Response((assets / "index.html").read_bytes(), media_type="text/html; charset=utf-8")

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise HTTPException(404)
        return Response((assets / name).read_bytes(), media_type=ASSETS[name])


def _add_scenarios(app: FastAPI, library: Library) -> None:
    @app.get("/api/scenarios")
    def scenarios() -> list[dict[str, Any]]:
        """Scenarios on this machine."""
        return [asdict(entry) for entry in library.scenarios()]

    @app.get("/api/scenarios/{name}/faults", responses={404: {}, 422: {}})
    def faults(
        name: str, override: Annotated[list[OverrideName] | None, Query()] = None
    ) -> list[dict[str, Any]]:
        """Every fault of a scenario."""
        folder = _found(library.scenario(name))
        try:
            words = library.override_words(name, override or ())
            return [_fault(fault) for fault in check_scenario(folder, words)]
        except UsageError as error:
            raise HTTPException(422, str(error)) from error

    @app.get("/api/scenarios/{name}/settings", responses={404: {}, 422: {}})
    def settings_of(
        name: str, override: Annotated[list[OverrideName] | None, Query()] = None
    ) -> list[dict[str, Any]]:
        """Values of a scenario that can be edited; none where its settings cannot be read."""
        folder = _found(library.scenario(name))
        try:
            reading = Reading.of(folder, library.override_words(name, override or ()))
        except UsageError as error:
            raise HTTPException(422, str(error)) from error
        return [told(asdict(field)) for field in setting_fields(reading)]

    @app.post(
        "/api/scenarios/{name}/overrides", status_code=201, responses={400: {}, 404: {}, 409: {}, 422: {}}
    )
    def save_override(name: str, request: OverrideRequest) -> dict[str, Any]:
        """Keep edited settings as an override, unless the scenario would have faults with it."""
        folder = _found(library.scenario(name))
        reading = Reading.of(folder, ())
        if request.name in reading.override_names:
            raise HTTPException(409, f"the scenario itself has an override '{request.name}'")
        try:
            text = override_text(request.changes, setting_fields(reading))
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        try:
            found = library.keep_override(folder, request.name, text)
        except (InputError, UsageError) as error:
            raise HTTPException(422, str(error)) from error
        return {"name": request.name, "faults": [_fault(fault) for fault in found]}

    @app.post("/api/scenarios/{name}/workbook", status_code=201, responses={404: {}, 415: {}})
    async def upload(name: str, request: Request) -> dict[str, Any]:
        """Make a scenario of an uploaded workbook, on the roads and settings of another one."""
        base = _found(library.scenario(name))
        body = await request.body()
        if not body.startswith(XLSX_MAGIC):
            raise HTTPException(415, "an Excel workbook (.xlsx) is expected")
        folder = await asyncio.to_thread(library.upload, base, body, f"{base.name}-{secrets.token_hex(4)}")
        found = await asyncio.to_thread(check_scenario, folder)
        return {"name": folder.name, "faults": [_fault(fault) for fault in found]}


def _add_runs(app: FastAPI, library: Library) -> None:
    @app.get("/api/runs")
    def runs() -> list[dict[str, Any]]:
        """Runs, newest first."""
        return [asdict(entry) for entry in library.runs()]

    @app.get("/api/runs/{name}/explanation", responses={404: {}})
    def explanation(name: str) -> dict[str, Any]:
        """What each depot of a run is worth to it, where that was asked."""
        path = _found(library.run(name)) / "explanation.json"
        if not path.is_file() or path.is_symlink():
            raise HTTPException(404)
        found: dict[str, Any] = told(json.loads(path.read_text(encoding="utf-8")))
        return found

    @app.get("/report/{run}/{file}", responses={404: {}}, include_in_schema=False)
    def report(run: str, file: str) -> Response:
        folder = _found(library.run(run))
        path = folder / file
        if file not in REPORT_FILES or not path.is_file() or path.is_symlink():
            raise HTTPException(404)
        headers = {"content-security-policy": "frame-ancestors 'self'"}
        return FileResponse(path, media_type=REPORT_FILES[file], headers=headers)


def _add_jobs(app: FastAPI, settings: Settings, library: Library, book: JobBook) -> None:
    home = settings.runs.resolve()

    def words_of(request: JobRequest, ident: str) -> list[str]:
        if isinstance(request, RunRequest):
            scenario = _found(library.scenario(request.scenario)).resolve()
            overrides = library.override_words(request.scenario, request.overrides)
            return request.words(scenario, overrides, home / f"{request.scenario}-{ident}")
        if isinstance(request, ParetoRequest):
            scenario = _found(library.scenario(request.scenario)).resolve()
            return request.words(scenario, library.override_words(request.scenario, request.overrides))
        if isinstance(request, ReplanRequest):
            run = _found(library.run(request.run)).resolve()
            first = re.sub(r"-at-[0-9.e+]+h-[0-9a-f]{8}$", "", request.run)
            return request.words(run, home / f"{first}-at-{request.at_h:.4g}h-{ident}")
        if isinstance(request, ResumeRequest):
            run = _found(library.run(request.run)).resolve()
            return request.words(run, home / request.run.removesuffix(SUFFIX))
        if isinstance(request, CompareRequest):
            return request.words([_found(library.run(name)).resolve() for name in request.runs])
        if isinstance(request, ExplainRequest):
            return request.words(_found(library.run(request.run)).resolve())
        raise AssertionError(f"a request of unknown kind: {request!r}")

    @app.post("/api/jobs", status_code=201, responses={400: {}, 404: {}})
    def start(request: JobRequest) -> dict[str, Any]:
        """Start a command line as a child process."""
        return _job(book.start(words_of(request, secrets.token_hex(4)), Path.cwd()))

    @app.get("/api/jobs")
    def jobs() -> list[dict[str, Any]]:
        """Jobs, newest first."""
        return [_job(job) for job in book.all()]

    @app.get("/api/jobs/{ident}", responses={404: {}})
    def one(ident: str) -> dict[str, Any]:
        """A job, with what it printed once it has ended."""
        job = _found(book.get(ident))
        return {**_job(job), "result": told(book.result(job))}

    @app.post("/api/jobs/{ident}/stop", responses={404: {}})
    def stop(ident: str) -> dict[str, bool]:
        """Ask a job to stop and keep its best plan."""
        return {"asked": book.stop(_found(book.get(ident)))}

    @app.get("/api/jobs/{ident}/events", responses={404: {}}, include_in_schema=False)
    async def events(ident: str) -> StreamingResponse:
        """Progress as server-sent events."""
        _found(book.get(ident))

        async def stream() -> AsyncIterator[str]:
            async for event in book.events(ident):
                yield f"data: {json.dumps(told(event), ensure_ascii=False)}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")


def _found(thing: T | None) -> T:
    if thing is None:
        raise HTTPException(404)
    return thing


def _fault(fault: Fault) -> dict[str, Any]:
    found: dict[str, Any] = told(asdict(fault))
    return found


def _job(job: Job) -> dict[str, Any]:
    out = Path(job.words[job.words.index("--out") + 1]).name if "--out" in job.words else None
    return {
        "id": job.ident,
        "command": ["depotopt", *job.words],
        "verb": job.words[0],
        "run": out,
        "started": job.started,
        "state": str(job.state),
        "exit_code": job.exit_code,
    }
