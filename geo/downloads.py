"""Tables and layers to take away: CSV, XLSX, GeoPackage and GeoJSON.

What a spreadsheet opens (CSV, XLSX) has headers in the reader's language with the unit, and text that a
spreadsheet would run as a formula is made harmless by an apostrophe before it, see :func:`harmless`. What a
program opens (GeoPackage, GeoJSON) has stable field names, the ids of the measures, and lists beside the data
what each means. The same outcome gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import threading
import zipfile
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from geo.errors import ExportError, Fault
from geo.measures import MEASURES, XIONGAN, summary
from geo.model.flows import commuting, has_flows, largest_pairs, links
from geo.model.moves import resolve
from geo.words import has, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from geo.measures import Measure
    from geo.outcome import Comparison, Outcome
    from geo.region import Region

__all__ = [
    "FORMATS",
    "Field",
    "Table",
    "commuting_table",
    "comparison_table",
    "counties_table",
    "download",
    "harmless",
    "links_table",
    "measures_table",
    "moves_table",
    "region_table",
    "sources_table",
    "to_csv",
    "to_geojson",
    "to_geopackage",
    "to_xlsx",
    "write_run",
    "years_table",
]

FORMATS: Final = {
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# OWASP, "CSV Injection": what makes Excel, LibreOffice or WPS read text as a formula; with the full-width
# signs that East Asian spreadsheets take for the plain ones.
_FORMULA: Final = "=+-@＝＋－＠"
_INVISIBLE: Final = " \u00a0\u3000\ufeff\u200b\u200c\u200d\u2060"
# Characters that XML 1.0 forbids, and lone surrogates, which no encoding holds.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DIGITS: Final = 6  # decimals kept: a metre of a degree and more than any measure is known to
_LONGEST: Final = 32_767  # characters of a cell in XLSX
_WIDEST = 48
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip; ours have no other
_STAMP: Final = "1980-01-01T00:00:00Z"
_PLACE: Final = ("code", "name_en", "name_zh", "city_en", "city_zh", "province", "xiongan", "area_km2")
_INSTITUTION: Final = (
    "id", "name_en", "name_zh", "kind", "sector", "county_code", "employees", "employees_status", "students",
    "students_status", "beds", "beds_status", "institution_status", "destination", "dest_code",
    "announced_year", "opened_year", "expected_open", "group_row", "part_of", "notes", "source", "status",
)  # fmt: skip
_gdal = threading.Lock()  # GDAL's options belong to the whole process


@dataclass(frozen=True)
class Field:
    """A column: its stable id, its header in the reader's language, and what stands behind it."""

    id: str
    header: str
    unit: str = ""
    status: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        """Return the header with the unit."""
        return f"{self.header} [{self.unit}]" if self.unit else self.header


@dataclass(frozen=True, eq=False)
class Table:
    """A named table; ``rows`` are in the order of ``fields``, missing values None or NaN."""

    id: str
    title: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Any, ...], ...]


def harmless(text: str) -> str:
    """Return text that no spreadsheet runs.

    An apostrophe goes before text whose first visible character is one of ``= + - @`` or its full-width
    form, and before text that begins with a tab or a line break. Numbers are not text: a cell that holds
    -5 stays -5. Characters that XML forbids become U+FFFD.

    Examples
    --------
    >>> harmless("=1+1"), harmless(" @SUM(A1)"), harmless("Beijing")
    ("'=1+1", "' @SUM(A1)", 'Beijing')
    """
    text = _FORBIDDEN.sub("\ufffd", text)
    seen = text.lstrip(_INVISIBLE)
    return f"'{text}" if seen[:1] in {"\t", "\r", "\n"} or (seen and seen[0] in _FORMULA) else text


def _cell(value: Any) -> Any:
    """Return a value as a plain number, harmless text, or None."""
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else str(bool(value)).lower()
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        if not isfinite(number):
            return None
        return int(number) if number.is_integer() else round(number, _DIGITS)
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    return None if pd.isna(value) else harmless(str(value))


# Tables ---------------------------------------------------------------------------------------------


def _header(key: str, language: str) -> str:
    return say(f"download.field.{key}", language)


def _places(region: Region, language: str) -> tuple[list[Field], list[list[Any]]]:
    """Return the columns that name a county, and their values."""
    frame = region.counties
    fields = [
        Field(key, _header(key, language), say("unit.km2", language) if key == "area_km2" else "")
        for key in _PLACE
    ]
    columns = [frame[key].tolist() for key in _PLACE if key != "xiongan"]
    columns.insert(_PLACE.index("xiongan"), [code in XIONGAN for code in region.codes])
    return fields, columns


