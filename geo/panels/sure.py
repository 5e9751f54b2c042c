"""How sure the numbers are: ranges that are drawn while one looks."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from geo.model import calibrate
from geo.panels.state import outcome_of, region
from geo.panels.text import plain
from geo.ranges import (
    Spread,
    apart_ranges,
    difference_range,
    map_ranges,
    said_ranges,
    shared_draws,
)
from geo.sampling import Sample, Sampler

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geo.comparison import Place
    from geo.ensemble import Ensemble
    from geo.maps.rangeview import RangeView
    from geo.measures import Effect
    from geo.panels.text import Voice
    from geo.ranges import Range
    from geo.scenario import Scenario

__all__ = [
    "Differences",
    "begin",
    "dialog_closed",
    "dialog_opened",
    "differences",
    "drawn_of",
    "note",
    "pair_views",
    "range_view",
    "said",
    "spread_of",
    "watch",
]

Differences = Callable[[str, "Place", int], "Range | None"]
_EVERY = 2  # seconds between two looks at what is drawn
_DIALOG = "dialog_open"
_MOST = 4  # processes, however many are asked for
_VIEWS = 16


def _workers() -> int:
    """Return how many processes draw: ``JINGJINJI_DRAWS``, by default one; 0 draws nothing."""
    asked = os.environ.get("JINGJINJI_DRAWS", "1")
    return min(int(asked), _MOST) if asked.isdecimal() else 1


@st.cache_resource(show_spinner=False)
def _sampler() -> Sampler:
    return Sampler(calibrate(region()), workers=_workers())


def begin() -> None:
    """Remember that a run of the page starts: a dialog that was open is closed by it."""
    st.session_state[_DIALOG] = False


def dialog_opened() -> None:
    """Hold ranges back while a dialog is open."""
    st.session_state[_DIALOG] = True


def dialog_closed() -> None:
    """Let ranges appear again."""
    st.session_state[_DIALOG] = False


def sample_of(scenario: Scenario, *, wish_for: bool = True) -> Sample | None:
    """Return what is drawn of a scenario and wish for the rest; None where nothing can be."""
    sample = _sampler().look(scenario, wish_for=wish_for)
    return None if sample.ensemble is None and not _workers() else sample


def spread_of(scenario: Scenario, *, wish_for: bool = True) -> Spread | None:
    """Return an outcome with its draws; None while there are too few, and where there is nothing to draw."""
    sample = sample_of(scenario, wish_for=wish_for) if _to_draw([scenario]) else None
    return _with_draws(scenario, sample)


def _to_draw(scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Return those of the scenarios shown together that need draws.

    Where nothing moves, nothing changes under any assumptions, unless one of them states its own: then the
    difference is also one between assumptions.
    """
    listed = list(scenarios)
    stated = any(one.assumptions.overrides for one in listed)
    return [one for one in listed if stated or one.moves]


def _with_draws(scenario: Scenario, sample: Sample | None) -> Spread | None:
    if sample is None or sample.ensemble is None:
        return None
    return Spread(region(), outcome_of(scenario), sample.ensemble)


@st.cache_resource(show_spinner=False, max_entries=_VIEWS)
def _packed(_spread: Spread, content: str, draws: int) -> RangeView:
    """Return ranges for the map, made once by content and number of draws."""
    del content, draws
    return map_ranges(_spread)


def differences(first: Scenario, second: Scenario) -> Differences | None:
    """Return what gives the range of the second less the first; None while there are too few draws."""
    found = _two(first, second, wish_for=True)
    return None if found is None else partial(difference_range, *found)


def _two(first: Scenario, second: Scenario, *, wish_for: bool) -> tuple[Spread | None, Spread | None] | None:
    """Return both with their draws, None for one that needs none; None while there are too few draws."""
    asked = _to_draw((first, second))
    spreads = [_with_draws(one, sample_of(one, wish_for=wish_for)) for one in asked]
    if None in spreads or not asked:
        return None
    one, two = (spreads[asked.index(each)] if each in asked else None for each in (first, second))
    return one, two


