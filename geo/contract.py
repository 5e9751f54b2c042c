"""What every layer and every facts table must hold.

A check gathers all that is wrong with all of them and raises once: each fault names the file, the row
and the field. Checks are whole-column ones, so that the check of everything costs a fraction of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import shapely

from geo.errors import FactsError, Fault, GeoError, LayerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import geopandas as gpd

__all__ = [
    "FACTS",
    "FACT_STATUSES",
    "INSTITUTION_STATUSES",
    "KINDS",
    "LAYERS",
    "PROVINCES",
    "SECTORS",
    "STATUSES",
    "check_facts",
    "check_layers",
    "facts_faults",
    "layer_faults",
]

STATUSES = ("sourced", "derived", "unverified", "estimated")
FACT_STATUSES = (*STATUSES, "assumption")
PROVINCES = ("beijing", "tianjin", "hebei")
SECTORS = (
    "integrated_circuits",
    "network_security",
    "power_equipment",
    "biopharmaceuticals",
    "new_energy_vehicles",
    "intelligent_connected_vehicles",
    "biomedicine",
    "hydrogen_energy",
    "robotics",
    "artificial_intelligence",
    "life_sciences",
    "aerospace",
)
OTHER_SECTORS = ("education", "health", "public_administration", "other")
KINDS = (
    "financial",
    "government",
    "hospital",
    "industrial_plant",
    "market_wholesale",
    "research_institute",
    "school",
    "state_enterprise",
    "university",
)
INSTITUTION_STATUSES = ("moved", "under_construction", "announced", "candidate")
LIMIT_QUANTITIES = ("residents", "newcomers", "posts")
ROLES = ("R&D", "headquarters", "manufacturing", "park", "testing")
YEARS = (1900, 2060)
# The region with room for stations just outside it: west, south, east, north.
FRAME = (111.0, 34.0, 123.5, 43.5)
CODE = r"^1[123]\d{4}$"

Columns = dict[str, pa.Column]


def _text(*, nullable: bool = False, unique: bool = False, choices: Iterable[str] | None = None) -> pa.Column:
    checks = [pa.Check.isin(tuple(choices), error="choice")] if choices else []
    return pa.Column(str, checks, nullable=nullable, unique=unique)


def _code(*, nullable: bool = False, unique: bool = False) -> pa.Column:
    return pa.Column(str, pa.Check.str_matches(CODE, error="code"), nullable=nullable, unique=unique)


def _number(low: float, high: float, *, nullable: bool = False) -> pa.Column:
    # dtype None: a column of whole numbers may come as int or, with blanks, as float.
    checks = [
        pa.Check(_numeric, error="number"),
        pa.Check(lambda column: _between(column, low, high), error="range"),
    ]
    return pa.Column(None, checks, nullable=nullable)


def _numeric(column: pd.Series[Any]) -> Any:
    """Pass numbers; point at the cells that are none, or at the column if all of it is text."""
    if pd.api.types.is_numeric_dtype(column):
        return True
    fine = pd.to_numeric(column, errors="coerce").notna()
    return False if fine.all() else fine


def _between(column: pd.Series[Any], low: float, high: float) -> Any:
    values = pd.to_numeric(column, errors="coerce")
    return values.between(low, high) | values.isna()


def _flag() -> pa.Column:
    return pa.Column(bool)


def _year(*, nullable: bool = False) -> pa.Column:
    return _number(*YEARS, nullable=nullable)


def _count(*, nullable: bool = False) -> pa.Column:
    return _number(0, 1e8, nullable=nullable)


def _lon() -> pa.Column:
    return _number(FRAME[0], FRAME[2])


def _lat() -> pa.Column:
    return _number(FRAME[1], FRAME[3])


def _sourced(statuses: Iterable[str] = STATUSES) -> Columns:
    return {"source": _text(), "status": _text(choices=statuses)}


def _named() -> Columns:
    return {"name_en": _text(), "name_zh": _text(), "pinyin": _text()}


def _places() -> Columns:
    return {
        "name_en": _text(),
        "name_zh": _text(),
        "pinyin": _text(),
        "province": _text(choices=PROVINCES),
        "area_km2": _number(1, 1e5),
        "population": _number(1, 1e8),
        "urban_population": _number(0, 1e8),
        "lon": _lon(),
        "lat": _lat(),
    }


def _figure(name: str, high: float) -> Columns:
    return {
        name: _number(0, high),
        f"{name}_year": _year(),
        f"{name}_source": _text(),
        f"{name}_status": _text(choices=STATUSES),
    }


_COUNTY = {"code": _code(unique=True), "city_code": _code(), "city_en": _text(), "city_zh": _text()}
LAYER_COLUMNS: dict[str, Columns] = {
    "counties": _COUNTY | _places() | {"xiongan": _flag()} | _sourced(),
    "cities": {"code": _code(unique=True)}
    | _places()
    | _figure("gdp", 1e5)
    | _figure("gdp_per_head", 1e7)
    | _figure("pm25", 1e3)
    | _sourced(),
    "neighbours": {"kind": _text(choices=("province", "sea")), "name_en": _text(), "name_zh": _text()}
    | _sourced(),
    "sites": {
        "id": _text(unique=True),
        "sector": _text(choices=SECTORS),
        "role": _text(choices=ROLES),
        "county_code": _code(),
        "coord_accuracy_km": _number(0, 100),
    }
    | _named()
    | _sourced(),
    "corridors": {"id": _text(unique=True), "scheme": _text()} | _named() | _sourced(),
    "rail_links": {
        "id": _text(unique=True),
        "line_id": _text(),
        "line_en": _text(),
        "line_zh": _text(),
        "from_station": _text(),
        "to_station": _text(),
        "minutes": _number(1, 1000, nullable=True),
        "km": _number(0.1, 2000),
        "skip_stop": _flag(),
        "opening_year": _year(nullable=True),
        "state": _text(),
    }
    | _sourced(),
    "stations": {
        "id": _text(unique=True),
        "county_code": _code(nullable=True),
        "in_region": _flag(),
        "coord_accuracy_km": _number(0, 100),
    }
    | _named()
    | _sourced(),
    "institutions": {
        "id": _text(unique=True),
        "kind": _text(choices=KINDS),
        "sector": _text(choices=(*SECTORS, *OTHER_SECTORS)),
        "institution_status": _text(choices=INSTITUTION_STATUSES),
        "county_code": _code(nullable=True),
        "dest_code": _code(nullable=True),
        "employees": _count(nullable=True),
        "students": _count(nullable=True),
        "beds": _count(nullable=True),
        "moved_so_far": _count(nullable=True),
        "announced_year": _year(nullable=True),
        "opened_year": _year(nullable=True),
        "expected_open": _year(nullable=True),
        "group_row": _flag(),
    }
    | _named()
    | _sourced(),
    "destinations": {"id": _text(unique=True), "code": _code()} | _named() | _sourced(),
}


# Which geometry a layer holds, and whether a feature may lack one.
_POLYGONS = frozenset({"Polygon", "MultiPolygon"})
GEOMETRY: dict[str, tuple[frozenset[str], bool]] = {
    "counties": (_POLYGONS, False),
    "cities": (_POLYGONS, False),
    "neighbours": (_POLYGONS, False),
    "sites": (frozenset({"Point"}), False),
    "corridors": (frozenset({"LineString"}), False),
    "rail_links": (frozenset({"LineString"}), False),
    "stations": (frozenset({"Point"}), False),
    "institutions": (frozenset({"Point"}), True),
    "destinations": (frozenset({"Point"}), False),
}
LAYERS = tuple(GEOMETRY)


def _series(*, places: bool = False) -> Columns:
    name = {"place": _text(), "indicator": _text()} if places else {"unit": _text(), "indicator": _text()}
    return name | {"year": _year(), "value": _number(-1e15, 1e15)}


_NUMBER = _number(-1e12, 1e12, nullable=True)
_SHARE = _number(0, 1)
_TITLED = {"name_zh": _text(), "name_en": _text()}
_SECTOR_TOTAL = {"code": _code(unique=True), "name": _text(), "TOTAL": _count()}
FACT_COLUMNS: dict[str, Columns] = {
    "chains": {"chain_id": _text(unique=True), "lead": _text()} | _TITLED,
    "city_indicators": _series() | {"unit_of_measure": _text()},
    "cluster_sites": {
        "site_id": _text(unique=True),
        "county_code": _code(),
        "lon": _lon(),
        "lat": _lat(),
    },
    "clusters": {"cluster_id": _text(unique=True)} | _TITLED,
    "commuting_facts": {"fact": _text(), "place": _text(), "unit": _text(), "value": _text()},
    "corridors": {"corridor_id": _text(unique=True), "county_codes_in_order": _text()} | _TITLED,
    "county_employed_residents_by_sector_2020": _SECTOR_TOTAL,
    "county_population_2020": {
        "code": _code(unique=True),
        "name": _text(),
        "population_2020": _number(1, 1e8),
        "urban_population_2020": _count(),
    },
    "county_profile_2020": {
        "code": _code(unique=True),
        "name": _text(),
        "population_2020": _number(1, 1e8),
        "share_0_14": _SHARE,
        "share_15_64": _SHARE,
        "share_65p": _SHARE,
        "employed_residents_est": _count(),
        "households_est": _count(),
        "share_hh_with_vehicle": _SHARE,
    },
    "county_seats": {"code": _code(unique=True), "lon": _lon(), "lat": _lat()},
    "destinations": {"place": _text(unique=True), "code": _code(), "lon": _lon(), "lat": _lat()},
    "district_indicators": _series() | {"unit_of_measure": _text()},
    "historical_relocations": {
        "id": _text(unique=True),
        "name": _text(),
        "dest_code": _text(nullable=True),
    },
    "institutions": {"id": _text(unique=True), "institution_status": _text(choices=INSTITUTION_STATUSES)},
    "limits": {
        "limit": _text(unique=True),
        "quantity": _text(choices=LIMIT_QUANTITIES),
        "number": _number(0, 1e12),
        "unit": _text(),
        "from_year": _year(),
        "base": _number(0, 1e12),
        "per": _number(1e-6, 1e12),
        "codes": _text(),
    },
    "parameters": {"symbol": _text(unique=True), "meaning": _text(), "central": _text()},
    "published_effects": {"id": _text(unique=True), "what": _text(), "use_as": _text()},
    "rail_lines": {"line_id": _text(unique=True), "state": _text()},
    "rail_links": {"line_id": _text(), "from_station": _text(), "to_station": _text(), "state": _text()},
    "rail_stations": {"station": _text(unique=True), "telecode": _text(unique=True)},
    "regional_series": _series() | {"unit_of_measure": _text()},
    "road_validation": {"from": _text(), "to": _text(), "km": _NUMBER, "minutes": _NUMBER},
    "special_unit_allocation": {
        "special_code": _text(),
        "zone_code": _code(),
        "persons_allocated": _count(),
    },
    "traffic_facts": _series(places=True) | {"unit": _text()},
    "unit_codes": {"unit": _text(unique=True), "adcode": _text(unique=True), "name_zh": _text()},
    "workplace_employment": {"code_or_prefecture": _text(), "year": _year(), "employees": _count()},
    "xiongan_and_beijing_plan_facts": {"fact": _text(), "value": _text(), "unit": _text()},
}


FACTS = tuple(sorted(FACT_COLUMNS))


def _row(frame: pd.DataFrame, index: Any) -> str:
    """Name a row as its reader would: by its number, and by its key or first cell where that is text."""
    position = int(index)
    column = next((name for name in ("code", "id") if name in frame), next(iter(frame.columns), None))
    name = None if column is None else frame[column].iloc[position]
    return f"{position + 1} ({name})" if isinstance(name, str) else str(position + 1)


def _fault(case: Mapping[str, Any], name: str, frame: pd.DataFrame) -> Fault:
    """Say one failure case of pandera in our words."""
    check, column, value = str(case["check"]), str(case["column"]), case["failure_case"]
    if check == "column_in_dataframe":
        return Fault("contract.missing_column", f"{name}.{value}", {"field": str(value)})
    row = "" if pd.isna(case["index"]) else f"[{_row(frame, case['index'])}]"
    where = f"{name}{row}.{column}"
    if check == "not_nullable":
        return Fault("contract.missing_value", where, {"field": column})
    if check == "field_uniqueness":
        return Fault("contract.duplicate", where, {"field": column, "value": str(value)})
    if check.startswith("dtype") or check == "number":
        return Fault("contract.wrong_type", where, {"field": column, "value": str(value)})
    return Fault("contract.bad_value", where, {"field": column, "value": str(value), "rule": check})


def _frame_faults(name: str, frame: pd.DataFrame, columns: Columns) -> Iterator[Fault]:
    plain = frame.reset_index(drop=True)
    try:
        pa.DataFrameSchema(columns).validate(plain, lazy=True)
    except pa.errors.SchemaErrors as found:
        # An empty cell also breaks the column's other rules; one fault a cell is enough.
        faults: dict[str, Fault] = {}
        for case in found.failure_cases.to_dict("records"):
            fault = _fault(case, name, plain)
            faults.setdefault(fault.where, fault)
        yield from faults.values()


def _geometry_faults(name: str, frame: gpd.GeoDataFrame) -> Iterator[Fault]:
    kinds, may_lack = GEOMETRY[name]
    shapes = np.asarray(frame.geometry.array)
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kind = np.asarray(frame.geom_type, dtype=object)
    bounds = shapely.bounds(shapes)
    outside = (bounds[:, :2] < FRAME[:2]).any(axis=1) | (bounds[:, 2:] > FRAME[2:]).any(axis=1)
    wrong_kind = ~absent & ~np.isin(kind, list(kinds))
    rules = (
        ("contract.no_geometry", absent & (not may_lack)),
        ("contract.geometry_kind", wrong_kind),
        ("contract.invalid_geometry", ~absent & ~shapely.is_valid(shapes)),
        ("contract.outside_frame", ~absent & outside),
    )
    for code, broken in rules:
        for position in np.flatnonzero(broken):
            values = {"value": str(kind[position]), "wanted": ", ".join(sorted(kinds))}
            yield Fault(code, f"{name}[{_row(frame, position)}].geometry", values)


def layer_faults(name: str, frame: gpd.GeoDataFrame) -> list[Fault]:
    """Return all that is wrong with a layer's features.

    Parameters
    ----------
    name
        One of ``LAYERS``.
    frame
        Its features, geometry in WGS84, one row each; the index is not looked at.
    """
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return [
        *_frame_faults(name, attributes, LAYER_COLUMNS[name]),
        *_geometry_faults(name, frame),
    ]


def facts_faults(name: str, frame: pd.DataFrame) -> list[Fault]:
    """Return all that is wrong with a facts table; one we do not know still needs source and status."""
    return list(_frame_faults(name, frame, FACT_COLUMNS.get(name, {}) | _sourced(FACT_STATUSES)))


def _reference_faults(
    name: str, column: pd.Series[Any], known: frozenset[str], keys: Iterable[str]
) -> Iterator[Fault]:
    for key, value in zip(keys, column, strict=True):
        if isinstance(value, str) and value not in known:
            values = {"field": str(column.name), "value": value}
            yield Fault("contract.unknown_reference", f"{name}[{key}].{column.name}", values)


_REFERENCES = (
    ("sites", "county_code", "counties"),
    ("stations", "county_code", "counties"),
    ("institutions", "county_code", "counties"),
    ("institutions", "dest_code", "counties"),
    ("destinations", "code", "counties"),
    ("counties", "city_code", "cities"),
    ("rail_links", "from_station", "stations"),
    ("rail_links", "to_station", "stations"),
)


def _cross_faults(layers: Mapping[str, gpd.GeoDataFrame]) -> Iterator[Fault]:
    key = {name: "code" if name in {"counties", "cities"} else "id" for name in layers}
    for name, field, target in _REFERENCES:
        frame, other = layers.get(name), layers.get(target)
        if frame is None or other is None or field not in frame or key[target] not in other:
            continue
        column = frame.get(key[name], frame.index)
        yield from _reference_faults(name, frame[field], frozenset(other[key[target]]), map(str, column))


def check_layers(layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Check all layers and what they say about each other.

    Raises
    ------
    LayerError
        With every fault of every layer.
    """
    faults = [fault for name, frame in layers.items() for fault in layer_faults(name, frame)]
    _raise(LayerError, [*faults, *_cross_faults(layers)])


def check_facts(facts: Mapping[str, pd.DataFrame]) -> None:
    """Check all facts tables.

    Raises
    ------
    FactsError
        With every fault of every table.
    """
    missing = [Fault("contract.no_table", f"{name}.csv") for name in FACTS if name not in facts]
    _raise(
        FactsError, missing + [fault for name, frame in facts.items() for fault in facts_faults(name, frame)]
    )


def _raise(kind: type[GeoError], faults: list[Fault]) -> None:
    if faults:
        raise kind(faults)
