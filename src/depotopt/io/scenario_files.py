"""A scenario folder becomes a `Scenario`, or every fault in it at once."""

from __future__ import annotations

import gc
import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depotopt.catalog.numbers import Mark, commodity_entries, vehicle_entries
from depotopt.errors import Fault, InputError, UsageError
from depotopt.hazards.protocol import Hazard
from depotopt.io import assembly
from depotopt.io.catalog_filling import fill_from_catalog
from depotopt.io.content_checks import (
    capacity_faults,
    commodity_faults,
    point_faults,
    report_faults,
    stock_faults,
    swapped_faults,
    vehicle_faults,
)
from depotopt.io.fingerprint import hash_files
from depotopt.io.overrides import (
    TOML_FILE,
    KeyPath,
    chosen_blocks,
    in_override_files,
    merge,
    override_faults,
    override_tables,
)
from depotopt.io.plausibility_checks import plausibility_faults
from depotopt.io.raw_tables import SETTINGS, WORKBOOK, RawTable, read_tables
from depotopt.io.records import read_file
from depotopt.io.reference_checks import duplicate_faults, reference_faults
from depotopt.io.rule_checks import rule_faults
from depotopt.io.scenario_tables import ScenarioTables
from depotopt.io.settings_sheet import Settings, read_settings, relocated
from depotopt.io.suggestions import did_you_mean
from depotopt.io.supply_checks import supply_faults
from depotopt.io.table_schemas import (
    CommodityRow,
    ConnectorRow,
    DemandPointRow,
    FleetRow,
    OwnStockRow,
    RoadReportRow,
    SiteRow,
    StockRow,
    VehicleTypeRow,
)
from depotopt.io.toml_schemas import ScenarioFile
from depotopt.scenario import Scenario

if TYPE_CHECKING:
    from depotopt.io.road_checks import RoadChecks


