"""The moves of a scenario as arrays: who leaves where for where, when, and how many.

Each number comes from the move itself, else from the institution's own published number, else, if the
move accepts it, from the default of its class; which one is kept beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.scenario import FIRST_YEAR, KINDS, LAST_YEAR, Assumptions, Move, Places, Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Number", "ResolvedMoves", "ramp", "resolve"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# Where a number comes from, best first.
ORIGINS = ("move", "institution", "class", "none")


@dataclass(frozen=True)
class Number:
    """A number and where it comes from: one of ``ORIGINS``."""

    value: float
    origin: str


@dataclass(frozen=True, eq=False)
class ResolvedMoves:
    """All moves of a scenario, M of them, in its order.

    Parameters
    ----------
    origin, destination
        Positions of counties, shape (M,).
    kind
        Positions in ``KINDS``, shape (M,).
    start, years
        First year and number of years, shape (M,).
    posts, students, beds
        What moves when the move is complete, share applied, shape (M,).
    home_share, family_size
        Share of staff who move home and persons in a home, shape (M,).
    resident_students
        Share of the students who live where they study, shape (M,).
    sources
        For each move the origin of posts, students and beds.
    """

    origin: Ints
    destination: Ints
    kind: Ints
    start: Ints
    years: Ints
    posts: Array
    students: Array
    beds: Array
    home_share: Array
    family_size: Array
    resident_students: Array
    sources: tuple[Mapping[str, str], ...] = field(repr=False)

    def __len__(self) -> int:
        """Return the number of moves."""
        return len(self.origin)


def ramp(start: Ints, years: Ints, calendar: Ints, steepness: float) -> Array:
    """Return the completed part of each move at the end of each year, shape (T, M).

    A logistic curve through 0 before the first year and exactly 1 at the end of the last one::

        x = (year + 1 - start) / years,   L(x) = 1 / (1 + exp(-s (x - 1/2)))
        part = (L(x) - L(0)) / (L(1) - L(0)),  x clipped to [0, 1]

    Parameters
    ----------
    start, years
        Shape (M,).
    calendar
        Years, shape (T,).
    steepness
        ``s``; 0 is a straight line.
    """
    x = np.clip((calendar[:, None] + 1 - start[None, :]) / years[None, :], 0.0, 1.0)
    if steepness == 0:
        return np.asarray(x, dtype=float)
    # L(x) - 1/2 = tanh(s (x - 1/2) / 2) / 2, so the normalised curve is a ratio of tanh
    half = np.tanh(steepness / 4)
    part = (np.tanh(steepness * (x - 0.5) / 2) + half) / (2 * half)
    return np.where(x <= 0, 0.0, np.where(x >= 1, 1.0, part))


def resolve(scenario: Scenario, places: Places) -> ResolvedMoves:
    """Turn a checked scenario into arrays.

    Parameters
    ----------
    scenario
        Has passed :func:`geo.scenario.validate`.
    places
        Counties and institutions.
    """
    position = {code: place for place, code in enumerate(places.codes)}
    wanted = [move.institution for move in scenario.moves if move.institution is not None]
    frame = places.institutions
    rows = frame.loc[frame.index.isin(wanted)].to_dict("index") if wanted else {}
    resolved = [
        _one(move, rows.get(move.institution or "", {}), scenario.assumptions) for move in scenario.moves
    ]
    columns = {key: np.array([row[key] for row in resolved], dtype=float) for key in _FLOATS}
    return ResolvedMoves(
        origin=_whole(position[row["origin"]] for row in resolved),
        destination=_whole(position[move.destination] for move in scenario.moves),
        kind=_whole(KINDS.index(row["kind"]) for row in resolved),
        start=_whole(move.start for move in scenario.moves),
        years=_whole(move.years for move in scenario.moves),
        sources=tuple(row["sources"] for row in resolved),
        **columns,
    )


_FLOATS = ("posts", "students", "beds", "home_share", "family_size", "resident_students")
CALENDAR: Ints = np.arange(FIRST_YEAR, LAST_YEAR + 1)


def _whole(values: Any) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _one(move: Move, row: Mapping[Any, Any], assumed: Assumptions) -> dict[str, Any]:
    kind = move.kind or str(row["kind"])
    students = _number(move, "students", row.get("students"), kind, assumed)
    beds = _number(move, "beds", row.get("beds"), kind, assumed)
    posts = _posts(move, row.get("employees"), kind, (students, beds), assumed)
    numbers = {"posts": posts, "students": students, "beds": beds}
    return {
        "origin": move.origin or str(row["county_code"]),
        "kind": kind,
        **{key: number.value * move.share for key, number in numbers.items()},
        "home_share": _given(move.home_share, assumed, "home_share", kind),
        "family_size": _given(move.family_size, assumed, "family_size", kind),
        "resident_students": assumed.get("student_residents", kind) or 0.0,
        "sources": {key: number.origin for key, number in numbers.items()},
    }


def _given(value: float | None, assumed: Assumptions, family: str, kind: str) -> float:
    return assumed[f"{family}.{kind}"] if value is None else value


def _number(move: Move, field_name: str, own: Any, kind: str, assumed: Assumptions) -> Number:
    given = getattr(move, field_name)
    if given is not None:
        return Number(float(given), "move")
    if own is not None and not pd.isna(own):
        return Number(float(own), "institution")
    default = assumed.get(field_name, kind)
    if move.class_default and default is not None:
        return Number(default, "class")
    return Number(0.0, "none")


def _posts(move: Move, own: Any, kind: str, sizes: tuple[Number, Number], assumed: Assumptions) -> Number:
    """Return posts; where only students or beds are known, staff per student or bed of the class."""
    plain = _number(move, "posts", own, kind, assumed)
    if plain.origin != "class":
        return plain
    for size, family in zip(sizes, ("posts_per_student", "posts_per_bed"), strict=True):
        rate = assumed.get(family, kind)
        if rate is not None and size.origin in {"move", "institution"}:
            return Number(rate * size.value, "class")
    return plain
