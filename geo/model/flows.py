"""Flows between counties: cars on each road link, and who commutes from where to where.

Only an outcome of the full model holds them; the direct effects alone know numbers by county. They are the
parts that measures by county are sums of: a link's delay counts half in either county, beside the county's
own streets (``delay``); pairs add up to ``in_commuters`` and ``out_commuters``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo.errors import Fault, ModelError

if TYPE_CHECKING:
    from geo.model.indicators import World
    from geo.model.path import Year
    from geo.model.result import Outcome
    from geo.model.roads import Traffic

__all__ = ["SOME", "Links", "commuting", "commuting_change", "has_flows", "largest_pairs", "links"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

SOME = 0.5
"""Daily trips: a smaller change of a pair cannot be read off a whole number."""


@dataclass(frozen=True, eq=False)
class Links:
    """Traffic of the peak hour on the links between neighbouring counties.

    Direction 0 goes from ``ends[:, 0]`` to ``ends[:, 1]``, direction 1 back.

    Parameters
    ----------
    codes
        County codes, N.
    years
        Years, (T,).
    ends
        Positions of both counties, the lower first, (L, 2).
    km, free
        Length, and minutes on an empty road, alike in both directions, (L,).
    flow_before, minutes_before
        Vehicles an hour and minutes before any move, by direction, (2, L).
    flow, minutes
        The same by year, (T, 2, L).
    own_before, own
        Vehicle-hours lost on each county's own streets before, (N,), and by year, (T, N).
    """

    codes: tuple[str, ...]
    years: NDArray[np.int64]
    ends: Ints
    km: Array
    free: Array
    flow_before: Array = field(repr=False)
    minutes_before: Array = field(repr=False)
    flow: Array = field(repr=False)
    minutes: Array = field(repr=False)
    own_before: Array = field(repr=False)
    own: Array = field(repr=False)

    @cached_property
    def delay_before(self) -> Array:
        """Vehicle-hours lost against an empty road before any move, by direction, (2, L)."""
        return np.asarray(self.flow_before * (self.minutes_before - self.free) / 60.0)

    @cached_property
    def delay(self) -> Array:
        """Vehicle-hours lost against an empty road by year and direction, (T, 2, L)."""
        return np.asarray(self.flow * (self.minutes - self.free) / 60.0)

    def mean_minutes(self, flow: Array, delay: Array) -> Array:
        """Return the mean minutes of all vehicles of both directions; empty roads where nobody drives.

        Parameters
        ----------
        flow, delay
            Vehicles an hour and vehicle-hours lost, both directions added, (..., L).
        """
        some = flow > 0
        return np.asarray(self.free + np.where(some, 60.0 * delay / np.where(some, flow, 1.0), 0.0))

    def delay_by_county(self) -> Array:
        """Return the measure ``delay``: links half in either county, and own streets, (T, N)."""
        half = 0.5 * self.delay.sum(axis=1)
        size = len(self.codes)
        return np.stack(
            [
                own + np.bincount(self.ends[:, 0], one, size) + np.bincount(self.ends[:, 1], one, size)
                for own, one in zip(self.own, half, strict=True)
            ]
        )


def has_flows(outcome: Outcome) -> bool:
    """Return whether an outcome holds flows: the full model's does, the direct effects alone do not."""
    return getattr(outcome, "world", None) is not None


def _world(outcome: Outcome) -> World:
    world: World | None = getattr(outcome, "world", None)
    if world is None:
        raise ModelError(Fault("flows.none", outcome.scenario.name or "outcome"))
    return world


def links(outcome: Outcome) -> Links:
    """Return the traffic on every link by year, and before any move.

    Raises
    ------
    ModelError
        If the outcome holds no flows.
    """
    world = _world(outcome)
    kept = world.__dict__
    if "_links" not in kept:
        kept["_links"] = _links(world, outcome)
    found: Links = kept["_links"]
    return found


def _links(world: World, outcome: Outcome) -> Links:
    roads = world.air.roads
    network, half = roads.network, len(roads.network.tail) // 2

    def traffic(year: Year | None) -> Traffic:
        return roads.before if year is None or year.traffic is None else year.traffic

    def own(found: Traffic) -> Array:
        return np.asarray(found.own_flow * (found.own_time - roads.own_minutes) / 60.0)

    # the last solved row is the long run, which has no year
    years = [traffic(year) for year in world.solved.years[: len(outcome.years)]]
    return Links(
        codes=outcome.codes, years=outcome.years,
        ends=np.column_stack([network.tail[:half], network.head[:half]]).astype(np.int64),
        km=np.asarray(network.length, dtype=float)[:half], free=np.asarray(network.t0, dtype=float)[:half],
        flow_before=roads.before.flow.reshape(2, half), minutes_before=roads.before.time.reshape(2, half),
        flow=np.stack([one.flow.reshape(2, half) for one in years]),
        minutes=np.stack([one.time.reshape(2, half) for one in years]),
        own_before=own(roads.before), own=np.stack([own(one) for one in years]),
    )  # fmt: skip


def commuting(outcome: Outcome, year: int | None = None) -> Array:
    """Return who travels daily from home (row) to work (column), (N, N); before any move without a year.

    Raises
    ------
    ModelError
        If the outcome holds no flows, or not that year.
    """
    solved = _world(outcome).solved
    if year is None:
        return solved.trips
    found = solved.years[outcome.position(year)]
    return solved.trips if found is None else found.daily


def commuting_change(outcome: Outcome, year: int) -> Array:
    """Return the change of daily commuters from home (row) to work (column) against before, (N, N).

    Rows without the diagonal add up to the change of ``out_commuters``, columns to that of ``in_commuters``.
    """
    return np.asarray(commuting(outcome, year) - commuting(outcome))


def largest_pairs(change: Array, count: int, least: float = SOME) -> Ints:
    """Return home and work of the pairs that change most, largest first, ties by position, (K, 2).

    Parameters
    ----------
    change
        By home and work, (N, N); the diagonal, which crosses no border, is left out.
    count
        Pairs at most.
    least
        Smaller changes are left out.
    """
    size = np.abs(change)
    np.fill_diagonal(size, 0.0)
    flat = size.ravel()
    some = np.flatnonzero(flat >= least)
    order = some[np.argsort(-flat[some], kind="stable")[:count]]
    return np.column_stack(np.unravel_index(order, size.shape)).astype(np.int64)
