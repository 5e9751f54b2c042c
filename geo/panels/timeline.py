"""What has moved, is being built or is announced, and what is open by a year."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from geo.charts import timeline_chart
from geo.panels.chart import frame, show_chart
from geo.panels.problems import shown
from geo.timeline import STATES, state_in, timeline, years_of

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["show"]

_STAGES = ("moved", "under_construction", "announced", "candidate")
_NOW = 2026  # facts were gathered up to this year


@st.fragment
def show(_session: Session, region: Region, voice: Voice) -> None:
    """Draw the timeline and its table; the slider answers to the arrow keys."""
    with shown(voice):
        st.markdown(f"#### {voice('timeline.heading')}")
        events = timeline(region, voice.language)
        years = list(years_of(events))
        chosen = st.pills(
            voice("timeline.filter"),
            _STAGES,
            selection_mode="multi",
            default=_STAGES[:3],
            format_func=lambda stage: voice(f"institution_status.{stage}"),
            key="timeline_stages",
        )
        year = st.select_slider(
            voice("timeline.year"), years, value=min(_NOW, years[-1]), key="timeline_year"
        )
        kept = [event for event in events if event.stage in chosen]
        states = Counter(state_in(event, year) for event in kept)
        counts = {state: states[state] for state in STATES}
        st.write(voice("timeline.open_by", year=str(year), **counts))
        if any(event.hypothetical for event in kept):
            st.caption(voice("timeline.hypothetical"))
        chart = timeline_chart(kept, year, voice.language)
        if not kept:
            st.info(voice("timeline.none"))
        elif any(event.years for event in kept):
            show_chart(voice, chart, digits=0, heading=False)
        else:
            st.dataframe(frame(chart.table), hide_index=True, key="timeline_table")