def _field(measure: Measure, language: str, suffix: str = "") -> Field:
    header = measure.name(language)
    if suffix:
        header = say(f"download.{suffix}", language, name=header)
    return Field(
        id=f"{measure.id}_{suffix}" if suffix else measure.id,
        header=header,
        unit=measure.unit_name(language),
        status=say(f"status.{measure.status}", language),
        source=measure.source,
    )


def _measures(held: Iterable[str]) -> list[Measure]:
    """Return the measures that an outcome holds and that are declared, in order of declaration."""
    names = set(held)
    return [measure for key, measure in MEASURES.items() if key in names]


def _table(key: str, language: str, fields: Sequence[Field], columns: Sequence[Sequence[Any]]) -> Table:
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    return Table(key, say(f"download.table.{key}", language), tuple(fields), rows)


def counties_table(
    region: Region, outcome: Outcome | None = None, year: int | None = None, language: str = "en"
) -> Table:
    """Return all measures of one year, counties as rows; without an outcome the census alone.

    Parameters
    ----------
    year
        By default the last one of the outcome.

    Raises
    ------
    ModelError
        If the outcome does not hold that year.
    """
    fields, columns = _places(region, language)
    if outcome is None:
        columns.append(region.counties["population"].tolist())
        return _table("counties", language, [*fields, _field(MEASURES["population"], language)], columns)
    year = int(outcome.years[-1]) if year is None else year
    fields.append(Field("year", _header("year", language)))
    columns.append([year] * len(outcome.codes))
    for measure in _measures(outcome.measures):
        fields.append(_field(measure, language))
        columns.append(outcome.at(measure.id, year).tolist())
        if measure.scale == "sequential" and np.nan_to_num(outcome.before[measure.id]).any():
            fields.append(_field(measure, language, "change"))
            columns.append(outcome.change(measure.id, year).tolist())
    return _table("counties", language, fields, columns)


def comparison_table(region: Region, comparison: Comparison, year: int, language: str = "en") -> Table:
    """Return the second outcome less the first in one year, counties as rows."""
    fields, columns = _places(region, language)
    frame = comparison.table(year)
    for measure in _measures(frame.columns):
        fields.append(_field(measure, language, "difference"))
        columns.append(frame[measure.id].tolist())
    return _table("comparison", language, fields, columns)


def years_table(region: Region, outcome: Outcome, language: str = "en") -> Table:
    """Return all measures, one row a year and county."""
    names = [region.counties[key].tolist() for key in ("name_en", "name_zh")]
    count = len(outcome.years)
    fields = [Field(key, _header(key, language)) for key in ("year", "code", "name_en", "name_zh")]
    columns: list[list[Any]] = [
        np.repeat(outcome.years, len(outcome.codes)).tolist(),
        list(outcome.codes) * count,
    ]
    columns += [column * count for column in names]
    for measure in _measures(outcome.measures):
        fields.append(_field(measure, language))
        columns.append(outcome.frame(measure.id).to_numpy().T.ravel().tolist())
    return _table("years", language, fields, columns)


def region_table(outcome: Outcome, language: str = "en") -> Table:
    """Return the regional numbers, one row a year."""
    measures = _measures(outcome.regional)
    fields = [Field("year", _header("year", language)), *(_field(measure, language) for measure in measures)]
    columns = [outcome.years.tolist(), *(np.asarray(outcome.regional[one.id]).tolist() for one in measures)]
    return _table("region", language, fields, columns)


_MOVE: Final = (
    "institution", "name_en", "name_zh", "kind", "institution_status", "origin", "origin_name", "destination",
    "destination_name", "start", "end", "share", "posts", "posts_from", "students", "students_from", "beds",
    "beds_from", "home_share", "family_size", "note", "source",
)  # fmt: skip
_MOVE_UNITS: Final = {"posts": "jobs", "students": "places", "beds": "bed", "family_size": "persons"}


