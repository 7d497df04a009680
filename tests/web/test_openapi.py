"""The interface keeps what its own OpenAPI schema promises, whatever is sent; nothing else gets through."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from depotopt.web.app import create_app
from depotopt.web.guard import COOKIE, HEADER
from depotopt.web.jobs import JobBook
from depotopt.web.settings import Settings
from depotopt.web.store import Job, JobState
from tests.web.conftest import PORT, SCENARIOS, TOKEN

HOME = f"http://127.0.0.1:{PORT}"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = 40
"""Requests per operation and kind (well-formed, ill-formed)."""
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def started() -> list[list[str]]:
    """Command lines that would have been started."""
    return []


@pytest.fixture(scope="module")
def launch(
    tmp_path_factory: pytest.TempPathFactory, started: list[list[str]]
) -> Iterator[tuple[Settings, TestClient]]:
    """A launch on the minimal scenario that notes command lines instead of starting them."""
    place = tmp_path_factory.mktemp("launch")
    shutil.copytree(SCENARIOS / "minimal", place / "scenarios" / "minimal")
    chosen = Settings(place / "scenarios", place / "runs", TOKEN, PORT, upload_bytes=1 << 20)

    def start(_book: JobBook, words: list[str], folder: Path) -> Job:
        started.append(words)
        return Job("00000000", tuple(words), folder, "2027-01-01T00:00:00+00:00", 0, JobState.ENDED, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobBook, "start", start)
        with TestClient(create_app(chosen), base_url=HOME, raise_server_exceptions=False) as client:
            yield chosen, client


@cache
def schema() -> Any:
    """The OpenAPI schema of the interface."""
    app = create_app(Settings(SCENARIOS, Path("runs"), TOKEN, PORT))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return schemathesis.openapi.from_dict(app.openapi())


def operations() -> list[Any]:
    return [found.ok() for found in schema().get_all_operations()]


def send(client: TestClient, case: Any) -> Any:
    """Send a generated request through the test client."""
    asked = case.as_transport_kwargs(base_url=HOME)
    body = {"json": asked["json"]} if asked.get("json") is not None else {"content": asked.get("data") or b""}
    if isinstance(body.get("content"), dict | list):
        body = {"data": body["content"]}
    headers = {**(asked.get("headers") or {}), HEADER: TOKEN}
    return client.request(asked["method"], asked["url"], params=asked.get("params"), headers=headers, **body)


WELL, ILL = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
ASKED = [(one, WELL) for one in operations()]
# A path of free text cannot be ill-formed; a query or a described body can.
ASKED += [(one, ILL) for one in operations() if one.query or (one.body and "workbook" not in one.label)]


@pytest.mark.parametrize(
    ("operation", "kind"), ASKED, ids=[f"{one.label} {kind.value}" for one, kind in ASKED]
)
def test_what_the_schema_promises_holds(
    operation: Any,
    kind: schemathesis.GenerationMode,
    launch: tuple[Settings, TestClient],
    started: list[list[str]],
) -> None:
    chosen, client = launch
    count = 0

    @QUICK
    @given(case=operation.as_strategy(generation_mode=kind))
    def holds(case: Any) -> None:
        nonlocal count
        count += 1
        answer = send(client, case)
        case.validate_response(answer, checks=CHECKS)

    holds()
    assert count
    # Whatever was asked for, a job is one of our verbs on folders of this launch.
    for words in started:
        assert words[0] in {"run", "compare", "explain", "replan", "pareto", "resume"}
        for word in words[1:]:
            if word.startswith("/"):
                inside = Path(word).resolve()
                assert chosen.scenarios in inside.parents or chosen.runs.resolve() in inside.parents, word


NOISE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
HOSTS = st.one_of(
    NOISE, st.sampled_from(["evil.example", "127.0.0.1", f"127.0.0.1:{PORT}.evil", "[::1]:8765"])
)
ORIGINS = st.one_of(
    NOISE, st.sampled_from(["null", f"http://127.0.0.1:{PORT}.evil", f"https://localhost:{PORT}"])
)
PATHS = st.one_of(
    NOISE.map(lambda text: "/" + text),
    st.lists(
        st.sampled_from(["..", "%2e%2e", "api", "report", "assets", "minimal", "etc", "passwd"]), max_size=6
    ).map(lambda parts: "/" + "/".join(parts)),
)
GUARDED = settings(QUICK, max_examples=300)


@GUARDED
@given(host=HOSTS, origin=st.one_of(st.none(), ORIGINS), token=st.one_of(st.just(TOKEN), NOISE), path=PATHS)
def test_a_request_is_answered_only_with_our_host_origin_and_token(
    launch: tuple[Settings, TestClient], host: str, origin: str | None, token: str, path: str
) -> None:
    """300 mixtures of true and made-up Host, Origin, token and path."""
    chosen, client = launch
    headers = {"host": host, HEADER: token} | ({} if origin is None else {"origin": origin})
    address = path.replace("#", "%23").replace("?", "%3F")
    answer = client.get(f"{HOME}{address}", headers=headers, follow_redirects=False)
    true = host in chosen.hosts and (origin is None or origin in chosen.origins) and token == TOKEN
    assert answer.status_code < 500
    if not true:
        assert answer.status_code in (401, 403, 421)
    if answer.status_code == 200:
        assert address.split("?")[0].rstrip("/") in ("", "/api/scenarios", "/api/runs", "/api/jobs"), address
    assert "root:" not in answer.text


@GUARDED
@given(cookie=NOISE, method=st.sampled_from(["POST", "PUT", "DELETE", "PATCH"]), body=st.binary(max_size=200))
def test_a_made_up_cookie_changes_nothing(
    launch: tuple[Settings, TestClient], started: list[list[str]], cookie: str, method: str, body: bytes
) -> None:
    """300 changes with made-up cookies and bodies."""
    _, client = launch
    before = len(started)
    headers = {"cookie": f"{COOKIE}={cookie}", "origin": HOME}
    answer = client.request(method, "/api/jobs", content=body, headers=headers)
    assert answer.status_code == 401 or cookie == TOKEN
    assert len(started) == before
