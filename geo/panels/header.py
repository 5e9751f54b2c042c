"""The top of the page: what it is, which scenario is edited, and the language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from geo.errors import GeoError
from geo.panels.problems import shown
from geo.panels.text import Voice
from geo.words import LANGUAGES

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from geo.panels.state import Session

__all__ = ["show"]

_OWN_NAMES = {"en": "English", "zh": "中文"}


def show(session: Session, *, following: bool = False) -> Voice:
    """Draw title, choice of scenario, undo, redo and language; return the voice of the language chosen.

    Parameters
    ----------
    following
        Whether somebody else's scenario is shown, which cannot be chosen or taken back here.
    """
    title, scenario, steps, switch = st.columns([3.6, 3, 1.7, 1.5], vertical_alignment="bottom", gap="small")
    voice = Voice(_language(session, switch))
    with title:
        st.markdown(f"#### {voice('app.title')}")
        st.caption(voice("app.tagline"))
    if not following:
        with shown(voice):
            _scenario(session, voice, scenario)
            _steps(session, voice, steps)
    return voice


def _language(session: Session, place: DeltaGenerator) -> str:
    # in the state of the page, so that a file that is opened can choose it
    if "language_given" in st.session_state:
        st.session_state["language"] = st.session_state.pop("language_given")
    st.session_state.setdefault("language", session.language)
    chosen = place.segmented_control(
        "Language · 语言",
        LANGUAGES,
        format_func=_OWN_NAMES.__getitem__,
        key="language",
        label_visibility="collapsed",
        required=True,
        width="stretch",
        on_change=_say_anew,
    )
    session.language = chosen or session.language
    st.query_params["lang"] = session.language
    return session.language


def _say_anew() -> None:
    """Have lists say what is chosen in the new language.

    A browser keeps the text of a choice and gives it back: in the language of before it would mean nothing
    any more, and the list's first line would be taken for what was chosen.
    """
    for key, value in list(st.session_state.items()):
        # what a press, a file or a table gives can only be read
        given = value is None or isinstance(value, bool | Mapping) or hasattr(value, "read")
        if not given and not (isinstance(value, list) and any(hasattr(one, "read") for one in value)):
            st.session_state[key] = value


def _scenario(session: Session, voice: Voice, place: DeltaGenerator) -> None:
    names = session.shelf.names
    # keyed: renaming one, which changes the list, must not drop a choice that comes with it
    st.session_state["scenario"] = session.shelf.active
    place.selectbox(
        voice("app.scenario.active"),
        range(len(names)),
        format_func=lambda p: names[p],
        key="scenario",
        on_change=_choose,
        args=(session,),
    )
    refused: GeoError | None = st.session_state.pop("scenario_refused", None)
    if refused is not None:
        raise refused


def _choose(session: Session) -> None:
    chosen = st.session_state["scenario"]
    if chosen in range(len(session.shelf.saved)):
        try:
            session.shelf.active = chosen
        except GeoError as error:
            st.session_state["scenario_refused"] = error


def _steps(session: Session, voice: Voice, place: DeltaGenerator) -> None:
    shelf = session.shelf
    with place.container(horizontal=True, gap="small"):
        if st.button(voice("app.scenario.undo"), disabled=not shelf.can_undo(), key="undo", width="stretch"):
            shelf.undo()
            st.rerun()
        if st.button(voice("app.scenario.redo"), disabled=not shelf.can_redo(), key="redo", width="stretch"):
            shelf.redo()
            st.rerun()
