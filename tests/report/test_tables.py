from __future__ import annotations

import dataclasses
import json
from collections import Counter

import pandas as pd
import pytest

from depotopt.errors import UsageError
from depotopt.plans import SitingPlan
from depotopt.report.content import ReportContent
from depotopt.report.ledger import LATE, NO_NEED, NO_PLAN, draw_ledger
from depotopt.report.table import SENTENCE, Table, frame_table
from depotopt.report.tables import report_tables
from depotopt.report.wording import Wording
from depotopt.scenario import SiteStatus

NO_ROAD = "no open road from any depot, and no aircraft in range"


def tables_of(content: ReportContent) -> dict[str, Table]:
    return {table.name: table for table in report_tables(content, draw_ledger(content))}


def column(table: Table, name: str) -> list[object]:
    at = [c.name for c in table.columns].index(name)
    return [row[at] for row in table.rows]


def test_every_row_is_as_long_as_its_header(content: ReportContent) -> None:
    for table in tables_of(content).values():
        assert all(len(row) == len(table.columns) for row in table.rows), table.name


def test_delivered_plus_unmet_is_the_need(content: ReportContent) -> None:
    table = tables_of(content)["need"]
    assert table.rows
    for need, delivered, unmet in zip(
        *(column(table, name) for name in ("need", "delivered", "unmet")), strict=True
    ):
        assert isinstance(delivered, float)
        assert isinstance(unmet, float)
        assert need == delivered + unmet


def test_depots_hand_out_what_trucks_carry(content: ReportContent) -> None:
    tables = tables_of(content)
    totals = []
    for name in ("withdrawals", "manifests"):
        table, total = tables[name], Counter[object]()
        for lot, quantity in zip(column(table, "lot"), column(table, "quantity"), strict=True):
            assert isinstance(quantity, float)
            total[lot] += quantity  # type: ignore[assignment]
        totals.append(total)
    assert totals[0] == totals[1]
    assert totals[0]


def test_lots_are_listed_first_expired_first_and_expired_ones_say_so(content: ReportContent) -> None:
    table = tables_of(content)["lots"]
    dates = [day for day in column(table, "expiry") if day is not None]
    assert dates == sorted(dates, key=str)
    assert column(table, "rotation")[0] == "expired"
    assert column(table, "expiry")[-1] is None


def test_a_served_point_whose_last_delivery_misses_its_deadline_is_late(content: ReportContent) -> None:
    ledger = draw_ledger(content)
    i = ledger.state.index("served")
    points = list(content.scenario.demand_points)
    points[i] = dataclasses.replace(points[i], deadline_s=ledger.last_arrival_s[i] - 1)
    later = dataclasses.replace(content.scenario, demand_points=tuple(points))
    assert draw_ledger(dataclasses.replace(content, scenario=later)).state[i] == LATE


def test_without_a_dispatch_plan_points_are_not_planned_and_trips_have_no_table(
    content: ReportContent,
) -> None:
    bare = dataclasses.replace(content, dispatch=None)
    assert set(draw_ledger(bare).state) == {NO_PLAN, NO_NEED}
    assert "trips" not in tables_of(bare)


def test_without_a_layout_existing_sites_hold_the_stock_table(content: ReportContent) -> None:
    bare = dataclasses.replace(content, siting=None)
    ledger = draw_ledger(bare)
    assert sum(entry.planned for entry in ledger.stock) == sum(lot.quantity for lot in bare.scenario.stock)
    assert [depot.is_open for depot in ledger.depots].count(False) == 1


def test_a_helper_is_open_and_holds_its_table_whatever_the_layout(content: ReportContent) -> None:
    opened = {item.site for item in content.layout.open_sites} if content.layout else set()
    lot = next(lot for lot in content.scenario.stock if lot.site in opened)
    sites = tuple(
        dataclasses.replace(site, status=SiteStatus.MUTUAL_AID) if site.ident == lot.site else site
        for site in content.scenario.sites
    )
    assert content.siting is not None
    bare = dataclasses.replace(content.siting, plan=SitingPlan((), ()))
    scenario = dataclasses.replace(content.scenario, sites=sites)
    ledger = draw_ledger(dataclasses.replace(content, scenario=scenario, siting=bare))
    shown = [depot for depot in ledger.depots if depot.is_open]
    assert [(sites[depot.site].ident, depot.size_class) for depot in shown] == [(lot.site, "mutual_aid")]
    assert all(entry.planned == entry.held for entry in ledger.stock if entry.site == lot.site)


