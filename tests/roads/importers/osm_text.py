"""Small OpenStreetMap files for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr


@dataclass(frozen=True)
class Way:
    """A way through nodes, residential unless its tags say otherwise."""

    nodes: str
    tags: Mapping[str, str] = field(default_factory=dict)


STEP = 0.001


def write_osm(
    file: Path,
    ways: Sequence[Way],
    *,
    tagged: Mapping[str, Mapping[str, str]] | None = None,
    absent: str = "",
) -> Path:
    """Write ways through nodes named by letters.

    Node ``a`` lies at longitude 0, ``b`` 0.001 degrees east of it and so on; capital letters lie 0.001
    degrees north of their small ones. Way ``k`` (from 1) has the identifier ``100 k``.

    Parameters
    ----------
    file
        File to write.
    ways
        Ways.
    tagged
        Tags of nodes.
    absent
        Nodes that ways use and the file does not have.
    """
    lines = ['<osm version="0.6">']
    for name in sorted({name for way in ways for name in way.nodes} - set(absent)):
        lon, lat = (ord(name.lower()) - ord("a")) * STEP, STEP * name.isupper()
        lines.append(f'<node id="{ord(name)}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">')
        lines += _tags((tagged or {}).get(name, {}))
        lines.append("</node>")
    for number, way in enumerate(ways, start=1):
        lines.append(f'<way id="{100 * number}" version="1">')
        lines += [f'<nd ref="{ord(name)}"/>' for name in way.nodes]
        lines += _tags({"highway": "residential", **way.tags})
        lines.append("</way>")
    file.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return file


def _tags(tags: Mapping[str, str]) -> list[str]:
    return [f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items()]
