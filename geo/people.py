"""Who gains and who loses among people: by pay, by place, by class of staff, and by institution, A against B.

Rows and tables from :mod:`geo.model.distribution` and :mod:`geo.model.staff`. Bands of pay are those of the
baseline, the same for both; a difference is B less A, and zero where it is smaller than the last digit shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.comparison import parts, percent, settled, tolerance
from geo.downloads import Field, Table
from geo.errors import Fault, ModelError
from geo.measures import MEASURES, Measure
from geo.model.distribution import (
    GROUPS,
    PRIVATE,
    TOLERANCE,
    Distribution,
    bands,
    distribution,
    workers_before,
)
from geo.model.simulate import FullOutcome
from geo.model.staff import OF_STAFF, MovedStaff, moved_staff, staff_welfare
from geo.scenario import KINDS
from geo.words import number, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geo.comparison import Pair
    from geo.model.distribution import Fates
    from geo.model.indicators import World
    from geo.model.solve import Array
    from geo.outcome import Outcome
    from geo.scenario import Move

__all__ = [
    "BY",
    "PEOPLE",
    "FateRow",
    "InstitutionRow",
    "NumberRow",
    "Pay",
    "band_names",
    "band_rows",
    "fate_rows",
    "group_name",
    "institution_key",
    "institution_rows",
    "pay",
    "pay_rows",
    "staff_rows",
    "table_of_bands",
    "table_of_fates",
    "table_of_institutions",
    "table_of_pay",
    "table_of_staff",
    "tables_of_people",
    "tolerance_text",
    "world_of",
]

#: By what workers are told apart: pay before, home, and private or class of institution.
BY: Final = ("band", "city", "group")
_PAY: Final = "Equilibrium of docs/model.md; average wages of cities, 2020; assumption pay_premium for staff"
_STAFF: Final = "The scenario; homes and trips of the gravity model; assumptions home_share and day_limit"


def _declared(*rows: tuple[str, str, str, str, int, str]) -> dict[str, Measure]:
    return {
        key: Measure(key, unit, status, source, "people", "sequential", digits, formula)
        for key, unit, status, source, digits, formula in rows
    }


#: Numbers of people that are no number by county: not in an outcome, read from its solved years.
PEOPLE: Final = _declared(
    ("pay_persons", "persons", "identified", _PAY, 0, "private workers and staff (eq. 1, 4)"),
    ("pay_nominal", "cny_per_year", "identified", _PAY, 0, "mean pay after tax by persons"),
    ("pay_real", "cny_per_year", "identified", _PAY, 0, "mean of pay / change of the cost of living at home"),
    ("pay_gini", "index", "identified", _PAY, 4, "Gini of real pay by persons"),
    ("pay_theil", "index", "identified", _PAY, 4, "Theil's T of real pay by persons"),
    ("pay_p90_p10", "ratio", "identified", _PAY, 3, "real pay at nine tenths of the persons / at one tenth"),
    ("pay_tenths", "ratio", "identified", _PAY, 3, "mean real pay of the highest tenth / of the lowest"),
    ("pay_change", "percent", "identified", _PAY, 2, "change of mean real pay of the workers of before"),
    ("pay_gain", "percent", "identified", _PAY, 1, "workers of before with a rise above the tolerance"),
    ("pay_lose", "percent", "identified", _PAY, 1, "workers of before with a fall above the tolerance"),
    ("staff_lodging", "persons", "assumption", _STAFF, 0, "students moved x student_residents"),
    ("staff_kept", "persons", "assumption", _STAFF, 0, "moved staff who keep the old home: daily + weekly"),
    ("staff_trip_before", "minutes", "estimated", _STAFF, 0, "mean one-way trip of the moved staff before"),
    (
        "staff_trip",
        "minutes",
        "estimated",
        _STAFF,
        0,
        "mean one-way trip of the moved staff, weekly ones too",
    ),
    ("staff_trip_kept", "minutes", "estimated", _STAFF, 0, "the same of those who keep the old home"),
    (
        "staff_pay_before",
        "cny_per_year",
        "assumption",
        _PAY,
        0,
        "mean pay after tax of the moved staff before",
    ),
    ("staff_pay", "cny_per_year", "assumption", _PAY, 0, "mean pay after tax of the moved staff"),
    (
        "staff_living",
        "percent",
        "identified",
        _PAY,
        2,
        "change of the cost of living at the moved staff's homes",
    ),
    (
        "staff_welfare",
        "percent",
        "identified",
        _PAY,
        2,
        "staff of the class whose institutions stay (eq. 13)",
    ),
)

_TOTALS: Final = ("persons", "nominal", "real", "gini", "theil", "p90_p10", "tenths")
# Numbers of a class of staff, in the order of a table: measure to field of MovedStaff.
_OF_INSTITUTION: Final = ("posts", "daily", "weekly", "minutes_before", "minutes")


@dataclass(frozen=True, eq=False)
class Pay:
    """Pay of persons in A and B in one year, in the bands of the baseline.

    Parameters
    ----------
    two
        A and B.
    year
        The year.
    first, second
        A's and B's distribution.
    start
        Numbers of the baseline, as ``Distribution.totals``, and persons in its bands, (K,).
    """

    two: Pair
    year: int
    first: Distribution
    second: Distribution
    start: tuple[dict[str, float], Array] = field(repr=False)


@dataclass(frozen=True)
class NumberRow:
    """One number of somebody in the baseline, A and B; NaN is "no number".

    ``difference`` is zero where it is below the shown tolerance; ``percent`` is it in percent of ``first``.
    """

    name: str
    measure: Measure
    start: float
    first: float
    second: float
    difference: float
    percent: float


@dataclass(frozen=True)
class FateRow:
    """What becomes of a group of workers: A and B of the change of real pay, shares who gain, who lose."""

    name: str
    persons: float
    change: tuple[float, float]
    gain: tuple[float, float]
    lose: tuple[float, float]


@dataclass(frozen=True)
class InstitutionRow:
    """Staff of one institution in A and B: posts moved, home kept, of these weekly, and one-way trips.

    Where only one of the two moves it, the numbers of the other are 0, its trips NaN. ``key`` is that of
    :func:`institution_key`.
    """

    key: tuple[str, str]
    name: str
    kind: str
    posts: tuple[float, float]
    kept: tuple[float, float]
    weekly: tuple[float, float]
    before: tuple[float, float]
    trip: tuple[float, float]


def world_of(outcome: Outcome) -> World:
    """Return the solved years of an outcome.

    Raises
    ------
    ModelError
        If it is not of the full model, or was read back without its solved years.
    """
    world = outcome.world if isinstance(outcome, FullOutcome) else None
    if world is None:
        raise ModelError(Fault("people.no_world", outcome.model, {"name": outcome.scenario.name}))
    return world


# Pay ------------------------------------------------------------------------------------------------


def pay(two: Pair, year: int) -> Pay:
    """Return pay of persons in A and B.

    Raises
    ------
    ModelError
        If an outcome is not of the full model, or does not hold ``year``.
    """
    at = two.first.position(year)
    first, second = world_of(two.first), world_of(two.second)
    base = first if two.baseline is None else world_of(two.baseline)
    edges = bands(workers_before(base.reference))
    here = distribution(first, at, edges)
    if two.baseline is None:
        start = (here.before, here.persons_before)
    else:
        rest = distribution(base, at, edges)
        start = (rest.totals, rest.persons)
    return Pay(two, year, here, distribution(second, at, edges), start)


def _row(name: str, measure: Measure, start: float, first: float, second: float) -> NumberRow:
    change = float(settled(measure, np.array(second - first)))
    # a share of a percentage would be read as a difference of percentages
    share = float("nan") if measure.unit == "percent" else percent(measure, change, first)
    return NumberRow(name, measure, start, first, second, change, share)


def pay_rows(found: Pay, language: str = "en") -> tuple[NumberRow, ...]:
    """Return workers, mean pay and inequality among persons in the baseline, A and B."""
    rows = []
    for key in _TOTALS:
        measure = PEOPLE[f"pay_{key}"]
        values = (found.start[0][key], found.first.totals[key], found.second.totals[key])
        rows.append(_row(measure.name(language), measure, *values))
    return tuple(rows)


def band_names(edges: Array, language: str) -> list[str]:
    """Return what each band of pay is called: its bounds in CNY a year; K names of K - 1 edges."""
    written = [number(float(edge), language) for edge in edges]
    if not written:
        return [say("people.band.all", language)]
    between = [say("people.band.between", language, low=low, high=high) for low, high in pairwise(written)]
    lowest, highest = (
        say("people.band.below", language, high=written[0]),
        say("people.band.above", language, low=written[-1]),
    )
    return [lowest, *between, highest]


def band_rows(found: Pay, language: str = "en") -> tuple[NumberRow, ...]:
    """Return how many workers are in each band of pay in the baseline, A and B, lowest pay first."""
    held = found.start[1], found.first.persons, found.second.persons
    names = band_names(found.first.edges, language)
    numbers = zip(names, *(one.tolist() for one in held), strict=True)
    return tuple(_row(name, PEOPLE["pay_persons"], *values) for name, *values in numbers)


def group_name(group: str, language: str) -> str:
    """Return what a group of ``GROUPS`` is called."""
    return say("people.private" if group == PRIVATE else f"kind.{group}", language)


def fate_rows(found: Pay, by: str, language: str = "en") -> tuple[FateRow, ...]:
    """Return what becomes of the workers of before, by band of pay, by home city, or by class.

    Groups without a worker are left out.

    Parameters
    ----------
    by
        One of ``BY``.
    """
    sides = (found.first, found.second)
    if by == "city":
        places = parts(found.two.region, language)
        inside = np.array([place.inside for place in places], dtype=float)
        names = [place.name for place in places]
        both = [one.by_home.within(inside) for one in sides]
    elif by == "group":
        names, both = [group_name(group, language) for group in GROUPS], [one.by_group for one in sides]
    else:
        names, both = band_names(found.first.edges, language), [one.by_band for one in sides]
    return _fates(names, *both)


def _fates(names: Sequence[str], first: Fates, second: Fates) -> tuple[FateRow, ...]:
    def two(a: Array, b: Array, at: int) -> tuple[float, float]:
        return float(a[at]), float(b[at])

    return tuple(
        FateRow(
            name,
            float(first.persons[at]),
            two(first.change, second.change, at),
            two(first.gain, second.gain, at),
            two(first.lose, second.lose, at),
        )
        for at, name in enumerate(names)
        if first.persons[at] > 0 or second.persons[at] > 0
    )


# Staff ----------------------------------------------------------------------------------------------


def staff_rows(two: Pair, year: int, language: str = "en") -> tuple[NumberRow, ...]:
    """Return what becomes of the staff of each class in A and B; numbers that neither has are left out.

    Raises
    ------
    ModelError
        If an outcome is not of the full model, or does not hold ``year``.
    """
    at = two.first.position(year)
    worlds = [world_of(one) for one in (two.first, two.second)]
    moved = [moved_staff(world, at).grouped(world.plan.of_kind.T) for world in worlds]
    welfare = [staff_welfare(world, at) for world in worlds]
    rows = []
    for place, kind in enumerate(KINDS):
        name = say(f"kind.{kind}", language)
        for key, part in OF_STAFF.items():
            measure = PEOPLE.get(key) or MEASURES[key]
            values = [float(getattr(one, part)[place]) for one in moved]
            if np.isfinite(values).any() and any(np.nan_to_num(values)):
                rows.append(_row(name, measure, float("nan"), *values))
        values = [float(one[place]) for one in welfare]
        if np.isfinite(values).any():
            rows.append(_row(name, PEOPLE["staff_welfare"], float("nan"), *values))
    return tuple(rows)


def institution_key(move: Move) -> tuple[str, str]:
    """Return what an institution is known by in any scenario: its id, or its name and place."""
    return (move.institution, "") if move.institution else (move.name or "", move.origin or "")


def _grouped(world: World, at: int, keys: Iterable[tuple[str, str]], moves: Sequence[Move]) -> MovedStaff:
    """Return moved staff by institution, zero where a scenario does not move one."""
    place = {key: row for row, key in enumerate(keys)}
    member = np.zeros((len(place), len(moves)))
    for column, move in enumerate(moves):
        member[place[institution_key(move)], column] = 1.0
    return moved_staff(world, at).grouped(member)


def institution_rows(two: Pair, year: int, language: str = "en") -> tuple[InstitutionRow, ...]:
    """Return every institution whose staff has moved by ``year`` in A or B, the longest trip to work first.

    Raises
    ------
    ModelError
        If an outcome is not of the full model, or does not hold ``year``.
    """
    at = two.first.position(year)
    sides = (two.first, two.second)
    moves = {institution_key(move): move for one in sides for move in one.scenario.moves}
    a, b = (_grouped(world_of(one), at, moves, one.scenario.moves) for one in sides)
    listed = two.region.institutions
    rows = []
    for place, (key, move) in enumerate(moves.items()):
        known = move.institution in listed.index
        name = str(listed.loc[move.institution, f"name_{language}"]) if known else move.name or ""
        kind = move.kind or (str(listed.loc[move.institution, "kind"]) if known else "")
        posts, daily, weekly, before, trip = (
            (float(getattr(a, part)[place]), float(getattr(b, part)[place])) for part in _OF_INSTITUTION
        )
        if max(posts) >= tolerance(MEASURES["posts"]):
            kept = daily[0] + weekly[0], daily[1] + weekly[1]
            rows.append(InstitutionRow(key, name, kind, posts, kept, weekly, before, trip))
    return tuple(sorted(rows, key=lambda row: -float(np.nanmax([*row.trip, -1.0]))))


# Tables ---------------------------------------------------------------------------------------------


def _words(language: str, *keys: str) -> list[Field]:
    return [Field(key, say(f"people.column.{key}", language)) for key in keys]


def _numbers_table(key: str, rows: Sequence[NumberRow], language: str, *, start: bool) -> Table:
    """Return rows as a table: whose, what, the numbers, unit, status and source."""
    made = []
    for row in rows:
        measure = row.measure
        numbers = (row.first, row.second, row.difference, row.percent)
        words = (measure.unit_name(language), say(f"status.{measure.status}", language))
        made.append(
            (
                *((row.name,) if key != "pay" else ()),
                measure.name(language),
                *((row.start,) if start else ()),
                *numbers,
                *words,
                measure.source_text(language),
            )
        )
    heads = ("measure",) if key == "pay" else (key, "measure")
    more = ("baseline", "a", "b", "difference", "percent") if start else ("a", "b", "difference", "percent")
    fields = _words(language, *heads, *more, "unit", "status", "source")
    return Table(key, say(f"people.table.{key}", language), tuple(fields), tuple(made))


def table_of_pay(found: Pay, language: str = "en") -> Table:
    """Return workers, mean pay and inequality among persons as a table."""
    return _numbers_table("pay", pay_rows(found, language), language, start=True)


def table_of_bands(found: Pay, language: str = "en") -> Table:
    """Return workers by band of pay as a table."""
    return _numbers_table("band", band_rows(found, language), language, start=True)


def table_of_staff(two: Pair, year: int, language: str = "en") -> Table:
    """Return what becomes of the staff of each class as a table."""
    return _numbers_table("class", staff_rows(two, year, language), language, start=False)


def _both(language: str, measure: Measure) -> list[Field]:
    """Return a column each for A and B of a measure."""
    unit = measure.unit_name(language)
    return [
        Field(
            f"{measure.id}_{side}",
            say("people.side", language, name=measure.name(language), side=side.upper()),
            unit,
        )
        for side in ("a", "b")
    ]


def table_of_fates(found: Pay, by: str, language: str = "en") -> Table:
    """Return what becomes of the workers of before as a table; ``by`` is one of ``BY``."""
    change = PEOPLE["pay_change"]
    rows = [
        (
            row.name,
            row.persons,
            *row.change,
            float(settled(change, np.array(row.change[1] - row.change[0]))),
            *row.gain,
            *row.lose,
        )
        for row in fate_rows(found, by, language)
    ]
    fields = [
        *_words(language, by, "workers"),
        *_both(language, change),
        Field("difference", say("people.column.difference", language), change.unit_name(language)),
        *_both(language, PEOPLE["pay_gain"]),
        *_both(language, PEOPLE["pay_lose"]),
    ]
    return Table(f"fates_{by}", say(f"people.table.fates_{by}", language), tuple(fields), tuple(rows))


def table_of_institutions(two: Pair, year: int, language: str = "en") -> Table:
    """Return institutions whose staff has moved as a table, the longest trip to work first."""
    trip = PEOPLE["staff_trip"]
    rows = [
        (
            row.name,
            say(f"kind.{row.kind}", language) if row.kind else "",
            *row.before,
            *row.trip,
            float(settled(trip, np.array(row.trip[1] - row.trip[0]))),
            *row.posts,
            *row.kept,
            *row.weekly,
        )
        for row in institution_rows(two, year, language)
    ]
    fields = [
        *_words(language, "institution", "class"),
        *_both(language, PEOPLE["staff_trip_before"]),
        *_both(language, trip),
        Field("difference", say("people.column.difference", language), trip.unit_name(language)),
        *_both(language, MEASURES["posts"]),
        *_both(language, PEOPLE["staff_kept"]),
        *_both(language, MEASURES["staff_weekly"]),
    ]
    return Table("institutions", say("people.table.institutions", language), tuple(fields), tuple(rows))


def tables_of_people(two: Pair, year: int, language: str = "en") -> tuple[Table, ...]:
    """Return all tables of workers, staff and institutions; none where an outcome cannot tell.

    Raises
    ------
    ModelError
        If the outcomes do not hold ``year``.
    """
    if any(not isinstance(one, FullOutcome) or one.world is None for one in (two.first, two.second)):
        return ()
    found = pay(two, year)
    fates = [table_of_fates(found, by, language) for by in BY]
    staff = table_of_staff(two, year, language), table_of_institutions(two, year, language)
    return (table_of_pay(found, language), table_of_bands(found, language), *fates, *staff)


def tolerance_text(language: str = "en") -> str:
    """Return the change of pay that counts as none, in percent."""
    return number(100.0 * TOLERANCE, language, digits=1)