def load_scenario(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read and check a scenario.

    Parameters
    ----------
    path
        Scenario folder, its ``scenario.toml``, or a workbook with a sheet ``scenario``.
    overrides
        Names of the overrides to apply, in any order.

    Returns
    -------
    Scenario
        Frozen and checked, without the roads (see `depotopt.io.network`).

    Raises
    ------
    InputError
        With every fault found.
    UsageError
        If an override does not exist or is named twice.
    """
    with _collector_paused():
        reading = Reading.of(Path(path), overrides)
        if reading.faults:
            raise InputError(str(path), reading.faults)
        return reading.scenario(overrides)


def check_scenario(path: str | Path, overrides: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Find every fault of a scenario, its roads included.

    Without ``overrides`` each override of the file is checked by itself as well. Whether places,
    hazards and reports lie on the roads is looked at once everything else is in order.

    Parameters
    ----------
    path
        Scenario folder, its ``scenario.toml``, or a workbook with a sheet ``scenario``.
    overrides
        Names of the overrides to apply.

    Returns
    -------
    tuple of Fault
        In reading order; empty when nothing is wrong.

    Raises
    ------
    UsageError
        If an override does not exist or is named twice.
    """
    # Imported here: reading a scenario alone needs no road importers.
    from depotopt.io.road_checks import RoadChecks

    checks = RoadChecks()
    reading = Reading.of(Path(path), overrides)
    faults = set(reading.faults or reading.road_faults(checks, overrides))
    if not overrides and not reading.faults:
        for name in reading.override_names:
            changed = Reading.of(Path(path), (name,))
            faults |= set(changed.faults or changed.road_faults(checks, (name,)))
    return tuple(sorted(faults, key=lambda fault: fault.order_key))


@dataclass(slots=True)
class Reading:
    """What was found in a scenario folder: the parts of a scenario, and faults.

    Attributes
    ----------
    folder
        Scenario folder.
    workbook
        Workbook that holds the whole scenario, where there is no ``scenario.toml``.
    settings
        Its sheet ``scenario``.
    faults
        Everything wrong; parts are complete only when this is empty.
    notices
        Remarks on what was read in an unusual way.
    read
        Bytes of the files read, by name.
    override_names
        Overrides the file offers.
    file, tables, hazards
        Checked content.
    """

    folder: Path
    workbook: Path | None = None
    settings: Settings | None = None
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    read: dict[str, bytes] = field(default_factory=dict)
    override_names: tuple[str, ...] = ()
    file: ScenarioFile | None = None
    tables: ScenarioTables = field(default_factory=lambda: ScenarioTables({}))
    hazards: tuple[Hazard, ...] = ()

    @classmethod
    def of(cls, path: Path, overrides: Sequence[str]) -> Reading:
        """Read a folder and check all of it."""
        if path.suffix.lower() == ".xlsx":
            reading = cls(path.parent, path)
        else:
            reading = cls(path.parent if path.name == TOML_FILE else path)
            if (reading.folder / WORKBOOK).is_file() and not (reading.folder / TOML_FILE).is_file():
                reading.workbook = reading.folder / WORKBOOK
        if reading.workbook is None:
            reading._check_all(reading._read_toml(), overrides)
            reading.faults = in_override_files(reading.faults, overrides)
            return reading
        reading.settings = read_settings(reading.workbook, reading.workbook.name)
        reading._check_all(reading.settings.data, overrides)
        placed = [reading._placed(fault) for fault in in_override_files(reading.faults, overrides)]
        reading.faults = reading.settings.faults + placed
        return reading

    def road_faults(self, checks: RoadChecks, overrides: Sequence[str]) -> list[Fault]:
        """Faults that need the roads; only for a reading without others."""
        return [self._placed(fault) for fault in checks.faults(self.scenario(overrides))]

    def _placed(self, fault: Fault) -> Fault:
        """A fault of a key or a report at the cell it was read from."""
        if fault.where.startswith("report ") and "road_reports" in self.tables.raw:
            table = self.tables.raw["road_reports"]
            idents = table.column("id")
            ident = fault.where.removeprefix("report ")
            if ident in idents:
                file, where = table.place(idents.index(ident))
                fault = replace(fault, file=file, where=where)
        if self.settings is not None and self.workbook is not None:
            return relocated(fault, self.settings, self.workbook.name)
        return fault

    def _check_all(self, data: dict[str, Any] | None, overrides: Sequence[str]) -> None:
        """Check tables and, where they could be read, the keys of the scenario."""
        if data is None:
            self._read_tables({}, ())
            self._check_across({})
            return
        blocks = chosen_blocks(data, overrides)
        self.faults += override_faults(data, blocks)
        merged, origin = merge(data, blocks)
        self.override_names = tuple(data["overrides"]) if isinstance(data.get("overrides"), dict) else ()
        self.file, found = read_file(merged, origin)
        self.faults += found
        accepted = merged.get("accept_unverified", ())
        accepted = tuple(accepted) if isinstance(accepted, list) else ()
        self.faults += _acceptance_faults(accepted)
        self._read_tables(blocks, accepted)
        self._check_across(origin)

    def _read_toml(self) -> dict[str, Any] | None:
        path = self.folder / TOML_FILE
        if not path.is_file():
            what = "no such folder" if not self.folder.exists() else "no such file"
            self.faults.append(
                Fault(TOML_FILE, "", what, "expected a scenario folder with scenario.toml", "missing-file")
            )
            return None
        content = path.read_bytes()
        self.read[TOML_FILE] = content
        try:
            return tomllib.loads(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            fault = Fault(TOML_FILE, "", "text that is not UTF-8", "expected UTF-8 text", "unreadable")
        except tomllib.TOMLDecodeError as error:
            message, _, place = str(error).partition(" (at ")
            where = place.removesuffix(")") if place.startswith("line") else ""
            fault = Fault(TOML_FILE, where, f"broken TOML ({message})", "expected TOML", "unreadable")
        self.faults.append(fault)
        return None

    def _read_tables(self, blocks: Mapping[str, Mapping[str, Any]], accepted: tuple[str, ...]) -> None:
        if not (self.workbook or self.folder).exists():
            return
        files = read_tables(self.folder, self.workbook)
        raw, found = override_tables(files.tables, blocks)
        self.faults += files.faults + found
        if files.has_settings and self.workbook is None:
            expected = "expected one of the two only"
            self.faults.append(
                Fault(WORKBOOK, f"sheet {SETTINGS}", f"also a {TOML_FILE}", expected, "two-sources")
            )
        self.notices += files.notices
        self.read |= files.read
        unfilled: dict[str, frozenset[int]] = {}
        for name, entries in (("commodities", commodity_entries()), ("vehicle_types", vehicle_entries())):
            if name in raw:
                raw[name], found, unfilled[name] = fill_from_catalog(raw[name], entries, accepted)
                self.faults += found
        self.tables = ScenarioTables(raw, unfilled=unfilled)
        self.faults += self.tables.faults

    def _check_across(self, origin: Mapping[KeyPath, str]) -> None:
        tables, file = self.tables, self.file
        self.faults += duplicate_faults(tables) + reference_faults(tables, file)
        self.faults += commodity_faults(tables) + vehicle_faults(tables) + point_faults(tables)
        self.faults += swapped_faults(tables)
        self.faults += stock_faults(tables) + capacity_faults(tables, file)
        self.faults += report_faults(tables, file)
        if file is None:
            return
        self.faults += rule_faults(tables, file, origin)
        self.faults += supply_faults(tables, file, origin)
        self.faults += plausibility_faults(tables, file, origin)
        roads = self.folder / file.roads.path
        if not file.roads.path or not roads.exists():
            expected = "no such file or folder"
        elif roads.is_dir() and not ((roads / "nodes.csv").is_file() and (roads / "links.csv").is_file()):
            expected = "expected a folder with nodes.csv and links.csv, or a file"
        else:
            expected = ""
        if expected:
            self.faults.append(
                Fault(TOML_FILE, "roads.path", f"'{file.roads.path}'", expected, "missing-file")
            )
        from depotopt.io.hazard_schemas import build_hazards

        self.hazards, found = build_hazards(file.hazards, self.folder, TOML_FILE)
        self.faults += found

    def scenario(self, overrides: Sequence[str]) -> Scenario:
        """Assemble the scenario; only for a reading without faults."""
        file, tables = self.file, self.tables
        if file is None or self.faults:
            raise UsageError("a reading with faults is no scenario")
        own: dict[str, list[OwnStockRow]] = {}
        for row in tables.complete("own_stock", OwnStockRow):
            own.setdefault(row.point, []).append(row)
        points = tables.complete("demand_points", DemandPointRow)
        rows = zip(tables.complete("stock", StockRow), tables.keys("stock"), strict=True)
        lots = [assembly.stock(row, lot) for row, lot in rows]
        expired = [lot for lot in lots if lot.expiry is not None and lot.expiry < file.start.date()]
        told = [f"lot {lot.lot} at {lot.site} expired on {lot.expiry} and is set aside" for lot in expired]
        return Scenario(
            ident=self.workbook.stem if self.workbook else self.folder.resolve().name,
            title=file.title,
            description=file.description,
            folder=self.folder,
            start=file.start,
            tiers=tuple(assembly.tier(name, block) for name, block in file.tiers.items()),
            sites=tuple(map(assembly.site, tables.complete("sites", SiteRow))),
            commodities=tuple(map(assembly.commodity, tables.complete("commodities", CommodityRow))),
            demand_points=tuple(assembly.demand_point(row, own.get(row.id, [])) for row in points),
            stock=tuple(lot for lot in lots if lot not in expired),
            expired_stock=tuple(expired),
            vehicle_types=tuple(map(assembly.vehicle_type, tables.complete("vehicle_types", VehicleTypeRow))),
            fleet=tuple(map(assembly.fleet_entry, tables.complete("fleet", FleetRow))),
            roads=assembly.road_source(file, self.folder),
            connectors=tuple(map(assembly.connector, tables.complete("connectors", ConnectorRow))),
            road_reports=tuple(
                assembly.road_report(row, file.start)
                for row in tables.complete("road_reports", RoadReportRow)
            ),
            hazards=self.hazards,
            rules=assembly.planning_rules(file.rules),
            objective=assembly.siting_objective(file.objective),
            ensemble=assembly.ensemble_rules(file),
            siting_limits=assembly.solve_limits(file.siting),
            dispatch_limits=assembly.solve_limits(file.dispatch),
            dispatch_objectives=file.dispatch.objectives,
            overrides=tuple(overrides),
            input_hashes=self._hashes(file),
            notices=(*self.notices, *told),
            place_origin=_origins(tables.raw),
        )

    def _hashes(self, file: ScenarioFile) -> dict[str, str]:
        """SHA-256 of every file read: tables, roads and the files hazards name."""
        paths = [self.folder / file.roads.path]
        for block in file.hazards.values():
            paths += [
                self.folder / text
                for text in _texts(block)
                if 0 < len(text) < 256 and "\x00" not in text and (self.folder / text).is_file()
            ]
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in self.read.items()}
        return dict(sorted((digests | hash_files(self.folder, paths)).items()))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector: its walks over a large table cost 40 % of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _origins(raw: Mapping[str, RawTable]) -> dict[str, tuple[str, str]]:
    origins = {}
    for name in ("sites", "demand_points"):
        for i, ident in enumerate(raw[name].column("id")):
            origins[ident] = raw[name].place(i)
    return origins


def _acceptance_faults(accepted: Sequence[object]) -> list[Fault]:
    """Entries accepted though they do not exist or hold nothing unverified."""
    faults = []
    entries = {**commodity_entries(), **vehicle_entries()}
    unverified = [
        ident
        for ident, numbers in entries.items()
        if any(number.mark is Mark.UNVERIFIED for number in numbers.values())
    ]
    for i, ident in enumerate(accepted):
        if isinstance(ident, str) and ident not in unverified:
            hint = did_you_mean(ident, unverified)
            faults.append(
                Fault(
                    TOML_FILE,
                    f"accept_unverified[{i}]",
                    f"'{ident}'",
                    f"no catalogue entry with unverified values{hint}",
                    "unknown-entry",
                )
            )
    return faults
