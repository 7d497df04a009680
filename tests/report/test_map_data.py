from __future__ import annotations

import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest

from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.ledger import draw_ledger
from depotopt.report.map_data import pack_map
from depotopt.report.map_page import page_of
from depotopt.report.packing import from_text, read_varints, unpack_lines, unzigzag
from depotopt.report.pieces import CLASS_RANK, road_pieces
from depotopt.report.routes import trip_legs
from depotopt.report.wording import Wording


@pytest.fixture(scope="module")
def blocks(content: ReportContent) -> dict[str, bytes]:
    packed = pack_map(content, draw_ledger(content), road_pieces(content.network), ())
    return {name: from_text(text) for name, text in packed.items()}


def test_roads_come_back_to_a_decimetre(content: ReportContent, blocks: dict[str, bytes]) -> None:
    first, lonlat = unpack_lines(blocks["roads"])
    pieces = road_pieces(content.network)
    assert first.tolist() == pieces.first.tolist()
    assert np.abs(lonlat - pieces.lonlat).max() <= 0.51e-6


def test_attributes_name_class_and_street_of_each_piece(
    content: ReportContent, blocks: dict[str, bytes]
) -> None:
    pieces, plan = road_pieces(content.network), json.loads(blocks["plan"])
    count, data = len(pieces), blocks["attributes"]
    names = read_varints(data[2 * count :])
    for piece in range(0, count, 5):
        assert CLASS_RANK[data[piece]] == plan["meta"]["classes"][data[piece]]
        assert plan["names"][names[piece]] == content.network.streets.name[pieces.street[piece]]
        assert bool(data[count + piece] & 1) == bool(pieces.bridge[piece])


def test_paths_lead_over_the_pieces_of_each_leg(content: ReportContent, blocks: dict[str, bytes]) -> None:
    values = read_varints(blocks["paths"])
    legs = trip_legs(content, road_pieces(content.network))
    assert values[0] == len(legs) > 0
    counts = values[1 : len(legs) + 1]
    codes = np.cumsum(unzigzag(values[len(legs) + 1 :]))
    for part, leg in zip(np.split(codes, np.cumsum(counts)[:-1]), legs, strict=True):
        assert part.tolist() == leg.piece.tolist()


def test_legs_are_unbroken_lines(content: ReportContent) -> None:
    """Neighbouring vertices of a leg stay within one link of each other."""
    longest = max(
        np.abs(np.diff(content.network.line(link), axis=0)).max() for link in range(content.network.links)
    )
    for leg in trip_legs(content, road_pieces(content.network)):
        assert np.abs(np.diff(leg.lonlat, axis=0)).max() <= longest


def test_the_policy_names_the_very_script_and_style_of_the_page(report: ReportFiles) -> None:
    page = report.map.read_text(encoding="utf-8")
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (source,) = re.findall(rf"{tag}-src 'sha256-([^']*)'", policy)
        body = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[-1]
        assert base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() == source


def test_a_title_cannot_break_out_of_the_page() -> None:
    page = page_of({}, "</title><script>alert(1)</script>", Wording())
    assert "<script>alert" not in page
