"""Two scenarios, or all: numbers, years, who gains and who loses, who moves where, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from geo import charts
from geo.comparison import (
    REGION,
    Pair,
    Place,
    counties,
    indicators,
    input_differences,
    pair,
    parts,
    table_of_counties,
    table_of_flows,
    table_of_kinds,
    table_of_rows,
    workbook,
)
from geo.downloads import Field, Table
from geo.errors import GeoError, ModelError
from geo.flows import flow_tables
from geo.measures import MEASURES
from geo.panels import all_scenarios, distribution, explaining, flows, sure
from geo.panels.chart import FIRST_COLUMN, offer_tables, show_chart
from geo.panels.problems import show_error, shown
from geo.panels.state import answered, forget_outcomes, outcome_of
from geo.panels.text import plain
from geo.people import tables_of_people
from geo.ranges import span, with_ranges
from geo.scenario import Scenario
from geo.several import several
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.comparison import Row
    from geo.measures import Measure
    from geo.outcome import Outcome
    from geo.panels.state import Session
    from geo.panels.sure import Differences
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["show"]

_BASELINE = Scenario(name="baseline")
_SHOWN = 25
_SIDES = ("a", "b")
_TRAFFIC = ("in_commuters", "out_commuters", "delay")


@st.fragment
def show(session: Session, region: Region, voice: Voice) -> None:
    """Draw the open part of the comparison, or say what is missing for one."""
    with shown(voice):
        if len(session.shelf.scenarios) < 2:
            st.info(voice("compare.panel.one"))
            return
        view = st.segmented_control(
            voice("compare.view.label"),
            list(_VIEWS),
            default="two",
            format_func=lambda key: voice(f"compare.view.{key}"),
            key="compare_view",
            label_visibility="collapsed",
            required=True,
            persist_state="page",
        )
        try:
            _VIEWS[view](session, region, voice)
        except ModelError as error:
            _refused(voice, error)


def _pair(session: Session, region: Region, voice: Voice) -> Pair:
    """Return A and B as chosen."""
    first, second = _chosen(session, voice)
    two = pair(region, outcome_of(first), outcome_of(second), outcome_of(_BASELINE))
    if first == second:
        st.info(voice("compare.panel.same"))
    return two


def _two(session: Session, region: Region, voice: Voice) -> None:
    """Draw the numbers of A and B, and what was asked differently."""
    two = _pair(session, region, voice)
    _inputs(two, region, voice)
    year = _year(two, voice)
    measure, place = _question(two.measures, region, voice)
    _compared(two, voice, year, measure, place)


def _all(session: Session, region: Region, voice: Voice) -> None:
    """Draw any number of scenarios, a column each."""
    # one without an answer would leave the others without a table; the page names it above the map
    held = {one.id: one for one in answered(session)}
    ids = all_scenarios.chosen(voice, {key: one.name for key, one in held.items()})
    if not ids:
        st.info(voice("several.panel.nothing"))
        return
    runs = [outcome_of(held[key].plan.scenario()) for key in ids]
    found = several(region, runs, outcome_of(_BASELINE))
    year = _year(found.baseline, voice)
    measure, place = _question(found.measures, region, voice)
    all_scenarios.show(found, voice, year, measure, place, ids=ids)


def _gains(session: Session, region: Region, voice: Voice) -> None:
    """Draw which counties and cities gain and lose."""
    two = _pair(session, region, voice)
    year, measure = _year(two, voice), _measure(two.measures, voice)
    _by_county(two, voice, measure, year)


def _people(session: Session, region: Region, voice: Voice) -> None:
    """Draw which workers, classes and institutions gain and lose."""
    two = _pair(session, region, voice)
    distribution.show(two, voice, _year(two, voice))


def _flows(session: Session, region: Region, voice: Voice) -> None:
    """Draw who moves, from where to where."""
    two = _pair(session, region, voice)
    year = _year(two, voice)
    _moving(two, voice, year)
    flows.compared(two, voice, year)


# One line for each part of the tab: its name in the words (compare.view), and what draws it. Only the open
# part is drawn.
_VIEWS: dict[str, Callable[[Session, Region, Voice], None]] = {
    "two": _two,
    "all": _all,
    "gains": _gains,
    "people": _people,
    "flows": _flows,
}


def _refused(voice: Voice, error: ModelError) -> None:
    """Say why two outcomes cannot be compared, and offer to run them again."""
    show_error(voice, error)
    if st.button(voice("compare.panel.rerun"), type="primary", key="compare_rerun"):
        forget_outcomes()
        st.rerun()


def _chosen(session: Session, voice: Voice) -> tuple[Scenario, Scenario]:
    """Return A and B: by default another scenario, and the one worked on."""
    desk = session.shelf
    held = {one.id: one for one in desk.saved}
    here, kept = desk.opened.id, desk.compared
    other = next(key for key in (*desk.ids[1:], desk.ids[0]) if key != here)
    found = []
    for place, name, side, usual in zip(st.columns(2), _SIDES, kept, (other, here), strict=True):
        # the store holds what was chosen, so that it is there after a reload, too
        st.session_state[f"compare_{name}"] = side or usual
        chosen = place.selectbox(
            voice(f"compare.panel.{name}"),
            list(held),
            format_func=lambda key: held[key].name,
            key=f"compare_{name}",
            on_change=_choose,
            args=(session, name),
        )
        found.append(held[chosen].plan.scenario())
    return found[0], found[1]


def _choose(session: Session, name: str) -> None:
    """Keep what was chosen as A or as B."""
    first, second = session.shelf.compared
    chosen = st.session_state[f"compare_{name}"]
    try:
        session.shelf.compared = (chosen, second) if name == "a" else (first, chosen)
    except GeoError as error:
        session.refused = error


def _compared(two: Pair, voice: Voice, year: int, measure: Measure, place: Place) -> None:
    region = two.region
    rows = indicators(two, year, [one.id for one in two.measures], [place])
    listed = indicators(two, year, [measure.id], parts(region, voice.language))
    ranges = sure.differences(two.first.scenario, two.second.scenario)
    _table(voice, rows, by="measure", ranges=ranges)
    explaining.offer_rows(voice, two, lambda: rows, measure=measure.id)
    both = (two.first.scenario, two.second.scenario)
    sure.note(voice, both)
    sure.watch(voice, both)
    with st.expander(voice("compare.panel.all_places"), key="compare_places"):
        _table(voice, listed, by="place", ranges=ranges)
        explaining.offer_rows(voice, two, lambda: listed, what="places")
    _take(two, voice, (*rows, *listed), measure, year, ranges=ranges)
    show_chart(voice, charts.years_lines(two, measure.id, place, voice.language), digits=measure.digits)


def _inputs(two: Pair, region: Region, voice: Voice) -> None:
    said = input_differences(two.first.scenario, two.second.scenario, region, voice.language)
    with st.expander(f"{voice('compare.panel.differs')} ({len(said)})", key="compare_inputs"):
        st.write(voice("compare.panel.differs_head" if said else "compare.panel.differs_none"))
        st.markdown("\n".join(f"- {plain(line)}" for line in said[:_SHOWN]))
        if len(said) > _SHOWN:
            st.caption(voice("compare.panel.differs_more", count=len(said) - _SHOWN))


def _year(held: Pair | Outcome, voice: Voice) -> int:
    """Return the year asked for."""
    years = [int(year) for year in (held.first if isinstance(held, Pair) else held).years]
    return int(
        st.select_slider(
            voice("compare.panel.year"), years, value=years[-1], key="compare_year", persist_state="page"
        )
    )


def _measure(measures: tuple[Measure, ...], voice: Voice) -> Measure:
    """Return the measure asked for."""
    held = {measure.id: measure for measure in measures}
    if st.session_state.get("compare_measure", "") not in held:
        st.session_state.pop("compare_measure", None)
    measure = st.selectbox(
        voice("compare.panel.measure"),
        list(held),
        index=list(held).index("population") if "population" in held else 0,
        format_func=lambda key: held[key].name(voice.language),
        key="compare_measure",
        persist_state="page",
    )
    return held[measure]


def _question(measures: tuple[Measure, ...], region: Region, voice: Voice) -> tuple[Measure, Place]:
    """Return measure and place as asked for."""
    left, right = st.columns(2)
    with left:
        measure = _measure(measures, voice)
    listed = [*parts(region, voice.language), *counties(region, voice.language)]
    places = {place.id: place for place in listed}
    city = region.counties[f"city_{voice.language}"]
    chosen = right.selectbox(
        voice("compare.panel.place"),
        list(places),
        index=list(places).index(REGION),
        format_func=lambda key: (
            f"{places[key].name} · {city[key]}" if key in city.index else places[key].name
        ),
        help=voice("compare.panel.place_hint"),
        key="compare_place",
        persist_state="page",
    )
    return measure, places[chosen]


def _table(voice: Voice, rows: tuple[Row, ...], *, by: str, ranges: Differences | None) -> None:
    """Draw rows with written numbers; those without any number are left out."""
    known = [row for row in rows if np.isfinite([row.start, row.first, row.second]).any()]

    def column(key: str) -> str:
        return voice(f"compare.column.{key}")

    def said(row: Row) -> dict[str, str]:
        if ranges is None:
            return {}
        found = ranges(row.measure, row.place, row.year) if np.isfinite(row.difference) else None
        return {voice("range.difference"): span(MEASURES[row.measure], found, voice.language)}

    def written(row: Row) -> dict[str, str]:
        measure = MEASURES[row.measure]
        head = measure.name(voice.language) if by == "measure" else row.place.name
        plain_numbers = {"baseline": row.start, "a": row.first, "b": row.second}
        return {
            column(by): head,
            **{column(key): measure.text(value, voice.language) for key, value in plain_numbers.items()},
            column("difference"): measure.text(row.difference, voice.language, sign=True),
            **said(row),
            column("percent"): voice.number(row.percent, digits=1, sign=True),
            column("unit"): measure.unit_name(voice.language),
            column("status"): say(f"status.{measure.status}", voice.language),
        }

    st.dataframe(
        pd.DataFrame([written(row) for row in known]),
        hide_index=True,
        column_config={column(by): st.column_config.Column(width=FIRST_COLUMN, pinned=True)},
        key=f"compare_by_{by}",
    )
    st.caption(voice("compare.panel.rules"))


def _take(
    two: Pair, voice: Voice, rows: tuple[Row, ...], measure: Measure, year: int, *, ranges: Differences | None
) -> None:
    language = voice.language
    plain_rows = table_of_rows(rows, language)
    listed = plain_rows if ranges is None else with_ranges(plain_rows, rows, ranges, language)
    stem = f"jingjinji-{two.first.scenario.hash[:8]}-{two.second.scenario.hash[:8]}-{year}"

    def sheets() -> bytes:
        said = input_differences(two.first.scenario, two.second.scenario, two.region, language)
        title = say("compare.table.inputs", language)
        inputs = Table("inputs", title, (Field("input", title),), tuple((line,) for line in said))
        by_county = [table_of_counties(two, measure.id, year, language)] if _by(two, measure) else []
        moved = [
            table_of_kinds(two, year, language),
            table_of_flows(two, year, language),
            *flow_tables(two, year, language),
        ]
        return workbook([listed, *by_county, *moved, *tables_of_people(two, year, language), inputs])

    offer_tables(voice, listed, sheets, stem, words="compare.panel", key="compare")


def _by(two: Pair, measure: Measure) -> bool:
    """Return whether both hold the measure by county."""
    return measure.id in two.first.values and measure.id in two.second.values


def _by_county(two: Pair, voice: Voice, measure: Measure, year: int) -> None:
    st.markdown(f"#### {voice('compare.panel.where')}")
    if not _by(two, measure):
        st.info(voice("compare.panel.region_only"))
        return
    gains = charts.who_gains(two, measure.id, year, voice.language)
    if gains.empty:
        st.info(voice("compare.panel.no_change"))
    else:
        show_chart(voice, gains, digits=measure.digits)
        by_city = charts.by_city(two, measure.id, year, voice.language)
        if not by_city.empty:
            show_chart(voice, by_city, digits=measure.digits)
    show_chart(voice, charts.spread_of_counties(two, measure.id, year, voice.language))
    explaining.offer_rows(voice, two, lambda: _most(two, voice, year, [measure.id]), what="counties")


def _most(two: Pair, voice: Voice, year: int, measures: list[str]) -> list[Row]:
    """Return the rows of all counties, those that differ most first."""
    rows = indicators(two, year, measures, counties(two.region, voice.language, city=True))
    return sorted(rows, key=lambda row: -abs(np.nan_to_num(row.difference)))


def _moving(two: Pair, voice: Voice, year: int) -> None:
    st.markdown(f"#### {voice('compare.panel.flows')}")
    streams = charts.where_from_where_to(two, year, voice.language)
    if streams.empty:
        st.info(voice("compare.panel.no_moves"))
    else:
        show_chart(voice, streams, digits=0)
        show_chart(voice, charts.what_moves(two, year, voice.language), digits=0)
    held = [key for key in _TRAFFIC if _by(two, MEASURES[key])]
    for key in held:
        chart = charts.who_gains(two, key, year, voice.language, count=6)
        if not chart.empty:
            show_chart(voice, chart, digits=0)
    if held:
        explaining.offer_rows(voice, two, lambda: _most(two, voice, year, held), what="traffic")
