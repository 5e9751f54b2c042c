"""Flows on the map: road links with their delay, and the pairs of counties whose commuting changes most.

One part of a map serves all its scenarios, because which pairs are worth carrying depends on all of them:
those among the :data:`PAIRS` that change most in any year, of each scenario against its start and of any
scenario against any other. So what the page shows for two scenarios is what a ranking of all pairs gives.

Packed like the measures (:mod:`geo.maps.pack`): integers of a rounding step, differenced along the years.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from geo.maps.pack import _steps, block, differences, entry, unblock, varint, whole
from geo.maps.recent import Recent
from geo.measures import MEASURES
from geo.model.flows import SOME, commuting, commuting_change, has_flows, links
from geo.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.model.flows import Links
    from geo.model.result import Outcome

__all__ = ["PAIRS", "FlowsView", "ScenarioFlows", "flows_view", "unpack_flows"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

PAIRS: Final = 60
"""Pairs of counties shown at a time."""
# Rounding steps of changes: a fraction of what is shown, so that what is shown stays right.
_FLOW_STEP, _DELAY_STEP, _TRIPS_STEP = 0.5, 0.02, 0.2
_FINE: Final = 4e-4  # of the largest change of delay: small scenarios have small classes
_NOISE: Final = 1e-6  # vehicle-hours: what a solver leaves behind is not a change
_NEVER: Final = 0.1  # a change that stays below this never makes a difference of a whole trip
# Kept for the next call: for some 30 sessions the desk before and after a change. One with nine scenarios is
# 3 MB, so 190 MB at most.
_KEPT: Final = 64


@dataclass(frozen=True, eq=False)
class ScenarioFlows:
    """What one scenario makes of links and pairs.

    Parameters
    ----------
    flow, delay
        Vehicles an hour, and vehicle-hours lost in the peak hour, both directions added, (T, L).
    trips_before, trips
        Daily commuters of the pairs carried, before, (P,), and by year, (T, P).
    """

    flow: Array = field(repr=False)
    delay: Array = field(repr=False)
    trips_before: Array = field(repr=False)
    trips: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class FlowsView:
    """Links and pairs of a map, in the order of its counties.

    Parameters
    ----------
    ends
        Positions of the two counties of each link, (L, 2).
    km, free
        Length of each link, and minutes on an empty road, (L,).
    flow_before, delay_before
        Both directions added, before any move, (L,).
    pairs
        Positions of home and work of the pairs carried, (P, 2).
    scenarios
        In the order of the map's scenarios; None where one holds no flows.
    """

    ends: Ints
    km: Array = field(repr=False)
    free: Array = field(repr=False)
    flow_before: Array = field(repr=False)
    delay_before: Array = field(repr=False)
    pairs: Ints
    scenarios: tuple[ScenarioFlows | None, ...]

    @cached_property
    def packed(self) -> bytes:
        """Compressed bytes of it, made once."""
        return _pack(self)


# Which pairs ----------------------------------------------------------------------------------------


# Kept for as long as the outcomes live: a page rebuilds its view at every click, from the same ones.
_changing: WeakKeyDictionary[Outcome, tuple[Ints, Array]] = WeakKeyDictionary()
_chosen: WeakKeyDictionary[Outcome, WeakKeyDictionary[Outcome, Ints]] = WeakKeyDictionary()


def _changes(outcome: Outcome) -> tuple[Ints, Array]:
    """Return the pairs that ever change, ascending by place in (N, N), and their changes by year, (T, K)."""
    if outcome not in _changing:
        every = np.stack([commuting_change(outcome, int(year)).ravel() for year in outcome.years])
        every[:, :: len(outcome.codes) + 1] = 0.0  # within a county nobody crosses a border
        some = np.flatnonzero(np.abs(every).max(axis=0) >= _NEVER)
        _changing[outcome] = (some, every[:, some])
    return _changing[outcome]


def _most(changes: Array, places: Ints) -> Ints:
    """Return the places of those among the largest of any year."""
    found = [places[:0]]
    for change in changes:
        order = np.argsort(-np.abs(change), kind="stable")[:PAIRS]
        found.append(places[order[np.abs(change[order]) >= SOME]])
    return np.unique(np.concatenate(found))


def _between(first: Outcome, second: Outcome) -> Ints:
    """Return the pairs in which two scenarios differ most, in any year that both have."""
    known = _chosen.setdefault(first, WeakKeyDictionary())
    if second not in known:
        moved = (commuting(second) - commuting(first)).ravel()
        moved[:: len(first.codes) + 1] = 0.0
        one, two = _changes(first), _changes(second)
        places = np.unique(np.concatenate([one[0], two[0], np.flatnonzero(np.abs(moved) >= _NEVER)]))
        years = np.intersect1d(first.years, second.years)
        change = np.tile(moved[places], (len(years), 1))
        for sign, (some, changes), outcome in ((-1, one, first), (1, two, second)):
            rows = np.searchsorted(outcome.years, years)
            change[:, np.searchsorted(places, some)] += sign * changes[rows]
        known[second] = _most(change, places)
    return known[second]


def _pairs(outcomes: Sequence[Outcome]) -> Ints:
    """Return the pairs that a map of these outcomes carries, ascending, (P, 2)."""
    found = [np.empty(0, dtype=np.int64)]
    for outcome in outcomes:
        places, changes = _changes(outcome)
        found.append(_most(changes, places))
    found += [_between(*two) for two in combinations(outcomes, 2)]
    size = len(outcomes[0].codes)
    return np.column_stack(np.unravel_index(np.unique(np.concatenate(found)), (size, size))).astype(np.int64)


# Made from outcomes ---------------------------------------------------------------------------------


def _scenario(outcome: Outcome, found: Links, pairs: Ints) -> ScenarioFlows:
    home, work = pairs.T
    by_year = [commuting(outcome, int(year))[home, work] for year in outcome.years]
    return ScenarioFlows(
        found.flow.sum(axis=1), found.delay.sum(axis=1), commuting(outcome)[home, work], np.stack(by_year)
    )


_views: Recent[FlowsView | None] = Recent(_KEPT)


def flows_view(outcomes: Sequence[Outcome]) -> FlowsView | None:
    """Return the flows of a map's outcomes, in their order; None where no outcome holds any."""
    # by reference: an identity may pass to another outcome, and this shall keep none alive
    return _views.get(tuple(map(ref, outcomes)), lambda: _made(outcomes))


