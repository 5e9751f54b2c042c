"""The page: a header, the map, and beside it what follows and what can be done."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from geo.errors import GeoError
from geo.panels import (
    compare,
    data,
    effects,
    explaining,
    header,
    limits,
    merging,
    moves,
    presenter,
    scenarios,
    sharing,
    sure,
    timeline,
)
from geo.panels.mapview import MapEvent, map_component, pair_asked
from geo.panels.problems import show_error, shown
from geo.panels.state import answered, map_of, open_session, outcome_of, region, unanswered
from geo.panels.text import plain
from geo.scenario import Move

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region

    _Draw = Callable[[Session, Region, Voice], None]

__all__ = ["show"]

_MAP_HEIGHT = 680
_APART, _APART_AT = "map_apart", "map_apart_at"
_APART_FOR = 300.0  # seconds for which the draws of a compared pair are wished for
_FIRST_MEASURE = "population"
_DRAG_START, _DRAG_YEARS = 2027, 3
_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding: 0.9rem 1.4rem 2rem; max-width: 1920px; }
[data-testid="stHeader"] { background: transparent; height: 2rem; pointer-events: none; }
h4 { padding: 0.2rem 0 0.1rem !important; font-size: 1.15rem !important; }
[data-testid="stMainBlockContainer"] [data-testid="stCaptionContainer"] {
  font-size: 0.8rem; color: #55626a; opacity: 1;
}
[data-testid="stTabs"] [role="tablist"] { flex-wrap: wrap; row-gap: 0; }
[data-testid="stMainBlockContainer"] kbd { color: #45525a !important; opacity: 1 !important; }
[data-testid="stMainBlockContainer"] [kind="primary"] kbd { color: #ffffff !important; }
/* the map stays in sight beside a long panel, where it fits */
@media (min-width: 641px) and (min-height: 700px) {
  [data-testid="stColumn"]:has(iframe[title*="jingjinji"]) {
    position: sticky; top: 0.6rem; align-self: flex-start;
  }
}
@media (max-width: 640px) { [data-testid="stMainBlockContainer"] { padding: 0.8rem 0.6rem 2rem; } }
</style>
"""


def show() -> None:
    """Draw the whole page for one run of the script."""
    st.set_page_config(page_title="Jing-Jin-Ji · 京津冀", page_icon="🗺️", layout="wide")
    st.html(_STYLE)
    sure.begin()
    session = open_session()
    here = region()
    trouble = _from_link(session, here)
    voice = header.show(session, following=bool(presenter.followed()))
    _moved_on(session, voice)  # a field that was left may have found that out
    if presenter.followed():
        with shown(voice):
            _notice(session, voice, trouble)
        presenter.show(session, here, voice, height=_MAP_HEIGHT)
        return
    with shown(voice):
        # a place of its own, always there: what comes and goes above the map would start its frame anew
        with st.container():
            _notice(session, voice, trouble)
            with shown(voice):
                # every change runs the page again: it is published here, and its tab shows it below
                sharing.keep_presenting(session)
            sharing.say_presenting(session, voice)
        _ask_on_opening(voice)
        left, right = st.columns([7, 3.2], gap="medium")
        with left, shown(voice):
            _map(session, here, voice)
        with right:
            _tabs(session, here, voice)
        limits.note_new(session, here, voice)
    _moved_on(session, voice)


def _moved_on(session: Session, voice: Voice) -> None:
    """Run the page again if another scenario is open now, because another window deleted the one before.

    Nothing that the page was asked for may reach that scenario before the page shows which one it is.
    """
    desk = session.shelf
    if desk.lost:
        session.gone = voice("app.desk.lost", name=desk.lost, other=desk.opened.name)
        desk.lost = ""
        st.rerun()


def _from_link(session: Session, here: Region) -> GeoError | None:
    """Bring back what the address holds; return what is wrong with it."""
    try:
        sharing.open_link(session, here)
    except GeoError as error:
        return error
    return None


def _notice(session: Session, voice: Voice, trouble: GeoError | None) -> None:
    if session.notice:
        st.toast(session.notice)
        session.notice = ""
    for error in (trouble, session.refused):
        if error is not None:
            show_error(voice, error)
    session.refused = None
    if session.gone:
        st.error(session.gone)
        session.gone = ""
    for entry, reason in session.shelf.unread:
        faults = " ".join(fault.text(voice.language) for fault in reason.faults)
        st.warning(f"{voice('app.desk.unread', name=entry.name)} {plain(faults)}")
    if session.shelf.trouble is not None:
        faults = "\n".join(f"- {plain(fault.text(voice.language))}" for fault in session.shelf.trouble.faults)
        st.error(f"**{voice('app.desk.not_kept')}**\n\n{faults}\n\n{voice('app.desk.not_kept_text')}")


