"""The page: a header, the map, and beside it what follows and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.errors import ScenarioError
from geo.panels import data, effects, header, moves, scenarios
from geo.panels.mapview import MapEvent, map_component
from geo.panels.problems import shown
from geo.panels.state import map_of, open_session, outcome_of, region
from geo.scenario import Move

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

__all__ = ["show"]

_MAP_HEIGHT = 680
_DRAG_START, _DRAG_YEARS = 2027, 3
_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding: 0.9rem 1.4rem 2rem; max-width: 1920px; }
[data-testid="stHeader"] { background: transparent; height: 2rem; pointer-events: none; }
h4 { padding: 0.2rem 0 0.1rem !important; font-size: 1.15rem !important; }
[data-testid="stMainBlockContainer"] [data-testid="stCaptionContainer"] { font-size: 0.8rem; }
@media (max-width: 640px) { [data-testid="stMainBlockContainer"] { padding: 0.8rem 0.6rem 2rem; } }
</style>
"""


def show() -> None:
    """Draw the whole page for one run of the script."""
    st.set_page_config(page_title="Jing-Jin-Ji · 京津冀", page_icon="🗺️", layout="wide")
    st.html(_STYLE)
    session = open_session()
    voice = header.show(session)
    with shown(voice):
        _notice(session)
        here = region()
        left, right = st.columns([7, 3.2], gap="medium")
        with left, shown(voice):
            _map(session, here, voice)
        with right:
            _tabs(session, here, voice)


def _notice(session: Session) -> None:
    if session.notice:
        st.toast(session.notice)
        session.notice = ""


def _map(session: Session, here: Region, voice: Voice) -> None:
    with st.spinner(voice("app.working"), show_time=False):
        view = map_of(session)
    place = session.shelf.active
    event = map_component(
        view, key="map", language=voice.language, state={"a": -1, "b": place}, height=_MAP_HEIGHT
    )
    if event and event["type"] == "move":
        _on_drag(session, here, voice, event)


def _on_drag(session: Session, here: Region, voice: Voice, event: MapEvent) -> None:
    """Take over a move made on the map, or say why it cannot be."""
    try:
        move = Move(
            institution=event["institution"],
            destination=event["destination"],
            start=_DRAG_START,
            years=_DRAG_YEARS,
            class_default=True,
        )
        moves.put(session, here, voice, move)
    except ScenarioError as error:
        moves.refused(voice, error)
    else:
        st.rerun()


def _tabs(session: Session, here: Region, voice: Voice) -> None:
    names = ("effects", "moves", "scenarios", "data")
    tabs = st.tabs([voice(f"app.tabs.{name}") for name in names], key="tabs", on_change="rerun")
    draw = {
        "effects": lambda: effects.show(voice, here, outcome_of(session.shelf.current)),
        "moves": lambda: moves.show(session, here, voice),
        "scenarios": lambda: scenarios.show(session, here, voice),
        "data": lambda: data.show(session, here, voice),
    }
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab, shown(voice):
                draw[name]()