def _moved(region: Region, outcome: Outcome, language: str) -> Iterator[dict[str, Any]]:
    """Yield what each move is, with the numbers the model took and where they come from."""
    resolved = resolve(outcome.scenario, region)
    names = region.counties[f"name_{language}"].tolist()
    for place, move in enumerate(outcome.scenario.moves):
        known = move.institution in region.institutions.index
        row: Mapping[Any, Any] = region.institutions.loc[move.institution].to_dict() if known else {}
        kind, status = move.kind or row.get("kind"), row.get("institution_status")
        origin, destination = int(resolved.origin[place]), int(resolved.destination[place])
        yield {
            "institution": move.institution,
            "name_en": move.name or row.get("name_en"),
            "name_zh": move.name or row.get("name_zh"),
            "kind": say(f"kind.{kind}", language),
            "institution_status": say(f"institution_status.{status}", language) if status else None,
            "origin": region.codes[origin],
            "origin_name": names[origin],
            "destination": region.codes[destination],
            "destination_name": names[destination],
            "start": move.start,
            "end": move.end,
            "share": move.share,
            **{key: float(getattr(resolved, key)[place]) for key in ("posts", "students", "beds")},
            **{
                f"{key}_from": say(f"download.from.{source}", language)
                for key, source in resolved.sources[place].items()
            },
            "home_share": float(resolved.home_share[place]),
            "family_size": float(resolved.family_size[place]),
            "note": move.note or None,
            "source": row.get("source"),
        }


def moves_table(region: Region, outcome: Outcome, language: str = "en") -> Table:
    """Return what moves, one row a move: who, where from, where to, when, how many and where that is from."""
    fields = [
        Field(
            key,
            _header(key, language),
            say(f"unit.{_MOVE_UNITS[key]}", language) if key in _MOVE_UNITS else "",
        )
        for key in _MOVE
    ]
    rows = [tuple(row.get(key) for key in _MOVE) for row in _moved(region, outcome, language)]
    return Table("moves", say("download.table.moves", language), tuple(fields), tuple(rows))


# What a column of links or pairs counts in: a unit, and the measure that it is a part of.
_LINK: Final = {
    "year": ("", ""), "from_code": ("", ""), "from_name": ("", ""), "to_code": ("", ""), "to_name": ("", ""),
    "km": ("km", "delay"), "free_minutes": ("minutes", "delay"),
    **{
        f"{what}_{way}{when}": (unit, "delay")
        for what, unit in (("flow", "vehicles_per_hour"), ("minutes", "minutes"))
        for way in ("there", "back")
        for when in ("_before", "")
    },
    **dict.fromkeys(("delay_before", "delay", "delay_change"), ("vehicle_hours", "delay")),
}  # fmt: skip
_PAIR: Final = {
    **dict.fromkeys(("year", "home_code", "home_name", "work_code", "work_name"), ("", "")),
    **dict.fromkeys(("trips_before", "trips", "change_trips"), ("trips", "in_commuters")),
}


def _flow_fields(columns: Mapping[str, tuple[str, str]], language: str) -> list[Field]:
    fields = []
    for key, (unit, part_of) in columns.items():
        header = _header(key, language)
        if not part_of:
            fields.append(Field(key, header))
            continue
        whole = MEASURES[part_of]
        status, source = say(f"status.{whole.status}", language), whole.source
        fields.append(Field(key, header, say(f"unit.{unit}", language), status, source))
    return fields


def _ends(region: Region, ends: Any, language: str) -> list[list[Any]]:
    """Return code and name of both counties of each row of ``ends``, as columns."""
    codes = np.array(region.codes, dtype=object)
    names = region.counties[f"name_{language}"].to_numpy(dtype=object)
    return [listed[ends[:, side]].tolist() for side in (0, 1) for listed in (codes, names)]


def links_table(region: Region, outcome: Outcome, language: str = "en", *, year: int | None = None) -> Table:
    """Return the road links between neighbouring counties, one row a year and link.

    Flows and minutes are given in either direction, there from the first county to the second; delay is that
    of both directions.

    Parameters
    ----------
    year
        Only this one; by default all of the outcome.

    Raises
    ------
    ModelError
        If the outcome holds no flows, or not that year.
    """
    found = links(outcome)
    before = [*found.flow_before, *found.minutes_before]
    late = found.delay_before.sum(axis=0)
    places = _ends(region, found.ends, language)
    columns: list[list[Any]] = [[] for _ in _LINK]
    rows = range(len(found.years)) if year is None else [outcome.position(year)]
    for row in rows:
        delay = found.delay[row].sum(axis=0)
        after = [*found.flow[row], *found.minutes[row]]
        paired = [one for two in zip(before, after, strict=True) for one in two]
        numbers = [found.km, found.free, *paired, late, delay, delay - late]
        listed = [[int(found.years[row])] * len(late), *places, *(one.tolist() for one in numbers)]
        for column, more in zip(columns, listed, strict=True):
            column.extend(more)
    return _table("links", language, _flow_fields(_LINK, language), columns)


