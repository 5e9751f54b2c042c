"""Two outcomes side by side: numbers by place, who gains, what moves, and what was asked differently.

A difference is always the second outcome (B) less the first (A). What is smaller than a measure's shown
tolerance is no difference, anywhere. All functions are pure; nothing here draws.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from openpyxl import Workbook

from geo.downloads import Field, Table, harmless
from geo.edits import Plan, describe, diff
from geo.errors import Fault, ModelError
from geo.measures import ADDED, MEASURES, XIONGAN, across
from geo.model.moves import ramp, resolve
from geo.model.result import MODEL_VERSION
from geo.scenario import KINDS
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geo.measures import Measure
    from geo.outcome import Outcome
    from geo.region import Region
    from geo.scenario import Scenario

__all__ = [
    "CENTRAL",
    "GROUPS",
    "REGION",
    "CountyChange",
    "Flow",
    "KindRow",
    "Pair",
    "Place",
    "Row",
    "adds_up",
    "aggregated",
    "cities",
    "counties",
    "flows",
    "groups",
    "indicators",
    "input_differences",
    "kinds",
    "lines",
    "mean_weights",
    "pair",
    "parts",
    "percent",
    "place_of",
    "ranking",
    "series",
    "settled",
    "table_of_counties",
    "table_of_flows",
    "table_of_kinds",
    "table_of_rows",
    "tolerance",
    "workbook",
]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

REGION: Final = "region"
GROUPS: Final = (REGION, "beijing", "central", "tianjin", "hebei", "xiongan")
# Dongcheng, Xicheng, Chaoyang, Fengtai, Shijingshan, Haidian: Beijing Master Plan 2016-2035, "six districts"
CENTRAL: Final = ("110101", "110102", "110105", "110106", "110107", "110108")
_ALSO_GROUPS: Final = ("110000", "120000")
_MOVED: Final = ("posts", "students", "beds")


@dataclass(frozen=True)
class Place:
    """A county, a city, a part of the region, or the region.

    Parameters
    ----------
    id
        One of ``GROUPS``, or the code of a city or county.
    name
        Its name in the language asked for.
    inside
        Which counties it holds, shape (N,).
    """

    id: str
    name: str
    inside: Bools = field(repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two outcomes that may be compared, and the start of both.

    Parameters
    ----------
    region
        Where they are.
    first, second
        A and B.
    baseline
        The outcome of a scenario without moves; None where only the values before are known.
    """

    region: Region
    first: Outcome
    second: Outcome
    baseline: Outcome | None = None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The declared measures that both hold, by county or for the region, in order of declaration."""
        held = [set(one.values) | set(one.regional) for one in (self.first, self.second)]
        return tuple(measure for key, measure in MEASURES.items() if all(key in one for one in held))


@dataclass(frozen=True)
class Row:
    """One measure in one place and year; NaN is "no number".

    ``difference`` is zero where it is below the shown tolerance; ``percent`` is it in percent of ``first``.
    """

    measure: str
    place: Place
    year: int
    start: float
    first: float
    second: float
    difference: float
    percent: float


@dataclass(frozen=True)
class CountyChange:
    """What a measure is in a county in A and B, and by how much they differ."""

    code: str
    name: str
    city: str
    first: float
    second: float
    difference: float


@dataclass(frozen=True)
class KindRow:
    """What of one class of institution has moved by a year: ``posts``, ``students`` or ``beds``."""

    kind: str
    what: str
    first: float
    second: float
    difference: float


@dataclass(frozen=True)
class Flow:
    """What has moved from one county to another by a year, in A and in B."""

    origin: str
    destination: str
    origin_name: str
    destination_name: str
    first: float
    second: float
    difference: float


def pair(region: Region, first: Outcome, second: Outcome, baseline: Outcome | None = None) -> Pair:
    """Return two outcomes for comparison.

    Raises
    ------
    ModelError
        If one comes of other layers than ``region``, another version of the model than this one, another
        model than the first, or of other counties or years: they have to be run again. All faults at once.
    """
    faults = []
    for which, one in (("a", first), ("b", second), ("baseline", baseline)):
        if one is None:
            continue
        values = {"name": one.scenario.name, "here": region.content_hash[:8], "there": one.region_hash[:8]}
        if one.region_hash != region.content_hash or one.codes != tuple(region.codes):
            faults.append(Fault("compare.other_layers", which, values))
        elif one.version != MODEL_VERSION:
            values = {"name": one.scenario.name, "here": str(MODEL_VERSION), "there": str(one.version)}
            faults.append(Fault("compare.other_version", which, values))
        elif one.model != first.model:
            faults.append(Fault(f"compare.wants_{first.model}", which, {"name": one.scenario.name}))
        elif not np.array_equal(one.years, first.years):
            faults.append(Fault("compare.other_years", which, {"name": one.scenario.name}))
    if faults:
        raise ModelError(faults)
    return Pair(region, first, second, baseline)


# Noise ----------------------------------------------------------------------------------------------


def tolerance(measure: Measure) -> float:
    """Return half of the last digit shown: a smaller difference cannot be read off."""
    return 0.5 * 10.0**-measure.digits


def settled(measure: Measure, change: Array) -> Array:
    """Return changes with those below the measure's shown tolerance set to zero; NaN stays."""
    # a difference of two numbers of size 1e7 carries an error of 1e-9: exactly half a digit still counts
    small = np.abs(change) < tolerance(measure) * (1 - 1e-9)
    return np.where(small, 0.0, change)


