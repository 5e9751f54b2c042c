"""Any number of scenarios side by side: numbers by scenario, differences to one of them, years, and tables.

The rules are those of two (:mod:`geo.comparison`): what may be compared, how counties make a group, and that
a difference below the shown tolerance is none. Nothing is judged: more is not better, and no order is a rank.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.comparison import input_differences, pair, percent, series, settled
from geo.downloads import Field, Table
from geo.errors import Fault, ModelError
from geo.measures import MEASURES
from geo.words import both, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geo.comparison import Place
    from geo.measures import Measure
    from geo.model.solve import Array
    from geo.outcome import Outcome
    from geo.region import Region

__all__ = [
    "BASELINE",
    "Several",
    "SeveralRow",
    "distinct",
    "numbers",
    "several",
    "table_of_differences",
    "table_of_inputs",
    "table_of_numbers",
    "table_of_one",
    "table_of_years",
    "years_of",
]

#: The baseline as a reference: a position before the first scenario.
BASELINE: Final = -1


@dataclass(frozen=True, eq=False)
class Several:
    """Scenarios that may be compared, and the baseline in which nothing moves.

    Parameters
    ----------
    region
        Where they are.
    outcomes
        One or more.
    names
        What each is called, all different.
    baseline
        The outcome of a scenario without moves.
    """

    region: Region
    outcomes: tuple[Outcome, ...]
    names: tuple[str, ...]
    baseline: Outcome

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The declared measures that all hold, by county or for the region, in order of declaration."""
        held = [set(one.values) | set(one.regional) for one in self.outcomes]
        return tuple(measure for key, measure in MEASURES.items() if all(key in one for one in held))

    def reference(self, position: int) -> Outcome:
        """Return the outcome at a position; ``BASELINE`` is the baseline."""
        return self.baseline if position == BASELINE else self.outcomes[position]

    def name(self, position: int, language: str = "en") -> str:
        """Return what the outcome at a position is called."""
        return say("compare.baseline", language) if position == BASELINE else self.names[position]


@dataclass(frozen=True)
class SeveralRow:
    """One measure in one place and year, in the baseline and in every scenario; NaN is "no number".

    ``differences`` and ``percents`` are those to the reference, in the order of ``values``; zero where below
    the shown tolerance.
    """

    measure: Measure
    place: Place
    year: int
    start: float
    values: tuple[float, ...]
    differences: tuple[float, ...] = field(repr=False)
    percents: tuple[float, ...] = field(repr=False)


def several(region: Region, outcomes: Sequence[Outcome], baseline: Outcome) -> Several:
    """Return scenarios for comparison; equal names get numbers.

    Raises
    ------
    ModelError
        If there is none; if one comes of other layers than ``region``, of another model than the first, or
        of other counties or years: each is named, and has to be run again.
    """
    if not outcomes:
        raise ModelError(Fault("several.none", "several"))
    faults: dict[tuple[str, str], Fault] = {}
    for one in (*outcomes, baseline):
        try:
            pair(region, outcomes[0], one)
        except ModelError as error:
            faults |= {(fault.code, str(fault.values["name"])): fault for fault in error.faults}
    if faults:
        raise ModelError(list(faults.values()))
    taken = list(both("compare.baseline").values())
    names = distinct([*taken, *(one.scenario.name for one in outcomes)])[len(taken) :]
    return Several(region, tuple(outcomes), names, baseline)


def distinct(given: Sequence[str]) -> tuple[str, ...]:
    """Return names that are all different: the second of a name is "name (2)"."""
    made: list[str] = []
    for name in given:
        count, tried = 1, name
        while tried in made:
            count += 1
            tried = f"{name} ({count})"
        made.append(tried)
    return tuple(made)


def years_of(found: Several, measure: str, place: Place) -> tuple[Array, tuple[Array, ...]]:
    """Return baseline and scenarios of a measure in a place by year, (T,) each; NaN where there is none."""
    start, *lines = (series(found.region, one, measure, place) for one in (found.baseline, *found.outcomes))
    return start, tuple(lines)


def numbers(
    found: Several, year: int, measures: Iterable[str], place: Place, *, reference: int = BASELINE
) -> tuple[SeveralRow, ...]:
    """Return one row a measure: the number of every scenario, and its difference to the reference.

    Parameters
    ----------
    reference
        Position of a scenario, or ``BASELINE``.

    Raises
    ------
    ModelError
        If the outcomes do not hold ``year``.
    """
    at = found.baseline.position(year)
    rows = []
    for key in measures:
        measure = MEASURES[key]
        start, lines = years_of(found, key, place)
        values = [float(line[at]) for line in lines]
        of = float(start[at]) if reference == BASELINE else values[reference]
        changes = settled(measure, np.array(values) - of).tolist()
        shares = tuple(percent(measure, change, of) for change in changes)
        rows.append(SeveralRow(measure, place, year, float(start[at]), tuple(values), tuple(changes), shares))
    return tuple(rows)