def commuting_table(
    region: Region, outcome: Outcome, language: str = "en", *, year: int | None = None
) -> Table:
    """Return the pairs of counties whose daily commuting changes by half a trip or more, largest first.

    Parameters
    ----------
    year
        Only this one; by default all of the outcome.

    Raises
    ------
    ModelError
        If the outcome holds no flows, or not that year.
    """
    before = commuting(outcome)
    columns: list[list[Any]] = [[] for _ in _PAIR]
    for one in outcome.years.tolist() if year is None else [year]:
        after = commuting(outcome, int(one))
        pairs = largest_pairs(after - before, before.size)
        home, work = pairs.T
        numbers = [trips[home, work].tolist() for trips in (before, after, after - before)]
        listed = [[int(one)] * len(pairs), *_ends(region, pairs, language), *numbers]
        for column, more in zip(columns, listed, strict=True):
            column.extend(more)
    return _table("commuting", language, _flow_fields(_PAIR, language), columns)


def measures_table(outcome: Outcome | None = None, language: str = "en") -> Table:
    """Return what each measure is: name, unit, status, source and formula."""
    keys = ("id", "name", "unit", "status", "source", "formula", "help")
    held = ["population"] if outcome is None else [*outcome.measures, *outcome.regional]
    rows = tuple(
        (
            one.id, one.name(language), one.unit_name(language), say(f"status.{one.status}", language),
            one.source, one.formula, one.help(language),
        )
        for one in _measures(held)
    )  # fmt: skip
    fields = tuple(Field(key, _header(key, language)) for key in keys)
    return Table("measures", say("download.table.measures", language), fields, rows)


def sources_table(region: Region, language: str = "en") -> Table:
    """Return where each layer comes from, under which terms, and of which date."""
    keys = ("id", "title", "source", "terms", "date", "datum", "rows", "note")
    rows = []
    for key, entry in region.catalog.get("layers", {}).items():
        local = {"title": entry.get(f"title_{language}"), "note": entry.get(f"note_{language}"), "id": key}
        rows.append(tuple({**entry, **local}.get(name) for name in keys))
    fields = tuple(Field(key, _header(key, language)) for key in keys)
    return Table("sources", say("download.table.sources", language), fields, tuple(rows))


def _summary_table(region: Region, outcome: Outcome | None, year: int | None, language: str) -> Table:
    """Return what the workbook is about, and the scenario itself line by line."""
    told: list[tuple[str, Any]] = [("region_hash", region.content_hash)]
    if outcome is not None:
        told = [
            ("scenario", outcome.scenario.name or None),
            ("year", year),
            (
                "model",
                say(f"download.model.{outcome.model}", language)
                if has(f"download.model.{outcome.model}")
                else outcome.model,
            ),
            ("model_version", outcome.version),
            *((f"effect_{effect.status}", effect.text) for effect in summary(outcome, language, year)),
            ("scenario_hash", outcome.scenario.hash),
            *told,
        ]
    told.append(("mind", say("download.mind", language)))
    rows = [(_say_what(key, language), value) for key, value in told]
    if outcome is not None:
        rows += [(_header("text", language), line) for line in outcome.scenario.to_toml().splitlines()]
    fields = (Field("what", _header("what", language)), Field("value", _header("value", language)))
    return Table("summary", say("download.table.summary", language), fields, tuple(rows))


def _say_what(key: str, language: str) -> str:
    if key.startswith("effect_"):
        return say("download.effect", language, status=say(f"status.{key.removeprefix('effect_')}", language))
    return _header(key, language)


# Formats --------------------------------------------------------------------------------------------


def to_csv(table: Table) -> bytes:
    """Return a table as CSV (RFC 4180) in UTF-8 with the mark by which Excel knows it."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([harmless(field.title) for field in table.fields])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return stream.getvalue().encode("utf-8-sig")


def _sheet(book: Workbook, table: Table) -> None:
    sheet = book.create_sheet(table.title)
    sheet.freeze_panes = "A2"
    for place, field in enumerate(table.fields, 1):
        longest = max((len(str(row[place - 1])) for row in table.rows[:200]), default=0)
        width = min(_WIDEST, max(longest, len(field.title) / 2, 8) + 2)
        sheet.column_dimensions[get_column_letter(place)].width = width
    header = []
    for field in table.fields:
        cell = WriteOnlyCell(sheet, value=harmless(field.title))
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
        header.append(cell)
    sheet.append(header)
    for row in table.rows:
        sheet.append([_xlsx_cell(sheet, _cell(value)) for value in row])


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    """Return a cell; text is marked as text, so that nothing in it is taken for a formula or an error."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=value[:_LONGEST])
    cell.data_type = "s"
    return cell


