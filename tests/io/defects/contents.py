"""Defects of identifiers, and contradictions between tables."""

from __future__ import annotations

from tests.io.minimal_copy import (
    Case,
    append,
    cell,
    together,
    write,
)

CASES = [
    Case(
        "duplicate site",
        cell("sites", 4, "id", "EAST"),
        [("tables/sites.csv  row 4, column id", "'EAST'", "already in row 3")],
    ),
    Case(
        "duplicate lot",
        cell("stock", 3, "lot", "W-OLD"),
        [("tables/stock.csv  row 3, column lot", "'W-OLD'", "already in row 2")],
    ),
    Case(
        "duplicate fleet row",
        append("tables/fleet.csv", "van,WEST,2\n"),
        [("tables/fleet.csv  row 4, column vehicle_type", "'van/WEST'", "already in row 3")],
    ),
    Case(
        "point named like a site",
        cell("demand_points", 4, "id", "NORTH"),
        [("tables/demand_points.csv  row 4, column id", "'NORTH'", "already the identifier of a site")],
    ),
    Case(
        "lot named like a new one",
        cell("stock", 2, "lot", "new/WEST/water"),
        [
            (
                "tables/stock.csv  row 2, column lot",
                "'new/WEST/water'",
                "expected a name that does not begin with new/ or new-agreement/",
            )
        ],
    ),
    Case(
        "site twice in a tier",
        cell("sites", 3, "tiers", "township;township"),
        [("tables/sites.csv  row 3, column tiers", "'township;township'", "expected each tier once")],
    ),
    Case(
        "litres for cubic metres",
        together(
            cell("commodities", 3, "kg_per_unit", "55"),
            cell("commodities", 3, "m3_per_unit", "280"),
            write("tables/stock.csv", "lot,site,commodity,quantity\nW,WEST,water,10\n"),
        ),
        [
            (
                "tables/commodities.csv  row 3, column m3_per_unit",
                "55 kg in 280 m3",
                "expected 1 to 22,590 kg in a cubic metre: are the units right?",
            )
        ],
    ),
    Case(
        "site with room for something denser than osmium",
        together(cell("sites", 3, "capacity_kg", "1000000"), cell("sites", 3, "capacity_m3", "10")),
        [
            (
                "tables/sites.csv  row 3, column capacity_m3",
                "1,000,000 kg in 10 m3",
                "expected 1 to 22,590 kg in a cubic metre: are the units right?",
            )
        ],
    ),
    Case(
        "commodity nobody may store",
        together(
            cell("commodities", 2, "commodity_class", "food"),
            cell("commodities", 3, "commodity_class", "shelter"),
            cell("sites", 2, "commodity_classes", "food"),
            cell("sites", 3, "commodity_classes", "food"),
            cell("sites", 4, "commodity_classes", "food"),
            write("tables/stock.csv", "lot,site,commodity,quantity\nW,WEST,water,10\n"),
        ),
        [
            (
                "tables/commodities.csv  row 3, column commodity_class",
                "class 'shelter' of tent",
                "no site that may open stores this class; they store 'food'",
            )
        ],
    ),
    Case(
        "stock at unknown site",
        cell("stock", 3, "site", "WST"),
        [("tables/stock.csv  row 3, column site", "'WST'", "no such site (did you mean 'WEST'?)")],
    ),
    Case(
        "stock of unknown commodity",
        cell("stock", 3, "commodity", "watre"),
        [
            (
                "tables/stock.csv  row 3, column commodity",
                "'watre'",
                "no such commodity (did you mean 'water'?)",
            )
        ],
    ),
    Case(
        "own stock at unknown point",
        cell("own_stock", 2, "point", "P-HIL"),
        [
            (
                "tables/own_stock.csv  row 2, column point",
                "'P-HIL'",
                "no such demand point (did you mean 'P-HILL'?)",
            )
        ],
    ),
    Case(
        "fleet at unknown site",
        cell("fleet", 2, "site", "west"),
        [("tables/fleet.csv  row 2, column site", "'west'", "no such site (did you mean 'WEST'?)")],
    ),
    Case(
        "fleet of unknown type",
        cell("fleet", 2, "vehicle_type", "lorry"),
        [("tables/fleet.csv  row 2, column vehicle_type", "'lorry'", "no such vehicle type")],
    ),
    Case(
        "unknown tier",
        cell("sites", 2, "tiers", "contry"),
        [("tables/sites.csv  row 2, column tiers", "'contry'", "no such tier (did you mean 'county'?)")],
    ),
    Case(
        "unknown commodity class",
        cell("sites", 2, "commodity_classes", "livng"),
        [
            (
                "tables/sites.csv  row 2, column commodity_classes",
                "'livng'",
                "no such commodity class (did you mean 'living'?)",
            )
        ],
    ),
    Case(
        "unknown hazard",
        cell("sites", 2, "hazards_excluded", "rivr"),
        [
            (
                "tables/sites.csv  row 2, column hazards_excluded",
                "'rivr'",
                "no such hazard (did you mean 'river'?)",
            )
        ],
    ),
    Case(
        "unknown catalogue entry",
        cell("commodities", 2, "catalog", "watr"),
        [
            (
                "tables/commodities.csv  row 2, column catalog",
                "'watr'",
                "no such catalogue entry (did you mean 'water'?)",
            )
        ],
    ),
    Case(
        "unverified catalogue value",
        cell("commodities", 2, "catalog", "bp5"),
        [
            (
                "tables/commodities.csv  row 2, column catalog",
                (
                    "the unverified value 1 pack/person/day for per_person_day (About 2,290 kcal per 500 "
                    "g pack, against 2,100 kcal (WFP/UNHCR); from memory)"
                ),
                (
                    "expected a value in column per_person_day, or accept_unverified = ['bp5'] in "
                    "scenario.toml"
                ),
            )
        ],
    ),
    Case(
        "connector from nowhere",
        write("tables/connectors.csv", "place,lon,lat,length_m,speed_kmh\nNOWHERE,100,30,500,20\n"),
        [("tables/connectors.csv  row 2, column place", "'NOWHERE'", "no such site or demand point")],
    ),
    Case(
        "stock above weight",
        cell("stock", 3, "quantity", "300000"),
        [
            (
                "tables/stock.csv  row 3, column quantity",
                "'300000'",
                "with it site WEST holds 302,000 kg, above its capacity of 200,000 kg",
            )
        ],
    ),
    Case(
        "stock above volume",
        cell("stock", 4, "quantity", "2000"),
        [
            (
                "tables/stock.csv  row 4, column quantity",
                "'2000'",
                "with it site WEST holds 567 m3, above its capacity of 500 m3",
            )
        ],
    ),
    Case(
        "class not stored",
        together(
            cell("sites", 2, "commodity_classes", "living"),
            cell("commodities", 3, "commodity_class", "equipment"),
        ),
        [
            (
                "tables/stock.csv  row 4, column commodity",
                "'tent' of class 'equipment'",
                "site WEST stores only the classes living",
            ),
            (
                "tables/stock.csv  row 5, column commodity",
                "'tent' of class 'equipment'",
                "site WEST stores only the classes living",
            ),
        ],
    ),
    Case(
        "two need rules",
        together(
            cell("commodities", 2, "per_person_day", "3"), cell("commodities", 2, "persons_per_unit", "5")
        ),
        [
            (
                "tables/commodities.csv  row 2, column per_person_day",
                "both filled",
                "expected exactly one of per_person_day and persons_per_unit",
            )
        ],
    ),
    Case(
        "no need rule",
        together(
            cell("commodities", 2, "catalog", ""),
            cell("commodities", 2, "kg_per_unit", "1"),
            cell("commodities", 2, "m3_per_unit", "0.001"),
        ),
        [
            (
                "tables/commodities.csv  row 2, column per_person_day",
                "both blank",
                "expected exactly one of per_person_day and persons_per_unit",
            )
        ],
    ),
    Case(
        "agreement without terms",
        together(cell("stock", 5, "activation_delay_h", ""), cell("stock", 5, "honour_probability", "")),
        [
            (
                "tables/stock.csv  row 5, column activation_delay_h",
                "blank",
                "expected a value, because mode is agreement",
            ),
            (
                "tables/stock.csv  row 5, column honour_probability",
                "blank",
                "expected a value, because mode is agreement",
            ),
        ],
    ),
    Case(
        "physical with terms",
        cell("stock", 2, "honour_probability", "0.5"),
        [
            (
                "tables/stock.csv  row 2, column honour_probability",
                "'0.5'",
                "expected blank, because mode is physical",
            )
        ],
    ),
    Case(
        "shelter without capacity",
        cell("demand_points", 5, "shelter_capacity", ""),
        [
            (
                "tables/demand_points.csv  row 5, column shelter_capacity",
                "blank",
                "expected the capacity of the shelter, a number > 0",
            )
        ],
    ),
    Case(
        "settlement with capacity",
        cell("demand_points", 2, "shelter_capacity", "50"),
        [
            (
                "tables/demand_points.csv  row 2, column shelter_capacity",
                "'50'",
                "expected blank: a settlement has no shelter capacity",
            )
        ],
    ),
    Case(
        "air without cruise speed",
        cell("vehicle_types", 3, "mode", "air"),
        [
            (
                "tables/vehicle_types.csv  row 3, column cruise_kmh",
                "blank",
                "expected a speed > 0 for mode air",
            )
        ],
    ),
]
