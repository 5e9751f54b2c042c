"""A page with the live map on it and nothing else, for the tests of this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import streamlit as st
import synthetic_maps as made

from geo.maps.view import build_view
from geo.panels.mapview import map_component
from geo.region import load_region

st.set_page_config(layout="wide")
region = load_region()
listed = made.measures(4)


@st.cache_resource
def run(seed, institution):
    return made.outcome(region, listed, seed=seed, moves=[made.move(institution)] if institution else [])


state = st.session_state
state.setdefault("log", [])
state.setdefault("moved", "")
language = st.radio("language", ["en", "zh"], horizontal=True)
mode = st.radio("mode", ["difference", "swipe"], horizontal=True)
shown = st.multiselect("shown", ["one", "two", "three"], ["one", "two", "three"])
st.button("again")
state["ask"] = state.get("ask", 0) + st.button("ask")
runs = {"one": ("First", run(1, "")), "two": ("Second", run(2, state.moved)), "three": ("Third", run(3, ""))}
view = build_view(
    region, [runs[key] for key in shown], measures=listed, language=language, date=str(len(shown)), ids=shown
)
sent = {"mode": mode, "b": "two", **st.query_params.to_dict()}
event = map_component(
    view,
    key="map",
    language=language,
    state=sent,
    height=720,
    ask=state.ask,
    watch=st.checkbox("watch"),
)
if event:
    state.log.append(event)
    if event["type"] == "move":
        state.moved = event["institution"]
        st.rerun()
st.code(
    "\n".join(
        f"{e['type']} {e['institution']}{e['kind']} {e['destination']}{e['id']} {e['view'] or ''}".strip()
        for e in state.log
    )
    or "none"
)
