"""Blank cells of a row that names a catalogue entry are filled from it; unverified values need consent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from depotopt.catalog.numbers import Entries, Mark
from depotopt.errors import Fault
from depotopt.io.raw_tables import RawTable
from depotopt.io.suggestions import did_you_mean

ALTERNATIVES = {"per_person_day": "persons_per_unit", "persons_per_unit": "per_person_day"}
"""Columns of which a row gives one: the catalogue does not add the other."""


def fill_from_catalog(
    table: RawTable, entries: Entries, accepted: Collection[str]
) -> tuple[RawTable, list[Fault], frozenset[int]]:
    """Fill blank cells from the catalogue.

    Parameters
    ----------
    table
        Table with a column ``catalog``; one without is returned as it is.
    entries
        The catalogue of this table.
    accepted
        Entries whose unverified values (mark x) the scenario accepts.

    Returns
    -------
    tuple
        New table; faults: unknown entries and unverified values not accepted; rows with such a fault.
    """
    if "catalog" not in table.headers:
        return table, [], frozenset()
    headers, rows = list(table.headers), [list(row) for row in table.rows]
    moved, faults, unfilled = dict(table.moved), [], set()
    for i, row in enumerate(rows):
        ident = row[table.headers.index("catalog")]
        if not ident:
            continue
        file, where = table.place(i, "catalog")
        if ident not in entries:
            unfilled.add(i)
            hint = did_you_mean(ident, entries)
            faults.append(Fault(file, where, f"'{ident}'", f"no such catalogue entry{hint}", "unknown-entry"))
            continue
        given = {header for header, cell in zip(headers, row, strict=False) if cell}
        for column, number in entries[ident].items():
            if column in given or ALTERNATIVES.get(column) in given:
                continue
            if number.mark is Mark.UNVERIFIED and ident not in accepted:
                unfilled.add(i)
                faults.append(
                    Fault(
                        file,
                        where,
                        f"the unverified value {number.value} {number.unit} for {column} ({number.source})",
                        f"expected a value in column {column}, or accept_unverified = ['{ident}'] "
                        "in scenario.toml",
                        "unverified",
                    )
                )
                continue
            if column not in headers:
                headers.append(column)
                for other in rows:
                    other.append("")
            row[headers.index(column)] = number.value
            moved[i, column] = (file, where)
    return replace(table, headers=headers, rows=rows, moved=moved), faults, frozenset(unfilled)