def percent(measure: Measure, difference: float, of: float) -> float:
    """Return a settled difference in percent of ``of``; NaN where ``of`` is shown as zero."""
    if not np.isfinite(difference) or not abs(of) >= tolerance(measure):
        return float("nan")
    return 100.0 * difference / abs(of)


# Places ---------------------------------------------------------------------------------------------


def groups(region: Region, language: str = "en") -> tuple[Place, ...]:
    """Return the region and its parts, in the order of ``GROUPS``."""
    codes = np.array(region.codes)
    province = region.counties["province"].to_numpy()
    inside = {
        REGION: np.ones(len(codes), dtype=bool),
        "central": np.isin(codes, CENTRAL),
        "xiongan": np.isin(codes, XIONGAN),
        **{key: province == key for key in ("beijing", "tianjin", "hebei")},
    }
    return tuple(Place(key, say(f"compare.place.{key}", language), inside[key]) for key in GROUPS)


def cities(region: Region, language: str = "en") -> tuple[Place, ...]:
    """Return the thirteen cities, by ascending code."""
    of = region.counties["city_code"].to_numpy()
    names = region.cities[f"name_{language}"]
    return tuple(Place(str(code), str(name), of == code) for code, name in names.sort_index().items())


def parts(region: Region, language: str = "en") -> tuple[Place, ...]:
    """Return the groups, and the cities; Beijing and Tianjin, which are both, once."""
    others = (place for place in cities(region, language) if place.id not in _ALSO_GROUPS)
    return (*groups(region, language), *others)


def counties(region: Region, language: str = "en", *, city: bool = False) -> tuple[Place, ...]:
    """Return every county as a place of its own, by ascending code.

    Several share a name; with ``city`` the name of the city follows, and no two are alike.
    """
    eye = np.eye(len(region.codes), dtype=bool)
    names = region.counties[f"name_{language}"]
    if city:
        names = names + " · " + region.counties[f"city_{language}"]
    return tuple(Place(code, str(names[code]), eye[at]) for at, code in enumerate(region.codes))


def place_of(region: Region, key: str, language: str = "en") -> Place:
    """Return a place by its id.

    Raises
    ------
    KeyError
        If there is none.
    """
    known = (*groups(region, language), *cities(region, language), *counties(region, language))
    return {place.id: place for place in known}[key]


# Numbers by place -----------------------------------------------------------------------------------


