"""A map as plain data: one region part that stays, and one part for each scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
import pandas as pd
from topojson.core.topology import Topology

from geo.maps.flows import FlowsView, flows_view
from geo.maps.own import OwnLayer, checked_layers
from geo.maps.pack import pack_scenario, pack_start, pack_static
from geo.maps.recent import Recent
from geo.measures import across
from geo.timeline import DATES, timeline
from geo.words import LANGUAGES, both, has, say, section

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geo.maps.rangeview import RangeView
    from geo.measures import Measure
    from geo.model.result import Outcome
    from geo.region import Region

__all__ = ["MapView", "OwnLayer", "RegionPart", "ScenarioView", "build_view"]

_QUANTISATION = 1e4  # grid cells along the longer side: every corner stays within 46 m
_RING_SCALE = 1e3  # neighbours are a muted background: 0.001 degree is 100 m
_PLACE_DIGITS = 4  # of a degree: 10 m, finer than any site is known
# Kept for the next call: a page rebuilds its view at every click. A scenario's part is 2.2 MB, all but 0.1
# the arrays of its outcome, so 96 are what the page keeps of those (geo.panels.state) and some that it let
# go: 80 MB at most of its own. A region is 1.3 MB and hardly ever another one.
_SCENARIOS, _REGIONS = 96, 4
_WEAKEST_FIRST = ("unverified", "estimated", "derived")
_WORDS = (
    "map",
    "status",
    "sector",
    "sector_group",
    "kind",
    "institution_status",
    "unit",
    "measure_group",
    "range",
)

_COUNTY = (
    "code name_en name_zh pinyin city_code province xiongan area_km2 population urban_population "
    "lon lat source status"
)
_CITY = (
    "code name_en name_zh pinyin province area_km2 population lon lat gdp_per_head "
    "gdp_per_head_year gdp_per_head_status pm25 pm25_year pm25_status source status"
)
_SITE = (
    "id name_en name_zh pinyin sector role county_code anchor_firms size_figure coord_source "
    "coord_accuracy_km note source status"
)
_CORRIDOR = "id scheme name_en name_zh sectors county_codes source status note"
_LINK = "id line_id line_en line_zh from_station to_station minutes km opening_year state source status"
_STATION = "id name_en name_zh pinyin county_code lines source status"
_INSTITUTION = (
    "id name_en name_zh pinyin kind sector county_code employees employees_status students students_status "
    "beds beds_status moved_so_far institution_status destination dest_code announced_year opened_year "
    "expected_open dest_capacity dest_capacity_unit group_row part_of notes source status"
)
_DESTINATION = "id code name_en name_zh status"
_ENTRY = "title_en title_zh note_en note_zh source terms date datum rows"
_MOVE = "institution name kind origin destination start years share posts students beds"


@dataclass(frozen=True)
class RegionPart:
    """What no scenario changes.

    Parameters
    ----------
    region
        Shapes, places and their facts as columns.
    measures
        Every number the map can colour: id, name, help, unit and source in both languages, status, group,
        scale ("sequential" or "diverging"), digits, how counties make a group (see
        :func:`geo.measures.across`), and ``before`` where it needs no scenario.
    words
        Texts of the page by language.
    """

    region: Mapping[str, Any]
    measures: tuple[Mapping[str, Any], ...]
    words: Mapping[str, Mapping[str, str]]

    @cached_property
    def packed(self) -> bytes:
        """Compressed bytes of it, made once."""
        return pack_static(self)

    def static(self) -> dict[str, Any]:
        """Return this part as JSON-able data."""
        return {"region": dict(self.region), "measures": list(self.measures), "words": dict(self.words)}


@dataclass(frozen=True)
class ScenarioView:
    """One scenario's numbers.

    Parameters
    ----------
    name
        Its name, by language.
    text, hash, model, version
        The scenario as TOML, its hash, and the model that answered, with its version.
    years
        Years shown, ascending; (T,).
    before, after
        By measure: starting values (N,) and values by year (T, N), in the order of the counties.
    regional
        By measure: the region's total or mean by year (T,).
    moves
        What moves: institution, name, origin, destination, start, years, posts.
    digits
        Decimals shown, by measure.
    """

    name: Mapping[str, str]
    text: str
    hash: str
    model: str
    version: int
    years: tuple[int, ...]
    before: Mapping[str, NDArray[np.float64]]
    after: Mapping[str, NDArray[np.float64]]
    regional: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    moves: tuple[Mapping[str, Any], ...] = ()
    digits: Mapping[str, int] = field(default_factory=dict)

    @property
    def counties(self) -> int:
        """Number of counties."""
        return next((len(values) for values in self.before.values()), 0)

    @cached_property
    def packed(self) -> bytes:
        """Compressed bytes of what it changes, made once."""
        return pack_scenario(self)

    @cached_property
    def packed_start(self) -> bytes:
        """Compressed bytes of its starting values, made once."""
        return pack_start(self)

    def facts(self) -> dict[str, Any]:
        """Return everything but the numbers, as JSON-able data."""
        return {
            "name": dict(self.name),
            "text": self.text,
            "hash": self.hash,
            "model": self.model,
            "version": self.version,
            "years": list(self.years),
            "moves": [dict(move) for move in self.moves],
        }

    def to_payload(self) -> dict[str, Any]:
        """Return this scenario as JSON-able data; missing values are ``None``."""
        return {
            **self.facts(),
            "before": {name: _plain(values.tolist()) for name, values in self.before.items()},
            "after": {name: _plain(values.tolist()) for name, values in self.after.items()},
            "regional": {name: _plain(values.tolist()) for name, values in self.regional.items()},
        }


@dataclass(frozen=True)
class MapView:
    """A map: what stays, what scenarios change, and how it opens.

    Parameters
    ----------
    fixed
        The region part.
    scenarios
        Scenarios in the order in which they are offered.
    language
        Language at opening.
    date
        Day of making, ISO 8601.
    review_number
        Number of the official map review, empty while there is none.
    own
        A user's own layers, drawn in this order above the counties.
    ranges
        How far each scenario's changes may go, in the order of the scenarios; None where nothing is known.
    apart
        How far the second of two scenarios may lie from the first, by their places, the lower first; None
        for what is still being drawn.
    flows
        Road links and commuting of the scenarios; None where none holds any.
    ids
        What the scenarios are called by, in their order, so that a choice follows its scenario when places in
        the list shift; empty where the list never changes.
    """

    fixed: RegionPart
    scenarios: tuple[ScenarioView, ...] = ()
    language: str = "en"
    date: str = ""
    review_number: str = ""
    own: tuple[OwnLayer, ...] = ()
    ranges: tuple[RangeView | None, ...] = ()
    flows: FlowsView | None = None
    ids: tuple[str, ...] = ()
    apart: Mapping[tuple[int, int], RangeView | None] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """Return what the page shows about the map itself."""
        return {"language": self.language, "date": self.date, "review_number": self.review_number}

    def to_payload(self) -> dict[str, Any]:
        """Return the whole map as JSON-able data."""
        scenarios = [scenario.to_payload() for scenario in self.scenarios]
        own = [layer.payload() for layer in self.own]
        return {**self.fixed.static(), "scenarios": scenarios, "own": own, **self.settings()}


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON knows it: no NaN, no NumPy scalar."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Real):
        return _number(float(value))
    return None if value is None or pd.isna(value) else str(value)


def _number(value: float) -> float | int | None:
    if not isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _table(frame: GeoDataFrame, columns: str) -> dict[str, list[Any]]:
    """Return columns of ``frame`` as lists; a column it lacks is left out."""
    return {name: [_plain(value) for value in frame[name]] for name in columns.split() if name in frame}


def _points(frame: GeoDataFrame) -> dict[str, list[float | None]]:
    """Return ``lon`` and ``lat`` of point features; ``None`` where the place is unknown."""
    known = [geometry is not None and not geometry.is_empty for geometry in frame.geometry]
    pairs = zip(frame.geometry, known, strict=True)
    places = [(round(g.x, _PLACE_DIGITS), round(g.y, _PLACE_DIGITS)) if k else (None, None) for g, k in pairs]
    return {"lon": [place[0] for place in places], "lat": [place[1] for place in places]}


def _parts(geometry: Any) -> list[Any]:
    return list(geometry.geoms) if hasattr(geometry, "geoms") else [geometry]


def _lines(frame: GeoDataFrame) -> list[list[list[list[float]]]]:
    """Return every feature's lines as lists of [lon, lat]."""
    return [
        [np.round(np.asarray(part.coords)[:, :2], _PLACE_DIGITS).tolist() for part in _parts(geometry)]
        for geometry in frame.geometry
    ]


