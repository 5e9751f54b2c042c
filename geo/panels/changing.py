"""Changes of scenarios on the desk that a panel makes, checked before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.edits import Plan
from geo.errors import GeoError
from geo.panels.problems import show_error
from geo.panels.state import outcome_of
from geo.scenario import validate

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.scenario import Scenario

__all__ = ["area", "change", "check", "keep", "moment"]

_LINES = 90  # pixels: three lines


def check(changed: Plan | Scenario, region: Region) -> None:
    """Raise a GeoError unless a scenario can be and the model has an answer to it.

    A scenario without an answer would have no numbers, no map and no way to see what is wrong with it.
    """
    scenario = changed.scenario() if isinstance(changed, Plan) else changed
    validate(scenario, region)
    outcome_of(scenario)


def keep(
    session: Session, region: Region, changed: Plan | Scenario, *, kind: str = "edit", key: str | None = None
) -> None:
    """Keep a change of a scenario, by default of the current one, after :func:`check`.

    Raises
    ------
    GeoError
        If it cannot be; the scenario is then as it was.
    """
    check(changed, region)
    session.shelf.put(changed, kind=kind, key=key)


def change(
    session: Session, region: Region, voice: Voice, changed: Plan | Scenario, *, kind: str = "edit"
) -> bool:
    """Keep a change of the current scenario, or say why it cannot be; return whether it was kept."""
    try:
        keep(session, region, changed, kind=kind)
    except GeoError as error:
        show_error(voice, error)
        return False
    return True


def area(
    session: Session, label: str, field: str, value: str, *, most: int, put: Callable[[str], None]
) -> None:
    """Draw a field for a longer text that belongs to one thing, named by ``field``.

    What is typed goes to that thing, even if another is chosen before the field is left. It keeps what is
    typed until the text changes otherwise: by undo, or in another window.
    """
    last = f"{field}_last"
    if st.session_state.get(last) != value or field not in st.session_state:
        st.session_state[field] = st.session_state[last] = value
    st.text_area(
        label, max_chars=most, height=_LINES, key=field, on_change=_typed, args=(session, field, put)
    )


def _typed(session: Session, field: str, put: Callable[[str], None]) -> None:
    try:
        put(str(st.session_state[field]).strip())
    except GeoError as error:
        session.refused = error


def moment(time: str) -> str:
    """Return a time of the store as a person reads it: ``2026-03-01 09:15 UTC``."""
    return f"{time[:10]} {time[11:16]} UTC"
