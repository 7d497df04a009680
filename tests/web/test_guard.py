"""Only the page of this launch is answered."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from depotopt.web.guard import COOKIE, HEADER
from tests.web.conftest import PORT, TOKEN

HOME = f"http://127.0.0.1:{PORT}"
SLOW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def test_without_the_token_nothing_is_answered(stranger: TestClient) -> None:
    for path in ("/", "/api/scenarios", "/assets/app.js", "/api/openapi.json", "/report/x/map.html"):
        assert stranger.get(path).status_code == 401, path


def test_the_token_in_the_address_becomes_a_cookie_no_script_can_read(stranger: TestClient) -> None:
    answer = stranger.get(f"/?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert stranger.get("/api/scenarios").status_code == 200


def test_the_token_in_the_address_opens_the_first_page_only(stranger: TestClient) -> None:
    assert stranger.get(f"/api/scenarios?token={TOKEN}").status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", f"127.0.0.1:{PORT + 1}", "", "localhost"])
def test_another_host_header_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/api/scenarios", headers={"host": host}).status_code == 421


def test_localhost_is_this_machine_too(client: TestClient) -> None:
    assert client.get("/api/scenarios", headers={"host": f"localhost:{PORT}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", ""])
def test_requests_from_other_pages_are_refused(client: TestClient, origin: str) -> None:
    assert client.get("/api/scenarios", headers={"origin": origin}).status_code == 403


def test_a_change_with_the_cookie_alone_is_refused(stranger: TestClient) -> None:
    """A form on another page sends the cookie where the browser lets it, but never our Origin."""
    stranger.cookies.set(COOKIE, TOKEN)
    assert stranger.post("/api/jobs", json={}).status_code == 403
    assert stranger.post("/api/jobs", json={}, headers={"origin": HOME}).status_code == 422


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/api/jobs", content=b"x" * ((1 << 20) + 1))
    assert answer.status_code == 413


def test_a_body_without_length_is_refused(client: TestClient) -> None:
    assert client.post("/api/jobs", content=iter([b"{}"])).status_code == 411


def test_every_answer_has_a_strict_policy(client: TestClient) -> None:
    for path in ("/", "/api/scenarios", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@SLOW
@given(token=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_no_other_token_opens_anything(stranger: TestClient, token: str) -> None:
    if token == TOKEN:
        return
    assert stranger.get("/api/scenarios", headers={HEADER: token}).status_code == 401


SERVED = {entry.name for entry in (files("depotopt.web") / "assets").iterdir()}


@SLOW
@given(path=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_no_path_leads_out_of_what_is_served(client: TestClient, path: str) -> None:
    for home in ("/report/", "/assets/", "/api/jobs/x/", "/report/minimal/"):
        if home == "/assets/" and path in SERVED:
            continue
        answer = client.get(home + path.replace("#", "%23").replace("?", "%3F"))
        assert answer.status_code in (404, 405), (home, path, answer.text[:80])


@pytest.mark.parametrize(
    "path",
    ["/report/..%2f..%2fetc/passwd", "/report/.jobs/index.sqlite", "/assets/..%2fapp.py", "//etc/passwd"],
)
def test_climbing_paths_find_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