def _ring(coordinates: Any) -> list[int]:
    whole = np.rint(np.asarray(coordinates)[:, :2] * _RING_SCALE).astype(int)
    kept = np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(axis=1)])
    return [int(x) for x in np.diff(whole[kept], axis=0, prepend=[[0, 0]]).ravel()]


def _rings(geometry: Any) -> list[list[list[int]]]:
    """Return polygons as rings of differenced thousandths of a degree."""
    polygons = [part for part in _parts(geometry) if part.geom_type == "Polygon"]
    return [[_ring(ring.coords) for ring in (p.exterior, *p.interiors)] for p in polygons]


def _topology(counties: GeoDataFrame) -> dict[str, Any]:
    """Return arcs shared by neighbours, and every county as polygons of rings of arc numbers."""
    shapes = counties[["geometry"]].reset_index(drop=True)
    made = Topology(shapes, prequantize=_QUANTISATION, topology=True).to_dict()
    geometries = made["objects"]["data"]["geometries"]
    polygons = [g["arcs"] if g["type"] == "MultiPolygon" else [g["arcs"]] for g in geometries]
    return {"transform": _plain(made["transform"]), "arcs": _plain(made["arcs"]), "shapes": _plain(polygons)}


def _catalog(catalog: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the layers' titles, notes, sources, terms and dates."""
    layers = catalog.get("layers", {})
    return [
        {"id": key, **{n: _plain(entry[n]) for n in _ENTRY.split() if n in entry}}
        for key, entry in layers.items()
    ]


def _dates(region: Region) -> list[list[int | None] | None]:
    """Return every institution's published years in the order of ``DATES``; ``None`` where there is none."""
    events = {event.id: event for event in timeline(region)}
    found = (events[str(key)] for key in region.institutions["id"])
    return [[getattr(event, name) for name in DATES] if event.years else None for event in found]


def _region(region: Region) -> dict[str, Any]:
    """Return shapes, places and their facts as columns."""
    neighbours = _table(region.neighbours, "kind name_en name_zh lon lat")
    neighbours["rings"] = [_rings(geometry) for geometry in region.neighbours.geometry]
    return {
        "hash": region.content_hash,
        "topology": _topology(region.counties),
        "counties": _table(region.counties, _COUNTY),
        "cities": _table(region.cities, _CITY),
        "neighbours": neighbours,
        "sites": {**_table(region.sites, _SITE), **_points(region.sites)},
        "corridors": {**_table(region.corridors, _CORRIDOR), "lines": _lines(region.corridors)},
        "rail_links": {**_table(region.rail_links, _LINK), "lines": _lines(region.rail_links)},
        "stations": {**_table(region.stations, _STATION), **_points(region.stations)},
        "institutions": {
            **_table(region.institutions, _INSTITUTION),
            **_points(region.institutions),
            "dates": _dates(region),
        },
        "destinations": {**_table(region.destinations, _DESTINATION), **_points(region.destinations)},
        "catalog": _catalog(region.catalog),
    }


def _say(key: str, fallback: str = "") -> dict[str, str]:
    return {language: say(key, language) if has(key, language) else fallback for language in LANGUAGES}


def _source(measure: Measure) -> dict[str, str]:
    """Return a measure's source by language, where it has one for each."""
    in_words = getattr(measure, "source_text", None)
    return {language: str(in_words(language) if in_words else measure.source) for language in LANGUAGES}


def _formula(measure: Measure) -> dict[str, str]:
    """Return how a measure is made, by language, where it says so."""
    in_words = getattr(measure, "formula_text", None)
    return {language: str(in_words(language)) if in_words else "" for language in LANGUAGES}


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "id": measure.id,
        "name": _say(f"measure.{measure.id}.name", measure.id),
        "help": _say(f"measure.{measure.id}.help"),
        "unit": _say(f"unit.{measure.unit}", measure.unit),
        "status": measure.status,
        "source": _source(measure),
        "formula": _formula(measure),
        "group": measure.group,
        "scale": measure.scale,
        "digits": int(measure.digits),
        "across": across(measure.id, measure.unit),
    }