def _weights(region: Region, held: Mapping[str, Array], measure: str, years: int) -> Array | None:
    """Return the weights of a measure's mean, shape (years, N); None where no mean is formed."""
    key = across(measure, MEASURES[measure].unit)
    if key.startswith("counties."):
        own = region.counties[key.removeprefix("counties.")].to_numpy(dtype=float)
        return np.broadcast_to(own, (years, len(own)))
    return held[key].reshape(years, -1) if key in held else None


def adds_up(measure: str) -> bool:
    """Return whether a measure's number of a group of counties is their sum."""
    return across(measure, MEASURES[measure].unit) == ADDED


def mean_weights(region: Region, outcome: Outcome, measure: str, year: int) -> Array | None:
    """Return what a group's mean of a measure is weighted by in a year, (N,); None where there is none."""
    weights = _weights(region, outcome.values, measure, len(outcome.years))
    return None if weights is None else np.asarray(weights[outcome.position(year)])


def aggregated(values: Array, weights: Array | None, inside: Bools) -> Array:
    """Return sums over counties, or means with ``weights``, shape (T,).

    A missing county counts neither in a sum nor in a mean; where none has a number the result is NaN.

    Parameters
    ----------
    values
        Shape (T, N).
    weights
        Shape (T, N), or None to add up.
    inside
        Shape (N,).
    """
    chosen = values[:, inside]
    known = np.isfinite(chosen)
    if weights is None:
        return np.where(known.any(axis=1), np.where(known, chosen, 0.0).sum(axis=1), np.nan)
    heavy = np.where(known, np.nan_to_num(weights[:, inside]), 0.0)
    total = heavy.sum(axis=1)
    top = (heavy * np.where(known, chosen, 0.0)).sum(axis=1)
    return np.where(total > 0, top / np.where(total > 0, total, 1.0), np.nan)


def series(region: Region, outcome: Outcome, measure: str, place: Place) -> Array:
    """Return a measure in a place by year, shape (T,); NaN where there is no such number.

    The region's number is the outcome's own, by the measure's formula; a county's is its value; in a group
    numbers add up or are weighted means.
    """
    nothing = np.full(len(outcome.years), np.nan)
    if place.id == REGION and measure in outcome.regional:
        return np.asarray(outcome.regional[measure], dtype=float)
    if measure not in outcome.values:
        return nothing
    values = outcome.values[measure]
    if place.inside.sum() == 1:
        return np.asarray(values[:, place.inside][:, 0])
    if across(measure, MEASURES[measure].unit) == ADDED:
        return aggregated(values, None, place.inside)
    weights = _weights(region, outcome.values, measure, len(nothing))
    return nothing if weights is None else aggregated(values, weights, place.inside)


def _start(two: Pair, measure: str, place: Place) -> Array:
    """Return the baseline by year, shape (T,); without a baseline, the counties before."""
    if two.baseline is not None:
        return series(two.region, two.baseline, measure, place)
    years = len(two.first.years)
    if measure not in two.first.before or place.id == REGION:
        return np.full(years, np.nan)
    before = two.first.before
    if place.inside.sum() == 1:
        return np.full(years, before[measure][place.inside][0])
    if across(measure, MEASURES[measure].unit) == ADDED:
        return np.full(years, aggregated(before[measure][None], None, place.inside)[0])
    weights = _weights(two.region, before, measure, 1)
    if weights is None:
        return np.full(years, np.nan)
    return np.full(years, aggregated(before[measure][None], weights, place.inside)[0])


def lines(two: Pair, measure: str, place: Place) -> tuple[Array, Array, Array]:
    """Return baseline, A and B of a measure in a place by year, each of shape (T,)."""
    first, second = (series(two.region, one, measure, place) for one in (two.first, two.second))
    return _start(two, measure, place), first, second