def _dateless(content: bytes) -> bytes:
    """Pack a workbook again without the time of writing, so that equal content has equal bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", _STAMP.encode(), data)
            new.writestr(zipfile.ZipInfo(member.filename, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def to_xlsx(
    region: Region, outcome: Outcome | None = None, year: int | None = None, language: str = "en"
) -> bytes:
    """Return a workbook: summary, counties in one year, by year, the region, moves, measures, sources."""
    if outcome is not None:
        year = int(outcome.years[-1]) if year is None else year
    tables = [
        _summary_table(region, outcome, year, language),
        counties_table(region, outcome, year, language),
    ]
    if outcome is not None:
        tables += [years_table(region, outcome, language), region_table(outcome, language)]
        tables.append(moves_table(region, outcome, language))
        if has_flows(outcome):
            tables += [make(region, outcome, language, year=year) for make in (links_table, commuting_table)]
    tables += [measures_table(outcome, language), sources_table(region, language)]
    book = Workbook(write_only=True)
    for table in tables:
        _sheet(book, table)
    stream = io.BytesIO()
    book.save(stream)
    return _dateless(stream.getvalue())


def _plain(value: Any) -> Any:
    """Return a value as GeoJSON and SQLite know it."""
    if isinstance(value, list | tuple | np.ndarray):
        return "; ".join(map(str, value))
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Real):
        number = float(value)
        if not isfinite(number):
            return None
        return int(number) if number.is_integer() else round(number, _DIGITS)
    return None if value is None or pd.isna(value) else _FORBIDDEN.sub("\ufffd", str(value))


def _frame(table: Table, shapes: Any) -> gpd.GeoDataFrame:
    columns = {
        field.id: pd.Series([_plain(row[place]) for row in table.rows], dtype=object).infer_objects()
        for place, field in enumerate(table.fields)
    }
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326")


def _move_lines(region: Region, outcome: Outcome) -> Iterator[Any]:
    """Yield a line from where each mover stands, else its county's point, to the point of its destination."""
    resolved = resolve(outcome.scenario, region)
    for place, move in enumerate(outcome.scenario.moves):
        start = region.lonlat[resolved.origin[place]]
        if move.institution in region.institutions.index:
            shape = region.institutions.geometry.loc[move.institution]
            start = start if shape is None else np.array([shape.x, shape.y])
        yield shapely.LineString([start, region.lonlat[resolved.destination[place]]])


def _straight(region: Region, table: Table) -> Iterator[Any]:
    """Yield a line from the first county's point to the second's for each row of links or pairs."""
    names = [field.id for field in table.fields]
    first, second = (place for place, name in enumerate(names) if name.endswith("_code"))
    point = dict(zip(region.codes, region.lonlat, strict=True))
    for row in table.rows:
        yield shapely.LineString([point[row[first]], point[row[second]]])


def _institutions(region: Region, language: str) -> gpd.GeoDataFrame:
    frame = region.institutions
    columns = {
        key: pd.Series([_plain(value) for value in frame[key]], dtype=object).infer_objects()
        for key in _INSTITUTION
        if key in frame
    }
    # nobody announced anything for a candidate: said in words wherever one is shown
    columns["institution_status_text"] = pd.Series(
        [say(f"institution_status.{value}", language) for value in frame["institution_status"]]
    )
    return gpd.GeoDataFrame(columns, geometry=frame.geometry.to_numpy(), crs="EPSG:4326")


def _text_table(table: Table) -> pd.DataFrame:
    columns = [field.id for field in table.fields]
    return pd.DataFrame(
        [[_plain(value) for value in row] for row in table.rows], columns=columns, dtype=object
    )


def _layers(region: Region, outcome: Outcome | None, year: int | None, language: str) -> dict[str, Any]:
    counties = counties_table(region, outcome, year, language)
    layers: dict[str, Any] = {"counties": _frame(counties, region.counties.geometry)}
    if outcome is not None and outcome.scenario.moves:
        layers["moves"] = _frame(moves_table(region, outcome, language), _move_lines(region, outcome))
    if outcome is not None and has_flows(outcome):
        for make in (links_table, commuting_table):
            table = make(region, outcome, language, year=year)
            layers[table.id] = _frame(table, _straight(region, table))
    layers["institutions"] = _institutions(region, language)
    layers["measures"] = _text_table(measures_table(outcome, language))
    layers["sources"] = _text_table(sources_table(region, language))
    return layers