@st.cache_resource(show_spinner=False, max_entries=_VIEWS)
def _packed_pair(_first: Spread | None, _second: Spread | None, content: str) -> RangeView | None:
    """Return the ranges between two scenarios for the map, made once by contents and numbers of draws."""
    del content
    return apart_ranges(_first, _second)


def pair_views(
    scenarios: Sequence[Scenario], pairs: Iterable[tuple[int, int]], *, wish_for: bool = False
) -> dict[tuple[int, int], RangeView | None]:
    """Return the ranges between scenarios for the map; None for what is still being drawn.

    Parameters
    ----------
    pairs
        Places in the list; a pair that is not there is left out.
    wish_for
        Whether the others shall be drawn.
    """
    made: dict[tuple[int, int], RangeView | None] = {}
    for a, b in {(min(pair), max(pair)) for pair in pairs}:
        if not 0 <= a < b < len(scenarios):
            continue
        found = _two(scenarios[a], scenarios[b], wish_for=wish_for)
        if found is None:
            if wish_for:
                made[a, b] = None
            continue
        draws = [0 if one is None else len(one.drawn.draws) for one in found]
        content = f"{scenarios[a].hash} {scenarios[b].hash} {draws}"
        made[a, b] = _packed_pair(*found, content)
    return made


def range_view(scenario: Scenario) -> RangeView | None:
    """Return the ranges of a scenario for the map, where they are drawn already."""
    spread = spread_of(scenario, wish_for=False)
    return None if spread is None else _packed(spread, scenario.hash, len(spread.drawn.draws))


def said(voice: Voice, spread: Spread | None, effect: Effect) -> None:
    """Say the ranges of the numbers of a sentence; nothing while there are too few draws."""
    text = "" if spread is None else said_ranges(spread, effect, voice.language)
    if text:
        st.caption(text)


def drawn_of(scenario: Scenario, other: Scenario | None) -> tuple[Ensemble | None, ...]:
    """Return the draws of a scenario and of one beside it, None for one that needs none.

    Nothing where not all are there already.
    """
    if other is None:
        alone = spread_of(scenario, wish_for=False)
        return () if alone is None else (alone.drawn,)
    both = _two(scenario, other, wish_for=False)
    return () if both is None else tuple(None if one is None else one.drawn for one in both)


def note(voice: Voice, scenarios: Iterable[Scenario]) -> None:
    """Say what the ranges are, or how far their drawing has come, or why there are none."""
    samples = [found for one in _to_draw(scenarios) if (found := sample_of(one)) is not None]
    for sample in samples:
        if sample.trouble is not None and sample.ensemble is None:
            faults = "; ".join(fault.text(voice.language) for fault in sample.trouble.faults)
            st.caption(f"{voice('range.none')} {plain(faults)}")
            return
    ready = [one.ensemble for one in samples if one.ensemble is not None]
    if ready and len(ready) == len(samples):
        st.caption(voice("range.note", draws=shared_draws(ready)))


def watch(voice: Voice, scenarios: Iterable[Scenario]) -> None:
    """Look now and then whether there are more draws; draw the page again when ranges are ready."""
    listed = [one for one in _to_draw(scenarios) if (found := sample_of(one)) is not None and found.pending]
    if listed:
        _look(voice, tuple(listed), tuple(_stage(one) for one in listed))


def _stage(scenario: Scenario) -> tuple[int, bool]:
    """Return what a page shows of a sample: how many draws its ranges have, and whether there is trouble."""
    sample = sample_of(scenario)
    if sample is None:
        return 0, False
    return 0 if sample.ensemble is None else len(sample.ensemble.draws), sample.trouble is not None


@st.fragment(run_every=_EVERY)
def _look(voice: Voice, scenarios: tuple[Scenario, ...], shown: tuple[tuple[int, bool], ...]) -> None:
    # drawing the page again would close an open dialog
    if tuple(_stage(one) for one in scenarios) != shown and not st.session_state.get(_DIALOG, False):
        st.rerun(scope="app")
    samples = [found for one in scenarios if (found := sample_of(one)) is not None]
    done, size = sum(one.done for one in samples), sum(one.size for one in samples)
    st.caption(voice("range.drawing", done=done, size=size))