def _map(session: Session, here: Region, voice: Voice) -> None:
    with st.spinner(voice("app.working"), show_time=False):
        pairs = _compared(session)
        # nothing is drawn for ever for a pair that was looked at once
        fresh = bool(pairs) and time.monotonic() - st.session_state[_APART_AT] < _APART_FOR
        view = map_of(session, sure.range_view, partial(sure.pair_views, pairs=pairs, wish_for=fresh))
    with st.container():  # as above
        _left_out(session, voice)
    event = map_component(
        view,
        key="map",
        language=voice.language,
        state=_sent(session),
        height=_MAP_HEIGHT,
        ask=st.session_state.get("map_ask", 0),
        watch=sharing.presenting(session),
    )
    if fresh:  # until the ranges between the two are there, it is said below the map
        scenarios = [one.plan.scenario() for one in answered(session)]
        sure.watch(voice, [scenarios[place] for place in pairs[0]])
    if event and event["type"] == "view":
        sharing.told(session, event["view"])
    if event and event["type"] == "move":
        _on_drag(session, here, voice, event)
    if event and event["type"] == "explain":
        runs = [outcome_of(one.plan.scenario()) for one in answered(session)]
        explaining.on_map(voice, here, runs, event)


# What these take along is the map as the reader has it, so they ask for it when they open.
_TAKING = ("sharing", "data")


def _ask_on_opening(voice: Voice) -> None:
    now = st.session_state.get("tabs")
    taking = next((name for name in _TAKING if now == voice(f"app.tabs.{name}")), "")
    if taking and taking != st.session_state.get("taking"):
        sharing.ask_view()
    st.session_state["taking"] = taking


def _compared(session: Session) -> list[tuple[int, int]]:
    """Return the places of the scenarios that the map compares, if it asked how far apart they may lie."""
    ids = [one.id for one in answered(session)]
    asked = pair_asked("map")
    if asked is not None and all(0 <= place < len(ids) for place in asked):
        st.session_state[_APART] = ids[asked[0]], ids[asked[1]]
        st.session_state[_APART_AT] = time.monotonic()
    kept = st.session_state.get(_APART, ())
    return [(ids.index(kept[0]), ids.index(kept[1]))] if kept and all(one in ids for one in kept) else []


def _sent(session: Session) -> dict[str, Any]:
    """Return what the page wants the map to show: what is worked on, as the address asks for it."""
    opening = st.query_params.get("opening", "")
    asked = sharing.view_now().state()
    return {"a": -1, "b": session.shelf.opened.id, "measure": _FIRST_MEASURE, "opening": opening, **asked}


def _left_out(session: Session, voice: Voice) -> None:
    """Name the scenarios that are not on the map, and say why."""
    for key, error in unanswered(session):
        one = session.shelf.known(key)
        faults = " ".join(fault.text(voice.language) for fault in error.faults)
        st.warning(f"{voice('app.map.left_out', name=one.name if one else '')} {plain(faults)}")


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
    except GeoError as error:
        moves.refused(voice, error)
    else:
        st.rerun()


# One line for each tab: its name in the words (app.tabs), and what draws it.
_TABS: dict[str, _Draw] = {
    "effects": lambda session, here, voice: effects.show(voice, here, outcome_of(session.shelf.current)),
    "moves": moves.show,
    "scenarios": scenarios.show,
    "compare": compare.show,
    "timeline": timeline.show,
    "limits": limits.show,
    "sharing": sharing.show,
    "data": data.show,
}


def _tabs(session: Session, here: Region, voice: Voice) -> None:
    top = st.container()
    labels = [voice(f"app.tabs.{name}") for name in _TABS]
    broken = _broken(session)
    if broken:
        at = list(_TABS).index("limits")
        labels[at] = f"{labels[at]} :red-badge[{broken}]"
    _stay(labels)
    tabs = st.tabs(labels, key="tabs", on_change="rerun")
    for (_, draw), tab in zip(_TABS.items(), tabs, strict=True):
        if tab.open:
            with tab, shown(voice):
                draw(session, here, voice)
    # drawn last, because what is drawn above may have met a change of another window
    with top, shown(voice):
        merging.conflict(session, here, voice)


def _broken(session: Session) -> int:
    try:
        return limits.count(session)
    except GeoError:
        return 0  # its tab says why


def _stay(labels: list[str]) -> None:
    """Keep the open tab open when its label changes: another language, another number on it."""
    before: list[str] = st.session_state.get("tab_labels", labels)
    now = st.session_state.get("tabs")
    if now in before and len(before) == len(labels):
        st.session_state["tabs"] = labels[before.index(now)]
    st.session_state["tab_labels"] = labels
