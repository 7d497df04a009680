"""The committed bundles are the ones their sources make, and installing needs no Node."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
PACKAGE = ROOT / "src" / "depotopt"
REPORT, WEB = PACKAGE / "report" / "assets", PACKAGE / "web" / "assets"
RECORDS = {"map": REPORT / "map.built.json", "app": WEB / "app.built.json"}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record(path: Path) -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("name", RECORDS)
def test_a_bundle_was_built_from_these_sources(name: str) -> None:
    """After a change under frontend/ run `npm ci && npm run build` there and commit the assets."""
    built_from = record(RECORDS[name])["sources"]
    assert {source: sha256(FRONTEND / source) for source in built_from} == built_from


def test_every_source_is_in_a_bundle() -> None:
    """A file nobody imports is dead, and a record that leaves one out proves nothing."""
    built_from = {source for path in RECORDS.values() for source in record(path)["sources"]}
    there = [*(FRONTEND / "src").iterdir(), *(FRONTEND / "desk").iterdir(), *FRONTEND.glob("*.mjs")]
    assert {path.relative_to(FRONTEND).as_posix() for path in there} <= built_from


@pytest.mark.parametrize("name", RECORDS)
def test_a_bundle_is_the_one_that_was_built(name: str) -> None:
    built = record(RECORDS[name])["built"]
    assert {file: sha256(RECORDS[name].parent / file) for file in built} == built
    assert set(built) == {f"{name}.css", f"{name}.js"}


def test_the_licence_of_openlayers_travels_with_the_bundle() -> None:
    head = (REPORT / "map.js").read_text(encoding="utf-8")[:3000]
    assert "OpenLayers Contributors" in head
    assert "Redistributions in binary form must reproduce the above" in head


def test_installing_needs_no_node() -> None:
    """The package is built by a Python build system alone, without hooks, from committed bundles."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["requires"] == ["hatchling>=1.25"]
    hatch = project.get("tool", {}).get("hatch", {})
    assert "hooks" not in hatch.get("build", {})
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    committed = set(listed.stdout.split())
    for path in RECORDS.values():
        for file in record(path)["built"]:
            assert (path.parent / file).relative_to(ROOT).as_posix() in committed


def test_building_again_gives_the_same_bundles(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("no Node")
    if not (FRONTEND / "node_modules" / "esbuild").is_dir():
        # CI has Node: there an installation that failed must not pass for a page that was looked at.
        assert not os.environ.get("CI"), "no `npm ci` under frontend/"
        pytest.skip("no `npm ci` under frontend/")
    copy = tmp_path / "frontend"
    copy.mkdir()
    (copy / "node_modules").symlink_to(FRONTEND / "node_modules")
    for name in ("src", "desk"):
        shutil.copytree(FRONTEND / name, copy / name)
    for path in (*FRONTEND.glob("*.mjs"), *FRONTEND.glob("*.json")):
        shutil.copy(path, copy / path.name)
    made = {assets: tmp_path / assets.relative_to(ROOT) for assets in (REPORT, WEB)}
    for folder in made.values():
        folder.mkdir(parents=True)
    subprocess.run(["node", "build.mjs"], cwd=copy, check=True, capture_output=True)
    for assets, folder in made.items():
        for path in folder.iterdir():
            assert path.read_bytes() == (assets / path.name).read_bytes(), path.name
