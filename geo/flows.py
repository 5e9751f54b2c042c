"""Road links and commuting in two outcomes: what differs most, as tables and as charts.

As everywhere, a difference is the second outcome (B) less the first (A), and one that is smaller than what is
shown is none. The laws behind the numbers are in :mod:`geo.model.flows`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from geo.charts import Chart, bars_about_zero
from geo.classes import breaks
from geo.comparison import settled
from geo.downloads import Field, Table
from geo.explaining import Asked
from geo.measures import MEASURES
from geo.model.explain_flows import explain_link, explain_pair
from geo.model.flows import commuting, has_flows, largest_pairs, links
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geo.comparison import Pair
    from geo.measures import Measure
    from geo.model.terms import Term

__all__ = [
    "DELAY",
    "TRIPS",
    "Between",
    "commuting_chart",
    "delay_chart",
    "flow_tables",
    "held_by_both",
    "links_that_differ",
    "pairs_that_differ",
    "questions_of_links",
    "questions_of_pairs",
    "table_of_links",
    "table_of_pairs",
]

Array = NDArray[np.float64]

#: Links and pairs are parts of these measures: their unit, status and source; links to one more decimal.
DELAY: Final = replace(MEASURES["delay"], digits=1)
TRIPS: Final = MEASURES["in_commuters"]
_MOST: Final = 12
_ASKED: Final = 200  # of a list to choose from
_DASH: Final = "\u2013"
_RANKS: Final = (" New Area", " District", " County")


@dataclass(frozen=True)
class Between:
    """A number between two counties in A and in B.

    For a road link the order of the counties means nothing; for commuting ``first`` is home, ``second`` work.
    """

    first: str
    second: str
    first_name: str
    second_name: str
    a: float
    b: float
    difference: float


def held_by_both(two: Pair) -> bool:
    """Return whether A and B hold flows between counties."""
    return has_flows(two.first) and has_flows(two.second)


def _listed(two: Pair, ends: NDArray[np.int64], numbers: Array, language: str) -> tuple[Between, ...]:
    """Return rows of counties, (K, 2), with their numbers in A, in B, and the difference, (K, 3)."""
    names, codes = two.region.counties[f"name_{language}"].tolist(), two.region.codes
    return tuple(
        Between(codes[one], codes[other], str(names[one]), str(names[other]), *triple)
        for (one, other), triple in zip(ends.tolist(), numbers.tolist(), strict=True)
    )


def links_that_differ(two: Pair, year: int, language: str = "en") -> tuple[Between, ...]:
    """Return the road links whose delay differs, both directions added, largest difference first.

    Raises
    ------
    ModelError
        If an outcome holds no flows, or not the year.
    """
    found = links(two.first), links(two.second)
    rows = two.first.position(year), two.second.position(year)
    a, b = (one.delay[row].sum(axis=0) for one, row in zip(found, rows, strict=True))
    change = settled(DELAY, b - a)
    order = np.argsort(-np.abs(change), kind="stable")[: int(np.count_nonzero(change))]
    return _listed(two, found[0].ends[order], np.column_stack([a, b, change])[order], language)


def pairs_that_differ(two: Pair, year: int, language: str = "en") -> tuple[Between, ...]:
    """Return the pairs of counties between which daily commuting differs, largest difference first.

    Raises
    ------
    ModelError
        If an outcome holds no flows, or not the year.
    """
    a, b = commuting(two.first, year), commuting(two.second, year)
    pairs = largest_pairs(settled(TRIPS, b - a), a.size)
    home, work = pairs.T
    return _listed(two, pairs, np.column_stack([one[home, work] for one in (a, b, b - a)]), language)


# Tables ---------------------------------------------------------------------------------------------


def _table(
    key: str, rows: Sequence[Between], measure: Measure, ends: tuple[str, str], language: str
) -> Table:
    unit = measure.unit_name(language)
    fields = [
        *(
            Field(end, say(f"download.field.{end}", language))
            for one in ends
            for end in (f"{one}_code", f"{one}_name")
        ),
        *(Field(side, say(f"compare.column.{side}", language), unit) for side in ("a", "b", "difference")),
    ]
    listed = tuple(
        (row.first, row.first_name, row.second, row.second_name, row.a, row.b, row.difference) for row in rows
    )
    return Table(key, say(f"compare.table.{key}", language), tuple(fields), listed)


def table_of_links(two: Pair, year: int, language: str = "en") -> Table:
    """Return all road links whose delay differs."""
    return _table("roads", links_that_differ(two, year, language), DELAY, ("from", "to"), language)


def table_of_pairs(two: Pair, year: int, language: str = "en") -> Table:
    """Return all pairs of counties between which commuting differs."""
    return _table("pairs", pairs_that_differ(two, year, language), TRIPS, ("home", "work"), language)


def flow_tables(two: Pair, year: int, language: str = "en") -> tuple[Table, ...]:
    """Return both tables; none where A or B holds no flows."""
    if not held_by_both(two):
        return ()
    return table_of_links(two, year, language), table_of_pairs(two, year, language)


# Charts ---------------------------------------------------------------------------------------------


def delay_chart(two: Pair, year: int, language: str = "en", *, count: int = _MOST) -> Chart:
    """Return the road links whose delay differs most as bars, in the map's classes over all years.

    Raises
    ------
    ModelError
        If an outcome holds no flows, or not the year.
    """
    named = _named(links_that_differ(two, year, language)[:count], _DASH)
    every = links(two.second).delay.sum(axis=1) - links(two.first).delay.sum(axis=1)
    return _chart(named, every, DELAY, table_of_links(two, year, language), (year, language))


def commuting_chart(two: Pair, year: int, language: str = "en", *, count: int = _MOST) -> Chart:
    """Return the pairs of counties between which commuting differs most as bars.

    Raises
    ------
    ModelError
        If an outcome holds no flows, or not the year.
    """
    rows = pairs_that_differ(two, year, language)
    every = np.array([row.difference for row in rows])
    return _chart(
        _named(rows[:count], "→"), every, TRIPS, table_of_pairs(two, year, language), (year, language)
    )


def _chart(
    named: list[tuple[str, float]], every: Array, measure: Measure, table: Table, asked: tuple[int, str]
) -> Chart:
    """Return bars, most first, in the classes of ``every`` difference; ``asked`` are year and language."""
    year, language = asked
    title = say(f"compare.flows.{table.id}", language, year=year)
    ordered = sorted(named, key=lambda one: -one[1])
    classes = breaks([settled(measure, every)], digits=measure.digits, diverging=True)
    status, unit = say(f"status.{measure.status}", language), measure.unit_name(language)
    note = say("compare.note", language, unit=unit, status=status, source=measure.source_text(language))
    ends = {"more": _end(ordered, 1, measure, language), "less": _end(ordered[::-1], -1, measure, language)}
    alt = say("compare.flows.alt", language, **ends)
    spec = bars_about_zero(ordered, classes, measure, language)
    return Chart(f"flows_{table.id}", title, alt, note, spec, table)


def _named(rows: Sequence[Between], sign: str) -> list[tuple[str, float]]:
    """Return bars by name; counties of one name are told apart by code, lest two bars fall into one."""

    def short(name: str) -> str:
        return next((name.removesuffix(rank) for rank in _RANKS if name.endswith(rank)), name)

    names = [f"{short(row.first_name)} {sign} {short(row.second_name)}" for row in rows]
    return [
        (name if names.count(name) == 1 else f"{name} ({row.first}, {row.second})", row.difference)
        for name, row in zip(names, rows, strict=True)
    ]


def _end(ordered: Sequence[tuple[str, float]], sign: int, measure: Measure, language: str) -> str:
    if not ordered or ordered[0][1] * sign <= 0:
        return say("compare.nobody", language)
    name, value = ordered[0]
    return say("compare.who", language, name=name, value=measure.text(value, language, sign=True))


# Explained ------------------------------------------------------------------------------------------


def questions_of_links(two: Pair, year: int, language: str = "en") -> list[Asked]:
    """Return what can be asked about road links, those that differ most first."""
    return _asked(links_that_differ(two, year, language), _DASH, DELAY, partial(explain_link, year=year), two)


def questions_of_pairs(two: Pair, year: int, language: str = "en") -> list[Asked]:
    """Return what can be asked about commuting between two counties, pairs that differ most first."""
    return _asked(pairs_that_differ(two, year, language), "→", TRIPS, partial(explain_pair, year=year), two)


def _asked(
    rows: Sequence[Between], sign: str, measure: Measure, explain: Callable[..., Term], two: Pair
) -> list[Asked]:
    return [
        Asked(name, measure.id, partial(explain, region=two.region, ends=(row.first, row.second)))
        for row, (name, _) in zip(rows[:_ASKED], _named(rows[:_ASKED], sign), strict=True)
    ]
