"""Flows between counties on the page: what differs most between A and B, and files of links and pairs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from geo.downloads import commuting_table, links_table, to_csv
from geo.flows import (
    DELAY,
    TRIPS,
    commuting_chart,
    delay_chart,
    held_by_both,
    questions_of_links,
    questions_of_pairs,
)
from geo.model.flows import has_flows
from geo.panels import explaining
from geo.panels.chart import show_chart

if TYPE_CHECKING:
    from geo.comparison import Pair
    from geo.outcome import Outcome
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["compared", "offered"]


def compared(two: Pair, voice: Voice, year: int) -> None:
    """Draw the road links and the pairs of counties that differ most, or say why there are none."""
    st.markdown(f"#### {voice('compare.flows.heading')}")
    if not held_by_both(two):
        st.info(voice("compare.flows.none"))
        return
    for make, measure, alike, what, asked in (
        (delay_chart, DELAY, "roads_alike", "links", questions_of_links),
        (commuting_chart, TRIPS, "pairs_alike", "pairs", questions_of_pairs),
    ):
        chart = make(two, year, voice.language)
        if chart.empty:
            st.info(voice(f"compare.flows.{alike}"))
        else:
            show_chart(voice, chart, digits=measure.digits)
            explaining.offer_asked(voice, two, year, partial(asked, two, year, voice.language), what=what)


def offered(region: Region, outcome: Outcome, voice: Voice, stem: str) -> None:
    """Offer the road links and the changes of commuting in all years as CSV, where there are any."""
    if not has_flows(outcome):
        return
    for key, make in (("links", links_table), ("commuting", commuting_table)):
        st.download_button(
            voice(f"app.data.flows_{key}"),
            # bound here: the file is made when it is asked for
            lambda make=make: to_csv(make(region, outcome, voice.language)),  # type: ignore[misc]
            f"{stem}-{key}.csv",
            "text/csv",
            on_click="ignore",
            width="stretch",
            key=f"download_{key}",
        )
