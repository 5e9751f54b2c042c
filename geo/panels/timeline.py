"""What has moved, is being built or is announced, and what is open by a year; the years can be played."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from geo.charts import timeline_chart
from geo.panels import explaining
from geo.panels.chart import frame, show_chart
from geo.panels.problems import shown
from geo.panels.text import plain
from geo.timeline import STATES, explain_states, sentence, state_in, timeline, years_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.model.terms import Term
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.timeline import Event

__all__ = ["show"]

_STAGES = ("moved", "under_construction", "announced", "candidate")
_NOW = 2026  # facts were gathered up to this year
_YEAR, _PLAYING, _SHOWN = "timeline_at", "timeline_playing", "timeline_shown"
_STAGE, _SLIDER, _PACE = "timeline_stages", "timeline_year", "timeline_pace"  # keys of fields
_WHOLE = "timeline"
_PACES = {"slow": 3.0, "normal": 1.8, "fast": 1.0}  # seconds a year
# Keys that browsers leave to a page, and that screen readers do not use for moving about as they do letters;
# play is where a keyboard's own key for it is.
_KEYS = {"first": "F2", "back": "Shift+F9", "play": "F8", "on": "F9", "last": "Shift+F2"}
_ICONS = {
    "first": ":material/first_page:",
    "back": ":material/chevron_left:",
    "play": ":material/play_arrow:",
    "pause": ":material/pause:",
    "on": ":material/chevron_right:",
    "last": ":material/last_page:",
}


@st.fragment(key=_WHOLE)
def show(_session: Session, region: Region, voice: Voice) -> None:
    """Draw the timeline and its table; slider and buttons answer to keys."""
    with shown(voice):
        st.markdown(f"#### {voice('timeline.heading')}")
        events = timeline(region, voice.language)
        years = years_of(events)
        if _STAGE not in st.session_state:
            # drawn for the first time, or again after another tab: nothing plays by itself
            st.session_state.setdefault(_YEAR, min(_NOW, years[-1]))
            st.session_state[_PLAYING] = False
        chosen = st.pills(
            voice("timeline.filter"),
            _STAGES,
            selection_mode="multi",
            default=_STAGES[:3],
            format_func=lambda stage: voice(f"institution_status.{stage}"),
            key=_STAGE,
        )
        kept = [event for event in events if event.stage in chosen]
        # the clock runs only as long as it is drawn: pausing, another tab or the last year end it; both are
        # fragments, so that each part keeps its place on the page and is not made anew
        pace = _PACES[st.session_state.get(_PACE) or "normal"]
        played = st.fragment(_tick, run_every=pace) if st.session_state[_PLAYING] else st.fragment(_draw)
        played(kept, years, voice)
        st.caption(voice("timeline.play.map"))
        if kept:
            explaining.offer_counts(voice, partial(_counts, region, chosen), pause=_stop)


def _counts(region: Region, stages: Sequence[str]) -> tuple[int, dict[str, Term]]:
    year: int = st.session_state[_YEAR]
    return year, explain_states(region, year, stages)


def _stop() -> None:
    """Let an answer stand still: the years go on only when they are played again."""
    st.session_state[_PLAYING] = False
    st.session_state.pop(_SHOWN, None)


def _tick(kept: Sequence[Event], years: Sequence[int], voice: Voice) -> None:
    """Draw the next year; the last one stops the clock."""
    year = st.session_state[_YEAR]
    # one tick may still be on its way when the clock is stopped
    if st.session_state[_PLAYING]:
        if st.session_state.get(_SHOWN) == year:
            st.session_state[_YEAR] = year = min(year + 1, years[-1])
        st.session_state[_SHOWN] = year
        if year == years[-1]:
            st.session_state[_PLAYING] = False
            st.rerun()
    _draw(kept, years, voice)


def _draw(kept: Sequence[Event], years: Sequence[int], voice: Voice) -> None:
    with shown(voice):
        _controls(years, voice)
        year = st.session_state[_SLIDER] = st.session_state[_YEAR]
        st.select_slider(voice("timeline.year"), years, key=_SLIDER, on_change=_slide)
        st.header(str(year), anchor=False)
        # a live region that stays while its text changes, so that it is read out
        st.info(plain(sentence(kept, year, voice.language)))
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


def _controls(years: Sequence[int], voice: Voice) -> None:
    """Draw the buttons; each goes on from the year that is shown."""
    year, playing = st.session_state[_YEAR], bool(st.session_state[_PLAYING])
    first, last = years[0], years[-1]
    goes = {
        "first": (partial(_go, first), year > first),
        "back": (partial(_go, max(first, year - 1)), year > first),
        "play": (partial(_play, years), True),
        "on": (partial(_go, min(last, year + 1)), year < last),
        "last": (partial(_go, last), year < last),
    }
    with st.container(horizontal=True, gap="small"):
        for name, (press, able) in goes.items():
            shows = "pause" if name == "play" and playing else name
            st.button(
                voice(f"timeline.play.{shows}"),
                help=voice(f"timeline.play.{name}_help"),
                icon=_ICONS[shows],
                shortcut=_KEYS[name],
                on_click=press,
                disabled=not able,
                type="primary" if name == "play" else "secondary",
                key=f"timeline_{name}",
            )
    st.segmented_control(
        voice("map.facts.pace"),
        list(_PACES),
        default="normal",
        required=True,
        format_func=lambda pace: voice(f"map.facts.paces.{pace}"),
        key=_PACE,
        on_change=_whole,
    )


def _whole() -> None:
    """Draw the whole timeline again, clock included, and nothing else of the page."""
    st.rerun(_WHOLE)


def _pause() -> None:
    _stop()
    _whole()


def _slide() -> None:
    _go(st.session_state[_SLIDER])


def _go(year: int) -> None:
    st.session_state[_YEAR] = year
    _pause()


def _play(years: Sequence[int]) -> None:
    playing = not st.session_state[_PLAYING]
    st.session_state[_PLAYING] = playing
    st.session_state.pop(_SHOWN, None)
    if playing and st.session_state[_YEAR] >= years[-1]:
        st.session_state[_YEAR] = years[0]
    _whole()
