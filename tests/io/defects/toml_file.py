"""Defects of ``scenario.toml``: its form, its keys, its objective."""

from __future__ import annotations

from tests.io.minimal_copy import (
    Case,
    append,
    edit,
    remove,
    together,
    write,
)

CASES = [
    Case(
        "no scenario.toml",
        remove("scenario.toml"),
        [("scenario.toml", "no such file", "expected a scenario folder with scenario.toml")],
    ),
    Case(
        "broken toml",
        append("scenario.toml", "[rules\n"),
        [
            (
                "scenario.toml  line 71, column 7",
                "broken TOML (Cannot declare ('rules',) twice)",
                "expected TOML",
            )
        ],
    ),
    Case(
        "toml encoding",
        write("scenario.toml", b'title = "\xff"'),
        [("scenario.toml", "text that is not UTF-8", "expected UTF-8 text")],
    ),
    Case(
        "toml twice",
        append("scenario.toml", "[tiers.county]\n"),
        [
            (
                "scenario.toml  line 71, column 14",
                "broken TOML (Cannot declare ('tiers', 'county') twice)",
                "expected TOML",
            )
        ],
    ),
    Case(
        "unknown key",
        edit("scenario.toml", "response_h = 8", "respons_h = 8"),
        [("scenario.toml  rules.respons_h", "'respons_h'", "no such key (did you mean 'response_h'?)")],
    ),
    Case(
        "unknown block",
        append("scenario.toml", "[rule]\na = 1\n"),
        [("scenario.toml  rule", "'rule'", "no such key (did you mean 'rules'?)")],
    ),
    Case(
        "missing title",
        edit("scenario.toml", 'title = "Two banks"\n', ""),
        [("scenario.toml  title", "no such key", "expected text in quotes")],
    ),
    Case(
        "missing roads",
        edit("scenario.toml", '[roads]\npath = "roads"\nsnap_limit_m = 500\naccess_speed_kmh = 20\n', ""),
        [
            (
                "scenario.toml  roads",
                "no such key",
                "expected a table: Where the roads come from and how places are tied to them.",
            )
        ],
    ),
    Case(
        "number as text",
        edit("scenario.toml", "horizon_days = 2", 'horizon_days = "2"'),
        [("scenario.toml  rules.horizon_days", "'2'", "expected a number > 0")],
    ),
    Case(
        "toml nan",
        edit("scenario.toml", "horizon_days = 2", "horizon_days = nan"),
        [("scenario.toml  rules.horizon_days", "nan", "expected a number > 0")],
    ),
    Case(
        "boolean as number",
        edit("scenario.toml", "horizon_days = 2", "horizon_days = true"),
        [("scenario.toml  rules.horizon_days", "true", "expected a number > 0")],
    ),
    Case(
        "text as boolean",
        edit("scenario.toml", 'title = "County depot"', 'title = "County depot"\ndispatches = "yes"'),
        [("scenario.toml  tiers.county.dispatches", "'yes'", "expected true or false")],
    ),
    Case(
        "zero horizon",
        edit("scenario.toml", "horizon_days = 2", "horizon_days = 0"),
        [("scenario.toml  rules.horizon_days", "0", "expected a number > 0")],
    ),
    Case(
        "gap of one",
        edit("scenario.toml", "gap = 0.0001", "gap = 1.0"),
        [("scenario.toml  siting.gap", "1.0", "expected a number >= 0 and < 1")],
    ),
    Case(
        "start without offset",
        edit("scenario.toml", "T06:00:00+00:00", "T06:00:00"),
        [
            (
                "scenario.toml  start",
                "2027-03-01T06:00:00",
                "expected a date and time with offset like 2027-03-31T08:00:00+08:00",
            )
        ],
    ),
    Case(
        "start as text",
        edit("scenario.toml", "2027-03-01T06:00:00+00:00", '"tomorrow"'),
        [
            (
                "scenario.toml  start",
                "'tomorrow'",
                "expected a date and time with offset like 2027-03-31T08:00:00+08:00",
            )
        ],
    ),
    Case(
        "measure twice in an order",
        append("scenario.toml", '[objective]\nlexicographic = ["mean", "cost", "mean"]\n'),
        [
            (
                "scenario.toml  objective.lexicographic",
                "mean, cost, mean",
                "expected each measure once",
            )
        ],
    ),
    Case(
        "weights beside an order",
        append("scenario.toml", '[objective]\nlexicographic = ["mean", "cost"]\ncvar = 2\nworst = 0.5\n'),
        [
            (
                "scenario.toml  objective.cvar",
                "2",
                "expected no weight beside lexicographic: the order takes its place",
            ),
            (
                "scenario.toml  objective.worst",
                "0.5",
                "expected no weight beside lexicographic: the order takes its place",
            ),
        ],
    ),
    Case(
        "late classes out of order",
        append(
            "scenario.toml",
            "[objective]\nlate = [{ after_h = 4, cost_per_t = 9 }, { after_h = 3, cost_per_t = 5 }]\n",
        ),
        [
            ("scenario.toml  objective.late[1].after_h", "3", "expected more than 4, the class before"),
            ("scenario.toml  objective.late[1].cost_per_t", "5", "expected at least 9, the class before"),
        ],
    ),
    Case(
        "inequality of too many points",
        together(
            append("scenario.toml", '[objective]\nlexicographic = ["inequality", "mean"]\n'),
            append("tables/demand_points.csv", "".join(f"Q{n},,100.1,30,9,,,,,,\n" for n in range(97))),
        ),
        [
            (
                "scenario.toml  objective.lexicographic",
                "inequality, mean",
                "expected at most 100 demand points with people for it, there are 101",
            )
        ],
    ),
    Case(
        "late class worth more than a year on the road",
        append("scenario.toml", "[objective]\nlate = [{ after_h = 4, cost_per_t = 10001 }]\n"),
        [
            (
                "scenario.toml  objective.late[0].cost_per_t",
                "10001",
                "expected at most 10,000 times transport_cost_per_th, 1",
            )
        ],
    ),
    Case(
        "farthest alone",
        append("scenario.toml", '[objective]\nlexicographic = ["cost", "farthest"]\n'),
        [
            (
                "scenario.toml  objective.lexicographic",
                "cost, farthest",
                "expected one of farthest and inequality at most, first, before others",
            )
        ],
    ),
    Case(
        "same seeds",
        edit("scenario.toml", "unseen_seed = 2", "unseen_seed = 1"),
        [
            (
                "scenario.toml  ensemble.unseen_seed",
                "1",
                (
                    "expected a seed other than design_seed: a layout is not judged on the states it was "
                    "chosen on"
                ),
            )
        ],
    ),
    Case(
        "unknown siting vehicle",
        edit("scenario.toml", "horizon_days = 2", 'horizon_days = 2\nsiting_vehicle = "vann"'),
        [("scenario.toml  rules.siting_vehicle", "'vann'", "no such vehicle type (did you mean 'van'?)")],
    ),
    Case(
        "roads missing",
        edit("scenario.toml", 'path = "roads"', 'path = "road"'),
        [("scenario.toml  roads.path", "'road'", "no such file or folder")],
    ),
    Case(
        "unknown entry accepted",
        edit("scenario.toml", 'title = "Two banks"', 'title = "Two banks"\naccept_unverified = ["bp-5"]'),
        [
            (
                "scenario.toml  accept_unverified[0]",
                "'bp-5'",
                "no catalogue entry with unverified values (did you mean 'bp5'?)",
            )
        ],
    ),
    Case(
        "roads folder without nodes",
        edit("scenario.toml", 'path = "roads"', 'path = "tables"'),
        [
            (
                "scenario.toml  roads.path",
                "'tables'",
                "expected a folder with nodes.csv and links.csv, or a file",
            )
        ],
    ),
    Case(
        "roads blank",
        edit("scenario.toml", 'path = "roads"', 'path = " "'),
        [("scenario.toml  roads.path", "''", "no such file or folder")],
    ),
]
