"""What follows from the scenario: three sentences, what to do next, and a table by county."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from geo.comparison import counties, parts
from geo.measures import MEASURES, summary
from geo.model.simulate import compare_levels
from geo.panels import explaining, sure
from geo.panels.state import level0_of
from geo.panels.text import plain
from geo.ranges import Range, span

if TYPE_CHECKING:
    from geo.measures import Measure
    from geo.outcome import Outcome
    from geo.panels.text import Voice
    from geo.ranges import Spread
    from geo.region import Region

__all__ = ["show"]

_NEXT = ("toggle", "move", "compare", "export")


def show(voice: Voice, region: Region, outcome: Outcome) -> None:
    """Draw the effects of an outcome, or the empty state where nothing moves."""
    if not outcome.scenario.moves:
        with st.container(border=True):
            st.markdown(f"**{voice('app.scenario.empty_title')}**")
            st.write(voice("app.scenario.empty_text"))
    else:
        _three(voice, region, outcome)
        sure.note(voice, [outcome.scenario])
        sure.watch(voice, [outcome.scenario])
    with st.expander(voice("app.effects.next_heading"), expanded=True):
        st.markdown("\n".join(f"{n}. {voice(f'app.effects.next_{key}')}" for n, key in enumerate(_NEXT, 1)))
    if outcome.scenario.moves:
        _table(voice, region, outcome)


def _three(voice: Voice, region: Region, outcome: Outcome) -> None:
    st.markdown(f"#### {voice('app.effects.heading')}")
    moves = outcome.scenario.moves
    start, end = min(move.start for move in moves), max(move.end for move in moves)
    st.caption(voice("app.effects.scope", count=len(moves), start=start, end=end))
    spread = sure.spread_of(outcome.scenario)
    for number, effect in enumerate(summary(outcome, voice.language), 1):
        with st.container(border=True):
            st.markdown(plain(effect.text))
            sure.said(voice, spread, effect)
            st.caption(voice("app.effects.only_status", status=voice(f"status.{effect.status}")))
            explaining.offer_effect(voice, region, outcome, effect, number)


def _changing(outcome: Outcome) -> list[Measure]:
    """Return the measures in which this outcome changes any county."""
    return [
        measure
        for key, measure in MEASURES.items()
        if key in outcome.values and np.any(outcome.values[key] != _start(outcome, key))
    ]


def _start(outcome: Outcome, key: str) -> np.ndarray:
    before = outcome.before.get(key)
    return np.zeros(len(outcome.codes)) if before is None else before


def _table(voice: Voice, region: Region, outcome: Outcome) -> None:
    measures = _changing(outcome)
    if not measures:
        return
    st.markdown(f"#### {voice('app.effects.table_heading')}")
    measure = st.selectbox(
        voice("app.effects.measure"),
        measures,
        format_func=lambda m: m.name(voice.language),
        key="table_measure",
    )
    years = [int(year) for year in outcome.years]
    year = st.select_slider(voice("app.effects.year"), years, value=years[-1], key="table_year")
    frame = _rows(voice, region, outcome, measure, year, spread=sure.spread_of(outcome.scenario))
    if frame.empty:
        st.info(voice("app.effects.no_change"))
    else:
        st.dataframe(frame, hide_index=True, height=320, key="county_table")
    status = voice(f"status.{measure.status}")
    st.caption(voice("app.effects.status", status=status, source=measure.source_text(voice.language)))
    _explained(voice, region, outcome, measure, year)
    _checked(voice, outcome, year)


def _explained(voice: Voice, region: Region, outcome: Outcome, measure: Measure, year: int) -> None:
    """Show the terms that made one number, down to the rows of the facts."""
    with st.expander(voice("app.effects.explain")):
        change = np.abs(outcome.change(measure.id, year))
        codes = [outcome.codes[place] for place in np.argsort(-np.nan_to_num(change), kind="stable")]
        first = parts(region, voice.language)
        places = {place.id: place for place in (*first, *counties(region, voice.language, city=True))}
        chosen = st.selectbox(
            voice("explain.panel.place"),
            [*codes[:1], *(part.id for part in first), *codes[1:]],
            format_func=lambda key: places[key].name,
            key="explained_county",
        )
        explaining.show_place(
            voice, region, outcome, measure.id, places[chosen], year=year, key="explained_table"
        )


def _checked(voice: Voice, outcome: Outcome, year: int) -> None:
    """Set the full model beside plain accounting."""
    with st.expander(voice("app.effects.check")):
        st.write(voice("app.effects.check_text"))
        table = compare_levels(outcome, level0_of(outcome.scenario), year)
        rows = [
            (
                f"{measure.name(voice.language)} ({voice(f'unit.{measure.unit}')})",
                measure.text(row["full"], voice.language),
                measure.text(row["level0"], voice.language),
                voice.number(row["correlation"], digits=2),
            )
            for measure, row in ((MEASURES[str(key)], row) for key, row in table.iterrows())
        ]
        head = [voice(f"app.effects.{name}") for name in ("measure", "full", "level0", "correlation")]
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, key="check_table")


def _rows(
    voice: Voice, region: Region, outcome: Outcome, measure: Measure, year: int, *, spread: Spread | None
) -> pd.DataFrame:
    """Return the counties that change, largest change first, with written numbers."""
    before = _start(outcome, measure.id)
    after = outcome.values[measure.id][list(outcome.years).index(year)]
    change = after - before
    order = np.argsort(-np.abs(change))
    order = order[np.abs(change[order]) >= 0.5 * 10.0**-measure.digits]
    unit = voice(f"unit.{measure.unit}")
    names = region.counties[f"name_{voice.language}"].to_numpy()
    cities = region.counties[f"city_{voice.language}"].to_numpy()

    def written(values: np.ndarray, *, sign: bool = False) -> list[str]:
        return [voice.number(float(v), digits=measure.digits, sign=sign) for v in values[order]]

    columns = {
        voice("app.effects.county"): names[order],
        voice("app.effects.city"): cities[order],
        f"{voice('app.effects.before')} ({unit})": written(before),
        f"{voice('app.effects.after', year=str(year))} ({unit})": written(after),
        f"{voice('app.effects.change')} ({unit})": written(change, sign=True),
    }
    ends = None if spread is None else spread.by_county(measure.id)
    if ends is not None:
        low, high = ends[:, outcome.position(year)]
        columns[voice("range.column", unit=unit)] = [
            span(measure, Range(low[at], high[at]), voice.language) for at in order
        ]
    return pd.DataFrame(columns)