def _span(frame: GeoDataFrame, column: str) -> str:
    """Return the years of a column of city facts: "2020" or "2015-2020"."""
    if column not in frame:
        return ""
    years = sorted({int(year) for year in frame[column].dropna()})
    return "" if not years else f"{years[0]}" if len(years) == 1 else f"{years[0]}–{years[-1]}"


def _base(
    identifier: str, values: Any, unit: str, status: str, source: str | Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """Return one measure that needs no scenario; its words are at ``map.base.<id>``."""
    digits = int(more.get("digits", 0))
    year = str(more.get("year", ""))
    return {
        "id": f"base.{identifier}",
        "name": _say(f"map.base.{identifier}.name"),
        "help": {language: say(f"map.base.{identifier}.help", language, year=year) for language in LANGUAGES},
        "unit": _say(f"unit.{unit}", unit),
        "status": status,
        "source": _name(source),
        "group": "base",
        "scale": "sequential",
        "digits": digits,
        "across": across(identifier, unit),
        "before": _plain([round(float(value), digits + 2) for value in values]),
    }


def _by_city(region: Region, column: str) -> list[float]:
    """Return a city fact for each of its counties; NaN where the city has none."""
    facts = {str(code): float(value) for code, value in region.cities[column].items()}
    return [facts.get(str(code), float("nan")) for code in region.counties["city_code"]]


def _sources(frame: GeoDataFrame, column: str) -> str:
    """Return the sources a column names, each once."""
    return " | ".join(dict.fromkeys(str(text) for text in frame[column].dropna())) if column in frame else ""


def _weakest(frame: GeoDataFrame, column: str) -> str:
    """Return the weakest status of a column: a map is as good as its worst county."""
    present = set(frame[column].dropna()) if column in frame else set()
    return next((status for status in _WEAKEST_FIRST if status in present), "sourced")


def _city_measure(region: Region, column: str, unit: str, digits: int) -> dict[str, Any]:
    cities = region.cities
    status, source = _weakest(cities, f"{column}_status"), _sources(cities, f"{column}_source")
    year = _span(cities, f"{column}_year")
    return _base(column, _by_city(region, column), unit, status, source, digits=digits, year=year)


def _base_measures(region: Region, base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the measures that need no scenario; one that scenarios also give is left to them."""
    counties, census = region.counties, _sources(region.counties, "source")
    people = np.asarray(counties["population"], dtype=float)
    density = people / np.asarray(counties["area_km2"], dtype=float)
    made = [
        _base("population", people, "persons", _weakest(counties, "status"), census),
        _base("density", density, "persons_per_km2", "derived", census),
    ]
    if "jobs" in base:
        made.append(_base("jobs", base["jobs"], "jobs", "estimated", both("map.base.jobs.source")))
    made.append(_city_measure(region, "gdp_per_head", "yuan", 0))
    made.append(_city_measure(region, "pm25", "ug_m3", 1))
    return made


def _words() -> dict[str, dict[str, str]]:
    """Return the page's texts by language, under their full keys."""
    return {
        language: {f"{head}.{key}": text for head in _WORDS for key, text in section(head, language).items()}
        for language in LANGUAGES
    }


def _name(name: str | Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, name) if isinstance(name, str) else dict(name)


def _move(move: Any) -> dict[str, Any]:
    return {
        name: _plain(getattr(move, name)) for name in _MOVE.split() if getattr(move, name, None) is not None
    }


def _arrays(values: Mapping[str, Any], kept: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    return {name: np.asarray(values[name], dtype=np.float64) for name in kept if name in values}


def _scenario(name: str | Mapping[str, str], outcome: Outcome, digits: Mapping[str, int]) -> ScenarioView:
    values = outcome.values
    kept = [measure for measure in values if measure in digits]
    after = _arrays(values, kept)
    zero = {measure: np.zeros(values.shape[1]) for measure, values in after.items()}
    return ScenarioView(
        name=_name(name),
        text=outcome.scenario.to_toml(),
        hash=outcome.scenario.hash,
        model=outcome.model,
        version=outcome.version,
        years=tuple(int(year) for year in outcome.years),
        before={**zero, **_arrays(outcome.before, kept)},
        after=after,
        regional=_arrays(outcome.regional, kept),
        moves=tuple(_move(move) for move in outcome.scenario.moves),
        digits=digits,
    )


_regions: Recent[RegionPart] = Recent(_REGIONS)
_scenarios: Recent[ScenarioView] = Recent(_SCENARIOS)


def _region_part(
    region: Region, measures: Sequence[Measure], base: Mapping[str, Any], given: AbstractSet[str]
) -> RegionPart:
    arrays = {name: np.asarray(values, dtype=float) for name, values in base.items()}
    key = (
        region.content_hash,
        frozenset(given),
        tuple(measure.id for measure in measures),
        tuple((name, values.tobytes()) for name, values in sorted(arrays.items())),
    )

    def made() -> RegionPart:
        own = [one for one in _base_measures(region, arrays) if one["id"].removeprefix("base.") not in given]
        return RegionPart(_region(region), (*own, *map(_measure, measures)), _words())

    return _regions.get(key, made)


def _scenario_part(
    name: str | Mapping[str, str], outcome: Outcome, digits: Mapping[str, int]
) -> ScenarioView:
    # by reference: an identity may pass to another outcome, and one is too large to be kept for its map
    key = (ref(outcome), tuple(_name(name).items()), tuple(digits.items()))
    return _scenarios.get(key, lambda: _scenario(name, outcome, digits))


def build_view(
    region: Region,
    runs: Iterable[tuple[str | Mapping[str, str], Outcome]] = (),
    *,
    measures: Iterable[Measure] = (),
    base: Mapping[str, Any] | None = None,
    language: str = "en",
    date: str = "",
    review_number: str = "",
    own: Iterable[OwnLayer] = (),
    ranges: Iterable[RangeView | None] = (),
    ids: Iterable[str] = (),
    apart: Mapping[tuple[int, int], RangeView | None] | None = None,
) -> MapView:
    """Return the map of a region and of scenarios.

    Parameters
    ----------
    region
        The region; its counties are in the order of the outcomes' values.
    runs
        Pairs of name and outcome; a name is a text or a text by language.
    measures
        Measures that may be shown; values of an outcome that are not listed stay out.
    base
        Further starting values by name, (N,): ``jobs`` shows estimated jobs.
    language
        Language at opening, "en" or "zh".
    date
        Day of making, ISO 8601; shown on the map.
    review_number
        Number of the official map review, shown in the map's foot.
    own
        A user's own layers, shown above the counties; see :mod:`geo.maps.own` for their limits.
    ranges
        How far the changes of each run may go, in the order of the runs.
    ids
        Ids of the runs, in their order; see :class:`MapView`.
    apart
        How far two runs may lie apart; see :class:`MapView`.

    Returns
    -------
    MapView
        Plain data. Parts that did not change since the last call are the same objects.

    Raises
    ------
    KeyError
        If ``language`` is not one of the two.
    LayerError
        If an own layer cannot be shown, or all together are too much for one map.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    listed, pairs = list(measures), list(runs)
    given = {name for _, outcome in pairs for name in outcome.before}
    fixed = _region_part(region, listed, base or {}, given)
    digits = {measure.id: int(measure.digits) for measure in listed}
    parts = tuple(_scenario_part(name, outcome, digits) for name, outcome in pairs)
    flows = flows_view([outcome for _, outcome in pairs])
    return MapView(
        fixed, parts, language, date, review_number,
        own=checked_layers(own), ranges=tuple(ranges), flows=flows, ids=tuple(ids),
        apart=apart or {},
    )  # fmt: skip
