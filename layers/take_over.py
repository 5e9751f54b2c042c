"""Take the gathered tables over into ``layers/facts`` so that every row has a source and a status.

Run once, when the tables were handed over; kept as the record of what was changed and why::

    python layers/take_over.py FOLDER_WITH_THE_GATHERED_TABLES

What it does, and nothing else:

* ``confidence`` becomes ``status``. A column that was called ``status`` and meant something else keeps its
  content under another name (``RENAMED``).
* A table without ``source`` gets its true one (``SOURCES``); a row without one says so (``NO_SOURCE``).
* A row whose numbers rest on an estimate says ``estimated`` (``refine``).
* Whole numbers lose the ``.0`` that a float column had given them. Order and number of rows stay.
"""

# ruff: noqa: INP001, T201
from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, str]

FACTS = Path(__file__).parent / "facts"
CENSUS = "Seventh National Population Census of China, 1 November 2020"
LONG_FORM = f"{CENSUS}, long form (10 % sample), scaled to the full count"
RENAMED = {
    "institutions": {"status": "institution_status"},
    "rail_lines": {"status": "state"},
    "rail_links": {"status": "state"},
    "parameters": {"status": "status_detail"},
    "published_effects": {"seen_where": "source"},
    "destinations": {"basis": "source"},
}
SOURCES = {
    "county_population_2020": f"{CENSUS}, residents by county",
    "county_profile_2020": LONG_FORM,
    "county_employed_residents_by_sector_2020": f"{LONG_FORM}; by residence",
    "special_unit_allocation": f"{CENSUS}, residents of special units; allocation as in method and basis",
    "unit_codes": "GB/T 2260, codes of administrative divisions of China",
}
NO_SOURCE = "no page found for this row"
# Parameters name their grounds in free words; each phrase is read once, here.
PARAMETER_STATUS = {
    "sourced": "sourced",
    "assumption": "assumption",
    "unverified": "unverified",
    "seen 4.6, 6.694, 6.83; unverified 3.30": "sourced",
    "seen; own estimate": "derived",
    "seen .30 .25; unverified .40": "sourced",
    "own": "derived",
    "seen; China number .10-.12 unverified": "sourced",
    "seen + own test": "derived",
    "scenario": "assumption",
    "data/assumption": "assumption",
    "slow: seen; number unverified": "unverified",
    "seen (timing)": "unverified",
    "data": "unverified",
}
# How a special unit's residents were allotted to counties: published, by whole unit, or estimated.
ALLOCATION_STATUS = {"exact": "sourced", "whole": "derived", "whole-enclave": "derived"}
WHOLE = re.compile(r"-?\d+\.0")


def read(path: Path) -> list[Row]:
    """Return the rows of a table; a short row is filled with blanks."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {name: (value or "").strip() for name, value in row.items()}
            for row in csv.DictReader(stream, restval="")
        ]


def write(path: Path, rows: list[Row]) -> None:
    """Write rows with their own columns, ``source`` and ``status`` last."""
    names = [name for name in rows[0] if name not in {"source", "status"}] + ["source", "status"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def estimated_zones(allocation: Iterable[Row]) -> frozenset[str]:
    """Return the counties into which part of a special unit was put by estimate."""
    return frozenset(row["zone_code"] for row in allocation if row["method"] not in ALLOCATION_STATUS)


def refine(table: str, row: Row, estimated: frozenset[str]) -> str:
    """Return the status of a row, where the gathered word is missing or too kind."""
    if row.get("source", "").startswith("ESTIMATE") or (
        table == "county_population_2020" and row["code"] in estimated
    ):
        return "estimated"
    read_from = {
        "parameters": lambda: PARAMETER_STATUS[row["status_detail"]],
        "special_unit_allocation": lambda: ALLOCATION_STATUS.get(row["method"], "estimated"),
        "published_effects": lambda: "unverified" if "unverified" in row["source"] else "sourced",
        "county_profile_2020": lambda: "derived",
        "county_employed_residents_by_sector_2020": lambda: "derived",
        "unit_codes": lambda: "derived" if "+" in row["adcode"] else "sourced",
    }
    return read_from.get(table, lambda: row["status"])()


def source_of(table: str, row: Row) -> str:
    """Return the source of a row, or words that say there is none."""
    if table in SOURCES:
        return SOURCES[table]
    if table == "rail_stations":
        return row["coord_source"]
    if table == "destinations" and "zones.csv" in row["source"]:
        return "centre of the county's shape"
    if table == "cluster_sites" and not row["source"]:
        return f"{NO_SOURCE}; position: {row['coord_source']}"
    return row["source"] or NO_SOURCE


def normalise(table: str, rows: list[Row], estimated: frozenset[str]) -> list[Row]:
    """Return the rows of a table with ``source`` and ``status`` and without float tails."""
    renamed = RENAMED.get(table, {})
    done = []
    for row in rows:
        fresh = {renamed.get(name, name): value for name, value in row.items()}
        if "confidence" in fresh:
            fresh["status"] = fresh.pop("confidence")
        fresh = {name: value[:-2] if WHOLE.fullmatch(value) else value for name, value in fresh.items()}
        fresh["status"] = refine(table, fresh, estimated)
        fresh["source"] = source_of(table, fresh)
        done.append(fresh)
    return done


def main(folder: Path) -> None:
    """Take every table of ``folder`` over."""
    FACTS.mkdir(exist_ok=True)
    estimated = estimated_zones(read(folder / "special_unit_allocation.csv"))
    for path in sorted(folder.glob("*.csv")):
        rows = normalise(path.stem, read(path), estimated)
        write(FACTS / path.name, rows)
        print(f"{path.name}: {len(rows)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