def _made(outcomes: Sequence[Outcome]) -> FlowsView | None:
    known = [outcome for outcome in outcomes if has_flows(outcome)]
    if not known:
        return None
    start, pairs = links(known[0]), _pairs(known)
    parts = [_scenario(one, links(one), pairs) if has_flows(one) else None for one in outcomes]
    return FlowsView(
        start.ends, start.km, start.free, start.flow_before.sum(axis=0), start.delay_before.sum(axis=0),
        pairs, tuple(parts),
    )  # fmt: skip


# Packed ---------------------------------------------------------------------------------------------


_NONE_MISSING: Final = np.zeros(0, dtype=bool)


def _words() -> dict[str, Any]:
    """Return how sure links and pairs are, and where they come from: as the measures they are parts of."""
    measures = {"road": MEASURES["delay"], "trip": MEASURES["in_commuters"]}
    return {
        kind: {
            "status": measure.status,
            "source": {language: measure.source_text(language) for language in LANGUAGES},
        }
        for kind, measure in measures.items()
    }


class _Parts:
    """Entries and bodies of a block, gathered one after the other."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []

    def add(self, name: str, counts: Ints, step: float) -> None:
        body = varint(counts) if step else b""
        self.bodies.append(body)
        self.entries.append({**entry(name, step, body, _NONE_MISSING), "count": len(counts)})

    def level(self, name: str, values: Array, digits: int) -> None:
        step, _ = _steps(values, np.empty(0), digits)
        self.add(name, np.diff(whole(values, step), prepend=0), step)

    def path(self, name: str, change: Array, step: float) -> None:
        self.add(name, differences(whole(change, step)), step)


def _delay_step(change: Array) -> float:
    largest = float(np.abs(change).max(initial=0.0))
    return min(_DELAY_STEP, _FINE * largest) if largest > _NOISE else 0.0


def _pack(view: FlowsView) -> bytes:
    parts = _Parts()
    for name, values in (("link", view.ends), ("pair", view.pairs)):
        for side in (0, 1):
            parts.add(f"{name}.{side}", np.diff(values[:, side], prepend=0), 1.0)
    parts.level("km", view.km, 1)
    parts.level("free", view.free, 2)
    parts.level("flow", view.flow_before, 0)
    parts.level("delay", view.delay_before, 1)
    for place, one in enumerate(view.scenarios):
        if one is None:
            continue
        late = one.delay - view.delay_before
        parts.path(f"{place}.flow", one.flow - view.flow_before, _FLOW_STEP)
        parts.path(f"{place}.delay", late, _delay_step(late))
        parts.level(f"{place}.before", one.trips_before, 0)
        parts.path(f"{place}.trips", one.trips - one.trips_before, _TRIPS_STEP)
    held = [one is not None for one in view.scenarios]
    head = {"measures": parts.entries, "held": held, "most": PAIRS, "words": _words()}
    return block(head, parts.bodies)


def unpack_flows(content: bytes, years: Sequence[int]) -> FlowsView:
    """Return what :func:`FlowsView.packed` holds, rounded, for scenarios with these numbers of years.

    The page script reads the same bytes the same way; this twin lets tests measure the rounding.
    """
    head, listed = unblock(content)
    parts = {one["id"]: (one["step"], one["count"], numbers) for one, numbers in listed}

    def level(name: str) -> Array:
        step, count, numbers = parts[name]
        return np.asarray(np.cumsum(numbers) * step if step else np.zeros(count))

    def path(name: str, before: Array, count: int) -> Array:
        step, _, twice = parts[name]
        after = np.tile(before, (count, 1))
        if step:
            after += np.cumsum(np.cumsum(twice.reshape(-1, count).T, axis=0), axis=0) * step
        return after

    flow, delay = level("flow"), level("delay")
    made: list[ScenarioFlows | None] = []
    for place, (held, count) in enumerate(zip(head["held"], years, strict=True)):
        if not held:
            made.append(None)
            continue
        before = level(f"{place}.before")
        late, trips = path(f"{place}.delay", delay, count), path(f"{place}.trips", before, count)
        made.append(ScenarioFlows(path(f"{place}.flow", flow, count), late, before, trips))
    ends, pairs = (np.column_stack([level(f"{name}.{side}") for side in (0, 1)]) for name in ("link", "pair"))
    return FlowsView(
        ends.astype(np.int64), level("km"), level("free"), flow, delay, pairs.astype(np.int64), tuple(made)
    )