def indicators(two: Pair, year: int, measures: Iterable[str], places: Iterable[Place]) -> tuple[Row, ...]:
    """Return the rows of the indicator table: measures in order and, within each, places.

    Raises
    ------
    ModelError
        If the outcomes do not hold ``year``.
    """
    at = two.first.position(year)
    places = tuple(places)
    done = []
    for key in measures:
        measure = MEASURES[key]
        for place in places:
            start, first, second = (float(one[at]) for one in lines(two, key, place))
            change = float(settled(measure, np.array(second - first)))
            done.append(Row(key, place, year, start, first, second, change, percent(measure, change, first)))
    return tuple(done)


def ranking(
    two: Pair, measure: str, year: int, language: str = "en", *, count: int | None = None
) -> tuple[tuple[CountyChange, ...], tuple[CountyChange, ...]]:
    """Return who gains and who loses in B against A, largest first; ties by code.

    Raises
    ------
    ModelError
        If an outcome holds no such measure by county, or not the year.
    """
    first, second = two.first.at(measure, year), two.second.at(measure, year)
    change = settled(MEASURES[measure], second - first)
    frame = two.region.counties
    names, towns = frame[f"name_{language}"].to_numpy(), frame[f"city_{language}"].to_numpy()

    def rows(sign: int) -> tuple[CountyChange, ...]:
        order = np.argsort(-sign * change, kind="stable")
        kept = [int(at) for at in order if sign * change[at] > 0][:count]
        return tuple(
            CountyChange(
                two.first.codes[at],
                str(names[at]),
                str(towns[at]),
                float(first[at]),
                float(second[at]),
                float(change[at]),
            )
            for at in kept
        )

    return rows(1), rows(-1)


# What moves -----------------------------------------------------------------------------------------


def _moved(region: Region, outcome: Outcome, year: int) -> dict[tuple[str, str, str, str], float]:
    """Return by origin, destination, class and what (posts, students, beds) the sum moved by ``year``."""
    at = outcome.position(year)
    moves = resolve(outcome.scenario, region)
    if not len(moves):
        return {}
    done = ramp(moves.start, moves.years, outcome.years, outcome.scenario.assumptions["ramp_steepness"])[at]
    sums: dict[tuple[str, str, str, str], float] = {}
    for what in _MOVED:
        amounts = getattr(moves, what) * done
        for place in range(len(moves)):
            ends = region.codes[int(moves.origin[place])], region.codes[int(moves.destination[place])]
            key = (*ends, KINDS[int(moves.kind[place])], what)
            sums[key] = sums.get(key, 0.0) + float(amounts[place])
    return sums


def kinds(two: Pair, year: int) -> tuple[KindRow, ...]:
    """Return what of each class of institution has moved by ``year`` in A and B; only what moves in one."""
    both = []
    for outcome in (two.first, two.second):
        sums: dict[tuple[str, str], float] = {}
        for (_, _, kind, what), amount in _moved(two.region, outcome, year).items():
            sums[kind, what] = sums.get((kind, what), 0.0) + amount
        both.append(sums)
    done = []
    for kind in KINDS:
        for what in _MOVED:
            first, second = (sums.get((kind, what), 0.0) for sums in both)
            if max(first, second) >= tolerance(MEASURES[what]):
                change = float(settled(MEASURES[what], np.array(second - first)))
                done.append(KindRow(kind, what, first, second, change))
    return tuple(done)


def flows(two: Pair, year: int, language: str = "en", *, what: str = "posts") -> tuple[Flow, ...]:
    """Return what has moved by ``year`` from county to county, the largest of either outcome first."""
    both = []
    for outcome in (two.first, two.second):
        sums: dict[tuple[str, str], float] = {}
        for (origin, destination, _, item), amount in _moved(two.region, outcome, year).items():
            if item == what:
                sums[origin, destination] = sums.get((origin, destination), 0.0) + amount
        both.append(sums)
    names = two.region.counties[f"name_{language}"]
    done = []
    for ends in sorted({*both[0], *both[1]}):
        first, second = (sums.get(ends, 0.0) for sums in both)
        if max(first, second) < tolerance(MEASURES[what]):
            continue
        change = float(settled(MEASURES[what], np.array(second - first)))
        done.append(Flow(*ends, str(names[ends[0]]), str(names[ends[1]]), first, second, change))
    return tuple(sorted(done, key=lambda flow: -max(flow.first, flow.second)))