# Tables ---------------------------------------------------------------------------------------------


def _word(language: str, key: str, unit: str = "") -> Field:
    return Field(key, say(f"compare.column.{key}", language), unit)


def _columns(found: Several) -> list[Field]:
    return [Field(f"s{place + 1}", name) for place, name in enumerate(found.names)]


def _about(row: SeveralRow, language: str) -> tuple[str, str, str]:
    measure = row.measure
    status = say(f"status.{measure.status}", language)
    return measure.unit_name(language), status, measure.source_text(language)


def table_of_numbers(found: Several, rows: Sequence[SeveralRow], language: str = "en") -> Table:
    """Return one row a measure and one column a scenario, with unit, status and source."""
    heads = [_word(language, key) for key in ("measure", "place", "year", "baseline")]
    tail = [_word(language, key) for key in ("unit", "status", "source")]
    made = [
        (
            row.measure.name(language),
            row.place.name,
            row.year,
            row.start,
            *row.values,
            *_about(row, language),
        )
        for row in rows
    ]
    title = say("several.table.numbers", language)
    return Table("scenarios", title, (*heads, *_columns(found), *tail), tuple(made))


def table_of_differences(
    found: Several, rows: Sequence[SeveralRow], reference: int, language: str = "en"
) -> Table:
    """Return the differences of every scenario to the reference as a table."""
    heads = [_word(language, key) for key in ("measure", "place", "year")]
    tail = [_word(language, key) for key in ("unit", "status", "source")]
    to = Field("reference", say("several.column.reference", language))
    made = [
        (
            row.measure.name(language),
            row.place.name,
            row.year,
            found.name(reference, language),
            *row.differences,
            *_about(row, language),
        )
        for row in rows
    ]
    title = say("several.table.differences", language)
    return Table("differences", title, (*heads, to, *_columns(found), *tail), tuple(made))


def table_of_one(found: Several, row: SeveralRow, reference: int, language: str = "en") -> Table:
    """Return one measure with a row a scenario, to be sorted; the baseline is the first row."""
    unit = row.measure.unit_name(language)
    of = row.start if reference == BASELINE else row.values[reference]
    change = float(settled(row.measure, np.array(row.start - of)))
    first = (found.name(BASELINE, language), row.start, change, percent(row.measure, change, of))
    made = [first, *zip(found.names, row.values, row.differences, row.percents, strict=True)]
    fields = (
        Field("scenario", say("several.column.scenario", language)),
        Field("value", row.measure.name(language), unit),
        Field("difference", say("several.column.difference", language), unit),
        _word(language, "percent"),
    )
    return Table("one_measure", say("several.table.one", language), fields, tuple(made))


def table_of_years(found: Several, measure: str, place: Place, language: str = "en") -> Table:
    """Return a measure in a place by year: a row a year, a column each for baseline and scenarios."""
    start, lines = years_of(found, measure, place)
    unit = MEASURES[measure].unit_name(language)
    columns = {found.name(BASELINE, language): start} | dict(zip(found.names, lines, strict=True))
    known = {name: line for name, line in columns.items() if np.isfinite(line).any()}
    fields = (
        _word(language, "year"),
        *(Field(f"line{at}", name, unit) for at, name in enumerate(known)),
    )
    years = [int(year) for year in found.baseline.years]
    rows = tuple(zip(years, *(line.tolist() for line in known.values()), strict=True)) if known else ()
    title = say("compare.chart.lines", language, measure=MEASURES[measure].name(language), place=place.name)
    return Table("years", title, fields, rows)


def table_of_inputs(found: Several, reference: int, language: str = "en") -> Table:
    """Return in words what every scenario asks for differently than the reference; a line each."""
    base = found.reference(reference).scenario
    rows = []
    for name, one in zip(found.names, found.outcomes, strict=True):
        said = input_differences(base, one.scenario, found.region, language)
        rows += [(name, line) for line in said or (say("several.same", language),)]
    to = say("several.inputs_to", language, name=found.name(reference, language))
    fields = (Field("scenario", say("several.column.scenario", language)), Field("input", to))
    return Table("inputs", say("compare.table.inputs", language), fields, tuple(rows))