def to_geopackage(
    region: Region, outcome: Outcome | None = None, year: int | None = None, language: str = "en"
) -> bytes:
    """Return a GeoPackage: counties with all measures of one year, moves as lines, institutions.

    Where the outcome holds flows, road links and pairs of counties whose commuting changes are lines, too.
    Tables without shapes say what the measures are and where the layers come from.
    """
    if outcome is not None:
        year = int(outcome.years[-1]) if year is None else year
    layers = _layers(region, outcome, year, language)
    with TemporaryDirectory() as folder, _gdal:
        path = Path(folder) / "layers.gpkg"
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _STAMP})
        try:
            for name, frame in layers.items():
                pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG")
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        return path.read_bytes()


def to_geojson(
    region: Region, outcome: Outcome | None = None, year: int | None = None, language: str = "en"
) -> bytes:
    """Return the counties with all measures of one year as GeoJSON (RFC 7946).

    Foreign members say what the fields are (``fields``) and what was asked (``scenario``).
    """
    table = counties_table(region, outcome, year, language)
    keys = [field.id for field in table.fields]
    features = [
        {
            "type": "Feature",
            "id": row[0],
            "properties": {key: _plain(value) for key, value in zip(keys, row, strict=True)},
            "geometry": shapely.geometry.mapping(
                shapely.set_precision(shape, 10**-_DIGITS, mode="pointwise")
            ),
        }
        for row, shape in zip(table.rows, region.counties.geometry, strict=True)
    ]
    about: dict[str, Any] = {"fields": [{key: getattr(one, key) for key in _ABOUT} for one in table.fields]}
    if outcome is not None:
        about["year"] = int(outcome.years[-1]) if year is None else year
        about["scenario"] = {
            "hash": outcome.scenario.hash,
            "text": outcome.scenario.to_toml(),
            "model": outcome.model,
        }
    document = {"type": "FeatureCollection", **about, "features": features}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


_ABOUT: Final = ("id", "header", "unit", "status", "source")


def download(
    region: Region, outcome: Outcome | None, form: str, year: int | None = None, language: str = "en"
) -> bytes:
    """Return the counties of one year, and what belongs to them, in one of :data:`FORMATS`.

    Raises
    ------
    KeyError
        If ``form`` is none of them: a programming error.
    """
    if form == "csv":
        return to_csv(counties_table(region, outcome, year, language))
    writers = {"xlsx": to_xlsx, "gpkg": to_geopackage, "geojson": to_geojson}
    return writers[form](region, outcome, year, language)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside it first, then renamed over it."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
        try:
            beside.write(content)
            beside.flush()
            os.fsync(beside.fileno())
        except BaseException:
            Path(beside.name).unlink(missing_ok=True)
            raise
    Path(beside.name).chmod(0o644)
    Path(beside.name).replace(path)


def write_run(
    outcome: Outcome, region: Region, folder: Path | str, language: str = "en", *, year: int | None = None
) -> tuple[Path, ...]:
    """Write the tables of a run into ``folder``: CSV files and one GeoPackage; returns their paths.

    ``counties.csv`` holds one year (by default the last), ``years.csv`` all of them, ``region.csv`` the
    regional numbers, ``moves.csv``, ``measures.csv`` and ``sources.csv`` what stands behind them. Where the
    outcome holds flows, ``links.csv`` has the road links and ``commuting.csv`` the pairs of counties whose
    commuting changes, in all years.

    Raises
    ------
    ExportError
        If the folder or a file cannot be written; files already there are then as they were or complete.
    ModelError
        If the outcome does not hold ``year``.
    """
    folder = Path(folder)
    tables = (
        counties_table(region, outcome, year, language),
        years_table(region, outcome, language),
        region_table(outcome, language),
        moves_table(region, outcome, language),
        measures_table(outcome, language),
        sources_table(region, language),
        *(make(region, outcome, language) for make in (links_table, commuting_table) if has_flows(outcome)),
    )
    contents = {f"{table.id}.csv": to_csv(table) for table in tables}
    contents["run.gpkg"] = to_geopackage(region, outcome, year, language)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            _write(folder / name, content)
    except OSError as error:
        values = {"reason": error.strerror or type(error).__name__}
        raise ExportError(Fault("download.not_written", str(folder), values)) from error
    return tuple(folder / name for name in contents)
