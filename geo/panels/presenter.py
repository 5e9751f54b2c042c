"""Following a presenter: what is published is shown, and shown again when it changes; or taken as a copy."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.panels import effects
from geo.panels.mapview import map_component
from geo.panels.problems import shown
from geo.panels.sharing import by, fork, view_now
from geo.panels.state import outcome_of
from geo.panels.text import plain
from geo.shared import View

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
    _look(workspace, voice, _seen(workspace, newest))
    left, right = places
    if newest is None:
        left.info(voice("app.follow.gone"))
        return
    plan, view = workspace.view(newest.id), _view(workspace, newest)
    with left, shown(voice):
        _map(_beside(workspace, newest, view), plan, region, voice, height=height, view=view)
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


def _view(workspace: Workspace, newest: Publication) -> View:
    """Return how the presenter looks at it; where nobody presents, as the address asks for it."""
    told = workspace.presented(newest.plan)
    with suppress(ValueError):
        if told:
            return View.of(json.loads(told))
    return view_now()


def _beside(workspace: Workspace, newest: Publication, view: View) -> tuple[str, Plan] | None:
    """Return what the presenter compares with, if the presenter shows that, too."""
    for one in workspace.published() if view.beside else ():
        if one.plan == view.beside != newest.plan and one.owner == newest.owner:
            return one.plan, workspace.view(one.id)
    return None


_SHOWN = "shown"  # id of what is followed, on the follower's map


def _map(
    beside: tuple[str, Plan] | None, plan: Plan, region: Region, voice: Voice, *, height: int, view: View
) -> None:
    listed = [(_SHOWN, plan), *([beside] if beside else [])]
    scenarios = [(key, one.scenario()) for key, one in listed]
    map_view = build_view(
        region,
        [(scenario.name, outcome_of(scenario)) for _, scenario in scenarios],
        measures=MEASURES.values(),
        language=voice.language,
        date=datetime.now(UTC).date().isoformat(),
        ids=[key for key, _ in scenarios],
    )
    # what is compared with and is not shown to others: the starting point
    state: dict[str, Any] = {"b": _SHOWN, "opening": followed(), **view.state()}
    state["a"] = beside[0] if beside else -1
    # moves made on a follower's map come to nothing: the presenter's scenario is not theirs to change
    map_component(map_view, key="map_followed", language=voice.language, state=state, height=height)


def _seen(workspace: Workspace, newest: Publication | None) -> tuple[str, str]:
    return (newest.id, workspace.presented(newest.plan)) if newest else ("", "")


@st.fragment(run_every=_EVERY)
def _look(workspace: Workspace, voice: Voice, seen: tuple[str, str]) -> None:
    """Look for a newer version or view now and then; draw the page again when there is one."""
    with shown(voice):
        if _seen(workspace, _newest(workspace, followed())) != seen:
            st.rerun(scope="app")
