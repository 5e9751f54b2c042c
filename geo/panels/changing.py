"""Changes of the scenario on the desk that a panel makes, checked before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from geo.edits import Plan
from geo.errors import GeoError
from geo.panels.problems import show_error
from geo.scenario import validate

if TYPE_CHECKING:
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.scenario import Scenario

__all__ = ["change", "moment"]


def change(
    session: Session, region: Region, voice: Voice, changed: Plan | Scenario, *, kind: str = "edit"
) -> bool:
    """Keep a change of the current scenario, or say why it cannot be; return whether it was kept."""
    try:
        validate(changed.scenario() if isinstance(changed, Plan) else changed, region)
        session.shelf.put(changed, kind=kind)
    except GeoError as error:
        show_error(voice, error)
        return False
    # a form that was open may mean another move now
    st.session_state.pop("editing", None)
    return True


def moment(time: str) -> str:
    """Return a time of the store as a person reads it: ``2026-03-01 09:15 UTC``."""
    return f"{time[:10]} {time[11:16]} UTC"