def input_differences(
    first: Scenario, second: Scenario, region: Region | None = None, language: str = "en"
) -> tuple[str, ...]:
    """Return in words what was asked differently: what must be done to A to get B; empty if nothing."""
    found = diff(Plan.from_scenario(first), Plan.from_scenario(second))
    return describe([item for item in found if item.kind not in {"name", "note"}], region, language)


# Tables ---------------------------------------------------------------------------------------------


def _fields(language: str, *keys: str, unit: str = "") -> list[Field]:
    return [Field(key, say(f"compare.column.{key}", language), unit) for key in keys]


def table_of_rows(rows: Sequence[Row], language: str = "en") -> Table:
    """Return indicator rows as a table with unit, status and source of each measure."""
    keys = (
        "measure",
        "place",
        "year",
        "baseline",
        "a",
        "b",
        "difference",
        "percent",
        "unit",
        "status",
        "source",
    )
    made = []
    for row in rows:
        measure = MEASURES[row.measure]
        numbers = (row.start, row.first, row.second, row.difference, row.percent)
        words = (measure.unit_name(language), say(f"status.{measure.status}", language), measure.source)
        made.append((measure.name(language), row.place.name, row.year, *numbers, *words))
    title = say("compare.table.indicators", language)
    return Table("indicators", title, tuple(_fields(language, *keys)), tuple(made))


def table_of_counties(two: Pair, measure: str, year: int, language: str = "en") -> Table:
    """Return all counties that differ in a measure, gains first."""
    gains, losses = ranking(two, measure, year, language)
    rows = [
        (row.code, row.name, row.city, row.first, row.second, row.difference)
        for row in (*gains, *reversed(losses))
    ]
    unit = MEASURES[measure].unit_name(language)
    fields = [
        *_fields(language, "code", "county", "city"),
        *_fields(language, "a", "b", "difference", unit=unit),
    ]
    return Table("counties", say("compare.table.counties", language), tuple(fields), tuple(rows))


def table_of_kinds(two: Pair, year: int, language: str = "en") -> Table:
    """Return what moves by class of institution as a table."""
    rows = [
        (
            say(f"kind.{row.kind}", language),
            MEASURES[row.what].name(language),
            row.first,
            row.second,
            row.difference,
            MEASURES[row.what].unit_name(language),
        )
        for row in kinds(two, year)
    ]
    fields = _fields(language, "kind", "measure", "a", "b", "difference", "unit")
    return Table("kinds", say("compare.table.kinds", language), tuple(fields), tuple(rows))


def table_of_flows(two: Pair, year: int, language: str = "en", *, what: str = "posts") -> Table:
    """Return what moves from county to county as a table."""
    rows = [
        (flow.origin, flow.origin_name, flow.destination, flow.destination_name, *_numbers(flow))
        for flow in flows(two, year, language, what=what)
    ]
    fields = [
        *_fields(language, "origin_code", "origin", "destination_code", "destination"),
        *_fields(language, "a", "b", "difference", unit=MEASURES[what].unit_name(language)),
    ]
    return Table("flows", say("compare.table.flows", language), tuple(fields), tuple(rows))


def _numbers(flow: Flow) -> tuple[float, float, float]:
    return flow.first, flow.second, flow.difference


def workbook(tables: Iterable[Table]) -> bytes:
    """Return tables as the sheets of a workbook (XLSX), text made harmless as in CSV."""
    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.title)
        sheet.freeze_panes = "A2"
        sheet.append([harmless(one.title) for one in table.fields])
        for row in table.rows:
            sheet.append([_cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cell(value: object) -> str | float | int | None:
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, int) or value is None else harmless(str(value))
