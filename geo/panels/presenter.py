"""Following a presenter: what is published is shown, and shown again when it changes; or taken as a copy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.panels import effects
from geo.panels.mapview import map_component
from geo.panels.problems import shown
from geo.panels.sharing import by, fork, view_now
from geo.panels.state import outcome_of
from geo.panels.text import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from geo.edits import Plan
    from geo.panels.state import Session
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.store import Publication, Workspace

__all__ = ["followed", "show"]

_EVERY = 2  # seconds between two looks at the store


def followed() -> str:
    """Return the publication that the address follows, or an empty text."""
    return st.query_params.get("follow", "")


def _newest(workspace: Workspace, key: str) -> Publication | None:
    """Return the newest version that is shown of the scenario that ``key`` is a version of."""
    published = workspace.published()
    seen: dict[str, str] = st.session_state.setdefault("followed_plans", {})
    for one in published:
        if one.id == key:
            seen[key] = one.plan
    return next((one for one in published if one.plan == seen.get(key)), None)


def show(session: Session, region: Region, voice: Voice, *, height: int) -> None:
    """Draw what the presenter shows."""
    left, right = st.columns([7, 3.2], gap="medium")
    with right:
        # first: whatever goes wrong with what is shown, there is a way back
        _leave(voice)
    with shown(voice):
        _shown(session, region, voice, (left, right), height)


def _shown(
    session: Session,
    region: Region,
    voice: Voice,
    places: tuple[DeltaGenerator, DeltaGenerator],
    height: int,
) -> None:
    workspace = session.shelf.workspace
    newest = _newest(workspace, followed())
    _look(workspace, voice, newest.id if newest else "")
    left, right = places
    if newest is None:
        left.info(voice("app.follow.gone"))
        return
    plan = workspace.view(newest.id)
    with left, shown(voice):
        _map(plan, region, voice, height)
    with right, shown(voice):
        with st.container(border=True):
            st.markdown(voice("app.follow.heading", name=newest.name))
            st.caption(plain(f"{voice('app.share.version', number=newest.number)} · {by(newest)}"))
            if st.button(voice("app.share.fork"), type="primary", key="follow_fork", width="stretch"):
                fork(session, region, voice, newest)
        effects.show(voice, region, outcome_of(plan.scenario()))


def _leave(voice: Voice) -> None:
    if st.button(voice("app.follow.leave"), key="follow_leave", width="stretch"):
        st.query_params.pop("follow", None)
        st.rerun()


def _map(plan: Plan, region: Region, voice: Voice, height: int) -> None:
    scenario = plan.scenario()
    today = datetime.now(UTC).date().isoformat()
    view = build_view(
        region,
        [(scenario.name, outcome_of(scenario))],
        measures=MEASURES.values(),
        language=voice.language,
        date=today,
    )
    state = {"a": -1, "b": 0, **view_now().state()}
    # moves made on a follower's map come to nothing: the presenter's scenario is not theirs to change
    map_component(view, key="map_followed", language=voice.language, state=state, height=height)


@st.fragment(run_every=_EVERY)
def _look(workspace: Workspace, voice: Voice, seen: str) -> None:
    """Look for a newer version now and then; draw the page again when there is one."""
    with shown(voice):
        newest = _newest(workspace, followed())
        if (newest.id if newest else "") != seen:
            st.rerun(scope="app")
