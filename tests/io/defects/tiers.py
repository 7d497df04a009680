"""Defects of tiers: size classes, counts, coverage, support, owners."""

from __future__ import annotations

from tests.io.minimal_copy import (
    Case,
    cell,
    cut,
    edit,
    together,
)

CASES = [
    Case(
        "no tiers",
        cut("scenario.toml", "# Tiers", "[hazards.river]"),
        [("scenario.toml  tiers", "no such key", "expected at least one tier")],
    ),
    Case(
        "no size classes",
        edit(
            "scenario.toml",
            '[{ id = "large", capacity_m3 = 500, capacity_kg = 200000, fixed_cost = 5000 }]',
            "[]",
        ),
        [("scenario.toml  tiers.county.size_classes", "an empty list", "expected at least one size class")],
    ),
    Case(
        "duplicate size class",
        edit("scenario.toml", 'id = "hall"', 'id = "room"'),
        [("scenario.toml  tiers.township.size_classes[1].id", "'room'", "already in this tier")],
    ),
    Case(
        "size class key",
        edit("scenario.toml", "capacity_m3 = 50,", "capacity = 50,"),
        [
            (
                "scenario.toml  tiers.township.size_classes[1].capacity",
                "'capacity'",
                "no such key (did you mean 'capacity_m3'?)",
            ),
            (
                "scenario.toml  tiers.township.size_classes[1].capacity_m3",
                "no such key",
                "expected a number >= 0",
            ),
        ],
    ),
    Case(
        "count without number",
        edit("scenario.toml", "[{ max = 1 }]", '[{ kind = "school" }]'),
        [("scenario.toml  tiers.township.counts[0]", "no number", "expected exact, min or max")],
    ),
    Case(
        "exact beside min",
        edit("scenario.toml", "[{ exact = 1 }]", "[{ exact = 1, min = 1 }]"),
        [("scenario.toml  tiers.county.counts[0]", "exact beside min or max", "expected exact alone")],
    ),
    Case(
        "min above max",
        edit("scenario.toml", "[{ max = 1 }]", "[{ min = 2, max = 1 }]"),
        [("scenario.toml  tiers.township.counts[0]", "min 2 above max 1", "expected min <= max")],
    ),
    Case(
        "more than possible",
        edit("scenario.toml", "[{ exact = 1 }]", "[{ exact = 2 }]"),
        [("scenario.toml  tiers.county.counts[0].exact", "2", "above the number of its possible sites: 1")],
    ),
    Case(
        "more than possible per zone",
        edit("scenario.toml", "[{ max = 1 }]", '[{ min = 2, zone = "*" }]'),
        [
            (
                "scenario.toml  tiers.township.counts[0].min",
                "2",
                "above the number of its possible sites in zone 'east': 1",
            ),
            (
                "scenario.toml  tiers.township.counts[0].min",
                "2",
                "above the number of its possible sites in zone 'west': 1",
            ),
        ],
    ),
    Case(
        "fewer than must open",
        edit("scenario.toml", "[{ exact = 1 }]", "[{ max = 0 }]"),
        [("scenario.toml  tiers.county.counts[0].max", "0", "below its 1 must-open sites: WEST")],
    ),
    Case(
        "unknown kind in count",
        edit("scenario.toml", "[{ max = 1 }]", '[{ max = 1, kind = "shcool" }]'),
        [
            (
                "scenario.toml  tiers.township.counts[0].kind",
                "'shcool'",
                "no site has this kind (did you mean 'school'?)",
            )
        ],
    ),
    Case(
        "unknown zone in count",
        edit("scenario.toml", "[{ max = 1 }]", '[{ max = 1, zone = "esat" }]'),
        [
            (
                "scenario.toml  tiers.township.counts[0].zone",
                "'esat'",
                "no site has this zone (did you mean 'west'?)",
            )
        ],
    ),
    Case(
        "fractional count",
        edit("scenario.toml", "[{ max = 1 }]", "[{ max = 1.5 }]"),
        [("scenario.toml  tiers.township.counts[0].max", "1.5", "expected a whole number >= 0")],
    ),
    Case(
        "tier without sites",
        together(cell("sites", 3, "status", "closed"), cell("sites", 4, "status", "closed")),
        [
            (
                "scenario.toml  tiers.township",
                "no site that may belong to it",
                "expected at least one site with this tier in column tiers that is not closed",
            )
        ],
    ),
    Case(
        "no dispatching tier",
        together(
            edit("scenario.toml", 'title = "County depot"', 'title = "County depot"\ndispatches = false'),
            edit("scenario.toml", 'title = "Township point"', 'title = "Township point"\ndispatches = false'),
        ),
        [("scenario.toml  tiers", "no tier that dispatches", "expected dispatches = true for one at least")],
    ),
    Case(
        "capacity in the wrong unit",
        edit("scenario.toml", "capacity_m3 = 5, capacity_kg = 2000", "capacity_m3 = 5, capacity_kg = 2"),
        [
            (
                "scenario.toml  tiers.township.size_classes[0].capacity_kg",
                "2 kg in 5 m3",
                "expected 1 to 22,590 kg in a cubic metre: are the units right?",
            )
        ],
    ),
    Case(
        "coverage without a standard",
        edit("scenario.toml", "service_standard_min = 60", "uncovered_cost = 5"),
        [
            (f"scenario.toml  tiers.county.{key}", value, "expected service_standard_min beside it")
            for key, value in (("min_coverage", "0.9"), ("uncovered_cost", "5.0"))
        ],
    ),
    Case(
        "grades out of order",
        edit(
            "scenario.toml",
            "service_standard_min = 60",
            "graded = [{ within_min = 30, credit = 0.5 }, { within_min = 20, credit = 0.8 }]",
        ),
        [
            (
                "scenario.toml  tiers.county.graded[1].credit",
                "0.8",
                "expected at most 0.5, the step before",
            ),
            (
                "scenario.toml  tiers.county.graded[1].within_min",
                "20",
                "expected more than 30, the step before",
            ),
        ],
    ),
    Case(
        "support above the top",
        edit("scenario.toml", "service_standard_min = 60", "support_min = 60\nservice_standard_min = 60"),
        [
            (
                "scenario.toml  tiers.county.support_min",
                "60.0",
                "expected none: no tier stands above the top one",
            )
        ],
    ),
    Case(
        "coverage without standard",
        edit("scenario.toml", "service_standard_min = 60\n", ""),
        [("scenario.toml  tiers.county.min_coverage", "0.9", "expected service_standard_min beside it")],
    ),
    Case(
        "replenishment upwards, to a tier that does not dispatch, to none",
        together(
            edit("scenario.toml", 'title = "Township point"', 'title = "Township point"\ndispatches = false'),
            edit(
                "scenario.toml",
                'title = "County depot"',
                'title = "County depot"\nreplenishes = ["county", "township", "towship"]',
            ),
        ),
        [
            (
                "scenario.toml  tiers.county.replenishes[0]",
                "'county'",
                "expected a tier below county: township",
            ),
            ("scenario.toml  tiers.county.replenishes[1]", "'township'", "expected a tier that dispatches"),
            (
                "scenario.toml  tiers.county.replenishes[2]",
                "'towship'",
                "no such tier (did you mean 'township'?)",
            ),
        ],
    ),
    Case(
        "replenishment below the lowest tier",
        edit(
            "scenario.toml",
            'title = "Township point"',
            'title = "Township point"\nreplenishes = ["county"]',
        ),
        [
            (
                "scenario.toml  tiers.township.replenishes[0]",
                "'county'",
                "expected none: no tier stands below township",
            )
        ],
    ),
    Case(
        "a size class without room where nothing passes through",
        edit("scenario.toml", "capacity_m3 = 5, capacity_kg = 2000", "capacity_m3 = 0, capacity_kg = 0"),
        [
            (
                f"scenario.toml  tiers.township.size_classes[0].{key}",
                "0",
                "expected a number > 0; 0 only for both capacities, in a tier that others replenish",
            )
            for key in ("capacity_kg", "capacity_m3")
        ],
    ),
    Case(
        "budget of an owner that has no site",
        together(
            cell("sites", 2, "owner", "County bureau"),
            edit(
                "scenario.toml",
                "horizon_days = 2",
                'horizon_days = 2\nowner_budgets = { "County burea" = 9 }',
            ),
        ),
        [
            (
                "scenario.toml  rules.owner_budgets.County burea",
                "'County burea'",
                "no site has this owner or co-funder (did you mean 'County bureau'?)",
            )
        ],
    ),
    Case(
        "a class the first tier does not have, co-funders of nothing",
        together(cell("sites", 2, "size_class", "larg"), cell("sites", 3, "co_funders", "Province")),
        [
            (
                "tables/sites.csv  row 2, column size_class",
                "'larg'",
                "tier county has no such size class (did you mean 'large'?)",
            ),
            (
                "tables/sites.csv  row 3, column co_funders",
                "'Province'",
                "expected blank: with cost_share 1 nothing is left for others to bear",
            ),
        ],
    ),
]
