"""Why the pay of workers is what it is, and what becomes of it: what can be asked, each with its terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from geo.comparison import parts
from geo.model.distribution import GROUPS, in_bands, incumbents
from geo.model.explain_pay import FATES, explain_band, explain_fate, explain_pay
from geo.people import PEOPLE, band_names, group_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geo.model.distribution import Incumbents
    from geo.model.indicators import World
    from geo.model.terms import Term
    from geo.people import Pay

    # Which workers of before are meant, (C,) bool.
    Chosen = Callable[[Incumbents], NDArray[np.bool_]]

__all__ = ["PayQuestion", "questions_of_fates", "questions_of_pay"]


@dataclass(frozen=True)
class PayQuestion:
    """A number of people's pay that can be explained.

    Parameters
    ----------
    name
        What it is, and whose.
    measure
        Key in :data:`geo.people.PEOPLE`.
    of
        Explains it of the solved years of one scenario.
    """

    name: str
    measure: str
    of: Callable[[World], Term]


def questions_of_pay(found: Pay, language: str = "en") -> list[PayQuestion]:
    """Return what can be asked about the distribution of pay: each of its numbers, then each band."""
    at = found.two.first.position(found.year)
    made = [
        PayQuestion(PEOPLE[f"pay_{key}"].name(language), f"pay_{key}", partial(explain_pay, row=at, key=key))
        for key in found.first.totals
    ]
    edges, workers = found.first.edges, PEOPLE["pay_persons"].name(language)
    bands = [
        PayQuestion(
            f"{workers} · {name}", "pay_persons", partial(explain_band, row=at, edges=edges, band=band)
        )
        for band, name in enumerate(band_names(edges, language))
    ]
    return [*made, *bands]


def questions_of_fates(found: Pay, by: str, language: str = "en") -> list[PayQuestion]:
    """Return what can be asked about what becomes of the workers of before.

    Parameters
    ----------
    by
        One of :data:`geo.people.BY`.
    """
    at = found.two.first.position(found.year)

    def explained(world: World, chosen: Chosen, key: str) -> Term:
        held = incumbents(world, at)
        return explain_fate(held, chosen(held), key)

    return [
        PayQuestion(
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