def test_every_table_column_and_code_has_words_in_both_languages(content: ReportContent) -> None:
    for table in tables_of(content).values():
        if table.name.startswith("metrics_"):
            continue
        for language in ("en", "zh"):
            wording = Wording(language)
            assert wording(f"table.{table.name}")
            for c in table.columns:
                assert wording(f"column.{c.name}")
            for name, group in table.coded:
                for code in {value for value in column(table, name) if value is not None}:
                    if group == "cause":
                        # Hazards have the names the scenario gives them.
                        assert wording.named(group, str(code))
                    elif group == SENTENCE:
                        assert wording.sentence(str(code))
                    else:
                        assert wording(f"{group}.{code}")


def test_frames_of_records_and_of_pandas_give_the_same_table() -> None:
    records = [
        {"metric": "unmet", "value": 1.5, "states": 3},
        {"metric": "late", "value": float("nan"), "states": 4},
    ]
    table = frame_table("x", records)
    assert table == frame_table("x", pd.DataFrame(records))
    assert [c.kind for c in table.columns] == ["text", "number", "integer"]
    assert table.rows[1][1] is None


def test_a_named_index_of_a_frame_becomes_columns() -> None:
    frame = pd.DataFrame({"value": [1.0]}, index=pd.Index(["expected"], name="measure"))
    assert json.loads(json.dumps(frame_table("x", frame).rows)) == [["expected", 1.0]]


def test_something_else_is_no_frame() -> None:
    with pytest.raises(UsageError, match="neither a list of records"):
        frame_table("x", 5)


def test_reasons_and_remarks_are_said_in_the_language_of_the_workbook() -> None:
    assert Wording("zh").sentence(NO_ROAD) == "任何储备库均无道路可通，也没有航程内的航空器"
    assert Wording("en").sentence(NO_ROAD) == NO_ROAD
    assert Wording("zh").sentence("made up by somebody") == "made up by somebody"


@pytest.mark.parametrize(
    ("language", "group"), [("en", "1 Basic living supplies"), ("zh", "1 基本生活保障物资")]
)
def test_codes_of_gb_t_38565_stand_beside_their_commodities(
    content: ReportContent, language: str, group: str
) -> None:
    water, *others = content.scenario.commodities
    coded = dataclasses.replace(water, gb_code="1010000")
    scenario = dataclasses.replace(content.scenario, commodities=(coded, *others))
    tables = tables_of(dataclasses.replace(content, scenario=scenario))
    for name in ("stock", "withdrawals"):
        for commodity, code in zip(
            column(tables[name], "commodity"), column(tables[name], "gb_code"), strict=True
        ):
            assert code == ("1010000" if commodity == water.ident else None)
    groups = set(column(tables["stock"], "gb_group")) - {None}
    assert groups == {"1"}
    assert Wording(language).named(dict(tables["stock"].coded)["gb_group"], "1") == group


def test_costs_of_a_solve_tell_their_currency(content: ReportContent) -> None:
    """Money has it, other terms do not; where the scenario names none, nothing has."""
    rules = dataclasses.replace(content.scenario.rules, currency="CNY")
    assert content.dispatch is not None
    solved = dataclasses.replace(content.dispatch, terms={"cost": 5.0, "unmet_person_days": 2.0})
    silent = dataclasses.replace(content, dispatch=solved)
    named = dataclasses.replace(silent, scenario=dataclasses.replace(content.scenario, rules=rules))
    for one, money in ((named, "CNY"), (silent, None)):
        table = tables_of(one)["solves"]
        told = dict(zip(column(table, "term"), column(table, "currency"), strict=True))
        assert told["cost"] == money
        assert told["unmet_person_days"] is None
