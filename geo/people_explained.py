"""Why numbers of people are what they are: what can be asked of pay and moved staff, each with its terms."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from geo.assumptions import KINDS
from geo.comparison import parts
from geo.explaining import Asked
from geo.measures import MEASURES
from geo.model.distribution import GROUPS, in_bands, incumbents
from geo.model.explain_pay import FATES, explain_band, explain_fate, explain_pay
from geo.model.explain_staff import explain_moved, explain_staff_welfare
from geo.model.staff import OF_STAFF
from geo.people import (
    PEOPLE,
    band_names,
    group_name,
    institution_key,
    institution_rows,
    staff_rows,
    world_of,
)
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geo.comparison import Pair
    from geo.model.distribution import Incumbents
    from geo.model.terms import Term
    from geo.outcome import Outcome
    from geo.people import Pay
    from geo.region import Region

    # Which workers of before are meant, (C,) bool.
    Chosen = Callable[[Incumbents], NDArray[np.bool_]]

__all__ = ["questions_of_fates", "questions_of_institutions", "questions_of_pay", "questions_of_staff"]


def questions_of_pay(found: Pay, language: str = "en") -> list[Asked]:
    """Return what can be asked about the distribution of pay: each of its numbers, then each band."""
    at = found.two.first.position(found.year)
    made = [
        Asked(PEOPLE[f"pay_{key}"].name(language), f"pay_{key}", partial(_pay, row=at, key=key))
        for key in found.first.totals
    ]
    edges, workers = found.first.edges, PEOPLE["pay_persons"].name(language)
    bands = [
        Asked(f"{workers} · {name}", "pay_persons", partial(_band, row=at, edges=edges, band=band))
        for band, name in enumerate(band_names(edges, language))
    ]
    return [*made, *bands]


def _pay(outcome: Outcome, row: int, key: str) -> Term:
    return explain_pay(world_of(outcome), row, key)


def _band(outcome: Outcome, row: int, edges: NDArray[np.float64], band: int) -> Term:
    return explain_band(world_of(outcome), row, edges, band)


def questions_of_fates(found: Pay, by: str, language: str = "en") -> list[Asked]:
    """Return what can be asked about what becomes of the workers of before.

    Parameters
    ----------
    by
        One of :data:`geo.people.BY`.
    """
    at = found.two.first.position(found.year)

    def explained(outcome: Outcome, chosen: Chosen, key: str) -> Term:
        held = incumbents(world_of(outcome), at)
        return explain_fate(held, chosen(held), key)

    return [
        Asked(
            f"{PEOPLE[f'pay_{key}'].name(language)} · {name}",
            f"pay_{key}",
            partial(explained, chosen=chosen, key=key),
        )
        for key in FATES
        for name, chosen in _members(found, by, language)
    ]


def _members(found: Pay, by: str, language: str) -> Iterator[tuple[str, Chosen]]:
    """Yield the groups of workers, in the order of :func:`geo.people.fate_rows`."""

    def at_home(held: Incumbents, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(inside[held.home], dtype=bool)

    def of_group(held: Incumbents, at: int) -> NDArray[np.bool_]:
        return np.asarray(held.group == at)

    def of_band(held: Incumbents, at: int) -> NDArray[np.bool_]:
        return np.asarray(in_bands(held.before, found.first.edges) == at)

    if by == "city":
        for place in parts(found.two.region, language):
            yield place.name, partial(at_home, inside=place.inside)
    elif by == "group":
        for at, group in enumerate(GROUPS):
            if found.first.by_group.persons[at] > 0 or found.second.by_group.persons[at] > 0:
                yield group_name(group, language), partial(of_group, at=at)
    else:
        for at, name in enumerate(band_names(found.first.edges, language)):
            yield name, partial(of_band, at=at)


def questions_of_staff(two: Pair, year: int, language: str = "en") -> list[Asked]:
    """Return what can be asked about the staff of each class: :func:`geo.people.staff_rows`, one by one."""
    kinds = {say(f"kind.{kind}", language): kind for kind in KINDS}
    made = []
    for row in staff_rows(two, year, language):
        kind, key = kinds[row.name], row.measure.id
        of: Callable[[Outcome], Term] = partial(
            explain_staff_welfare, region=two.region, year=year, kind=kind
        )
        if key in OF_STAFF:
            of = partial(_of_class, region=two.region, year=year, key=key, kind=KINDS.index(kind))
        made.append(Asked(f"{row.name} · {row.measure.name(language)}", key, of))
    return made


def _of_class(outcome: Outcome, region: Region, year: int, key: str, kind: int) -> Term:
    own = world_of(outcome).plan.of_kind[:, kind]
    return explain_moved(outcome, region, year, key, own)


def questions_of_institutions(two: Pair, year: int, language: str = "en") -> list[Asked]:
    """Return what can be asked about the staff of each institution, in the order of the table."""
    return [
        Asked(
            f"{row.name} · {(PEOPLE.get(key) or MEASURES[key]).name(language)}",
            key,
            partial(_of_institution, two.region, year, key, row.key),
        )
        for row in institution_rows(two, year, language)
        for key in ("staff_trip", "staff_trip_before", "posts", "staff_daily", "staff_weekly")
    ]


def _of_institution(
    region: Region, year: int, key: str, institution: tuple[str, str], outcome: Outcome
) -> Term:
    own = [float(institution_key(move) == institution) for move in outcome.scenario.moves]
    return explain_moved(outcome, region, year, key, np.array(own))
