"""The committed bundle is the one its sources make."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
ASSETS = ROOT / "src" / "depotopt" / "report" / "assets"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record() -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = json.loads((ASSETS / "map.built.json").read_text(encoding="utf-8"))
    return read


def test_the_bundle_was_built_from_these_sources() -> None:
    """After a change under frontend/ run `npm ci && npm run build` there and commit the assets."""
    sources = list((FRONTEND / "src").iterdir())
    sources += [FRONTEND / name for name in ("build.mjs", "package.json", "package-lock.json")]
    now = {path.relative_to(FRONTEND).as_posix(): sha256(path) for path in sources}
    assert now == record()["sources"]


def test_the_bundle_is_the_one_that_was_built() -> None:
    assert {name: sha256(ASSETS / name) for name in record()["built"]} == record()["built"]


def test_the_licence_of_openlayers_travels_with_the_bundle() -> None:
    head = (ASSETS / "map.js").read_text(encoding="utf-8")[:3000]
    assert "OpenLayers Contributors" in head
    assert "Redistributions in binary form must reproduce the above" in head


def test_building_again_gives_the_same_bundle(tmp_path: Path) -> None:
    if shutil.which("node") is None or not (FRONTEND / "node_modules" / "esbuild").is_dir():
        pytest.skip("no Node or no `npm ci` under frontend/")
    copy = tmp_path / "frontend"
    copy.mkdir()
    for name in ("src", "node_modules"):
        (copy / name).symlink_to(FRONTEND / name)
    for name in ("build.mjs", "package.json", "package-lock.json"):
        shutil.copy(FRONTEND / name, copy / name)
    assets = tmp_path / "src" / "depotopt" / "report" / "assets"
    assets.mkdir(parents=True)
    subprocess.run(["node", "build.mjs"], cwd=copy, check=True, capture_output=True)
    for name in ("map.js", "map.css", "map.built.json"):
        assert (assets / name).read_bytes() == (ASSETS / name).read_bytes(), name
