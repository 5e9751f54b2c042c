"""Ranges of the numbers shown: from how far to how far a number goes when the assumptions vary.

A range runs from the 10 % to the 90 % quantile over the draws of an ensemble. That of a difference between
two scenarios compares them draw by draw, so that what both are unsure of alike does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.comparison import REGION, aggregated, place_of, settled
from geo.downloads import Field, Table
from geo.ensemble import quantiles
from geo.explaining import inside_of
from geo.maps.rangeview import RangeView
from geo.measures import ADDED, MEASURES, across
from geo.words import number, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geo.comparison import Place, Row
    from geo.ensemble import Draws, Ensemble
    from geo.measures import Effect, Measure, Said
    from geo.outcome import Outcome
    from geo.region import Region

__all__ = [
    "Range",
    "Spread",
    "apart_ranges",
    "difference_range",
    "map_ranges",
    "ranges_table",
    "said_range",
    "said_ranges",
    "shared_draws",
    "span",
    "turned",
    "with_ranges",
]

Array = NDArray[np.float64]


class Range(NamedTuple):
    """From how far to how far."""

    low: float
    high: float


def span(measure: Measure, found: Range | None, language: str = "en", *, sign: bool = True) -> str:
    """Write a range as a reader of ``language`` does, without the unit; a dash where there is none."""
    if found is None:
        return "–"
    low, high = (measure.text(value, language, sign=sign) for value in found)
    return low if low == high else say("range.span", language, low=low, high=high)


@dataclass(frozen=True, eq=False)
class Spread:
    """An outcome with its draws.

    Parameters
    ----------
    region
        Where it is.
    outcome
        What follows from the scenario under its own assumptions.
    drawn
        The same scenario under draws.
    """

    region: Region
    outcome: Outcome
    drawn: Ensemble

    def change(self, measure: str, place: Place, year: int) -> Range | None:
        """Return the range of what a measure changes in a place by a year; None where there is none.

        For a regional number that does not exist before any move (jobs per post), it is the range of the
        number itself.
        """
        at = self.outcome.position(year)
        if place.id == REGION and measure in self.drawn.regional:
            moved = self.drawn.regional_changes[measure][:, at]
            return _range(measure, moved if np.isfinite(moved).any() else self.drawn.regional[measure][:, at])
        after = self.after(measure, place, year)
        if after is None:
            return None
        nothing = {key: np.zeros((1, len(self.outcome.codes))) for key in self.outcome.before}
        before = self._in_place(nothing, measure, place)
        return None if before is None else _range(measure, after - before[0])

    def after(self, measure: str, place: Place, year: int) -> Array | None:
        """Return a measure in a place and year under every draw, (D,); None where there is none."""
        at = self.outcome.position(year)
        if place.id == REGION and measure in self.drawn.regional:
            return self.drawn.regional[measure][:, at]
        if measure not in self.drawn.changes or measure not in self.outcome.before:
            return None
        wanted = {measure, _across(measure)} & set(self.drawn.changes)
        return self._in_place({key: self.drawn.changes[key][:, at] for key in wanted}, measure, place)

    def by_county(self, measure: str) -> Array | None:
        """Return low and high of the change by year and county, (2, T, N); None where nothing is drawn."""
        if measure not in self.drawn.changes:
            return None
        return settled(MEASURES[measure], self.drawn.ends(measure))

    def _in_place(self, changes: Mapping[str, Draws], measure: str, place: Place) -> Array | None:
        """Return a measure in a place after changes, one a row; None where no mean is formed."""
        before = self.outcome.before
        values = before[measure] + changes[measure]
        if place.inside.sum() == 1:
            return np.asarray(values[:, place.inside][:, 0])
        key = _across(measure)
        if key == ADDED:
            return aggregated(values, None, place.inside)
        if key.startswith("counties."):
            own = self.region.counties[key.removeprefix("counties.")].to_numpy(dtype=float)
            return aggregated(values, np.broadcast_to(own, values.shape), place.inside)
        if key not in changes or key not in before:
            return None
        return aggregated(values, before[key] + changes[key], place.inside)


def _across(measure: str) -> str:
    return across(measure, MEASURES[measure].unit)


def said_range(spread: Spread, said: Said) -> Range | None:
    """Return the range of a number in a sentence; None for what the scenario itself states.

    Percentages are of the number before as the sentence takes it, so only the change varies.
    """
    if said.kind == "count":
        return None
    region, outcome, drawn = spread.region, spread.outcome, spread.drawn
    place = inside_of(outcome, region, said.place, said.year)
    if said.kind == "mean_percent":
        return _mean_percent(spread, said, place)
    if said.kind == "value":
        known = said.place == REGION and said.measure in drawn.regional
        values = drawn.regional[said.measure][:, outcome.position(said.year)] if known else None
        return None if values is None else _range(said.measure, values)
    found = spread.change(said.measure, place, said.year)
    if said.kind == "change" or found is None:
        return found
    before = float(np.nansum(outcome.before[said.measure][place.inside]))
    return Range(*(100.0 * end / before for end in found)) if before else None


def _mean_percent(spread: Spread, said: Said, place: Place) -> Range | None:
    """Return the range of a mean change in percent over counties, weighted by the posts that move."""
    outcome, at = spread.outcome, spread.outcome.position(said.year)
    weights = np.where(place.inside, np.abs(outcome.at("posts", said.year)), 0.0)
    here = weights > 0
    if said.measure not in spread.drawn.changes or not here.any():
        return None
    changes = np.asarray(spread.drawn.changes[said.measure][:, at][:, here], dtype=float)
    means = 100.0 * (changes / outcome.before[said.measure][here]) @ (weights[here] / weights.sum())
    if not np.isfinite(means).any():
        return None
    low, _, high = quantiles(means)
    return Range(float(low), float(high))


def said_ranges(spread: Spread, effect: Effect, language: str = "en") -> str:
    """Return the ranges of the numbers of a sentence in words; empty where there is none to tell."""
    parts = []
    for one in effect.numbers:
        found = said_range(spread, one)
        if found is not None and found.low < found.high:
            place = inside_of(spread.outcome, spread.region, one.place, one.year, language).name
            name = MEASURES[one.measure].name(language)
            parts.append(
                say("range.of", language, place=place, measure=name, span=_said(one, found, language))
            )
    between = say("map.facts.semicolon", language)
    return f"{say('range.short', language)} · {between.join(parts)}" if parts else ""


def _said(said: Said, found: Range, language: str) -> str:
    """Write the range of a number in a sentence as the sentence writes the number."""
    if said.kind not in {"percent", "mean_percent"}:
        return span(MEASURES[said.measure], found, language, sign=said.sign)
    low, high = (number(end, language, digits=said.digits, sign=True) for end in found)
    text = low if low == high else say("range.span", language, low=low, high=high)
    return say("range.percent", language, span=text)


def turned(found: Range | None) -> Range | None:
    """Return the range of the opposite."""
    return None if found is None else Range(0.0 - found.high, 0.0 - found.low)


def shared_draws(ensembles: Sequence[Ensemble]) -> int:
    """Return how many draws all of these have: on them a range of a difference stands."""
    numbers = [set(one.draws.index) for one in ensembles]
    return len(set.intersection(*numbers)) if numbers else 0


def difference_range(
    first: Spread | None, second: Spread | None, measure: str, place: Place, year: int
) -> Range | None:
    """Return the range of the second less the first, draw by draw; None where there is none.

    Parameters
    ----------
    first, second
        None for a scenario in which nothing moves: under any assumptions nothing changes in it.
    """
    if first is None or second is None:
        alone = first or second
        change = None if alone is None else alone.change(measure, place, year)
        return change if first is None else turned(change)
    both = first.drawn.draws.index.intersection(second.drawn.draws.index)
    if not len(both):
        return None
    values = []
    for one in (first, second):
        found = one.after(measure, place, year)
        if found is None:
            return None
        values.append(found[one.drawn.draws.index.get_indexer(both)])
    return _range(measure, values[1] - values[0])


def map_ranges(spread: Spread) -> RangeView:
    """Return the ranges of all changes by county, for a map."""
    found = {key: spread.by_county(key) for key in spread.drawn.changes}
    values = {key: ends for key, ends in found.items() if ends is not None}
    return RangeView(values, _digits(), len(spread.drawn.draws))


def _digits() -> dict[str, int]:
    return {key: measure.digits for key, measure in MEASURES.items()}


def apart_ranges(first: Spread | None, second: Spread | None) -> RangeView | None:
    """Return the ranges of the second's numbers less the first's by county, draw by draw, for a map.

    Parameters
    ----------
    first, second
        None for a scenario in which nothing moves: under any assumptions nothing changes in it.

    Returns
    -------
    RangeView or None
        None where the two share no draw, or neither has any.
    """
    if first is None or second is None:
        alone = second or first
        if alone is None:
            return None
        made = map_ranges(alone)
        return made if first is None else replace(made, values=_turned(made.values))
    both = first.drawn.draws.index.intersection(second.drawn.draws.index)
    if not len(both):
        return None
    rows = [one.drawn.draws.index.get_indexer(both) for one in (first, second)]
    values = {}
    for key in (key for key in first.drawn.changes if key in second.drawn.changes):
        one, two = (
            np.asarray(each.drawn.changes[key][at], dtype=float)
            for each, at in zip((first, second), rows, strict=True)
        )
        start = _before(second, key) - _before(first, key)  # differs where they state other assumptions
        low, _, high = settled(MEASURES[key], quantiles(two - one + start))
        values[key] = np.stack([low, high])
    return RangeView(values, _digits(), len(both))


def _before(spread: Spread, measure: str) -> Array:
    """Return a measure before any move, (N,); nothing where it is itself a change."""
    found = spread.outcome.before.get(measure)
    return np.zeros(len(spread.outcome.codes)) if found is None else found


def _turned(values: Mapping[str, Array]) -> dict[str, Array]:
    return {key: 0.0 - ends[::-1] for key, ends in values.items()}


def ranges_table(spread: Spread, language: str = "en") -> Table:
    """Return low and high of every change in the last year: the region first, then by county."""
    year = int(spread.outcome.years[-1])
    rows: list[tuple[object, ...]] = []
    whole = place_of(spread.region, REGION, language)
    for key, measure in MEASURES.items():
        if key in spread.drawn.regional and (found := spread.change(key, whole, year)) is not None:
            rows.append(("", whole.name, *_told(measure, language), year, found.low, found.high))
    names = spread.region.counties[f"name_{language}"]
    for key in spread.drawn.changes:
        low, high = spread.drawn.ends(key)[:, -1]
        told = _told(MEASURES[key], language)
        known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
        codes = [spread.outcome.codes[at] for at in known]
        rows += [
            (code, names[code], *told, year, float(low[at]), float(high[at]))
            for code, at in zip(codes, known, strict=True)
        ]
    heads = ("code", "name", "measure", "unit", "status", "year", "low", "high")
    fields = tuple(Field(key, say(f"range.field.{key}", language)) for key in heads)
    return Table("ranges", say("range.note", language, draws=len(spread.drawn.draws)), fields, tuple(rows))


def with_ranges(
    table: Table,
    rows: Sequence[Row],
    found: Callable[[str, Place, int], Range | None],
    language: str = "en",
) -> Table:
    """Return the table of some rows of a comparison with low and high of each difference behind it.

    Parameters
    ----------
    table
        As :func:`geo.comparison.table_of_rows` makes it of ``rows``.
    found
        Gives the range of a difference by measure, place and year.
    """
    at = [field.id for field in table.fields].index("difference") + 1
    made = []
    for line, row in zip(table.rows, rows, strict=True):
        ends = found(row.measure, row.place, row.year) if np.isfinite(row.difference) else None
        made.append((*line[:at], *(ends or (float("nan"),) * 2), *line[at:]))
    extra = (Field(key, say(f"range.field.{key}_difference", language)) for key in ("low", "high"))
    return replace(table, fields=(*table.fields[:at], *extra, *table.fields[at:]), rows=tuple(made))


def _told(measure: Measure, language: str) -> tuple[str, str, str]:
    status = say(f"status.{measure.status}", language)
    return measure.name(language), measure.unit_name(language), status


def _range(measure: str, values: Array) -> Range | None:
    if not np.isfinite(values).any():
        return None
    low, _, high = settled(MEASURES[measure], quantiles(values))
    return Range(float(low), float(high))
