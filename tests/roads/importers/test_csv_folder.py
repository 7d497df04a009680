"""Roads from nodes.csv and links.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.roads.importers import read_network
from depotopt.roads.network import ROAD_CLASSES, SpeedSource, StreetKind

NODES = "node,lon,lat\na,0,0\nb,0.01,0\nc,0.02,0\nd,0.02,0.01\n"
LINKS = "tail,head,length_m\na,b,1000\nb,c,1100\nc,d,1200\n"


def folder(tmp_path: Path, links: str = LINKS, nodes: str = NODES) -> Path:
    home = tmp_path / "roads"
    home.mkdir()
    (home / "nodes.csv").write_text(nodes, encoding="utf-8")
    (home / "links.csv").write_text(links, encoding="utf-8")
    return home


def faults(home: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_network(home)
    return [str(fault) for fault in caught.value.faults]


def test_links_lead_both_ways_at_the_default_speed(tmp_path: Path) -> None:
    network = read_network(folder(tmp_path), default_speed_kmh=36.0)
    assert (network.nodes, network.links, len(network.streets)) == (4, 6, 3)
    assert network.tail.tolist() == [0, 1, 1, 2, 2, 3]
    assert network.head.tolist() == [1, 0, 2, 1, 3, 2]
    assert network.free_flow_s.tolist() == [100.0, 100.0, 110.0, 110.0, 120.0, 120.0]
    assert set(network.speed_source.tolist()) == {SpeedSource.ASSUMED}
    assert network.dropped == {}


def test_both_directions_share_their_street_and_line(tmp_path: Path) -> None:
    network = read_network(folder(tmp_path))
    assert network.street[0] == network.street[1]
    assert network.streets.ident == ("sa-b", "sb-c", "sc-d")
    assert np.array_equal(network.line(0), network.line(1)[::-1])


def test_oneway_roads_have_one_link(tmp_path: Path) -> None:
    text = "tail,head,length_m,oneway\na,b,1,1\nb,c,1,1\nc,a,1,1\nc,d,1,0\n"
    network = read_network(folder(tmp_path, text))
    assert list(zip(network.tail.tolist(), network.head.tolist(), strict=True)) == [
        *((0, 1), (1, 2), (2, 0)),
        *((2, 3), (3, 2)),
    ]


def test_speed_comes_from_the_cell_then_the_class_then_the_default(tmp_path: Path) -> None:
    text = "tail,head,length_m,road_class,speed_kmh\na,b,1000,primary,36\nb,c,1000,primary,\nc,d,1000,,\n"
    network = read_network(folder(tmp_path, text), default_speed_kmh=100.0)
    forward = network.tail < network.head
    assert network.speed_source[forward].tolist() == [
        SpeedSource.TAG,
        SpeedSource.CLASS_TABLE,
        SpeedSource.ASSUMED,
    ]
    assert network.free_flow_s[forward] == pytest.approx([100.0, 3600 / 65, 36.0])
    assert [ROAD_CLASSES[c] for c in network.road_class[forward]] == ["primary", "primary", "highway"]


def test_flags_limits_and_names_are_kept(tmp_path: Path) -> None:
    text = (
        "tail,head,length_m,bridge,tunnel,ford,max_weight_kg,max_height_m,name\n"
        "a,b,1,1,0,0,7500,,Old Bridge\nb,c,1,0,1,0,,3.5,\nc,d,1,0,0,1,,,\n"
    )
    network = read_network(folder(tmp_path, text))
    forward = network.tail < network.head
    assert network.bridge[forward].tolist() == [True, False, False]
    assert network.tunnel[forward].tolist() == [False, True, False]
    assert network.ford[forward].tolist() == [False, False, True]
    assert network.max_weight_kg[forward].tolist() == [7500.0, np.inf, np.inf]
    assert network.max_height_m[forward].tolist() == [np.inf, 3.5, np.inf]
    assert network.streets.ident == ("ba-b", "tb-c", "fc-d")
    assert network.streets.name == ("Old Bridge", "", "")
    assert network.streets.kind.tolist() == [StreetKind.BRIDGE, StreetKind.TUNNEL, StreetKind.FORD]


def test_links_that_name_a_street_are_one_piece(tmp_path: Path) -> None:
    text = "tail,head,length_m,street,name,bridge\na,b,1,S1,High Street,0\nb,c,1,S1,,1\nc,d,1,,,1\n"
    network = read_network(folder(tmp_path, text))
    assert network.streets.ident == ("bc-d", "S1")
    assert network.streets.kind.tolist() == [StreetKind.BRIDGE, StreetKind.STREET]
    assert len(network.links_of_street[1][network.links_of_street[0][1] :]) == 4


def test_what_cannot_be_reached_and_left_is_dropped_and_reported(tmp_path: Path) -> None:
    nodes = NODES + "e,1,1\nf,1.01,1\n"
    text = LINKS + "e,f,5000\n"
    network = read_network(folder(tmp_path, text, nodes))
    assert network.nodes == 4
    assert network.dropped == {
        "nodes outside the largest strongly connected component": 2.0,
        "links outside the largest strongly connected component": 2.0,
        "km outside the largest strongly connected component": 5.0,
    }


def test_attribution_comes_from_its_file(tmp_path: Path) -> None:
    home = folder(tmp_path)
    (home / "ATTRIBUTION.txt").write_text("(c) somebody\n", encoding="utf-8")
    assert read_network(home).attribution == "(c) somebody"


def test_an_attribution_in_another_encoding_is_a_fault(tmp_path: Path) -> None:
    home = folder(tmp_path)
    (home / "ATTRIBUTION.txt").write_bytes("© somebody".encode("latin-1"))
    assert faults(home) == [
        "roads/ATTRIBUTION.txt   found byte 0 that is not UTF-8, expected text saved as UTF-8"
    ]


def test_blank_lines_and_byte_order_marks_are_no_fault(tmp_path: Path) -> None:
    network = read_network(folder(tmp_path, "\ufeff" + LINKS + "\n,,\n"))
    assert network.links == 6


BAD_LINKS = [
    ("a,b,-5", "roads/links.csv  row 2, column length_m   found '-5', expected a length in metres >= 0"),
    ("a,b,12O", "roads/links.csv  row 2, column length_m   found '12O', expected a length in metres >= 0"),
    ("a,b,nan", "roads/links.csv  row 2, column length_m   found 'nan', expected a length in metres >= 0"),
    ("a,b,", "roads/links.csv  row 2, column length_m   found nothing, expected a length in metres >= 0"),
    ("a,x,5", "roads/links.csv  row 2, column head   found 'x', no such node"),
    (",b,5", "roads/links.csv  row 2, column tail   found nothing, expected a node"),
    ("a,a,5", "roads/links.csv  row 2, column head   found 'a', expected another node than the tail"),
    ("a,b", "roads/links.csv  row 2   found 2 cells, expected 3 as in the header"),
]


@pytest.mark.parametrize(("row", "message"), BAD_LINKS)
def test_a_bad_link_is_a_fault_with_its_place(tmp_path: Path, row: str, message: str) -> None:
    assert faults(folder(tmp_path, f"tail,head,length_m\n{row}\n")) == [message]


BAD_CELLS = [
    ("road_class", "motorwya", "expected one of motorway, trunk"),
    ("oneway", "yes", "found 'yes', expected 0 or 1"),
    ("bridge", "2", "found '2', expected 0 or 1"),
    ("max_weight_kg", "0", "found '0', expected a number > 0"),
    ("max_height_m", "-1", "found '-1', expected a number > 0"),
    ("speed_kmh", "0", "found '0', expected a speed > 0 and <= 300"),
]


@pytest.mark.parametrize(("column", "cell", "message"), BAD_CELLS)
def test_a_bad_optional_cell_is_a_fault(tmp_path: Path, column: str, cell: str, message: str) -> None:
    [fault] = faults(folder(tmp_path, f"tail,head,length_m,{column}\na,b,1,{cell}\n"))
    assert fault.startswith(f"roads/links.csv  row 2, column {column} ")
    assert message in fault


BAD_NODES = [
    ("a,200,0", "row 2, column lon   found '200', expected a longitude from -180 to 180 degrees"),
    ("a,0,91", "row 2, column lat   found '91', expected a latitude from -90 to 90 degrees"),
    ("a,0,0\na,1,1", "row 3, column node   found 'a', that is the node of row 2"),
    (",0,0", "row 2, column node   found nothing, expected an identifier"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_NODES)
def test_a_bad_node_is_a_fault(tmp_path: Path, rows: str, message: str) -> None:
    found = faults(folder(tmp_path, "tail,head,length_m\n", f"node,lon,lat\n{rows}\n"))
    assert f"roads/nodes.csv  {message}" in found


def test_unknown_missing_and_repeated_columns_are_faults(tmp_path: Path) -> None:
    assert faults(folder(tmp_path, "tail,head,lenght_m,brige,tail\n")) == [
        "roads/links.csv  header   found 'brige', no such column (did you mean 'bridge'?)",
        "roads/links.csv  header   found 'lenght_m', no such column (did you mean 'length_m'?)",
        "roads/links.csv  header   found 'tail' twice, expected it once",
        "roads/links.csv  header   found no such column, expected column length_m",
    ]


def test_all_faults_of_both_files_come_at_once(tmp_path: Path) -> None:
    home = folder(tmp_path, "tail,head,length_m\na,b,-1\na,q,-2\n", NODES + "d,0,0\n")
    assert len(faults(home)) == 4


def test_a_connector_needs_a_speed_and_is_always_an_assumption(tmp_path: Path) -> None:
    text = "tail,head,length_m,road_class,speed_kmh\na,b,1,connector,{}\n"
    [fault] = faults(folder(tmp_path, text.format("")))
    assert "found nothing, expected the assumed speed of this connector" in fault
    (tmp_path / "roads" / "links.csv").write_text(text.format(30), encoding="utf-8")
    assert set(read_network(tmp_path / "roads").speed_source.tolist()) == {SpeedSource.ASSUMED}


def test_missing_files_bad_encodings_and_empty_tables_are_faults(tmp_path: Path) -> None:
    home = folder(tmp_path)
    (home / "links.csv").unlink()
    [missing] = faults(home)
    assert missing.startswith("roads/links.csv   found no such file, expected columns tail, head, length_m")
    (home / "links.csv").write_bytes(b"tail,head,length_m\n\xff")
    assert faults(home) == ["roads/links.csv   found byte 19 that is not UTF-8, expected text saved as UTF-8"]
    (home / "links.csv").write_text("tail,head,length_m\n", encoding="utf-8")
    assert faults(home) == ["roads/links.csv   found no links, expected at least one"]


def test_without_nodes_the_links_are_not_blamed(tmp_path: Path) -> None:
    assert faults(folder(tmp_path, nodes="node,lon,lat\n")) == [
        "roads/nodes.csv   found no nodes, expected at least two"
    ]


def test_a_path_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path / "nowhere") == ["nowhere   found no such file or folder, expected roads"]
